"""Rules for StableHLO programs that every XLA device can run.

A TPU compiles static shapes only, talks to no host in the middle of a program, and does
not know the custom calls of other devices. Random numbers are allowed where they are a
function of a seed. A program is checked as the text of MLIR, one operation per line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_OPERATION = re.compile(r'(?:^|=)\s*"?([a-z_]+)\.(\w+)"?(.*)')
_ELEMENT = re.compile(r"tensor<((?:[\d?]+x)*)([^<>,]+(?:<\w+>)?)")
# Float64 literals are allowed, where they are converted to 32 bits.
_LITERAL = re.compile(r"= stablehlo\.(?:constant|convert) ")
DIALECTS = ("stablehlo", "func")

HOST = ("infeed", "outfeed", "send", "recv")
DYNAMIC = (
    "compute_reshape_shape",
    "cstr_reshapable",
    "dynamic_broadcast_in_dim",
    "dynamic_conv",
    "dynamic_gather",
    "dynamic_iota",
    "dynamic_pad",
    "dynamic_reshape",
    "get_dimension_size",
    "real_dynamic_slice",
    "set_dimension_size",
)


@dataclass(frozen=True)
class Violation:
    """A rule that a program breaks.

    Attributes:
        rule: name of the rule, one of :data:`RULES`.
        what: operation or type that breaks it.
        line: number of the line in the text, from 1.
    """

    rule: str
    what: str
    line: int

    def __str__(self) -> str:
        return f"{self.what} in line {self.line} ({RULES[self.rule]})"


RULES = {
    "static shapes": "a shape that depends on data: a TPU compiles static shapes only",
    "no host operations": "the host is asked in the middle of the program",
    "no custom calls": "only the device that it was lowered for knows this call",
    "no stateful random numbers": "random numbers that are no function of a seed",
    "no float64": "JAX and TPUs compute in 32 bits",
    "StableHLO operations only": "an operation that is not of StableHLO",
}


def violations(text: str) -> list[Violation]:
    """Find the rules that a program breaks, in the order of its lines.

    Args:
        text: text of a module of MLIR.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        broken = dict([*_of_types(line), *_of_operation(line)])  # a rule once per line
        found += [Violation(rule, what, number) for rule, what in broken.items()]
    return found


def _of_types(line: str) -> Iterator[tuple[str, str]]:
    for shape, element in _ELEMENT.findall(line):
        if "?" in shape or ("?" in element and "x" in element):
            yield "static shapes", f"tensor<{shape}{element}>"
        if "f64" in element and (shape or not _LITERAL.search(line)):
            yield "no float64", f"tensor<{shape}{element}>"
    if "bounds<" in line:
        yield "static shapes", "a bounded dimension"


def _of_operation(line: str) -> Iterator[tuple[str, str]]:
    match = _OPERATION.search(line)
    if match is None:
        return
    dialect, operation, rest = match.groups()
    name = f"{dialect}.{operation}"
    if dialect not in DIALECTS:
        yield "StableHLO operations only", name
    elif operation in HOST:
        yield "no host operations", name
    elif operation in DYNAMIC:
        yield "static shapes", name
    elif operation == "custom_call":
        target = re.search(r'@"?([\w.$]+)"?|call_target_name = "([^"]*)"', rest)
        called = next(filter(None, target.groups())) if target else "unknown"
        yield "no custom calls", f"{name} @{called}"
    elif operation == "rng":
        yield "no stateful random numbers", name
    elif operation == "rng_bit_generator" and "DEFAULT" in rest:
        yield "no stateful random numbers", f"{name} of the device's own algorithm"
