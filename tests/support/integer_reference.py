"""A simulation of integer networks in NumPy's int64, independent of TensorFlow's.

Every node goes through all T steps at once, signals are ``(T, B, *shape)``. Nothing is
divided but by ``//``, and nothing is a float but the inputs before they are rounded.
"""

import numpy as np
from integer_neurons import spiking, whole


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
            cut.append(
                slice(start, start + x.shape[1 + i] * node.strides[i], node.strides[i])
            )
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
    found = sum(
        v for _, v in windows(flat, node.size, node.strides, ones, node.padding)
    )
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
    return np.take(
        reads[0], np.asarray(node.indices, int), node.axis % len(node.shape) + 2
    )


def readout(node, reads, graph, x):
    total = 0
    counted = reads[0][graph.clock.pre_steps :]
    delay = graph.clock.delay  # which leaves four steps to read
    for step in counted[min(delay, max(len(counted) - 4, 0)) :]:
        total = graph.clock.base * total + step
    return total


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
