"""Rare settings: one option ``-o KEY VALUE`` for all of them, so that help is short."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click

from tfsnn_numpy.defaults import (
    BATCH_SIZE,
    CALIBRATION_BATCH_SIZE,
    ENERGY_PROFILE,
    SEED,
    SIMULATORS,
)

from .options import (
    AT_LEAST_ONE,
    BATCH_SIZES,
    ENERGY,
    LIMIT,
    RAW,
    READOUT,
    SEEDS,
    Decorator,
    Energy,
    Readout,
)


class RareSetting(NamedTuple):
    """A setting of a command that few need, given as ``-o KEY VALUE``.

    Attributes:
        key: name of the setting, and of the command's parameter that it sets.
        type: type of its value.
        default: value if it is not given.
        meaning: a sentence for the help.
    """

    key: str
    type: click.ParamType
    default: Any
    meaning: str

    def parsed(self, text: Any, param: click.Parameter, ctx: click.Context) -> Any:
        """Return the value of a text; one that is impossible is refused."""
        try:
            return self.type(text, param, ctx)
        except click.BadParameter as error:
            message = f"{self.key}: {error.message}"
            raise click.BadParameter(message, ctx, param) from None

    def __str__(self) -> str:
        named = self.default is not None and self.default is not False
        default = f" [{self.default}]" if named else ""
        words = f"{self.meaning[0].lower()}{self.meaning[1:]}".rstrip(".")
        return f"{self.key}, {words}{default}"


class RareOption(click.Option):
    """The option ``-o``, which sets parameters of the command by their keys.

    Attributes:
        rare: the settings that it knows, by key.
    """

    def __init__(
        self,
        *args: Any,
        rare: Mapping[str, RareSetting],
        others: str = "",
        **attrs: Any,
    ) -> None:
        """Take the settings, and the kind of other keys (:func:`rare_options`)."""
        attrs |= {"nargs": 2, "multiple": True, "type": str, "expose_value": False}
        super().__init__(*args, **attrs)
        self.rare, self.others = rare, others
        self.callback = self._take

    def _take(self, ctx: click.Context, param: click.Parameter, given: Any) -> None:
        """Set the parameters of the command, including those that are not given."""
        texts = {each.key: each.default for each in self.rare.values()}
        options: dict[str, str] = {}
        for key, text in given:
            if key in self.rare:
                texts[key] = text
            elif self.others == "NAME" or (self.others and "." in key):
                options[key] = text
            else:
                raise click.UsageError(self._unknown(key), ctx)
        for key, text in texts.items():
            ctx.params[key] = self.rare[key].parsed(text, param, ctx)
        if self.others:
            ctx.params["options"] = options

    def _unknown(self, key: str) -> str:
        close = difflib.get_close_matches(key, self.rare, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        if self.others:
            hint += (
                "; for an option of a method give the method as well, as in -o "
                f"hmt.{key}"
            )
        return f"-o knows no {key!r}; known: {', '.join(self.rare)}{hint}"


def rare_options(*rare: RareSetting, others: str = "") -> Decorator:
    """Add ``-o KEY VALUE`` for settings that few need.

    Args:
        rare: the settings, each a parameter of the command.
        others: "NAME" or "METHOD.NAME" if keys like that are options of a method: then
            they are in the command's parameter `options`, texts by key. Otherwise a key
            that is no setting is refused.
    """
    which = "the" if others == "NAME" else "a"
    first = f"{others}: an option of {which} method, see tfsnn methods METHOD. Or a "
    return click.option(
        "-o",
        cls=RareOption,
        rare={each.key: each for each in rare},
        others=others,
        metavar="KEY VALUE",
        help=f"{first if others else 'A '}rare setting: {'; '.join(map(str, rare))}.",
    )


ENGINE_OF = RareSetting(
    "engine",
    click.Choice(SIMULATORS),
    None,
    "What simulates, tensorflow unless given; auto measures which is the fastest here.",
)
THREADS_OF = RareSetting(
    "threads",
    AT_LEAST_ONE,
    None,
    "Threads that compute; as many as cores unless given.",
)
ENERGY_OF = RareSetting("energy", Energy(), ENERGY_PROFILE, ENERGY)
LIMIT_OF = RareSetting("limit", AT_LEAST_ONE, None, LIMIT)
RAW_OF = RareSetting("raw", click.BOOL, None, RAW)
SEED_OF = RareSetting("seed", SEEDS, SEED, "Decides all random choices.")
SIGNATURE_OF = RareSetting("signature", click.STRING, None, "That of a SavedModel.")
BATCH_SIZE_OF = RareSetting("batch_size", AT_LEAST_ONE, BATCH_SIZE, BATCH_SIZES)
OVER_TIME_OF = RareSetting(
    "over_time", click.BOOL, False, "Whether samples are sequences of frames."
)
STEPS_PER_FRAME_OF = RareSetting(
    "steps_per_frame",
    AT_LEAST_ONE,
    None,
    "Time steps of a frame, over time: 1, or all those of a recurrent network.",
)
READOUT_OF = RareSetting("readout", Readout(), None, READOUT)
SWEEP_OF = RareSetting("batch_size", AT_LEAST_ONE, CALIBRATION_BATCH_SIZE, BATCH_SIZES)
