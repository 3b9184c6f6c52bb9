"""Compare our methods with other packages: same weights, same images, same T.

    python -m benchmarks.toolboxes.against --timesteps 4,8,16,32 --limit 500 \
        --model saved_models/resnet20_cifar10/model.keras \
        --calibration train.npz --data test.npz \
        --package spikingjelly spikingjelly-venv/bin/python \
        --output benchmarks/results/against_spikingjelly_resnet20

Each package lives in an environment of its own (``docs/benchmarks.md`` has all
commands) and gets the simplified network (batch norms folded, max pooling before its
ReLU) by way of ``neutral_network.py``; its logits are checked against ours. All runs on
the CPU; all calibrate on the first images. --their-calibration gives the others more of
them, as SpikingJelly's own examples take 50,000. Ours is converted for each T;
SpikingJelly's thresholds do not depend on T, but the start of its delayed readout does.

Every side is timed at the fastest of the batch sizes, found by a short run: the median
of several runs over the first images, of ``predict`` for ours. Theirs, being slow, can
get fewer images. Behind the whole table stands what each setting needs to come within
CLOSE points of the ANN: the least T measured, and its rate. Run nothing beside it.
"""

from __future__ import annotations

import functools
import operator
from typing import Any

import click
import keras
import tensorflow as tf

import tfsnn
from benchmarks.inputs import Task, samples, takes_task
from benchmarks.measure import per_image, timed
from benchmarks.tables import FORM, Report
from benchmarks.toolboxes.comparison import CLOSE, PAGE
from benchmarks.toolboxes.other_side import other_side

FOUR = (4, 8, 16, 32)
MIDDLE = {"initial_potential": 0.5}
# name: values of a spike, method, options, T. Each is converted for each T; an engine
# among the options simulates it. Those called like a recipe of SpikingJelly, without
# the sj-, are the nearest to it.
OURS: dict[str, tuple[str, str, dict[str, Any], tuple[int, ...]]] = {
    "paced": ("0, 1", "paced", {}, FOUR),
    "termapping": ("-1, 0, 1", "termapping", {}, (8, 32)),
    "augmapping": ("-15..15", "augmapping", {}, (1, 2, 8)),
    "augmapping-bfloat16": ("-15..15", "augmapping", {"precision": "bfloat16"}, FOUR),
    "augmapping-8-bits": ("-255..255", "augmapping", {"levels": 255}, FOUR),
    "termapping-bfloat16": ("-1, 0, 1", "termapping", {"precision": "bfloat16"}, FOUR),
    "augmapping-8-bits-openvino": (
        *("-255..255", "augmapping"),
        {"levels": 255, "engine": "openvino"},
        FOUR,
    ),
    "augmapping-7-bits-int8-openvino": (
        *("-63..63", "augmapping"),
        {"levels": 63, "precision": "int8", "engine": "openvino"},
        FOUR,
    ),
    "termapping-int8-openvino": (
        *("-1, 0, 1", "termapping"),
        {"precision": "int8", "engine": "openvino"},
        FOUR,
    ),
    "mse": ("0, 1", "data_norm", {"scale": "mse", "per": "channel", **MIDDLE}, FOUR),
    "ltb": ("0, 1", "ltb", {}, FOUR),
    "rate-channel": ("0, 1", "data_norm", {"per": "channel", **MIDDLE}, FOUR),
    "rate": ("0, 1", "data_norm", {}, FOUR),
}
# name: package, T (of its documentation or its defaults, where it has any), what it is.
RECIPE, RECTIFIED = 'RateCodingRecipe, mode="99.9%"', "SpikingRectifiedLinear"
THEIRS: dict[str, tuple[str, tuple[int, ...], str]] = {
    "sj-rate": ("spikingjelly", FOUR, RECIPE),
    "sj-rate-channel": (
        *("spikingjelly", FOUR),
        f"{RECIPE}, channel_wise, pre_spike_maxpool, half_threshold",
    ),
    "sj-ltb": (
        *("spikingjelly", FOUR),
        "LocalThresholdBalancingRecipe, passes over the images for 400 batches",
    ),
    "snntoolbox": (
        *("snntoolbox", (8, 32, 50, 100, 200)),
        "its INIsim and defaults; softmax neurons as outputs",
    ),
    "snntoolbox-relu": (
        *("snntoolbox", (8, 32, 50, 100, 200)),
        "the same with `softmax_to_relu`; plain neurons as outputs",
    ),
    "nengodl-synapse": (
        *("nengodl", (8, 30, 60)),
        f"{RECTIFIED}, `scale_firing_rates=1000`, `synapse=0.01`; a value of 1 is one "
        "spike in each step",
    ),
    "nengodl-graded": (
        *("nengodl", (1, 2, 8, 30)),
        f"{RECTIFIED}, `scale_firing_rates=10000`, no synapse; a value of 1 is ten "
        "spikes in each step",
    ),
}
ALL = [*OURS, *THEIRS]
PACKAGES = [*dict.fromkeys(package for package, *_ in THEIRS.values())]


@click.command()
@takes_task
@click.option(
    "--package",
    "packages",
    multiple=True,
    type=(click.Choice(PACKAGES), str),
    help="Name of a package, and the Python of its environment.",
)
@click.option("--setting", "names", multiple=True, type=click.Choice(ALL), default=ALL)
@click.option("--timesteps", help="T of all settings: 4,8,16,32")
@click.option("--calibration-limit", default=1024, show_default=True)
@click.option("--their-calibration", type=int, help="Images for the others.")
@click.option("--batch-size", "batch_sizes", multiple=True, default=(50,), type=int)
@click.option("--timed-samples", default=100, show_default=True)
@click.option("--their-timed-samples", type=int, help="Images for the others.")
@click.option("--timed-runs", default=3, show_default=True)
@click.option("--until-close", is_flag=True, help="Stop ours at the first close T.")
def main(
    task: Task,
    packages: tuple[tuple[str, str], ...],
    names: tuple[str, ...],
    timesteps: str | None,
    calibration_limit: int,
    their_calibration: int | None,
    their_timed_samples: int | None,
    until_close: bool,
    **how: Any,
) -> None:
    """Measure every setting of all sides; write JSON, Markdown and a plot."""
    tf.config.set_visible_devices([], "GPU")
    model, size = task.model, how["batch_sizes"][0]
    model.compile(jit_compile=False)
    images, labels = test = task.test()
    shared, _ = samples(model, task.calibration, calibration_limit)
    theirs, _ = samples(model, task.calibration, their_calibration or calibration_limit)
    top = model.predict(images, batch_size=size, verbose=0).argmax(1)
    accuracy = float((top == labels).mean())
    request = {**how, "timed_samples": their_timed_samples or how["timed_samples"]}
    report = Report(
        task.output,
        PAGE,
        model=model.name,
        samples=len(images),
        calibration_samples=len(shared),
        **how,
        their_timed_samples=request["timed_samples"],
        ann_accuracy=accuracy,
        ann=_timed(model, images, **how),
        theirs=[],
        notes={},
    )
    notes = report.document["notes"]

    def add(row: dict[str, Any]) -> None:
        rate = 1e3 / row["milliseconds"]
        points = 100 * (row["accuracy"] - accuracy)
        report.add({**row, "images_per_second": rate, "points": points})

    def steps(defaults: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(map(int, timesteps.split(","))) if timesteps else defaults

    for name in (name for name in OURS if name in names):
        alphabet, method, options, defaults = OURS[name]
        about: dict[str, Any] = {"side": "ours", "setting": name, "alphabet": alphabet}
        about |= {"method": method, "options": options}
        notes[name] = FORM.format(
            "`{method}`{options:()}; converted for each T", **about
        )
        engine = options.get("engine", "tensorflow")
        options = {key: value for key, value in options.items() if key != "engine"}
        for t in steps(defaults):
            convert = functools.partial(tfsnn.convert, timesteps=t, **options)
            snn, seconds = timed(functools.partial(convert, model, shared, method))
            snn.engine = engine
            found = tfsnn.evaluate(snn, test, timesteps=[t], batch_size=size)
            (row,) = found.to_dict()["rows"]
            row |= {"used": snn.report.options, "conversion_seconds": seconds}
            add({**about, **row, **_timed(snn, images, **how)})
            if until_close and row["accuracy"] >= accuracy - CLOSE / 100:
                break
    arrays = {"calibration": theirs, "images": images, "labels": labels}
    for package, python in packages:
        request["settings"] = {
            name: steps(defaults)
            for name, (of, defaults, _) in THEIRS.items()
            if of == package and name in names
        }
        result = other_side(python, package, model, arrays, request)
        rows = result.pop("rows")
        report.document["theirs"].append(result)
        for row in rows:
            name = row["setting"]
            notes[name] = f"{THEIRS[name][2]}; {len(theirs):,} images"
            label = ", ".join(filter(None, [name, row.get("readout")]))
            about = {"latency": row["timesteps"], **row, "side": package}
            add({**about, "setting": label})


def _timed(
    model: keras.Model,
    images: Any,
    batch_sizes: tuple[int, ...],
    timed_samples: int,
    timed_runs: int,
) -> dict[str, Any]:
    """Time ``predict`` at its fastest batch size, in milliseconds per image."""
    x = images[:timed_samples]

    def times(size: int, runs: int) -> dict[str, Any]:
        run = functools.partial(model.predict, x, batch_size=size, verbose=0)
        return {**per_image(run, len(x), runs), "batch_size": size}

    if len(batch_sizes) == 1:
        return times(batch_sizes[0], timed_runs)
    probes = [times(size, 1) for size in batch_sizes]
    fastest = min(probes, key=operator.itemgetter("milliseconds"))
    return times(fastest["batch_size"], timed_runs)


if __name__ == "__main__":
    main()
