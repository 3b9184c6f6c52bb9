"""Fit the tables of few-spikes neurons and write a module of each function.

    python examples/fit_few_spikes.py --output FOLDER [--function NAME ...]

Those of the package are in ``tfsnn/network/neurons/few_spikes_tables``.

A table has, for each of K steps, a threshold T, a reset h and an output d. Which steps
fire for an input depends on T and h alone, and given that the best d is a linear least
squares problem: so only T and h are searched, by annealing chains that start from
binary digits of a few segments of the interval. A move changes some numbers a little,
or puts a step elsewhere. Takes about ten minutes on one core; rounding that differs
from machine to machine may lead to other tables.
"""

from pathlib import Path

import click
import numpy as np

from tfsnn.network.functions import FUNCTIONS
from tfsnn.network.neurons.few_spikes import LOWEST, importance, places

SMALL_AND_LARGE = (4, 8, 16)
UPPER = {
    "sigmoid": (8,),
    "tanh": (4,),
    "softsign": (16,),
    "negative_elu": (0,),
    "silu_tail": (12,),
    "gelu_tail": (5,),
    "hard_silu": SMALL_AND_LARGE,
    "mish": SMALL_AND_LARGE,
    "softplus": SMALL_AND_LARGE,
}
STEPS = (1, 2, 4, 8, 12, 16)
GENERATIONS = {1: 500, 2: 500, 4: 1000, 8: 4000, 12: 5000, 16: 7000}
STARTS = {1: 1, 2: 1, 4: 1, 8: 1, 12: 1, 16: 3}
POINTS, CHAINS = 320, 32
WARMEST, STRUCTURAL = 0.05, 0.3  # relative change of the error; share of moves
UNIT_BITS = 12

Rows = np.ndarray  # (..., 2, K): T and h


class Target:
    """A function on its interval, and how well tables fit it."""

    def __init__(self, function: str, high: int) -> None:
        self.low, self.high = LOWEST[function], float(high)
        self.x = places(function, high, POINTS).astype(np.float32)
        self.y = np.asarray(FUNCTIONS[function](self.x), np.float32)
        self.weight = importance(self.x).astype(np.float32)

    @property
    def width(self) -> float:
        return self.high - self.low

    def outputs(self, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """The best d, ``(B, K)``, and mean square errors, ``(B,)``, of B tables."""
        z = fired(rows, self.x)  # (B, K, points)
        weighted = z * self.weight
        gram = (weighted @ z.transpose(0, 2, 1)).astype(np.float64)
        steps = range(z.shape[1])
        gram[:, steps, steps] += 1e-7  # steps that never fire, or always together
        right = (weighted @ self.y).astype(np.float64)
        d = np.linalg.solve(gram, right[..., None])[..., 0]
        square = float(np.sum(self.weight * self.y**2))
        square = square - 2 * (d * right).sum(1) + np.einsum("bi,bij,bj->b", d, gram, d)
        return d, np.maximum(square, 1e-12)

    def square_error(self, table: np.ndarray) -> float:
        """The mean square error of T, h and d in fixed point, ``(3, K)``."""
        rows = table / 2**UNIT_BITS
        y = rows[2] @ fired(rows[None, :2], self.x)[0]
        return float(np.sum(self.weight * (y - self.y) ** 2))


def fired(rows: Rows, x: np.ndarray) -> np.ndarray:
    """Whether each step fires for inputs ``(points,)``: ``(B, K, points)``."""
    v = np.broadcast_to(x, (len(rows), len(x))).copy()
    z = np.empty((len(rows), rows.shape[2], len(x)), np.float32)
    for k, (t, h) in enumerate(rows.astype(np.float32).transpose(2, 1, 0)):
        z[:, k] = v > t[:, None]
        v -= h[:, None] * z[:, k]
    return z


def start(rng: np.random.Generator, target: Target, steps: int) -> Rows:
    """Binary digits of one to three segments, from the uppermost down, ``(2, K)``."""
    segments = int(rng.integers(1, min(4, steps + 1)))
    inner = rng.uniform(target.low, target.high, segments - 1)
    cuts = np.sort([target.low, *inner, target.high])[::-1]
    digits = 1 + rng.multinomial(steps - segments, np.ones(segments) / segments)
    rows = []
    for top, bottom, count in zip(cuts, cuts[1:], digits, strict=False):
        h = (top - bottom) * 2.0 ** -np.arange(1, count + 1)
        rows.append(np.stack([bottom + h, h]))
    return np.concatenate(rows, 1)


def moved_step(rng: np.random.Generator, target: Target, rows: Rows) -> Rows:
    """A table with a new step elsewhere, with two exchanged, or with a tail moved."""
    steps, kind = rows.shape[1], rng.random()
    i, k = rng.integers(steps, size=2)
    rows = rows.copy()
    if kind < 0.5:
        kept = np.delete(rows, i, 1)
        if rng.random() < 0.5 or steps == 1:
            t = rng.uniform(target.low, target.high)
        else:
            near = target.width * 10 ** rng.uniform(-3, -1)
            t = kept[0, rng.integers(steps - 1)] + near * rng.normal()
        h = target.width * 10 ** rng.uniform(-3, -0.3)
        sign = 1 if rng.random() < 0.85 else -1
        return np.insert(kept, k, [t, sign * h], 1)
    if kind < 0.7:
        rows[:, [i, k]] = rows[:, [k, i]]
    elif kind < 0.85:
        rows[0, i:] += target.width * 10 ** rng.uniform(-4, -1) * rng.normal()
    else:
        factor, about = np.exp(0.1 * rng.normal()), rng.uniform(target.low, target.high)
        rows[0, i:] = about + (rows[0, i:] - about) * factor
        rows[1, i:] *= factor
    return rows


def anneal(target: Target, steps: int, seed: int) -> Rows:
    """T and h of the least mean square error found, ``(2, K)``."""
    rng = np.random.default_rng(seed)
    rows = np.stack([start(rng, target, steps) for _ in range(CHAINS)])
    _, errors = target.outputs(rows)
    best, best_rows = np.inf, rows[0]
    generations = GENERATIONS[steps]
    for generation in range(generations):
        done = generation / generations
        warmth = WARMEST * (1 - done) ** 2
        expected = rng.choice([1.0, 1.0, 2.0, 4.0], (CHAINS, 1, 1))
        changed = rng.random(rows.shape) < expected / (2 * steps)
        size = 10.0 ** rng.uniform(-4.5, -0.5 - done, (CHAINS, 1, 1))
        tried = rows + changed * rng.normal(size=rows.shape) * target.width * size
        for chain in np.flatnonzero(rng.random(CHAINS) < STRUCTURAL):
            tried[chain] = moved_step(rng, target, rows[chain])
        _, found = target.outputs(tried)
        taken = np.log(found / errors) < -warmth * np.log(rng.random(CHAINS))
        rows[taken], errors[taken] = tried[taken], found[taken]
        if errors.min() < best:
            best, best_rows = float(errors.min()), rows[errors.argmin()].copy()
        if generation % (generations // 40) == 0:  # the worst quarter starts anew
            order, quarter = np.argsort(errors), CHAINS // 4
            rows[order[-quarter:]] = rows[order[:quarter]]
            errors[order[-quarter:]] = errors[order[:quarter]]
    return best_rows


def fixed_point(target: Target, rows: Rows) -> np.ndarray:
    """T, h and d as integers, ``(3, K)``, in units of ``2**-UNIT_BITS``."""
    one = 2**UNIT_BITS
    rounded = np.rint(rows * one)
    d, _ = target.outputs(rounded[None] / one)
    return np.concatenate([rounded, np.rint(d * one)]).astype(int)


def residual(function: str, high: int, table: np.ndarray) -> np.ndarray:
    """What the table's sum differs by, at evenly spaced inputs."""
    x = places(function, high, 4001)
    rows = table / 2**UNIT_BITS
    sums = rows[2] @ fired(rows[None, :2], x.astype(np.float32))[0]
    return sums - np.asarray(FUNCTIONS[function](x))


def fit(function: str, high: int, steps: int) -> np.ndarray:
    """T, h and d of K steps, ``(3, K)``: the best of some searches."""
    target = Target(function, high)
    found = [
        fixed_point(target, anneal(target, steps, seed))
        for seed in range(STARTS[steps])
    ]
    return min(found, key=target.square_error)


HEAD = '''"""Tables of few-spikes neurons for {function}.

They were made by ``examples/fit_few_spikes.py``; how much they differ from the function
over each interval, root mean square (rms) and largest (max), for K steps:

{errors}
"""

# fmt: off
# By upper end of the interval and K: the rows T, h and d, in units.
TABLES: dict[
    tuple[int, int],
    tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]],
] = {{
{tables}
}}
'''


def module(function: str, tables: dict[tuple[int, int], np.ndarray]) -> str:
    """The tables of a function as Python, with their errors."""
    head = ["interval", "error", *(f"K = {steps}" for steps in STEPS)]
    lines = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    for high in UPPER[function]:
        name = f"{LOWEST[function]:g} to {high}"
        found = [np.abs(residual(function, high, tables[high, k])) for k in STEPS]
        rms = [f"{np.sqrt(np.mean(error**2)):.4f}" for error in found]
        largest = [f"{error.max():.4f}" for error in found]
        lines.append("| " + " | ".join([name, "rms", *rms]) + " |")
        lines.append("| " + " | ".join([name, "max", *largest]) + " |")
    entries = []
    for (high, steps), rows in tables.items():
        key = f"    ({high}, {steps}): ("
        if steps <= 2:
            entries.append(f"{key}{', '.join(str(tuple(map(int, r))) for r in rows)}),")
            continue
        entries.append(key)
        entries += [wrapped(list(row)) for row in rows]
        entries.append("    ),")
    return HEAD.format(
        function=function, errors="\n".join(lines), tables="\n".join(entries)
    )


def wrapped(row: list[int]) -> str:
    """A tuple in lines of eight numbers."""
    parts = [", ".join(map(str, row[i : i + 8])) for i in range(0, len(row), 8)]
    return "        (" + ",\n         ".join(parts) + "),"


@click.command()
@click.option("--output", required=True, type=click.Path(path_type=Path))
@click.option("functions", "--function", multiple=True, type=click.Choice(list(UPPER)))
def command(output: Path, functions: tuple[str, ...]) -> None:
    """Fit the tables of few-spikes neurons and write a module of each function."""
    output.mkdir(parents=True, exist_ok=True)
    for function in functions or UPPER:
        tables = {}
        for high in UPPER[function]:
            for steps in STEPS:
                table = tables[high, steps] = fit(function, high, steps)
                rms = np.sqrt(np.mean(residual(function, high, table) ** 2))
                click.echo(f"{function} to {high}, K={steps}: {rms:.4f}")
        (output / f"{function}.py").write_text(module(function, tables))


if __name__ == "__main__":
    command()
