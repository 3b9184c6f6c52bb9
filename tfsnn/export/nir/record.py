"""The record that tfsnn writes into a NIR file beside the graph, and its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

import numpy as np

from tfsnn_numpy.json_text import check_form, parse_json

RECORD, SCALES = "tfsnn", "scales"  # keys in the metadata


class Output(TypedDict):
    """What is known of an output."""

    node: str
    head: str
    options: dict[str, Any]
    scale: NotRequired[list[float]]
    offset: NotRequired[list[float]]


class Record(TypedDict):
    """What is read of a record."""

    method: str
    timesteps: int
    reset: Literal["subtract", "zero"]
    fires_above: NotRequired[bool]
    inputs: NotRequired[list[str]]
    readout: list[Output]
    names: dict[str, str]
    dt: NotRequired[float]
    shares: NotRequired[dict[str, dict[str, Any]]]


def read_record(metadata: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the record in a file's metadata, and the scales; both may be empty.

    Raises:
        ValueError: if there is one that is damaged.
    """
    if not isinstance(metadata, Mapping) or RECORD not in metadata:
        return {}, {}
    text = metadata[RECORD]
    if not isinstance(text, str | bytes):
        raise ValueError(f"its record is no text, but {type(text).__name__}")
    record = parse_json(text)
    check_form(record, Record)
    if record["timesteps"] < 1:
        raise ValueError(f"its record states {record['timesteps']} time steps")
    scales = metadata.get(SCALES, {})
    if not isinstance(scales, Mapping):
        raise ValueError("its scales are no group of arrays")
    found = {str(name): np.asarray(values) for name, values in scales.items()}
    for name, values in found.items():
        if values.dtype.kind not in "fiu" or not values.size:
            raise ValueError(f"its scale of {name} is no number")
    return record, found
