"""How single samples are shown: by words, by numbers, and as pictures."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tfsnn.analysis.page.inline import mask_picture, picture
from tfsnn.analysis.page.outputs import OutputMeasured, Sample
from tfsnn_numpy.tasks import Task

FEW = 4  # numbers of an output that are written


class Picture(NamedTuple):
    """A picture, what it is of, and whether its values were stretched."""

    of: str
    address: str
    stretched: bool


class ShownSample(NamedTuple):
    """A sample as the page shows it.

    Attributes:
        number: its place in the data, counted from 0.
        said: the label and what both networks say, each as a text; none where they are
            no words.
        apart: how far the networks are apart; empty where what they say has it.
        history: the SNN's decisions after each of the steps, or empty.
        pictures: the input, and outputs that are pictures.
    """

    number: int
    said: tuple[tuple[str, str], ...]
    apart: str
    history: str
    pictures: tuple[Picture, ...]

    @property
    def text(self) -> str:
        """All that is said of the sample, in a line."""
        parts = [f"{name} {value}" for name, value in self.said]
        return ", ".join([*parts, *([self.apart] if self.apart else [])])


def shown_sample(found: OutputMeasured, sample: Sample) -> ShownSample:
    """Return a sample as the page shows it."""
    task = found.task
    columns = {"label": sample.label, "ANN": sample.ann, "SNN": sample.snn}
    known = {name: each for name, each in columns.items() if each is not None}
    said = {name: _said(task, np.asarray(each)) for name, each in known.items()}
    words = all(text is not None for text in said.values())
    return ShownSample(
        sample.number,
        tuple((name, text or "") for name, text in said.items()) if words else (),
        _apart(task, sample),
        ", ".join(map(str, sample.history)),
        tuple(_pictures(task, sample, known)),
    )


def _said(task: Task, values: np.ndarray) -> str | None:
    """Return decisions or values as text; None for what is none."""
    if task.kept or (values.size > FEW and task.decided != "labels"):
        return None
    if task.decided == "labels":
        return " ".join(map(str, np.flatnonzero(values))) or "none"
    return " ".join(f"{value:.4g}" for value in values.ravel().tolist())


def _apart(task: Task, sample: Sample) -> str:
    if task.kept:
        return f"cosine {1 - sample.difference:.4f}"
    if not task.decides:
        return f"apart by {sample.difference:.3g}"
    if task.decided == "samples":
        return ""
    return f"{100 * (1 - sample.difference):.2f} % of the {task.decided} alike"


def _pictures(task: Task, sample: Sample, known: dict[str, Any]) -> list[Picture]:
    """Return the input, and behind it label and outputs, where they are pictures."""
    found = []
    if not isinstance(sample.x, dict) and (image := picture(np.asarray(sample.x)[0])):
        found.append(Picture("input", *image))
    if task.decided == "places" and len(task.label_shape) == 2:
        return found + [
            Picture(name, mask_picture(values), False) for name, values in known.items()
        ]
    if not task.decides and task.output.is_picture:
        span = float(sample.ann.min()), float(sample.ann.max())
        for name, values in known.items():
            if image := picture(values, span):
                found.append(Picture(name, *image))
    return found
