"""Code in a Keras file is found before Keras reads the file, and never runs."""

import io
import os
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras import layers
from keras_files import config_of, layers_in, rewrite

import tfsnn
from tfsnn.errors import ModelError

SUFFIXES = [".keras", ".h5"]


@pytest.fixture
def marker(tmp_path):
    """A file that hostile code writes; it runs while a model is built here."""
    path = tmp_path / "written"
    yield path
    assert not path.exists()


def writing(marker):
    def write(x, path=str(marker)):
        open(path, "w").close()
        return x

    return layers.Lambda(write, name="hostile", output_shape=lambda shape: shape)


def sequential(*stack, shape=(5, 4)):
    return keras.Sequential([keras.Input(shape), *stack, layers.Dense(2)])


BUILT = {
    "alone": lambda hostile: sequential(hostile),
    "over time": lambda hostile: sequential(layers.TimeDistributed(hostile)),
    "in a model": lambda hostile: sequential(sequential(hostile)),
    "in a model over time": lambda hostile: sequential(
        layers.TimeDistributed(sequential(hostile, shape=(4,)))
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", BUILT)
def test_marshalled_code_never_runs(name, suffix, marker, tmp_path):
    path = tmp_path / f"model{suffix}"
    BUILT[name](writing(marker)).save(path)
    marker.unlink(missing_ok=True)
    with pytest.raises(ModelError) as refusal:
        tfsnn.load_model(path)
    text = str(refusal.value)
    assert "hostile (Lambda) is Python code; tfsnn never runs code" in text
    assert "register_keras_serializable" in text and "model.export" in text


def plain(path):
    """A file of a model with an LSTM in both directions, and an activation."""
    model = sequential(
        layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="both"),
        layers.Dense(4, activation="relu", name="plain"),
    )
    model.save(path)
    return path


LAMBDA = {"class_name": "__lambda__", "config": {"value": ["4wAA", None, None]}}
FUNCTION = {"class_name": "function", "registered_name": "function"}
HOSTILE = {
    "a lambda as an activation": ("activation", LAMBDA, "__lambda__"),
    "loading another file": (
        "activation",
        {**FUNCTION, "module": "keras.models", "config": "load_model"},
        None,
    ),
    "switching safe mode off": (
        "activation",
        {
            **FUNCTION,
            "module": "keras.config",
            "config": "enable_unsafe_deserialization",
        },
        "enable_unsafe_deserialization",
    ),
    "a download": (
        "activation",
        {**FUNCTION, "module": "keras.utils", "config": "get_file"},
        "get_file",
    ),
    "an internal function": (
        "activation",
        {
            **FUNCTION,
            "module": "keras.src.backend.common.global_state",
            "config": "set_global_attribute",
        },
        "set_global_attribute",
    ),
    "a class that is no layer": (
        "kernel_initializer",
        {
            "module": "keras.callbacks",
            "class_name": "BackupAndRestore",
            "config": {"backup_dir": "/tmp/x"},
        },
        "BackupAndRestore",
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", HOSTILE)
def test_code_in_a_config_is_named(name, suffix, tmp_path):
    field, value, kind = HOSTILE[name]
    path = plain(tmp_path / f"model{suffix}")
    config = config_of(path)
    (layer,) = (
        each for each in layers_in(config) if each["config"].get("name") == "plain"
    )
    layer["config"][field] = value
    rewrite(path, config)
    if kind is None:  # within keras.models, of which networks are made: Keras refuses
        with pytest.raises(ModelError, match=r"load_model|Dense|deserialized properly"):
            tfsnn.load_model(path)
        return
    with pytest.raises(ModelError, match=rf"plain \({kind}\).*never runs code"):
        tfsnn.load_model(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", ["TFSMLayer", "TorchModuleWrapper", "Lambda"])
def test_layers_around_other_programs_are_named_within_a_wrapper(
    kind, suffix, tmp_path
):
    path = plain(tmp_path / f"model{suffix}")
    config = config_of(path)
    for layer in layers_in(config):
        if layer["class_name"] == "LSTM":
            layer["class_name"] = kind
            layer["config"] = {"name": "inside", "filepath": str(tmp_path)}
    rewrite(path, config)
    with pytest.raises(ModelError, match=rf"inside \({kind}\)"):
        tfsnn.load_model(path)


def test_no_vocabulary_is_read_from_a_file(tmp_path):
    path = plain(tmp_path / "model.keras")
    config = config_of(path)
    os.mkfifo(tmp_path / "words")
    for layer in layers_in(config):
        if layer["config"].get("name") == "plain":
            layer["class_name"] = "StringLookup"
            layer["config"] = {"name": "words", "vocabulary": str(tmp_path / "words")}
    rewrite(path, config)
    with pytest.raises(ModelError, match=r"words \(vocabulary\) is read from the file"):
        tfsnn.load_model(path)


def test_a_class_of_the_users_own_may_have_any_name(tmp_path):
    @keras.saving.register_keras_serializable("code_tests", "Lambda")
    class Lambda(layers.Layer):
        def call(self, x):
            return 2 * x

    path = tmp_path / "model.keras"
    sequential(Lambda(name="mine")).save(path)
    assert tfsnn.load_model(path).get_layer("mine")(np.ones(1)) == 2


def test_what_compile_was_given_is_not_looked_at(tmp_path):
    def loss(y, prediction):
        return keras.ops.mean(y - prediction)

    model = sequential()
    model.compile("adam", loss)
    model.save(tmp_path / "model.keras")
    assert tfsnn.load_model(tmp_path / "model.keras").count_params() == 10


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("Dense", "units", 10**9),
        ("LSTM", "units", 10**5),
    ],
)
def test_no_memory_is_taken_for_weights_that_are_not_there(
    kind, field, value, suffix, tmp_path
):
    path = plain(tmp_path / f"model{suffix}")
    config = config_of(path)
    for layer in layers_in(config):
        if layer["class_name"] == kind:
            layer["config"][field] = value
    rewrite(path, config)
    with pytest.raises(ModelError, match=r"of which [\d,]+ are stored|incompatible"):
        tfsnn.load_model(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_deep_config_is_refused(suffix, tmp_path):
    path = rewrite(plain(tmp_path / f"model{suffix}"), "[" * 10_000)
    with pytest.raises(ModelError, match="nests deeper than 100"):
        tfsnn.load_model(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("make", [os.mkfifo, lambda p: p.symlink_to("/dev/zero")])
def test_only_regular_files_are_opened(make, suffix, tmp_path):
    path = tmp_path / f"model{suffix}"
    make(path)
    with pytest.raises(ModelError, match="no regular file"):
        tfsnn.load_model(path)


def weights(write):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        write(file)
    return content.getvalue()


LEADING = {
    "a link to another file": (
        lambda file: file.__setitem__("x", h5py.ExternalLink("/etc/passwd", "/")),
        "/x is a link",
    ),
    "values of another file": (
        lambda file: file.create_dataset(
            "x", (10,), "u1", external=[("/etc/passwd", 0, 10)]
        ),
        "/x leads to another file",
    ),
    "values that are not stored": (
        lambda file: file.create_dataset("x", (10**6, 10**6), "f4", chunks=True),
        "/x is said to hold 4,000,000,000,000 bytes, of which 0 are stored",
    ),
    "much of little": (
        lambda file: file.create_dataset(
            "x", data=np.zeros(2**25, np.float32), compression="gzip", chunks=(2**25,)
        ),
        None,
    ),
}


@pytest.mark.parametrize("name", LEADING)
def test_weights_are_in_the_file_itself(name, tmp_path):
    write, message = LEADING[name]
    path = plain(tmp_path / "model.keras")
    members = {"model.weights__h5": weights(write)}
    rewrite(path, config_of(path), **members)
    with pytest.raises(ModelError, match=message or "save it again"):
        tfsnn.load_model(path)


def test_a_member_that_expands_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b"[" + b" " * 10**8 + b"]")
        archive.writestr("model.weights.h5", weights(lambda file: None))
    with pytest.raises(ModelError, match="more than the 100 MB"):
        tfsnn.load_model(path)


@pytest.mark.filterwarnings("ignore")
def test_the_weights_of_a_spiking_network_are_those_stored(tmp_path):
    snn = tfsnn.convert(
        sequential(layers.Flatten(), layers.Dense(4, "relu")),
        np.random.default_rng(0).random((20, 5, 4), np.float32),
    )
    path = tmp_path / "snn.keras"
    snn.save(path)
    config = config_of(path)
    arrays = [
        value
        for node in config["config"]["graph"]["nodes"]
        for value in node.values()
        if isinstance(value, dict) and "array" in value
    ]
    arrays[0]["array"] = [10**6, 10**6]
    rewrite(path, config)
    with pytest.raises(ModelError, match=r"1,000,000,0.* weights, of which \d+ are"):
        tfsnn.load_model(path)
