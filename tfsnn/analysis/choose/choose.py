"""Choose the cheapest setting whose accuracy stays close to the ANN's.

Hardware decides what a spike can carry, the user how many points may be lost. The
calibration data is split: thresholds and corrections come from one part, and the other
tells what a setting loses (:mod:`tfsnn.analysis.choose.judge`). The cheapest setting is
searched for (:mod:`tfsnn.analysis.choose.search`) among the candidates
(:mod:`tfsnn.analysis.choose.candidates`). It is then converted once more, with all
samples.
"""

from __future__ import annotations

import logging
from typing import Any

import keras

from tfsnn.analysis.choose.candidates import candidates
from tfsnn.analysis.choose.choice import (
    Choice,
)
from tfsnn.analysis.choose.judge import Judge
from tfsnn.analysis.choose.search import Cheapest, nothing_fits
from tfsnn.analysis.choose.settings import LEAST, Search
from tfsnn.analysis.measured import Conditions
from tfsnn.conversion.calibration import calibrated
from tfsnn.conversion.convert import convert
from tfsnn.conversion.methods import methods
from tfsnn.conversion.settings import grouped
from tfsnn.data import Progress
from tfsnn.data.holdout import hold_out
from tfsnn.hardware.energy import profile
from tfsnn_numpy.defaults import PRECISION

LOG = logging.getLogger(__name__)


def choose(
    model: keras.Model,
    calibration: Any,
    search: Search | None = None,
    *,
    progress: Progress | None = None,
    **settings: Any,
) -> Choice:
    """Convert by the cheapest setting that loses little.

    The loss is judged on samples that are held out of the calibration data, each output
    by its task (:mod:`tfsnn.analysis.choose.losses`): points of its score below the
    ANN's, or where the data has no labels the share of decisions, in points, that are
    not the ANN's; for numbers, the error over the standard deviation of the ANN's
    outputs. All outputs have to stay within the limits. The result says how well the
    loss is known: with a few hundred samples, to about half a point. The logger "tfsnn"
    gets the loss of each setting, at the level INFO. Settings in which nothing spikes
    are left out.

    Args:
        model: the trained network, Functional or Sequential; it is not changed.
        calibration: samples like those of training, 20 at least, better a thousand,
            with labels or without; or a :class:`tfsnn.Calibration`, as for
            :func:`tfsnn.convert`.
        search: the aim, limits and candidates of the search; the defaults if None.
        progress: wraps the batches that are read, and those of the last conversion.
        settings: the fields of :class:`tfsnn.Search` and the settings of
            :func:`tfsnn.calibration`, by name.

    Raises:
        OptionError: for an argument that does not exist or has an impossible value.
        ModelError: for a model that cannot be converted; UnsupportedError names layers.
        DataError: for data that does not fit, or too few samples.
        CalibrationError: if no setting stays within the limits; it says what came
            close.
    """
    wanted, of_calibration = grouped(Search, search, settings)
    known = calibrated(model, calibration, of_calibration)
    tries = candidates(known.graph, wanted.alphabet, wanted.methods)
    steps_count = wanted.minimise == "timesteps" or 1 not in wanted.timesteps
    if wanted.methods is None and steps_count:
        # A window of many ticks is not what was meant by a step.
        tries = [each for each in tries if not methods()[each.method].windows]
    rest, held = hold_out(
        known.data, wanted.holdout, least=LEAST, seed=known.seed, progress=progress
    )
    conditions = Conditions(
        known.with_data(rest),
        held,
        profile(wanted.energy),
        engine=wanted.engine,
        task=wanted.task,
    )
    judge = Judge(conditions, wanted.precision or PRECISION, wanted.limits)
    cheapest = Cheapest(judge, wanted.minimise)
    cheapest.by_steps(tries, wanted.timesteps)
    cheapest.by_thresholds(wanted.timesteps)
    if wanted.precision is None:
        cheapest.by_precision()
    best = cheapest.best
    if best is None:
        raise nothing_fits(cheapest)
    LOG.info("converting by %s, T=%d, with all samples", best.label, best.timesteps)
    options = {**best.options, "timesteps": best.timesteps}
    snn = convert(
        model,
        known,
        best.method,
        precision=best.precision,
        progress=progress,
        **options,
    )
    return Choice(
        snn=snn,
        best=best,
        tried=tuple(judge.tried),
        left_out=tuple(judge.left_out),
        samples=judge.samples,
        outputs=judge.outputs,
        limits=wanted.limits,
        minimise=wanted.minimise,
    )
