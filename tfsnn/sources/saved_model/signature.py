"""Opening a SavedModel and choosing a signature; no Python in the file is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfsnn.errors import ModelError

DEFAULT = "serving_default"


@dataclass(frozen=True)
class Signature:
    """A function of a SavedModel, from named tensors to named tensors.

    Attributes:
        name: name of the signature in the file.
        function: concrete function, which is called with keyword arguments.
        inputs: shape and type of each input, by argument name.
        outputs: names of the tensors that the function returns.
        owner: object that was loaded; the variables live as long as it does.
    """

    name: str
    function: Any
    inputs: dict[str, tf.TensorSpec]
    outputs: tuple[str, ...]
    owner: Any


def open_signature(path: Path, name: str | None) -> Signature:
    """Load the SavedModel in a folder and choose a signature.

    Args:
        path: the folder that holds ``saved_model.pb``.
        name: name of the signature; ``serving_default``, or the only one, if None.

    Raises:
        ModelError: if the file cannot be loaded or has no such signature, or the
            signature takes or returns something other than dense tensors.
    """
    try:
        loaded = tf.saved_model.load(str(path))
    # The readers of protocol buffers, checkpoints and graphs have no common error.
    except Exception as error:
        text = str(error).strip().splitlines()
        raise ModelError(
            f"{path}: cannot be read as a SavedModel, so it is damaged or incomplete "
            f"({type(error).__name__}: {text[0][:200] if text else 'no details'}): "
            "export it again"
        ) from error
    signatures = dict(getattr(loaded, "signatures", {}))
    chosen = _choose(path, sorted(signatures), name)
    function = signatures[chosen]
    inputs = dict(function.structured_input_signature[1])
    outputs = function.structured_outputs
    where = f"{path}: the signature {chosen!r}"
    if not inputs:
        raise ModelError(f"{where} takes no input: choose another one")
    if not isinstance(outputs, dict) or not outputs:
        raise ModelError(f"{where} has no named outputs: choose another one")
    for argument, spec in inputs.items():
        if not isinstance(spec, tf.TensorSpec):
            raise ModelError(
                f"{where}: its input {argument!r} is a {type(spec).__name__}; only "
                "dense tensors are supported: choose another one, or export one"
            )
    names = tuple(tf.nest.flatten({key: key for key in outputs}))
    return Signature(chosen, function, inputs, names, loaded)


def _choose(path: Path, names: list[str], wanted: str | None) -> str:
    listed = ", ".join(names)
    if not names:
        raise ModelError(
            f"{path}: has no signatures: save it with model.export, or give "
            "tf.saved_model.save a signature"
        )
    if wanted is not None:
        if wanted not in names:
            raise ModelError(f"{path}: no signature {wanted!r}; it has {listed}")
        return wanted
    if DEFAULT in names or len(names) == 1:
        return DEFAULT if DEFAULT in names else names[0]
    raise ModelError(
        f"{path}: has several signatures and no {DEFAULT!r}; choose one of {listed} "
        "(signature=..., --signature, or -o signature)"
    )
