"""Files of Keras 1, whose layers take other arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfsnn.errors import ModelError

# Arguments that Keras 2 renamed.
ARGUMENTS = {
    *("nb_filter", "nb_row", "nb_col", "border_mode", "subsample", "dim_ordering"),
    *("inner_activation", "inner_init", "init", "W_regularizer", "b_regularizer"),
}


def refuse_keras_1(config: Any, where: str) -> None:
    """Check that no layer of a config is one of Keras 1.

    Raises:
        ModelError: naming the layer.
    """
    if isinstance(config, list | tuple):
        for item in config:
            refuse_keras_1(item, where)
    elif isinstance(config, Mapping):
        inner = config.get("config")
        if isinstance(inner, Mapping) and "class_name" in config:
            found = sorted(ARGUMENTS & set(inner))
            if found:
                raise ModelError(
                    f"{where}: {inner.get('name')} ({config['class_name']}) has the "
                    f"argument {found[0]} of Keras 1, whose files only Keras 2 before "
                    "2.4 reads: load the model with that and save it again"
                )
        for item in config.values():
            refuse_keras_1(item, where)
