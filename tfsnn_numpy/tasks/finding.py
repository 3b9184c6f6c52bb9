"""Finding the task of each output: by its head, its shape, and its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tfsnn_numpy.errors import DataError, OptionError
from tfsnn_numpy.tasks.binary import Binary
from tfsnn_numpy.tasks.classification import Classification
from tfsnn_numpy.tasks.contract import Task, shown
from tfsnn_numpy.tasks.embedding import Embedding
from tfsnn_numpy.tasks.image import Image
from tfsnn_numpy.tasks.labels import Labels, by_output, unfolded
from tfsnn_numpy.tasks.multilabel import MultiLabel
from tfsnn_numpy.tasks.output import Output
from tfsnn_numpy.tasks.places import Places
from tfsnn_numpy.tasks.regression import Regression

# In the order in which they are asked whether an output is theirs.
TASKS: dict[str, type[Task]] = {
    task.name: task
    for task in (
        Embedding,
        Binary,
        MultiLabel,
        Classification,
        Places,
        Image,
        Regression,
    )
}

Wanted = str | Mapping[str, str] | None  # a task, or tasks by output


def task(cls: type[Task]) -> type[Task]:
    """Register a task under its ``name``, to be asked before those there are.

    Raises:
        ValueError: if there is another one of that name.
    """
    if TASKS.get(cls.name, cls) is not cls:
        raise ValueError(f"there is a task {cls.name} already: {TASKS[cls.name]}")
    before = dict(TASKS)
    TASKS.clear()
    TASKS.update({cls.name: cls} | before)
    return cls


def find_tasks(
    outputs: Sequence[Output],
    y: Labels | None = None,
    wanted: Wanted = None,
    *,
    where: str = "y",
    hints: Mapping[str, Sequence[str]] | None = None,
) -> list[Task]:
    """Find the task of each output.

    Args:
        outputs: the outputs of the network, in order.
        y: the first labels, as stored (:data:`tfsnn_numpy.tasks.labels.Labels`).
        wanted: the tasks that were asked for, by output, or that of all outputs.
        where: what the labels are of, for messages.
        hints: tasks by output, of which the first is taken that head, shape and labels
            allow, such as those that a loss speaks of.

    Raises:
        OptionError: for a task or an output that does not exist.
        DataError: for labels of an output that there is not, or that fit no task.
    """
    names = [output.name for output in outputs]
    asked = _by_output(wanted, names)
    labels = labels_of(y, names, where)
    return [
        _find(
            output,
            part,
            asked.get(output.name),
            (hints or {}).get(output.name, ()),
            where,
        )
        for output, part in zip(outputs, labels, strict=True)
    ]


def told_tasks(
    outputs: Sequence[Output],
    y: Labels | None = None,
    hints: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, str]:
    """Find the names of the tasks by output, of those that labels or hints tell.

    Outputs of which there is no more than head and shape are left out, as labels that
    come later may tell their task; and so are labels that fit none.
    """
    names = [output.name for output in outputs]
    try:
        found = find_tasks(outputs, y, hints=hints)
        labels = labels_of(y, names, "y")
    except DataError:
        found, labels = find_tasks(outputs, hints=hints), [None] * len(names)
    return {
        task.output.name: task.name
        for task, part in zip(found, labels, strict=True)
        if part is not None or (hints or {}).get(task.output.name)
    }


def labels_of(
    y: Labels | None, names: Sequence[str], where: str
) -> list[np.ndarray | None]:
    """Return the labels of each output, None where there are none.

    Raises:
        DataError: for labels of an output that the network does not have.
    """
    try:
        return by_output(y, names)
    except KeyError as error:
        raise DataError(
            f"{where}: there are labels for {error.args[0]!r}, but the network's "
            f"outputs are {', '.join(names)}: name each by its output"
        ) from error


def _by_output(wanted: Wanted, names: Sequence[str]) -> dict[str, str]:
    asked = (
        dict.fromkeys(names, wanted) if isinstance(wanted, str) else {**(wanted or {})}
    )
    for output, task in asked.items():
        if output not in names:
            raise OptionError(
                f"task of {output!r}: the network's outputs are {', '.join(names)}; "
                "name one of them"
            )
        if task not in TASKS:
            raise OptionError(f"task={task!r}; expected one of {', '.join(TASKS)}")
    return {name: str(task) for name, task in asked.items()}


def _find(
    output: Output,
    y: np.ndarray | None,
    asked: str | None,
    hints: Sequence[str],
    where: str,
) -> Task:
    if y is not None and y.ndim == 0:
        raise DataError(f"{where} is a single number: give one label for each sample")
    y = None if y is None else unfolded(y, output.shape)
    if asked is not None:
        return TASKS[asked].of(output, y)
    suited = [task for task in TASKS.values() if task.suits(output, y)]
    if not suited:
        assert y is not None  # regression takes all that has no labels
        forms = "; ".join(f"{t.name}: {t.expects}" for t in TASKS.values())
        raise DataError(
            f"{where} is of shape {shown(y)} and type {y.dtype}, which are no labels "
            f"for the output {output.name} of shape {output.shape}. Give those of a "
            f"task ({forms}), or leave y out where no labels are needed"
        )
    known = [TASKS[name] for name in hints if name in TASKS]
    # Labels have to suit; without any, a hint may know more than the head.
    hinted = [
        task
        for task in known
        if (task.possible(output) if y is None else task in suited)
    ]
    return (hinted or suited)[0].of(output, y)
