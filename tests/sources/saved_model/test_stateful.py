"""No operation that TensorFlow calls stateful is run, wherever a SavedModel has it.

The protocol buffer of one small SavedModel is edited, so that nothing is run to make
the others.
"""

import shutil

import numpy as np
import pytest
import tensorflow as tf
from saved_model_files import edit, save, signature_body, wrapper

import tfsnn
from tfsnn.sources import load_model
from tfsnn.sources.saved_model.definitions import definitions
from tfsnn.sources.saved_model.reading import read_frozen

DEFINITIONS = definitions(name for name in dir(tf.raw_ops) if name[0] != "_")
STATEFUL = sorted(name for name, each in DEFINITIONS.items() if each.is_stateful)
# Of these only the data is read, or they are dropped, or what they call is looked at.
KNOWN = {
    *("Assert", "PrintV2"),
    *("VarHandleOp", "Variable", "VariableV2", "ReadVariableOp", "ResourceGather"),
    "VariableShape",
    *("CheckNumerics", "If", "While", "Case"),
}
# A call of no function cannot be dropped: the file is damaged.
CALL = "StatefulPartitionedCall"


def of(kind):
    return tf.compat.v1.NodeDef(name="planted", op=kind)


def in_the_signature(meta_graph, kind):
    """In the function that the graph calls."""
    wrapper(meta_graph).node_def.append(of(kind))


def in_a_called_function(meta_graph, kind):
    """In a function that the signature's function calls."""
    signature_body(meta_graph).node_def.append(of(kind))


def before_the_output(meta_graph, kind):
    """The output waits for it."""
    body = signature_body(meta_graph)
    body.node_def.append(of(kind))
    next(n for n in body.node_def if n.op == "Identity").input.append("^planted")


def leading_to_the_output(meta_graph, kind):
    """The output is its result."""
    body = signature_body(meta_graph)
    body.node_def.append(of(kind))
    node = next(n for n in body.node_def if n.op == "Identity")
    body.node_def[-1].input.append(node.input[0])
    node.input[0] = "planted:output:0"


def in_a_branch(meta_graph, kind):
    """In a branch that is never taken, as the condition is constant."""
    body = signature_body(meta_graph)
    functions = meta_graph.graph_def.library.function
    for name, nodes in (("taken", []), ("not_taken", [of(kind)])):
        functions.add(node_def=nodes).signature.name = name
    body.node_def.add(name="never", op="Const").attr["dtype"].type = 10
    choice = body.node_def.add(name="choice", op="If", input=["never:output:0"])
    choice.attr["then_branch"].func.name = "not_taken"
    choice.attr["else_branch"].func.name = "taken"


def in_an_initialiser(meta_graph, kind):
    """In what TensorFlow runs as it loads the file, which the signature never calls."""
    meta_graph.graph_def.library.function.add(
        node_def=[of(kind)]
    ).signature.name = "initialise"
    node = meta_graph.graph_def.node.add(name="initialise_all", op=CALL)
    node.attr["f"].func.name = "initialise"
    meta_graph.graph_def.node.append(of(kind))
    outputs = meta_graph.signature_def["__saved_model_init_op"].outputs
    outputs["__saved_model_init_op"].name = "initialise_all"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "m"
    inner = tf.function(lambda x: tf.nn.relu(2.0 * x - 1.0))
    return save(path, lambda x: inner(x), (None, 4))


@pytest.fixture
def nothing_runs(monkeypatch):
    """Fail wherever TensorFlow would be given a graph, or a file to load."""

    def fail(*arguments, **options):
        raise AssertionError("it is given to TensorFlow")

    for owner, name in (
        (tf, "import_graph_def"),
        (tf.saved_model, "load"),
        (tf.compat.v1.Session, "run"),
    ):
        monkeypatch.setattr(owner, name, fail)


def planted(small, tmp_path, place, kind):
    path = tmp_path / "m"
    shutil.copytree(small, path, dirs_exist_ok=True)
    return edit(path, lambda meta_graph: place(meta_graph, kind))


def test_the_list_is_all_there_is():
    assert len(STATEFUL) > 400
    assert {"WriteFile", "SaveV2", "PyFunc", "PrintV2"} <= set(STATEFUL)
    assert set(STATEFUL) >= KNOWN


PLACES = [in_the_signature, in_a_called_function, before_the_output, in_a_branch]


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_it_is_refused_by_name(small, tmp_path, nothing_runs, place):
    for kind in STATEFUL:
        path = planted(small, tmp_path, place, kind)
        if kind in KNOWN:
            read_frozen(path)
            continue
        with pytest.raises(tfsnn.ModelError) as caught:
            read_frozen(path)
        if kind == CALL:
            assert "calls the function '', which is missing" in str(caught.value)
        else:
            ((name, found, why),) = caught.value.problems
            assert name.endswith("/planted") and found == kind
            assert "nothing" in why or "changes a variable" in why
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m"]


@pytest.mark.slow
def test_it_is_refused_where_the_output_is_its_result(small, tmp_path, nothing_runs):
    for kind in sorted({*STATEFUL} - {*KNOWN, CALL}):
        path = planted(small, tmp_path, leading_to_the_output, kind)
        with pytest.raises(tfsnn.UnsupportedError, match=rf"planted \({kind}\)"):
            read_frozen(path)


@pytest.mark.slow
def test_in_an_initialiser_it_is_not_looked_at(small, tmp_path, nothing_runs):
    for kind in STATEFUL:
        frozen = read_frozen(planted(small, tmp_path, in_an_initialiser, kind))
        assert "planted" not in str(frozen.graph_def)


def lying(meta_graph, kind):
    """The file itself says that the operation has no state."""
    in_a_called_function(meta_graph, kind)
    meta_graph.meta_info_def.stripped_op_list.op.add(name=kind)


def test_what_the_file_says_of_it_is_not_believed(small, tmp_path, nothing_runs):
    for kind in ("WriteFile", "PyFunc", "SaveV2", "NoSuchOperation"):
        with pytest.raises(tfsnn.UnsupportedError, match=rf"planted \({kind}\)"):
            read_frozen(planted(small, tmp_path, lying, kind))


def test_what_has_no_state_is_dropped_beside_the_output(small, tmp_path, nothing_runs):
    """Such as ReadFile, which would wait for a pipe: it is never run."""
    for kind in ("ReadFile", "MatchingFiles", "TensorListGetItem", "Unique"):
        path = planted(small, tmp_path, in_a_called_function, kind)
        assert "planted" not in str(read_frozen(path).graph_def)


def test_what_is_left_computes_the_same(small, tmp_path):
    path = planted(small, tmp_path, in_an_initialiser, "WriteFile")
    x = np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(load_model(path)(x), np.maximum(2 * x - 1, 0))
