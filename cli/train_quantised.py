"""``tfsnn train-quantised``: train a model with quantised activations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tfsnn_numpy.defaults import (
    QUANTISED_EPOCHS,
    QUANTISED_LEARNING_RATE,
    QUANTISED_LEVELS,
    TUNING_BATCH_SIZE,
)

from .groups import EvaluationData, Original, Output, group
from .learning import (
    HOLDOUT_OF,
    augment_option,
    epochs_option,
    finish,
    teacher_settings,
    validation_option,
)
from .library import LibraryCommand
from .options import (
    ABOVE_ZERO,
    AT_LEAST_ONE,
    batch_size_option,
    data_option,
    json_option,
    keras_output_option,
    limit_option,
    model_argument,
    overwrite_option,
    task_option,
)
from .rare import RAW_OF, SEED_OF, SIGNATURE_OF, rare_options
from .talk import progress, say, training


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn train-quantised cnn.keras --data train.npz --levels 4 --output q4.keras
  tfsnn convert q4.keras --calibration train.npz --method qcfs --timesteps 4 \\
      --output snn.keras
""",
)
@group("original", Original, model_argument())
@group("samples", EvaluationData, data_option(), limit_option())
@validation_option()
@click.option(
    "--levels",
    type=AT_LEAST_ONE,
    default=QUANTISED_LEVELS,
    show_default=True,
    metavar="L",
    help="Levels of each activation above 0: the time steps of qcfs; radix takes as "
    "many as L has binary digits.",
)
@click.option(
    "--per-channel",
    is_flag=True,
    help="Give each channel a threshold of its own, not each layer.",
)
@epochs_option(QUANTISED_EPOCHS)
@click.option(
    "--learning-rate",
    type=ABOVE_ZERO,
    default=QUANTISED_LEARNING_RATE,
    show_default=True,
    metavar="X",
    help="The largest rate of the schedule.",
)
@batch_size_option(TUNING_BATCH_SIZE)
@augment_option()
@task_option()
@group(
    "trained",
    Output,
    keras_output_option("quantised model"),
    overwrite_option("Replace the file if it exists."),
)
@json_option()
@rare_options(
    *teacher_settings("the model"),
    HOLDOUT_OF,
    RAW_OF,
    SEED_OF,
    SIGNATURE_OF,
)
def command(
    original: Original,
    samples: EvaluationData,
    trained: Output,
    validation: str | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Train a model with quantised activations, before it is converted.

    MODEL is a trained one. Its ReLUs are swapped for activations of a few levels, which
    spikes can count; it then learns the outputs of MODEL itself, and the labels of DATA
    where there are any. After each epoch it is judged on held-out samples: the best
    weights are written, a Keras model that tfsnn convert takes, by the methods that are
    printed.

    Ctrl-C ends the training with the best weights so far. A run that was interrupted or
    killed continues where it was when the same command is given again; until it has
    ended its state is in a file beside the output, .checkpoint.npz.
    """
    from tfsnn.training import QuantisedSettings, train_quantised

    checkpoint = trained.output.with_suffix(".checkpoint.npz")
    augment = tuple(kind for kind in settings.pop("augment") if kind)
    _refuse_itself(original.model, trained.output)
    with training() as watch:
        wanted = QuantisedSettings(
            checkpoint=checkpoint, watch=watch, augment=augment, **settings
        )
        model = original.load()
        if checkpoint.exists():
            say(f"continuing the run of {checkpoint}")
        found = train_quantised(
            model,
            samples.open_to_train(model),
            wanted,
            validation=validation and samples.others(validation).open(model),
            progress=progress,
        )
    with trained.writing() as part:
        found.model.save(part)
    finish(found, as_json, checkpoint)


def _refuse_itself(model: Path | None, output: Path) -> None:
    """Refuse to write over the model that is trained."""
    there = model is not None and model.exists() and output.exists()
    if there and model is not None and model.samefile(output):
        raise click.UsageError(
            "--output is MODEL itself, which would be lost: give another file"
        )
