"""The spiking network as a Keras model: a pure function of its input."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.errors import DataError, OptionError
from tfsnn.network.graph import Graph
from tfsnn.network.migration import dropped_arrays
from tfsnn.network.node import Node
from tfsnn.network.operations import Operations, count_operations
from tfsnn.simulation.compiled import (
    Runs,
    Way,
    compiled,
    on_accelerator,
    with_variables,
)
from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.report import ConversionReport
from tfsnn.simulation.simulate import Result, simulate
from tfsnn.simulation.steps import COUNTS, OUTPUTS, POTENTIALS, SPIKES, VALUES
from tfsnn.simulation.trace import Trace
from tfsnn_numpy.results import table

# Samples times steps that a layer takes at a time, where K is free, and the largest K:
# so few keep a layer's values in the cache of a CPU, and fewer do not fill its cores.
AT_A_TIME, LARGEST_CHUNK = 32, 4


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
        chunk: int | None = None,
        early_exit: ExitRule | Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Hold a spiking graph.

        Args:
            graph: in normal form, or its config.
            timesteps: T, of a call.
            report: of the conversion.
            output_keys: of a dict of outputs; True for a list, False for one.
            chunk: K, steps advanced at a time; by the size of the batch if None.
            early_exit: when a sample is decided, or its ``to_dict``.
        """
        super().__init__(**kwargs)
        self._dropped: frozenset[int] = frozenset()  # of the arrays of an old file
        if isinstance(graph, Mapping):
            self._dropped = dropped_arrays(graph)
            graph = Graph.from_config(graph)
        if isinstance(report, Mapping):
            report = ConversionReport.from_dict(report)
        self.report = report
        self.timesteps = _positive("timesteps", timesteps)
        self.chunk = None if chunk is None else _positive("chunk", chunk)
        if isinstance(early_exit, Mapping):
            early_exit = ExitRule.from_dict(early_exit)
        self.early_exit = early_exit
        self.output_keys = output_keys
        self._variables_by_field: dict[str, Any] = {}
        # The structure alone: zeros in place of the arrays, which the variables hold.
        self._structure = graph.map_arrays(self._make_variable)
        self._runs = Runs()
        self._operations: Operations | None = None
        self.input_spec = _input_spec(graph.inputs)
        self.built = True
        self.jit_compile = on_accelerator()

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
            jit_compile = on_accelerator()
        super().compile(*args, jit_compile=jit_compile, **kwargs)

    @property
    def graph(self) -> Graph:
        """The spiking graph in normal form, with its weights as tensors."""
        return with_variables(self._structure, self._variables_by_field)

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
        return {node.name: node.shape for node in self._structure if node.spikes}

    @property
    def depth(self) -> int:
        """The spiking populations on the longest way from an input to an output."""
        depths: dict[str, int] = {}
        for node in self._structure:
            before = max((depths[name] for name in node.inputs), default=0)
            depths[node.name] = before + node.spikes
        return max(depths.values())

    @property
    def operations_per_sample(self) -> Operations:
        """Connections counted (:mod:`tfsnn.network.operations`)."""
        if self._operations is None:
            self._operations = count_operations(self._structure)
        return self._operations

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Simulate ``self.timesteps`` steps: ``(B, *input shape)`` to the outputs."""
        feed = self._structure.feed(inputs)
        feed = {name: tf.cast(x, tf.float32) for name, x in feed.items()}
        first = next(iter(feed.values()))
        result = simulate(
            self.graph,
            feed,
            self.timesteps,
            chunk=self.chunk_for(first.shape[0]),
            early_exit=self.early_exit,
            static=bool(self.jit_compile),
        )
        return self._arranged(result.outputs)

    def chunk_for(self, batch: int | None) -> int:
        """K, the steps advanced at a time, for a batch; None where it is unknown."""
        if self.chunk is not None:
            return self.chunk
        return LARGEST_CHUNK if batch and batch * LARGEST_CHUNK <= AT_A_TIME else 1

    def _arranged(self, outputs: list[Any]) -> Any:
        if self.output_keys is True:
            return outputs
        if self.output_keys is False:
            return outputs[0]
        return dict(zip(self.output_keys, outputs, strict=True))

    def run(
        self,
        x: Any,
        timesteps: int | None = None,
        observe: Collection[str] = (),
        early_exit: ExitRule | None = None,
    ) -> Result:
        """Simulate, compiled, observing what :func:`simulate` can; no gradients.

        Without `early_exit` every sample goes through all steps.
        """
        timesteps = self.timesteps if timesteps is None else timesteps
        timesteps = _positive("timesteps", timesteps)
        feed = self._checked(x)
        chunk = self.chunk_for(next(iter(feed.values())).shape[0])
        if early_exit is not None and self.chunk is None:
            chunk = 1  # asked after each step
        way = Way(timesteps, frozenset(observe), chunk, early_exit)
        if way not in self._runs.by_way:
            counts = COUNTS in way.observe
            fan_outs = self.operations_per_sample.fan_outs if counts else {}
            variables = self._variables_by_field
            self._runs.by_way[way] = compiled(self._structure, variables, way, fan_outs)
        return self._runs.by_way[way](feed)

    def load_own_variables(self, store: Any) -> None:
        """As in Keras; what was compiled with other weights is forgotten."""
        if len(store.keys()) == len(self.weights) + len(self._dropped):
            kept = [i for i in range(len(store.keys())) if i not in self._dropped]
            store = {str(new): store[str(old)] for new, old in enumerate(kept)}
        super().load_own_variables(store)
        self._runs.by_way.clear()

    def set_weights(self, weights: Any) -> None:
        """As in Keras; what was compiled with other weights is forgotten."""
        super().set_weights(weights)
        self._runs.by_way.clear()

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """As in Keras; for arrays, without the cost of its data pipeline.

        With an :attr:`early_exit`, `x` has to be arrays, and the result is
        ``{"outputs", "steps"}``: the outputs, and the steps of each sample, ``(N,)``
        int32.

        Raises:
            OptionError: for early exit and something else than arrays.
            DataError: for arrays of another shape.
        """
        keras_only = (
            self.jit_compile or callbacks or steps or tf.distribute.has_strategy()
        )
        arrays = all(isinstance(a, np.ndarray | tf.Tensor) for a in tf.nest.flatten(x))
        if self.early_exit and (keras_only or not arrays):
            raise OptionError(
                "early exit gives outputs and steps of arrays: predict them without "
                "callbacks, a strategy or jit_compile"
            )
        if keras_only or not arrays:
            return super().predict(x, batch_size, verbose, steps, callbacks)
        feed, size = self._checked(x), batch_size or 32
        count = len(next(iter(feed.values())))
        bar = keras.utils.Progbar(-(-count // size), verbose=1 if verbose else 0)
        results = []
        for start in range(0, max(count, 1), size):
            part = {name: x[start : start + size] for name, x in feed.items()}
            results.append(self.run(part, early_exit=self.early_exit))
            bar.add(1)
        joined = [
            np.concatenate([y.numpy() for y in parts])
            for parts in zip(*(r.outputs for r in results), strict=True)
        ]
        outputs = self._arranged(joined)
        if self.early_exit is None:
            return outputs
        used = np.concatenate([result.steps.numpy() for result in results])
        return {"outputs": outputs, "steps": used}

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
            "early_exit": self.early_exit and self.early_exit.to_dict(),
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


def _positive(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise OptionError(f"{name}={value!r} must be a positive integer")
    return int(value)
