"""Integer neurons in NumPy's int64: currents of all steps in, spikes out."""

import numpy as np


def whole(values):
    """Return an array that holds integers as such."""
    values = np.asarray(values)
    found = np.rint(values.astype(np.float64)).astype(np.int64)
    assert (found == values).all()
    return found


class Neurons:
    """Integer neurons: threshold, bounds of spikes and of potentials."""

    def __init__(self, node):
        self.node, self.settings = node, node.settings
        self.threshold = whole(node.threshold)
        self.most = (
            None if node.max_coefficient is None else whole(node.max_coefficient)
        )
        below = node.negative_threshold
        self.below = None if below is None else whole(below)
        assert node.settings["counts"]

    def held(self, v):
        bits = self.settings.get("width")
        return (
            v if bits is None else np.clip(v, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        )

    def fire(self, v, sent):
        c = v // self.threshold
        if self.below is None:
            c = np.maximum(c, 0)
        else:
            down = np.minimum((v + self.below) // self.threshold, 0)
            c = np.maximum(np.where(v < 0, down, c), -sent)
            c = c if self.most is None else np.maximum(c, -self.most)
        return c if self.most is None else np.minimum(c, self.most)

    def integrate(self, currents, v):
        sent, spikes, after = np.zeros_like(v), [], []
        for current in currents:
            v = self.held(v + current)
            c = self.fire(v, sent)
            if self.settings.get("reset") == "zero":
                v = np.where(c != 0, 0, v)
            else:
                v = v - c * self.threshold
            sent = sent + c
            spikes.append(c)
            after.append(v)
        return np.stack(spikes), np.stack(after)


def spiking(node, reads, graph, x):
    (currents,) = reads
    neurons = Neurons(node)
    start = np.broadcast_to(whole(node.initial_potential), currents.shape[1:])
    pre = graph.clock.pre_steps
    if node.neuron == "integrate_fire":
        return neurons.integrate(currents, start)[0]
    if node.neuron == "paced":
        return paced(neurons, currents, start)
    if node.neuron == "silenced":
        before, last = neurons.integrate(currents[:pre], start)
        active = last[-1] > neurons.settings.get("tolerance", 1e-3) * neurons.threshold
        after, _ = neurons.integrate(currents[pre:], start)
        return np.concatenate([before, after * active])
    if node.neuron == "offset_corrected":
        return offset_corrected(neurons, currents, start, pre)
    if node.neuron == "radix":
        return radix(neurons, currents, start)
    assert node.neuron == "first_spike"
    return first_spike(neurons, currents, start)


def paced(neurons, currents, start):
    sums, ahead = [], neurons.settings["lookahead"]
    for current in currents:
        sums.append(neurons.held(sums[-1] + current) if sums else current)
    sent, spikes, steps = np.zeros_like(start), [], len(currents)
    for k in range(1, steps + 1):
        known = min(steps, k + ahead)
        left = sums[known - 1] * k // known + start - sent * neurons.threshold
        spikes.append(neurons.fire(left, sent))
        sent = sent + spikes[-1]
    return np.stack(spikes)


def offset_corrected(neurons, currents, start, pre):
    threshold = np.broadcast_to(neurons.threshold, start.shape)
    for _ in range(neurons.settings["repeats"]):
        spikes, after = neurons.integrate(currents[:pre], start)
        moved = start.copy()
        for place in np.ndindex(start.shape):
            θ = threshold[place]
            fired = [
                (c, v + c * θ)
                for c, v in zip(
                    spikes[(slice(None), *place)],
                    after[(slice(None), *place)],
                    strict=True,
                )
            ]
            did = [v for c, v in fired if c > 0]
            not_ = [v for c, v in fired if c <= 0]
            last = after[(-1, *place)]
            if last < 0 and did:
                moved[place] -= max(θ, min(did) - (θ - 1))
            if last >= θ and not_:
                moved[place] += max(θ, θ - max(not_))
        start = moved
    before, _ = neurons.integrate(currents[:pre], start)
    return np.concatenate([before, neurons.integrate(currents[pre:], start)[0]])


def radix(neurons, currents, start):
    base, steps, total = neurons.settings["base"], len(currents), 0 * start
    for current in currents:
        total = neurons.held(base * total + current)
    q = np.clip((total + start) // neurons.threshold, 0, base**steps - 1)
    return np.stack([q // base ** (steps - 1 - t) % base for t in range(steps)])


def first_spike(neurons, currents, start):
    steps = len(currents)
    total = neurons.held(currents.sum(0) + start)
    carried = np.clip(total // neurons.threshold, 0, neurons.most * steps)
    sums = [carried * k // steps for k in range(steps + 1)]
    return np.diff(np.stack(sums), axis=0)
