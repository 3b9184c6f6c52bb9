"""What the commands share: quiet imports, options, files, progress and JSON."""

from __future__ import annotations

import json
import logging
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from tfsnn import SpikingModel
    from tfsnn.data import Data

DATA = (
    "FILE.npz (x and, for labels, y), FILE.tfrecord (image/encoded), a folder of "
    "images by class, or tfds:NAME[:SPLIT]."
)


class LibraryCommand(click.Command):
    """A command that uses the library, which is loaded once the arguments are good."""

    def invoke(self, ctx: click.Context) -> Any:
        """Load TensorFlow, silently, and run the command."""
        if not ctx.find_root().params.get("debug") and not sys.warnoptions:
            warnings.simplefilter("ignore")
        if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "3":
            logging.getLogger("tensorflow").setLevel(logging.ERROR)
            if "tensorflow" not in sys.modules:
                with _silent():
                    import tensorflow  # noqa: F401
        return super().invoke(ctx)


@contextmanager
def _silent() -> Iterator[None]:
    """Nothing is written to file descriptor 2.

    TensorFlow 2.21 writes notes there on import, before it reads its log level.
    """
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class OutputFile(click.ParamType):
    """The path of a file to be written, whose suffix says what it is."""

    name = "file"

    def __init__(self, *suffixes: str) -> None:
        """Take the suffixes that it may have, with their dots."""
        self.suffixes = suffixes

    def convert(self, value: Any, param: Any, ctx: Any) -> Path:
        """A Path."""
        path = Path(value)
        if path.suffix not in self.suffixes:
            known = " or ".join(self.suffixes)
            self.fail(f"{value!r} does not end in {known}", param, ctx)
        return path


class Numbers(click.ParamType):
    """Whole numbers with commas between, none below `least`: ``1,2,4``."""

    def __init__(self, letter: str, least: int) -> None:
        """`letter`: that stands for a number in the help text."""
        self.name, self.least = f"{letter},{letter},...", least

    def convert(self, value: Any, param: Any, ctx: Any) -> list[int]:
        """A list, in the order given."""
        try:
            numbers = [int(text) for text in value.split(",")]
        except ValueError:
            numbers = []
        if not numbers or min(numbers) < self.least:
            what = f"a list of numbers from {self.least} up"
            self.fail(f"{value!r} is not {what}", param, ctx)
        return numbers


Decorator = Callable[[Any], Any]
AT_LEAST_ONE = click.IntRange(min=1)
STEPS = Numbers("t", 1)
FIGURE = OutputFile(".svg", ".png", ".pdf")  # as tfsnn.plot.save writes


def model_argument(name: str, metavar: str) -> Decorator:
    """A model file, or the folder of a SavedModel."""
    return click.argument(name, metavar=metavar, type=click.Path(path_type=Path))


def ann_option(
    meaning: str = "The model that was converted.", *, required: bool = True
) -> Decorator:
    """--ann, a path called ann_path."""
    return click.option(
        "--ann",
        "ann_path",
        required=required,
        metavar="MODEL",
        type=click.Path(path_type=Path),
        help=meaning,
    )


def data_option() -> Decorator:
    """--data, a text called spec."""
    return click.option("--data", "spec", required=True, metavar="DATA", help=DATA)


def signature_option() -> Decorator:
    """--signature."""
    return click.option(
        "--signature",
        metavar="NAME",
        help="Of a SavedModel; serving_default, or the only one, if not given.",
    )


def limit_option() -> Decorator:
    """--limit."""
    return click.option(
        "--limit", type=AT_LEAST_ONE, metavar="N", help="Use the first N samples only."
    )


def raw_option() -> Decorator:
    """--raw."""
    return click.option(
        "--raw", is_flag=True, help="Keep 8-bit values at 0..255, instead of 0..1."
    )


def batch_size_option(default: int) -> Decorator:
    """--batch-size."""
    return click.option(
        "--batch-size",
        type=AT_LEAST_ONE,
        default=default,
        show_default=True,
        metavar="N",
        help="Samples computed at a time.",
    )


def timesteps_option(meaning: str) -> Decorator:
    """--timesteps, a single number."""
    return click.option("--timesteps", type=AT_LEAST_ONE, metavar="T", help=meaning)


def energy_option(meaning: str = "What operations cost") -> Decorator:
    """--energy."""
    return click.option(
        "--energy",
        metavar="NAME",
        default="45nm-float32",
        show_default=True,
        help=f"{meaning}: a profile of tfsnn.energy; an unknown name is refused with a "
        "list of all.",
    )


def json_option() -> Decorator:
    """--json."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document."
    )


def load_ann(path: Path, signature: str | None = None) -> keras.Model:
    """Load a model that is not a spiking one."""
    import tfsnn

    model = tfsnn.load_model(path, signature)
    if isinstance(model, tfsnn.SpikingModel):
        raise tfsnn.ModelError(
            f"{path}: is a spiking network already; give the model it was made from"
        )
    return model


def load_snn(path: Path) -> SpikingModel:
    """Load a model that `tfsnn convert` wrote."""
    import tfsnn

    model = tfsnn.load_model(path)
    if not isinstance(model, tfsnn.SpikingModel):
        raise tfsnn.ModelError(
            f"{path}: is a {type(model).__name__}, not a spiking network; convert it "
            f"first: tfsnn convert {path} --calibration DATA --output snn.keras"
        )
    return model


def open_test_data(
    spec: str,
    snn: SpikingModel,
    raw: bool,
    limit: int | None = None,
    *,
    labels: bool = False,
) -> Data:
    """Open what --data names for a spiking network: the part for tests, by default.

    `raw` and `limit` are --raw and --limit; `labels` refuses data without labels.
    """
    from tfsnn.data import open_for
    from tfsnn.simulation.engines import as_engine

    return open_for(as_engine(snn), spec, raw=raw, limit=limit, labels=labels)


def progress(batches: Iterable[Any], total: int | None, label: str) -> Iterable[Any]:
    """A progress bar on standard error, where that is a terminal."""
    return _bar(batches, total, label) if sys.stderr.isatty() else batches


def _bar(batches: Iterable[Any], total: int | None, label: str) -> Iterator[Any]:
    with click.progressbar(batches, total, label, file=sys.stderr) as bar:
        yield from bar


def say(text: str) -> None:
    """A line to standard error."""
    click.echo(text, err=True)


def show(result: Any, as_json: bool) -> None:
    """Print a result with ``to_dict``: as text, or as one JSON document."""
    click.echo(to_json(result) if as_json else str(result))


def to_json(result: Any) -> str:
    """JSON of a result, or of the dict of one; what is not finite is null.

    For JSON knows no NaN.
    """
    found = result if isinstance(result, dict) else result.to_dict()
    return json.dumps(_finite(found), indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_figure(path: Path, figure: Figure, *, overwrite: bool) -> None:
    """Write a figure of :mod:`tfsnn.analysis.plot`, whole or not at all, and say so."""
    from tfsnn.analysis.plot import save
    from tfsnn.files import replacing

    with replacing(path, overwrite=overwrite) as part:
        save(figure, part)
    say(f"wrote {path}")
