"""Writing a spiking network as a SavedModel that a stock TF Serving can serve.

A version's folder stands alone: it needs neither tfsnn nor Python. The weights are
variables that all signatures read and none writes, and the state of the neurons lives
in the loop of one call. So requests that run at the same time cannot affect each other.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfsnn.errors import DataError, OptionError
from tfsnn.export.saved_model import serving_guide, warmup
from tfsnn.export.saved_model.input_forms import input_form
from tfsnn.export.saved_model.over_time import (
    START,
    STATE,
    STEP,
    FrameSignatures,
)
from tfsnn.export.saved_model.signatures import (
    ANYTIME,
    CLASSIFY,
    DEFAULT,
    OUTPUTS_ONLY,
    XLA,
    Signatures,
    xla_name,
)
from tfsnn.export.saved_model.versions import check_version, publish
from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.frames import refuse_still
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.over_time import refuse_frames
from tfsnn_numpy.checks import check_counts
from tfsnn_numpy.defaults import SERVED_BATCH_SIZES, SERVED_INPUTS
from tfsnn_numpy.tasks import find_tasks


@dataclass(frozen=True)
class ExportedModel:
    """The version that was written, with its signatures.

    Attributes:
        path: path of the version's folder.
        model: name under which it is served, that of the folder of all versions.
        version: number of the version.
        signatures: type and shape (batch first) of inputs and outputs, by signature.
        batch_sizes: batch sizes that a server warms up.
    """

    path: Path
    model: str
    version: int
    signatures: dict[str, dict[str, dict[str, str]]]
    batch_sizes: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the export as a JSON-ready dict."""
        return {
            "path": str(self.path),
            "model": self.model,
            "version": self.version,
            "signatures": self.signatures,
            "batch_sizes": list(self.batch_sizes),
        }

    def __str__(self) -> str:
        lines = [f"{self.path}: version {self.version} of {self.model}"]
        for name, ends in self.signatures.items():
            inputs, outputs = (_listed(ends[end]) for end in ("inputs", "outputs"))
            lines.append(f"  {name}: {inputs} -> {outputs}")
        lines.append(f"how to serve it: {self.path / 'README.md'}")
        return "\n".join(lines)


NAMED = ("classification", "binary", "multilabel")  # tasks whose outputs have names


def _listed(tensors: dict[str, str]) -> str:
    """List tensors on one line; those of a state are many, and only counted."""
    own = [name for name in tensors if not name.startswith(STATE)]
    kept = len(tensors) - len(own)
    listed = [f"{name} {tensors[name]}" for name in own]
    return ", ".join([*listed, *([f"state ({kept} tensors)"] if kept else [])])


def export_saved_model(
    snn: SpikingModel,
    output: str | Path,
    *,
    version: int | None = None,
    xla: bool = False,
    batch_sizes: Sequence[int] = SERVED_BATCH_SIZES,
    early_exit: bool | None = None,
    input_type: str = SERVED_INPUTS[0],
    raw: bool | None = None,
    class_names: str | Path | None = None,
    over_time: bool = False,
    steps_per_frame: int | None = None,
    readout: str | int | None = None,
) -> ExportedModel:
    """Write a spiking network for TF Serving.

    Args:
        snn: network from :func:`tfsnn.convert`.
        output: folder of the model's versions, to which one is added.
        version: number of the version; the next one if None. No version is ever
            overwritten.
        xla: whether to add signatures that XLA compiles, ``serving_xla`` for any
            batch size and ``serving_xla_B`` for each of `batch_sizes`.
        batch_sizes: batch sizes that a server warms up and forms.
        early_exit: whether samples leave once they are decided, by the network's rule;
            if None, they do if the network has a rule.
        input_type: form of the inputs, "float", "uint8" or "jpeg"
            (:mod:`tfsnn.export.saved_model.input_forms`).
        raw: whether 8-bit inputs stay at 0..255, instead of 0..1; as in the calibration
            if None.
        class_names: text file with one class name per line, for the signature
            ``classify``; of one yes or no, the names of no and of yes.
        over_time: whether to add the signatures ``start`` and ``step``, which take one
            frame after the other (:mod:`tfsnn.export.saved_model.over_time`). A
            recurrent network has these alone.
        steps_per_frame, readout: as for :meth:`tfsnn.SpikingModel.stream`.

    Raises:
        OptionError: if an option is out of range, asks for an early exit that the
            network does not have, or for frames of a network that needs the whole
            input.
        DataError: if the class names cannot be read, or are not one for each class.
        OutputError: if the version exists or cannot be written.
    """
    if snn.graph.states:
        _check_recurrent(snn, over_time, xla, class_names)
    model = Path(output)
    name = model.resolve().name
    sizes = tuple(check_counts("batch_sizes", batch_sizes))
    kept = bool(snn.report.raw) and input_type != "float" if raw is None else raw
    form = input_form(input_type, snn.inputs_by_name, kept, snn.whole_inputs)
    labels = None if class_names is None else _class_names(snn, Path(class_names))
    check_version(model, version)
    signatures = Signatures(snn, form, _rule(snn, early_exit))
    frames = None
    if over_time:
        settings = snn.frame_settings(None, steps_per_frame, readout)
        frames = FrameSignatures(signatures, settings)
    else:
        refuse_frames(steps_per_frame, readout)
    traced = {}
    if not snn.graph.states:
        traced = {
            DEFAULT: signatures.serving_default(),
            OUTPUTS_ONLY: signatures.outputs_only(),
            ANYTIME: signatures.anytime(),
        }
    if labels is not None:
        traced[CLASSIFY] = signatures.classify(labels)
    if frames is not None:
        traced |= {START: frames.start(), STEP: frames.step()}
    for size in (None, *sizes) if xla else ():
        traced[xla_name(size)] = signatures.serving_xla(size)

    def write(folder: Path) -> None:
        root = tf.Module()
        root.weights = signatures.variables
        with tempfile.TemporaryDirectory() as place:
            if labels is not None:
                asset = Path(place) / "class_names.txt"
                asset.write_text("\n".join([*labels, ""]), encoding="utf-8")
                root.class_names = tf.saved_model.Asset(str(asset))
            # A server does not train, so custom gradients are left out.
            options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
            tf.saved_model.save(root, str(folder), traced, options)
        made = warmup.Exported(name, signatures, frames, tuple(traced), sizes)
        _write_guide(folder, made)

    number = publish(model, version, write)
    ends = {key: _ends(function) for key, function in traced.items()}
    return ExportedModel(model / str(number), name, number, ends, sizes)


def _check_recurrent(
    snn: SpikingModel, over_time: bool, xla: bool, class_names: str | Path | None
) -> None:
    """Refuse what a recurrent network cannot have, which takes elements of sequences.

    Raises:
        OptionError: for signatures that take whole samples.
    """
    if not over_time:
        refuse_still(snn.graph, snn.name)
    if xla or class_names is not None:
        asked = "xla" if xla else "class_names"
        raise OptionError(
            f"{asked}: {snn.name} is recurrent and answers by {START} and {STEP} "
            f"alone, which take one element after the other: leave {asked} out"
        )


def _rule(snn: SpikingModel, wanted: bool | None) -> ExitRule | None:
    if wanted and snn.early_exit is None:
        raise OptionError(
            f"early_exit: {snn.name} has no early exit; let tfsnn early-exit (in "
            "Python tfsnn.calibrate_exit) find one, or export it without"
        )
    return None if wanted is False else snn.early_exit


def _class_names(snn: SpikingModel, path: Path) -> list[str]:
    try:
        names = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} cannot be read ({error}); give a text file in UTF-8 with one "
            "class name per line"
        ) from error
    output = snn.outputs_known[0]
    task = find_tasks(snn.outputs_known, hints=snn.report.hints)[0].name
    if task not in NAMED or len(output.shape) != 1:
        raise OptionError(
            f"class names are for a network whose first output is one score per class; "
            f"{output.name} is of shape {output.shape} and judged as {task}: leave "
            "them out"
        )
    classes = max(output.size, 2)  # no and yes
    if len(names) != classes:
        raise DataError(
            f"{path} has {len(names)} lines, the network {classes} classes; give one "
            "class name per line, in the order of the classes"
        )
    return names


def _ends(function: Any) -> dict[str, dict[str, str]]:
    """Describe type and shape of a signature's inputs and outputs, by name."""
    _, inputs = function.structured_input_signature
    ends = {"inputs": inputs, "outputs": function.structured_outputs}
    return {
        end: {name: _described(tensor) for name, tensor in tensors.items()}
        for end, tensors in ends.items()
    }


def _described(tensor: Any) -> str:
    sizes = ("B" if size is None else str(size) for size in tensor.shape)
    return f"{tensor.dtype.name} ({', '.join(sizes)})"


def _write_guide(folder: Path, made: warmup.Exported) -> None:
    """Write the files beside the network in a version's folder."""
    warmup.write_records(folder / warmup.FILE, warmup.warmup_records(made, made.sizes))
    if XLA in made.names:
        warmup.write_records(folder / warmup.XLA_FILE, warmup.xla_records(made))
    batching = serving_guide.batching_parameters(made.sizes)
    (folder / serving_guide.BATCHING_FILE).write_text(batching)
    asked = None if DEFAULT in made.names else START
    request = serving_guide.request_json(made.signatures, asked)
    (folder / serving_guide.REQUEST_FILE).write_text(request)
    (folder / "README.md").write_text(serving_guide.readme(made), encoding="utf-8")
