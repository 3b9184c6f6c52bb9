"""The kernels of ``torch_spiking.py``: neurons, sums, CUDA graphs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

# Each kind of population needs a compiled version of its own.
torch._dynamo.config.recompile_limit = 1000
torch._dynamo.config.accumulated_recompile_limit = 1000
torch._dynamo.config.fail_on_recompile_limit_hit = True


def fire(
    parts: list[tuple[Any, Any, Any]],
    state: Any,
    initial: float,
    negative: float | None,
    most: Any,
    steps: int,
    keep: bool,
    dtype: torch.dtype,
) -> tuple[torch.Tensor, Any]:
    """Return spikes of some steps, ``(T, rows, groups, of a group)``, and the state.

    The state is None without `keep`. With 0 steps the spikes are the ANN's ReLU.
    """

    def current(step: int) -> torch.Tensor:
        total: Any = None
        for y, bias, gain in parts:
            term = y[step if len(y) > 1 else 0].float()
            term = term if gain is None else term * gain
            term = term if bias is None else term + bias
            total = term if total is None else total + term
        return total

    if not steps:
        return torch.relu(current(0)).to(dtype), None
    first = current(0)
    potential, unsent = state or (
        torch.full_like(first, initial),
        None if negative is None else torch.zeros_like(first),
    )
    sent = []
    for step in range(steps):
        u = potential + (first if step == 0 else current(step))
        c = torch.floor(u)
        if negative is None:
            c = torch.clamp_min(c, 0.0)
        else:
            if negative:
                below = torch.clamp_max(torch.floor(u + negative), 0.0)
                c = torch.where(u < 0, below, c)
            c = torch.maximum(c, unsent if most is None else unsent.clamp_min(-most))
        c = c if most is None else torch.minimum(c, most)
        potential = u - c
        unsent = None if unsent is None else unsent - c
        sent.append(c.to(dtype))
    return torch.stack(sent), (potential, unsent) if keep else None


def running_sums(x: torch.Tensor, before: Any) -> torch.Tensor:
    """Return the sums until each step, ``(T, rest)``."""
    total = x[0] if before is None else before + x[0]
    totals = [total]
    for part in x[1:]:
        total = total + part
        totals.append(total)
    return torch.stack(totals)


def changes(y: torch.Tensor, before: Any, dtype: torch.dtype) -> torch.Tensor:
    """Return the differences from step to step, ``(T, rest)``."""
    first = y[:1] if before is None else y[:1] - before
    return torch.cat([first, y[1:] - y[:-1]]).to(dtype)


@functools.cache
def kernels() -> tuple[Callable, ...]:
    """Compile the kernels, once for all networks."""
    return tuple(torch.compile(f) for f in (fire, running_sums, changes))


def recorded(run: Callable[[], torch.Tensor], device: str) -> Callable[[], Any]:
    """Return a function that repeats `run`, on a GPU as a CUDA graph, and waits."""
    if device == "cpu":
        return torch.inference_mode()(run)
    with torch.inference_mode():
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                run()
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            y = run()

    def replay() -> torch.Tensor:
        graph.replay()
        torch.cuda.synchronize()
        return y

    return replay
