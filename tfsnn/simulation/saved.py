"""The config of a spiking network in a file, checked before a model is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from tfsnn.errors import ModelError
from tfsnn.network.checking import check_graph
from tfsnn.network.clock import MOST_STEPS
from tfsnn.network.graph import Graph
from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.report import ConversionReport
from tfsnn_numpy.json_text import check_form, made


class Config(TypedDict):
    """The form of ``SpikingModel.get_config()``."""

    name: NotRequired[str]
    graph: dict[str, Any]
    timesteps: int
    report: dict[str, Any]
    output_keys: NotRequired[bool | list[str]]
    chunk: NotRequired[int | None]
    early_exit: NotRequired[dict[str, Any] | None]
    trainable: NotRequired[bool]


def checked_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the config of a spiking network, if a network can be made of it.

    Raises:
        ModelError: that says what is wrong, and where.
    """
    try:
        check_form(config, Config)
        graph = Graph.from_config(config["graph"])
        ConversionReport.from_dict(config["report"])
        if config.get("early_exit") is not None:
            made(ExitRule, config["early_exit"], "early_exit")
        _check_numbers(config, graph)
    except ValueError as error:  # OptionError is one as well
        raise ModelError(
            f"the config of this spiking network is damaged: {error}; convert again, "
            "or copy the file again"
        ) from error
    check_graph(graph)
    return config


def _check_numbers(config: Mapping[str, Any], graph: Graph) -> None:
    steps, chunk = config["timesteps"], config.get("chunk")
    for what, value in (("timesteps", steps), ("chunk", chunk or 1)):
        if not 1 <= value <= MOST_STEPS:
            raise ValueError(f"{what} is {value}, not from 1 to {MOST_STEPS:,}")
    keys = config.get("output_keys", False)
    count = len(graph.outputs) - len(graph.states)
    if isinstance(keys, list | tuple):
        if len(set(keys)) != count:
            raise ValueError(
                f"output_keys has {len(set(keys))} names for {count} outputs"
            )
    elif keys is False and count != 1:
        raise ValueError(f"output_keys is False, and there are {count} outputs")
