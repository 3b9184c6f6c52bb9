"""Write what the site generates from code and results into the pages of ``docs``.

    python docs/generate.py

What stands between ``<!-- NAME -->`` and ``<!-- /NAME -->`` is replaced, as in the
README (``benchmarks/readme.py``); a test asserts that the pages are what this script
makes of them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# TensorFlow leaves oneDNN off on processors without AVX-512, and cannot compute some of
# the examples of layers then. It reads this when it is imported.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
from click.testing import CliRunner
from keras import layers

from tfsnn.analysis.choose.candidates import ANY, candidates
from tfsnn.analysis.comparison import label
from tfsnn.conversion import methods
from tfsnn.conversion.methods.alphabet import alphabet_of
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model
from tfsnn_cli.exports import FORMATS
from tfsnn_cli.main import COMMANDS, cli

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests" / "support"))
sys.path.insert(0, str(DOCS.parent))
sys.path.insert(0, str(DOCS))

from layer_tables import LAYER_PARTS, apart, table  # noqa: E402

from benchmarks.readme import PARTS, written  # noqa: E402


def methods_in_brief() -> str:
    """All methods with what their defaults are."""
    rows = []
    for name, kind in methods.methods().items():
        chosen = methods.make(name, {})
        summary = (kind.__doc__ or "").strip().splitlines()[0]
        link = f"[`{name}`](every-method.md#{name})"
        correct = getattr(chosen, "correct", "none")
        rows.append(
            [link, alphabet_of(chosen), str(chosen.timesteps), correct, summary]
        )
    return table(["method", "spikes", "T", "corrects", "what"], rows)


def candidates_by_alphabet() -> str:
    """What ``tfsnn choose`` tries for each alphabet."""
    smooth = layers.Dense(4, activation="gelu")
    model = keras.Sequential([keras.Input((4,)), smooth, layers.Dense(2)])
    graph = simplify(import_model(model))
    rows = []
    for alphabet in reversed(ANY):
        tried = []
        for method, options in candidates(graph, alphabet):
            own = dict(options)
            for told in ("correct", "negative_threshold", "levels"):
                own.pop(told, None)  # the same for all, or what the alphabet says
            tried.append(f"`{label(method, own)}`")
        rows.append([f"`{alphabet}`", ", ".join(tried)])
    return table(["`--alphabet`", "tried, the best first"], rows)


def _printed(*arguments: str) -> str:
    shown = CliRunner().invoke(
        cli, arguments, prog_name="tfsnn", terminal_width=80, catch_exceptions=False
    )
    return f"```\n{shown.output.strip()}\n```"


def every_method() -> str:
    """What ``tfsnn methods NAME`` prints, of each."""
    sections = [
        f"## {name}\n\n{_printed('methods', name)}" for name in methods.methods()
    ]
    return apart(sections)


def every_command() -> str:
    """What ``tfsnn COMMAND --help`` prints, of each."""
    every = [(name,) for name in COMMANDS]
    last = every.index(("export",)) + 1
    every[last:last] = [("export", name) for name in FORMATS]
    sections = [
        f"## tfsnn {' '.join(words)}\n\n{_printed(*words, '--help')}" for words in every
    ]
    return apart(sections)


ALL = {
    **PARTS,
    **LAYER_PARTS,
    "methods": methods_in_brief,
    "candidates": candidates_by_alphabet,
    "every_method": every_method,
    "every_command": every_command,
}


def generated(page: str) -> str:
    """A page with its generated parts up to date."""
    return written(page, ALL)


if __name__ == "__main__":
    for path in sorted(DOCS.glob("*.md")):
        path.write_text(generated(path.read_text()))
