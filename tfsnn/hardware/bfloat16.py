"""Whether this machine computes in bfloat16, or only imitates it, which is slower."""

from __future__ import annotations

import functools
import platform
import subprocess

import tensorflow as tf

from tfsnn.hardware.processor import instructions

# Names of the instructions: of Intel and AMD, and of Arm.
FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
APPLE = ("sysctl", "-n", "hw.optional.arm.FEAT_BF16")
CAPABILITY = (8, 0)  # the first of NVIDIA's with bfloat16: Ampere


@functools.cache
def computes_in_bfloat16() -> bool:
    """Return whether the device that TensorFlow runs on multiplies in bfloat16.

    A TPU does, a GPU from compute capability 8.0 on, and a processor with AVX512-BF16,
    AMX or Arm's BF16. False where that cannot be known.
    """
    if tf.config.list_physical_devices("TPU"):
        return True
    if gpus := tf.config.list_physical_devices("GPU"):
        return all(_of_gpu(gpu) for gpu in gpus)
    if platform.system() == "Darwin":
        return _of_apple()
    return not FLAGS.isdisjoint(instructions())


def _of_gpu(gpu: tf.config.PhysicalDevice) -> bool:
    details = tf.config.experimental.get_device_details(gpu)
    return details.get("compute_capability", (0, 0)) >= CAPABILITY


def _of_apple() -> bool:
    try:
        found = subprocess.run(APPLE, capture_output=True, text=True, check=False)
    except OSError:
        return False
    return found.stdout.strip() == "1"
