"""The page of ``against.py``: all rows, those near the ANN, and their speed."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.tables import FORM, Document, Page, curves, table

CLOSE = 0.5  # points below the ANN


def _theirs(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["side"] != "ours"]


def within(document: Document) -> str:
    """Make a table of the least T within CLOSE points of the ANN, the fastest first."""
    first: dict[str, dict[str, Any]] = {}
    for row in document["rows"]:
        if row["points"] >= -CLOSE - 1e-7:
            first.setdefault(row["setting"], row)
    rows = sorted(first.values(), key=operator.itemgetter("milliseconds"))
    if theirs := _theirs(rows):
        best = theirs[0]["images_per_second"]
        rows = [{**row, "times": row["images_per_second"] / best} for row in rows]
    found = table(
        f"within {CLOSE} points of the ANN | first T | accuracy, % | images/s "
        "| times their fastest",
        "{setting} | {timesteps} | {accuracy:.2p} | {images_per_second:.1f} "
        "| {times:.1f}",
        rows,
    )
    settings = dict.fromkeys(row["setting"] for row in document["rows"])
    never = ", ".join(name for name in settings if name not in first)
    none = f"\n\nNot within {CLOSE} points at any T: {never}."
    return found + none if never else found


def _compared(document: Document) -> list[str]:
    """Say how many times faster ours is: where as accurate, and at the same T."""
    ours = [row for row in document["rows"] if row["side"] == "ours"]

    def best(row: dict[str, Any], key: str, fits: Callable[[Any, Any], bool]) -> Any:
        fitting = [own for own in ours if fits(own[key], row[key])]
        if not fitting:
            return "none", ""
        fastest = max(fitting, key=operator.itemgetter("images_per_second"))
        times = fastest["images_per_second"] / row["images_per_second"]
        return f"{fastest['setting']}, T={fastest['timesteps']}", f"{times:.1f}"

    rows = [
        {
            **row,
            "accurate": best(row, "accuracy", operator.ge),
            "same": best(row, "timesteps", operator.eq),
        }
        for row in _theirs(document["rows"])
    ]
    if not rows:
        return []
    return [
        "How many times the images per second, of our fastest row that is at least as "
        "accurate, and of our fastest at the same T:",
        table(
            "setting | T | accuracy, % | ours, as accurate | times | ours, same T "
            "| times",
            "{setting} | {timesteps} | {accuracy:.2p} | {accurate[0]} | {accurate[1]} "
            "| {same[0]} | {same[1]}",
            rows,
        ),
    ]


def _blocks(document: Document) -> Iterable[str]:
    for other in document["theirs"]:
        yield FORM.vformat(
            "{package} on {on}: ANN {ann_accuracy:.2p} %, {ann_milliseconds:.2f} ms "
            "per image; logits differ by {greatest_difference:.1g} at most.",
            (),
            other,
        )
    yield within(document)
    yield from _compared(document)
    yield "\n".join(f"- {name}: {text}" for name, text in document["notes"].items())


def _drawing(document: Document) -> str:
    return curves(document, f"{document['model']}: against other packages")


PAGE = Page(
    "{model}: against other packages",
    "ANN {ann_accuracy:.2p} % on {samples} test images, {ann[milliseconds]:.2f} ms per "
    "image. Calibrated on {calibration_samples} images. Medians of {timed_runs} runs "
    "over {timed_samples} images, {their_timed_samples} or more for theirs. Measured "
    "on {machine}.",
    [
        (
            "setting | spikes | T | latency, steps | accuracy, % "
            "| against the ANN, points | batch | ms per image | images per second",
            "{setting} | {alphabet} | {timesteps} | {latency} | {accuracy:.2p} "
            "| {points:+.2f} | {batch_size} | {milliseconds:.2f} "
            "| {images_per_second:,.1f}",
        )
    ],
    _blocks,
    _drawing,
)
