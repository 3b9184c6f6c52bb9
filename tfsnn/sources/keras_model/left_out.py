"""Layers that a part of a model leaves out, where they cannot be made.

A layer of an unknown class, or one that holds code, does not matter where the network
begins behind it or ends before it. A stand-in takes its place while the model is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras

from tfsnn.errors import ModelError
from tfsnn.sources.keras_model.classes import module_of
from tfsnn.sources.keras_model.code import code_in
from tfsnn.sources.keras_model.keras2.arguments import CLASSES, OWN
from tfsnn.sources.keras_model.keras2.calls import LAMBDAS
from tfsnn.sources.parts import ONLY, Part

GRAPHS = ("Functional", "Model", "Network", "Sequential")


class LeftOut(keras.Layer):
    """A stand-in for a layer that cannot be made, with outputs but no weights."""

    def __init__(self, *, why: str, outputs: list[dict[str, Any]], **options: Any):
        """Take the reason, and shape and type of each output."""
        super().__init__(**options)
        self.why, self._outputs = why, outputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs that the file states, or else what comes in."""
        if not self._outputs:
            first = keras.tree.flatten([args, kwargs])[0]
            return keras.KerasTensor(first.shape, first.dtype)
        found = [keras.KerasTensor(**each) for each in self._outputs]
        return found if len(found) > 1 else found[0]

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse to compute anything."""
        raise ModelError(f"{self.name} {self.why}")

    def build(self, *args: Any) -> None:
        """Build nothing."""
        self.built = True

    def build_from_config(self, config: Any) -> None:
        """Build nothing."""
        self.built = True

    def load_own_variables(self, store: Any) -> None:
        """Leave the weights of the layer in the file."""


@contextmanager
def standing_in(config: Any, part: Part) -> Iterator[Any]:
    """Yield a model's config, with stand-ins for what a part may leave out.

    While it is yielded, Keras knows the classes of the stand-ins. They have the names
    of the classes that they stand for, by which ``.keras`` files find weights.
    """
    if not part.cuts:
        yield config
        return
    classes: dict[str, type] = {}
    found = _replaced(config, _stated(config), part, classes)
    with keras.saving.custom_object_scope(classes):
        yield found


def refuse_left_out(layers: Iterator[Any] | list[Any]) -> None:
    """Refuse stand-ins among the layers of a part.

    Raises:
        ModelError: that says why each could not be made.
    """
    if found := [layer for layer in layers if isinstance(layer, LeftOut)]:
        raise ModelError(
            "; ".join(f"{layer.name} {layer.why}" for layer in found)
            + ": begin behind it (--from, inputs=), end before it (--to, outputs=), or "
            "register its class and convert in Python"
        )


def _replaced(
    config: Any, stated: Mapping[str, Any], part: Part, classes: dict[str, type]
) -> Any:
    if isinstance(config, list | tuple):
        return [_replaced(item, stated, part, classes) for item in config]
    if not isinstance(config, Mapping):
        return config
    kind, inner = config.get("class_name"), config.get("config")
    if isinstance(kind, str) and isinstance(inner, Mapping) and kind not in GRAPHS:
        if why := _why(kind, config):
            return _stand_in(kind, config, why, stated, part, classes)
        return config
    if isinstance(kind, str) or "layers" in config:
        keys = ("config", "layers")
        return {
            key: _replaced(item, stated, part, classes) if key in keys else item
            for key, item in config.items()
        }
    return config


def _stand_in(
    kind: str,
    config: Mapping[str, Any],
    why: str,
    stated: Mapping[str, Any],
    part: Part,
    classes: dict[str, type],
) -> dict[str, Any]:
    name = str(config["config"].get("name") or config.get("name"))
    key = f"tfsnn>left_out>{kind}"
    classes.setdefault(key, type(kind, (LeftOut,), {}))
    outputs = stated.get(name, [])
    shape = part.input_shapes.get(name, part.input_shapes.get(ONLY))
    if name in part.inputs and shape and not outputs:
        outputs = [{"shape": [None, *shape], "dtype": "float32"}]
    made = {**config, "class_name": key, "module": None, "registered_name": key}
    return {**made, "config": {"name": name, "why": why, "outputs": outputs}}


def _stated(config: Any) -> dict[str, list[dict[str, Any]]]:
    """Return what a config of Keras 3 states of each layer's outputs, by its name."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list | tuple):
            waiting += item
        elif isinstance(item, Mapping):
            inner = item.get("config")
            if item.get("class_name") == "__keras_tensor__" and inner:
                name, _, index = inner["keras_history"]
                of = {"shape": inner["shape"], "dtype": inner["dtype"]}
                found.setdefault(name, {})[index] = of
            else:
                waiting += item.values()
    return {
        name: [of.get(i, of[max(of)]) for i in range(max(of) + 1)]
        for name, of in found.items()
    }


def _why(kind: str, config: Mapping[str, Any]) -> str | None:
    if code := next(code_in(config), None):
        return f"({kind}) {code.reason}"
    named = config.get("registered_name") or kind
    if keras.saving.get_registered_object(named) is not None:
        return None
    module = config.get("module")
    if isinstance(module, str):
        known = module.split(".")[0] in ("keras", "tf_keras", "tensorflow")
    else:
        known = kind in {*CLASSES, *OWN, *LAMBDAS} or module_of(kind) is not None
    return None if known else f"is of the class {kind!r}, which is not registered"
