"""Options by type hints: what a text becomes, and what is refused, for each type."""

import dataclasses
from dataclasses import dataclass
from typing import Literal, Optional

import pytest

from tfsnn.conversion.methods import option
from tfsnn.conversion.methods.fields import specs
from tfsnn.conversion.methods.registry import options
from tfsnn.errors import OptionError


@dataclass(frozen=True)
class Hinted:
    """Annotated by types themselves, as this file imports no future annotations."""

    on: bool = option(True, "a boolean")
    count: int = option(1, "whole", low=1, high=9)
    share: float = option(0.5, "a number")
    text: str = option("a", "free text")
    rule: str = option("max", "a choice", ("max", "mse"))
    form: Literal["flat", "deep"] = option("flat", "a literal")
    bits: Literal[1, 2, 4] = option(1, "literal numbers")
    bound: int | None = option(None, "or none", low=1)
    older: Optional[float] = option(None, "or none, as it was once written")  # noqa: UP045
    maybe: bool | None = option(None, "a boolean or none")
    shape: Literal["flat", None] = option(None, "a literal or none")
    size: int | str = option(1, "a number or a name")


# What a file with future annotations makes of its annotations: texts.
Quoted = dataclasses.make_dataclass(
    "Quoted",
    [
        ("count", "int", option(1, "whole", low=1, high=9)),
        ("bound", "int | None", option(None, "or none", low=1)),
        ("on", "bool", option(True, "a boolean")),
    ],
)


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("on", "false", False),
        ("on", "True", True),
        ("on", "no", False),
        ("on", False, False),
        ("count", "7", 7),
        ("share", "7", 7.0),
        ("share", 7, 7),
        ("share", "1e-3", 0.001),
        ("text", "7", "7"),
        ("text", "none", "none"),
        ("text", "true", "true"),
        ("rule", "mse", "mse"),
        ("form", "deep", "deep"),
        ("bits", "4", 4),
        ("bits", 2, 2),
        ("bound", "None", None),
        ("bound", "3", 3),
        ("bound", None, None),
        ("older", "none", None),
        ("older", "3", 3.0),
        ("maybe", "none", None),
        ("maybe", "yes", True),
        ("shape", "none", None),
        ("shape", "flat", "flat"),
        ("size", "3", 3),
        ("size", "big", "big"),
    ],
)
def test_values_and_texts_become_the_type(name, given, value):
    found = specs(Hinted)[name].parse(given, "it")
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("on", 1, "on=1 is not of type bool"),
        ("on", "maybe", "on='maybe' is not of type bool"),
        ("on", None, "on=None is not of type bool"),
        ("count", True, "count=True is not of type int"),
        ("count", 2.0, "count=2.0 is not of type int"),
        ("count", "2.0", "count='2.0' is not of type int"),
        ("count", 10, "count=10 is not a number from 1 to 9"),
        ("share", "much", "share='much' is not of type float"),
        ("share", False, "share=False is not of type float"),
        ("share", float("inf"), "share=inf is not a number from -inf to inf"),
        ("text", 7, "text=7 is not of type str"),
        ("rule", "best", "rule='best'; expected one of max, mse"),
        ("form", "round", "form='round'; expected one of flat, deep"),
        ("form", 3, "form=3 is not of type str"),
        ("bits", 3, "bits=3; expected one of 1, 2, 4"),
        ("bits", True, "bits=True is not of type int"),
        ("bits", 2.0, "bits=2.0 is not of type int"),
        ("bound", 0, "bound=0 is not a number from 1 to inf"),
        ("bound", "few", "bound='few' is not of type int | None"),
        ("maybe", "maybe", "maybe='maybe' is not of type bool | None"),
        ("shape", "deep", "shape='deep'; expected one of flat"),
        ("size", 1.5, "size=1.5 is not of type int | str"),
        ("size", None, "size=None is not of type int | str"),
    ],
)
def test_others_are_refused(name, given, message):
    with pytest.raises(OptionError) as caught:
        specs(Hinted)[name].parse(given, "it")
    text, way_out = str(caught.value), ": give one, or leave it out for "
    typed = "is not of type" in message
    assert text.startswith(f"it: {message}{way_out}" if typed else f"it: {message}")


def test_hints_that_are_texts_are_the_same_hints():
    for name, spec in specs(Quoted).items():
        assert spec == specs(Hinted)[name]


def test_literals_are_listed_as_choices():
    described = {told["name"]: told["choices"] for told in options(Hinted)}
    assert described["form"] == ("flat", "deep") and described["bits"] == (1, 2, 4)
    assert described["rule"] == ("max", "mse") and described["shape"] == ("flat",)
    assert described["count"] == ()


def test_what_no_option_can_be_is_refused():
    def of(name, hint, made):
        return dataclasses.make_dataclass(name, [("size", hint, made)])

    listed = of("Listed", list[int], option(None, "several"))
    plain = of("Plain", int, dataclasses.field(default=3))
    mixed = of("Mixed", Literal["all"] | int, option(3, "a number or all"))
    with pytest.raises(ValueError, match=r"Listed.size is of type list\[int\], which"):
        specs(listed)
    with pytest.raises(ValueError, match=r"Plain.size has no meaning: declare it by"):
        specs(plain)
    with pytest.raises(ValueError, match=r"Mixed.size may be .*: annotate it with one"):
        specs(mixed)
