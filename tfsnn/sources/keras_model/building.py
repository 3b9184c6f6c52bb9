"""Making a Keras model from a config that was looked through before."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import keras

from tfsnn.errors import ModelError, TfsnnError
from tfsnn.sources.keras_model.allocation import variables_of
from tfsnn.sources.keras_model.code import code_in
from tfsnn.sources.keras_model.contents import claimed_values

MOST = 1000  # characters of a reason
SLACK = 10_000  # values of variables that are not stored, such as seeds


def build(
    config: Any, values: int, where: str, load: Callable[[], keras.Model]
) -> keras.Model:
    """Load a model, unless its config holds code or more weights than are stored.

    Args:
        config: what the file says of the model.
        values: how many values the file stores.
        where: the file, for messages.
        load: makes the model and gives it its weights.

    Raises:
        ModelError: if the config holds code, or the model cannot be made of it.
    """
    _refuse_code(where, config)
    try:
        _check_size(where, config, values)
        return load()
    except ModelError:
        raise
    except TfsnnError as error:  # of a layer or network of ours
        raise ModelError(f"{where}: is damaged: {error}") from error
    # Keras passes on whatever the zip, HDF5 and JSON readers and the constructors of
    # the saved classes raise; there is no common class.
    except Exception as error:
        raise ModelError(f"{where}: {_explain(error)}") from error


def _refuse_code(where: str, config: Any) -> None:
    if found := list(code_in(config)):
        layers = "; ".join(
            f"{layer} ({kind}) {reason}" for layer, kind, reason in found
        )
        raise ModelError(
            f"{where}: {layers}; tfsnn never runs code from a file. Replace each by "
            "layers of Keras, or by a class of your own that is registered "
            "(keras.saving.register_keras_serializable), and save again; or, where you "
            "trust the file, write a SavedModel (model.export), which holds operations "
            "alone"
        )


def _check_size(where: str, config: Any, stored: int) -> None:
    """Refuse a model whose variables would take more memory than are stored of them."""
    claimed = claimed_values(config)
    needed: Any = claimed if claimed else variables_of(config)
    if needed is not None and needed > stored + SLACK:
        raise ModelError(
            f"{where}: its layers have {needed:,} weights, of which {stored:,} are "
            "stored; save it again"
        )


def _explain(error: Exception) -> str:
    text = str(error)
    for said in ("Could not locate class", "Unknown layer:"):
        if said not in text:
            continue
        name = text.split(said, 1)[1].split("'")[1]
        return (
            f"uses the class {name!r}, which is not registered: import the module "
            "that registers it (keras.saving.register_keras_serializable) and convert "
            "in Python; or leave it out, where the network begins behind it (--from "
            "LAYER) or ends before it (--to LAYER)"
        )
    return (
        f"cannot be read as a Keras model ({type(error).__name__}: {_reason(text)}): "
        "save it again with this version of Keras"
    )


def _reason(text: str) -> str:
    """Return what Keras says went wrong, in one line.

    It writes that behind the whole config of a layer, and layers are nested.
    """
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)  # colours
    _, marked, reason = text.rpartition("Exception encountered:")
    line = " ".join((reason if marked else text).split())
    if len(line) <= MOST:
        return line
    return f"{line[: MOST // 2]} ... {line[-MOST // 2 :]}"
