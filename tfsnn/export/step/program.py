"""One time step as a graph of TensorFlow: inputs and state in, outputs and state out.

Small runtimes cannot run the loop over time: in LiteRT a ``while`` with tensors of any
batch fails, and ONNX has no converter for it. One step has neither loop nor unknown
size. Their caller keeps the state, and calls the step T times with the same input, or
with a frame each.

The batch is fixed. Tensors are named ``state_NODE_PART`` on the way in, and
``next_state_NODE_PART`` on the way out; ``spikes`` counts, for each sample, the spikes
of all neurons in this step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.errors import ModelError, OptionError
from tfsnn.export.saved_model.over_time import state_names
from tfsnn.export.saved_model.signatures import input_names, output_names
from tfsnn.simulation.compiled import with_constants
from tfsnn.simulation.frames import advance_frame, initial_state
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.steps import SPIKES

COUNTED = "spikes"
NEXT = "next_"


@dataclass(frozen=True)
class StepProgram:
    """One time step of a network.

    Attributes:
        graph_def: the operations, weights included and without clips; every result
            has a node of its name, every argument a placeholder.
        inputs: the specs of the samples, by name.
        state: the state before the first step, by the name of the argument; the result
            that replaces it has "next_" in front.
        outputs: names of the results that are outputs of the network.
    """

    graph_def: Any
    inputs: dict[str, tf.TensorSpec]
    state: dict[str, np.ndarray]
    outputs: tuple[str, ...]

    @property
    def specs(self) -> dict[str, tf.TensorSpec]:
        """The specs of all arguments, by name."""
        state = {
            name: tf.TensorSpec(values.shape, values.dtype, name)
            for name, values in self.state.items()
        }
        return {**self.inputs, **state}

    @property
    def results(self) -> tuple[str, ...]:
        """The names of all results."""
        return (*self.outputs, COUNTED, *(NEXT + name for name in self.state))


def step_program(snn: SpikingModel, batch_size: int) -> StepProgram:
    """Trace one time step of a network, for batches of one size.

    Raises:
        OptionError: for a method that cannot take one step after the other.
        ModelError: for weights that are too large to be constants of a program.
    """
    if snn.graph.states and not snn.clock.tracks:
        raise OptionError(
            f"{snn.name} ({snn.report.method}) is recurrent, and an element of its "
            f"sequences takes all its {snn.timesteps} steps: convert it with "
            "sigma_delta, which takes one step for each, or write a SavedModel (tfsnn "
            "export saved_model --over-time)"
        )
    settings = snn.frame_settings(batch_size, 1, None)
    graph = with_constants(snn.graph)
    if graph is None:
        raise ModelError(
            f"{snn.name} is too large to be exported as a step, whose weights are in "
            "its file: export it as a SavedModel (tfsnn export saved_model)"
        )
    form = initial_state(snn.graph, batch_size, settings)
    leaves = [leaf.numpy() for leaf in tf.nest.flatten(form)]
    shapes = snn.inputs_by_name
    names = input_names(shapes)
    outputs = output_names(snn)
    own = state_names(form, [*names, *outputs, COUNTED])
    inputs = {
        name: tf.TensorSpec((batch_size, *shape), tf.float32, name)
        for name, shape in zip(names, shapes.values(), strict=True)
    }
    program = StepProgram(
        None, inputs, dict(zip(own, leaves, strict=True)), tuple(outputs)
    )

    def step(**given: Any) -> None:
        x = {of: given[name] for of, name in zip(shapes, names, strict=True)}
        state = tf.nest.pack_sequence_as(form, [given[name] for name in own])
        result = advance_frame(graph, x, state, settings, observe=(SPIKES,))
        after = tf.nest.flatten(result.state)
        values = [*result.outputs, _counted(result.observed, batch_size), *after]
        for name, value in zip(program.results, values, strict=True):
            tf.identity(value, name)

    traced = tf.function(step, autograph=False).get_concrete_function(**program.specs)
    return replace(program, graph_def=without_clips(traced.graph.as_graph_def()))


def _counted(observed: dict[str, Any], batch_size: int) -> Any:
    """Count the spikes of one step, ``(B,)``, whatever they carry."""
    found = [
        tf.math.count_nonzero(tf.reshape(sent, (batch_size, -1)), 1, dtype=tf.float32)
        for sent in observed.values()
    ]
    return tf.add_n(found) if found else tf.zeros(batch_size)


def without_clips(graph_def: Any) -> Any:
    """Return a graph with a maximum and a minimum in place of each clip.

    LiteRT has no clip, and that of onnxruntime takes numbers for bounds, no arrays.
    """
    changed = type(graph_def)()
    changed.CopyFrom(graph_def)
    del changed.node[:]
    for node in graph_def.node:
        if node.op != "ClipByValue":
            changed.node.add().CopyFrom(node)
            continue
        value, least, most = node.input
        below = changed.node.add(name=f"{node.name}/below", op="Minimum")
        below.input.extend([value, most])
        clipped = changed.node.add(name=node.name, op="Maximum")
        clipped.input.extend([below.name, least])
        for each in (below, clipped):
            each.attr["T"].CopyFrom(node.attr["T"])
    return changed
