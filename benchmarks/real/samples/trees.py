"""Trees of an epidemic: simulated, and encoded as phylodeep encodes them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.real.samples.sources import Sources, generator, recipe


@dataclass(eq=False)
class _Node:
    """A host: when it was infected, when it infects or is found, and whom it infects.

    `deepest` is the depth of the last tip below it.
    """

    depth: float = 0.0
    children: list[_Node] = field(default_factory=list)
    deepest: float = 0.0


@recipe
def trees(sources: Sources, count: int, tips: int, length: int) -> np.ndarray:
    """Simulate trees of birth and death, each ``(2 * length,)``.

    The compact vector of J. Voznica et al., "Deep learning from phylogenies to uncover
    the epidemiological dynamics of outbreaks", Nature Communications 2022: internal
    nodes and tips in the order in which the deepest are visited first, then the
    probability of being found; branches have the mean length 1.
    """
    rng = generator()
    return np.stack(
        [_encoded(_simulated(rng, tips), length, rng) for _ in range(count)]
    )


def _simulated(rng: np.random.Generator, tips: int) -> _Node:
    """Grow a tree until it has `tips` leaves that were found."""
    reproduction = rng.uniform(1.5, 5)
    root = _Node()
    alive, time, found = [root], 0.0, 0
    while found < tips:
        time += rng.exponential(1 / (len(alive) * (1 + reproduction)))
        node = alive.pop(rng.integers(len(alive)))
        node.depth = time
        grows = rng.random() < reproduction / (1 + reproduction)
        if grows or not alive:
            node.children = [_Node(), _Node()]
            alive += node.children
        else:
            found += 1
    for node in alive:
        node.depth = -1.0  # never found: not in the tree
    return _pruned(root)


def _pruned(root: _Node) -> _Node:
    """Return the tree of the hosts that were found, without nodes of one child."""
    order, todo = [], [root]
    while todo:
        node = todo.pop()
        order.append(node)
        todo += node.children
    kept: dict[int, _Node | None] = {}
    for node in reversed(order):
        if not node.children:
            kept[id(node)] = None if node.depth < 0 else node
            node.deepest = node.depth
            continue
        children = [c for c in (kept[id(each)] for each in node.children) if c]
        node.children = children
        node.deepest = max((c.deepest for c in children), default=0.0)
        kept[id(node)] = (
            node if len(children) == 2 else children[0] if children else None
        )
    found = kept[id(root)]
    assert found is not None
    return found


def _encoded(root: _Node, length: int, rng: np.random.Generator) -> np.ndarray:
    """Encode a tree: rows of internal nodes and of tips, filled up with zeros."""
    tips, inner = [], []
    todo: list[tuple[_Node, float]] = [(root, root.depth)]  # a subtree, and its root
    branches = []
    while todo:
        node, above = todo.pop()
        if node.children:
            shallow, deep = sorted(node.children, key=lambda child: child.deepest)
            branches += [child.depth - node.depth for child in node.children]
            todo += [(shallow, node.depth), (deep, above)]
        else:
            tips.append(node.depth - above)
            if todo:
                inner.append(todo[-1][1] - root.depth)
    scale = np.mean(branches)
    rows = np.zeros((2, length), np.float32)
    rows[0, 1 : len(inner) + 1] = np.array(inner) / scale
    rows[1, : len(tips)] = np.array(tips) / scale
    rows[:, -1] = rng.uniform(0.1, 1)  # the probability of being found
    return rows.reshape(-1)
