"""Time, memory and the machine: how every benchmark measures.

Other packages' environments import this module too: it needs nothing but Python.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

Run = Callable[[], Any]
# Instructions of an x86 processor, as Linux names them.
VECTORS = {
    "AVX2": "avx2",
    "AVX-512": "avx512f",
    "VNNI": "avx512_vnni",
    "bfloat16": "avx512_bf16",
    "AMX": "amx_tile",
}


def timed(run: Run) -> tuple[Any, float]:
    """Return the result of a run, and the wall-clock seconds it took."""
    start = time.perf_counter()
    value = run()
    return value, time.perf_counter() - start


def in_turn(
    runs: Mapping[Any, Run], repeats: int, warm_up: bool = True
) -> dict[Any, list[float]]:
    """Time every repeat of each run; runs take turns, after one to warm up."""
    for run in runs.values() if warm_up else ():
        run()
    turns = [
        {name: timed(run)[1] for name, run in runs.items()} for _ in range(repeats)
    ]
    return {name: [turn[name] for turn in turns] for name in runs}


def per_image(
    run: Run, images: int, repeats: int, warm_up: bool = True
) -> dict[str, float]:
    """Time a run over `images` of them, in milliseconds per image.

    Returns "milliseconds" (the median), "slowest" and "fastest".
    """
    (times,) = in_turn({"run": run}, repeats, warm_up).values()
    times = [1e3 * value / images for value in times]
    median = statistics.median(times)
    return {"milliseconds": median, "slowest": max(times), "fastest": min(times)}


def peak_mib() -> float:
    """Return the peak resident memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def in_new_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a process of its own, whose peak memory is its own."""
    spawn = get_context("spawn")
    with ProcessPoolExecutor(1, spawn, initializer=end_with_parent) as pool:
        return pool.submit(function, *arguments).result()


def end_with_parent() -> None:
    """Have this process end soon after the one that began it, however that ends.

    Otherwise what a benchmark began goes on computing when the benchmark is killed, and
    slows down the next one.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def machine() -> dict[str, Any]:
    """Describe the machine: processor, cores, accelerators and versions.

    Of the instructions those that decide how fast products are.
    """
    import keras
    import tensorflow as tf

    import tfsnn
    from tfsnn.hardware.processor import instructions, processor_name

    flags = instructions()
    return {
        "processor": processor_name(),
        "instructions": [name for name, flag in VECTORS.items() if flag in flags],
        "cores": os.cpu_count(),
        "accelerators": [d.name for d in tf.config.list_physical_devices("GPU")],
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "tfsnn": tfsnn.__version__,
    }


def described(machine: dict[str, Any]) -> str:
    """Describe the machine in one line."""
    known = machine.get("instructions")  # which older results do not have
    vectors = f" ({', '.join(known)})" if known else ""
    return (
        f"{machine['cores']} cores of {machine['processor']}{vectors}, "
        f"TensorFlow {machine['tensorflow']}, Keras {machine['keras']}"
    )
