"""A group of commands that are imported on use, so that ``--help`` is immediate."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """A group of commands, each the object `command` of a module imported on use."""

    def __init__(self, *args: Any, modules: Mapping[str, str], **attrs: Any) -> None:
        """Take the module of each command, by its name, in the order of the help."""
        super().__init__(*args, **attrs)
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of work, for ``--help``."""
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name; None if there is none."""
        if cmd_name not in self.modules:
            return None
        module = importlib.import_module(f".{self.modules[cmd_name]}", __package__)
        return module.command
