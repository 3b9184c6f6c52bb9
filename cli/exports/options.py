"""Options that several exports have."""

from __future__ import annotations

import click

from ..options import AT_LEAST_ONE, PATH, Decorator


def new_folder_option() -> Decorator:
    """Add --output, a folder that does not exist yet."""
    return click.option(
        "--output",
        required=True,
        metavar="DIR",
        type=PATH,
        help="The folder to write, which must not exist.",
    )


def program_batch_option() -> Decorator:
    """Add --batch-size, that of an exported program."""
    return click.option(
        "--batch-size",
        type=AT_LEAST_ONE,
        default=1,
        show_default=True,
        metavar="B",
        help="Samples in one run of the program.",
    )
