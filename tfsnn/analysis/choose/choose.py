"""The cheapest setting whose accuracy stays within a given drop of the ANN's.

Hardware decides what a spike can carry, the user how many points may be lost. The
calibration data is split: thresholds and corrections come from one part, and the other
tells what a setting loses. For every T, from small to large, the candidates
(:mod:`tfsnn.analysis.choose.candidates`) are converted and judged; one that stays
within the drop needs no more steps, and one that could not be the cheapest any more is
dropped, for energy and latency grow with T. Higher and lower thresholds are tried
around the best, and synapses in bfloat16, which are taken if the drop still holds. It
is then converted once more, with all samples.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras

from tfsnn.analysis.choose.candidates import Candidate, candidates
from tfsnn.analysis.choose.choice import (
    MINIMISED,
    Choice,
    Tried,
    frontier_of,
    frontier_table,
    how_sure,
    standard_error,
)
from tfsnn.analysis.compare.settings import TIMESTEPS
from tfsnn.analysis.evaluate import evaluate
from tfsnn.conversion.calibration import Calibration, calibrated
from tfsnn.conversion.convert import convert
from tfsnn.conversion.methods import make
from tfsnn.conversion.methods.alphabet import alphabet_of
from tfsnn.conversion.precision import check_precision
from tfsnn.data import Data, Progress
from tfsnn.data.holdout import hold_out
from tfsnn.errors import (
    CalibrationError,
    DataError,
    OptionError,
    OutputError,
    TfsnnError,
)
from tfsnn.hardware.energy import DEFAULT, EnergyProfile, profile
from tfsnn.simulation.engines import as_engine, check_engine
from tfsnn_numpy.checks import check_counts

HOLDOUT, LEAST = 500, 20
THRESHOLD_SCALES = (0.8, 1.25)
EQUAL = 1e-9  # points; rounding must not decide whether a drop is within a bound


def choose(
    model: keras.Model,
    calibration: Any,
    *,
    max_drop: float = 0.5,
    alphabet: str | None = None,
    minimise: str = "energy",
    energy: str | EnergyProfile = DEFAULT,
    engine: str | None = None,
    precision: str | None = None,
    timesteps: Sequence[int] = TIMESTEPS,
    holdout: int = HOLDOUT,
    methods: Sequence[str] | None = None,
    raw: bool = False,
    strict: bool = False,
    limit: int | None = None,
    seed: int = 0,
    batch_size: int = 64,
    progress: Progress | None = None,
    say: Callable[[str], None] | None = None,
) -> Choice:
    """Convert by the cheapest setting that loses little accuracy.

    What is lost is judged on samples that are held out of the calibration data: points
    of accuracy below the ANN's, or where the data has no labels the share of samples,
    in points, in which the top class is not the ANN's. The result says how well that is
    known: with a few hundred samples, to about half a point.

    Args:
        model: Functional or Sequential, trained; it is left as it is.
        calibration: samples like those of training, 20 at least, better a thousand,
            with labels or without; as for :func:`tfsnn.convert`.
        max_drop: points that may be lost.
        alphabet: what a spike can carry: "binary", "ternary", "graded:N"; any if None.
        minimise: "energy" (that of the SNN over the ANN's), "timesteps" or "latency".
        energy: what an operation costs (:mod:`tfsnn.hardware.energy`), by name or
            itself.
        engine: that runs the settings, by name (:mod:`tfsnn.simulation.engines`); their
            own if None.
        precision: of the synapses, "float32" or "bfloat16"; if None bfloat16 where the
            drop still holds.
        timesteps: each T to try.
        holdout: samples held out at most, of half of them.
        methods: names of those to try; a selection if None.
        raw, strict, limit, seed, batch_size: as for :func:`tfsnn.convert`.
        progress: wraps the batches that are read, and those of the last conversion.
        say: is told what each setting loses.

    Raises:
        OptionError: for an argument that does not exist or has an impossible value.
        ModelError: for a model that cannot be converted; UnsupportedError names layers.
        DataError: for data that does not fit, or too few samples.
        CalibrationError: if no setting stays within the drop; it says what came close.
    """
    steps = _checked(max_drop, minimise, timesteps, holdout)
    costs, engine = profile(energy), check_engine(engine)
    if precision is not None:
        check_precision(precision)
    known = calibrated(
        model,
        calibration,
        raw=raw,
        strict=strict,
        limit=limit,
        seed=seed,
        batch_size=batch_size,
    )
    wanted = candidates(known.graph, alphabet, methods)
    rest, held = hold_out(
        known.data, holdout, least=LEAST, seed=known.seed, progress=progress
    )
    usual = precision or "float32"
    judge = _Judge(known.with_data(rest), held, say, usual, costs, engine)
    search = _Search(judge, max_drop, minimise)
    search.by_steps(wanted, steps)
    search.by_thresholds(steps)
    if precision is None:
        search.by_precision()
    best = search.best
    if best is None:
        raise _nothing_fits(search)
    if say:
        say(f"converting by {best.label}, T={best.timesteps}, with all samples")
    snn = convert(
        model,
        known,
        best.method,
        precision=best.precision,
        progress=progress,
        timesteps=best.timesteps,
        **best.options,
    )
    return Choice(
        snn=snn,
        best=best,
        tried=tuple(judge.tried),
        left_out=tuple(judge.left_out),
        samples=judge.samples,
        ann_accuracy=judge.ann_accuracy,
        max_drop=max_drop,
        minimise=minimise,
    )


def _checked(
    max_drop: float, minimise: str, timesteps: Sequence[int], holdout: int
) -> list[int]:
    """The steps in order, if all arguments are possible."""
    if not (math.isfinite(max_drop) and max_drop >= 0):
        raise OptionError(f"max_drop={max_drop}: give a number of points from 0 up")
    if minimise not in MINIMISED:
        raise OptionError(
            f"minimise={minimise!r}; expected one of {', '.join(MINIMISED)}"
        )
    if holdout < LEAST // 2:
        raise OptionError(f"holdout={holdout}: hold out {LEAST // 2} samples at least")
    return check_counts("timesteps", timesteps)


class _Judge:
    """Converts by a setting with some samples, and measures it on others."""

    def __init__(
        self,
        known: Calibration,
        held: Data,
        say: Callable[[str], None] | None,
        precision: str,
        costs: EnergyProfile,
        engine: str | None,
    ) -> None:
        self.known, self.held, self.say = known, held, say
        self.precision, self.costs, self.engine = precision, costs, engine
        self.samples = held.size or 0
        self.ann_accuracy: float | None = None
        self.tried: list[Tried] = []
        self.left_out: list[str] = []

    def __call__(
        self,
        method: str,
        options: Mapping[str, Any],
        steps: int,
        precision: str | None = None,
    ) -> Tried | None:
        """What the setting loses and costs; None if it cannot be."""
        setting = f"{method} T={steps}"
        try:
            row = self._measured(method, options, steps, precision or self.precision)
        except (DataError, OutputError):  # are no fault of the setting
            raise
        except TfsnnError as error:
            self.left_out.append(f"left out: {setting} ({error})")
            if self.say:
                self.say(self.left_out[-1])
            return None
        finally:
            gc.collect()  # a Keras model is part of cycles, with its functions
        self.tried.append(row)
        if self.say:
            self.say(
                f"{row.label} T={steps}: drop {row.drop:.2f}, energy {row.energy:.3g}"
            )
        return row

    def _measured(
        self, method: str, options: Mapping[str, Any], steps: int, precision: str
    ) -> Tried:
        chosen: Any = {**options, "timesteps": steps}
        model, known = self.known.model, self.known
        snn = convert(model, known, method, precision=precision, **chosen)
        found = evaluate(
            as_engine(snn, steps, self.engine),
            self.held,
            ann=model,
            timesteps=[steps],
            energy=self.costs,
        )
        (row,) = found.rows
        if row.spikes is None or row.synops is None:
            raise OptionError(
                "settings are chosen by what their spikes cost: evaluate "
                "them in an engine that counts spikes"
            )
        self.ann_accuracy = found.ann_accuracy
        agreement = 1.0 if row.agreement is None else row.agreement
        drop = 100 * (1 - agreement)
        if row.accuracy is not None and found.ann_accuracy is not None:
            drop = 100 * (found.ann_accuracy - row.accuracy)
        return Tried(
            method=method,
            options=options,
            alphabet=alphabet_of(make(method, chosen)),
            timesteps=steps,
            latency=row.latency,
            accuracy=row.accuracy,
            agreement=agreement,
            drop=drop,
            standard_error=standard_error(drop, agreement, self.samples),
            spikes=row.spikes,
            synops=row.synops,
            energy_ratio=row.energy_ratio,
            precision=precision,
        )


class _Search:
    """The cheapest setting so far, and what may still be cheaper."""

    def __init__(self, judge: _Judge, max_drop: float, minimise: str) -> None:
        self.judge, self.max_drop, self.minimise = judge, max_drop, minimise
        self.best: Tried | None = None

    def by_steps(self, wanted: Sequence[Candidate], steps: Sequence[int]) -> None:
        """Try each candidate at more and more steps, as long as that makes sense."""
        going: dict[int, Tried | None] = dict.fromkeys(range(len(wanted)))
        for t in steps:
            for i in list(going):
                if self._hopeless(going[i], t):
                    del going[i]
                    continue
                row = self.judge(wanted[i].method, wanted[i].options, t)
                if row is None or self._fits(row):
                    del going[i]
                else:
                    going[i] = row

    def by_thresholds(self, steps: Sequence[int]) -> None:
        """Try other thresholds for the best setting, at its T and the one before.

        Where nothing is within the drop: for the closest one.
        """
        if not self.judge.tried:
            return
        start = self.best or min(self.judge.tried, key=lambda row: row.drop)
        fewer = [t for t in steps if t < start.timesteps][-1:]
        usual = start.options.get("threshold_scale", 1.0)
        for t in (start.timesteps, *(fewer if self.best else ())):
            for factor in THRESHOLD_SCALES:
                options = {**start.options, "threshold_scale": usual * factor}
                row = self.judge(start.method, options, t)
                if row is not None:
                    self._fits(row)

    def by_precision(self) -> None:
        """Take bfloat16 for the best setting if it stays within the drop."""
        best = self.best
        if best is None:
            return
        row = self.judge(best.method, best.options, best.timesteps, "bfloat16")
        if row is not None and row.drop <= self.max_drop + EQUAL:
            self.best = row

    def _fits(self, row: Tried) -> bool:
        """Whether a setting is within the drop; the best one is kept."""
        if row.drop > self.max_drop + EQUAL:
            return False
        if self.best is None or self._cost(row) < self._cost(self.best):
            self.best = row
        return True

    def _hopeless(self, before: Tried | None, steps: int) -> bool:
        """Whether it cannot beat the best, by what it cost with fewer steps."""
        if self.best is None:
            return False
        if before is None:
            return self.minimise == "timesteps" and steps > self.best.timesteps
        more = steps - before.timesteps
        least = replace(before, timesteps=steps, latency=before.latency + more)
        return self._cost(least) >= self._cost(self.best)

    def _cost(self, row: Tried) -> tuple[float, float]:
        return row.cost(self.minimise)


def _nothing_fits(search: _Search) -> CalibrationError:
    judge = search.judge
    if not judge.tried:
        return CalibrationError(
            "no setting could be measured:\n" + "\n".join(judge.left_out)
        )
    closest = min(judge.tried, key=lambda row: row.drop)
    lines = [
        f"no setting stays within {search.max_drop:g} points; the closest is "
        f"{closest.label}, T={closest.timesteps}, with {closest.drop:.2f}. Allow a "
        "larger drop (--max-drop, max_drop=...), more steps (--timesteps, "
        "timesteps=...), or another alphabet. What was seen:",
        *frontier_table(frontier_of(judge.tried, search.minimise)),
        *how_sure(judge.samples, closest, search.max_drop, judge.ann_accuracy),
    ]
    return CalibrationError("\n".join(lines))
