"""All problems by name."""

from __future__ import annotations

from benchmarks.tasks import (
    binary,
    embedding,
    image,
    multilabel,
    places,
    regression,
    two_outputs,
)
from benchmarks.tasks.problem import Problem

PROBLEMS: dict[str, Problem] = {
    "regression": regression.PROBLEM,
    "binary": binary.PROBLEM,
    "multilabel": multilabel.PROBLEM,
    "places": places.PROBLEM,
    "mask": places.MASK,
    "image": image.PROBLEM,
    "embedding": embedding.PROBLEM,
    "two_outputs": two_outputs.PROBLEM,
}
