"""What is in an exported SavedModel, and what it answers in this process."""

import itertools
import json

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from exporting import converted, export, load
from keras import layers
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework.kernels import get_registered_kernels_for_op

import tfsnn
from tfsnn.errors import DataError, OptionError
from tfsnn.export.saved_model.input_forms import input_form
from tfsnn.export.saved_model.signatures import Signatures
from tfsnn.export.saved_model.writing import export_saved_model


def smooth():
    """Functions, one of which has a gradient of TensorFlow's own."""
    x = keras.Input((6,))
    a = layers.Dense(5, activation="silu")(x)
    a = layers.LayerNormalization()(layers.Dense(5, activation="gelu")(a))
    return keras.Model(x, layers.Dense(3)(layers.Dense(4, activation="relu")(a)))


def proto(exported):
    stored = (exported.path / "saved_model.pb").read_bytes()
    (meta,) = saved_model_pb2.SavedModel.FromString(stored).meta_graphs
    return meta


def functions_of(meta, signature):
    """The functions that a signature may call, found from the tensors it answers."""
    library = {f.signature.name: f for f in meta.graph_def.library.function}
    nodes = {node.name: node for node in meta.graph_def.node}
    outputs = meta.signature_def[signature].outputs.values()
    waiting = [nodes[info.name.split(":")[0]] for info in outputs]
    found = {}
    while waiting:
        for value in waiting.pop().attr.values():
            for name in {value.func.name, *(f.name for f in value.list.func)} - {""}:
                if name not in found:
                    found[name] = library[name]
                    waiting.extend(library[name].node_def)
    return list(found.values())


def operations(meta, signature):
    """Kinds of the nodes in these functions."""
    return {node.op for f in functions_of(meta, signature) for node in f.node_def}


def must_compile(meta, signature):
    functions = functions_of(meta, signature)
    nodes = itertools.chain.from_iterable(f.node_def for f in functions)
    marked = [x.attr["_XlaMustCompile"].b for x in (*functions, *nodes)]
    assert functions
    return any(marked)


BUILDS = {"smooth": smooth, **models.MODELS}
PLAIN = ("serving_default", "outputs_only", "anytime")  # always there, without XLA
# Of a count, and of what a loop writes down in each step.
COUNTING = {"NotEqual", "TensorListSetItem", "TensorListStack"}
SEVERAL = ("smooth", "maxpool_on_spikes", "residual", "grouped", "outputs")


@pytest.mark.slow
@pytest.mark.parametrize("name", SEVERAL)
def test_any_network_answers_as_predict_with_stock_kernels(name, tmp_path):
    snn, x = converted(BUILDS[name])
    exported = export(snn, tmp_path)
    loaded = load(exported)
    default, bare, anytime = (loaded[key] for key in PLAIN)
    for batch in (x[:1], x[:7]):
        expected = snn.predict(batch, verbose=0)
        expected = expected if isinstance(expected, list) else [expected]
        found, traced = default(inputs=batch), snn.simulate(batch)
        over_time = anytime(inputs=batch)
        names = ["outputs", "outputs_classes"][: len(expected)]
        assert {*found} == {*names, "steps", "spikes"} and {*over_time} == {*names}
        for key, values, steps in zip(names, expected, traced.outputs, strict=True):
            np.testing.assert_allclose(found[key], values, 2e-6, 1e-7)
            batch_first = np.swapaxes(steps, 0, 1)
            np.testing.assert_allclose(over_time[key], batch_first, 2e-6, 1e-7)
        only = bare(inputs=batch)
        assert {*only} == {*names, "steps"}
        for key, values in only.items():
            assert (values.numpy() == found[key].numpy()).all(), key
        assert found["steps"].dtype == tf.int32
        assert found["steps"].numpy().tolist() == [5] * len(batch)
        events = sum(
            np.sum(s != 0, (0, *range(2, s.ndim))) for s in traced.spikes.values()
        )
        assert found["spikes"].numpy().tolist() == events.tolist()

    meta = proto(exported)
    nodes = [*meta.graph_def.node]
    nodes += itertools.chain(*(f.node_def for f in meta.graph_def.library.function))
    for op in {node.op for node in nodes}:
        kernels = get_registered_kernels_for_op(op).kernel
        assert {kernel.device_type for kernel in kernels} & {"CPU", "DEFAULT"}, op
    assert not any("PyFunc" in node.op for node in nodes)
    assert not meta.graph_def.library.gradient
    assert not meta.graph_def.library.registered_gradients
    for signature in PLAIN:
        assert not must_compile(meta, signature)
    called = {name: operations(meta, name) for name in PLAIN}
    assert called["serving_default"] >= COUNTING
    assert not called["outputs_only"] & COUNTING
    assert "VarHandleOp" not in {node.op for node in nodes}  # weights are constants


@pytest.mark.slow
@pytest.mark.parametrize("method", ["cos", "differential", "few_spikes", "paced"])
def test_methods_of_all_kinds(method):
    """Pre-steps, signed values, bits, look-ahead; a batch of more than one slice."""
    snn, _ = converted(models.mlp, method, timesteps=4)
    x = models.samples(models.mlp(), 100)
    form = input_form("float", snn.inputs_by_name, False, frozenset())
    signatures = Signatures(snn, form)
    found = signatures.serving_default()(inputs=x)
    np.testing.assert_allclose(found["outputs"], snn.predict(x, verbose=0), 1e-5, 1e-6)
    rows = tfsnn.evaluate(snn, x, timesteps=[snn.timesteps]).rows
    assert np.mean(found["spikes"]) == pytest.approx(rows[-1].spikes)
    only = signatures.outputs_only()(inputs=x)
    for name in ("outputs", "steps"):
        assert (only[name].numpy() == found[name].numpy()).all()


@pytest.mark.slow
def test_xla_is_beside_the_default(tmp_path, monkeypatch):
    snn, x = converted(models.maxpool_on_spikes)
    exported = export(snn, tmp_path, xla=True)
    loaded, meta = load(exported), proto(exported)
    compiled = {"serving_xla", "serving_xla_1", "serving_xla_4"}
    assert {*exported.signatures} == {*PLAIN} | compiled
    for name in exported.signatures:
        assert must_compile(meta, name) == (name in compiled)
    for name, size in (("serving_xla", 7), ("serving_xla_4", 4)):
        expected = loaded["serving_default"](inputs=x[:size])
        found = loaded[name](inputs=x[:size])
        np.testing.assert_allclose(found["outputs"], expected["outputs"], 1e-6, 1e-7)
        for key in ("steps", "spikes"):
            assert (found[key].numpy() == expected[key].numpy()).all()
    with pytest.raises((tf.errors.InvalidArgumentError, TypeError)):
        loaded["serving_xla_4"](inputs=x[:3])


def test_large_weights_are_variables_that_are_only_read(tmp_path, monkeypatch):
    monkeypatch.setattr("tfsnn.simulation.compiled.CONSTANT_BYTES", 100)
    snn, x = converted(models.cnn)
    exported = export(snn, tmp_path)
    for name in exported.signatures:
        ops = operations(proto(exported), name)
        assert "ReadVariableOp" in ops
        assert not any("Assign" in op for op in ops)
    found = load(exported)["serving_default"](inputs=x)["outputs"]
    np.testing.assert_allclose(found, snn.predict(x, verbose=0), 1e-6)


def test_what_lies_beside_the_network(tmp_path):
    from tensorflow_serving.apis import prediction_log_pb2

    snn, _ = converted(models.cnn)
    (tmp_path / "names").write_text("zero\nüne\ntwo\n", encoding="utf-8")
    exported = export(snn, tmp_path, class_names=tmp_path / "names", version=7)
    assert (exported.model, exported.version) == ("model", 7)
    assert exported.path == tmp_path / "model" / "7"
    files = {
        str(p.relative_to(exported.path))
        for p in exported.path.rglob("*")
        if p.is_file()
    }
    assert files >= {
        "README.md",
        "assets.extra/request.json",
        "assets.extra/tf_serving_warmup_requests",
        "assets/class_names.txt",
        "batching_params.pbtxt",
        "saved_model.pb",
    }
    assert (exported.path / "assets/class_names.txt").read_text(
        "utf-8"
    ) == "zero\nüne\ntwo\n"
    stored = (exported.path / "saved_model.pb").read_bytes()
    assert str(tmp_path).encode() not in stored and b"/tmp" not in stored
    path = exported.path / "assets.extra/tf_serving_warmup_requests"
    logs = [
        prediction_log_pb2.PredictionLog.FromString(r)
        for r in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    ]
    assert path.stat().st_size < 2000
    sizes = [
        log.predict_log.request.inputs["inputs"].tensor_shape.dim[0].size
        for log in logs
        if log.predict_log.request.model_spec.signature_name == "serving_default"
    ]
    assert sizes == [1, 4]
    text = (exported.path / "batching_params.pbtxt").read_text()
    assert "max_batch_size { value: 4 }" in text
    assert text.endswith("allowed_batch_sizes: 1\nallowed_batch_sizes: 4\n")
    request = json.loads((exported.path / "assets.extra/request.json").read_text())
    assert np.shape(request["instances"]) == (1, 6, 6, 2)
    readme = (exported.path / "README.md").read_text()
    assert '--model_name=model --model_base_path="$(dirname "$PWD")"' in readme
    line = "curl -d @assets.extra/request.json http://localhost:8501/v1/models/model:"
    assert f"\n{line}predict\n" in readme
    assert '"signature_name": "outputs_only"' in readme


def test_what_is_refused(tmp_path, monkeypatch):
    snn, _ = converted(models.cnn)
    names = tmp_path / "names"
    names.write_text("a\nb\n")
    for error, says, options in (
        (OptionError, "batch_sizes", {"batch_sizes": ()}),
        (OptionError, "batch_sizes", {"batch_sizes": (0, 1)}),
        (OptionError, "input='png'", {"input_type": "png"}),
        (OptionError, "one input, .*float or uint8", {"input_type": "jpeg"}),
        (OptionError, "raw is for 8-bit", {"raw": True}),
        (OptionError, "version=-1", {"version": -1}),
        (OptionError, f"{2**63} is above {2**63 - 1}", {"version": 2**63}),
        (DataError, "2 lines, the network 3", {"class_names": names}),
        (DataError, "missing.*cannot be read", {"class_names": tmp_path / "missing"}),
    ):
        with pytest.raises(error, match=says):
            export_saved_model(snn, tmp_path / "model", **options)
    images, _ = converted(
        lambda: keras.Sequential([keras.Input((4, 4, 1)), layers.Conv2D(2, 3)])
    )
    with pytest.raises(OptionError, match=r"shape \(2, 2, 2\)"):
        export_saved_model(images, tmp_path / "model", class_names=names)
    assert not (tmp_path / "model").exists()
