"""The spiking network as a Keras model: a pure function of its input."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.errors import DataError, OptionError
from tfsnn.graph import Graph, Node
from tfsnn.neurons.integrate_fire import without_gradients
from tfsnn.nodes import Rate
from tfsnn.operations import Operations, count_operations
from tfsnn.report import ConversionReport, table
from tfsnn.simulate import (
    COUNTS,
    OUTPUTS,
    POTENTIALS,
    SPIKES,
    VALUES,
    Result,
    simulate,
)

# Steps advanced at a time (K). On CPU, K = 1 keeps a layer's values in the cache; a
# larger K is faster only for batches of a few samples (see benchmarks/speed.py).
CHUNK = 1


@dataclass(frozen=True)
class Trace:
    """A recorded simulation, NumPy arrays by node name.

    Attributes:
        outputs: of each output of the model after each step, ``(T, B, ...)``.
        spikes: coefficients, integers as float32, ``(T, B, ...)``.
        potentials: after firing, in thresholds, ``(T, B, ...)``.
        values: what synapses receive for the spikes, in thresholds, ``(T, B, ...)``;
            the coefficients themselves but for differential coding and few spikes.

    Where the method has pre-steps, all but the outputs begin with them.
    """

    outputs: list[np.ndarray]
    spikes: dict[str, np.ndarray]
    potentials: dict[str, np.ndarray]
    values: dict[str, np.ndarray]


@keras.saving.register_keras_serializable(package="tfsnn")
class SpikingModel(keras.Model):
    """A converted network; made by :func:`tfsnn.convert`.

    Called on a batch ``(B, *input shape)`` it simulates ``timesteps`` steps of that as
    a constant input current and returns the outputs in the ANN's own units. Several
    inputs are a list in order or a dict by name (:attr:`inputs_by_name`). It has no
    state between calls. ``jit_compile="auto"`` means XLA on GPU and TPU, not on CPU,
    where XLA's convolutions are several times slower.
    """

    def __init__(
        self,
        graph: Graph | Mapping[str, Any],
        timesteps: int,
        report: ConversionReport | Mapping[str, Any],
        output_keys: Collection[str] | bool = False,
        chunk: int = CHUNK,
        **kwargs: Any,
    ) -> None:
        """Hold a spiking graph.

        Args:
            graph: in normal form, or its config.
            timesteps: T, of a call.
            report: of the conversion.
            output_keys: of a dict of outputs; True for a list, False for one.
            chunk: K, steps advanced at a time.
        """
        super().__init__(**kwargs)
        graph = Graph.from_config(graph) if isinstance(graph, Mapping) else graph
        if isinstance(report, Mapping):
            report = ConversionReport.from_dict(report)
        self.report = report
        self.timesteps = _positive("timesteps", timesteps)
        self.chunk = _positive("chunk", chunk)
        self.output_keys = output_keys
        self._variables_by_field: dict[str, Any] = {}
        # The structure alone: zeros in place of the arrays, which the variables hold.
        self._structure = graph.map_arrays(self._make_variable)
        self._runs: dict[Any, Any] = {}
        self._operations: Operations | None = None
        self.input_spec = _input_spec(graph.inputs)
        self.built = True
        self.jit_compile = _on_accelerator()

    def _make_variable(self, node: Node, name: str, values: Any) -> Any:
        values = np.asarray(values, np.float32)
        variable = self.add_weight(
            name=f"{node.name}.{name}".replace("/", "."),
            shape=values.shape,
            initializer="zeros",
            trainable=False,
            dtype="float32",
            autocast=False,
        )
        variable.assign(values)
        self._variables_by_field[f"{node.name}.{name}"] = variable
        return np.broadcast_to(np.float32(0), values.shape)  # takes no memory

    def compile(self, *args: Any, jit_compile: bool | str = "auto", **kwargs: Any):
        """As in Keras, where "auto" means XLA on GPU and TPU only."""
        if jit_compile == "auto":
            jit_compile = _on_accelerator()
        super().compile(*args, jit_compile=jit_compile, **kwargs)

    @property
    def graph(self) -> Graph:
        """The spiking graph in normal form, with its weights as tensors."""
        return self._structure.map_arrays(
            lambda node, name, _: tf.convert_to_tensor(
                self._variables_by_field[f"{node.name}.{name}"]
            )
        )

    @property
    def inputs_by_name(self) -> dict[str, tuple[int, ...]]:
        """The inputs, in order: name and shape for one sample."""
        return self._structure.inputs

    @property
    def whole_inputs(self) -> frozenset[str]:
        """The names of the inputs that take integers."""
        return self._structure.whole_inputs

    @property
    def populations(self) -> dict[str, tuple[int, ...]]:
        """The spiking nodes, in order: name and shape."""
        return {node.name: node.shape for node in self._structure.of_kind(Rate)}

    @property
    def depth(self) -> int:
        """The spiking populations on the longest way from an input to an output."""
        depths: dict[str, int] = {}
        for node in self._structure:
            before = max((depths[name] for name in node.inputs), default=0)
            depths[node.name] = before + isinstance(node, Rate)
        return max(depths.values())

    @property
    def operations_per_sample(self) -> Operations:
        """Connections counted (:mod:`tfsnn.operations`)."""
        if self._operations is None:
            self._operations = count_operations(self._structure)
        return self._operations

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Simulate ``self.timesteps`` steps: ``(B, *input shape)`` to the outputs."""
        feed = self._structure.feed(inputs)
        feed = {name: tf.cast(x, tf.float32) for name, x in feed.items()}
        result = simulate(self.graph, feed, self.timesteps, chunk=self.chunk)
        return self._arranged(result.outputs)

    def _arranged(self, outputs: list[Any]) -> Any:
        if self.output_keys is True:
            return outputs
        if self.output_keys is False:
            return outputs[0]
        return dict(zip(self.output_keys, outputs, strict=True))

    def run(
        self, x: Any, timesteps: int | None = None, observe: Collection[str] = ()
    ) -> Result:
        """Simulate, compiled, observing what :func:`simulate` can; no gradients."""
        timesteps = self.timesteps if timesteps is None else timesteps
        timesteps = _positive("timesteps", timesteps)
        key = (timesteps, frozenset(observe), self.chunk)
        if key not in self._runs:
            self._runs[key] = self._compiled(*key)
        return self._runs[key](self._checked(x))

    def _compiled(
        self, timesteps: int, observe: frozenset[str], chunk: int
    ) -> Callable:
        fan_outs = self.operations_per_sample.fan_outs if COUNTS in observe else {}

        @tf.function(
            input_signature=[
                {k: tf.TensorSpec((None, *s)) for k, s in self.inputs_by_name.items()}
            ],
            autograph=False,
            jit_compile=_on_accelerator(),
        )
        @without_gradients()
        def run(x: dict[str, Any]) -> Result:
            return simulate(
                self.graph,
                x,
                timesteps,
                chunk=chunk,
                observe=observe,
                fan_outs=fan_outs,
            )

        return run

    def _checked(self, x: Any) -> dict[str, Any]:
        """The inputs by name, as float32 of the right shapes."""
        try:
            feed = self._structure.feed(x)
        except (KeyError, ValueError):
            raise DataError(
                f"the inputs are not {', '.join(self.inputs_by_name)}: give a list in "
                "that order, or a dict by name"
            ) from None
        checked = {}
        for name, shape in self.inputs_by_name.items():
            values = tf.cast(tf.convert_to_tensor(feed[name]), tf.float32)
            if tuple(values.shape[1:]) != shape:
                raise DataError(
                    f"the input {name} has shape {tuple(values.shape)}; expected (B, "
                    f"{', '.join(map(str, shape))})"
                )
            checked[name] = values
        return checked

    def simulate(
        self,
        x: Any,
        timesteps: int | None = None,
        record: Iterable[str] = (SPIKES,),
    ) -> Trace:
        """Simulate and record.

        Args:
            x: ``(B, *input shape)``.
            timesteps: T; ``self.timesteps`` if None.
            record: of "spikes", "potentials" and "values". A recording takes memory
                for T times all neurons.

        Raises:
            OptionError: for something else to record.
            DataError: for an input of another shape.
        """
        wanted = set(record)
        if unknown := wanted - {SPIKES, POTENTIALS, VALUES}:
            raise OptionError(
                f"cannot record {sorted(unknown)}: spikes, potentials or values"
            )
        observed = self.run(x, timesteps, wanted | {OUTPUTS}).observed
        by_kind: dict[str, dict[str, np.ndarray]] = {}
        for key, values in observed.items():
            kind, name = key.split("/", 1)
            by_kind.setdefault(kind, {})[name] = values.numpy()
        return Trace(
            outputs=[by_kind[OUTPUTS][name] for name in self._structure.outputs],
            spikes=by_kind.get(SPIKES, {}),
            potentials=by_kind.get(POTENTIALS, {}),
            values=by_kind.get(VALUES, {}),
        )

    def summary(self, print_fn: Callable[[str], Any] = print, **_: Any) -> None:
        """Print the nodes: kind, output shape, parameters."""
        rows = [
            [
                node.name,
                type(node).__name__,
                "x".join(map(str, node.shape)),
                str(sum(int(np.size(a)) for a in node.arrays().values())),
            ]
            for node in self._structure
        ]
        print_fn(f"{self.name}: {self.report.method}, T={self.timesteps}")
        print_fn("\n".join(table(["node", "kind", "output shape", "parameters"], rows)))

    def get_config(self) -> dict[str, Any]:
        """The structure; the weights are saved beside it."""
        return {
            "name": self.name,
            "graph": self._structure.to_config(),
            "timesteps": self.timesteps,
            "report": self.report.to_dict(),
            "output_keys": self.output_keys,
            "chunk": self.chunk,
        }

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects=None
    ) -> SpikingModel:
        """The model of :meth:`get_config`, its weights not yet loaded."""
        return cls(**config)


def _input_spec(inputs: Mapping[str, tuple[int, ...]]) -> Any:
    """What Keras checks: nothing of several inputs, which may be a list or a dict."""
    if len(inputs) > 1:
        return None
    (shape,) = inputs.values()
    return keras.layers.InputSpec(shape=(None, *shape))


def _on_accelerator() -> bool:
    return bool(tf.config.list_physical_devices("GPU")) or bool(
        tf.config.list_physical_devices("TPU")
    )


def _positive(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise OptionError(f"{name}={value!r} must be a positive integer")
    return int(value)
