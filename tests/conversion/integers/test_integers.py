"""Integer networks as users meet them: reports, files, exports, and what is refused."""

import json

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfsnn
from tfsnn.errors import ModelError, OptionError, UnsupportedError
from tfsnn.network.nodes import Linear, Readout, Rounded, Spiking
from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.report import ConversionReport


def images(count=24, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.integers(0, 256, (count, 8, 8, 2)) / 255).astype(np.float32)


def chain(*more):
    return models.randomise(
        keras.Sequential(
            [
                keras.Input((8, 8, 2)),
                layers.Conv2D(4, 3, activation="relu"),
                layers.AveragePooling2D(2),
                *more,
                layers.Conv2D(6, 2, activation="relu"),
                layers.Flatten(),
                layers.Dense(3),
            ],
            name="chain",
        )
    )


def converted(model, x, method="termapping", **options):
    options = {"timesteps": 6, "correct": "none", "precision": "int8", **options}
    return tfsnn.convert(model, x, method, **options)


@pytest.fixture(scope="module")
def made():
    model = chain()
    return model, converted(model, images())


def test_outputs_keep_their_units(made):
    model, _ = made
    x = images(50, 1)
    wide = converted(model, images(), timesteps=64)
    error = np.abs(wide.predict(x, verbose=0) - model.predict(x, verbose=0)).mean()
    assert error < 0.05 * np.abs(model.predict(x, verbose=0)).mean()


def test_the_report_says_what_integers_stand_for(made):
    _, snn = made
    report = snn.report.integers
    graph = snn.graph
    assert (
        report.inputs == {"input_layer": (1 / 255, 0, 255)} or len(report.inputs) == 1
    )
    for layer in report.layers:
        node = graph[layer.node]
        if isinstance(node, Readout):
            scales = node.scale.numpy()
        else:
            scales = node.scale.numpy() / node.threshold.numpy()
            assert layer.threshold_max == node.threshold.numpy().max()
            assert layer.worst < 2**23
        np.testing.assert_allclose(
            (layer.scale_min, layer.scale_max), (scales.min(), scales.max()), rtol=1e-6
        )
    text = str(snn.report)
    assert "weights int8, one scale for each output channel, potentials 24 bits" in text
    assert f"worst bound of a potential: {report.worst.worst:,}" in text
    again = ConversionReport.from_dict(json.loads(json.dumps(snn.report.to_dict())))
    assert again.integers == report


def test_weights_are_the_nearest_integers_of_the_float_network(made):
    model, snn = made
    plain = tfsnn.convert(model, images(), "termapping", timesteps=6, correct="none")
    first, dense = (next(iter(g.of_kind(Linear))) for g in (snn.graph, plain.graph))
    threshold = next(iter(snn.graph.of_kind(Spiking))).threshold.numpy()
    wanted = dense.kernel.numpy() / 255 * threshold
    found = first.kernel.numpy()
    inside = np.abs(wanted) < 127
    assert np.abs(found - wanted)[inside].max() <= 0.5 + 1e-3
    assert inside.mean() > 0.9 and np.abs(found).max() > 60


def test_it_is_saved_and_loaded(made, tmp_path):
    _, snn = made
    snn.save(tmp_path / "snn.keras")
    loaded = keras.saving.load_model(tmp_path / "snn.keras")
    assert loaded.report.integers == snn.report.integers
    x = images(5, 2)
    np.testing.assert_array_equal(loaded(x), snn(x))


@pytest.mark.slow
def test_xla_and_saved_models_compute_the_same(made, tmp_path):
    _, snn = made
    x = images(5, 2)
    xla = tf.function(lambda x: snn(x), jit_compile=True, autograph=False)(x)
    np.testing.assert_allclose(xla, snn(x), rtol=1e-6)
    exported = tfsnn.export.export_saved_model(snn, tmp_path / "served")
    served = tf.saved_model.load(str(exported.path)).signatures["serving_default"]
    (name,) = served.structured_input_signature[1]
    (output,) = [
        v for v in served(**{name: tf.constant(x)}).values() if v.shape == (5, 3)
    ][:1]
    np.testing.assert_allclose(output, snn(x), rtol=1e-6)


def test_nir_has_the_integers(tmp_path):
    nir = pytest.importorskip("nir")
    snn = converted(chain(), images(), "data_norm", initial_potential=0.0)
    path = tmp_path / "snn.nir"
    tfsnn.export.export_nir(snn, path)
    nodes = nir.read(path).nodes.values()
    convolutions = [node for node in nodes if isinstance(node, nir.Conv2d)]
    kernels = [node.kernel.numpy() for node in snn.graph.of_kind(Linear)]
    np.testing.assert_allclose(
        convolutions[0].weight, 255 * kernels[0].transpose(3, 2, 0, 1), rtol=1e-6
    )
    np.testing.assert_array_equal(
        convolutions[1].weight, kernels[1].transpose(3, 2, 0, 1)
    )
    thresholds = [np.unique(n.v_threshold) for n in nodes if isinstance(n, nir.IF)]
    ours = [np.unique(n.threshold.numpy()) for n in snn.graph.of_kind(Spiking)]
    for theirs, own in zip(thresholds, ours, strict=True):
        np.testing.assert_array_equal(theirs, own)


def test_inputs_become_8_bit_integers():
    model = chain()
    for x, step, low, high in (
        (images(), 1 / 255, 0, 255),
        (2 * images() - 1, 1 / 127, -128, 127),
        (4 * images(), 4 / 255, 0, 255),
        (255 * images(), 1.0, 0, 255),
    ):
        (node,) = converted(model, x, precision="int4").graph.of_kind(Rounded)
        assert (node.low, node.high) == (low, high)
        assert node.step == pytest.approx(step, rel=1e-6)


def test_corrections_mend_what_rounding_loses():
    model, x = chain(), images(200)
    expected = model.predict(images(100, 3), verbose=0)

    def error(**options):
        snn = converted(model, x, "paced", precision="int4", **options)
        return np.abs(snn.predict(images(100, 3), verbose=0) - expected).mean()

    assert error(correct="weights+bias") < 0.8 * error()


def test_one_scale_for_a_layer_of_uneven_channels():
    """A channel of tiny activations would take all bits of its layer."""
    model, x = chain(), images()
    kernel, bias = model.layers[0].get_weights()
    kernel[..., 0] *= 1e-3
    model.layers[0].set_weights([kernel, 1e-3 * bias])
    kernel, bias = model.layers[2].get_weights()
    kernel[:, :, 0] *= 1e3
    model.layers[2].set_weights([kernel, bias])
    snn = converted(model, x, scales="layer", timesteps=32)
    found, expected = (net.predict(x, verbose=0) for net in (snn, model))
    assert np.abs(found - expected).mean() < 0.25 * np.abs(expected).mean()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"precision": "int7"}, "expected one of float32, bfloat16, int8, int4, int2"),
        ({"scales": "row"}, "scales='row'; expected one of channel, layer"),
        ({"potential_bits": 4}, "from 8 to 32"),
        ({"precision": "float32", "scales": "layer"}, "is a setting of integers"),
        (
            {"potential_bits": 16, "method": "paced", "timesteps": 32},
            "16 bits end at 32,767: take potential_bits=",
        ),
        ({"potential_bits": 8}, "all zero .* or more potential_bits"),
        ({"method": "differential"}, "has differential neurons"),
        ({"method": "burst", "timesteps": 4, "precision": "bf"}, "precision='bf'"),
    ],
)
def test_bad_settings_are_refused(options, said):
    with pytest.raises((OptionError, UnsupportedError), match=said):
        options = {"method": "termapping", **options}
        if options["method"] == "differential":
            tfsnn.convert(chain(), images(), "differential", precision="int8")
        converted(chain(), images(), **options)


def test_layers_that_integers_cannot_do_are_named():
    smooth = chain(layers.Activation("tanh", name="bend"))
    with pytest.raises(UnsupportedError, match=r"bend .*analog values"):
        converted(smooth, images())
    uneven = chain(layers.AveragePooling2D(2, padding="same", name="uneven"))
    with pytest.raises(UnsupportedError, match=r"uneven .*windows of different sizes"):
        converted(uneven, images())


def test_channels_whose_weights_vanish_are_named():
    model = chain()
    kernel, bias = model.layers[0].get_weights()
    kernel[..., 1:] *= 1e-4
    model.layers[0].set_weights([kernel, 0 * bias + 1])
    with pytest.raises(
        OptionError, match=r"conv2d.* 3 of 4 channels are all zero \(1, "
    ):
        converted(model, images(), scales="layer")
    kernel[..., 1:3] *= 1e4
    model.layers[0].set_weights([kernel, 0 * bias + 1])
    snn = converted(model, images(), scales="layer")
    assert any("1 of 4 channels are all zero (3)" in w for w in snn.report.warnings)


def test_integers_are_not_trained(made):
    _, snn = made
    with pytest.raises(ModelError, match="made of integers"):
        tfsnn.training.tune(snn, (images(), np.zeros(24, int)))


def test_verify_tells_the_loss(made):
    model, snn = made
    coarse = converted(model, images(), precision="int2")
    errors = [tfsnn.verify(model, s, images()).layers[-1].error for s in (snn, coarse)]
    assert errors[0] < errors[1]


def test_samples_leave_early_by_outputs_in_their_units(made):
    """Outputs that have scales of their own are compared as they are, not as integers.

    With a margin that none reaches before the end, the steps are all and the answers
    those of the whole run; with one of 0, those of the first step.
    """
    _, snn = made
    x = images(30, 5)
    scale = snn.graph[snn.graph_outputs[0]].scale.numpy()
    assert np.ptp(scale) > 0.05 * scale.mean()
    outputs = snn.run(x, observe=("outputs",)).observed[
        "outputs/" + snn.graph_outputs[0]
    ]
    top = np.sort(outputs.numpy(), -1)
    gaps = np.arange(1, 7)[:, None] * (top[..., -1] - top[..., -2])
    bound = float(np.median(gaps[2]))
    left = snn.run(x, early_exit=ExitRule("evidence", bound)).steps.numpy()
    reached = np.argmax(np.concatenate([gaps[:-1], gaps[:1] + 1e9]) >= bound, 0) + 1
    np.testing.assert_array_equal(left, reached)


@pytest.mark.slow
def test_choose_takes_integers_where_it_is_told_to():
    model, x = chain(), images(80)
    y = model.predict(x, verbose=0).argmax(-1)
    found = tfsnn.choose(
        model,
        (x, y),
        precision="int8",
        methods=["termapping", "differential"],
        timesteps=[8],
        max_drop=50,
        holdout=20,
    )
    assert found.best.precision == "int8"
    assert found.snn.report.integers.weights == "int8"
    assert {row.method for row in found.tried} == {"termapping"}


def test_the_report_of_a_network_of_floats_has_no_integers(made):
    model, _ = made
    plain = tfsnn.convert(model, images(), "termapping", correct="none")
    assert plain.report.integers is None and "potentials" not in str(plain.report)


@pytest.mark.slow
def test_diagnose_finds_the_same_as_in_floats():
    model, x = chain(), images(100)
    floats = tfsnn.convert(model, x, "termapping", timesteps=6, correct="none")
    found = [
        tfsnn.diagnose(model, snn, x[:40]).layers
        for snn in (converted(model, x), floats)
    ]
    for ours, theirs in zip(*found, strict=True):
        for name in ("clipping", "quantisation", "inherited"):
            a, b = (getattr(layer, name).rms for layer in (ours, theirs))
            assert a == pytest.approx(b, abs=0.02, rel=0.3), name
