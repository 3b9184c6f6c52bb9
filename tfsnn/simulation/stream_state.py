"""The state of a stream as plain data: dicts and lists of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfsnn.errors import DataError

NETWORK = "network"  # the digest of the network, among the parts of its state


def plain(state: Any) -> Any:
    """Return a state as dicts and lists of NumPy arrays."""
    if hasattr(state, "_asdict"):
        state = state._asdict()
    if isinstance(state, Mapping):
        return {key: plain(part) for key, part in state.items()}
    if isinstance(state, list | tuple):
        return [plain(part) for part in state]
    return np.array(state)


def restored(given: Any, like: Any, network: str, place: str = "state") -> list[Any]:
    """Return the arrays of a plain state, in the order of ``tf.nest.flatten``.

    Args:
        given: what should be the state, plain.
        like: the state before the first frame, not made plain.
        network: the name of the network, for errors.
        place: where in the state it is, for errors.

    Raises:
        DataError: for a state of another form, batch or type, naming the place.
    """
    parts = _parts(like)
    if parts is None:
        return [_array(given, np.asarray(like), network, place)]
    if hasattr(like, "_asdict") or isinstance(like, Mapping):
        keys = list(given) if isinstance(given, Mapping) else None
        fits = keys is not None and set(keys) == set(parts)
        found = ", ".join(map(str, keys)) if keys else "no parts by name"
        wanted = ", ".join(parts)
    else:
        keys = list(given) if isinstance(given, list | tuple) else None
        fits = keys is not None and len(keys) == len(parts)
        found, wanted = (f"{len(each or ())} parts" for each in (keys, parts))
    if not fits:
        raise _other(place, network, found, wanted)
    return [
        leaf
        for key, part in parts.items()
        for leaf in restored(given[key], part, network, f"{place}[{key!r}]")
    ]


def leaf_paths(state: Any) -> list[tuple[str, ...]]:
    """Return where each tensor of a state is, in the order of ``tf.nest.flatten``."""
    parts = _parts(state)
    if parts is None:
        return [()]
    return [
        (str(key), *path) for key, part in parts.items() for path in leaf_paths(part)
    ]


def _parts(state: Any) -> dict[Any, Any] | None:
    """Return the parts of a state in the order of ``tf.nest.flatten``; None of one."""
    if hasattr(state, "_asdict"):
        return dict(state._asdict())  # flattened in the order of its fields
    if isinstance(state, Mapping):
        return {key: state[key] for key in sorted(state)}
    if isinstance(state, list | tuple):
        return dict(enumerate(state))
    return None


def _array(given: Any, like: np.ndarray, network: str, place: str) -> np.ndarray:
    values = np.asarray(given)
    if values.shape[1:] == like.shape[1:] and values.shape[:1] != like.shape[:1]:
        raise DataError(
            f"{place} is of a batch of {len(values)}, the stream of {network} of "
            f"{len(like)}: make one by stream(batch_size={len(values)})"
        )
    if values.shape != like.shape or values.dtype.kind != like.dtype.kind:
        found = f"{values.dtype} {values.shape}"
        raise _other(place, network, found, f"{like.dtype} {like.shape}")
    if not np.isfinite(values).all():
        raise DataError(
            f"{place} holds NaN or Inf: take a state that was read from a stream"
        )
    return values.astype(like.dtype)


def _other(place: str, network: str, found: str, wanted: str) -> DataError:
    return DataError(
        f"{place} holds {found}, that of {network} {wanted}: the state is of another "
        "network, or of a stream with another readout"
    )
