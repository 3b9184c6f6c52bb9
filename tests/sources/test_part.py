"""The part of a network between layers, and free shapes that are fixed."""

import json

import keras
import numpy as np
import pytest
from command_line import run, succeed
from keras import layers

import tfsnn
from tfsnn.sources import import_model
from tfsnn.sources.parts import Part, part_of


@pytest.fixture(scope="module")
def network():
    """Any image size, a model that is called twice, and a decision at the end."""
    x = given = keras.Input((None, None, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(x)
    inner = keras.Sequential(
        [
            keras.Input((None, None, 4)),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="a"),
            layers.Conv2D(4, 3, padding="same", name="b"),
        ],
        name="block",
    )
    x = inner(layers.ReLU(name="between")(inner(x)))
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(3, name="scores")(x)
    return keras.Model(given, keras.ops.argmax(x, axis=-1), name="free")


@pytest.fixture(scope="module")
def files(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    network.save(folder / "net.keras")
    network.export(folder / "net", verbose=False)
    images = np.random.default_rng(0).random((8, 8, 8, 3), np.float32)
    np.savez(folder / "images.npz", x=images, y=network(images))
    return folder


def of(model, *names):
    """The outputs of layers, computed by Keras itself."""
    outputs = [model.get_layer(name).output for name in names]
    return keras.Model(model.input, outputs if len(names) > 1 else outputs[0])


def test_a_part_computes_what_the_model_does(network, files):
    images = np.load(files / "images.npz")["x"]
    first, scores = of(network, "first", "scores")(images)
    part = tfsnn.part(network, outputs="scores", input_shape=(8, 8, 3))
    assert part.input_shape == (None, 8, 8, 3) and part.input.name == "image"
    assert np.array_equal(part(images), scores)
    rest = tfsnn.part(network, inputs="first", outputs=["pool", "scores"])
    assert [layer.name for layer in rest.layers][:2] == ["first", "block"]
    assert np.array_equal(rest(first)[1], scores)


def test_a_part_may_begin_within_a_model_in_the_model(network, files):
    images = np.load(files / "images.npz")["x"]
    between, scores = of(network, "between", "scores")(images)
    inner = network.get_layer("block").get_layer("a")(between)
    part = tfsnn.part(network, inputs="block/a", outputs="scores")
    assert part.input.name == "block.a"
    assert np.array_equal(part(inner), scores)


def test_inputs_that_are_still_needed_stay():
    a, b = keras.Input((3,), name="a"), keras.Input((4,), name="b")
    x = layers.Dense(2, name="x")(a)
    y = layers.Concatenate(name="y")([x, layers.Dense(2, name="z")(b)])
    model = keras.Model({"b": b, "a": a}, {"p": layers.Dense(1)(y), "q": x})
    part = tfsnn.part(model, inputs="x")
    assert [given.name for given in part.inputs] == ["x", "b"]
    assert list(part.output) == ["p", "q"]
    alone = tfsnn.part(model, outputs="x")
    assert [given.name for given in alone.inputs] == ["a"]
    with pytest.raises(tfsnn.OptionError, match="several inputs, b=4, a=3: give each"):
        tfsnn.part(model, input_shape=(3,))


def test_a_sequential_model_without_a_shape_gets_one():
    model = keras.Sequential([layers.Conv1D(4, 3, activation="relu"), layers.Flatten()])
    assert tfsnn.part(model, input_shape=(10, 2)).output_shape == (None, 32)


def test_files_are_cut_as_models_are(network, files):
    images = np.load(files / "images.npz")["x"]
    first, scores = of(network, "first", "scores")(images)
    for path in (files / "net.keras", files / "net"):
        model = tfsnn.load_model(
            path, inputs="first", outputs="scores", input_shape=(8, 8, 4)
        )
        assert np.allclose(model(first), scores, rtol=1e-5, atol=1e-6)
        assert part_of(model) == Part(
            inputs=("first",), outputs=("scores",), input_shapes={"": (8, 8, 4)}
        )


def test_an_operation_or_a_tensor_of_a_saved_model_is_an_end(network, files):
    images = np.load(files / "images.npz")["x"]
    scores = of(network, "scores")(images)
    with pytest.raises(tfsnn.UnsupportedError, match="Bitcast"):
        tfsnn.load_model(files / "net", input_shape=(8, 8, 3))
    whole = {"input_shape": {"image": (8, 8, 3)}}
    scope = "StatefulPartitionedCall_1/StatefulPartitionedCall/free_1/scores_1"
    for name in (f"{scope}/BiasAdd", f"{scope}/BiasAdd:0", "scores"):
        model = tfsnn.load_model(files / "net", outputs=name, **whole)
        assert np.allclose(model(images), scores, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["net.keras", "net"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"outputs": "scores"}, r"of free size, \?,\?,3; .*--input-shape 128,128,3"),
        ({"outputs": "score"}, "'score'.*did you mean scores"),
        ({"inputs": "scores", "outputs": "first"}, "no output needs it"),
        ({"input_shape": (8, 8)}, r"8,8 does not fit the input image, .* \?,\?,3"),
        ({"input_shape": {"x": (8, 8, 3)}}, "no such input; the network has image"),
        ({"input_shape": (0, 8, 3)}, "not the shape of a sample"),
        ({"input_shape": "8,8,3"}, "not the shape of a sample"),
    ],
)
def test_what_does_not_fit_is_refused(files, name, arguments, message):
    with pytest.raises(tfsnn.TfsnnError, match=message):
        import_model(tfsnn.load_model(files / name, **arguments))


def test_a_size_that_a_layer_does_not_take_is_refused(files):
    x = keras.Input((None, 2))
    model = keras.Model(x, layers.Conv1D(4, 9, name="long")(x))
    with pytest.raises(tfsnn.ModelError, match=r"long \(Conv1D\) does not take"):
        tfsnn.part(model, input_shape=(5, 2))


def test_what_is_refused_at_an_end_says_how_to_leave_it_out(network):
    words = keras.Input((1,), dtype="string", name="words")
    x = layers.TextVectorization(output_sequence_length=4, vocabulary=["a"], name="v")
    x = layers.Embedding(5, 3, name="e")(x(words))
    x = layers.Dense(2, name="d")(layers.Flatten()(x))
    model = keras.Model(words, keras.ops.argmax(x, axis=-1))
    with pytest.raises(tfsnn.UnsupportedError) as caught:
        import_model(model)
    (_, _, head), (_, _, tail) = caught.value.problems
    assert "(--from v)" in head and "(--to d)" in tail
    import_model(tfsnn.part(model, inputs="v", outputs="d"))
    x = given = keras.Input((4,))
    for name in "abc":
        x = layers.Dense(4, name=name)(x)
        x = layers.Lambda(lambda x: x, name=f"{name}_code")(x)
    with pytest.raises(tfsnn.UnsupportedError) as caught:
        import_model(keras.Model(given, x))
    reasons = [reason for *_, reason in caught.value.problems]
    assert ["--" in reason for reason in reasons] == [False, False, True]


class Foreign(layers.Layer):
    """A class that the program that opens the file does not know, with weights."""

    def build(self, shape):
        self.table = self.add_weight(shape=(shape[-1],), name="table")

    def call(self, x):
        return x * self.table


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("kind", [Foreign, lambda **k: layers.Lambda(abs, **k)])
def test_what_is_left_out_need_not_be_known(tmp_path, suffix, kind):
    given = keras.Input((6,), name="x")
    x = layers.Dense(5, name="d0")(kind(name="head")(layers.Dense(4, name="e")(given)))
    x = layers.Dense(3, name="d1")(layers.ReLU(name="r")(x))
    model = keras.Model(given, kind(name="tail")(x))
    path = tmp_path / f"net.{suffix}"
    model.save(path)
    ends = {"inputs": "head", "outputs": "d1"}
    part = tfsnn.load_model(path, **ends, input_shape=(4,))
    inner = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    assert np.array_equal(part(inner), tfsnn.part(model, **ends)(inner))
    assert [layer.name for layer in part.layers] == ["head", "d0", "r", "d1"]
    for ends, name in (({"inputs": "head"}, "tail"), ({"outputs": "d1"}, "head")):
        with pytest.raises(tfsnn.ModelError, match=f"{name} .*begin behind it"):
            tfsnn.load_model(path, **ends, input_shape={"head": (4,)})
    with pytest.raises(tfsnn.ModelError, match=r"not registered|Python code|class"):
        tfsnn.load_model(path)


def test_the_command_line_and_what_is_recorded(files):
    ends = ("--input-shape", "8,8,3", "--to", "scores")
    data, net, snn = files / "images.npz", files / "net.keras", files / "snn.keras"
    assert json.loads(succeed("inspect", net, *ends, "--json"))["convertible"]
    succeed("convert", net, *ends, "--calibration", data, "--output", snn)
    recorded = tfsnn.load_model(snn).report.part
    assert recorded == Part(outputs=("scores",), input_shapes={"": (8, 8, 3)})
    found = json.loads(succeed("evaluate", snn, "--ann", net, "--data", data, "--json"))
    assert found["rows"][-1]["agreement"] >= 0.8
    wrong = run("inspect", net, "--input-shape", "8,,3")
    assert wrong.exit_code == 2 and "give the size of each axis" in wrong.stderr
