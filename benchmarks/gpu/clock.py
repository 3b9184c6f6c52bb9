"""Measure times for ``stablehlo_gpu.py``, and describe the machine."""

from __future__ import annotations

import functools
import os
import statistics
import time
from collections.abc import Callable
from typing import Any


def median(run: Callable[[], Any], repeats: int) -> float:
    """Return the median seconds of a run, after one to warm up; less often if slow."""
    run()
    seconds: list[float] = []
    while len(seconds) < repeats and (len(seconds) < 3 or sum(seconds) < 1.5):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


@functools.cache
def matrix_rate(device: Any, precision: str, fast: bool) -> float:
    """Measure the floating point operations per second of large matrix products."""
    import jax
    import jax.numpy as jnp

    size = 8192 if device.platform != "cpu" else 1024
    how = "highest" if precision == "float32" and not fast else "default"
    a = jax.device_put(jnp.ones((size, size), precision), device)
    product = jax.jit(lambda a: jnp.matmul(a, a, precision=how))
    return 2 * size**3 / median(lambda: product(a).block_until_ready(), 5)


def machine(device: str) -> dict[str, Any]:
    """Describe the device and the versions."""
    import platform

    import jax
    import torch

    return {
        "date": time.strftime("%Y-%m-%d"),
        "device": torch.cuda.get_device_name() if device == "cuda" else "CPU",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "jax": jax.__version__,
        "torch": torch.__version__,
    }
