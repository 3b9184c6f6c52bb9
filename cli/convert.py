"""``tfsnn convert``: convert a model into a spiking network."""

from __future__ import annotations

from typing import Any

import click

from tfsnn_numpy.defaults import (
    HELD_BACK,
    INTEGERS,
    LEAST_BITS,
    METHOD,
    MOST_BITS,
    ONE_SPIKE_METHOD,
    POTENTIAL_BITS,
    PRECISION,
    PRECISIONS,
    SCALES,
)

from .conversion import Method, Numbers
from .groups import CalibrationData, Converted, Original, group
from .library import LibraryCommand
from .options import (
    OutputFile,
    calibration_option,
    keras_output_option,
    model_argument,
    overwrite_option,
    signature_option,
    target_option,
    task_option,
    timesteps_option,
)
from .part import part_options
from .rare import (
    ENERGY_OF,
    LIMIT_OF,
    OVER_TIME_OF,
    RAW_OF,
    SEED_OF,
    SWEEP_OF,
    RareSetting,
    rare_options,
)
from .talk import progress, say


def converted_options() -> Any:
    """Add --output, --report and --overwrite, for the argument `converted`."""
    report = click.option(
        "--report",
        type=OutputFile(".json"),
        help="Write the report as JSON as well.",
    )
    overwrite = overwrite_option("Replace files that exist.")
    return group("converted", Converted, keras_output_option(), report, overwrite)


NOT_FOR = " Left out for a network of spiking layers (tfsnn.layers)."
STRICT = "Refuse a network that needs running sums, which send analog values."


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn convert cnn.keras --calibration train.npz --output snn.keras
  tfsnn convert cnn.keras --calibration images/ --method augmapping \\
      --timesteps 4 -o levels 7 -o per layer --output snn.keras --report report.json
  tfsnn convert cnn.keras --calibration train.npz --method termapping \\
      -o precision bfloat16 -o seed 3 --output snn.keras
  tfsnn convert cnn.keras --calibration train.npz --method paced \\
      -o precision int8 -o scales layer --output integers.keras
  tfsnn convert cnn.keras --calibration train.npz --target spinnaker2 \\
      --output chip.keras
  tfsnn convert own_spiking_layers.keras --output snn.keras
""",
)
@group("original", Original, model_argument(), signature_option(), part_options())
@group(
    "samples",
    CalibrationData,
    calibration_option(required=False, more=NOT_FOR),
    click.option("--strict", is_flag=True, help=STRICT),
)
@group(
    "method",
    Method,
    click.option(
        "--method",
        help="How thresholds are chosen; tfsnn methods shows them all. By default "
        f"{ONE_SPIKE_METHOD}, or radix if all activations are quantised; with options "
        f"or --timesteps {METHOD}.",
    ),
    timesteps_option(
        "Time steps to convert for; the method's own default if not given."
    ),
)
@task_option()
@converted_options()
@group("numbers", Numbers, target_option("Convert for a chip, in its integers."))
@rare_options(
    SEED_OF,
    RAW_OF,
    SWEEP_OF,
    RareSetting(
        "precision",
        click.Choice(PRECISIONS),
        None,
        f"Format of synapses that receive spikes, {', '.join(PRECISIONS[:2])} "
        f"({PRECISION}); or of weights where everything is an integer, "
        f"{', '.join(INTEGERS)}.",
    ),
    RareSetting(
        "scales",
        click.Choice(SCALES),
        None,
        f"For integers: whether each output channel has its scale, or a layer "
        f"({' or '.join(SCALES)}).",
    ),
    RareSetting(
        "potential_bits",
        click.IntRange(LEAST_BITS, MOST_BITS),
        None,
        f"For integers: the width of a potential ({POTENTIAL_BITS}).",
    ),
    RareSetting(
        "holdout",
        click.IntRange(min=0),
        HELD_BACK,
        "The most samples to hold back and try the network on.",
    ),
    LIMIT_OF,
    OVER_TIME_OF,
    ENERGY_OF,
    others="NAME",
)
def command(
    original: Original,
    samples: CalibrationData,
    method: Method,
    converted: Converted,
    numbers: Numbers,
    **trial: Any,
) -> None:
    """Convert a trained model into a spiking network.

    MODEL is any that tfsnn inspect reads (--help lists them). DATA are samples like
    those of training, a few hundred, without labels or with. The report is printed; the
    file, a Keras model, is written whole or not at all. tfsnn choose finds a method and
    its settings.

    A tenth of the samples, 50 at most, are held back from calibration. On these the
    network is tried: how near it came to the model, what energy it takes, and, where
    either is bad, the one change that would help most.

    With --target the network is made of the chip's integers, takes and gives spikes
    where the chip does, and a table says what each step towards it costs. A network
    that does not fit is refused, and so is a method that the chip cannot run.

    A model of spiking layers, trained as it is, needs no calibration and no method: it
    becomes the same spiking network in the form that all other commands take.
    """
    import tfsnn
    from tfsnn.analysis.check import check, held_back

    converted.refuse_itself(original.model)
    ann = original.load(target=numbers.target)
    if samples.calibration is None:
        if numbers.target is not None:
            raise click.UsageError(
                f"--calibration is missing: for {numbers.target} integers are chosen "
                "with data (--calibration DATA)"
            )
        snn = _from_layers(original, ann, method)
        converted.write(snn)
        click.echo(snn.report)
        return
    say(f"calibrating with {samples.calibration}")
    known = tfsnn.calibration(ann, samples.calibration, **samples.settings)
    known, held = held_back(known, trial["holdout"], progress)
    if numbers.target is not None:
        given = {"precision": numbers.precision, "task": trial["task"]}
        chip = tfsnn.convert_for(
            ann,
            known,
            numbers.target,
            method.method,
            data=held,
            progress=progress,
            **given,
            **method.values,
        )
        told = chip.to_dict()
        converted.write(chip.snn, check={key: told[key] for key in ("fit", "steps")})
        click.echo(chip.snn.report)
        click.echo(chip)
        return
    snn = tfsnn.convert(
        ann,
        known,
        method.method,
        progress=progress,
        **numbers.settings,
        **method.values,
    )
    judged = {"task": trial["task"], "energy": trial["energy"]}
    found = None if held is None else check(ann, snn, held, **judged)
    converted.write(snn, check=found and found.to_dict())
    click.echo(snn.report)
    if found is None:
        click.echo("Too few samples to hold some back and try the network on them.")
    else:
        click.echo(found)


def _from_layers(original: Original, model: Any, method: Method) -> Any:
    """Return the spiking network that a model of spiking layers is."""
    import tfsnn
    from tfsnn.sources.keras_model.over_time import has_spiking_layers

    if not has_spiking_layers(model):
        raise click.UsageError(
            f"--calibration is missing: {original.model} has no spiking layers, so "
            "thresholds are found with data (--calibration DATA)"
        )
    if method.method is not None or method.options:
        raise click.UsageError(
            f"{original.model} has spiking layers, whose neurons stay what they are: "
            "leave out --method and -o"
        )
    return tfsnn.from_layers(model, method.timesteps)
