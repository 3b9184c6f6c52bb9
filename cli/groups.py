"""Groups of parameters that a command gets as one object, checked when it is made."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import Decorator, together
from .talk import say, to_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfsnn import SpikingModel
    from tfsnn.data import Data


def group(name: str, kind: Any, *options: Decorator) -> Decorator:
    """Add options, and hand them to the command as one object.

    Args:
        name: name of the command's argument.
        kind: a dataclass; its fields are names of parameters, of these options or of
            ``-o`` (:mod:`.rare`). Where the command has no such parameter, the field
            has its default.
        options: decorators that add the parameters.
    """

    def decorate(function: Any) -> Any:
        @functools.wraps(function)
        def command(*args: Any, **values: Any) -> Any:
            fields = [field.name for field in dataclasses.fields(kind)]
            own = {key: values.pop(key) for key in fields if key in values}
            return function(*args, **{name: kind(**own)}, **values)

        return together(*options)(command)

    return decorate


@dataclass(frozen=True)
class Original:
    """A model that is not a spiking one, and the part of it that is the network."""

    model: Path | None
    signature: str | None = None
    input_shape: dict[str, tuple[int, ...]] | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def load(self, snn: SpikingModel | None = None, target: str | None = None) -> Any:
        """Load the model, None where no path was given; refuse a spiking network.

        Args:
            snn: the spiking network that was made of it, which knows of which part.
            target: the chip that it is looked at, or converted, for.
        """
        import tfsnn
        from tfsnn.conversion.for_target import refuse_converted

        model = self.load_any(snn)
        if isinstance(model, tfsnn.SpikingModel):
            if target is not None:
                refuse_converted(model, target, self.model)
            raise tfsnn.ModelError(
                f"{self.model}: is a spiking network already; give the model it was "
                "made from"
            )
        return model

    def load_any(self, snn: SpikingModel | None = None) -> Any:
        """Load the model, spiking or not."""
        from tfsnn.sources.opening import load_part
        from tfsnn.sources.parts import make_part

        if self.model is None:
            return None
        part = make_part(self.signature, self.inputs, self.outputs, self.input_shape)
        if snn is not None:
            signature = self.signature or snn.report.part.signature
            part = dataclasses.replace(snn.report.part, signature=signature)
        return load_part(self.model, part)


def load_snn(path: Path, engine: str | None = None) -> SpikingModel:
    """Load a model that `tfsnn convert` wrote, to be simulated by an engine."""
    import tfsnn

    model = tfsnn.load_model(path)
    if not isinstance(model, tfsnn.SpikingModel):
        raise tfsnn.ModelError(
            f"{path}: is a {type(model).__name__}, not a spiking network; convert it "
            f"first: tfsnn convert {path} --calibration DATA --output snn.keras"
        )
    model.engine = engine or model.engine
    return model


@dataclass(frozen=True)
class EvaluationData:
    """The samples that --data names, --limit and --raw."""

    data: str
    limit: int | None = None
    raw: bool | None = None

    @property
    def sequences(self) -> Any:
        """How sequences are read; False for samples that do not change."""
        return False

    def open(self, snn: SpikingModel, *, labels: bool = False) -> Data:
        """Open the samples for a spiking network: the test split, by default.

        `labels` refuses data without labels.
        """
        from tfsnn.data import open_for
        from tfsnn.simulation.engines import as_engine

        network = as_engine(snn)
        return open_for(
            network,
            self.data,
            raw=self.raw,
            limit=self.limit,
            labels=labels,
            over_time=self.sequences,
        )

    def open_to_train(self, snn: SpikingModel) -> Data:
        """Open the samples for a network that learns: the training split."""
        from tfsnn.data import open_for
        from tfsnn.simulation.engines import as_engine

        return open_for(
            as_engine(snn),
            self.data,
            default_split="train",
            raw=self.raw,
            limit=self.limit,
        )

    def others(self, data: str) -> EvaluationData:
        """Return other samples, all of them, read in the same way."""
        return dataclasses.replace(self, data=data, limit=None)


@dataclass(frozen=True)
class CalibrationData:
    """The data that --calibration names, and the settings of the calibration."""

    calibration: str | None
    limit: int | None = None
    raw: bool | None = None
    strict: bool = False
    seed: int = 0
    batch_size: int = 0
    over_time: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the calibration, by name, as the library takes them."""
        return {k: v for k, v in vars(self).items() if k != "calibration"}


@dataclass(frozen=True)
class Output:
    """A file that is written whole or not at all; refused at once if it cannot be."""

    output: Path
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Refuse a file that cannot be written, before any work."""
        from tfsnn.files import check_output

        check_output(self.output, self.overwrite)

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """Yield a path that takes the place of the file at the end, and say so."""
        from tfsnn.files import replacing

        with replacing(self.output, overwrite=self.overwrite) as part:
            yield part
        say(f"wrote {self.output}")


@dataclass(frozen=True)
class Converted:
    """The file of a spiking network, and optionally the report of its conversion."""

    output: Path
    overwrite: bool = False
    report: Path | None = None

    def __post_init__(self) -> None:
        """Refuse a file that cannot be written, before any work."""
        for path in self._paths():
            Output(path, self.overwrite)

    def _paths(self) -> list[Path]:
        return [path for path in (self.output, self.report) if path]

    def refuse_itself(self, model: Path | None) -> None:
        """Refuse to write over the model that is converted."""
        if not (model and model.exists() and self.output.exists()):
            return
        if model.samefile(self.output):
            raise click.UsageError(
                "--output is MODEL itself, which would be lost: give another file"
            )

    def write(self, snn: SpikingModel, **more: Any) -> None:
        """Write the network, and the report with `more` in its JSON."""
        with Output(self.output, self.overwrite).writing() as part:
            snn.save(part)
        if self.report:
            with Output(self.report, self.overwrite).writing() as part:
                part.write_text(to_json({**snn.report.to_dict(), **more}) + "\n")


@dataclass(frozen=True)
class Plot:
    """The optional file of a figure."""

    plot: Path | None
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Refuse a file that cannot be written, before any work."""
        if self.plot:
            Output(self.plot, self.overwrite)

    def write(self, figure: Figure) -> None:
        """Write a figure of :mod:`tfsnn.analysis.plot`, and say so."""
        from tfsnn.analysis.plot import save

        if self.plot:
            with Output(self.plot, self.overwrite).writing() as part:
                save(figure, part)
