"""Write the results of ``stablehlo_gpu.py`` as Markdown."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def markdown(document: dict[str, Any]) -> str:
    """Render tables of times and checks, and the rows left out."""
    m, rows = document["machine"], document["rows"]
    lines = [
        "# StableHLO against PyTorch",
        "",
        f"Milliseconds of a batch, {m['date']}, on {m['device']}: JAX {m['jax']}, "
        f"PyTorch {m['torch']}, compiled. PyTorch / StableHLO is that of PyTorch's "
        "faster way. ANN forwards: the time of the StableHLO program in passes of the "
        "ANN in PyTorch, compiled too.",
        "",
        "| network | products | spikes | T | batch | StableHLO | PyTorch, folded "
        "| step by step | whole network compiled | PyTorch / StableHLO | ANN, PyTorch "
        "| ANN forwards | share of the matrix rate |",
        "| --- " * 13 + "|",
        *map(_times, rows),
        "",
        "Checks: the share of neurons that fire in any step, over populations; "
        "differences of logits between both sides, median over the spread of logits, "
        "and what bfloat16 or TF32 itself does to them.",
        "",
        "| network | products | spikes | T | batch | firing: least | median | most "
        "| difference, folded | step by step | rounding's own | same top-1 | remarks |",
        "| --- " * 13 + "|",
        *map(_checks, rows),
    ]
    if document["left_out"]:
        lines += ["", f"Left out, for time: {', '.join(document['left_out'])}."]
    return "\n".join(lines) + "\n"


def _named(row: dict[str, Any]) -> list[str]:
    products = row["precision"] + ", TF32" * row["fast_products"]
    settings = (products, row["spikes"], row["timesteps"], row["batch"])
    return [row["network"], *map(str, settings)]


def _times(row: dict[str, Any]) -> str:
    def milliseconds(key: str) -> str:
        return f"{1e3 * row[key]:.3f}" if key in row else "–"

    ways = ("jax", "torch_folded", "torch_steps", "torch_whole")
    share = f"{100 * row['matrix_share']:.1f} %" if "matrix_share" in row else "–"
    return _line(
        [
            *_named(row),
            *(milliseconds(f"{way}_seconds") for way in ways),
            _plain(row, "torch_over_jax", 2),
            milliseconds("ann_seconds"),
            _plain(row, "ann_forwards", 2),
            share,
        ]
    )


def _checks(row: dict[str, Any]) -> str:
    fires = row.get("activity", {})
    remarks = [f"{side}: {error}" for side, error in row["errors"].items()]
    if row["agrees"] is False:
        remarks.append("the sides differ")
    return _line(
        [
            *_named(row),
            *(_plain(fires, f"{key}_firing", 2) for key in ("least", "median", "most")),
            _plain(row, "torch_folded_difference", 6),
            _plain(row, "torch_steps_difference", 6),
            _plain(row, "rounding_effect", 6),
            _plain(row, "torch_folded_same_top_1", 3),
            "; ".join(remarks).replace("|", "/") or "–",
        ]
    )


def _plain(values: dict[str, Any], key: str, digits: int) -> str:
    return f"{values[key]:.{digits}f}" if key in values else "–"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


PAGE = SimpleNamespace(text=markdown)  # the layout, as other results have theirs
