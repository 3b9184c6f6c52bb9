"""The JAX side of ``stablehlo_gpu.py``, in a process of its own.

PyTorch records CUDA graphs, which must not see another library's work on the device, so
each side has its own process (``python -m benchmarks.gpu.jax_side``). A request is
a line of JSON on standard input, an answer one on standard output; arrays are in files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]


class JaxSide:
    """The caller's view of the JAX process."""

    def __init__(self, folder: Path, device: str) -> None:
        """Take the folder of programs; the process starts with the first row."""
        self.folder, self.device = folder, device
        self.exchange = Path(tempfile.mkdtemp(prefix="stablehlo-gpu-"))
        self._process: subprocess.Popen[str] | None = None
        self._weights: tuple | None = None  # those whose file exists

    def measured(
        self,
        network: dict[str, Any],
        weights: dict[str, np.ndarray],
        images: np.ndarray,
        repeats: int,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Return the logits of a row's program, and its measurements."""
        key = (network["network"], network["spikes"], network["precision"])
        if key != self._weights:
            np.savez(self.exchange / "weights.npz", **weights)
            self._weights = key
        np.save(self.exchange / "images.npy", images)
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(self.exchange), self.device],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env=os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"},
            )
        assert self._process.stdin and self._process.stdout
        request = {"folder": str(self.folder.resolve()), "repeats": repeats}
        self._process.stdin.write(json.dumps(request | {"network": network}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process ended with {self._process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return np.load(self.exchange / "logits.npy"), answer

    def close(self) -> None:
        """End the process."""
        if self._process is not None and self._process.stdin:
            self._process.stdin.close()
            self._process.wait()


def answered(request: dict[str, Any], exchange: Path, device: str) -> dict[str, Any]:
    """Run the program of one row."""
    import jax

    from benchmarks.gpu.clock import matrix_rate, median
    from tfsnn_stablehlo import Program

    network, here = request["network"], jax.devices(device)[0]
    with np.load(exchange / "weights.npz") as stored:
        weights = {name: jax.device_put(stored[name], here) for name in stored.files}
    folder, manifest = Path(request["folder"]), network["manifest"]
    program = Program(folder, manifest, here, weights)
    (name,) = program.inputs
    feed = {name: jax.device_put(np.load(exchange / "images.npy"), here)}

    def run() -> Any:
        return jax.block_until_ready(program.start("predict", feed))

    start = time.perf_counter()
    np.save(exchange / "logits.npy", np.asarray(run()[0]))
    compiled = time.perf_counter() - start
    seconds = median(run, request["repeats"])
    fast = network["fast_products"]
    return {
        "jax_compile_seconds": compiled,
        "jax_seconds": seconds,
        "matrix_flops": matrix_rate(here, network["precision"], fast),
    }


def main(exchange: Path, device: str) -> None:
    """Answer requests until standard input ends."""
    for line in sys.stdin:
        try:
            answer = answered(json.loads(line), exchange, device)
        except Exception as error:  # reported, and ends no other row
            lines = str(error).strip().splitlines() or [""]
            answer = {"error": f"{type(error).__name__}: {lines[0][:300]}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
