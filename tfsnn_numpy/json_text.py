"""Read JSON that others wrote: bounded in size and depth, and of an expected form."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    NotRequired,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from tfsnn_numpy.files import read_regular

MOST_BYTES = 10**8
MOST_DEPTH = 100  # of lists and objects within each other
LARGEST = 2**31 - 1  # of whole numbers: sizes, counts, axes
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
_WORDS = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    NoneType: "null",
}
Made = TypeVar("Made")
SHOWN = 40  # characters of a value in a message


def read_json(path: str | os.PathLike[str], most: int = MOST_BYTES) -> Any:
    """Read a file of JSON.

    Args:
        path: path of the file.
        most: bytes that it may have.

    Raises:
        OSError: as :func:`tfsnn_numpy.files.read_regular` raises it.
        ValueError: as :func:`parse_json` raises it.
    """
    return parse_json(read_regular(path, most))


def parse_json(text: str | bytes) -> Any:
    """Return what a JSON text says.

    Raises:
        ValueError: if it is no JSON, is no UTF-8, or nests deeper than 100 levels.
    """
    decoded = text if isinstance(text, str) else text.decode("utf-8")
    depth = 0
    for token in _TOKENS.finditer(decoded):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > MOST_DEPTH:
            raise ValueError(f"it nests deeper than {MOST_DEPTH} levels")
    return json.loads(decoded)


def mismatch(value: Any, form: Any, where: str = "it") -> str | None:
    """Say where a value read from JSON is not of a form; None where it is.

    Args:
        value: the value; lists may have become tuples.
        form: a type as in an annotation: int (below 2^31 in size), float (any number),
            str, bool, None, Any, ``tuple[X, ...]``, ``tuple[X, Y]``, ``list[X]``,
            ``dict[str, X]``, texts as a Literal, a NamedTuple, a TypedDict, which may
            have more keys, or a dataclass, which may not; and unions of these.
        where: what the value is called in the text.
    """
    kind = get_origin(form) or form
    if form is Any or (kind in (Union, UnionType) and _any_of(value, form, where)):
        return None
    if is_typeddict(form) or dataclasses.is_dataclass(form):
        return _object(value, form, where)
    if kind is Literal:
        known = get_args(form)
        if isinstance(value, str) and value in known:
            return None
        return f"{where} is {_shown(value)}, not one of {', '.join(known)}"
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return _mapping(value, form, where)
    if isinstance(kind, type) and issubclass(kind, list | tuple):
        return _listed(value, form, kind, where)
    if _is_plain(value, form):
        return None
    return f"{where} is {_shown(value)}, not {_described(form)}"


def check_form(value: Any, form: Any, where: str = "it") -> None:
    """Refuse a value that is not of a form, as :func:`mismatch` has it.

    Raises:
        ValueError: that says where it is not.
    """
    if found := mismatch(value, form, where):
        raise ValueError(found)


def made(kind: type[Made], value: Any, where: str = "it") -> Made:
    """Return the dataclass of a JSON object with its fields.

    Raises:
        ValueError: for something else, or what its ``__post_init__`` refuses.
    """
    check_form(value, kind, where)
    return kind(**value)


def _is_plain(value: Any, form: Any) -> bool:
    if form is int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and abs(value) <= LARGEST
    if form is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if form is None:
        return value is None
    return isinstance(form, type) and isinstance(value, form)


def _any_of(value: Any, form: Any, where: str) -> bool:
    return any(mismatch(value, each, where) is None for each in get_args(form))


def _object(value: Any, form: Any, where: str) -> str | None:
    if not isinstance(value, Mapping):
        return f"{where} is {_shown(value)}, not an object"
    prefix = "" if where == "it" else f"{where}."
    kinds, required = _fields(form)
    strange = [] if is_typeddict(form) else sorted(value.keys() - kinds.keys())
    if strange:
        return f"{prefix}{strange[0]} means nothing"
    for key, kind in kinds.items():
        if key not in value:
            if key in required:
                return f"{prefix}{key} is missing"
        elif found := mismatch(value[key], kind, f"{prefix}{key}"):
            return found
    return None


@functools.cache
def _fields(form: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the fields of a TypedDict or a dataclass: forms, and those required."""
    if is_typeddict(form):
        kinds = get_type_hints(form, include_extras=True)
        optional = {key for key, kind in kinds.items() if _is_optional(kind)}
        return get_type_hints(form), frozenset(kinds.keys() - optional)
    try:
        kinds = get_type_hints(form)
    except NameError:  # a class within a function, whose names are not known here
        kinds = {spec.name: Any for spec in dataclasses.fields(form)}
    missing = dataclasses.MISSING
    specs = [spec for spec in dataclasses.fields(form) if spec.init]
    required = frozenset(
        spec.name
        for spec in specs
        if spec.default is missing and spec.default_factory is missing
    )
    return {spec.name: kinds[spec.name] for spec in specs}, required


def _is_optional(kind: Any) -> bool:
    """Whether a key may be missing. (``__optional_keys__`` reads no annotations.)"""
    return get_origin(kind) is NotRequired


def _mapping(value: Any, form: Any, where: str) -> str | None:
    if not isinstance(value, Mapping):
        return f"{where} is {_shown(value)}, not an object"
    kinds = get_args(form)
    found = (
        mismatch(item, kinds[1], f"{where}.{key}")
        for key, item in value.items()
        if kinds
    )
    return next(filter(None, found), None)


def _listed(value: Any, form: Any, kind: type, where: str) -> str | None:
    if not isinstance(value, list | tuple):
        return f"{where} is {_shown(value)}, not a list"
    kinds = get_args(form)
    if hasattr(form, "_fields"):  # a NamedTuple
        kinds = tuple(get_type_hints(form).values())
        least = len(kinds) - len(form._field_defaults)
        kinds = kinds[: max(len(value), least)]
    if issubclass(kind, tuple) and kinds and kinds[-1] is not Ellipsis:
        if len(value) != len(kinds):
            return f"{where} has {len(value)} values, not {len(kinds)}"
    else:
        kinds = (kinds[0] if kinds else Any,) * len(value)
    pairs = enumerate(zip(value, kinds, strict=True))
    found = (mismatch(item, each, f"{where}[{i}]") for i, (item, each) in pairs)
    return next(filter(None, found), None)


def _described(form: Any) -> str:
    if get_origin(form) in (Union, UnionType):
        return " or ".join(map(_described, get_args(form)))
    if form in _WORDS:
        return _WORDS[form]
    kind = get_origin(form) or form
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return "an object"
    if isinstance(kind, type) and issubclass(kind, list | tuple):
        return "a list"
    return getattr(form, "__name__", str(form))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
