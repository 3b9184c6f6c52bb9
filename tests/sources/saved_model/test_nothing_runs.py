"""Opening a SavedModel writes, reads and waits for nothing, whatever is in it."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from command_line import run
from saved_model_files import draw, edit, kinds, save, signature_body

import tfsnn
from tfsnn.sources import load_model


@pytest.fixture(autouse=True)
def no_loader(monkeypatch):
    """TensorFlow's loaders must not be called."""

    def fail(*arguments, **options):
        raise AssertionError("TensorFlow loads the SavedModel")

    monkeypatch.setattr(tf.saved_model, "load", fail)
    monkeypatch.setattr(tf.compat.v1.saved_model, "load", fail)


def write(x, target):
    tf.io.write_file(target, "x")
    return tf.nn.relu(x)


def write_inside(x, target):
    return tf.function(lambda y: 2.0 * write(y, target))(x)


def write_in_a_branch(x, target):
    return tf.nn.relu(x) + tf.cond(
        tf.constant(True), lambda: 0.0, lambda: effect(target)
    )


def effect(target):
    tf.io.write_file(target, "x")
    return 1.0


def write_and_pass(x, target):
    """A function that leads to nothing: its result is its argument."""

    @tf.function
    def passing(y):
        tf.io.write_file(target, "x")
        return y

    return tf.nn.relu(passing(x))


def print_to_file(x, target):
    tf.print(x, output_stream=f"file://{target}")
    return tf.nn.relu(x)


def write_checkpoint(x, target):
    tf.raw_ops.SaveV2(
        prefix=target, tensor_names=["x"], shape_and_slices=[""], tensors=[x]
    )
    return tf.nn.relu(x)


def call_python(x, target):
    tf.py_function(lambda: open(target, "w").close(), [], [])
    return tf.nn.relu(x)


WRITING = {
    "WriteFile": (write, write_inside, write_in_a_branch, write_and_pass),
    "PrintV2": (print_to_file,),
    "SaveV2": (write_checkpoint,),
    "EagerPyFunc": (call_python,),
}


@pytest.mark.parametrize(
    ("kind", "function"), [(k, f) for k, each in WRITING.items() for f in each]
)
def test_what_writes_is_refused(tmp_path, kind, function):
    target = tmp_path / "written"
    path = save(tmp_path / "m", lambda x: function(x, str(target)), (None, 4))
    with pytest.raises(
        tfsnn.UnsupportedError, match="nothing of a file is run"
    ) as found:
        load_model(path)
    assert kind in {each for _, each, _ in found.value.problems}
    result = run("inspect", path)
    assert result.exit_code == 1 and kind in result.stderr
    assert sorted(os.listdir(tmp_path)) == ["m"]


class Writes(tf.saved_model.experimental.TrackableResource):
    """A resource that writes files as TensorFlow loads it, and forgets it."""

    def __init__(self, target):
        super().__init__()
        self._target = target

    def _create_resource(self):
        return tf.raw_ops.MutableHashTableV2(
            key_dtype=tf.int64, value_dtype=tf.float32, shared_name="t"
        )

    def _initialize(self):
        tf.io.write_file(self._target + "_initialize", "x")

    def _destroy_resource(self):
        tf.io.write_file(self._target + "_destroy", "x")


def test_resources_are_not_made(tmp_path):
    module = tf.Module()
    module.resource = Writes(str(tmp_path / "written"))
    spec = [tf.TensorSpec((None, 4), name="x")]
    module.call = tf.function(lambda x: {"y": tf.nn.relu(x)}, spec)
    tf.saved_model.save(module, str(tmp_path / "m"), {"serving_default": module.call})
    for file in tmp_path.glob("written*"):  # saving has made the resource
        file.unlink()
    assert kinds(load_model(tmp_path / "m")) == ["ReLU"]
    assert sorted(os.listdir(tmp_path)) == ["m"]


def test_a_loop_without_end_beside_the_output_is_dropped(tmp_path):
    def function(x):
        tf.while_loop(lambda i: True, lambda i: (i + 1.0,), (x[0, 0],))
        return tf.nn.relu(x)

    path = save(tmp_path / "m", function, (None, 4))
    assert kinds(load_model(path)) == ["ReLU"]


def test_a_loop_without_end_before_the_output_is_refused(tmp_path):
    def function(x):
        (y,) = tf.while_loop(lambda i: True, lambda i: (i + 1.0,), (x[0, 0],))
        return tf.nn.relu(x) + y

    with pytest.raises(
        tfsnn.UnsupportedError, match=r"While.*control flow that depends"
    ):
        load_model(save(tmp_path / "m", function, (None, 4)))


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    def function(x):
        text = tf.io.read_file(str(tmp_path / "pipe"))
        return tf.nn.relu(x) + tf.strings.to_number(text)

    with pytest.raises(tfsnn.UnsupportedError, match=r"ReadFile.*text or encoded data"):
        load_model(save(tmp_path / "m", function, (None, 4)))


def test_checks_and_prints_to_the_terminal_are_left_out(tmp_path, rng, capfd):
    def function(x):
        tf.debugging.assert_less(x, 1e9, message="too large")
        tf.print("x is", x)
        tf.print("and", x, output_stream=sys.stdout)
        return tf.nn.relu(x)

    path = save(tmp_path / "m", function, (None, 4))
    model, x = load_model(path), draw(rng, 3, 4)
    np.testing.assert_array_equal(model(x), np.maximum(x, 0))
    assert "x is" not in "".join(capfd.readouterr())


def test_text_heads_and_tables_that_a_signature_does_not_use(tmp_path):
    """They are in the file, and in the way of their own signature only."""
    module = tf.Module()
    keys = tf.constant(["a", "b"])
    values = tf.lookup.KeyValueTensorInitializer(keys, tf.constant([1.0, 2.0]))
    module.table = tf.lookup.StaticHashTable(values, 0.0)
    spec = [tf.TensorSpec((None, 4), name="x")]
    module.call = tf.function(lambda x: {"y": tf.nn.relu(x)}, spec)
    text = [tf.TensorSpec((None, 4), tf.string, name="x")]
    module.words = tf.function(lambda x: {"y": module.table.lookup(x)}, text)
    named = {"numbers": module.call, "words": module.words}
    tf.saved_model.save(module, str(tmp_path / "m"), named)
    assert kinds(load_model(tmp_path / "m", "numbers")) == ["ReLU"]
    with pytest.raises(
        tfsnn.UnsupportedError, match=r"LookupTableFindV2.*table of text"
    ):
        load_model(tmp_path / "m", "words")


@pytest.mark.processes
def test_inspect_runs_nothing_in_a_process_of_its_own(tmp_path):
    """Not even as the process ends, when TensorFlow forgets what it has loaded."""
    target = tmp_path / "written"
    path = save(tmp_path / "m", lambda x: write(x, str(target)), (None, 4))
    command = [sys.executable, "-m", "tfsnn_cli.main", "inspect", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and "WriteFile" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["m"]


def test_functions_that_call_themselves(tmp_path):
    def recurse(meta_graph):
        body = signature_body(meta_graph)
        for node in body.node_def:
            if node.op == "Relu":
                node.op = "PartitionedCall"
                node.attr.clear()
                node.attr["f"].func.name = body.signature.name

    path = save(tmp_path / "m", lambda x: 2.0 * tf.nn.relu(x), (None, 4))
    with pytest.raises(tfsnn.ModelError, match=r"more than 100 deep.*may call itself"):
        load_model(edit(path, recurse))
