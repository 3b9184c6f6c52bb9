"""Frozen graphs are rebuilt as SavedModels are, between the ends that they have."""

import models
import numpy as np
import pytest
import tensorflow as tf
from command_line import run as run_command
from graph_files import array, either, frozen, graph_of, run, v1, write
from saved_model_files import kinds, save
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2,
)

import tfsnn
from tfsnn.sources import load_model

KERNEL, BIAS, DENSE = array(3, 3, 2, 4), array(4), array(4, 3)
X = np.random.default_rng(0).normal(size=(3, 6, 6, 2)).astype(np.float32)


def classifier(x):
    y = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, KERNEL, 1, "SAME"), BIAS))
    scores = tf.matmul(tf.reduce_mean(y, (1, 2)), DENSE, name="scores")
    return tf.nn.softmax(scores, name="probabilities")


def check(path, graph_def, fed, *names, **part):
    """The rebuilt network computes what TensorFlow makes of the graph."""
    model = load_model(path, **part)
    results = model(fed if len(fed) > 1 else next(iter(fed.values())))
    results = list(results.values()) if isinstance(results, dict) else [results]
    tensors = {f"{name}:0": value for name, value in fed.items()}
    for wanted, got in zip(run(graph_def, tensors, *names), results, strict=True):
        np.testing.assert_allclose(
            got, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max()
        )
    return model


def test_a_frozen_graph(tmp_path):
    graph_def = graph_of(classifier, (6, 6, 2))
    path = write(tmp_path / "frozen graph.pb", graph_def)
    model = check(path, graph_def, {"x0": X}, "probabilities")
    assert kinds(model) == [
        "Conv2D",
        "ReLU",
        "GlobalAveragePooling2D",
        "Dense",
        "Softmax",
    ]
    assert model.input.name == "x0" and model.name == "frozen_graph.pb"
    cut = check(path, graph_def, {"x0": X}, "scores", outputs="scores")
    assert kinds(cut)[-1] == "Dense"
    again = load_model(tmp_path)  # the only one in the folder
    np.testing.assert_array_equal(again(X), model(X))


def test_a_graph_frozen_by_tensorflow_2(tmp_path, rng):
    network = models.cnn()
    shape = network.input_shape[1:]
    function = tf.function(lambda x: network(x, training=False))
    concrete = function.get_concrete_function(tf.TensorSpec((None, *shape), name="x"))
    constant = convert_variables_to_constants_v2(concrete)
    path = write(tmp_path / "network", constant.graph.as_graph_def())
    x = rng.normal(size=(4, *shape)).astype(np.float32)
    np.testing.assert_allclose(load_model(path)(x), network(x), atol=1e-5)


def test_all_tensors_that_nothing_reads_are_outputs(tmp_path):
    def function(x, y):
        tf.add(tf.matmul(x, DENSE), 1.0, name="head/a")
        tf.nn.relu(tf.matmul(x + y, DENSE), name="b")
        tf.constant(3.0, name="constant")
        v1.placeholder(tf.float32, (None, 7), "unused")

    graph_def = graph_of(function, (4,), (4,))
    path = write(tmp_path / "g.pb", graph_def)
    fed = {"x0": array(5, 4), "x1": array(5, 4)}
    model = check(path, graph_def, fed, "head/a", "b")
    assert set(model.output) == {"head.a", "b"} and len(model.inputs) == 2


def test_an_end_that_is_no_layer_names_the_cut(tmp_path):
    def function(x):
        tf.math.top_k(classifier(x), 2, name="best")

    path = frozen(tmp_path / "g.pb", function, (6, 6, 2))
    with pytest.raises(tfsnn.UnsupportedError, match="--to probabilities"):
        load_model(path)
    assert load_model(path, outputs="probabilities").output_shape == (None, 3)


def test_a_fixed_batch_and_free_shapes(tmp_path):
    fixed = frozen(tmp_path / "fixed.pb", classifier, (6, 6, 2), batch=1)
    assert load_model(fixed).input_shape == (None, 6, 6, 2)
    free = frozen(tmp_path / "free.pb", classifier, (None, None, 2))
    with pytest.raises(tfsnn.ModelError, match=r"--input-shape 128,128,2"):
        load_model(free)
    unknown = frozen(tmp_path / "unknown.pb", classifier, None)
    for path in (free, unknown):
        model = load_model(path, input_shape=(6, 6, 2))
        np.testing.assert_allclose(model(X), load_model(fixed)(X), atol=1e-6)


def test_the_middle_of_a_graph(tmp_path):
    """A tensor of it begins there, with the shape that is given."""

    def function(x):
        path = tf.strings.join([x, ".png"])
        image = tf.io.decode_png(tf.io.read_file(path))
        classifier(tf.cast(image[None], tf.float32, name="image"))

    path = frozen(tmp_path / "g.pb", function, (), dtype=tf.string)
    with pytest.raises(tfsnn.ModelError, match="no tensor depends on a placeholder"):
        load_model(path)
    model = load_model(path, inputs="image", input_shape=(6, 6, 2))
    whole = load_model(frozen(tmp_path / "whole.pb", classifier, (6, 6, 2)))
    np.testing.assert_allclose(model(X), whole(X), atol=1e-6)


def test_a_default_that_is_read_from_files_is_an_input(tmp_path):
    def function():
        records = tf.io.read_file(v1.placeholder(tf.string, (), "file"))
        read = tf.reshape(tf.io.decode_raw(records, tf.float32), (-1, 6, 6, 2))
        images = v1.placeholder_with_default(read, (None, 6, 6, 2), "images")
        scale = v1.placeholder_with_default(tf.constant([[2.0, 3.0]]), (1, 2), "scale")
        classifier(images * scale)

    path = frozen(tmp_path / "g.pb", function)
    model = load_model(path)
    assert model.input.name == "images"
    plain = load_model(frozen(tmp_path / "plain.pb", classifier, (6, 6, 2)))
    np.testing.assert_allclose(model(X), plain(X * [2.0, 3.0]), atol=1e-5)


def test_half_precision_becomes_float32(tmp_path):
    half = array(4, 3).astype(np.float16)

    def function(x):
        y = tf.matmul(x, half) + tf.constant(0.5, tf.float16, (3,))
        tf.nn.relu(tf.cast(y, tf.float32), name="y")

    path = frozen(tmp_path / "half.pb", function, (4,), dtype=tf.float16)
    model = load_model(path)
    x = array(5, 4)
    assert model.input.dtype == "float32"
    wanted = np.maximum(x @ half.astype(np.float32) + 0.5, 0)
    np.testing.assert_allclose(model(x), wanted, atol=1e-5)


def test_bfloat16_becomes_float32(tmp_path):
    def function(x):
        tf.matmul(x, tf.constant([[1.5], [-2.0]], tf.bfloat16), name="y")

    model = load_model(frozen(tmp_path / "g.pb", function, (2,), dtype=tf.bfloat16))
    np.testing.assert_array_equal(model(np.ones((1, 2), np.float32)), [[-0.5]])


def not_frozen(x):
    v1.disable_resource_variables()
    try:
        with v1.variable_scope("dense"):
            kernel = v1.get_variable("kernel", (4, 3), use_resource=False)
    finally:
        v1.enable_resource_variables()
    tf.matmul(x, kernel, name="y")


def asks(x):
    """A condition that asks the input itself."""
    either(tf.reduce_sum(x) > 0, lambda: tf.nn.relu(x), lambda: x)


def asks_a_setting(x):
    tf.where(v1.placeholder(tf.bool, (), "signed"), x, tf.abs(x), name="y")


def with_rate(x):
    keep = v1.placeholder(tf.float32, name="keep_prob")
    tf.multiply(x, 1 / keep, name="y")


REFUSED = {
    not_frozen: (tfsnn.ModelError, "not frozen: 1 variables, such as dense/kernel"),
    asks: (tfsnn.UnsupportedError, r"\(Switch\)"),
    asks_a_setting: (tfsnn.ModelError, "'signed' asks yes or no.*'signed:0'"),
    with_rate: (tfsnn.ModelError, "'keep_prob' is of unknown rank.*setting"),
    lambda x: tf.constant(1.0): (tfsnn.ModelError, "no tensor depends on a placeh"),
    lambda x: [x + i for i in range(65)]: (tfsnn.ModelError, "65 tensors are read by"),
}


@pytest.mark.parametrize("function", REFUSED)
def test_what_is_refused_says_why(tmp_path, function):
    error, why = REFUSED[function]
    path = frozen(tmp_path / "g.pb", function, (4,))
    with pytest.raises(error, match=why):
        load_model(path)


def test_files_that_are_another_graph(tmp_path):
    graph_def = graph_of(classifier, (6, 6, 2))
    (tmp_path / "text.pb").write_text(str(graph_def))
    write(tmp_path / "net.meta", v1.MetaGraphDef(graph_def=graph_def))
    (tmp_path / "bad.pb").write_bytes(graph_def.SerializeToString()[:-9])
    write(tmp_path / "none.pb", v1.GraphDef())
    saved = save(tmp_path / "m", lambda x: tf.nn.relu(x), (None, 4))
    (tmp_path / "other.pb").write_bytes((saved / "saved_model.pb").read_bytes())
    for name, what in {
        "text.pb": "graph in text form",
        "net.meta": "graph of a checkpoint",
        "bad.pb": "cannot be read as a frozen graph",
        "none.pb": "cannot be read as a frozen graph",
        "other.pb": "graph of a SavedModel",
    }.items():
        with pytest.raises(tfsnn.ModelError, match=f"{name}: .*{what}"):
            load_model(tmp_path / name)
    assert kinds(load_model(saved / "saved_model.pb")) == ["ReLU"]


def test_nothing_runs(tmp_path):
    """Neither what an output needs, nor what it waits for."""

    def function(x):
        written = tf.io.write_file(str(tmp_path / "written"), "x")
        with tf.control_dependencies([written]):
            tf.nn.relu(x, name="y")
        tf.py_function(lambda: None, [], [])

    path = frozen(tmp_path / "g.pb", function, (4,))
    result = run_command("inspect", path)
    assert result.exit_code == 1 and "WriteFile" in result.stderr
    assert not (tmp_path / "written").exists()


def test_a_graph_in_a_circle(tmp_path):
    graph_def = graph_of(lambda x: tf.nn.relu(tf.nn.relu(x + 1.0)), (4,))
    first = next(node for node in graph_def.node if node.op == "Relu")
    first.input[0] = "Relu_1"
    graph_def.node.add(name="end", op="Neg", input=["Relu_1"]).attr["T"].type = 1
    with pytest.raises(tfsnn.ModelError, match="reads its own output"):
        load_model(write(tmp_path / "g.pb", graph_def))


def test_a_large_constant_of_one_value(tmp_path):
    graph_def = graph_of(
        lambda x: x * tf.constant(0.5, tf.float16), (4,), dtype=tf.half
    )
    (node,) = (n for n in graph_def.node if n.op == "Const")
    for _ in range(3):
        node.attr["value"].tensor.tensor_shape.dim.add(size=100_000)
    with pytest.raises(tfsnn.ModelError, match=r"Const\) would compute \(100000"):
        load_model(write(tmp_path / "g.pb", graph_def))
