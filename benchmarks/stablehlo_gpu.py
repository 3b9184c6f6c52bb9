"""Time exported StableHLO programs against compiled PyTorch with the same neurons.

    python benchmarks/stablehlo_gpu.py export gpu-programs
    python benchmarks/stablehlo_gpu.py time gpu-programs --output RESULTS

The first command needs tfsnn and writes programs, a few megabytes, without weights. The
second, started in the root of the repository, needs JAX, PyTorch, NumPy and click, and
runs on a machine with a GPU: it draws weights and images from a seed, the same for both
sides (``gpu/weights.py``), and writes results after each row, the most important first,
until its minutes are over. To try both without a GPU: `export --small` and `time
--device cpu`.

VGG-16 and ResNet-20 take 32 x 32 images, ResNet-50 takes 224 x 224; ternary spikes
(TerMapping) and graded ones (AugMapping, up to 15); synapses in float32 and bfloat16;
float32 in full precision, or TF32 on both sides. Sides run in turn, on inputs that are
on the device already; medians. PyTorch (``gpu/torch_spiking.py``) is the faster of two
ways: all steps folded into the batch of each layer, or step by step; channels lie in
memory as is faster.

A row where sides differ in the median of their logits by more than 5 % of the logits'
spread (and, in bfloat16 and TF32, by more than twice of what that rounding does to
PyTorch's logits) is marked, and makes the command fail at its end.

Fraction of the matrix rate: all products of the network, at the rate of a product of
large square matrices of the same type, measured beside it, over the time; spikes count
as any other factor.
"""

from __future__ import annotations

import functools
import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.gpu.clock import machine, median
from benchmarks.gpu.jax_side import JaxSide

START = time.perf_counter()
TOLERANCE = 0.05


@click.group()
def main() -> None:
    """Export networks, and time them on another machine."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--small", is_flag=True, help="A tiny network only, to try the script.")
@click.option("--first", type=int, metavar="N", help="The most important N rows only.")
def export(folder: Path, small: bool, first: int | None) -> None:
    """Write the programs of all rows, without weights."""
    from benchmarks.gpu.export import export_rows, rows, small_rows

    for name in export_rows(folder, (small_rows() if small else rows())[:first]):
        click.echo(name, err=True)


@main.command(name="time")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--output", required=True, type=click.Path(path_type=Path))
@click.option("--device", default="cuda", show_default=True, help="cuda or cpu.")
@click.option("--minutes", default=6.0, show_default=True, help="No row starts later.")
@click.option("--repeats", default=9, show_default=True)
@click.option("--only", default="", help="Rows whose name has this text.")
def measure(
    folder: Path, output: Path, device: str, minutes: float, repeats: int, only: str
) -> None:
    """Time the programs of a folder; write JSON and Markdown after each."""
    from benchmarks.gpu.table import markdown
    from benchmarks.report_files import write

    sides = Sides(folder, device, repeats)
    rows: list[dict[str, Any]] = []
    left_out: list[str] = []
    document = {"machine": machine(device), "rows": rows, "left_out": left_out}
    took: dict[str, float] = {}  # by network, the last row's
    for name in json.loads((folder / "index.json").read_text()):
        if only not in name or not (folder / f"{name}.json").exists():
            continue
        row = json.loads((folder / f"{name}.json").read_text())
        start = time.perf_counter()
        if start - START + took.get(row["network"], 0.0) > 60 * minutes:
            left_out.append(name)
        else:
            rows.append(sides.measured(row))
            took[row["network"]] = time.perf_counter() - start
            rows[-1]["row_seconds"] = took[row["network"]]
            click.echo(json.dumps(rows[-1]), err=True)
        write(output, document, markdown(document))
    sides.jax.close()
    if wrong := [row for row in rows if row["errors"] or row["agrees"] is False]:
        raise SystemExit(f"{len(wrong)} of {len(rows)} rows failed or differ: {output}")


class Sides:
    """Both sides on one device; parts that several rows share are made once."""

    def __init__(self, folder: Path, device: str, repeats: int) -> None:
        """Prepare both sides for the programs of a folder."""
        self.device, self.repeats = device, repeats
        self.jax = JaxSide(folder, device)
        self.weights: dict[tuple, Any] = {}
        self.channels_last: dict[tuple, bool] = {}
        self.ann: dict[tuple, float] = {}

    def measured(self, network: dict[str, Any]) -> dict[str, Any]:
        """Measure the row of a program; failures are in its `errors`."""
        keys = ("network", "precision", "spikes", "timesteps", "batch")
        row = {key: network[key] for key in (*keys, "fast_products", "whole")}
        row |= {"errors": {}, "agrees": None}
        gc.collect()
        ours = self._tried(row, "jax", lambda: self._in_jax(network, row))
        self._tried(row, "torch", lambda: self._in_torch(network, row, ours))
        found = [
            row[key]
            for way in ("folded", "steps", "whole")
            if (key := f"torch_{way}_seconds") in row
        ]
        seconds = row.get("jax_seconds")
        if seconds:
            rate = 2 * network["macs"] * row["batch"] / seconds
            row["matrix_share"] = rate / row["matrix_flops"]
        if found and seconds:
            row["torch_over_jax"] = min(found) / seconds
        if seconds and row.get("ann_seconds"):
            row["ann_forwards"] = seconds / row["ann_seconds"]
        return row

    def _tried(self, row: dict[str, Any], name: str, run: Callable[[], Any]) -> Any:
        """Return a run's result, or None if it fails: a row must not end the others."""
        import torch

        try:
            return run()
        except Exception as error:
            lines = str(error).strip().splitlines() or [""]
            row["errors"][name] = f"{type(error).__name__}: {lines[0][:300]}"
        finally:
            gc.collect()
            if self.device == "cuda":
                torch.cuda.empty_cache()
        return None

    def _weights(self, network: dict[str, Any]) -> dict[str, Any]:
        """Return weights on the host, of one network at a time."""
        from benchmarks.gpu.weights import drawn_weights

        key = (network["network"], network["spikes"], network["precision"])
        if key not in self.weights:
            self.weights[key] = drawn_weights(network, self.device)
        return self.weights[key]

    def _in_jax(self, network: dict[str, Any], row: dict[str, Any]) -> Any:
        from benchmarks.gpu.weights import drawn_images

        x = drawn_images(row["batch"], network["nodes"][0]["shape"])
        weights = self._weights(network)
        ours, found = self.jax.measured(network, weights, x, self.repeats)
        row |= found
        return ours

    def _in_torch(
        self, network: dict[str, Any], row: dict[str, Any], ours: Any
    ) -> None:
        import torch

        from benchmarks.gpu.torch_kernels import recorded
        from benchmarks.gpu.torch_spiking import Spiking, compiled_whole
        from benchmarks.gpu.weights import (
            activity,
            allow_tf32,
            drawn_images,
            rounding_effect,
        )

        fast = network["fast_products"]
        torch.backends.cudnn.benchmark = True
        allow_tf32(fast)
        weights = self._weights(network)
        row["activity"] = activity(network, weights, self.device)
        if fast or network["precision"] == "bfloat16":
            effect = rounding_effect(network, weights, self.device)
            row["rounding_effect"] = effect
        x = drawn_images(row["batch"], network["nodes"][0]["shape"])

        def of(
            model: Spiking, run: Callable[[Any], Any] | None = None
        ) -> tuple[Any, float]:
            start = time.perf_counter()
            images = torch.from_numpy(x).to(self.device).permute(0, 3, 1, 2)
            images = images.contiguous(memory_format=model.memory_format)
            again = recorded(lambda: (run or model)(images), self.device)
            logits = again().cpu().numpy()
            row["torch_compile_seconds"] = (
                row.get("torch_compile_seconds", 0.0) + time.perf_counter() - start
            )
            return logits, median(again, self.repeats)

        def timed(way: str, model: Spiking, run: Callable[[Any], Any]) -> None:
            theirs, row[f"torch_{way}_seconds"] = of(model, run)
            if ours is not None:
                _compare(row, way, ours, theirs)

        kind = (network["network"], network["precision"], fast)
        if kind not in self.channels_last:
            times = {
                last: of(Spiking(network, weights, self.device, last).uncompiled())[1]
                for last in (True, False)
            }
            self.channels_last[kind] = times[True] <= times[False]
            row["torch_layout_seconds"] = {
                "channels last": times[True],
                "channels first": times[False],
            }
        row["channels_last"] = self.channels_last[kind]
        model = Spiking(network, weights, self.device, row["channels_last"])
        for way in ("folded", "steps"):
            run = functools.partial(model, folded=way == "folded")
            self._tried(row, f"torch, {way}", functools.partial(timed, way, model, run))
        if network["whole"]:
            run = compiled_whole(model)
            self._tried(
                row, "torch, whole", functools.partial(timed, "whole", model, run)
            )
        of_ann = (*kind, row["batch"])
        if of_ann not in self.ann:
            ann = Spiking({**network, "timesteps": 0}, weights, self.device, model.last)
            self.ann[of_ann] = of(ann)[1]
        row["ann_seconds"] = self.ann[of_ann]


def _compare(row: dict[str, Any], way: str, ours: Any, theirs: Any) -> None:
    import numpy as np

    apart = np.abs(theirs - ours) / np.abs(ours).std()
    row[f"torch_{way}_difference"] = float(np.median(apart))
    row[f"torch_{way}_same_top_1"] = float(
        np.mean(theirs.argmax(-1) == ours.argmax(-1))
    )
    bound = max(TOLERANCE, 2 * row.get("rounding_effect", 0.0))
    row["agrees"] = bool(np.median(apart) < bound) and row["agrees"] is not False


if __name__ == "__main__":
    main()
