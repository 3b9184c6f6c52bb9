"""The public functions of keras.ops, by introspection, and the operations they make."""

import inspect
import re

import keras

# Functions that make no operation: they compute at once, from Python's numbers, or
# tell something of a tensor.
NO_OPERATION = {
    *("bartlett", "blackman", "hamming", "hanning", "kaiser"),  # windows
    *("empty", "eye", "identity", "ones", "tri", "zeros"),  # arrays
    *("convert_to_numpy", "dtype", "is_tensor", "shape"),  # about a tensor
    *("custom_gradient", "vectorize"),  # functions of functions
}
# Functions that are another function.
ALIASES = {"abs": "absolute", "conj": "conjugate"}


def functions():
    """Each function of keras.ops once, by its shortest name."""
    found = {}
    for name, function in sorted(_all(keras.ops, ""), key=lambda each: len(each[0])):
        if function not in found.values():
            found[name] = function
    return found


def _all(module, prefix):
    for name in dir(module):
        value = getattr(module, name)
        if name.startswith("_"):
            continue
        if inspect.ismodule(value):
            yield from _all(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def operation_of(name, function):
    """The class of the operations that a function makes; None for one without."""
    if name in NO_OPERATION:
        return None
    if name in ALIASES:
        return operation_of(ALIASES[name], functions()[ALIASES[name]])
    module = inspect.getmodule(function)
    called = re.findall(r"\b([A-Z]\w+)\(", inspect.getsource(function))
    made = {each for each in called if _is_operation(getattr(module, each, None))}
    assert len(made) == 1, f"keras.ops.{name} makes {sorted(made)}"
    return made.pop()


def by_operation():
    """The functions that make each operation, by the class of the operation."""
    found = {}
    for name, function in functions().items():
        found.setdefault(operation_of(name, function), []).append(name)
    return found


def _is_operation(value):
    return isinstance(value, type) and issubclass(value, keras.Operation)
