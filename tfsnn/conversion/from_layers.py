"""From a Keras model of spiking layers to the spiking network that it is."""

from __future__ import annotations

import keras

from tfsnn.network.passes import simplify
from tfsnn.network.pixels import scaled_inside
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.outputs import outputs_of
from tfsnn.simulation.report import ConversionReport, graph_fields, populations_of
from tfsnn.sources.keras_model.losses import loss_tasks
from tfsnn.sources.keras_model.over_time import import_layers
from tfsnn.sources.keras_model.structure import output_keys
from tfsnn.sources.parts import part_of
from tfsnn_numpy.tasks import told_tasks

METHOD = "from_layers"


def from_layers(model: keras.Model, timesteps: int | None = None) -> SpikingModel:
    """Make a spiking network of a Keras model of spiking layers.

    The model, of :mod:`tfsnn.layers` and trained as any other, is a spiking network
    already, so nothing is calibrated: the result sends the same spikes, step by step,
    up to the rounding of sums. Batch norms are folded into synapses, with the
    statistics of inference, and so are thresholds other than 1; dropout is left out.
    Its outputs are means over time, also where the model returns a sequence.

    Args:
        model: Functional or Sequential; it is left as it is. Its inputs go through an
            encoder, such as ConstantCurrent.
        timesteps: T; that of the encoder if None.

    Raises:
        ModelError: for a model without spiking layers, of another form, or with
            encoders of different numbers of steps; UnsupportedError names layers that
            cannot be in such a network.
    """
    imported, own = import_layers(model)
    graph = simplify(imported)
    keys = output_keys(model)
    outputs = outputs_of(graph, keys)
    hints = loss_tasks(model, [output.name for output in outputs])
    steps = own if timesteps is None else timesteps
    report = ConversionReport(
        method=METHOD,
        options={},
        timesteps=steps,
        samples=0,
        populations=populations_of(graph),
        raw=tuple(sorted(scaled_inside(imported))) or None,
        heads={output.name: output.head for output in outputs},
        tasks=told_tasks(outputs, None, hints),
        part=part_of(model),
        **graph_fields(graph),
    )
    return SpikingModel(graph, steps, report, keys, name=f"{model.name}_snn")
