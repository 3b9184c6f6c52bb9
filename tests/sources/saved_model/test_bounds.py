"""A small SavedModel takes little time and memory, whatever it says it computes."""

import os
import resource
from contextlib import contextmanager

import models
import pytest
import tensorflow as tf
from saved_model_files import draw, edit, export, kinds, save, signature_body

import tfsnn
from tfsnn.sources import load_model

SHAPE = (None, 4)


@contextmanager
def frugal():
    """The process must not grow by more than 300 MB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


def filled(x):
    return x + tf.reduce_sum(tf.fill((40000, 10000, 4), 1.0))


def read_as_a_shape(x):
    """Shape inference alone would compute it."""
    count = tf.reduce_sum(tf.fill((20000, 10000), 1))
    return tf.reshape(x, (-1, tf.cast(count, tf.int32) // 50_000_000))


def doubled(x):
    y = tf.fill((1000,), 1.0)
    for _ in range(40):
        y = tf.concat([y, y], 0)
    return x + tf.reduce_sum(y)


def many(x):
    """Each one is small."""
    for i in range(200):
        x += tf.reduce_sum(tf.fill((1000, 1000), float(i)))
    return x


def product(x):
    a = tf.fill((8000, 8000), 1.0)
    return x + tf.reduce_sum(tf.matmul(a, a))


def repeated(x):
    return tf.reduce_max(tf.tile(x, (1, 2**29)), 1, keepdims=True)


TOO_LARGE = {
    "Fill": (filled, read_as_a_shape, many),
    "ConcatV2": (doubled,),
    "MatMul": (product,),
    "Tile": (repeated,),
}


@pytest.mark.parametrize(
    ("kind", "function"), [(k, f) for k, each in TOO_LARGE.items() for f in each]
)
def test_large_tensors_are_refused_before_they_are_computed(tmp_path, kind, function):
    path = save(tmp_path / "m", function, SHAPE)
    message = rf"^{path}: .*\({kind}\) would compute"
    with frugal(), pytest.raises(tfsnn.ModelError, match=message):
        load_model(path)


def test_constants_are_computed_within_the_bound(tmp_path, rng):
    """As many values as in the largest image of a network, many times over."""
    table = draw(rng, 512, 512)

    def function(x):
        y = tf.reshape(tf.range(512.0), (512, 1)) + tf.transpose(
            tf.matmul(table, table)
        )
        return x * tf.reduce_mean(y)

    assert kinds(load_model(save(tmp_path / "m", function, SHAPE))) == ["Rescaling"]


def test_one_value_that_stands_for_many(tmp_path):
    def spread(meta_graph):
        for node in signature_body(meta_graph).node_def:
            if node.op == "Const" and node.attr["value"].tensor.float_val:
                del node.attr["value"].tensor.tensor_shape.dim[:]
                for _ in range(3):
                    node.attr["value"].tensor.tensor_shape.dim.add(size=100_000)

    path = edit(save(tmp_path / "m", lambda x: 3.0 * x, SHAPE), spread)
    with pytest.raises(
        tfsnn.ModelError, match=r"Const\) would compute \(100000, 100000"
    ):
        load_model(path)


def test_a_size_of_one_sample_is_known(tmp_path):
    """It is computed from the batch, and is the same for every batch."""

    def function(x):
        count = tf.shape(x)[0] // tf.shape(x)[0]
        return x + tf.cast(tf.size(tf.fill([count], 1.0)), tf.float32)

    assert kinds(load_model(save(tmp_path / "m", function, SHAPE))) == ["Rescaling"]


def test_functions_that_call_each_other_twice(tmp_path):
    """Forty functions of three nodes are 2 ** 40 operations, written out."""

    def double(meta_graph):
        body = signature_body(meta_graph)
        library = meta_graph.graph_def.library.function
        for i in range(40):
            added = library.add()
            added.CopyFrom(body)
            added.signature.name = f"f{i}"
            del added.node_def[:]
            argument = body.signature.input_arg[0].name
            for name, read in (("a", argument), ("b", "a:output:0")):
                node = added.node_def.add(name=name, op="PartitionedCall", input=[read])
                node.attr["f"].func.name = f"f{i + 1}"
            added.ret[body.signature.output_arg[0].name] = "b:output:0"
        added = library.add()
        added.CopyFrom(body)
        added.signature.name = "f40"
        inner = next(node for node in body.node_def if node.op == "Relu")
        inner.op = "PartitionedCall"
        inner.attr.clear()
        inner.attr["f"].func.name = "f0"
        for node in body.node_def:
            for i, text in enumerate(node.input):
                node.input[i] = text.replace("Relu:activations", "Relu:output")

    path = edit(save(tmp_path / "m", lambda x: tf.nn.relu(x), SHAPE), double)
    with frugal(), pytest.raises(tfsnn.ModelError, match="more than 32,768 times in"):
        load_model(path)


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.index"])
def test_pipes_in_place_of_files(tmp_path, name):
    path = export(models.mlp(), tmp_path / "m")
    (path / name).unlink()
    os.mkfifo(path / name)
    with pytest.raises(tfsnn.ModelError, match="is no regular file"):
        load_model(path)


def test_a_variable_of_another_shape(tmp_path):
    def reshape(meta_graph):
        for node in meta_graph.graph_def.node:
            if node.op == "VarHandleOp":
                node.attr["shape"].shape.dim[0].size += 1

    path = edit(export(models.mlp(), tmp_path / "m"), reshape)
    with pytest.raises(tfsnn.ModelError, match=r"variable .* has the shape .* in the"):
        load_model(path)


def test_a_function_that_is_missing(tmp_path):
    def rename(meta_graph):
        signature_body(meta_graph).signature.name = "renamed"

    path = edit(save(tmp_path / "m", tf.nn.relu, SHAPE), rename)
    with pytest.raises(tfsnn.ModelError, match=r"calls the function .* is missing"):
        load_model(path)


def test_empty_messages(tmp_path):
    """Ten million nodes without a name would take a gigabyte."""
    (tmp_path / "m").mkdir()
    nodes = b"\x0a\x00" * 10_000_000
    graph = b"\x12\x80\xda\xc4\x09" + nodes
    content = b"\x12\x85\xda\xc4\x09" + graph
    (tmp_path / "m" / "saved_model.pb").write_bytes(content)
    with frugal(), pytest.raises(tfsnn.ModelError, match="10,000,000 empty messages"):
        load_model(tmp_path / "m")


def test_many_operations(tmp_path):
    def repeat(meta_graph):
        body = signature_body(meta_graph)
        last = next(node for node in body.node_def if node.op == "Relu")
        read = last.input[0]
        for i in range(2**16):
            node = body.node_def.add(name=f"n{i}", op="Neg", input=[read])
            node.attr["T"].type = 1
            read = f"n{i}:y:0"
        last.input[0] = read

    path = edit(save(tmp_path / "m", tf.nn.relu, SHAPE), repeat)
    with frugal(), pytest.raises(tfsnn.ModelError, match="more than 65,536 operations"):
        load_model(path)
