"""A simulation of integer networks in NumPy's int64, independent of TensorFlow's.

Every node goes through all T steps at once, signals are ``(T, B, *shape)``. Nothing is
divided but by ``//``, and nothing is a float but the inputs before they are rounded.
"""

import numpy as np


def simulate(graph, x, timesteps):
    """Return what each node sends, by name; of a readout the sum of all steps."""
    steps = timesteps + graph.clock.pre_steps
    known = {}
    for node in graph:
        reads = [known[name] for name in node.inputs]
        found = RULES[type(node).__name__](node, reads, graph, x)
        if type(node).__name__ == "Rounded":
            found = np.repeat(found[None], steps, 0)
        known[node.name] = found
    return known


def whole(values):
    """Return an array that holds integers as such."""
    values = np.asarray(values)
    found = np.rint(values.astype(np.float64)).astype(np.int64)
    assert (found == values).all()
    return found


def source(node, reads, graph, x):
    return x


def rounded(node, reads, graph, x):
    n = np.rint(np.asarray(x, np.float32) / np.float32(node.step))
    return np.clip(n, node.low, node.high).astype(np.int64)


def linear(node, reads, graph, x):
    (x,) = reads
    kernel = whole(node.kernel)
    steps, batch = x.shape[:2]
    flat = x.reshape(-1, *x.shape[2:])
    if node.form == "dense":
        y = flat @ kernel
    elif node.form == "transposed":
        y = transposed(flat, kernel, node)
    else:
        y = convolved(flat, kernel, node)
    y = y.reshape(steps, batch, *y.shape[1:])
    return y if node.bias is None else y + whole(node.bias)


def padding(sizes, window, strides, dilation, form):
    pads = []
    for n, k, s, d in zip(sizes, window, strides, dilation, strict=True):
        total = 0
        if form == "same":
            total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
        pads.append((total // 2, total - total // 2))
    return pads


def windows(x, window, strides, dilation, form, fill=0):
    """Yield offset and the values there: (N, *places, C)."""
    axes = len(window)
    pads = padding(x.shape[1 : 1 + axes], window, strides, dilation, form)
    x = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    sizes = x.shape[1 : 1 + axes]
    spans = [(k - 1) * d + 1 for k, d in zip(window, dilation, strict=True)]
    for offset in np.ndindex(*window):
        cut = [slice(None)]
        for i, o in enumerate(offset):
            start, last = o * dilation[i], sizes[i] - spans[i] + 1
            cut.append(slice(start, start + last, strides[i]))
        yield offset, x[tuple(cut)]


def convolved(x, kernel, node):
    window = kernel.shape[:-2]
    dilation = node.dilation or (1,) * len(window)
    y = 0
    for offset, values in windows(x, window, node.strides, dilation, node.padding):
        weights = kernel[offset]
        if node.form == "depthwise":
            product = values[..., None] * weights
            y = y + product.reshape(*values.shape[:-1], -1)
            continue
        parts = zip(
            np.split(values, node.groups, -1),
            np.split(weights, node.groups, -1),
            strict=True,
        )
        y = y + np.concatenate([part @ w for part, w in parts], -1)
    return y


def transposed(x, kernel, node):
    window, sizes = kernel.shape[:-2], node.shape[:-1]
    dilation = node.dilation or (1,) * len(window)
    pads = padding(sizes, window, node.strides, dilation, node.padding)
    full = [n + a + b for n, (a, b) in zip(sizes, pads, strict=True)]
    y = np.zeros((len(x), *full, kernel.shape[-2]), np.int64)
    for offset in np.ndindex(*window):
        cut = [slice(None)]
        for i, o in enumerate(offset):
            start = o * dilation[i]
            cut.append(slice(start, start + x.shape[1 + i] * node.strides[i], node.strides[i]))
        y[tuple(cut)] += x @ kernel[offset].T
    inner = [slice(a, a + n) for n, (a, _) in zip(sizes, pads, strict=True)]
    return y[(slice(None), *inner)]


def affine(node, reads, graph, x):
    y = reads[0] * whole(node.gain)
    return y if node.offset is None else y + whole(node.offset)


def merge(node, reads, graph, x):
    if node.form == "add":
        return sum(reads[1:], reads[0])
    return np.concatenate(reads, node.axis + 2)


def average(node, reads, graph, x):
    (x,) = reads
    assert node.total
    if node.is_global:
        return x.sum(tuple(range(2, x.ndim - 1)))
    flat = x.reshape(-1, *x.shape[2:])
    ones = (1,) * len(node.size)
    found = sum(v for _, v in windows(flat, node.size, node.strides, ones, node.padding))
    return found.reshape(*x.shape[:2], *node.shape)


def maximum(node, reads, graph, x):
    """The maximum of the sums so far; what is sent is its change."""
    assert not node.minima
    pre = graph.clock.pre_steps
    parts = [part for part in (reads[0][:pre], reads[0][pre:]) if len(part)]
    sent = []
    for part in parts:
        sums = np.cumsum(part, 0)
        if node.is_global:
            most = sums.max(tuple(range(2, sums.ndim - 1)))
        else:
            flat = sums.reshape(-1, *sums.shape[2:])
            ones, low = (1,) * len(node.size), -(2**40)
            most = np.full((1,), low)
            for _, v in windows(flat, node.size, node.strides, ones, node.padding, low):
                most = np.maximum(most, v)
            most = most.reshape(*sums.shape[:2], *node.shape)
        sent.append(np.diff(most, axis=0, prepend=0 * most[:1]))
    return np.concatenate(sent)


def reduce(node, reads, graph, x):
    assert node.form == "sum"
    return reads[0].sum(tuple(axis + 2 for axis in node.axes), keepdims=True)


def reshape(node, reads, graph, x):
    return reads[0].reshape(*reads[0].shape[:2], *node.shape)


def pad(node, reads, graph, x):
    return np.pad(reads[0], ((0, 0), (0, 0), *node.amounts))


def resize(node, reads, graph, x):
    """The nearest place by its middle."""
    (x,) = reads
    for axis in (0, 1):
        n, m = x.shape[2 + axis], node.shape[axis]
        x = np.take(x, [(2 * i + 1) * n // (2 * m) for i in range(m)], 2 + axis)
    return x


def transpose(node, reads, graph, x):
    return reads[0].transpose(0, 1, *(axis + 2 for axis in node.order))


def cut(node, reads, graph, x):
    limits = zip(node.starts, node.stops, node.steps, strict=True)
    return reads[0][(slice(None), slice(None), *(slice(*each) for each in limits))]


def take(node, reads, graph, x):
    return np.take(reads[0], np.asarray(node.indices, int), node.axis % len(node.shape) + 2)


def readout(node, reads, graph, x):
    total = 0
    for step in reads[0][graph.clock.pre_steps :]:
        total = graph.clock.base * total + step
    return total


class Neurons:
    """Integer neurons: threshold, bounds of spikes and of potentials."""

    def __init__(self, node):
        self.node, self.settings = node, node.settings
        self.threshold = whole(node.threshold)
        self.most = None if node.max_coefficient is None else whole(node.max_coefficient)
        below = node.negative_threshold
        self.below = None if below is None else whole(below)
        assert node.settings["counts"]

    def held(self, v):
        bits = self.settings.get("width")
        return v if bits is None else np.clip(v, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)

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
            fired = [(c, v + c * θ) for c, v in zip(spikes[(slice(None), *place)], after[(slice(None), *place)], strict=True)]
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


RULES = {
    "Source": source,
    "Rounded": rounded,
    "Linear": linear,
    "Affine": affine,
    "Merge": merge,
    "Average": average,
    "Max": maximum,
    "Reduce": reduce,
    "Reshape": reshape,
    "Pad": pad,
    "Resize": resize,
    "Transpose": transpose,
    "Slice": cut,
    "Take": take,
    "Readout": readout,
    "Spiking": spiking,
}
