"""What a benchmark was measured on, to stand beside its figures."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

import tfsnn


def machine() -> dict[str, Any]:
    """Processor, cores, devices and versions."""
    model = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        named = [line.split(":", 1)[1] for line in lines if "model name" in line]
        model = named[0].strip() if named else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "accelerators": [d.name for d in tf.config.list_physical_devices("GPU")],
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "tfsnn": tfsnn.__version__,
    }


def described(machine: dict[str, Any]) -> str:
    """The machine in one line."""
    return (
        f"{machine['cores']} cores of {machine['processor']}, "
        f"TensorFlow {machine['tensorflow']}, Keras {machine['keras']}"
    )
