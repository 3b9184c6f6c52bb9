"""The options that commands share, and the types of their values.

A parameter has the name of the field or argument that it sets.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click

from tfsnn_numpy.defaults import (
    ENERGY_MODELS,
    ENERGY_PROFILE,
    LARGEST_SEED,
    READOUTS,
)

DATA = (
    "FILE.npz (x and, for labels, y), FILE.tfrecord (image/encoded), a folder of "
    "images by class, or tfds:NAME[:SPLIT]."
)

DT = "Length of a time step in seconds, for the time constants of leaky neurons."


class OutputFile(click.ParamType):
    """The type of a path of a file to be written, which has one of some suffixes."""

    name = "file"

    def __init__(self, *suffixes: str) -> None:
        """Take the suffixes that it may have, with their dots."""
        self.suffixes = suffixes

    def convert(self, value: Any, param: Any, ctx: Any) -> Path:
        """Return a Path."""
        path = Path(value)
        if path.suffix not in self.suffixes:
            known = " or ".join(self.suffixes)
            self.fail(f"{value!r} does not end in {known}", param, ctx)
        return path


class Numbers(click.ParamType):
    """The type of whole numbers with commas between, none below `least`: ``1,2,4``."""

    def __init__(self, letter: str, least: int) -> None:
        """Take the letter that stands for a number in the help, and the smallest."""
        self.name, self.least = f"{letter},{letter},...", least

    def convert(self, value: Any, param: Any, ctx: Any) -> list[int]:
        """Return a list, in the order given."""
        try:
            numbers = [int(text) for text in value.split(",")]
        except ValueError:
            numbers = []
        if not numbers or min(numbers) < self.least:
            what = f"a list of numbers from {self.least} up"
            self.fail(f"{value!r} is not {what}", param, ctx)
        return numbers


class Names(click.ParamType):
    """The type of names with commas between: ``hmt,paced``."""

    name = "name,name,..."

    def convert(self, value: Any, param: Any, ctx: Any) -> list[str]:
        """Return a list, in the order given."""
        return value.split(",") if isinstance(value, str) else value


class EnergyName(NamedTuple):
    """The name of an energy model, looked up once the library is loaded."""

    name: str

    def profile(self) -> Any:
        """Return the model; an unknown name is an OptionError that lists all."""
        from tfsnn.hardware.energy import profile

        return profile(self.name)


class Energy(click.ParamType):
    """The type of the name of an energy model; the command gets the model."""

    name = "name"

    def convert(self, value: Any, param: Any, ctx: Any) -> EnergyName:
        """Return the name, which is looked up once the library is loaded."""
        return value if isinstance(value, EnergyName) else EnergyName(value)


class Readout(click.ParamType):
    """The type of a readout over time: a name, or a number of frames."""

    name = "readout"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | int | None:
        """Return the name, or the number as an int."""
        if value is None or isinstance(value, int) or value in READOUTS:
            return value
        if not value.isdecimal() or int(value) < 1:
            known = ", ".join(READOUTS)
            self.fail(f"{value!r} is not {known} or a number from 1 up", param, ctx)
        return int(value)


READOUT = "What is read after a frame: mean (of all so far), last, or N, their mean."
Decorator = Callable[[Any], Any]
PATH = click.Path(path_type=Path)
ABOVE_ZERO = click.FloatRange(min=0, min_open=True)
AT_LEAST_ONE = click.IntRange(min=1)
POINTS = click.FloatRange(min=0)
SEEDS = click.IntRange(0, LARGEST_SEED)
STEPS = Numbers("t", 1)
FIGURE = OutputFile(".svg", ".png", ".pdf")  # as tfsnn.plot.save writes


def listed(numbers: tuple[int, ...]) -> str:
    """Return numbers as text, as an option of the type `Numbers` takes them."""
    return ",".join(map(str, numbers))


def together(*options: Decorator) -> Decorator:
    """Add several options, which --help shows in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def model_argument() -> Decorator:
    """Add MODEL, a file or folder of any kind that is read."""
    return click.argument("model", metavar="MODEL", type=PATH)


def snn_argument() -> Decorator:
    """Add SNN, a file that tfsnn convert wrote."""
    return click.argument("snn", metavar="SNN", type=PATH)


def ann_option(
    meaning: str = "The model that was converted.", *, required: bool = True
) -> Decorator:
    """Add --ann, which takes the place of MODEL."""
    return click.option(
        "--ann", "model", required=required, metavar="MODEL", type=PATH, help=meaning
    )


def calibration_option(*, required: bool = True, more: str = "") -> Decorator:
    """Add --calibration, with `more` to say of it."""
    return click.option(
        "--calibration", required=required, metavar="DATA", help=DATA + more
    )


def data_option(meaning: str = DATA) -> Decorator:
    """Add --data."""
    return click.option("--data", required=True, metavar="DATA", help=meaning)


def signature_option() -> Decorator:
    """Add --signature."""
    return click.option(
        "--signature",
        metavar="NAME",
        help="Signature of a SavedModel; by default serving_default or the only one.",
    )


def task_option() -> Decorator:
    """Add --task, whose value is a task, tasks by output, or None."""
    return click.option(
        "--task",
        multiple=True,
        metavar="TASK",
        callback=_tasks,
        help=TASK,
    )


TASK = (
    "What the outputs answer, by which they are judged: classification, binary, "
    "multilabel, regression, places, image or embedding; OUTPUT=TASK for one of "
    "several outputs. By default what head, shape and labels say."
)


def _tasks(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> Any:
    """Return one task for all outputs, a dict by output, or None."""
    parts = [text.rpartition("=") for text in given]
    alone = [task for _, equals, task in parts if not equals]
    if len(given) == 1 and alone:
        return alone[0]
    if alone:
        raise click.BadParameter(
            f"{alone[0]!r} is for all outputs: give it alone, or OUTPUT=TASK for each",
            ctx,
            param,
        )
    return {output: task for output, _, task in parts} or None


def limit_option() -> Decorator:
    """Add --limit."""
    return click.option("--limit", type=AT_LEAST_ONE, metavar="N", help=LIMIT)


def raw_option() -> Decorator:
    """Add --raw."""
    return click.option("--raw/--no-raw", default=None, help=RAW)


LIMIT = "Use the first N samples only."
RAW = (
    "Keep 8-bit values at 0..255, or divide them by 255; if neither is given, as the "
    "network takes them."
)
BATCH_SIZES = "Samples computed at a time."


def batch_size_option(default: int) -> Decorator:
    """Add --batch-size."""
    return click.option(
        "--batch-size",
        type=AT_LEAST_ONE,
        default=default,
        show_default=True,
        metavar="N",
        help=BATCH_SIZES,
    )


def timesteps_option(meaning: str) -> Decorator:
    """Add --timesteps, a single number."""
    return click.option("--timesteps", type=AT_LEAST_ONE, metavar="T", help=meaning)


def alphabet_option(meaning: str) -> Decorator:
    """Add --alphabet."""
    return click.option(
        "--alphabet",
        metavar="NAME",
        help="What a spike carries: binary, ternary, or graded:N for 0 to 2^N - 1"
        + meaning,
    )


def energy_option() -> Decorator:
    """Add --energy."""
    return click.option(
        "--energy",
        metavar="NAME",
        type=Energy(),
        default=ENERGY_PROFILE,
        show_default=True,
        help=f"{ENERGY}",
    )


ENERGY = (
    f"Model of the energy that operations cost: {', '.join(ENERGY_MODELS)}, or one "
    "that was registered."
)


def target_option(meaning: str) -> Decorator:
    """Add --target, a chip."""
    return click.option(
        "--target", metavar="NAME", help=f"{meaning} tfsnn targets lists all."
    )


def keras_output_option(meaning: str = "spiking network") -> Decorator:
    """Add --output, a .keras file."""
    return click.option(
        "--output",
        required=True,
        type=OutputFile(".keras"),
        help=f"Where to write the {meaning}, a .keras file.",
    )


def overwrite_option(meaning: str) -> Decorator:
    """Add --overwrite."""
    return click.option("--overwrite", is_flag=True, help=meaning)


def plot_option(meaning: str) -> Decorator:
    """Add --plot, a figure."""
    return click.option(
        "--plot", type=FIGURE, help=f"Write {meaning} as .svg, .png or .pdf."
    )


def json_option() -> Decorator:
    """Add --json."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document."
    )
