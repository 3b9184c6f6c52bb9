"""The clock: what each step of a simulation weighs, and which steps are read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from tfsnn.errors import OptionError
from tfsnn.network.rounding import step_weight, weighted_mean, weighted_sum

MOST_STEPS = 2**16  # of a simulation
# Steps that a delayed readout reads at least (Bu, Li, Yu, CVPR 2025: t0 <= T - 4).
READ_AT_LEAST = 4


@dataclass(frozen=True)
class Clock:
    """The meaning of a network's time steps, in numbers ready for JSON.

    Attributes:
        pre_steps: steps before the T steps that count, to set up the neurons.
        base: a step weighs `base` times the next: 1 where all count alike (a rate), the
            radix of positional codes, whose first step is the most significant.
        delay: counted steps at the start that readouts leave out.
        lookahead: steps by which a layer starts later than its input.
        layer_by_layer: whether a layer starts when its input has ended.
        exact: whether means are taken so that short numbers stay what they are.
        tracks: whether a step stands for its own value, as where changes of values are
            sent, and not for its share of a mean: functions are of each step alone.
        changing: whether inputs change between steps, so that the simulation has no end
            that is known (:meth:`over_time`). False.
        by_time: whether a spike carries something by its time within a step: it counts
            as one, whatever it carries.
        ticks: ticks of the clock in a step, the unit of latency.
    """

    changing: ClassVar[bool] = False

    pre_steps: int = 0
    base: int = 1
    delay: int = 0
    lookahead: int = 0
    layer_by_layer: bool = False
    exact: bool = False
    tracks: bool = False
    by_time: bool = False
    ticks: int = 1

    def __post_init__(self) -> None:
        """Refuse steps below 0, and a base or ticks below 1."""
        for name in ("pre_steps", "base", "delay", "lookahead", "ticks"):
            value, least = getattr(self, name), int(name in ("base", "ticks"))
            if not least <= value <= MOST_STEPS:
                raise OptionError(
                    f"clock: {name} is {value}, not from {least} to {MOST_STEPS:,}"
                )

    def over_time(self) -> ChangingClock:
        """Return the clock of the same steps for inputs that change."""
        return ChangingClock(**asdict(self))

    def phases(self, steps: int) -> list[slice]:
        """Return the pre-steps and the steps that count as slices of all `steps`."""
        phases = [slice(0, self.pre_steps), slice(self.pre_steps, steps)]
        return phases[self.pre_steps == 0 :]

    def weight(self, steps: int) -> float:
        """Return what `steps` counted steps weigh together, the last one weighing 1."""
        return step_weight(self.base, steps)

    def mean(self, values: Any) -> Any:
        """Return the weighted mean of the values of the steps that are read.

        Args:
            values: a sequence of tensors, or one array ``(S, ...)``; pre-steps first.
        """
        if self.exact:
            return weighted_mean(values, self.base)
        counted = values[self.pre_steps :]
        counted = counted[self.start(len(counted)) :]
        return weighted_sum(counted, self.base) / self.weight(len(counted))

    def start(self, timesteps: int) -> int:
        """Return how many of the first `timesteps` counted steps are not read."""
        return min(self.delay, max(timesteps - READ_AT_LEAST, 0))

    def skipped(self, timesteps: int) -> int:
        """Return how many steps are not read in all: pre-steps and those of a delay."""
        return self.pre_steps + self.start(timesteps)

    def latency(self, timesteps: int, depth: int, run: int | None = None) -> int:
        """Return the ticks until the last layer has done `timesteps` of its steps.

        A tick is a step, but for neurons that carry something by the time of a spike.

        Args:
            timesteps: counted steps of the last layer.
            depth: spiking layers on the longest way through the network.
            run: T of the simulation; `timesteps` if None.
        """
        if self.layer_by_layer:
            if self.pre_steps:
                return max(depth, 1) * self.pre_steps + timesteps
            steps = max(depth - 1, 0) * (run or timesteps) + timesteps
            return self.ticks * steps
        return self.pre_steps + timesteps + self.lookahead * depth


class ChangingClock(Clock):
    """The clock of inputs that change, for which running sums keep means."""

    changing: ClassVar[bool] = True


RATE_CLOCK = Clock()  # T steps that all count alike
