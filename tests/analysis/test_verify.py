"""The comparison of ANN and SNN against NumPy."""

import functools
import json
import math

import keras
import models
import numpy as np
import pytest
import task_networks
from keras import layers

import tfsnn
from tfsnn.errors import ModelError, OptionError
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model


@functools.cache
def converted(name="cnn", **options):
    model = models.randomise(models.MODELS[name]())
    x = models.samples(model, 12)
    return model, tfsnn.convert(model, x, timesteps=4, levels=2, **options), x


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cnn", "residual", "depthwise", "outputs"])
def test_the_numbers_are_those_of_numpy(name):
    model, snn, x = converted(name)
    found = tfsnn.verify(model, snn, x, timesteps=6)
    ann, trace = simplify(import_model(model)), snn.simulate(x, 6)
    values = {key: np.asarray(v, np.float64) for key, v in ann.forward(x).items()}
    outputs = dict(zip(ann.outputs, trace.outputs, strict=True))
    names = list(snn.populations)
    assert [check.node for check in found.layers] == [*names, *ann.outputs]
    for check in found.layers:
        expected = values[check.node]
        if check.node in outputs:
            decoded, most = outputs[check.node][-1], np.inf
        else:
            node = snn.graph[check.node]
            decoded = trace.spikes[check.node].mean(0) * np.asarray(node.scale)
            most = np.asarray(node.max_coefficient) * np.asarray(node.scale)
        error = decoded - expected
        relative = np.linalg.norm(error) / np.linalg.norm(expected)
        correlation = np.corrcoef(decoded.ravel(), expected.ravel())[0, 1]
        assert check.error == pytest.approx(np.abs(error).mean(), rel=1e-4)
        assert check.relative_error == pytest.approx(relative, rel=1e-4)
        assert check.correlation == pytest.approx(correlation, rel=1e-4)
        assert check.clipped == (expected > most).mean()
    top = outputs[ann.outputs[0]][-1].argmax(-1)
    assert found.agreement == (top == values[ann.outputs[0]].argmax(-1)).mean()
    assert (found.timesteps, found.samples) == (6, 12)


def test_a_fine_network_has_next_to_no_error():
    model, snn, x = converted("residual", scale="max")
    coarse = tfsnn.verify(model, snn, x)
    snn = tfsnn.convert(model, x, timesteps=1, levels=1 << 16, scale="max")
    fine = tfsnn.verify(model, snn, x)
    assert fine.agreement == 1.0
    for check, other in zip(fine.layers, coarse.layers, strict=True):
        assert check.error < 1e-4 and check.relative_error < 1e-3
        assert check.correlation > 0.99999 and check.clipped == 0
        assert check.error < other.error


def test_clipping_is_seen():
    model, snn, x = converted("mlp", scale="percentile", percentile=60.0)
    assert max(check.clipped for check in tfsnn.verify(model, snn, x).layers) > 0.1


def test_a_silent_population_has_no_correlation():
    model, snn, x = converted.__wrapped__("mlp")
    model.layers[0].bias.assign(np.full(8, -100.0))
    first = tfsnn.verify(model, snn, np.zeros_like(x)).layers[0]
    assert math.isnan(first.correlation)


def test_at_most_a_hundred_samples_are_used():
    model, snn, x = converted("mlp")
    assert tfsnn.verify(model, snn, np.repeat(x, 20, 0)).samples == 100


def test_a_foreign_model_is_refused():
    _, snn, x = converted("mlp")
    foreign = models.mlp()
    with pytest.raises(ModelError, match=f"{snn.name} was not .* from {foreign.name}"):
        tfsnn.verify(foreign, snn, x)


def test_a_foreign_model_with_the_same_names_is_refused():
    def build(units):
        stack = [keras.Input((6,), name="x"), layers.Dense(units, "relu", name="a")]
        model = keras.Sequential([*stack, layers.Dense(3, name="b")], name="twin")
        return models.randomise(model)

    x = models.samples(build(4), 8)
    snn = tfsnn.convert(build(4), x)
    tfsnn.verify(build(4), snn, x)
    with pytest.raises(ModelError, match="not converted from twin"):
        tfsnn.verify(build(5), snn, x)


def test_the_result_prints_and_dumps():
    model, snn, x = converted("mlp")
    found = tfsnn.verify(model, snn, x)
    dumped = json.loads(json.dumps(found.to_dict()))
    assert [layer["node"] for layer in dumped["layers"]] == [
        c.node for c in found.layers
    ]
    assert str(found).splitlines()[-1] == (
        f"T=4: same decision in {100 * found.agreement:.2f} % of 12 samples, outputs "
        f"off by {100 * found.output_error:.2f} % of their standard deviation (judged "
        "as classification)"
    )
    for check in found.layers:
        assert f"{check.relative_error:.4f}" in str(found)


def by_hand(task, ours, theirs):
    """The share of equal decisions of a task, and the error over the deviation."""
    decide = {
        "classification": lambda v: v.argmax(-1),
        "places": lambda v: v.argmax(-1),
        "binary": lambda v: v >= 0.5,
        "multilabel": lambda v: v >= 0.5,
    }.get(task)
    agreement = decide and np.mean(decide(ours) == decide(theirs))
    axes = tuple(range(theirs.ndim - 1))
    squares, variance = np.mean((ours - theirs) ** 2, axes), np.var(theirs, axes)
    if task == "regression":  # each unit by its own deviation
        return agreement, np.sqrt(np.mean(squares / variance))
    return agreement, np.sqrt(squares.sum() / variance.sum())


@pytest.mark.parametrize("task", [t for t in task_networks.TASKS if t != "embedding"])
@pytest.mark.parametrize("find", [tfsnn.verify, tfsnn.diagnose])
def test_outputs_are_judged_by_their_task(task, find):
    model, snn, x, _ = task_networks.network(task)
    found = find(model, snn, x)
    ours, theirs = (
        np.asarray(f(x, verbose=0), np.float64) for f in (snn.predict, model.predict)
    )
    agreement, error = by_hand(task, ours, theirs)
    assert found.task == task
    assert found.output_error == pytest.approx(error, rel=1e-3) and error > 0.01
    dumped, last = found.to_dict(), str(found)
    off = f"outputs off by {100 * found.output_error:.2f} % of their standard deviation"
    assert off in last and f"(judged as {task})" in last and "outputs" not in dumped
    if agreement is None:
        assert found.agreement is None and "agreement" not in dumped
        assert "same" not in last and f"{off} on 40 samples" in last
        return
    assert found.agreement == dumped["agreement"] == pytest.approx(agreement, abs=1e-3)
    of = {"multilabel": "the labels of ", "places": "the places of "}.get(task, "")
    shown = f"same decision in {100 * found.agreement:.2f} % of {of}40 samples, {off}"
    assert shown in last


def test_embeddings_have_the_same_neighbours():
    model, snn, x, _ = task_networks.network("embedding")
    found = tfsnn.verify(model, snn, x)
    nearest, vectors = [], []
    for each in (snn, model):
        rows = np.asarray(each.predict(x, verbose=0), np.float64)
        cosines = rows @ rows.T - 3 * np.eye(len(rows))
        nearest.append(cosines.argmax(1))
        vectors.append(rows)
    assert found.agreement == np.mean(nearest[0] == nearest[1])
    cosine = found.to_dict()["scores"]["cosine"]
    assert cosine == pytest.approx(np.mean((vectors[0] * vectors[1]).sum(1)), rel=1e-4)
    assert "same nearest neighbour in " in str(found)


def test_several_outputs_are_each_judged():
    model, snn, x, _ = task_networks.two_outputs()
    found = tfsnn.verify(model, snn, x, task={"size": "image"})
    dumped = found.to_dict()
    assert [each["output"] for each in dumped["outputs"]] == ["size", "kind"]
    first, second = dumped["outputs"]
    assert dumped["task"] == "image" and "agreement" not in {**dumped, **first}
    assert second["task"] == "classification"
    kinds = [f(x, verbose=0)["kind"].argmax(-1) for f in (snn.predict, model.predict)]
    assert second["agreement"] == np.mean(kinds[0] == kinds[1])
    assert "(judged as size, image)" in str(found)
    assert "(judged as kind, classification)" in str(found)
    with pytest.raises(OptionError, match=r"'sort'.* are size, kind"):
        tfsnn.verify(model, snn, x, task={"sort": "image"})


def test_outputs_that_do_not_vary_have_no_error():
    model, snn, x, _ = task_networks.network("regression")
    found = tfsnn.verify(model, snn, np.repeat(x[:1], 3, 0))
    assert found.output_error is None
    assert "outputs of 3 samples do not vary (judged as regression)" in str(found)
