"""Fine-tune a converted network: check, train, keep the best, and report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tfsnn.data import Data, Progress, open_for
from tfsnn.data.holdout import hold_out
from tfsnn.errors import ModelError, OptionError
from tfsnn.simulation.engines import Engine, as_engine
from tfsnn.simulation.engines.judging import judging
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.steps import MEANS
from tfsnn.training.augment import Augmentation
from tfsnn.training.budget import OperationBudget
from tfsnn.training.distillation import Distillation
from tfsnn.training.fitting import fit
from tfsnn.training.gradients import usual_gradient
from tfsnn.training.optimiser import optimiser
from tfsnn.training.run import LearningSettings, Run
from tfsnn.training.samples import Samples
from tfsnn.training.scoring import Scoring
from tfsnn.training.tunable import TunableModel, tunable
from tfsnn.training.tuning import Tuning, TuningSettings

LEAST = 20  # samples, half of which may be held out
SHARE = 10  # one of so many samples is held out


def tune(
    snn: SpikingModel,
    data: Any,
    settings: TuningSettings | None = None,
    *,
    ann: Any = None,
    validation: Any = None,
    progress: Progress | None = None,
) -> Tuning:
    """Fine-tune a converted network, and never return a worse one.

    ::

        tuning = tfsnn.training.tune(snn, (x, y), ann=ann)
        print(tuning)
        tuning.snn.save("tuned.keras")

    The network learns labels, the outputs of the ANN, or both. After each epoch it is
    scored by its task on validation data; the best weights are kept. Ctrl-C ends the
    training with the best so far.

    Args:
        snn: the network, of any method; it stays as it is.
        data: training samples, anything that :func:`tfsnn.open_data` takes; with
            labels, or without if there is an `ann`.
        settings: epochs, gradient and the like.
        ann: the network that it was converted from, to learn from; a Keras model.
        validation: other samples to judge by; a tenth of `data` is held out if None.
        progress: wraps what is read (:data:`tfsnn.data.Progress`).

    Raises:
        OptionError: for impossible settings, for neither labels nor an `ann`, and for
            the checkpoint of another run.
        DataError: for samples or labels that do not fit, or are of another scale than
            those of the calibration.
        ModelError: for a network that is not spiking, or of which a layer sends no
            spikes.
        OutputError: if a checkpoint cannot be written.
    """
    settings = settings or TuningSettings()
    if not isinstance(snn, SpikingModel):
        raise ModelError(
            f"{type(snn).__name__} is no spiking network: convert it first "
            "(tfsnn.convert)"
        )
    gradient = settings.gradient or usual_gradient(snn.graph, snn.timesteps)
    net = tunable(snn, gradient, surrogate=settings.surrogate)
    engine = as_engine(snn)
    samples, scoring = divided(engine, data, validation, settings, progress)
    if ann is not None:
        scoring = scoring.against(ann)
    labelled = any(samples.judging.labelled)
    if not labelled and ann is None:
        raise OptionError(
            f"{samples.data.name} has no labels, and there is no ANN to learn from: "
            "give labels, or the model that was converted (--ann, ann=...)"
        )
    check_spikes(net, samples.first())
    tasks = {task.output.name: task.name for task in samples.judging.tasks}
    loss = Distillation(ann, settings.temperature, settings.weight, tasks=tasks)
    if settings.budget is not None:
        net.penalties.append(OperationBudget(net, samples.first(), settings.budget))
    steps = settings.epochs * samples.steps
    net.compile(optimiser(steps, settings.learning_rate), loss)
    before = scoring(snn)
    told = {
        **settings.told(),
        "network": engine.digest,
        "teacher": None if ann is None else as_engine(ann).digest,
    }
    run = Run(
        epochs=settings.epochs,
        checkpoint=settings.checkpoint,
        told=told,
        watch=settings.watch,
        before=before.value,
    )
    fitted = fit(net, samples, scoring, run)
    tuned = net.spiking_model() if fitted.best else snn
    parts = ["labels"] * labelled + ["teacher"] * (ann is not None)
    found = Tuning(
        tuned,
        samples.count or 0,
        scoring.count,
        " and ".join(parts),
        gradient,
        before,
        scoring(tuned) if fitted.best else before,
        fitted,
        tuple(_notes(snn)),
    )
    if fitted.best:
        tuned.report = replace(tuned.report, tuned=found.entry)
    return found


def divided(
    engine: Engine,
    data: Any,
    validation: Any,
    settings: LearningSettings,
    progress: Progress | None,
) -> tuple[Samples, Scoring]:
    """Open, check and divide the data."""
    shapes = list(engine.inputs.values())
    augmentation = Augmentation.of(settings.augment, shapes)
    opened = open_for(engine, data, default_split="train")
    if validation is None:
        opened, held = _held_out(opened, settings, progress)
    else:
        held = open_for(engine, validation)
    judged = judging(engine, opened, settings.task)
    samples = Samples(opened, judged, settings.batch_size, settings.seed, augmentation)
    samples.check(progress)
    return samples, Scoring(held, judged)


def _held_out(
    opened: Data,
    settings: LearningSettings,
    progress: Progress | None,
) -> tuple[Data, Data]:
    most = settings.holdout
    if opened.size is not None:
        most = max(min(most, opened.size // SHARE), LEAST // 2)
    return hold_out(opened, most, least=LEAST, seed=settings.seed, progress=progress)


def check_spikes(net: TunableModel, x: Any) -> None:
    """Refuse a network of which a layer is silent: nothing behind it could learn.

    Args:
        net: the network.
        x: a batch of samples.

    Raises:
        ModelError: that names the first such layer, or says that nothing spikes.
    """
    if not net.populations:
        raise ModelError(
            f"{net.name} has no neurons that spike: its nonlinear nodes are running "
            "sums. Train the ANN itself, or convert with a method that makes them spike"
        )
    observed = net.run(x, observe=(MEANS,)).observed
    for name in net.populations:
        if not np.any(observed[f"{MEANS}/{name}"]):
            raise ModelError(
                f"{name} sends no spikes for any of the first samples, so the layers "
                "behind it cannot learn: convert again with samples like these, for "
                "more time steps, or with a lower threshold (-o threshold_scale)"
            )


def _notes(snn: SpikingModel) -> list[str]:
    """Return what else there is to know of a tuned network."""
    notes = []
    if snn.early_exit is not None:
        notes.append(
            "the rule of early exit was found before the tuning: find it again with "
            "tfsnn early-exit"
        )
    return notes
