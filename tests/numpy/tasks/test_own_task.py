"""A task from outside the package: grades, which may be wrong by one."""

import numpy as np
import pytest

from tfsnn_numpy.tasks import TASKS, Output, Tally, Task, find_tasks, finding, task


class Grades(Task):
    """Numbers that are rounded to grades 1 to 6."""

    name = "grades"
    metric = "within_one"
    expects = "grades 1 to 6"

    @classmethod
    def possible(cls, output):
        return output.size == 1

    @classmethod
    def suits(cls, output, y):
        return (
            cls.possible(output)
            and y is not None
            and set(np.unique(y)) <= {*range(1, 7)}
        )

    def read(self, y, where, first=0):
        return y.reshape(len(y)).astype(int)

    def counted(self, outputs, labels):
        return {"near": np.sum(np.abs(self.decide(outputs) - labels) <= 1)}

    def scores(self, sums):
        return {"within_one": float(sums["near"] / sums["samples"])}

    def decide(self, outputs):
        return np.clip(np.round(outputs.reshape(len(outputs))), 1, 6).astype(int)


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(finding, "TASKS", TASKS)
    before = dict(TASKS)
    yield task(Grades)
    TASKS.clear()
    TASKS.update(before)


def test_a_new_task_is_found_and_judges(registered):
    y = np.array([1, 2, 6, 4, 3])
    (found,) = find_tasks([Output("grade", (1,))], y)
    assert type(found) is Grades
    assert find_tasks([Output("grade", (1,))], y / 7)[0].name == "regression"
    tally = Tally(found, labelled=True, compared=True)
    outputs = np.array([[1.2], [4.4], [9.0], [3.1], [3.0]])
    tally.add(outputs, found.read(y, "y"), outputs + 0.4)
    figures = tally.figures()
    assert figures.score == 0.8 and figures.agreement == 0.4
    with pytest.raises(ValueError, match="there is a task grades already"):
        task(type("Other", (Grades,), {}))
    assert next(iter(TASKS)) == "grades"
