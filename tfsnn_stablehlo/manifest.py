"""The manifest of an exported folder: its form, and reading it."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any, Literal, NotRequired, TypedDict

from tfsnn_numpy.errors import TfsnnError
from tfsnn_numpy.json_text import check_form, read_json

FORM = 1  # of the manifest, as tfsnn.export.stablehlo.writing writes it
MANIFEST = "manifest.json"
PREDICT, EVALUATE = "predict", "evaluate"
WAY_OUT = "give the folder that tfsnn export stablehlo wrote"


class ProgramError(TfsnnError):
    """An exported program that cannot be read or cannot be run here."""


class Input(TypedDict):
    """An input of the network."""

    name: str
    shape: list[int]
    whole: bool


class Output(TypedDict):
    """An output of the network."""

    name: str
    shape: list[int]
    head: NotRequired[str]
    like_input: NotRequired[bool]
    task: NotRequired[str | None]


class Argument(TypedDict):
    """An argument of a program: a weight or an input."""

    name: str
    role: Literal["weight", "input"]


class Result(TypedDict):
    """A result of a program."""

    name: str
    role: Literal["output", "outputs over time", "counts"]


class Described(TypedDict):
    """A program: its file, what it takes and what it returns."""

    file: str
    arguments: list[Argument]
    results: list[Result]


class Step(TypedDict):
    """What is known of a number of steps."""

    timesteps: int
    latency: int
    macs: float


class Counted(TypedDict):
    """A node whose spikes are counted."""

    node: str
    spikes: bool


class Profile(TypedDict):
    """An energy profile."""

    name: str
    mac_picojoules: float
    ac_picojoules: float
    source: str


class Evaluated(TypedDict):
    """What an evaluation needs beside what is simulated."""

    pre_steps: int
    steps: list[Step]
    ann_macs: float
    multiplies: NotRequired[bool]
    energy: Profile
    counted: list[Counted]


class Versions(TypedDict):
    """The versions that wrote it."""

    tfsnn: str


class Manifest(TypedDict):
    """The whole manifest, as far as it is read."""

    form: int
    timesteps: int
    batch_size: int
    inputs: list[Input]
    outputs: NotRequired[list[Output]]
    programs: dict[str, Described]
    weights: str
    evaluation: Evaluated
    versions: Versions
    sha256: dict[str, str]


class Head(TypedDict):
    """What every form of the manifest has."""

    format: Literal["tfsnn StableHLO"]
    form: Any
    versions: NotRequired[Versions]


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a folder.

    Raises:
        ProgramError: if it cannot be read, is of something else or of another form, or
            names files outside of the folder.
    """
    path = folder / MANIFEST
    try:
        manifest = read_json(path)
        check_form(manifest, Head)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ProgramError(
            f"{path} cannot be read as the manifest of a program ({reason}); {WAY_OUT}"
        ) from error
    if manifest["form"] != FORM:
        writer = manifest.get("versions", {"tfsnn": "not stated"})["tfsnn"]
        raise ProgramError(
            f"{path} is of form {manifest['form']}, this version reads {FORM}; use the "
            f"version of tfsnn that wrote it, {writer}"
        )
    try:
        check_form(manifest, Manifest)
        _check(manifest)
    except ValueError as error:
        raise ProgramError(
            f"{path} is damaged ({error}); export the network again"
        ) from error
    return manifest


def _check(manifest: dict[str, Any]) -> None:
    """Refuse numbers that cannot be, and files that are not in the folder."""
    sizes = {
        "timesteps": manifest["timesteps"],
        "batch_size": manifest["batch_size"],
        "inputs": len(manifest["inputs"]),
        **{x["name"]: min(x["shape"], default=1) for x in manifest["inputs"]},
    }
    for what, value in sizes.items():
        if value < 1:
            raise ValueError(f"{what}: there are {value}")
    if missing := {PREDICT, EVALUATE} - manifest["programs"].keys():
        raise ValueError(f"programs.{min(missing)} is missing")
    evaluated = manifest["evaluation"]
    steps = [step["timesteps"] for step in evaluated["steps"]]
    if steps != list(range(1, manifest["timesteps"] + 1)):
        raise ValueError("evaluation.steps are not those of timesteps")
    energy = evaluated["energy"]
    if min(energy["mac_picojoules"], energy["ac_picojoules"]) <= 0:
        raise ValueError("evaluation.energy is not above 0")
    programs = manifest["programs"].values()
    used = {manifest["weights"], *(program["file"] for program in programs)}
    listed = set(manifest["sha256"])
    if strange := [name for name in used | listed if PurePath(name).name != name]:
        raise ValueError(f"{strange[0]!r} is no file of this folder")
    if missing := used - listed:
        raise ValueError(f"{min(missing)} has no checksum")
