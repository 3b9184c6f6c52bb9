"""Translators of the diagonals and bands of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import translates
from tfsnn.sources.saved_model.shapes import Refused

DIAGONALS = ("MatrixDiag", "MatrixDiagV2", "MatrixDiagV3")
PARTS = ("MatrixDiagPart", "MatrixDiagPartV2", "MatrixDiagPartV3")
SETS = ("MatrixSetDiag", "MatrixSetDiagV2", "MatrixSetDiagV3")


@translates("MatrixBandPart")
def band_part(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the band around the diagonal of each matrix; the rest becomes 0."""
    lower, upper = (int(rebuild.network.argument(operation, i)) for i in (1, 2))
    x, (rows, columns) = _matrices(operation.inputs[0], rebuild)
    below = np.arange(rows)[:, None] - np.arange(columns)
    kept = ((lower < 0) | (below <= lower)) & ((upper < 0) | (-below <= upper))
    mask = kept.astype(operation.inputs[0].dtype.as_numpy_dtype)
    return rebuild.raw(ops.multiply, x, mask)


@translates(*DIAGONALS)
def diagonal(operation: Any, rebuild: Rebuild) -> Any:
    """Translate matrices of 0 with a vector on the diagonal."""
    if operation.type != "MatrixDiag":
        k, rows, columns, padding = (
            rebuild.network.argument(operation, i) for i in (1, 2, 3, 4)
        )
        _check_main(k, padding)
        size = operation.inputs[0].shape[-1]
        if rows not in (-1, size) or columns not in (-1, size):
            raise _other("matrices that are not square")
    x, (size,) = _matrices(operation.inputs[0], rebuild, 1)
    eye = np.eye(size, dtype=operation.inputs[0].dtype.as_numpy_dtype)
    return rebuild.raw(lambda y: ops.expand_dims(y, -1) * eye, x)


@translates(*PARTS)
def diagonal_part(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the diagonal of each matrix."""
    if operation.type != "MatrixDiagPart":
        _check_main(rebuild.network.argument(operation, 1))
    x, (rows, columns) = _matrices(operation.inputs[0], rebuild)
    y = rebuild.reshape(x, (*x.shape[1:-2], rows * columns))
    places = np.arange(min(rows, columns)) * (columns + 1)
    return rebuild.raw(lambda z: ops.take(z, places, axis=-1), y)


@translates(*SETS)
def set_diagonal(operation: Any, rebuild: Rebuild) -> Any:
    """Translate matrices whose diagonal is replaced."""
    if operation.type != "MatrixSetDiag":
        _check_main(rebuild.network.argument(operation, 2))
    x, (rows, columns) = _matrices(operation.inputs[0], rebuild)
    if rows != columns:
        raise _other("matrices that are not square")
    y = rebuild[operation.inputs[1]]
    eye = np.eye(rows, dtype=operation.inputs[0].dtype.as_numpy_dtype)
    z = rebuild.raw(ops.multiply, x, 1 - eye)
    if isinstance(y, np.ndarray):
        return rebuild.raw(lambda a: a + y[..., None] * eye, z)
    return rebuild.raw(lambda a, b: a + ops.expand_dims(b, -1) * eye, z, y)


def _matrices(tensor: Any, rebuild: Rebuild, axes: int = 2) -> tuple[Any, list[int]]:
    """Return the Keras tensor and the sizes of its last axes.

    Raises:
        Refused: if one of these is the batch.
    """
    place = rebuild.layout(tensor)
    for axis in range(-axes, 0):
        place.keras_axis(axis)
    return rebuild[tensor], tensor.shape.as_list()[-axes:]


def _check_main(k: np.ndarray, padding: Any = 0) -> None:
    if np.any(k) or padding != 0:
        raise _other("other diagonals than the main one")


def _other(what: str) -> Refused:
    return Refused(
        f"{what} are not supported: multiply by a constant matrix and add another"
    )
