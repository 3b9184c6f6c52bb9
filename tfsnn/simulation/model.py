"""The spiking network as a Keras model: a pure function of its input."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache, partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.network.clock import Clock
from tfsnn.network.connections import Connections, connections
from tfsnn.network.digest import model_digest
from tfsnn.network.fields import is_trained
from tfsnn.network.graph import Graph
from tfsnn.network.migration import dropped_arrays, without
from tfsnn.network.node import Node
from tfsnn.network.operations import Operations, count_operations
from tfsnn.simulation.choice_of_engine import RunByEngines, check_simulator
from tfsnn.simulation.compiled import (
    RunKey,
    Simulations,
    on_accelerator,
    with_variables,
)
from tfsnn.simulation.computed_in import computed_here
from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.feed import checked_feed, float_feed, input_spec
from tfsnn.simulation.frames import refuse_still
from tfsnn.simulation.outputs import outputs_of
from tfsnn.simulation.over_time import FrameByFrame
from tfsnn.simulation.predict import EarlyPrediction, predict_arrays
from tfsnn.simulation.report import ConversionReport, graph_table
from tfsnn.simulation.saved import checked_config
from tfsnn.simulation.simulate import Result, simulate
from tfsnn.simulation.steps import COUNTS
from tfsnn.simulation.ways import Ways
from tfsnn.sources.keras_model.scopes import NamedFreely
from tfsnn.sources.keras_model.structure import OutputKeys, arranged_outputs
from tfsnn_numpy.checks import check_count
from tfsnn_numpy.tasks import Output


@keras.saving.register_keras_serializable(package="tfsnn")
class SpikingModel(FrameByFrame, RunByEngines, NamedFreely):
    """A spiking network as a Keras model; made by :func:`tfsnn.convert`.

    Called on a batch ``(B, *input shape)`` it simulates ``timesteps`` steps of that as
    a constant input current and returns the outputs in the ANN's own units. Several
    inputs are a list in order or a dict by name (:attr:`inputs_by_name`). It has no
    state between calls; a :meth:`stream` of it has. ``jit_compile="auto"`` means XLA on
    GPU and TPU, not on CPU, where XLA's convolutions are several times slower.
    """

    def __init__(
        self,
        graph: Graph | Mapping[str, Any],
        timesteps: int,
        report: ConversionReport | Mapping[str, Any],
        output_keys: OutputKeys = False,
        chunk: int | None = None,
        early_exit: ExitRule | Mapping[str, Any] | None = None,
        trainable: bool = False,
        **kwargs: Any,
    ) -> None:
        """Make the model of a spiking graph.

        Args:
            graph: the spiking graph in normal form, or its config.
            timesteps: T, the steps of a call.
            report: the report of the conversion.
            output_keys: the keys of a dict of outputs; True for a list, False for one.
            chunk: K, steps advanced at a time; by the size of the batch if None.
            early_exit: the rule by which samples leave, or its ``to_dict``.
            trainable: whether ``fit`` trains weights and biases.
        """
        super().__init__(trainable=trainable, **kwargs)
        self._dropped: frozenset[int] = frozenset()  # of the arrays of an old file
        if isinstance(graph, Mapping):
            self._dropped = dropped_arrays(graph)
            graph = Graph.from_config(graph)
        if isinstance(report, Mapping):
            report = ConversionReport.from_dict(report)
        self.report = report
        self.timesteps = check_count("timesteps", timesteps)
        self.chunk = None if chunk is None else check_count("chunk", chunk)
        if isinstance(early_exit, Mapping):
            early_exit = ExitRule.from_dict(early_exit)
        self.early_exit = early_exit
        self.output_keys = output_keys
        self._variables_by_field: dict[str, Any] = {}
        # The structure alone: zeros in place of the arrays, which the variables hold.
        self._structure = graph.map_arrays(self._make_variable)
        variables = self._variables_by_field
        self._simulations = Simulations(
            computed_here(self._structure), variables, not trainable
        )
        self._ways = Ways(partial(model_digest, self._structure))
        self._operations = cache(partial(count_operations, self._structure))
        self._connections = cache(partial(self._connected, self._structure))
        self.input_spec = input_spec(graph.given)
        self.built = True
        self.jit_compile = on_accelerator()

    def _make_variable(self, node: Node, name: str, values: Any) -> Any:
        values = np.asarray(values, np.float32)
        variable = self.add_weight(
            name=f"{node.name}.{name}".replace("/", "."),
            shape=values.shape,
            initializer=lambda shape, dtype: tf.constant(values),  # no assignment
            trainable=self.trainable and is_trained(node, name),
            dtype="float32",
            autocast=False,
        )
        self._variables_by_field[f"{node.name}.{name}"] = variable
        return np.broadcast_to(np.float32(0), values.shape)  # takes no memory

    def compile(self, *args: Any, jit_compile: bool | str = "auto", **kwargs: Any):
        """Compile as Keras does, but "auto" means XLA on GPU and TPU only."""
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
        return self._structure.given

    @property
    def whole_inputs(self) -> frozenset[str]:
        """The names of the inputs that take integers."""
        return self._structure.whole_inputs

    @property
    def populations(self) -> dict[str, tuple[int, ...]]:
        """The spiking nodes, in order: name and shape."""
        return {node.name: node.shape for node in self._structure if node.spikes}

    @property
    def graph_outputs(self) -> tuple[str, ...]:
        """The names of the nodes of the outputs, in order."""
        return self._structure.answers

    @property
    def outputs_known(self) -> tuple[Output, ...]:
        """The outputs, in order, as far as judging them needs to know."""
        return outputs_of(self._structure, self.output_keys, self.report.heads)

    @property
    def clock(self) -> Clock:
        """The network's clock: how steps count (:class:`tfsnn.network.clock.Clock`)."""
        return self._structure.clock

    @property
    def depth(self) -> int:
        """The spiking populations on the longest way from an input to an output."""
        return self._structure.depth

    def operations_per_sample(self) -> Operations:
        """Count what a sample costs, once; saving reads properties, so this is none."""
        return self._operations()

    def connections(self) -> Connections:
        """Take the operations apart by layer, once."""
        return self._connections()

    def _connected(self, structure: Graph) -> Connections:
        return connections(structure, self.operations_per_sample())

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Simulate ``self.timesteps`` steps: ``(B, *input shape)`` to the outputs."""
        refuse_still(self._structure, self.name)
        feed = float_feed(self._structure, inputs)
        batch = next(iter(feed.values())).shape[0]
        result = simulate(
            computed_here(self.graph),
            feed,
            self.timesteps,
            chunk=self.chunk_for(batch, self.early_exit),
            early_exit=self.early_exit,
            static=bool(self.jit_compile),
        )
        return arranged_outputs(self.output_keys, result.outputs)

    def run(
        self,
        x: Any,
        timesteps: int | None = None,
        observe: Collection[str] = (),
        early_exit: ExitRule | None = None,
        engine: str | None = None,
    ) -> Result:
        """Run the compiled simulation, without gradients, and observe.

        Without `early_exit` every sample goes through all steps. The arguments are
        those of :func:`tfsnn.simulation.simulate.simulate`; `engine` takes the place
        of :attr:`engine`.
        """
        refuse_still(self._structure, self.name)
        timesteps = self.timesteps if timesteps is None else timesteps
        timesteps = check_count("timesteps", timesteps)
        feed = checked_feed(self._structure, x)
        counts = COUNTS in observe
        fan_outs = self.connections().columns if counts else {}
        chunk = 1 if early_exit and self.chunk is None else self.chunk
        key = RunKey(timesteps, frozenset(observe), chunk, early_exit)
        run = partial(self._simulations.run, fan_outs)
        return self.run_by(check_simulator(engine or self.engine), key, run, feed)

    def load_own_variables(self, store: Any) -> None:
        """Load the weights as Keras does, without the arrays that old files have."""
        super().load_own_variables(without(store, self._dropped, len(self.weights)))

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Predict as Keras does; for arrays without the cost of its data pipeline.

        With an :attr:`early_exit` samples leave early, as in :meth:`predict_early`.

        Raises:
            DataError: for arrays of another shape.
        """
        arrays = all(isinstance(a, np.ndarray | tf.Tensor) for a in tf.nest.flatten(x))
        strategy = tf.distribute.has_strategy()
        if self.jit_compile or callbacks or steps or strategy or not arrays:
            return super().predict(x, batch_size, verbose, steps, callbacks)
        return self._predicted(x, batch_size, verbose).outputs

    def predict_early(
        self, x: Any, batch_size: int | None = None, verbose: str | int = "auto"
    ) -> EarlyPrediction:
        """Predict arrays, and return the steps that each sample took as well.

        Args:
            x: samples ``(N, *input shape)``; of several inputs a list or a dict.
            batch_size: samples simulated at a time; :attr:`batch_size` if None.
            verbose: whether a progress bar is shown.

        Raises:
            OptionError: for a network without early exit.
            DataError: for arrays of another shape.
        """
        if self.early_exit is None:
            raise OptionError(
                f"{self.name} has no early exit: every sample takes {self.timesteps} "
                "steps. Find a rule with tfsnn.calibrate_exit and set it as early_exit"
            )
        return self._predicted(x, batch_size, verbose)

    def _predicted(
        self, x: Any, batch_size: int | None, verbose: str | int
    ) -> EarlyPrediction:
        run = partial(self.run, early_exit=self.early_exit)
        refuse_still(self._structure, self.name)
        feed = checked_feed(self._structure, x, self.report)
        outputs, steps = predict_arrays(
            run, feed, batch_size or self.batch_size, verbose
        )
        return EarlyPrediction(arranged_outputs(self.output_keys, outputs), steps)

    def summary(self, print_fn: Callable[[str], Any] = print, **_: Any) -> None:
        """Print the nodes: kind, output shape, parameters."""
        print_fn(f"{self.name}: {self.report.method}, T={self.timesteps}")
        print_fn(graph_table(self._structure))

    def get_config(self) -> dict[str, Any]:
        """Return the structure as JSON; the weights are saved beside it."""
        return {
            "name": self.name,
            "graph": self._structure.to_config(),
            "timesteps": self.timesteps,
            "report": self.report.to_dict(),
            "output_keys": self.output_keys,
            "chunk": self.chunk,
            "early_exit": self.early_exit and self.early_exit.to_dict(),
            "trainable": self.trainable,
        }

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> SpikingModel:
        """Make a model from its :meth:`get_config`; weights are not loaded."""
        return cls(**checked_config(config))
