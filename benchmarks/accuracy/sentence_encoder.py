"""Measure a sentence encoder in spikes: how near it comes, and what that costs.

    python -m benchmarks.accuracy.sentence_encoder \
        --output benchmarks/results/sentence_encoder

The network is all-MiniLM-L6-v2 (``examples/sentence_encoder.py``), and the sentences
come from texts of the installed packages and of this repository
(``examples/sentences.py``); OUTPUT.txt lists them, each behind what it was for and the
kind of text that it comes from. Those of the calibration are others than those of the
test. Figures compare embeddings with the ANN's, without labels:

- cosine: between the two embeddings of a sentence, the median and the least;
- same neighbour: share of test sentences whose nearest other one is the same;
- rank correlation: Spearman's, of the cosines of all pairs of test sentences;
- driven by spikes: share of the operations executed that a spike causes, each spike as
  one; the others are multiply-accumulates on analog values;
- energy ratio: the SNN over the ANN, of floats and, bit-matched, of 8 bits;
- sentences per second of an engine, over those of the ANN's own predictions: the median
  of RUNS runs each, in turns.
"""

from __future__ import annotations

import collections
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np

import tfsnn
from benchmarks.inputs import OUTPUT, example
from benchmarks.measure import in_turn
from benchmarks.tables import Page, Report

encoder = example("sentence_encoder")
CALIBRATION, TEST, COUNTED, TIMED, BATCH, RUNS = 256, 2000, 200, 100, 25, 3
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "few_spikes-16": ("few_spikes", {"timesteps": 16}),
    "few_spikes-10": ("few_spikes", {"timesteps": 10}),
    "few_spikes-8": ("few_spikes", {"timesteps": 8}),
    "augmapping": ("augmapping", {}),
    "hmt": ("hmt", {}),
    "ttfs": ("ttfs", {}),
}
ENERGIES = {"arithmetic": "45nm-float32", "bit_matched": "bit-matched-8bit"}
ENGINES = ("tensorflow", "openvino")
PAGE = Page(
    "A sentence encoder in spikes",
    "all-MiniLM-L6-v2, {samples:,} test sentences of at most {length} tokens, "
    "{calibration} other sentences to calibrate with; sentences by the texts they come "
    "from: {sources}. Energy on {counted} of them. Measured on {machine}.",
    [
        (
            "setting | T | cosine, median | cosine, least | same neighbour, % "
            "| rank correlation | driven by spikes, % | energy ratio, arithmetic "
            "| bit-matched | sentences/s over the ANN's, TensorFlow | OpenVINO",
            "{method} | {timesteps} | {median:.4f} | {least:.4f} | {same:.1p} "
            "| {rank_correlation:.4f} | {driven:.1p} | {arithmetic:.3f} "
            "| {bit_matched:.3f} | {speed[tensorflow]:.3f} | {speed[openvino]:.3f}",
        )
    ],
)


def ranks(values: np.ndarray) -> np.ndarray:
    """Return the ranks of values; of equal ones, which are rare, in their order."""
    found = np.empty(len(values))
    found[np.argsort(values, kind="stable")] = np.arange(len(values))
    return found


def rank_correlation(ann: np.ndarray, snn: np.ndarray) -> float:
    """Return Spearman's correlation of the cosines of all pairs of embeddings."""
    pairs = np.triu_indices(len(ann), 1)
    of_both = [
        ranks((unit @ unit.T)[pairs])
        for unit in (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (ann, snn))
    ]
    return float(np.corrcoef(*of_both)[0, 1])


def head(x: Mapping[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    """Return the first samples of each input."""
    return {name: values[:count] for name, values in x.items()}


def cost(snn: tfsnn.SpikingModel, ann: keras.Model, x: Any) -> dict[str, float]:
    """Return the energy ratios, and the share of operations that spikes drive."""
    found = tfsnn.evaluate(snn, x, ann=ann, timesteps=[snn.timesteps], batch_size=BATCH)
    priced = {each.name: each.ratio for each in found.energies}
    work = found.counts_events[-1]
    executed = work.synops + work.analog_macs
    return {
        "driven": work.synops / executed,
        **{key: priced[name] for key, name in ENERGIES.items()},
    }


def speed(snn: tfsnn.SpikingModel, ann: keras.Model, x: Any) -> dict[str, Any]:
    """Return sentences per second over the ANN's, by the engines that can.

    "refused" has the reason of each that cannot.
    """
    found: dict[str, Any] = {"refused": {}}
    for engine in ENGINES:
        snn.engine = engine
        times = in_turn(
            {
                "ann": lambda: ann.predict(x, batch_size=BATCH, verbose=0),
                "snn": lambda: snn.predict(x, batch_size=BATCH, verbose=0),
            },
            RUNS,
        )
        if snn.ran_by != engine:
            found["refused"][engine] = snn.ran_by
            continue
        ann_time, snn_time = (statistics.median(times[each]) for each in ("ann", "snn"))
        found[engine] = ann_time / snn_time
    return found


def drawn(folder: Path, count: int, length: int) -> dict[str, str]:
    """Return as many sentences, of other tokens each, with the kinds of their texts."""
    found = example("sentences").gathered()
    x = encoder.tokenized(folder, list(found), length)["tokens"]
    _, first = np.unique(x, axis=0, return_index=True)
    distinct = [list(found)[i] for i in np.sort(first)][:count]
    if len(distinct) < count:
        raise click.ClickException(
            f"{len(distinct)} sentences were found in the texts of this machine, and "
            f"{count} are needed: give a smaller --limit"
        )
    return {sentence: found[sentence] for sentence in distinct}


def list_sentences(path: Path, found: Mapping[str, str], calibration: int) -> None:
    """Write the sentences, a line each."""
    lines = [
        f"{'calibration' if i < calibration else 'test'}\t{kind}\t{sentence}\n"
        for i, (sentence, kind) in enumerate(found.items())
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))


@click.command()
@OUTPUT
@click.option("--weights", type=click.Path(exists=True, path_type=Path), help="folder")
@click.option("--length", default=32, show_default=True, help="Tokens of a sentence.")
@click.option("--calibration", default=CALIBRATION, show_default=True)
@click.option("--limit", default=TEST, show_default=True, help="Test sentences.")
@click.option("--only", multiple=True, type=click.Choice(list(SETTINGS)))
def main(
    output: Path,
    weights: Path | None,
    length: int,
    calibration: int,
    limit: int,
    only: Sequence[str],
) -> None:
    """Measure every setting; write JSON, Markdown and the sentences."""
    folder = encoder.folder_of_weights(weights)
    ann = encoder.load(folder, length)
    found = drawn(folder, calibration + limit, length)
    list_sentences(output.with_suffix(".txt"), found, calibration)
    x = encoder.tokenized(folder, list(found), length)
    known = tfsnn.calibration(ann, head(x, calibration))
    test = {name: values[calibration:] for name, values in x.items()}
    expected = ann.predict(test, batch_size=BATCH, verbose=0)
    kinds = collections.Counter(found.values())
    report = Report(
        output,
        PAGE,
        keep=True,
        model=ann.name,
        samples=limit,
        calibration=calibration,
        counted=min(COUNTED, limit),
        length=length,
        sources=", ".join(f"{kind} {n}" for kind, n in kinds.most_common()),
        neighbours=len(set(encoder.nearest(expected).tolist())),
    )
    measured = {row["setting"] for row in report.document["rows"]}
    for setting in only or SETTINGS:
        if setting in measured:
            continue
        method, options = SETTINGS[setting]
        snn = tfsnn.convert(ann, known, method, **options)
        got = np.asarray(snn.predict(test, batch_size=BATCH, verbose=0))
        report.add(
            {
                "setting": setting,
                "method": method,
                "timesteps": snn.timesteps,
                **encoder.agreement(expected, got),
                "rank_correlation": rank_correlation(expected, got),
                **cost(snn, ann, head(test, COUNTED)),
                "speed": speed(snn, ann, head(test, TIMED)),
            }
        )
        keras.backend.clear_session()


if __name__ == "__main__":
    main()
