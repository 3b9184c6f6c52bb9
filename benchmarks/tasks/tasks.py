"""Measure what conversion keeps of a network of every task, on real images.

    python -m benchmarks.tasks.tasks --data DIR --networks task-networks \
        --output benchmarks/results/tasks

DIR holds MNIST, Fashion-MNIST and CIFAR-10 as npz files (``docs/benchmarks.md`` says
what makes them). A problem's network is trained if task-networks/NAME.keras is not
there yet. Each row is converted for its T, without labels, and evaluated on test
images; and for each problem `choose` takes a setting by labelled training images.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np

import tfsnn
from benchmarks import inputs
from benchmarks.tables import FORM, Document, Page, Report, table
from benchmarks.tasks.images import read
from benchmarks.tasks.problem import Problem
from benchmarks.tasks.problems import PROBLEMS, network
from tfsnn_numpy.tasks import TASKS

METHODS = ("augmapping", "termapping", "paced")
TIMESTEPS = (1, 2, 4, 8)
CALIBRATION, CHOSEN_BY = 256, 400  # training images, without labels and with
MAX_DROP, MAX_ERROR = 1.0, 5.0  # points, and per cent
OUTPUT = ("output", "task", "metric", "ann_score")
FIGURES = ("score", "agreement", "output_error")
COSTS = ("latency", "spikes", "energy_ratio")
LOST = {
    "drop": "`{output}` loses {value:.2f} {unit}",
    "error": "`{output}` has an error of {value:.1f} %",
}


def _blocks(document: Document) -> Iterator[str]:
    """Give each problem a heading, what it is, a table and the choice."""
    for problem in document["problems"]:
        name = problem["problem"]
        rows = [row for row in document["rows"] if row["problem"] == name]
        about = "### {problem}\n\n{about}. {parameters:,} parameters."
        yield about.format_map(problem)
        for output in problem["outputs"]:
            yield _table(output, [r for r in rows if r["output"] == output["output"]])
        yield _choice(problem["choice"])


def _table(output: Document, rows: list[Document]) -> str:
    task = TASKS[output["task"]]
    metric = output["metric"].replace("_", " ")
    header = f"method | T | latency | {metric} | output error, %"
    line = "`{method}` | {timesteps} | {latency} | {text}"
    line += " | {output_error:.1p}"
    if task.decides:
        header, line = header + " | agreement, %", line + " | {agreement:.1p}"
    cells = table(
        header + " | spikes | energy ratio",
        line + " | {spikes:,.0f} | {energy_ratio:.2f}",
        ({**row, "text": task.text(row["score"])} for row in rows),
    )
    ann = f"`{output['output']}`, judged as {task.name}: ANN {metric} "
    return f"{ann}{task.text(output['ann_score'])}.\n\n{cells}"


def _choice(choice: Document) -> str:
    if choice["setting"] is None:
        return "`choose`: {reason}.".format_map(choice)
    lost = "; ".join(FORM.format(LOST[loss["kind"]], **loss) for loss in choice["lost"])
    taken = "`choose` takes `{setting}`, T={timesteps}, spikes {alphabet}: "
    costs = ". Energy ratio {energy_ratio:.2f}."
    return FORM.format(taken, **choice) + lost + FORM.format(costs, **choice)


PAGE = Page(
    "Every task",
    "Networks trained on real images; {samples} test images each, {calibration} "
    "training images without labels for calibration. Each row is converted for its T. "
    "Output error: root mean square difference from the ANN's outputs, of their "
    "standard deviation. `choose` searches the same methods, with any spikes, and "
    "judges by {chosen_by} labelled training images, half of them held out: outputs "
    f"that decide may lose {MAX_DROP:g} point of their score, numbers may have an "
    f"error of {MAX_ERROR:g} %. Measured on {{machine}}.",
    blocks=_blocks,
)


@click.command()
@inputs.OUTPUT
@click.option("--data", required=True, type=click.Path(path_type=Path))
@click.option("--networks", required=True, type=click.Path(path_type=Path))
@click.option("--problem", "names", multiple=True, type=click.Choice(list(PROBLEMS)))
@click.option("--limit", default=400, show_default=True, help="Test images of each.")
def main(
    output: Path, data: Path, networks: Path, names: tuple[str, ...], limit: int
) -> None:
    """Train where needed, measure each problem; write JSON and Markdown."""
    train = functools.cache(functools.partial(read, data, "train"))
    test = read(data, "test")
    report = Report(
        output,
        PAGE,
        keep=True,
        samples=limit,
        calibration=CALIBRATION,
        chosen_by=CHOSEN_BY,
    )
    known = {each["problem"] for each in report.document.get("problems", ())}
    for name in names or PROBLEMS:
        if name in known:
            continue
        problem = PROBLEMS[name]
        model = network(name, networks, train)
        given = problem.draw(train(), np.random.default_rng(1), CHOSEN_BY)
        tested = problem.draw(test, np.random.default_rng(2), limit)
        outputs, rows = _measured(problem, model, given[0][:CALIBRATION], tested)
        choice = _chosen(problem, model, given)
        report.document["rows"] += [{"problem": name, **row} for row in rows]
        row = {
            "problem": name,
            "about": problem.about,
            "parameters": model.count_params(),
            "outputs": outputs,
            "choice": choice,
        }
        report.add(row, "problems")
        keras.backend.clear_session()


def _measured(
    problem: Problem, model: keras.Model, calibration: Any, test: Any
) -> tuple[list[Document], list[Document]]:
    """Return the outputs with the ANN's scores, and for each a row by conversion."""
    known = tfsnn.calibration(model, calibration)
    outputs: dict[str, Document] = {}
    rows = []
    for method in METHODS:
        for steps in TIMESTEPS:
            snn = tfsnn.convert(model, known, method, timesteps=steps)
            found = tfsnn.evaluate(
                snn, test, ann=model, timesteps=[steps], task=problem.task
            )
            (at_end,) = found.rows
            for judged in found.outputs:
                (figures,) = judged.figures
                outputs[judged.output] = {key: getattr(judged, key) for key in OUTPUT}
                row = {"output": judged.output, "method": method, "timesteps": steps}
                row |= {key: getattr(figures, key) for key in FIGURES}
                rows.append(row | {key: getattr(at_end, key) for key in COSTS})
    return list(outputs.values()), rows


def _chosen(problem: Problem, model: keras.Model, given: Any) -> Document:
    """Return what `choose` takes: the setting, what it loses of each output."""
    tasks = [problem.task] if isinstance(problem.task, str) else problem.task.values()
    decides = any(TASKS[task].decides for task in tasks)
    limit: Any = {"max_drop": MAX_DROP} if decides else {"max_error": MAX_ERROR}
    try:
        best = tfsnn.choose(
            model,
            given,
            methods=METHODS,
            timesteps=TIMESTEPS,
            task=problem.task,
            **limit,
        ).best
    except tfsnn.CalibrationError as error:  # nothing is within the limits
        return {**limit, "setting": None, "reason": str(error).split(". ")[0]}
    return {
        **limit,
        "setting": best.label,
        "alphabet": best.alphabet,
        "timesteps": best.timesteps,
        "latency": best.latency,
        "energy_ratio": best.energy_ratio,
        "lost": [asdict(loss) for loss in best.losses],
    }


if __name__ == "__main__":
    main()
