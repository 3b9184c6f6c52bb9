"""Models that Keras 3 exported are rebuilt, layer for layer."""

import keras
import models
import numpy as np
import pytest
from keras import layers
from saved_model_files import assert_equal, export, kinds

import tfsnn
from tfsnn.sources import load_model


def check(path, shape, *stack):
    """Export a stack of layers, rebuild it, compare; the rebuilt model."""
    model = keras.Sequential([keras.Input(shape), *stack])
    rebuilt = load_model(export(model, path))
    x = np.random.default_rng(1).normal(size=(5, *shape)).astype(np.float32)
    assert_equal(rebuilt, model, x)
    assert rebuilt.count_params() >= model.count_params()
    return rebuilt


def classes(stack):
    return [type(layer).__name__ for layer in stack]


STACKS = {
    "cnn": (
        (9, 9, 4),
        layers.Conv2D(8, 3, groups=2, name="grouped"),
        layers.BatchNormalization(name="norm"),
        layers.ReLU(name="relu"),
        layers.MaxPooling2D(2),
        layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
        layers.Conv2D(3, 3, strides=2, padding="same", use_bias=False),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3),
        layers.Softmax(),
    ),
    "dilated": (
        (12, 11, 2),
        layers.Conv2D(4, 3, dilation_rate=2),
        layers.Conv2D(4, 3, dilation_rate=(2, 3), padding="same"),
        layers.DepthwiseConv2D(2, dilation_rate=2),
        layers.LayerNormalization(),
        layers.AveragePooling2D(3, 2, padding="same"),
        layers.Flatten(),
    ),
    "transposed": (
        (4, 5, 3),
        layers.Conv2DTranspose(4, 3, strides=2),
        layers.Conv2DTranspose(3, 2, strides=3, padding="same"),
        layers.Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=0),
        layers.Cropping2D(((1, 2), (0, 3))),
        layers.GlobalMaxPooling2D(keepdims=True),
    ),
    "sizes": (
        (4, 5, 3),
        layers.UpSampling2D((2, 3)),
        layers.UpSampling2D(2, interpolation="bilinear"),
        layers.ZeroPadding2D(((1, 0), (2, 1))),
        layers.Resizing(10, 13),
        layers.Permute((3, 1, 2)),
        layers.Reshape((10, 39)),
    ),
    "one_dimension": (
        (16, 4),
        layers.Conv1D(6, 3, groups=2),
        layers.Conv1D(4, 3, dilation_rate=2, padding="same"),
        layers.DepthwiseConv1D(3),
        layers.MaxPooling1D(2),
        layers.Conv1DTranspose(3, 3, strides=2),
        layers.AveragePooling1D(2),
        layers.UpSampling1D(2),
        layers.LayerNormalization(epsilon=1e-2, center=False),
        layers.Dense(3),
        layers.GlobalAveragePooling1D(),
    ),
    "three_dimensions": (
        (7, 7, 6, 2),
        layers.Conv3D(4, 3, groups=2),
        layers.MaxPooling3D((2, 2, 1)),
        layers.Conv3DTranspose(3, 2, strides=2),
        layers.BatchNormalization(),
        layers.AveragePooling3D(2),
        layers.UpSampling3D(2),
        layers.GlobalAveragePooling3D(),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STACKS)
def test_every_layer_comes_back(tmp_path, name):
    shape, *stack = STACKS[name]
    rebuilt = check(tmp_path / name, shape, *stack)
    assert kinds(rebuilt) == classes(stack)


def test_layers_keep_their_names_and_weights(tmp_path):
    shape, *stack = STACKS["cnn"]
    model = keras.Sequential([keras.Input(shape), *stack])
    rebuilt = load_model(export(model, tmp_path / "cnn"))
    assert [layer.name for layer in rebuilt.layers[1:]] == [x.name for x in stack]
    for name in ("grouped", stack[4].name, stack[7].name):
        saved, got = model.get_layer(name), rebuilt.get_layer(name)
        for a, b in zip(saved.get_weights(), got.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    assert rebuilt.name == "cnn"
    assert rebuilt.input_shape == (None, *shape)


def test_separable_convolutions_become_two(tmp_path):
    rebuilt = check(tmp_path / "s", (8, 8, 3), layers.SeparableConv2D(4, 3))
    assert kinds(rebuilt) == ["DepthwiseConv2D", "Conv2D"]
    assert not rebuilt.layers[1].use_bias and rebuilt.layers[2].use_bias
    check(tmp_path / "t", (9, 3), layers.SeparableConv1D(4, 3))


def test_a_causal_convolution_pads_in_front(tmp_path):
    stack = layers.Conv1D(4, 3, padding="causal", dilation_rate=2)
    rebuilt = check(tmp_path / "m", (9, 3), stack)
    assert kinds(rebuilt) == ["ZeroPadding1D", "Conv1D"]


def test_what_only_trains_is_gone(tmp_path):
    stack = [layers.Dropout(0.5), layers.GaussianNoise(1.0), layers.Dense(2)]
    assert kinds(check(tmp_path / "m", (4,), *stack)) == ["Dense"]


def test_preprocessing_in_front(tmp_path):
    stack = [
        layers.Rescaling(1 / 127.5, offset=-1.0),
        layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[0.5, 1.0, 2.0]),
        layers.Conv2D(2, 3),
        layers.ReLU(6.0),
    ]
    x = keras.Input((6, 6, 3), dtype="uint8", name="image")
    model = keras.Model(x, keras.Sequential(stack)(x))
    rebuilt = load_model(export(model, tmp_path / "m"))
    assert rebuilt.inputs[0].name == "image"
    assert rebuilt.inputs[0].dtype == "uint8"
    assert "Conv2D" in kinds(rebuilt) and "BatchNormalization" in kinds(rebuilt)
    assert_equal(rebuilt, model, np.arange(324, dtype=np.uint8).reshape(3, 6, 6, 3))


def test_attention_and_normalisations(tmp_path):
    x = keras.Input((6, 8))
    y = layers.LayerNormalization()(x)
    attention = layers.MultiHeadAttention(2, 4)
    y = layers.Add()([x, attention(y, y, use_causal_mask=True)])
    y = layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de")(y)
    y = layers.GroupNormalization(3)(y)
    model = keras.Model(x, layers.UnitNormalization()(layers.RMSNormalization()(y)))
    rebuilt = load_model(export(model, tmp_path / "m"))
    found = kinds(rebuilt)
    assert found.count("Dense") == 5 and found.count("LayerNormalization") == 1
    data = np.random.default_rng(1).normal(size=(3, 6, 8)).astype(np.float32)
    assert_equal(rebuilt, model, data)


def test_embedding(tmp_path):
    x = keras.Input((5,), dtype="int32")
    y = layers.Embedding(7, 3)(x)
    model = keras.Model(x, layers.Dense(2)(layers.Flatten()(y)))
    rebuilt = load_model(export(model, tmp_path / "m"))
    assert kinds(rebuilt) == ["Embedding", "Flatten", "Dense"]
    assert_equal(rebuilt, model, np.arange(15).reshape(3, 5) % 7)


def test_time_distributed(tmp_path):
    stack = layers.TimeDistributed(layers.Conv2D(2, 3))
    check(tmp_path / "m", (3, 6, 6, 2), stack, layers.Reshape((3, -1)))


def test_several_branches(tmp_path):
    x = keras.Input((6, 6, 2))
    a = layers.Conv2D(3, 3, padding="same", name="a")(x)
    b = layers.Conv2D(3, 1, name="b")(x)
    y = layers.Concatenate()([layers.Add()([a, b]), layers.Multiply()([a, b]), x])
    y = layers.Concatenate(axis=1)([y, y])
    gate = layers.GlobalAveragePooling2D(keepdims=True)(y)
    model = keras.Model(x, layers.Multiply()([y, gate]))
    rebuilt = load_model(export(model, tmp_path / "m"))
    assert sorted(kinds(rebuilt)) == sorted(kinds(model))
    data = np.random.default_rng(1).normal(size=(3, 6, 6, 2)).astype(np.float32)
    assert_equal(rebuilt, model, data)


def test_a_rebuilt_model_can_be_saved_and_converted(tmp_path):
    model = models.cnn()
    rebuilt = load_model(export(model, tmp_path / "cnn"))
    rebuilt.save(tmp_path / "again.keras")
    again = load_model(tmp_path / "again.keras")
    x = models.samples(model, 8)
    np.testing.assert_array_equal(again(x), rebuilt(x))
    snn = tfsnn.convert(rebuilt, x, timesteps=4)
    np.testing.assert_allclose(
        snn.predict(x, verbose=0),
        tfsnn.convert(model, x, timesteps=4).predict(x, verbose=0),
        atol=1e-5,
    )
