"""Scores of tasks by their definitions: loops over units, pairs, pixels and classes."""

import math

import numpy as np


def r2(outputs, y):
    """One less the mean square error over the variance, the mean over units."""
    found = []
    for ours, wanted in zip(outputs.T.astype(float), y.T.astype(float), strict=True):
        variation = ((wanted - wanted.mean()) ** 2).sum()
        found.append(1 - ((ours - wanted) ** 2).sum() / variation)
    return np.mean(found)


def auc(scores, y):
    """The share of pairs of a yes and a no in which the yes has the higher score."""
    yes, no = scores[y == 1], scores[y == 0]
    won = sum((a > no).sum() + 0.5 * (a == no).sum() for a in yes)
    return won / (len(yes) * len(no))


def balanced_accuracy(decisions, y):
    return np.mean([np.mean(decisions[y == label] == label) for label in (0, 1)])


def f1(decisions, y):
    """From precision and recall, over all labels of all samples."""
    hits = np.sum(decisions & y)
    precision, recall = hits / decisions.sum(), hits / y.sum()
    return 2 * precision * recall / (precision + recall)


def exact_match(decisions, y):
    return np.mean(
        [(ours == row).all() for ours, row in zip(decisions, y, strict=True)]
    )


def mean_iou(decisions, y):
    """The mean over the classes that are there at all."""
    found = []
    for kind in np.union1d(decisions, y):
        ours, wanted = decisions == kind, y == kind
        found.append((ours & wanted).sum() / (ours | wanted).sum())
    return np.mean(found)


def psnr(outputs, y):
    """Decibels, the mean over pictures of values from 0 to 1."""
    squares = [np.mean((a - b) ** 2) for a, b in zip(outputs, y, strict=True)]
    return np.mean([10 * math.log10(1 / square) for square in squares])


def ssim(x, y):
    """Of one picture, window by window (Z. Wang et al., 2004); values from 0 to 1."""
    places = np.arange(11) - 5
    window = np.exp(-(places[:, None] ** 2 + places**2) / (2 * 1.5**2))
    window /= window.sum()
    found = []
    for i, j, c in np.ndindex(x.shape[0] - 10, x.shape[1] - 10, x.shape[2]):
        a, b = (z[i : i + 11, j : j + 11, c].astype(float) for z in (x, y))
        ma, mb = (window * a).sum(), (window * b).sum()
        va, vb = (window * (a - ma) ** 2).sum(), (window * (b - mb) ** 2).sum()
        both = (window * (a - ma) * (b - mb)).sum()
        alike = (2 * ma * mb + 1e-4) * (2 * both + 9e-4)
        found.append(alike / ((ma**2 + mb**2 + 1e-4) * (va + vb + 9e-4)))
    return np.mean(found)


def cosines(vectors):
    """Those of all pairs; -2 of a vector with itself, which is no neighbour."""
    rows = [row / np.linalg.norm(row) for row in vectors.astype(float)]
    found = np.array([[a @ b for b in rows] for a in rows])
    np.fill_diagonal(found, -2)
    return found


def rank_correlation(ours, theirs):
    """Spearman's, of the cosines of all pairs; for lists without ties."""
    pairs = np.triu_indices(len(ours), 1)
    ranks = [cosines(vectors)[pairs].argsort().argsort() for vectors in (ours, theirs)]
    n = len(ranks[0])
    return 1 - 6 * np.sum((ranks[0] - ranks[1]) ** 2) / (n * (n**2 - 1))


def output_error(outputs, reference, by_unit):
    """Root mean square error over the deviation, of all units or the mean of each."""
    units = outputs.shape[-1]
    ours, theirs = (a.astype(float).reshape(-1, units) for a in (outputs, reference))
    squares, variances = ((ours - theirs) ** 2).mean(0), theirs.var(0)
    if by_unit:
        return math.sqrt(np.mean(squares / variances))
    return math.sqrt(squares.sum() / variances.sum())


def decisions(task, z, threshold):
    """The classes, yes and no, or nearest neighbours that outputs say."""
    if task == "embedding":
        return cosines(z).argmax(1)
    if task in ("classification", "places") and z.shape[-1] > 1:
        return z.argmax(-1)
    said = (z >= threshold).astype(int)
    return said if task == "multilabel" else said[..., 0]


def nearest(z):
    """The nearest neighbours of each sample: several where cosines are equal."""
    found = cosines(z)
    ties = found >= found.max(1, keepdims=True) - 1e-6
    return [set(np.flatnonzero(row).tolist()) for row in ties]


def scores(task, z, y, reference, threshold):
    """The scores of a task: of outputs against labels, or another network's outputs."""
    if task == "regression":
        return {"r2": r2(z, y), "mae": np.abs(z - y).mean()}
    if task == "image":
        return {"psnr": psnr(z, y), "mae": np.abs(z.astype(float) - y).mean()}
    said = decisions(task, z, threshold)
    if task == "embedding":
        lengths = [np.linalg.norm(a, axis=1) for a in (z, reference)]
        return {
            "neighbour_accuracy": np.mean(y[said] == y),
            "rank_correlation": rank_correlation(z, reference),
            "cosine": np.mean((z * reference).sum(1) / np.prod(lengths, 0)),
        }
    if task == "multilabel":
        return {"f1": f1(said, y), "exact_match": exact_match(said, y)}
    y = y.reshape(said.shape)
    found = {"accuracy": np.mean(said == y)}
    if task == "places":
        found["mean_iou"] = mean_iou(said, y)
    if task == "binary":
        found["balanced_accuracy"] = balanced_accuracy(said, y)
        found["auc"] = auc(z[:, 0], y)
    return found
