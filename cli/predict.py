"""``tfsnn predict``: predict data larger than memory, in shards."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from tfsnn_numpy.defaults import IMAGE_KEY, PREDICTION_BATCH_SIZE, SHARD_SIZE
from tfsnn_numpy.errors import plain_interrupts

from .groups import Original, group
from .library import LibraryCommand
from .options import (
    AT_LEAST_ONE,
    PATH,
    batch_size_option,
    json_option,
    model_argument,
    signature_option,
    task_option,
    timesteps_option,
)
from .part import part_options
from .rare import (
    ENGINE_OF,
    RAW_OF,
    READOUT_OF,
    STEPS_PER_FRAME_OF,
    THREADS_OF,
    RareSetting,
    rare_options,
)
from .talk import progress, say, show


class Worker(click.ParamType):
    """The type of a worker's number and the number of workers: ``0/4``."""

    name = "i/n"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        """Return the pair of numbers."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d+)/(\d+)", value)
        if not match or int(match[1]) >= int(match[2]):
            self.fail(
                f"{value!r} is not I/N with I from 0 to N - 1, such as 0/4", param, ctx
            )
        return int(match[1]), int(match[2])


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn predict snn.keras --data 'images-*.tfrecord' --output results
  tfsnn predict snn.keras --data 'shards/*.npz' --output results --worker 0/4 --json
  tfsnn predict gru_snn.keras --data 'recordings/*.npz' --over-time --output results
""",
)
@group("original", Original, model_argument(), signature_option(), part_options())
@click.option(
    "--data",
    required=True,
    multiple=True,
    metavar="GLOB",
    help="TFRecord files (*.tfrecord), npz files (x and, for labels, y), or folders of "
    "images. Quote a pattern to keep it from the shell. May be given several times.",
)
@click.option(
    "--output",
    required=True,
    metavar="DIR",
    type=PATH,
    help="Folder of the results; made if it does not exist.",
)
@timesteps_option("Time steps to simulate; by default those converted for.")
@click.option(
    "--shard-size",
    type=AT_LEAST_ONE,
    default=SHARD_SIZE,
    show_default=True,
    metavar="N",
    help="Samples in a file of results.",
)
@batch_size_option(PREDICTION_BATCH_SIZE)
@click.option(
    "--over-time",
    is_flag=True,
    help="Read sequences, a frame for each time step, from npz or TFRecord files: x "
    "(N, F, ...). The outputs are those after the last frame.",
)
@task_option()
@click.option(
    "--worker",
    type=Worker(),
    default="0/1",
    show_default=True,
    help="Make every Nth shard only, from shard I on: for N machines that share DIR.",
)
@json_option()
@rare_options(
    RareSetting(
        "image_key",
        click.STRING,
        IMAGE_KEY,
        "Feature of a TFRecord file that is the sample: an encoded image, bytes, "
        "floats, or 8-bit integers.",
    ),
    RareSetting(
        "label_key",
        click.STRING,
        None,
        "Feature of a TFRecord file that is the label; none if not given.",
    ),
    RAW_OF,
    RareSetting(
        "frames",
        AT_LEAST_ONE,
        None,
        "Frames of each sequence, over time; by default those of the first npz file.",
    ),
    ENGINE_OF,
    THREADS_OF,
    STEPS_PER_FRAME_OF,
    READOUT_OF,
)
def command(
    original: Original,
    data: tuple[str, ...],
    output: Path,
    as_json: bool,
    over_time: bool,
    frames: int | None,
    **settings: Any,
) -> None:
    """Predict data larger than memory, in shards.

    MODEL is a file that tfsnn convert wrote, or any model that it reads. DIR gets
    shard-K-of-M.npz files, with the arrays outputs, top (the decision: the class, or 0
    or 1, where the outputs decide), steps, index (the number among all samples), id
    (file and row) and, where all samples have one, label; and manifest.json, with all
    files read, and with totals at the end.

    A shard is there whole or not at all. After a kill, a crash or Ctrl-C the same
    command goes on with the shards that are missing, and the result is the same as if
    it had not been stopped. DIR with results of another model, other data or other
    options is refused. The last of several workers to end completes the manifest.
    """
    import tfsnn

    if frames is not None and not over_time:
        raise click.UsageError(
            "--frames is for sequences: give --over-time as well, or leave it out"
        )
    if over_time:
        settings["over_time"] = tfsnn.OverTime(frames=frames)
    network = original.load_any()
    if engine := settings.pop("engine"):
        if not isinstance(network, tfsnn.SpikingModel):
            raise click.UsageError(
                f"-o engine {engine} is for spiking networks, and {original.model} is "
                "none: leave it out"
            )
        network.engine = engine
    try:
        with plain_interrupts():
            found = tfsnn.predict_files(
                network, data, output, progress=_shown, **settings
            )
    except KeyboardInterrupt:
        say(f"\nstopped; the same command goes on with what is missing in {output}")
        raise
    show(found, as_json)


def _shown(items: Iterable[Any], total: int | None, label: str) -> Iterable[Any]:
    """Show progress on a terminal; for batches, with images per second."""
    if label != "predicting" or not sys.stderr.isatty():
        return progress(items, total, label)
    return _bar(items, total, label)


def _bar(batches: Iterable[Any], total: int | None, label: str) -> Iterator[Any]:
    count, started = 0, 0.0

    def rate(_: Any) -> str:
        seconds = time.perf_counter() - started
        return f"{count / seconds:,.0f} images/s" if count else ""

    with click.progressbar(
        batches, total, label, file=sys.stderr, item_show_func=rate
    ) as bar:
        for batch in bar:
            yield batch
            if started:
                count += len(batch)
            else:  # the first batch took the time of compilation
                started = time.perf_counter()
