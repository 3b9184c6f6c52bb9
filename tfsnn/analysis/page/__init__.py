"""Report on a conversion as one self-contained page of HTML.

::

    measure     both networks on all samples: what the outputs' tasks ask, spikes,
                operations
    diagnose    the error of each layer, and its causes (tfsnn.diagnose)
    record      spikes and potentials of chosen samples; decoded activations
    figures     matplotlib figures (tfsnn.plot), inlined as SVG
    page.html   the template that all of it goes into
"""

from __future__ import annotations

import importlib.resources
import os
from collections.abc import Sequence
from typing import Any

import keras

from tfsnn.analysis.diagnose import diagnose
from tfsnn.analysis.evaluate import check_counted
from tfsnn.analysis.page.content import content
from tfsnn.analysis.page.findings import Findings, SampleFigure
from tfsnn.analysis.page.measure import measure
from tfsnn.analysis.page.methods import read_comparison
from tfsnn.analysis.page.recorded import decode, record
from tfsnn.data import Progress, open_for
from tfsnn.extras import require
from tfsnn.hardware.energy import DEFAULT, EnergyModel, profile
from tfsnn.simulation.engines import as_engine
from tfsnn.simulation.model import SpikingModel
from tfsnn_numpy.checks import check_count
from tfsnn_numpy.defaults import BATCH_SIZE
from tfsnn_numpy.judging import Judging
from tfsnn_numpy.results import doubling
from tfsnn_numpy.tasks import Wanted

__all__ = ["report_page"]


def report_page(
    model: keras.Model,
    snn: SpikingModel,
    data: Any,
    *,
    comparison: str | os.PathLike[str] | None = None,
    samples: Sequence[int] | None = None,
    timesteps: int | None = None,
    limit: int | None = None,
    batch_size: int = BATCH_SIZE,
    energy: str | EnergyModel = DEFAULT,
    task: Wanted = None,
    engine: str | None = None,
    command: str | None = None,
    progress: Progress | None = None,
) -> str:
    """Return a report on a conversion as a page of HTML, with all figures in it.

    The same arguments give the same text. Needs the extra `report`.

    Args:
        model: the ANN.
        snn: the network converted from it.
        data: anything that :func:`tfsnn.open_data` takes, with labels or without.
        comparison: folder of ``tfsnn compare --output``, for the frontier of methods.
        samples: those whose spikes and potentials are drawn, counted from 0; the first
            sample, and the one at whose first output the two networks differ most (of
            several the first), if None.
        timesteps: T; ``snn.timesteps`` if None.
        limit: the most samples to use.
        batch_size: samples simulated at a time.
        energy: an energy model or its name (:mod:`tfsnn.hardware.energy`).
        task: what the outputs answer (:mod:`tfsnn_numpy.tasks`), one for all or by
            output; found from heads, shapes and labels where it is not given.
        engine: name of the engine to measure the network; its own if None. Layers are
            recorded by TensorFlow (:mod:`tfsnn.simulation.engines`).
        command: the command that made the page, to be shown on it.
        progress: wraps the batches, for a progress bar (:data:`tfsnn.data.Progress`).

    Raises:
        MissingPackageError: without the packages of the extra.
        OptionError: for samples that do not exist, an unknown energy model or task.
        ModelError: if the SNN was not converted from this model.
        DataError: if data, labels or comparison do not fit.
    """
    jinja2 = require("jinja2", "report", "A report")
    costs = profile(energy)
    compared = None if comparison is None else read_comparison(comparison)
    last = check_count("timesteps", snn.timesteps if timesteps is None else timesteps)
    network = as_engine(snn, last, engine)
    check_counted(costs, network.costs(), network)
    opened = open_for(network, data, limit=limit)
    judging = Judging.of(network.outputs, opened, task, network.hints)
    known = {each.output.name: each.name for each in judging.tasks}
    diagnosis = diagnose(model, snn, opened, timesteps=last, task=known)
    measured = measure(
        model,
        network,
        opened.batches(batch_size, progress, "evaluating"),
        doubling(last),
        judging,
        wanted=(0,) if samples is None else samples,
    )
    if samples is None:
        most = measured.outputs[0].differing[:1]
        samples = list(dict.fromkeys([0, *(sample.number for sample in most)]))
    findings = Findings(
        model=model.name,
        snn=snn.name,
        report=snn.report,
        data=opened.name,
        timesteps=last,
        clock=snn.clock,
        depth=snn.depth,
        operations=snn.operations_per_sample(),
        populations=snn.populations,
        measured=measured,
        diagnosis=diagnosis,
        decoded=decode(model, snn, opened, last),
        shown=tuple(
            SampleFigure(i, record(snn, measured.sample(i).x, last))
            for i in dict.fromkeys(samples)
        ),
        comparison=compared,
        energy=costs,
        command=command,
    )
    files = importlib.resources.files(__package__)
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    template = environment.from_string(
        files.joinpath("page.html").read_text(encoding="utf-8")
    )
    style = files.joinpath("page.css").read_text(encoding="utf-8")
    return template.render(**content(findings), style=style)
