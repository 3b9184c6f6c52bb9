"""Tasks: what an output answers, and so how it is judged. A file a task.

Everything that judges a network asks its tasks: how labels are read, what the score is,
and how near two networks are. NumPy alone, for programs that run without TensorFlow.
"""

from tfsnn_numpy.tasks.contract import Task
from tfsnn_numpy.tasks.finding import (
    TASKS,
    Wanted,
    find_tasks,
    labels_of,
    task,
    told_tasks,
)
from tfsnn_numpy.tasks.labels import Labels
from tfsnn_numpy.tasks.output import Output
from tfsnn_numpy.tasks.tally import Figures, Tally

__all__ = [
    "TASKS",
    "Figures",
    "Labels",
    "Output",
    "Tally",
    "Task",
    "Wanted",
    "find_tasks",
    "labels_of",
    "task",
    "told_tasks",
]
