"""Plans of quantised activations: neurons that compute what the ANN computes."""

from __future__ import annotations

import math

import numpy as np

from tfsnn.conversion.plan import NeuronPlan
from tfsnn.network.clock import Clock
from tfsnn.network.nodes import Rate


def exact(
    node: Rate, resolution: int, levels: int | None, clock: Clock
) -> NeuronPlan | None:
    """Plan neurons that send the count of a quantised activation, if spikes hold it.

    They hold it as the digits of a positional code with enough of them, or as the
    coefficient of a single spike, where T = 1.

    Args:
        node: an activation of the ANN.
        resolution: the largest count that all steps carry together.
        levels: the largest coefficient of a spike; None for no bound.
        clock: how the steps count.

    Returns:
        The plan; None for an activation that is not quantised, or with more levels.
    """
    rounding, base = node.rounding, clock.base
    if rounding is None or clock.pre_steps or clock.delay:
        return None
    steps = 1 if base == 1 else round(math.log(resolution + 1, base))
    held = base**steps - 1 if base > 1 else levels or rounding.most
    only_step = resolution == (levels or 1)
    if not (rounding.most <= held and (base > 1 or only_step)):
        return None
    weight = clock.weight(steps)
    scale = np.asarray(rounding.step, np.float32).astype(np.float64) * weight
    shape = node.shape if scale.ndim > 1 else node.shape[-1:]
    return NeuronPlan(
        np.broadcast_to(scale, shape),
        max_coefficient=float(rounding.most if base == 1 else base - 1),
        neuron="quantised",
        settings={"rounding": rounding.to_config(), "base": base, "steps": steps},
        exact=True,
    )
