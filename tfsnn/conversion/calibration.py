"""Calibration: what conversions need of data, swept once and kept for all of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from tfsnn.conversion.elements import Given, element_data
from tfsnn.conversion.methods import Method
from tfsnn.conversion.settings import CalibrationSettings, grouped
from tfsnn.conversion.statistics import Statistics, calibrate
from tfsnn.data import Data, Progress, open_for
from tfsnn.data.frames import open_frames
from tfsnn.data.opening import raw_for
from tfsnn.data.reservoir import Reservoir
from tfsnn.errors import ModelError, OptionError
from tfsnn.network.graph import Graph
from tfsnn.network.passes import simplify
from tfsnn.network.pixels import scaled_inside
from tfsnn.network.roles import refuse_running_sums
from tfsnn.simulation.outputs import outputs_of
from tfsnn.sources import import_elements, import_model, is_recurrent
from tfsnn.sources.keras_model.losses import loss_tasks
from tfsnn.sources.keras_model.structure import output_keys
from tfsnn_numpy.ranges import Range, Ranges
from tfsnn_numpy.tasks import Labels, Output, told_tasks

LOG = logging.getLogger(__name__)
FAR = 20.0  # a value that none divided by 255 comes near
HELD = 256  # samples that corrections are simulated on, if nothing else is asked for


@dataclass(frozen=True, eq=False)
class Calibration:
    """A network, and what data shows of it; made by :func:`tfsnn.calibration`.

    It takes the place of the data in :func:`tfsnn.convert`, which gives the same. The
    data is read when a conversion first needs it, and again only for a method that
    changes the network before it is calibrated, or that wants more samples than were
    drawn.

    Attributes:
        model: the ANN.
        graph: the graph of the ANN, simplified.
        data: the data to calibrate with.
        settings: the settings of :func:`tfsnn.calibration`.
        held: samples drawn for corrections, at least.
        sequences: of a recurrent network over time, the sequences whose elements are
            the data.
    """

    model: keras.Model
    graph: Graph
    data: Data
    settings: CalibrationSettings
    held: int = HELD
    sequences: Data | None = None
    _seen: list[tuple[Graph, dict[str, Statistics]]] = field(default_factory=list)
    _drawn: list[Reservoir] = field(default_factory=list)
    _ranges: list[Ranges] = field(default_factory=list)
    _labels: list[Labels] = field(default_factory=list)

    @property
    def seed(self) -> int:
        """The seed of every random choice: places and samples that are drawn."""
        return self.settings.seed

    @property
    def raw(self) -> tuple[str, ...] | None:
        """The inputs that take 8-bit values at 0..255, in order of their names.

        Also those whose values in the data, of another type, went as far. None if
        nothing tells, for data without 8-bit values.
        """
        far = {name for name, (_, high) in self.ranges.items() if high > FAR}
        found = tuple(sorted((self.data.raw | far) - self.graph.whole_inputs))
        told = found or self.settings.raw is not None or self.data.bytes_seen
        return found if told else None

    @property
    def ranges(self) -> dict[str, Range]:
        """The smallest and the largest value of each input in the data read so far."""
        return self._ranges[-1].seen if self._ranges else {}

    @property
    def strict(self) -> bool:
        """Whether running sums are refused."""
        return self.settings.strict

    def with_data(self, data: Data) -> Calibration:
        """Return a calibration of the same network with other data, not yet read.

        Of a recurrent network over time, whose samples are elements, the data may be
        sequences.
        """
        sequences = data if self.graph.states and data.over_time else None
        if sequences is not None:
            data = element_data(self.graph, sequences)
        own = self.model, self.graph, data, self.settings
        return Calibration(*own, sequences=sequences)

    def prepared(self, method: Method) -> Graph:
        """Return the graph as a method has it (:meth:`tfsnn.methods.Method.prepare`).

        Raises:
            UnsupportedError: for running sums in it, if they are refused.
        """
        graph = method.prepare(self.graph)
        if self.strict:
            refuse_running_sums(graph)
        return graph

    def statistics(
        self, graph: Graph, *, samples: int = 0, progress: Progress | None = None
    ) -> dict[str, Statistics]:
        """Return the statistics of a prepared graph's rate nodes, by name.

        Args:
            graph: the graph from :meth:`prepared`.
            samples: samples to draw in the same sweep, for :meth:`samples`.
            progress: wraps the batches, for a progress bar.

        Raises:
            CalibrationError: if a whole layer never activates.
            DataError: for samples that do not fit.
        """
        for seen, found in self._seen:
            if _same(seen, graph):
                return found
        batches = self._draw(samples, progress)
        found = calibrate(graph, batches, seed=self.seed)
        self._seen.append((graph, found))
        return found

    def samples(self, count: int) -> dict[str, np.ndarray]:
        """Return at most `count` samples, drawn by the seed, ``(N, *shape)`` each."""
        if count and not (self._drawn and self._drawn[-1].size >= count):
            for _ in self._draw(count, None):
                pass
        return self._drawn[-1].samples(count) if count else {}

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs of the network, as far as judging them needs to know."""
        return outputs_of(self.graph, output_keys(self.model))

    def tasks(self) -> dict[str, str]:
        """Return what the outputs probably answer, by output, where something tells it.

        That is the loss that the model was compiled with, or the first labels, if the
        data has any that fit.
        """
        y = self._labels[0] if self._labels else None
        names = [output.name for output in self.outputs]
        return told_tasks(self.outputs, y, loss_tasks(self.model, names))

    def _draw(
        self, count: int, progress: Progress | None
    ) -> Iterable[Mapping[str, np.ndarray]]:
        """Yield the batches, and draw as many samples from them as are wanted."""
        most = max(count, self.held, *(before.size for before in self._drawn))
        drawn = Reservoir(most, self.seed)
        size, ranges = self.settings.batch_size, Ranges()
        for x, y in self.data.batches(size, progress, "calibrating"):
            if y is not None and not self._labels:
                self._labels.append(y)
            feed = self.graph.feed(x)
            ranges.add({name: feed[name] for name in self.graph.given})
            yield drawn.pass_on(feed)
        self._drawn[:], self._ranges[:] = [drawn], [ranges]


def calibration(
    model: keras.Model,
    data: Any,
    settings: CalibrationSettings | None = None,
    *,
    held: int = HELD,
    **named: Any,
) -> Calibration:
    """Calibrate once for several conversions of the same network.

    Args:
        model: Functional or Sequential, trained; it is left as it is.
        data: samples like those of training, a few hundred: an array ``(N, *input
            shape)``, or anything that :func:`tfsnn.open_data` takes.
        settings: how the samples are read and swept; the defaults if None.
        held: samples drawn at the first sweep, for corrections by simulation.
        named: the fields of :class:`tfsnn.CalibrationSettings`, by name.

    Raises:
        OptionError: for a setting that does not exist.
        ModelError: for a model that cannot be converted; UnsupportedError names layers.
        DataError: for data that does not fit.
    """
    chosen, _ = grouped(CalibrationSettings, settings, named, {})
    by_element = chosen.over_time and is_recurrent(model)
    imported = import_elements(model) if by_element else import_model(model)
    graph = simplify(imported, strict=chosen.strict)
    inside = scaled_inside(imported) if chosen.raw is None else frozenset()
    taken = Given.of(graph)
    kept = raw_for(taken, inside if chosen.raw is None else chosen.raw)
    opener = open_frames if chosen.over_time and not by_element else open_for
    asked: dict[str, Any] = {"over_time": True} if by_element else {}
    asked |= {"default_split": "train", "raw": kept, "limit": chosen.limit}
    opened = opener(taken, data, **asked)
    if inside:
        LOG.info(
            f"8-bit values of {', '.join(sorted(inside))} are taken at 0..255: "
            f"{model.name} scales them itself (raw=False, -o raw false, to divide them "
            "by 255)"
        )
    if not by_element:
        return Calibration(model, graph, opened, chosen, held)
    found = element_data(graph, opened)
    return Calibration(model, graph, found, chosen, held, opened)


def calibrated(
    model: keras.Model, given: Any, settings: Mapping[str, Any], held: int = 0
) -> Calibration:
    """Return what is given, if it is a calibration of the model; else make one of it.

    Args:
        model: the ANN.
        given: a calibration of it, or data.
        settings: the settings asked for, of :func:`calibration`, by name.
        held: samples drawn at the first sweep of data.

    Raises:
        ModelError: for the calibration of another model.
        OptionError: for a setting that is not the calibration's.
    """
    if not isinstance(given, Calibration):
        return calibration(model, given, held=held, **settings)
    if given.model is not model:
        raise ModelError(
            f"the calibration is of {given.model.name}, another model object than the "
            f"{model.name} to convert; make one: tfsnn.calibration(model, data)"
        )
    for name, value in settings.items():
        if value != (made := getattr(given.settings, name)):
            raise OptionError(
                f"{name}={value}, but the calibration was made with {name}={made}; "
                "give it to tfsnn.calibration instead"
            )
    return given


def _same(one: Graph, other: Graph) -> bool:
    """Return whether two graphs have equal nodes, with the very same arrays."""
    if len(one.nodes) != len(other.nodes):
        return False
    for a, b in zip(one, other, strict=True):
        arrays = a.arrays()
        if a.to_config() != b.to_config():
            return False
        if any(arrays[name] is not values for name, values in b.arrays().items()):
            return False
    return True
