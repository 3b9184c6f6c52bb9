"""What XLA devices do not run is found in the text of a program."""

import pytest

from tfsnn.export.stablehlo.rules import RULES, violations

ALLOWED = """
module @f0 attributes {mhlo.is_dynamic = false} {
  func.func @main(%arg0: tensor<3x?xf32>) -> (tensor<2xf32>) {
    %0 = stablehlo.constant dense<5.0e-01> : tensor<f64>
    %1 = stablehlo.convert %0 : (tensor<f64>) -> tensor<f32>
    %2:2 = stablehlo.while(%i = %a, %s = %b) : tensor<i32>, tensor<2xf32>
    %3 = stablehlo.dynamic_update_slice %s, %x, %i : tensor<2xf32>
    %4 = "stablehlo.gather"(%3, %5) <{slice_sizes = array<i64: 1>}> : tensor<2xbf16>
    %6 = stablehlo.rng_bit_generator %7, algorithm = THREE_FRY : tensor<2xui64>
    stablehlo.return %6 : tensor<2xui64>
  }
}
""".replace("?", "4")


def test_what_every_device_runs_is_allowed():
    assert violations(ALLOWED) == []


@pytest.mark.parametrize(
    ("rule", "line", "what"),
    [
        ("static shapes", "%1 = stablehlo.add %0 : tensor<?x3xf32>", "tensor<?x3xf32>"),
        ("static shapes", "%1 = stablehlo.add %0 : tensor<3x?xf32>", "tensor<3x?xf32>"),
        (
            "static shapes",
            "%1 = stablehlo.add %0 : tensor<4xf32, #stablehlo.bounds<4>>",
            "a bounded dimension",
        ),
        (
            "static shapes",
            "%1 = stablehlo.dynamic_reshape %0, %2 : tensor<4xf32>",
            "stablehlo.dynamic_reshape",
        ),
        (
            "static shapes",
            '%1 = "stablehlo.set_dimension_size"(%0) : tensor<4xf32>',
            "stablehlo.set_dimension_size",
        ),
        ("no host operations", '%1 = "stablehlo.send"(%0, %t)', "stablehlo.send"),
        ("no host operations", '%1:2 = "stablehlo.recv"(%t)', "stablehlo.recv"),
        ("no host operations", '"stablehlo.outfeed"(%0, %t)', "stablehlo.outfeed"),
        ("no host operations", '%1:2 = "stablehlo.infeed"(%t)', "stablehlo.infeed"),
        (
            "no custom calls",
            "%1 = stablehlo.custom_call @TopK(%0) : tensor<4xf32>",
            "stablehlo.custom_call @TopK",
        ),
        (
            "no custom calls",
            '%1 = "stablehlo.custom_call"(%0) <{call_target_name = "TopK"}>',
            "stablehlo.custom_call @TopK",
        ),
        (
            "no stateful random numbers",
            "%1 = stablehlo.rng %0, %2, %3, distribution = UNIFORM : tensor<4xf32>",
            "stablehlo.rng",
        ),
        (
            "no stateful random numbers",
            "%1:2 = stablehlo.rng_bit_generator %0, algorithm = DEFAULT : i32",
            "stablehlo.rng_bit_generator of the device's own algorithm",
        ),
        ("no float64", "%1 = stablehlo.add %0 : tensor<4xf64>", "tensor<4xf64>"),
        ("no float64", "%1 = stablehlo.add %0 : tensor<f64>", "tensor<f64>"),
        (
            "no float64",
            "%1 = stablehlo.constant dense<1.0> : tensor<4xf64>",
            "tensor<4xf64>",
        ),
        (
            "no float64",
            "%1 = stablehlo.abs %0 : tensor<4xcomplex<f64>>",
            "tensor<4xcomplex<f64>>",
        ),
        (
            "StableHLO operations only",
            "%1 = mhlo.erf %0 : tensor<4xf32>",
            "mhlo.erf",
        ),
    ],
)
def test_what_breaks_a_rule_is_named(rule, line, what):
    (found,) = violations(f"module {{\n    {line}\n}}")
    assert (found.rule, found.what, found.line) == (rule, what, 2)
    assert str(found) == f"{what} in line 2 ({RULES[rule]})"


def test_each_line_is_named_in_order():
    text = "%1 = mhlo.erf %0 : tensor<4xf64>\n%2 = stablehlo.rng %1\n"
    assert [(v.rule, v.line) for v in violations(text)] == [
        ("no float64", 1),
        ("StableHLO operations only", 1),
        ("no stateful random numbers", 2),
    ]
