"""Compare the embeddings of the sentence encoder with those of other libraries.

    python -m benchmarks.toolboxes.sentence_encoder \
        --package torch torch-venv/bin/python \
        --package keras_hub keras-hub-venv/bin/python \
        --output benchmarks/results/encoder_elsewhere

The same weights and tokens, of sentences out of ``examples/sentences.py``, are run by
``examples/sentence_encoder.py`` here, and there by ``minilm_torch.py``, in plain
operations of PyTorch, and by ``minilm_keras_hub.py``, as a BertBackbone of KerasHub.
"""

from __future__ import annotations

import itertools
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from benchmarks.inputs import OUTPUT, ROOT, example
from benchmarks.tables import Page, Report

PACKAGES = ("torch", "keras_hub")
PAGE = Page(
    "The sentence encoder in other libraries",
    "all-MiniLM-L6-v2, {samples:,} sentences of at most {length} tokens. Measured on "
    "{machine}.",
    [
        (
            "library | largest difference of an embedding's values | least cosine",
            "{package} {version} | {largest:.1e} | {cosine:.7f}",
        )
    ],
)


@click.command()
@OUTPUT
@click.option("--package", "packages", nargs=2, multiple=True, metavar="NAME PYTHON")
@click.option("--weights", type=click.Path(exists=True, path_type=Path), help="folder")
@click.option("--length", default=32, show_default=True, help="Tokens of a sentence.")
@click.option("--limit", default=200, show_default=True, help="Sentences.")
def main(
    output: Path,
    packages: Sequence[tuple[str, str]],
    weights: Path | None,
    length: int,
    limit: int,
) -> None:
    """Embed here and there; write JSON and Markdown."""
    encoder, sentences = example("sentence_encoder"), example("sentences")
    folder = encoder.folder_of_weights(weights)
    lines = list(itertools.islice(sentences.gathered(), limit))
    x = encoder.tokenized(folder, lines, length)
    ours = encoder.load(folder, length).predict(x, verbose=0)
    report = Report(output, PAGE, samples=limit, length=length, rows=[])
    with tempfile.TemporaryDirectory() as name:
        inputs, outputs = Path(name) / "inputs.npz", Path(name) / "outputs.npz"
        np.savez(inputs, **x)  # type: ignore[arg-type]
        for package, python in packages:
            if package not in PACKAGES:
                known = " or ".join(PACKAGES)
                raise click.UsageError(f"--package {package}: expected {known}")
            side = ROOT / "benchmarks" / "toolboxes" / f"minilm_{package}.py"
            subprocess.run(
                [python, str(side), str(folder), str(inputs), str(outputs)], check=True
            )
            with np.load(outputs) as found:
                theirs, version = found["embeddings"], str(found["version"])
            report.add(
                {
                    "package": package,
                    "version": version,
                    "largest": float(np.abs(ours - theirs).max()),
                    "cosine": float((ours * theirs).sum(1).min()),
                }
            )


if __name__ == "__main__":
    main()
