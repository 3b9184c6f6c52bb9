"""The signatures of an exported network: stateless functions that answer requests.

Every tensor of a signature has the batch first. T is fixed by the conversion; inputs
come in the form of an :class:`~tfsnn.export.saved_model.input_forms.InputForm`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import tensorflow as tf

from tfsnn.export.saved_model.input_forms import InputForm
from tfsnn.network.graph import Graph
from tfsnn.simulation.compiled import with_constants
from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.simulate import Result, simulate
from tfsnn.simulation.steps import COUNTS, OUTPUTS
from tfsnn_numpy.tasks import Output
from tfsnn_numpy.tasks.output import PROBABILITIES

DEFAULT, OUTPUTS_ONLY, ANYTIME, CLASSIFY, XLA = (
    "serving_default",
    "outputs_only",
    "anytime",
    "classify",
    "serving_xla",
)
EVENTS = 0  # column of the counts with the spikes, whatever their coefficients


class Signatures:
    """The signatures of a spiking network, to be saved by ``tf.saved_model.save``."""

    def __init__(
        self, snn: SpikingModel, form: InputForm, early_exit: ExitRule | None = None
    ) -> None:
        """Prepare the signatures of a network.

        Args:
            snn: network that answers.
            form: form in which its inputs come.
            early_exit: rule by which samples leave early; None for no early exit.
        """
        self.snn, self.form, self.early_exit = snn, form, early_exit
        self.names = dict(
            zip(snn.inputs_by_name, input_names(snn.inputs_by_name), strict=True)
        )
        # Read outside of any trace, in which `snn.graph` would read the variables.
        self._readouts = snn.graph_outputs
        self.output_names = output_names(snn)
        self.compiled = False  # whether XLA compiles any signature
        self._constant_graph = with_constants(snn.graph)
        self._outputs_only = tf.function(
            lambda x: self._without_spikes(self.graph_on_cpu(), x), autograph=False
        )
        self.fillers = {  # a value that the network takes, by name in signatures
            self.names[name]: form.filler(name, shape)
            for name, shape in snn.inputs_by_name.items()
        }

    def specs(self, batch_size: int | None = None) -> dict[str, tf.TensorSpec]:
        """Return the specs of the inputs by name, for one batch size or any (None)."""
        return {
            self.names[name]: self.form.spec(name, shape, batch_size, self.names[name])
            for name, shape in self.snn.inputs_by_name.items()
        }

    def features(self) -> dict[str, Any]:
        """Return how to read the inputs from a ``tf.Example``, by name."""
        return {
            self.names[name]: self.form.feature(name, shape)
            for name, shape in self.snn.inputs_by_name.items()
        }

    @property
    def variables(self) -> list[tf.Variable]:
        """The weights, unless they are constants in the graph; no signature writes."""
        if self._constant_graph is not None and not self.compiled:
            return []
        return [weight.value for weight in self.snn.weights]

    def serving_default(self) -> Any:
        """Trace outputs ``(B, ...)``, int32 steps and float32 spikes ``(B,)``."""
        counted = tf.function(
            lambda x: self._with_spikes(self.graph_on_cpu(), x), autograph=False
        )
        return self._traced(counted)

    def outputs_only(self) -> Any:
        """Trace outputs and steps; counting spikes would take time in every step."""
        return self._traced(self._outputs_only)

    def anytime(self) -> Any:
        """Trace the outputs after each step, ``(B, T, ...)``."""
        return self._traced(tf.function(self._outputs_over_time, autograph=False))

    def classify(self, class_names: Sequence[str]) -> Any:
        """Trace classes and scores ``(B, classes)``, best first, of `tf.Example`.

        One score of yes or no is that of two classes, no and yes.
        """

        def classify(**x: Any) -> dict[str, Any]:
            parsed = tf.io.parse_example(x["inputs"], self.features())
            outputs = self._outputs_only(self.prepared(parsed))["outputs"]
            outputs = of_two(outputs, self.snn.outputs_known[0])
            scores, classes = tf.math.top_k(outputs, outputs.shape[-1])
            names = tf.gather(tf.constant(class_names), classes)
            return {"classes": names, "scores": scores}

        spec = tf.TensorSpec((None,), tf.string, name="inputs")
        return graph_of(classify, {"inputs": spec})

    def serving_xla(self, batch_size: int | None) -> Any:
        """Trace the default signature for XLA, for one batch size or any (None).

        The form's work on the inputs is not compiled, as XLA decodes no images. The
        weights are variables: XLA arranges them itself, and every signature would hold
        its own copy of constants.
        """
        self.compiled = True
        answer = tf.function(
            lambda x: self._with_spikes(self.snn.graph, x, static=True),
            autograph=False,
            jit_compile=True,
        )
        return self._traced(answer, batch_size)

    def _traced(self, answer: Callable, batch_size: int | None = None) -> Any:
        return graph_of(lambda **x: answer(self.prepared(x)), self.specs(batch_size))

    def prepared(self, x: dict[str, Any]) -> dict[str, Any]:
        """Turn a request's inputs into the network's, float32, by their own names."""
        return {
            name: self.form.prepare(name, shape, x[self.names[name]])
            for name, shape in self.snn.inputs_by_name.items()
        }

    def _without_spikes(self, graph: Graph, x: dict[str, Any]) -> dict[str, Any]:
        return self._by_name(self._simulated(graph, x, early_exit=self.early_exit))

    def _with_spikes(
        self, graph: Graph, x: dict[str, Any], static: bool = False
    ) -> dict[str, Any]:
        shapes = self.snn.populations
        units = {name: tf.ones(math.prod(s)) for name, s in shapes.items()}
        result = self._simulated(
            graph,
            x,
            observe=(COUNTS,),
            fan_outs=units,
            static=static,
            early_exit=self.early_exit,
        )
        batch = tf.shape(result.outputs[0])[0]
        spikes = [
            tf.reduce_sum(counts[..., EVENTS], 0)  # (S, B) to (B,)
            for counts in result.observed.values()
        ]
        total = tf.add_n(spikes) if spikes else tf.zeros((batch,))
        return {**self._by_name(result), "spikes": total}

    def _by_name(self, result: Result) -> dict[str, Any]:
        outputs = zip(self.output_names, result.outputs, strict=True)
        return {**dict(outputs), "steps": result.steps}

    def _outputs_over_time(self, x: dict[str, Any]) -> dict[str, Any]:
        result = self._simulated(self.graph_on_cpu(), x, observe=(OUTPUTS,))
        return {
            name: self._batch_first(result.observed[f"{OUTPUTS}/{node}"])
            for name, node in zip(self.output_names, self._readouts, strict=True)
        }

    def _batch_first(self, values: Any) -> Any:
        """Swap time and batch: ``(T, B, ...)`` to ``(B, T, ...)``."""
        values = tf.ensure_shape(values, (self.snn.timesteps, *values.shape[1:]))
        return tf.transpose(values, (1, 0, *range(2, values.shape.rank)))

    def graph_on_cpu(self) -> Graph:
        """Return the network's graph, with constant weights where these are allowed."""
        return self._constant_graph or self.snn.graph

    def _simulated(self, graph: Graph, x: dict[str, Any], **more: Any) -> Result:
        """Simulate the network; all signatures run it here."""
        chunk = self.snn.chunk_for(None)
        steps = self.snn.timesteps
        return simulate(graph, x, steps, chunk=chunk, gradients=False, **more)


def graph_of(function: Callable, specs: dict[str, tf.TensorSpec]) -> Any:
    """Trace a function of tensors by name, for these specs."""
    return tf.function(function, autograph=False).get_concrete_function(**specs)


def xla_name(batch_size: int | None) -> str:
    """Return the name of the XLA signature for one batch size, or any (None)."""
    return XLA if batch_size is None else f"{XLA}_{batch_size}"


def input_names(inputs: Iterable[str]) -> list[str]:
    """Return the names of the inputs in signatures: "inputs" if there is only one.

    Several inputs keep their own names, as far as a signature can have them.
    """
    names = list(inputs)
    if len(names) == 1:
        return ["inputs"]
    plain = [identifier(name) for name in names]
    return distinct(n if n[:1].isalpha() else f"inputs_{n}" for n in plain)


def identifier(name: str) -> str:
    """Return a name with "_" for what a signature cannot have in it."""
    return re.sub(r"[^0-9A-Za-z_]", "_", name)


def output_names(snn: SpikingModel) -> list[str]:
    """Name the outputs: "outputs" for the first, others by their key or layer."""
    keys, graph = snn.output_keys, snn.graph
    layers = [graph[name].layer or name for name in graph.answers]
    own = layers if isinstance(keys, bool) else list(keys)
    return ["outputs", *distinct(f"outputs_{identifier(name)}" for name in own[1:])]


def distinct(names: Iterable[str]) -> list[str]:
    """Number names where they would be equal."""
    found: list[str] = []
    for name in names:
        number, free = 1, name
        while free in found:
            number += 1
            free = f"{name}_{number}"
        found.append(free)
    return found


def of_two(scores: Any, output: Output) -> Any:
    """Return the scores ``(B, 2)`` of no and yes for one, ``(B, 1)``; others as given.

    The probability of no is what that of yes leaves; beside a logit there is a 0.
    """
    if output.size != 1:
        return scores
    yes = tf.reshape(scores, (-1, 1))
    no = 1 - yes if output.head in PROBABILITIES else tf.zeros_like(yes)
    return tf.concat([no, yes], -1)
