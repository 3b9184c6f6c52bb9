"""``tfsnn tune``: fine-tune a spiking network on training data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tfsnn_numpy.defaults import (
    GRADIENTS,
    SURROGATES,
    TUNING_BATCH_SIZE,
    TUNING_EPOCHS,
)

from .groups import EvaluationData, Original, Output, group, load_snn
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
    ann_option,
    batch_size_option,
    data_option,
    json_option,
    keras_output_option,
    limit_option,
    overwrite_option,
    snn_argument,
    task_option,
)
from .rare import RAW_OF, SEED_OF, SIGNATURE_OF, RareSetting, rare_options
from .talk import progress, say, training


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn tune snn.keras --data train.npz --ann cnn.keras --output tuned.keras
  tfsnn tune snn.keras --data train.npz --validation held.npz --epochs 1 \\
      --augment flip,shift -o budget 0.8 --output tuned.keras
""",
)
@snn_argument()
@group(
    "original",
    Original,
    ann_option("The model that was converted, to learn from as well.", required=False),
)
@group("samples", EvaluationData, data_option(), limit_option())
@validation_option()
@epochs_option(TUNING_EPOCHS)
@click.option(
    "--gradient",
    type=click.Choice(GRADIENTS),
    metavar="WAY",
    help="rates: by mean rates, whose memory does not grow with the time steps. time: "
    "through time, which takes longer and learns more. time_packed: the same in a "
    "fraction of the memory, and longer still. By default time for up to 8 steps of "
    "neurons that have slopes, else rates.",
)
@click.option(
    "--learning-rate",
    type=ABOVE_ZERO,
    metavar="X",
    help="The largest rate of the schedule; the default suits converted networks.",
)
@batch_size_option(TUNING_BATCH_SIZE)
@augment_option()
@task_option()
@group(
    "tuned",
    Output,
    keras_output_option("tuned network"),
    overwrite_option("Replace the file if it exists."),
)
@json_option()
@rare_options(
    RareSetting(
        "surrogate", click.Choice(SURROGATES), SURROGATES[0], "Slopes, through time."
    ),
    *teacher_settings("the teacher"),
    RareSetting("budget", ABOVE_ZERO, None, "Share of the operations to be reached."),
    HOLDOUT_OF,
    RAW_OF,
    SEED_OF,
    SIGNATURE_OF,
)
def command(
    snn: Path,
    original: Original,
    samples: EvaluationData,
    tuned: Output,
    validation: str | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Fine-tune a spiking network on training data.

    SNN is a file that tfsnn convert wrote. It learns the labels of DATA, the outputs
    of its model (--ann), or both. After each epoch it is judged on held-out samples:
    the best weights are written, and the old ones if none are better. The table has the
    score before and after, for each number of time steps.

    Ctrl-C ends the training with the best weights so far. A run that was interrupted or
    killed continues where it was when the same command is given again; until it has
    ended its state is in a file beside the output, .checkpoint.npz.
    """
    import tfsnn
    from tfsnn.training import TuningSettings, tune

    checkpoint = tuned.output.with_suffix(".checkpoint.npz")
    augment = tuple(kind for kind in settings.pop("augment") if kind)
    with training() as watch:
        wanted = TuningSettings(
            checkpoint=checkpoint, watch=watch, augment=augment, **settings
        )
        network = load_snn(snn)
        if tuned.output.exists() and tuned.output.samefile(snn):
            raise tfsnn.OptionError(
                "--output is SNN itself, from which a run that was interrupted could "
                "not continue: give another file"
            )
        ann = original.load(network)
        if checkpoint.exists():
            say(f"continuing the run of {checkpoint}")
        found = tune(
            network,
            samples.open_to_train(network),
            wanted,
            ann=ann,
            validation=validation and samples.others(validation).open(network),
            progress=progress,
        )
    with tuned.writing() as part:
        found.snn.save(part)
    finish(found, as_json, checkpoint)
