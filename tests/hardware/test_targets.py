"""Whether networks fit chips: memory by the chips' own rules, and matching of cores."""

import itertools
import math

import keras
import numpy as np
import pytest
from command_line import run
from keras import layers

import tfsnn
from tfsnn.hardware.placement import fit
from tfsnn.hardware.stages import Stage, stages
from tfsnn.hardware.targets.speck2f import SPECK2F, speck_memory
from tfsnn.hardware.targets.target import Memory, Rules, Target
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model


def sequential(shape, *middle):
    return keras.Sequential([keras.Input(shape), *middle])


def relu_convolution(filters, size=3, **options):
    return layers.Conv2D(filters, size, padding="same", activation="relu", **options)


def graph_of(model):
    return simplify(import_model(model))


def made(cores, needs=None, **changes):
    """A target of dense layers, each with so many weights a core."""
    fields = {
        "name": "made",
        "about": "made for a test",
        "sources": ("nowhere",),
        "weight_bits": 8,
        "bias_bits": 8,
        "threshold_bits": 8,
        "potential_bits": 16,
        "scale": "layer",
        "spikes": "binary",
        "resets": ("subtract",),
        "spiking_input": False,
        "spiking_output": False,
        "rules": Rules(forms=frozenset({"dense"})),
        "cores": tuple(Memory(weights, 100, 100) for weights in cores),
    }
    return Target(**{**fields, **changes})


def reasons(model, target):
    return {
        each.layer: each.reason for each in tfsnn.fit_target(model, target).problems
    }


@pytest.mark.parametrize(
    "stage, needed",
    [
        (Stage("a", "conv", 16, (3, 3), 32, (28, 28)), (8192, 32768, 32)),
        (Stage("b", "dense", 32, (7, 7), 64, ()), (131072, 64, 64)),
        (Stage("c", "conv", 3, (5, 5), 6, (1, 33)), (3 * 2 ** (5 + 3), 6 * 64, 6)),
        (Stage("d", "dense", 100, (), 10, ()), (1600, 10, 10)),
    ],
)
def test_memory_of_speck(stage, needed):
    assert speck_memory(stage) == needed


def test_memory_of_speck_by_its_published_formula(rng):
    for _ in range(100):
        c, f, kx, ky, fx, fy = (int(n) for n in rng.integers(1, 60, 6))
        kernel = c * 2 ** (math.ceil(math.log2(kx * ky)) + math.ceil(math.log2(f)))
        neurons = f * 2 ** (math.ceil(math.log2(fx)) + math.ceil(math.log2(fy)))
        found = speck_memory(Stage("x", "conv", c, (kx, ky), f, (fx, fy)))
        assert found == (kernel, neurons, f)


def test_stages():
    model = sequential(
        (9, 8, 3),
        relu_convolution(4, 3, strides=2, name="uneven"),
        layers.ZeroPadding2D(((0, 1), (1, 1))),
        layers.Conv2D(5, 3, activation="relu", name="padded"),
        layers.Flatten(),
        layers.Dense(6, activation="relu", name="map"),
        layers.Dense(7, name="units"),
    )
    assert stages(graph_of(model)) == (
        # 9 places of stride 2 have padding (1, 1), 8 have (0, 1).
        Stage("uneven", "conv", 3, (3, 4), 4, (5, 4)),
        Stage("padded", "conv", 4, (4, 3), 5, (4, 4)),
        Stage("map", "dense", 5, (4, 4), 6, ()),
        Stage("units", "dense", 6, (), 7, ()),
    )


def test_the_units_that_would_fit():
    model = sequential(
        (28, 28, 1),
        relu_convolution(16, name="a"),
        layers.AveragePooling2D(2),
        relu_convolution(32, name="b"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(64, activation="relu", name="c"),
        layers.Dense(10, name="d"),
    )
    found = tfsnn.fit_target(model, "speck2f")
    assert found.problems == (
        (
            "c",
            "needs 131,072 kernel words, the largest core has 65,536; 32 units would "
            "fit",
        ),
    )
    assert not found.fits
    assert "neurons behind d, read by counts" in found.changes
    smaller = sequential((7, 7, 32), layers.Flatten(), layers.Dense(32), layers.ReLU())
    assert tfsnn.fit_target(smaller, "speck2f").fits
    larger = sequential((7, 7, 32), layers.Flatten(), layers.Dense(33), layers.ReLU())
    assert not tfsnn.fit_target(larger, "speck2f").fits


def test_not_one_filter():
    model = sequential((2000,), layers.Dense(8))
    assert reasons(model, made([1000])) == {
        model.layers[0].name: "needs 16,000 kernel words, the largest core has 1,000; "
        "not one filter would fit: pool before it, or give it fewer input channels"
    }


def units(*sizes):
    """Dense layers without biases to so many units, from 10 inputs."""
    chain = [
        layers.Dense(n, activation="relu", name=f"to_{i}") for i, n in enumerate(sizes)
    ]
    return sequential((10,), *chain)


def test_cores_are_matched():
    """The first layer fits both cores, the second the larger one alone."""
    found = tfsnn.fit_target(units(5, 20), made([100, 60]))
    assert [(each.needs.weights, each.core) for each in found.placed] == [
        (50, 1),
        (100, 0),
    ]
    assert found.fits


def test_matching_against_all_assignments(rng):
    for _ in range(30):
        sizes = [int(n) for n in rng.integers(1, 12, 4)]
        cores = [int(n) for n in rng.integers(1, 120, 4)]
        found = fit(graph_of(units(*sizes)), made(cores), "m")
        needs = [each.needs.weights for each in found.placed]
        possible = any(
            all(cores[i] >= need for i, need in zip(order, needs, strict=True))
            for order in itertools.permutations(range(4))
        )
        assert found.fits == possible
        given = [each.core for each in found.placed if each.core is not None]
        assert len(given) == len(set(given))
        for each in found.placed:
            assert each.core is None or cores[each.core] >= each.needs.weights


def test_taken_cores_and_too_many_layers():
    (problem,) = tfsnn.fit_target(units(10, 10), made([100, 50])).problems
    assert problem.reason.startswith("fits core 0 alone, which other layers have")
    (problem,) = tfsnn.fit_target(units(2, 2, 2), made([100, 100])).problems
    assert problem == (
        "the network",
        "3 layers have weights, and there are 2 cores, one for each: leave 1 out",
    )


def branched(join):
    x = keras.Input((8, 8, 4))
    y = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(x)
    z = join([y, layers.Conv2D(4, 3, padding="same", name="second")(y)])
    return keras.Model(x, layers.ReLU(name="last")(z))


REFUSED = {
    "max": ("speck2f", [layers.MaxPooling2D(name="it")], "max pooling cannot be done"),
    "oblong": ("speck2f", [layers.Conv2D(4, (1, 3), name="it")], "a window of 1 x 3"),
    "groups": ("speck2f", [layers.Conv2D(4, 3, groups=2, name="it")], "2 groups"),
    "dilation": (
        "speck2f",
        [layers.Conv2D(4, 3, dilation_rate=2, name="it")],
        "dilation",
    ),
    "overlap": ("speck2f", [layers.AveragePooling2D(3, 2, name="it")], "side by side"),
    "depthwise": ("speck2f", [layers.DepthwiseConv2D(3, name="it")], "depthwise"),
    "analog": ("generic-int8", [layers.Activation("tanh", name="it")], "analog values"),
    "leaky": (
        "speck2f",
        [layers.Conv2D(4, 1), layers.LeakyReLU(name="it")],
        "could not be folded",
    ),
    "large": ("akida", [layers.Conv2D(4, 9, padding="same", name="it")], "9 x 9"),
    "weights": (
        "spinnaker2",
        [
            layers.Conv2D(4, 1),
            layers.AveragePooling2D(2),
            layers.Conv2D(4, 1, name="it"),
        ],
        "without neurons between",
    ),
    "places": ("speck2f", [layers.Dense(4, name="it")], "windows of 1 is the same"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_chip_does_not_take(case):
    target, middle, said = REFUSED[case]
    model = sequential(
        (8, 8, 4),
        layers.Conv2D(4, 1, activation="relu"),
        *middle,
        layers.Flatten(),
        layers.Dense(2, activation="relu"),
    )
    found = reasons(model, target)
    assert said in found["it"]


def test_branches():
    assert (
        "concatenations cannot be done"
        in reasons(branched(layers.Concatenate(name="it")), "speck2f")["it"]
    )
    assert tfsnn.fit_target(branched(layers.Add()), "speck2f").fits
    assert "sums of branches" in reasons(branched(layers.Add(name="it")), "mcu")["it"]
    skipped = reasons(branched(layers.Add()), "spinnaker2")
    assert set(skipped) == {"last"} and "without weights between" in skipped["last"]


def test_normalised_inputs():
    model = sequential(
        (8, 8, 3),
        layers.Normalization(mean=[0.5] * 3, variance=[0.25] * 3, name="it"),
        relu_convolution(4),
        layers.GlobalAveragePooling2D(),
        layers.Dense(2),
    )
    assert "apply it to the data" in reasons(model, "speck2f")["it"]
    found = tfsnn.fit_target(model, "loihi2")
    assert found.fits
    assert found.changes == ("it is applied to the data, outside of the target",)


def test_neurons_of_a_whole_chip():
    model = sequential((500, 500, 1), relu_convolution(5))
    (problem,) = tfsnn.fit_target(model, "loihi2").problems
    assert problem.layer == "the network" and "1,250,000 neurons" in problem.reason


def test_a_target_of_ones_own(monkeypatch):
    monkeypatch.setattr(tfsnn.targets, "_TARGETS", dict(tfsnn.targets.targets()))
    mine = tfsnn.targets.register(made([10_000]))
    assert tfsnn.targets.target("made") is mine
    assert tfsnn.fit_target(units(3), "made").fits
    with pytest.raises(tfsnn.OptionError, match="exists already"):
        tfsnn.targets.register(made([1]))


def test_unknown():
    with pytest.raises(tfsnn.OptionError, match="'loihi3' is not known: take one of"):
        tfsnn.targets.target("loihi3")


@pytest.mark.parametrize("name", tfsnn.targets.targets())
def test_every_target_is_told(name):
    told = run("targets", name)
    assert told.exit_code == 0 and told.stdout.startswith(f"{name}: ")
    assert "source: " in told.stdout


def test_the_command_line(tmp_path):
    units(5, 20).save(tmp_path / "m.keras")
    found = run("inspect", tmp_path / "m.keras", "--target", "speck2f", "--json")
    assert found.exit_code == 0 and '"fits": true' in found.stdout
    sequential((9,), layers.Dense(3, activation="tanh"), layers.Dense(2)).save(
        tmp_path / "tanh.keras"
    )
    found = run("inspect", tmp_path / "tanh.keras", "--target", "speck2f")
    assert found.exit_code == 1 and "does not fit, 1 reason\n" in found.stdout
    found = run("inspect", tmp_path / "m.keras", "--target", "loihi3")
    assert found.exit_code == 2 and "loihi3" in found.stderr


def test_cores_of_speck():
    assert len(SPECK2F.cores) == 9
    assert np.sum([core.weights for core in SPECK2F.cores]) == 272 * 1024
    assert max(core.neurons for core in SPECK2F.cores) == 65536
