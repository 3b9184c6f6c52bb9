"""All problems by name, and their networks: trained once, read from then on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras

from benchmarks.tasks import (
    binary,
    embedding,
    image,
    multilabel,
    places,
    regression,
    two_outputs,
)
from benchmarks.tasks.images import Sets
from benchmarks.tasks.problem import Problem

PROBLEMS: dict[str, Problem] = {
    "regression": regression.PROBLEM,
    "binary": binary.PROBLEM,
    "logit": binary.LOGIT,
    "multilabel": multilabel.PROBLEM,
    "places": places.PROBLEM,
    "mask": places.MASK,
    "image": image.PROBLEM,
    "embedding": embedding.PROBLEM,
    "two_outputs": two_outputs.PROBLEM,
}
# Networks that are another's without its end.
CUT: dict[str, tuple[str, Callable[[keras.Model], keras.Model]]] = {
    "logit": ("binary", binary.logits)
}


def network(name: str, folder: Path, train: Callable[[], Sets]) -> keras.Model:
    """Read a problem's network from FOLDER/NAME.keras, or train it and write that.

    Args:
        name: the name of the problem.
        folder: where networks are kept; it is made if it is not there.
        train: reads the images to learn from.
    """
    if name in CUT:
        whole, without_end = CUT[name]
        return without_end(network(whole, folder, train))
    path = folder / f"{name}.keras"
    if path.exists():
        return keras.saving.load_model(path)
    model = PROBLEMS[name].trained(train())
    folder.mkdir(parents=True, exist_ok=True)
    model.save(path)
    return model
