"""The integrate-and-fire neurons of packages for PyTorch, in one form.

Threshold 1, binary spikes, reset by subtraction, any initial potentials; no TensorFlow.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn as nn


class Neurons(nn.Module):
    """A population: currents of some steps in, spikes out; it keeps its state.

    Attributes:
        axis: of the steps in currents; the batch is the other one of the first two.
        package: what the neurons are of.
    """

    axis = 0
    package = ""

    def __init__(self, start: torch.Tensor) -> None:
        """Start with these potentials ``(1, *units)``."""
        super().__init__()
        self.start, self.state = start, None

    def begin(self) -> None:
        """Return to the initial potentials, for a batch of any size."""
        self.state = None

    def forward(self, currents: torch.Tensor) -> torch.Tensor:
        """Return the spikes of all steps, of the shape of the currents."""
        if self.state is None:
            first = currents.select(self.axis, 0)  # potentials lie in memory as it does
            self.state = self._begun(torch.empty_like(first).copy_(self.start))
        return self._spikes(currents)

    def _begun(self, potentials: torch.Tensor) -> Any:
        """Return the state with these potentials."""
        return potentials

    def _spikes(self, currents: torch.Tensor) -> torch.Tensor:
        return torch.stack([self._step(current) for current in currents])

    def _step(self, current: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


class Sinabs(Neurons):
    """sinabs' IAF: one spike a step at most, no lower bound of the potential."""

    axis, package = 1, "sinabs"

    def __init__(self, start: torch.Tensor) -> None:
        import sinabs.activation
        import sinabs.layers

        super().__init__(start)
        spike = sinabs.activation.SingleSpike
        self.neurons = sinabs.layers.IAF(spike_fn=spike, min_v_mem=None)

    def _begun(self, potentials: torch.Tensor) -> Any:
        self.neurons.v_mem = potentials
        return self.neurons

    def _spikes(self, currents: torch.Tensor) -> torch.Tensor:
        return self.neurons(currents)


class Norse(Neurons):
    """norse's integrate-and-fire step, as it is: it resets to zero."""

    package = "norse"

    def __init__(self, start: torch.Tensor) -> None:
        from norse.torch.functional import iaf

        super().__init__(start)
        self.iaf, self.parameters_of_all = iaf, iaf.IAFParameters()

    def _begun(self, potentials: torch.Tensor) -> Any:
        return self.iaf.IAFFeedForwardState(potentials)

    def _step(self, current: torch.Tensor) -> torch.Tensor:
        state: Any = self.state
        spikes, self.state = self.iaf.iaf_feed_forward_step(
            current, state, self._resetting_to(state.v, current)
        )
        return spikes

    def _resetting_to(self, potential: torch.Tensor, current: torch.Tensor) -> Any:
        return self.parameters_of_all


class NorseSubtracting(Norse):
    """The same, told in each step to be reset to the potential less the threshold."""

    def _resetting_to(self, potential: torch.Tensor, current: torch.Tensor) -> Any:
        return self.iaf.IAFParameters(v_reset=potential + current - 1.0)


class SnnTorch(Neurons):
    """snnTorch's Leaky without a leak, its spikes subtracted here.

    Its ``reset_mechanism="subtract"`` resets a step late; with ``reset_delay=False`` it
    still sends nothing where a potential stays above the threshold after a spike.
    """

    package = "snntorch"

    def __init__(self, start: torch.Tensor) -> None:
        import snntorch

        super().__init__(start)
        self.neurons = snntorch.Leaky(beta=1.0, reset_mechanism="none")

    def _step(self, current: torch.Tensor) -> torch.Tensor:
        spikes, potential = self.neurons(current, self.state)
        self.state = potential - spikes
        return spikes


class SpikingJelly(Neurons):
    """SpikingJelly's IFNode in its multi-step mode, reset by subtraction."""

    package = "spikingjelly"

    def __init__(self, start: torch.Tensor) -> None:
        from spikingjelly.activation_based import neuron

        super().__init__(start)
        self.neurons = neuron.IFNode(v_threshold=1.0, v_reset=None, step_mode="m")

    def _begun(self, potentials: torch.Tensor) -> Any:
        self.neurons.v = potentials
        return self.neurons

    def _spikes(self, currents: torch.Tensor) -> torch.Tensor:
        return self.neurons(currents)


TOOLS: dict[str, type[Neurons]] = {
    "sinabs": Sinabs,
    "norse": NorseSubtracting,
    "norse-to-zero": Norse,
    "snntorch": SnnTorch,
    "spikingjelly": SpikingJelly,
}
