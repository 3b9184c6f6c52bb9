"""The ``tfsnn`` command: the group of commands, and errors as messages.

Neither TensorFlow nor a command is imported before it is needed, so that ``--help``
is immediate.
"""

from __future__ import annotations

import errno
import traceback
from typing import Any

import click

from tfsnn_numpy.errors import OptionError, TfsnnError, plain_interrupts

from .lazy import LazyGroup

COMMANDS = (
    "inspect",
    "convert",
    "choose",
    "tune",
    "train-quantised",
    "methods",
    "targets",
    "evaluate",
    "predict",
    "compare",
    "verify",
    "diagnose",
    "report",
    "early-exit",
    "export",
    "serve",
    "run-stablehlo",
    "import-nir",
    "demo",
)


class Program(LazyGroup):
    """The commands of tfsnn, whose errors become messages."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; every error becomes one message and an exit code."""
        try:
            with plain_interrupts():
                return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # the reader of a pipe has gone: click ends quietly
            if ctx.params.get("debug"):
                click.echo(traceback.format_exc(), err=True, nl=False)
            raise _failure(error) from error


class ArgumentError(click.ClickException):
    """An argument that does not exist or has an impossible value."""

    exit_code = 2


def _failure(error: Exception) -> click.ClickException:
    if isinstance(error, TfsnnError):
        wrong_use = isinstance(error, OptionError)
        return (ArgumentError if wrong_use else click.ClickException)(str(error))
    if isinstance(error, OSError):  # such as a full disk behind a redirection
        return click.ClickException(str(error))
    first_line = (str(error).strip() or "no message").splitlines()[0]
    return click.ClickException(
        f"{type(error).__name__}: {first_line}\n"
        "This is a bug in tfsnn; run tfsnn --debug COMMAND for the traceback."
    )


@click.group(
    cls=Program,
    modules={name: name.replace("-", "_") for name in COMMANDS},
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Example:
  tfsnn inspect cnn.keras
  tfsnn convert cnn.keras --calibration train.npz --output snn.keras
  tfsnn evaluate snn.keras --data test.npz --ann cnn.keras
""",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="tfsnn", message="tfsnn %(version)s")
def cli(debug: bool) -> None:
    """Convert trained Keras models into spiking neural networks.

    Results go to standard output, all else to standard error. Exit codes: 0, 1 for
    models, data and files that do not work, 2 for arguments that do not exist.
    """


def main() -> None:
    """Run the console script."""
    cli(prog_name="tfsnn")


if __name__ == "__main__":
    main()
