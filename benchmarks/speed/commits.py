"""Two commits side by side: import, convert, predict, evaluate and peak memory.

    python -m benchmarks.speed.commits OLD NEW --output RESULTS

Each commit is checked out beside the repository; a new process for each of them in turn
measures the shipped ResNet-20 (TerMapping, T = 8), so that what the machine does
meanwhile meets both. Medians over the turns, and the ratio turn by turn.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from benchmarks.inputs import OUTPUT, ROOT
from benchmarks.tables import Page, Report

PAGE = Page(
    "Two commits",
    "{old} against {new}, medians of {turns} turns. Measured on {machine}.",
    [
        (
            "what | old | new | new / old, median | least | most",
            "{what} | {old:.3g} | {new:.3g} | {ratio:.3f} | {least:.3f} | {most:.3f}",
        )
    ],
)
CHILD = """
import json, resource, time
start = time.perf_counter()
import numpy as np, tfsnn
found = {"import, s": time.perf_counter() - start}
def timed(name, run, repeats=3):
    run()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        value = run()
        seconds.append(time.perf_counter() - start)
    found[name] = sorted(seconds)[len(seconds) // 2]
    return value
with np.load(FOLDER + "/test.npz") as arrays:
    x, y = arrays["x"][:128].astype(np.float32) / 255, arrays["y"][:128]
model = tfsnn.load_model(FOLDER + "/model.keras")
def convert():
    return tfsnn.convert(model, x[:64], "termapping", timesteps=8)
snn = timed("convert, s", convert, 1)
timed("predict 128, s", lambda: snn.predict(x, batch_size=32, verbose=0))
timed("predict 1, s", lambda: snn.predict(x[:1], verbose=0), 20)
timed("evaluate 128, s", lambda: tfsnn.evaluate(snn, (x, y), ann=model))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({**found, "peak memory, MiB": peak}))
"""


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--turns", default=5, show_default=True)
@OUTPUT
def main(old: str, new: str, turns: int, output: Path) -> None:
    """Measure both commits in turn; write JSON and Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        places = {commit: _checked_out(commit, Path(folder)) for commit in (old, new)}
        rounds = [
            {commit: _measured(place) for commit, place in places.items()}
            for _ in range(turns)
        ]
        for commit in places:
            subprocess.run(
                ["git", "worktree", "remove", "--force", str(Path(folder) / commit)],
                cwd=ROOT,
                check=True,
            )
    report = Report(output, PAGE, old=old, new=new, turns=turns)
    for what in rounds[0][old]:
        ratios = [turn[new][what] / turn[old][what] for turn in rounds]
        sides = {
            side: statistics.median(turn[commit][what] for turn in rounds)
            for side, commit in (("old", old), ("new", new))
        }
        ends = {"least": min(ratios), "most": max(ratios)}
        report.add({"what": what, **sides, "ratio": statistics.median(ratios), **ends})


def _checked_out(commit: str, folder: Path) -> Path:
    """Check a commit out; return a folder from which its packages are imported."""
    place, links = folder / commit, folder / f"links-{commit}"
    add = ["git", "worktree", "add", "--detach", str(place), commit]
    subprocess.run(add, cwd=ROOT, check=True, capture_output=True)
    links.mkdir()
    for package in ("tfsnn", "tfsnn_numpy", "tfsnn_stablehlo"):
        if (place / package).is_dir():
            (links / package).symlink_to(place / package)
    return links


def _measured(place: Path) -> dict[str, Any]:
    code = CHILD.replace("FOLDER", repr(str(ROOT / "saved_models/resnet20_cifar10")))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(place), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
