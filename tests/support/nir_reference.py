"""NIR graphs run by NumPy alone, one sample at a time: an independent reference."""

import numpy as np


def order(graph):
    """Names of nodes, each after all that it reads, and what each reads."""
    reads = {name: [a for a, b in graph.edges if b == name] for name in graph.nodes}
    ordered = []
    while len(ordered) < len(reads):
        for name, before in reads.items():
            if name not in ordered and all(other in ordered for other in before):
                ordered.append(name)
    return ordered, reads


def run(graph, x, timesteps, reset="subtract", strict=False, dt=None):
    """What each node sends in each step, ``(T, *shape)``; `x` is channels first.

    Potentials begin at 0. A spike needs v >= v_threshold, or more than that if strict.
    The equations of leaky neurons are stepped by Euler's method.
    """
    ordered, reads = order(graph)
    potentials, currents = {}, {}
    sent = {name: [] for name in ordered}
    for _ in range(timesteps):
        values = {}
        for name in ordered:
            node = graph.nodes[name]
            kind = type(node).__name__
            if kind == "Input":
                values[name] = x
                sent[name].append(x)
                continue
            read = sum(values[other] for other in reads[name])
            if kind in ("IF", "LIF", "CubaLIF"):
                v = potentials.get(name, 0.0)
                if kind == "CubaLIF":
                    i = currents.get(name, 0.0)
                    read = i + dt / node.tau_syn * (node.w_in * read - i)
                    currents[name] = read
                if kind == "IF":
                    v = v + node.r * read
                else:
                    tau = node.tau if kind == "LIF" else node.tau_mem
                    v = v + dt / tau * (node.v_leak - v + node.r * read)
                level = node.v_threshold
                spikes = (v > level) if strict else (v >= level)
                after = v - level if reset == "subtract" else _floor(node)
                potentials[name] = np.where(spikes, after, v)
                values[name] = spikes.astype(np.float32)
            else:
                values[name] = STATELESS[kind](node, read)
            sent[name].append(values[name])
    return {name: np.stack(steps) for name, steps in sent.items()}


def _floor(node):
    floor = getattr(node, "v_reset", None)
    return 0.0 if floor is None else floor


def _windows(x, size, stride, padding, dilation=(1, 1)):
    """Windows ``(C, *places, *size)`` of ``(C, *places)``."""
    x = np.pad(x, [(0, 0), *((p, p) for p in padding)])
    reach = [d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True)]
    axes = tuple(range(1, x.ndim))
    windows = np.lib.stride_tricks.sliding_window_view(x, reach, axes)
    steps = [slice(None, None, s) for s in stride]
    inside = [slice(None, None, d) for d in dilation]
    return windows[(slice(None), *steps, *inside)]


def _pair(value, axes):
    return [int(n) for n in np.broadcast_to(np.asarray(value).ravel(), axes)]


def _convolution(node, x):
    weight = node.weight
    axes = weight.ndim - 2
    pairs = [_pair(v, axes) for v in (node.stride, node.padding, node.dilation)]
    stride, padding, dilation = pairs
    parts = []
    for part, kernel in zip(
        np.split(x, node.groups), np.split(weight, node.groups), strict=True
    ):
        windows = _windows(part, weight.shape[2:], stride, padding, dilation)
        summed = (0, *range(-axes, 0))
        parts.append(np.tensordot(kernel, windows, (range(1, axes + 2), summed)))
    return np.concatenate(parts) + node.bias.reshape(-1, *(1,) * axes)


def _pool(reduce):
    def pool(node, x):
        size, stride, padding = (
            _pair(v, 2) for v in (node.kernel_size, node.stride, node.padding)
        )
        return reduce(_windows(x, size, stride, padding), (-1, -2))

    return pool


STATELESS = {
    "Affine": lambda node, x: node.weight @ x + node.bias,
    "Linear": lambda node, x: node.weight @ x,
    "Conv1d": _convolution,
    "Conv2d": _convolution,
    "SumPool2d": _pool(np.sum),
    "AvgPool2d": _pool(np.mean),
    "Scale": lambda node, x: node.scale * x,
    "Flatten": lambda node, x: x.ravel(),
    "Output": lambda node, x: x,
}
