"""The Markdown of ``against_toolboxes.py``: both sides, and how many times faster."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

NEAR = 0.005  # of the ANN's accuracy: half a point
NOTES = {
    "augmapping": "`augmapping`, spikes -15..15; converted for each T",
    "termapping": "`termapping`, spikes -1, 0, 1; converted for each T",
    "snntoolbox": "its INIsim and defaults; softmax neurons as outputs",
    "snntoolbox-relu": "the same with `softmax_to_relu`; plain neurons as outputs",
    "nengodl-synapse": "SpikingRectifiedLinear, `scale_firing_rates=1000`, "
    "`synapse=0.01`; a value of 1 is one spike in each step",
    "nengodl-graded": "SpikingRectifiedLinear, `scale_firing_rates=10000`, no synapse; "
    "a value of 1 is ten spikes in each step",
}


def markdown(document: dict[str, Any], described: Callable[[dict], str]) -> str:
    """The text; `described` names the machine in one line."""
    ann = document["ann_accuracy"]
    environments = "; ".join(
        f"{other['package']} on Python {other['python']}, TensorFlow "
        f"{other['tensorflow']} (logits differ by {other['greatest_difference']:.1g} "
        "at most)"
        for other in document["theirs"]
    )
    lines = [
        f"# {document['model']}: against SNN Toolbox and NengoDL",
        "",
        f"ANN {100 * ann:.2f} % on {document['samples']} test images, "
        f"{_rate(document['ann']):,.0f} images per second. Calibrated on "
        f"{document['calibration_samples']} images. Medians of "
        f"{document['timed_runs']} runs over {document['timed_samples']} images, "
        f"{document['their_timed_samples']} or more for theirs. Measured on "
        f"{described(document['machine'])}; {environments}.",
        "",
        "| setting | T | accuracy, % | against the ANN, points | batch "
        "| images per second |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    ours = [*_named(document["ours"])]
    theirs = [row for other in document["theirs"] for row in _named(other["results"])]
    for row in [*ours, *theirs]:
        lines.append(
            f"| {row['setting']} | {row['timesteps']} | {100 * row['accuracy']:.2f} "
            f"| {100 * (row['accuracy'] - ann):+.2f} | {row['batch_size']} "
            f"| {_rate(row):,.1f} |"
        )
    lines += [
        "",
        "How many times the images per second, of our fastest row that is at least as "
        "accurate, and of our fastest at the same T:",
        "",
        "| setting | T | accuracy, % | ours, as accurate | times | ours, same T "
        "| times |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in theirs:
        accurate = [own for own in ours if own["accuracy"] >= row["accuracy"]]
        same = [own for own in ours if own["timesteps"] == row["timesteps"]]
        lines.append(
            f"| {row['setting']} | {row['timesteps']} | {100 * row['accuracy']:.2f} "
            f"| {_times(row, accurate)} | {_times(row, same)} |"
        )
    lines += [
        "",
        f"Where each first comes within {100 * NEAR:g} points of the ANN, against our "
        "fastest row that does:",
        "",
        "| setting | T | accuracy, % | ours | times |",
        "| --- | --- | --- | --- | --- |",
    ]
    near = [own for own in ours if own["accuracy"] >= ann - NEAR]
    for name in dict.fromkeys(row["setting"] for row in theirs):
        rows = [row for row in theirs if row["setting"] == name]
        first = [row for row in rows if row["accuracy"] >= ann - NEAR][:1]
        if not first:
            best = max(rows, key=lambda row: row["accuracy"])
            at = f"T={best['timesteps']}: {100 * best['accuracy']:.2f}"
            lines.append(f"| {name} | not up to {rows[-1]['timesteps']} | {at} | | |")
        for row in first:
            accuracy = f"{100 * row['accuracy']:.2f}"
            cells = f"{row['timesteps']} | {accuracy} | {_times(row, near)}"
            lines.append(f"| {name} | {cells} |")
    used = dict.fromkeys(row["setting"] for row in [*ours, *theirs])
    lines += ["", *(f"- {name}: {NOTES[name]}" for name in used)]
    return "\n".join(lines) + "\n"


def _named(results: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """The rows, each with what is said of all rows of its setting."""
    for result in results:
        shared = {key: value for key, value in result.items() if key != "rows"}
        for row in result["rows"]:
            yield {**shared, **row}


def _times(row: dict[str, Any], own: list[dict[str, Any]]) -> str:
    """Two cells: our fastest of these rows, and its speed over that of `row`."""
    if not own:
        return "none | "
    best = max(own, key=_rate)
    return f"{best['setting']}, T={best['timesteps']} | {_rate(best) / _rate(row):.1f}"


def _rate(row: dict[str, Any]) -> float:
    """Images per second."""
    return 1e3 / row["milliseconds"]
