"""How many threads the engines compute in."""

from __future__ import annotations

import os

import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn_numpy.checks import check_count

VARIABLE = "TF_NUM_INTRAOP_THREADS"  # which TensorFlow reads as it starts


def set_threads(count: int) -> None:
    """Have TensorFlow, and the engines that follow it, compute in so many threads.

    TensorFlow takes the number as it starts: with the first tensor.

    Raises:
        OptionError: if `count` is not positive, or TensorFlow has started with another
            number.
    """
    check_count("threads", count)
    known = tf.config.threading
    try:
        known.set_intra_op_parallelism_threads(count)
        known.set_inter_op_parallelism_threads(count)
    except RuntimeError as error:  # TensorFlow has no other
        raise OptionError(
            f"threads={count}: TensorFlow has started already, and its number of "
            "threads cannot be changed after that: set it before anything else, or "
            f"start the process with the environment variable {VARIABLE}={count}"
        ) from error


def threads() -> int:
    """Return the number of threads that TensorFlow was told to use; 0 if none."""
    told = tf.config.threading.get_intra_op_parallelism_threads()
    said = os.environ.get(VARIABLE, "")
    return told or (int(said) if said.isdecimal() else 0)
