"""The base of engines: each runs one network, and knows what that takes and costs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from tfsnn.errors import OptionError
from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.results import Results
from tfsnn.sources.keras_model.structure import OutputKeys, output_columns
from tfsnn_numpy.sums import Costs
from tfsnn_numpy.tasks import Output


class Engine(ABC):
    """One network, ready to run; what measures networks takes these.

    Attributes:
        kind: the name of the engine, by which it is chosen.
        traceable: whether :meth:`run` gives tensors and can be traced by TensorFlow, as
            a ``tf.distribute.Strategy`` needs it.
        name: the name of the network.
        inputs: the shapes of one sample, by name, in order.
        whole_inputs: the inputs that take integers.
        raw_inputs: the inputs that take 8-bit values as they are, 0..255, and not
            divided by 255; None if that is not known.
        raw_recorded: whether that is how the network was calibrated, so that nothing
            else can be right.
        ranges: the smallest and the largest value that the network was calibrated on,
            by input; empty if that is not known.
        timesteps: T, the steps of a run; None for a network that is not spiking.
        by_element: whether it is recurrent and takes one element of a sequence at a
            time, so that samples are sequences.
        output_keys: how the outputs are arranged
            (:data:`tfsnn.sources.keras_model.structure.OutputKeys`).
        early_exit: the rule by which samples leave a run that nothing observes.
    """

    kind: ClassVar[str]
    traceable: ClassVar[bool] = False

    name: str
    inputs: Mapping[str, tuple[int, ...]]
    whole_inputs: Collection[str] = frozenset()
    raw_inputs: Collection[str] | None = None
    raw_recorded: bool = False
    ranges: Mapping[str, tuple[float, float]] = MappingProxyType({})
    timesteps: int | None = None
    by_element: bool = False
    output_keys: OutputKeys = False
    early_exit: ExitRule | None = None

    @classmethod
    @abstractmethod
    def takes(cls, network: Any) -> bool:
        """Return whether this engine can run such a network, by its type."""

    @classmethod
    @abstractmethod
    def of(cls, network: Any) -> Engine:
        """Return the engine that runs a network, for its own number of steps."""

    @property
    def outputs(self) -> Sequence[Output]:
        """The outputs, in order, as far as judging needs to know; empty if unknown."""
        return ()

    @property
    def ran_by(self) -> str:
        """What simulated last, and why nothing else did; by default the kind."""
        return self.kind

    @property
    def hints(self) -> Mapping[str, Sequence[str]]:
        """Tasks by output, taken where head, shape and labels leave a choice."""
        return {}

    @property
    @abstractmethod
    def digest(self) -> str:
        """Return the digest of all that outputs depend on but the samples and T."""

    @abstractmethod
    def run(self, x: Any, observe: Collection[str] = ()) -> Results:
        """Run a batch.

        Args:
            x: samples ``(B, *input shape)``; of several inputs a dict by name.
            observe: any of "outputs" (the outputs after each step) and "counts"
                (spikes and operations, by node). With any of these all samples go
                through all steps.
        """

    def described(self, sample: Any) -> Sequence[Output]:
        """Return the outputs; of an engine that does not know, by running a sample.

        Args:
            sample: a batch of one, as for :meth:`run`.
        """
        if self.outputs:
            return self.outputs
        values = list(
            output_columns(self.output_keys, self.run(sample).outputs).items()
        )
        shapes = set(self.inputs.values())
        return [
            Output(name, (shape := tuple(y.shape[1:])), like_input=shape in shapes)
            for name, y in values
        ]

    def costs(self) -> Costs | None:
        """Return the costs beside the spikes; None if nothing is counted."""
        return None

    def at(self, timesteps: int) -> Engine:
        """Return an engine of the same network that runs T steps.

        Raises:
            OptionError: if this one cannot.
        """
        if timesteps == self.timesteps:
            return self
        if self.timesteps is None:
            raise OptionError(
                f"timesteps={timesteps}: {self.name} is not a spiking network; leave "
                "them out, or convert it first"
            )
        raise OptionError(
            f"timesteps={timesteps}: {self.name} runs {self.timesteps} steps in the "
            f"engine {self.kind}; make it again for {timesteps}"
        )

    def until(self, timesteps: int) -> Engine:
        """Return an engine of the same network whose outputs over time reach step T.

        Raises:
            OptionError: if this one ends before.
        """
        if self.timesteps is not None and timesteps <= self.timesteps:
            return self
        return self.at(timesteps)

    def deciding(self) -> Engine:
        """Return an engine whose first output is the scores by which samples leave.

        Raises:
            OptionError: for a network or an engine without early exit.
        """
        raise OptionError(
            f"early exit: the engine {self.kind} of {self.name} has none; give the "
            "network from tfsnn.convert"
        )

    def with_all_steps(self) -> Engine:
        """Return an engine of the same network without early exit."""
        return self
