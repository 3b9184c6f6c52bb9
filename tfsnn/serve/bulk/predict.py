"""Predict data larger than memory: files in, shards of results out.

The samples of all files, in the order of the files' names, are numbered from 0, and
shard k holds those from ``k * shard_size`` on. A shard appears whole, by renaming, and
depends on nothing but the model, its samples and the options. So a prediction that was
stopped, in whatever way, goes on with the shards that are missing, and several workers
may share them: shard k is made by worker k mod N.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tfsnn.data import OverTime, Progress
from tfsnn.data.opening import raw_for
from tfsnn.data.over_time.settings import BY_ELEMENT, settings_of
from tfsnn.errors import DataError, OptionError
from tfsnn.serve.bulk.batches import Samples
from tfsnn.serve.bulk.columns import Columns, scores
from tfsnn.serve.bulk.inputs import KINDS, Reading, find, list_sources
from tfsnn.serve.bulk.over_time import frames_in
from tfsnn.serve.bulk.prefetch import prefetched
from tfsnn.serve.bulk.results import Folder, read_manifest
from tfsnn.simulation.engines import Engine, as_engine
from tfsnn.simulation.engines.frames import SpikingFrames, frames_of
from tfsnn.simulation.over_time import refuse_frames
from tfsnn_numpy.checks import check_count
from tfsnn_numpy.defaults import IMAGE_KEY, PREDICTION_BATCH_SIZE, SHARD_SIZE
from tfsnn_numpy.judging import Judging
from tfsnn_numpy.tasks import TASKS, Task, Wanted, find_tasks

FORMAT = 2  # of the manifest


@dataclass(frozen=True)
class BulkPrediction:
    """The result of :func:`predict_files`.

    Attributes:
        output: the folder of results.
        samples: number of samples predicted now.
        seconds: time taken, compilation and reading included.
        images_per_second: throughput; None if all was there already.
        shards: number of shards written now.
        shards_missing: number that workers have yet to write; 0 when all is done.
        totals: over all samples, with no shard missing: samples, shards, mean_steps of
            a spiking network, and, where all samples have labels, each output's task
            and scores.
    """

    output: str
    samples: int
    seconds: float
    images_per_second: float | None
    shards: int
    shards_missing: int
    totals: Mapping[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready dict."""
        return asdict(self)

    def __str__(self) -> str:
        rate = self.images_per_second
        speed = "" if rate is None else f", {rate:,.1f} images/s"
        lines = [
            f"{self.samples} samples in {self.seconds:.1f} s{speed}; "
            f"{self.shards} shards written to {self.output}"
        ]
        if self.totals is None:
            lines.append(
                f"{self.shards_missing} shards of other workers are still missing"
            )
        else:
            found = self.totals
            line = f"complete: {found['samples']} samples in {found['shards']} shards"
            if "mean_steps" in found:
                line += f", {found['mean_steps']:.2f} steps on average"
            for each in found.get("outputs", ()):
                of = TASKS[each["task"]]
                score = of.text(each["scores"].get(of.metric))
                line += f", {of.metric.replace('_', ' ')} {score}"
                line += f" ({each['output']}, {each['task']})"
            lines.append(line)
        return "\n".join(lines)


def predict_files(
    model: Any,
    data: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    timesteps: int | None = None,
    batch_size: int = PREDICTION_BATCH_SIZE,
    shard_size: int = SHARD_SIZE,
    raw: bool | Collection[str] | None = None,
    image_key: str = IMAGE_KEY,
    label_key: str | None = None,
    worker: tuple[int, int] = (0, 1),
    task: Wanted = None,
    progress: Progress | None = None,
    over_time: bool | OverTime = False,
    steps_per_frame: int | None = None,
    readout: str | int | None = None,
) -> BulkPrediction:
    """Predict all samples in files, a few batches in memory at a time.

    Results are ``shard-K-of-M.npz`` in the folder, with the arrays

    * ``outputs`` ``(S, ...)``, in the model's own units; ``outputs_NAME`` where the
      model has several, by name or number;
    * ``top`` ``(S, ...)`` int32: the decisions of the first output, where its task has
      any (:mod:`tfsnn_numpy.tasks`): the class, 0 or 1, or a class for each place;
    * ``steps`` ``(S,)`` int32: time steps used, less than T by early exit; of a spiking
      network only;
    * ``index`` ``(S,)`` int64: the number among all samples;
    * ``id`` ``(S,)``: ``FILE#ROW``, or the path of an image;
    * ``label`` ``(S, ...)``, as stored, where all samples have one; ``label_NAME``
      for labels of several outputs,

    and ``manifest.json``: the model's digest, the options, every file with its size and
    digest, and, once all shards are there, totals. Called again with the same
    arguments it makes the shards that are missing.

    Args:
        model: a network from :func:`tfsnn.convert`, a Keras model, or anything that
            :func:`tfsnn.simulation.engines.as_engine` takes.
        data: path or pattern, or several: TFRecord files (:mod:`tfsnn.data.tfrecord`),
            npz files (:func:`tfsnn.open_data`), or folders of images, at any depth; in
            order of their names. Where a folder has images in its subfolders only,
            these are their classes.
        output: the folder of the results; made if need be.
        timesteps: T; the network's own if None.
        batch_size: samples computed at a time.
        shard_size: samples in a file of results, which is held in memory until written.
        raw: keep 8-bit values at 0..255, of all inputs or of those named; as the
            network takes them if None.
        image_key: feature of a TFRecord file that holds the sample.
        label_key: feature that holds the label; None for no labels.
        worker: I and N: make the shards k with k mod N = I only. Workers may use the
            same folder at the same time; the last one to end writes the totals.
        task: what the outputs answer, as for :func:`tfsnn.evaluate`.
        progress: wraps the batches, for a progress bar.
        over_time: whether samples are sequences ``(F, *input shape)``, in npz or
            TFRecord files, which the network takes as a
            :meth:`tfsnn.SpikingModel.stream` does; outputs are those after the last
            frame. F is that of the first npz file, or the `frames` of an
            :class:`tfsnn.OverTime`; all sequences have as many.
        steps_per_frame, readout: as for :meth:`tfsnn.SpikingModel.stream`.

    Raises:
        OptionError: for impossible numbers, an unknown task, or data in the folder of
            the results. Over time also for a network that needs the whole input, with
            `timesteps`, and where nothing says how many frames there are; for a
            recurrent network without `over_time`.
        DataError: for data that is missing, damaged or does not fit, naming file and
            row. The shards that were written stay.
        ModelError: if outputs of a spiking network are NaN or infinite, naming file and
            row; of another model the logger "tfsnn" gets a warning.
        OutputError: if results cannot be written, or the folder holds those of another
            model, other data or options.
    """
    check_count("batch_size", batch_size)
    check_count("shard_size", shard_size)
    if timesteps is not None:
        check_count("timesteps", timesteps)
    _check_worker(worker)
    target = Path(output)
    root, paths = find(data)
    net = as_engine(model, timesteps)
    if asked := settings_of(over_time):
        frames = frames_in(paths, net.inputs, asked, timesteps)
        net = frames_of(net, frames, steps_per_frame, readout)
    else:
        refuse_frames(steps_per_frame, readout)
        if net.by_element:
            raise OptionError(BY_ELEMENT.format(net.name))
    reading = Reading(dict(net.inputs), raw_for(net, raw), image_key, label_key)
    _refuse_results(paths, target)
    before = read_manifest(target) or {"data": []}
    known = {entry["name"]: entry for entry in before["data"]}
    sources = list_sources(root, paths, reading, known, progress)
    samples = Samples(root, sources, reading, shard_size, batch_size)
    if samples.size == 0:
        raise DataError(f"{data} holds no samples; give {KINDS} with at least 1.")
    sample, first = samples.first()
    outputs = net.described(sample)
    tasks = find_tasks(outputs, first, task, where="y", hints=net.hints)
    judging = Judging.with_labels(tasks, first)
    folder = Folder(target, samples, _manifest(net, samples, tasks))
    number, workers = worker
    if workers == 1:
        folder.remove_parts(".npz", ".json")
    shards = [k for k in folder.missing() if k % workers == number]
    started = time.perf_counter()
    made = Columns(net, tasks)
    count = _predict(made, samples, shards, folder, progress)
    seconds = time.perf_counter() - started
    missing = folder.missing()
    return BulkPrediction(
        output=str(target),
        samples=count,
        seconds=seconds,
        images_per_second=count / seconds if count else None,
        shards=len(shards),
        shards_missing=len(missing),
        totals=None if missing else folder.finish(scores(net, judging)),
    )


def _check_worker(worker: tuple[int, int]) -> None:
    number, workers = worker
    if not 0 <= number < workers:
        raise OptionError(
            f"worker {number} of {workers}: give a number from 0 to below the number "
            "of workers, as in 0/4 to 3/4."
        )


def _refuse_results(paths: Sequence[Path], target: Path) -> None:
    """Refuse data that lies in the folder of the results."""
    place = Path(os.path.abspath(target))
    for path in paths:
        if place == path or place in path.parents:
            raise OptionError(
                f"{path} is in the folder of the results, {target}; give another "
                "folder for these."
            )


def _manifest(net: Engine, samples: Samples, tasks: Sequence[Task]) -> dict[str, Any]:
    reading = samples.reading
    return {
        "format": FORMAT,
        "model": {"digest": net.digest, "timesteps": net.timesteps},
        "options": {
            "batch_size": samples.batch_size,
            "shard_size": samples.shard_size,
            "raw": sorted(reading.raw),
            "image_key": reading.image_key,
            "label_key": reading.label_key,
            "tasks": {task.output.name: task.name for task in tasks},
            **({"frames": net.options} if isinstance(net, SpikingFrames) else {}),
        },
        "samples": samples.size,
        "shards": samples.shards,
        "name": net.name,
        "versions": {name: version(name) for name in ("tfsnn", "tensorflow", "keras")},
        "root": str(samples.root),
        "data": [source.to_dict() for source in samples.sources],
    }


def _predict(
    columns: Columns,
    samples: Samples,
    shards: Sequence[int],
    folder: Folder,
    progress: Progress | None,
) -> int:
    """Make these shards; return the number of samples in them."""
    count, rows = 0, []
    batches = prefetched(samples.batches(shards))
    try:
        shown: Any = batches
        if progress is not None:
            shown = progress(batches, samples.count(shards), "predicting")
        for batch in shown:
            rows.append(columns(batch))
            count += len(batch)
            if batch.last:
                joined = {
                    key: np.concatenate([row[key] for row in rows]) for key in rows[0]
                }
                # As wide as this shard needs, however the samples before it were read.
                joined["id"] = np.array(joined["id"].tolist())
                folder.write(batch.shard, joined)
                rows = []
    finally:
        batches.close()  # type: ignore[attr-defined]  # a generator
    return count
