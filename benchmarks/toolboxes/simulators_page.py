"""The page of ``simulators.py``: one table, and where a simulator differs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from benchmarks.tables import Document, Page, table

OURS = {"times": "tfsnn, TensorFlow", "times_openvino": "tfsnn, OpenVINO"}
# Tools, and what is to know of them; shown with their rows.
NOTES = {
    ("tfsnn, TensorFlow", "tfsnn, OpenVINO"): (
        "tfsnn: `predict`, NumPy arrays in and out. The others get their own tensors."
    ),
    ("SpikingJelly", "snnTorch", "sinabs", "norse"): (
        "SpikingJelly, snnTorch, sinabs, norse: convolutions of PyTorch, neurons of "
        "the package (SpikingJelly's `IFNode` in multi-step mode, snnTorch's `Leaky` "
        "without a leak, sinabs' `IAF` with `SingleSpike` and no lower bound, norse's "
        "`iaf_feed_forward_step`), under `torch.inference_mode`. The first "
        "convolution, whose input is constant, is computed once. Max pooling is the "
        "maximum of running sums, as here, in a module of the benchmark."
    ),
    ("snnTorch",): (
        "snnTorch's own reset by subtraction comes a step late; with "
        "`reset_delay=False` it sends nothing where a potential stays above the "
        'threshold after a spike. Here it has `reset_mechanism="none"`, and its spikes '
        "are subtracted by the benchmark."
    ),
    ("norse",): (
        "norse resets to zero. To be reset by subtraction its step is given, as what "
        "to reset to, the potential less the threshold; the other row is norse as it "
        "is."
    ),
    ("sinabs",): "sinabs' faster backend EXODUS needs CUDA, and was not used.",
    ("NengoDL",): (
        "NengoDL: Nengo's integrate-and-fire neurons drop negative currents and send "
        "several spikes in a step; these are neuron types of the benchmark, in "
        "TensorFlow."
    ),
    ("Brian2",): (
        "Brian2 has no batches and one thread: sparse synapses, one for each "
        "connection, code by Cython in runtime mode; medians of {slow_runs} runs over "
        "{slow_timed} images, the spikes of one."
    ),
    ("SNN Toolbox",): (
        "SNN Toolbox takes no network that is already converted. It converts the ANN "
        "by itself, with its defaults and `softmax_to_relu`, and so has its own spikes."
    ),
}


def _rows(document: Document) -> list[dict[str, Any]]:
    """Return the rows with how many times as long each takes as either of ours."""
    rows = document["rows"]
    taken = {(row["tool"], row["timesteps"]): row["milliseconds"] for row in rows}
    return [
        row
        | {
            key: row["milliseconds"] / taken[tool, row["timesteps"]]
            for key, tool in OURS.items()
            if (tool, row["timesteps"]) in taken
        }
        for row in rows
    ]


def _blocks(document: Document) -> Iterable[str]:
    yield table(
        "simulator | T | conversion | way | batch | ms per image "
        "| times ours, TensorFlow | times ours, OpenVINO | images | accuracy, % "
        "| our class, % | our spikes, % | peak, MiB",
        "{tool} | {timesteps} | {conversion} | {mode} | {batch_size} "
        "| {milliseconds:.2f} | {times:.2f} | {times_openvino:.2f} | {images} "
        "| {accuracy:.2p} | {same_class:.1p} | {equal_trains:.2p} | {peak_mib:.0f}",
        _rows(document),
    )
    shown = {row["tool"] for row in document["rows"]}
    notes = [note for tools, note in NOTES.items() if shown.intersection(tools)]
    yield "\n".join(f"- {note.format_map(document)}" for note in notes)
    versions: dict[str, str] = {}
    for row in document["rows"]:
        versions |= row.get("versions", {})
    if versions:
        listed = (f"{name} {number}" for name, number in sorted(versions.items()))
        yield f"Versions: {', '.join(listed)}."


PAGE = Page(
    "One converted network in several simulators",
    "{network}, converted by `data_norm` for each channel, V(0) half of the threshold, "
    "binary spikes, reset by subtraction; the very weights, thresholds and initial "
    "potentials in each simulator. Medians of {timed_runs} runs over {timed_samples} "
    "images at the fastest of the batch sizes {batch_sizes[0]}, {batch_sizes[1]} and "
    "{batch_sizes[2]}. Our class: the share of images that get the class which our "
    "TensorFlow engine gives them. Our spikes: that of neurons which send what they "
    "send in our TensorFlow engine, in every step, of {recorded} images. Measured on "
    "{machine}.",
    blocks=_blocks,
)
