"""Graph models of TensorFlow.js are rebuilt as frozen graphs are."""

import json

import numpy as np
import pytest
import tensorflow as tf
from command_line import run as run_command
from graph_files import array, graph_of, run, v1
from saved_model_files import kinds
from tfjs_files import write_graph

import tfsnn
from tfsnn.sources import load_model

KERNEL, BIAS, DENSE = array(3, 3, 2, 4), array(4), array(4, 3)
X = np.random.default_rng(0).normal(size=(3, 6, 6, 2)).astype(np.float32)


def classifier(x):
    y = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, KERNEL, 1, "SAME"), BIAS))
    y = tf.reshape(y, (-1, 36, 4))
    scores = tf.matmul(tf.reduce_mean(y, 1), DENSE, name="scores")
    return tf.nn.softmax(scores, name="probabilities")


def filled(graph_def, values):
    """The graph with the constants that were stored."""
    for node in graph_def.node:
        if node.op == "Const":
            value = values[node.name]
            dtype = tf.as_dtype(node.attr["dtype"].type)
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, dtype))
    return graph_def


@pytest.mark.parametrize("quantized", [None, "float16", "uint8"])
def test_a_graph_model(tmp_path, quantized):
    graph_def = graph_of(classifier, (6, 6, 2))
    values = write_graph(tmp_path / "m", graph_def, quantized=quantized)
    model = load_model(tmp_path / "m")
    (wanted,) = run(filled(graph_def, values), {"x0:0": X}, "probabilities")
    np.testing.assert_allclose(model(X), wanted, atol=1e-6)
    assert kinds(model)[:2] == ["Conv2D", "ReLU"] and model.name == "m"
    assert model.input.name == "x0"


def info(name):
    return {"name": name, "dtype": "DT_FLOAT", "tensorShape": {"unknownRank": True}}


@pytest.mark.parametrize("user", [False, True])
def test_a_signature_names_inputs_and_outputs(tmp_path, user):
    shape = {"dim": [{"size": n} for n in ("-1", "6", "6", "2")]}
    signature = {
        "inputs": {"image:0": {**info("x0:0"), "tensorShape": shape}},
        "outputs": {"class scores": info("scores:0"), "p": info("probabilities:0")},
    }
    more = {"userDefinedMetadata": {"signature": signature}}
    graph_def = graph_of(classifier, (6, 6, 2))
    write_graph(tmp_path, graph_def, **(more if user else more["userDefinedMetadata"]))
    model = load_model(tmp_path)
    assert model.input.name == "image" and set(model.output) == {"class.scores", "p"}
    scores, probabilities = run(graph_def, {"x0:0": X}, "scores", "probabilities")
    np.testing.assert_allclose(model(X)["class.scores"], scores, atol=1e-6)
    np.testing.assert_allclose(model(X)["p"], probabilities, atol=1e-6)
    part = load_model(tmp_path, outputs="scores")
    np.testing.assert_allclose(part(X), scores, atol=1e-6)
    with pytest.raises(tfsnn.OptionError, match="only a SavedModel has signatures"):
        load_model(tmp_path, "other")


def fused(graph_def, kind, fused_ops, more):
    (node,) = (node for node in graph_def.node if node.name == "base")
    node.op = kind
    node.input.extend(more)
    node.attr["fused_ops"].list.s.extend(text.encode() for text in fused_ops)
    node.attr["num_args"].i = len(more)
    return graph_def


ALPHA = np.abs(array(4)) / 4


@pytest.mark.parametrize("kind", ["_FusedConv2D", "FusedDepthwiseConv2dNative"])
@pytest.mark.parametrize(
    ("tail", "function"),
    [
        (["BiasAdd"], lambda y: y + BIAS),
        (["BiasAdd", "Relu6"], lambda y: tf.nn.relu6(y + BIAS)),
        (
            ["BiasAdd", "Prelu"],
            lambda y: tf.where(y + BIAS < 0, ALPHA * (y + BIAS), y + BIAS),
        ),
    ],
)
def test_fused_operations(tmp_path, kind, tail, function):
    def convolution(x):
        if kind == "_FusedConv2D":
            return tf.nn.conv2d(x, KERNEL, 1, "SAME", name="base")
        return tf.raw_ops.DepthwiseConv2dNative(
            input=x,
            filter=KERNEL[..., :2],
            strides=[1] * 4,
            padding="SAME",
            name="base",
        )

    def graph(x):
        tf.constant(BIAS, name="bias"), tf.constant(ALPHA, name="alpha")
        tf.identity(convolution(x), name="y")

    more = ["bias", "alpha"][: len(tail) if "Prelu" in tail else 1]
    graph_def = fused(graph_of(graph, (6, 6, 2)), kind, tail, more)
    write_graph(tmp_path, graph_def)
    model = load_model(tmp_path)
    np.testing.assert_allclose(model(X), function(convolution(X)), atol=1e-5)
    if "Prelu" in tail:
        assert kinds(model)[-1] == "PReLU"


def test_prelu_alone(tmp_path):
    graph_def = graph_of(lambda x: tf.nn.bias_add(x, ALPHA, name="y"), (5, 5, 4))
    (node,) = (node for node in graph_def.node if node.name == "y")
    node.op = "Prelu"
    write_graph(tmp_path, graph_def)
    x = array(2, 5, 5, 4)
    wanted = np.where(x < 0, ALPHA * x, x)
    model = load_model(tmp_path)
    np.testing.assert_allclose(model(x), wanted, atol=1e-6)
    assert kinds(model) == ["PReLU"]


def test_texts_before_the_network_are_cut_off(tmp_path):
    def function():
        words = v1.placeholder(tf.string, (None, 2), "words")
        known = tf.equal(words, tf.constant(["yes", "nö"]), name="known")
        tf.matmul(tf.cast(known, tf.float32, name="numbers"), array(2, 3), name="y")

    graph_def = graph_of(function)
    values = write_graph(tmp_path, graph_def)
    with pytest.raises(tfsnn.TfsnnError):
        load_model(tmp_path)
    model = load_model(tmp_path, inputs="numbers", input_shape=(2,))
    (matrix,) = (v for v in values.values() if v.shape == (2, 3))
    np.testing.assert_allclose(model(np.eye(2)), matrix, atol=1e-6)


def test_nothing_runs(tmp_path):
    def function(x):
        path = tf.constant(str(tmp_path / "written"))
        with tf.control_dependencies([tf.io.write_file(path, tf.constant("x"))]):
            tf.nn.relu(x, name="y")

    write_graph(tmp_path / "m", graph_of(function, (4,)))
    result = run_command("inspect", tmp_path / "m")
    assert result.exit_code == 1 and "WriteFile" in result.stderr
    assert not (tmp_path / "written").exists()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda m: m["modelTopology"].pop("node"), "modelTopology.node is missing"),
        (lambda m: m["modelTopology"]["node"][0].update(attr=[1]), "not an object"),
        (lambda m: m["modelTopology"]["node"][0].update(op=3), "not a text"),
        (
            lambda m: m["modelTopology"]["node"][0].update(attr={"T": {"i": "x"}}),
            "cannot be read as a graph of TensorFlow.js",
        ),
        (lambda m: m["weightsManifest"][0]["weights"][0].update(name="no"), "no value"),
    ],
)
def test_a_damaged_graph(tmp_path, change, why):
    write_graph(tmp_path, graph_of(classifier, (6, 6, 2)))
    model = json.loads((tmp_path / "model.json").read_text())
    change(model)
    (tmp_path / "model.json").write_text(json.dumps(model))
    with pytest.raises(tfsnn.ModelError, match=f"^{tmp_path}.*{why}"):
        load_model(tmp_path)
