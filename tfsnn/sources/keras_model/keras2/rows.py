"""Functions of TensorFlow whose arguments say which operations of Keras they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

from tfsnn.sources.keras_model.keras2.calls import BATCH, is_tensor
from tfsnn.sources.keras_model.keras2.expressions import (
    Argument,
    Step,
    Unmigrated,
    on,
)

MODES = ("CONSTANT", "REFLECT", "SYMMETRIC")
METHODS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")


def last(axis: Any) -> Any:
    return -1 if axis is None else axis


def pick(values: tuple[str, ...]) -> Any:
    def picked(value: Any) -> str:
        if value not in values:
            raise Unmigrated(f"has {value!r}, which keras.ops has not")
        return value.lower()

    return picked


def reshape(arguments: Mapping[str, Any]) -> Step:
    """Return a reshape; one number that the network computes follows from the others.

    Where that is the size of the batch, another may follow as well.
    """
    shape = arguments["shape"]
    listed = shape if isinstance(shape, list) else [shape]
    batch = listed[:1] == [BATCH]
    found = [-1 if is_tensor(n) else n for n in listed[batch:]]
    if found.count(-1) > 1 or BATCH in found:
        raise Unmigrated("computes more than one number of a shape")
    name = "target_shape" if batch else "newshape"
    options = {name: Argument("shape", lambda _: found)}
    return Step("Reshape", (Argument("tensor"),), options, layer=batch)


def split(arguments: Mapping[str, Any]) -> Step:
    sizes = arguments["num_or_size_splits"]
    if isinstance(sizes, list):
        if -1 in sizes[:-1]:
            raise Unmigrated(f"splits into {sizes}, of which one is not known")
        sizes = list(accumulate(sizes[:-1]))
    return Step(
        "Split",
        (Argument("value"),),
        {
            "indices_or_sections": Argument("num_or_size_splits", lambda _: sizes),
            "axis": Argument("axis"),
        },
    )


def matmul(arguments: Mapping[str, Any]) -> Step:
    """Return the product; axes are swapped where it is of a transposed matrix."""
    sides = []
    for name in ("a", "b"):
        side: Any = Argument(name)
        if arguments.get(f"transpose_{name}"):
            options = {
                "axis1": Argument(f"transpose_{name}", lambda _: -2),
                "axis2": -1,
            }
            side = Step("Swapaxes", (side,), options)
        sides.append(side)
    return Step("Matmul", tuple(sides))


def add_n(arguments: Mapping[str, Any]) -> Step:
    each: list[Any] = [
        Argument("inputs", lambda value, i=i: value[i])  # type: ignore[misc]
        for i in range(len(arguments["inputs"]))
    ]
    total = Step("Add", (each[0], each[1] if len(each) > 1 else 0.0))
    for tensor in each[2:]:
        total = Step("Add", (total, tensor))
    return total


def clip(arguments: Mapping[str, Any]) -> Step:
    bounds = arguments["clip_value_min"], arguments["clip_value_max"]
    if all(isinstance(bound, int | float) for bound in bounds):
        return on("Clip", "t", x_min="clip_value_min", x_max="clip_value_max")
    raised = on("Maximum", "t", "clip_value_min")
    return Step("Minimum", (raised, Argument("clip_value_max")))


def pad(arguments: Mapping[str, Any]) -> Step:
    inputs: tuple[Any, ...] = (Argument("tensor"),)
    if arguments["mode"].upper() == "CONSTANT":
        inputs = (*inputs, Argument("constant_values"))
    mode = Argument("mode", lambda value: pick(MODES)(value.upper()))
    return Step("Pad", inputs, {"pad_width": Argument("paddings"), "mode": mode})


def norm(arguments: Mapping[str, Any]) -> Step:
    order = Argument("ord", lambda value: 2)
    order_of_vectors = arguments["ord"] == 2 and isinstance(arguments["axis"], int)
    if arguments["ord"] != "euclidean" and not order_of_vectors:
        raise Unmigrated(f"is a norm of the order {arguments['ord']!r}")
    square = Step("Power", (Argument("tensor"), order))
    options = {"axis": Argument("axis"), "keepdims": Argument("keepdims", bool)}
    return Step("Sqrt", (Step("Sum", (square,), options),))


def spatial(rank: int | None) -> Callable[[Any], Any]:
    """Return a function from sizes of a window to those along the axes of space.

    Args:
        rank: how many axes these are; None if the sizes tell.
    """

    def sizes(value: Any) -> Any:
        if not isinstance(value, list):
            return 1 if value is None else value
        whole = len(value) == rank + 2 if rank else len(value) > 2
        if whole and (value[0] != 1 or value[-1] != 1):
            raise Unmigrated(f"has a window {value} over samples or channels")
        found = value[1:-1] if whole else value
        return found[0] if len(found) == 1 else found

    return sizes


def layout(value: Any) -> str:
    if value is not None and value.startswith("NC"):
        return "channels_first"
    return "channels_last"


PADDING = Argument("padding", lambda value: pick(("SAME", "VALID"))(value))
LAYOUT = Argument("data_format", layout)


def pool(kind: str, rank: int | None = None) -> Step:
    options = {
        "pool_size": Argument("ksize", spatial(rank)),
        "strides": Argument("strides", spatial(rank)),
        "padding": PADDING,
        "data_format": LAYOUT,
    }
    return Step(kind, (Argument("input"),), options)


def convolution(arguments: Mapping[str, Any]) -> Step:
    rank = 1 if "stride" in arguments else 2
    tensor, kernel = (
        next(name for name in names if arguments.get(name) is not None)
        for names in (("input", "value"), ("filters", "filter"))
    )
    options = {
        "strides": Argument("stride" if rank == 1 else "strides", spatial(rank)),
        "padding": PADDING,
        "data_format": LAYOUT,
        "dilation_rate": Argument("dilations", spatial(rank)),
    }
    return Step("Conv", (Argument(tensor), Argument(kernel)), options)


def l2_normalize() -> Step:
    options = {"axis": Argument("axis"), "keepdims": True}
    squares = Step("Sum", (on("Square", "x"),), options)
    bounded = Step("Maximum", (squares, Argument("epsilon")))
    return Step("Multiply", (Argument("x"), Step("Rsqrt", (bounded,))))
