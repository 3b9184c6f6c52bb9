"""Energy models on a small network with known spikes, by arithmetic written here."""

import keras
import numpy as np
import pytest
from keras import layers

import tfsnn
from tfsnn.hardware import energy

T, MANY = 4, 6  # steps, samples
WEIGHT = 8 * 20.0  # picojoules of fetching a weight of 8 bits


def access(words):
    """Picojoules of a word in a memory of some: all are below 8 KiB here."""
    assert 4 * words <= 8192
    return 10 * 4 * words / 8192


@pytest.fixture(scope="module", params=["paced", "augmapping", "ttfs"])
def network(request):
    """Convolution 6x6x2 -> 4x4x3, convolution -> 2x2x4 (stride 2), dense 16 -> 5."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(3, 3, activation="relu", name="one"),
            layers.Conv2D(4, 3, 2, "same", activation="relu", name="two"),
            layers.Flatten(),
            layers.Dense(5, name="three"),
        ]
    )
    x = np.random.default_rng(0).uniform(0, 1, (MANY, 6, 6, 2)).astype("float32")
    given = {"ticks": 8} if request.param == "ttfs" else {"timesteps": T}
    snn = tfsnn.convert(model, x, request.param, correct="none", **given)
    found = tfsnn.evaluate(snn, x, timesteps=[snn.timesteps])
    spikes = snn.simulate(x).spikes
    return snn, found, [np.asarray(s, np.float64) for s in spikes.values()]


# Which of the 4 x 4 places of "two"'s input is in how many of its four windows: with
# stride 2 and padding "same", windows begin at 0 and 2 and the last one is cut off.
MET = np.outer([1, 1, 2, 1], [1, 1, 2, 1]) * 4
MACS = {"one": 16 * 3 * 18, "two": int(MET.sum()) * 3, "three": 80}


def counted(network, events):
    """Steps, ticks, spikes of both populations, and synops of what they reach."""
    snn, _, (first, second) = network
    if events:
        first, second = (first != 0) * 1.0, (second != 0) * 1.0
    first, second = np.abs(first), np.abs(second)
    arrived = (first * MET[:, :, None]).sum() / MANY
    ticks = snn.clock.ticks
    sent = first.sum() / MANY, second.sum() / MANY
    return len(first), ticks, *sent, arrived, sent[1] * 5


def lemaire(network, events):
    steps, ticks, s1, s2, _, _ = counted(network, events)
    mac, add, queue = 3.2, 0.1, access(1000)

    def analog(macs, inputs, outputs, taps, weights, reads):
        address = (inputs + outputs + taps) * add
        biases = outputs * (add + access(weights))
        work = macs * (mac + access(weights)) + biases + address
        return work + reads * access(inputs) + outputs * access(outputs)

    one = (MACS["one"], 72, 48, 3 * 9, 3 * 18 + 3)
    two = (MACS["two"], 48, 16, 4 * 9, 4 * 27 + 4)
    ann = analog(*one, MACS["one"]) + analog(*two, MACS["two"])
    ann += analog(80, 16, 5, 0, 85, 16)
    snn = analog(*one, MACS["one"])
    # "two": each spike meets 4 channels, 2 x 2 windows, 9 taps.
    snn += s1 * (4 * 4 * add + 36 * add + 2 * mac + queue)
    snn += s1 * 36 * (access(112) + 2 * access(16)) + steps * 16 * (add + access(112))
    # "three"
    snn += s2 * (5 * add + 5 * add + queue)
    snn += s2 * 5 * (access(85) + 2 * access(5)) + steps * 5 * (add + access(85))
    for neurons, sent in ((48, s1), (16, s2)):
        snn += 2 * steps * ticks * neurons * access(neurons) + sent * (add + queue)
    return snn, ann


def bit_matched(network, events, weight_bits=None):
    steps, ticks, s1, s2, a1, a2 = counted(network, events)
    snn, _, _ = network
    levels = {"paced": T, "augmapping": 15 * T, "ttfs": 8}[snn.report.method]
    b = int(np.ceil(np.log2(levels + 1)))

    def mac(width):
        return 3.7 * (width / 32) ** 2 + 0.9 * width / 32

    small = 0.05448
    spiking = (a1 + a2) * (small + WEIGHT) + MACS["one"] * (mac(8) + WEIGHT)
    spiking += steps * ticks * 64 * (small + 2 * 8 * 0.25) + (s1 + s2) * small
    total = sum(MACS.values())
    ann = total * (mac(b) + 20 * (weight_bits or b)) + 64 * b * 0.25
    return spiking, ann


def loihi(network, events):
    steps, ticks, s1, s2, a1, a2 = counted(network, events)
    neuron = 51.2 + 21.6
    spiking = (MACS["one"] + a1) * 24.0 + a2 * 35.5
    spiking += steps * ticks * 64 * neuron + (s1 + s2) * 69.3
    convolutions = MACS["one"] + MACS["two"]
    return spiking, convolutions * 24.0 + 80 * 35.5 + 64 * (neuron + 69.3)


BY_HAND = {
    "lemaire": lemaire,
    "bit-matched": bit_matched,
    "bit-matched-8bit": lambda *known: bit_matched(*known, weight_bits=8),
    "loihi": loihi,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_energy_is_what_the_formula_gives_by_hand(network, name):
    _, found, _ = network
    (work,), (by_events,) = found.counts, found.counts_events
    assert work.ann_macs == sum(MACS.values())
    for counts, events in ((work, False), (by_events, True)):
        snn, ann = BY_HAND[name](network, events)
        assert energy.profile(name).snn(counts) == pytest.approx(snn)
        assert energy.profile(name).ann(counts) == pytest.approx(ann)
    priced = {each.name: each for each in found.energies}[name]
    assert priced.ratio == energy.profile(name).ratio(work)
    assert priced.ratio_events == energy.profile(name).ratio(by_events)


def test_graded_spikes_differ_between_the_readings_and_one_spike_does_not(network):
    snn, found, _ = network
    ratios = [(each.ratio, each.ratio_events) for each in found.energies]
    graded = snn.report.method == "augmapping"
    assert all((one > other) is graded for one, other in ratios)


def test_the_evaluation_says_by_which_models_it_loses(network):
    _, found, _ = network
    lost = [each.name for each in found.energies if each.ratio >= 1]
    assert found.to_dict()["notes"] == list(found.notes)
    assert found.notes[1].endswith(", ".join(lost)) or len(lost) in (0, 8)
    assert found.notes[0] in str(found) and found.notes[1] in str(found)
    matched = {each.name: each for each in found.energies}["bit-matched"]
    assert f"bit-matched {matched.ratio:.3f}" in found.notes[0]
    assert [each["name"] for each in found.to_dict()["energies"]] == [
        *energy.profiles()
    ]


@pytest.mark.parametrize("name", BY_HAND)
def test_a_row_has_the_ratio_of_the_model_asked_for(network, name):
    snn, found, _ = network
    x = np.random.default_rng(0).uniform(0, 1, (MANY, 6, 6, 2)).astype("float32")
    (row,) = tfsnn.evaluate(snn, x, timesteps=[snn.timesteps], energy=name).rows
    model = energy.profile(name)
    assert row.energy_ratio == pytest.approx(model.ratio(found.counts[0]))
    assert row.energy_ratio_events == pytest.approx(model.ratio(found.counts_events[0]))
