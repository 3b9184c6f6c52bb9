"""Functions of tensors that TensorFlow traces once for each form of their inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Function = Callable[[Any], Any]


def traced(function: Function, *, jit_compile: bool = False) -> Function:
    """Return a function of tensors ``(B, ...)``, compiled for any B.

    Called in a loop over networks, ``tf.function`` would warn of being traced again and
    again: it takes functions that the same line of code made, one for each network, for
    one. Here a program is traced at the first call, once for each structure, shape and
    type, and what is called after that is the program itself.

    Args:
        function: takes a tensor or array, or a dict of them by name.
        jit_compile: whether XLA compiles it, which wants to know B: once for each B.
    """
    compiled = tf.function(function, autograph=False, jit_compile=jit_compile)
    programs: dict[Any, Callable[[Any], Any]] = {}

    def call(x: Any) -> Any:
        if not tf.executing_eagerly():
            return compiled(x)  # becomes a part of the program that is being traced
        tensors = tf.nest.map_structure(tf.convert_to_tensor, x)
        leaves = tf.nest.flatten(tensors)
        first = 0 if jit_compile else 1
        names = tuple(tensors) if isinstance(tensors, dict) else ()
        form = names, tuple((leaf.dtype, *leaf.shape[first:]) for leaf in leaves)
        if form not in programs:
            free = [] if jit_compile else [None]
            specs = tf.nest.map_structure(
                lambda leaf: tf.TensorSpec([*free, *leaf.shape[first:]], leaf.dtype),
                tensors,
            )
            programs[form] = safe(compiled.get_concrete_function(specs))
        return programs[form](tensors)

    return call


def safe(program: Any) -> Callable[..., Any]:
    """Return a concrete function that TensorFlow can run on a CPU without a crash.

    Where channels are padded, TensorFlow 2.21 joins operations for oneDNN in a way that
    ends the process (a segmentation fault, seen with three networks of residual blocks
    that widen by padding). There it is not to join operations.
    """
    if not any(map(_pads_channels, program.graph.get_operations())):
        return program

    def unjoined(*arguments: Any) -> Any:
        options = tf.config.optimizer.get_experimental_options()
        tf.config.optimizer.set_experimental_options({"remapping": False})
        try:
            return program(*arguments)
        finally:
            before = options.get("remapping", True)
            tf.config.optimizer.set_experimental_options({"remapping": before})

    return unjoined


def _pads_channels(operation: Any) -> bool:
    if operation.type not in ("Pad", "PadV2"):
        return False
    amounts = tf.get_static_value(operation.inputs[1])
    return amounts is not None and bool(amounts[-1].any())
