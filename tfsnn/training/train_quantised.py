"""Train a network before conversion, with L levels in place of its ReLUs."""

from __future__ import annotations

from typing import Any

import keras

from tfsnn.data import Progress
from tfsnn.data.holdout import hold_out
from tfsnn.simulation.engines import as_engine
from tfsnn.training.distillation import Distillation, ReadsSamples
from tfsnn.training.fitting import fit
from tfsnn.training.optimiser import optimiser
from tfsnn.training.quantisation import quantisation
from tfsnn.training.quantised import quantised
from tfsnn.training.quantised_training import QuantisedSettings, QuantisedTraining
from tfsnn.training.run import Run
from tfsnn.training.tune import divided

DRAWN = 512  # training samples that thresholds follow from


class _Student(ReadsSamples, keras.Model):
    """The layers of a quantised network, for as long as it learns."""


def train_quantised(
    model: keras.Model,
    data: Any,
    settings: QuantisedSettings | None = None,
    *,
    validation: Any = None,
    progress: Progress | None = None,
) -> QuantisedTraining:
    """Train a network with activations of L levels, from a trained one.

    ::

        training = tfsnn.training.train_quantised(model, (x, y))
        print(training)
        snn = tfsnn.convert(training.model, x[:512], method="qcfs", timesteps=4)

    The activations are swapped as :func:`quantised` swaps them, with thresholds from
    samples drawn of the data. The network then learns the outputs of the one it was
    made from, and the labels where there are any. After each epoch it is scored by its
    task on validation data; the best weights are kept, those of before among them.
    Ctrl-C ends the training with the best so far.

    Args:
        model: a Functional or Sequential network, trained; it is left as it is.
        data: training samples, anything that :func:`tfsnn.open_data` takes, with labels
            or without.
        settings: levels, epochs and the like.
        validation: other samples to judge by; a tenth of `data` is held out if None.
        progress: wraps what is read (:data:`tfsnn.data.Progress`).

    Raises:
        OptionError: for impossible settings, and for the checkpoint of another run.
        DataError: for samples or labels that do not fit.
        ModelError: for a network that :func:`quantised` refuses.
        CalibrationError: if a layer is never active.
        OutputError: if a checkpoint cannot be written.
    """
    settings = settings or QuantisedSettings()
    engine = as_engine(model)
    samples, scoring = divided(engine, data, validation, settings, progress)
    scoring = scoring.against(model)
    _, drawn = hold_out(samples.data, DRAWN, least=2, seed=settings.seed)
    student = quantised(model, drawn, settings.levels, per_channel=settings.per_channel)
    trained = _Student(student.input, student.output, name=student.name)
    tasks = {task.output.name: task.name for task in samples.judging.tasks}
    steps = settings.epochs * samples.steps
    trained.compile(
        optimiser(steps, settings.learning_rate),
        Distillation(model, settings.temperature, settings.weight, tasks=tasks),
    )
    before = scoring(student)
    run = Run(
        epochs=settings.epochs,
        checkpoint=settings.checkpoint,
        told={**settings.told(), "network": engine.digest},
        watch=settings.watch,
        before=before.value,
    )
    fitted = fit(trained, samples, scoring, run)
    labelled = any(samples.judging.labelled)
    return QuantisedTraining(
        student,
        settings.levels,
        quantisation(student),
        samples.count or 0,
        scoring.count,
        "labels and teacher" if labelled else "teacher",
        scoring(model),
        before,
        scoring(student) if fitted.best else before,
        fitted,
    )
