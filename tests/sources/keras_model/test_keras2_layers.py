"""Every layer class that Keras 2 and 3 share: written by Keras 2, read, equal."""

import numpy as np
import pytest
import tf_keras
from keras2_layers import CASES, old

import tfsnn

# Classes without models, and why.
IMPOSSIBLE = {
    "AbstractRNNCell": "a base class",
    "DenseFeatures": "reads feature columns of TensorFlow 1; the refusal is tested",
    "InputSpec": "no layer",
    "Lambda": "Python code; the refusal is tested",
    "Layer": "a base class",
    "SpectralNormalization": "tf_keras itself cannot call it beside Keras 3",
    "StringLookup": "text",
    "TextVectorization": "text",
    "Wrapper": "a base class",
}

# Classes that are also written as a SavedModel: all in one, for the time of the test.
# Others have no weights, or their SavedModels are refused: recurrent layers, those that
# count or look up, augmentation, GroupNormalization, LocallyConnected.
IN_SAVED_MODEL = (
    *("BatchNormalization", "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose"),
    *("Conv3D", "Dense", "DepthwiseConv1D", "DepthwiseConv2D", "EinsumDense"),
    *("Embedding", "LayerNormalization", "LeakyReLU", "MultiHeadAttention", "PReLU"),
    *("Normalization", "SeparableConv1D", "SeparableConv2D", "ThresholdedReLU"),
)


def classes():
    """The layer classes of Keras 2, by their names; aliases once."""
    found = (getattr(old, name) for name in dir(old))
    return {each.__name__: each for each in found if isinstance(each, type)}


def inputs_of(shape, rng):
    """Keras 2's input, or a list of them; and four samples for each."""
    if isinstance(shape, list):
        tensors, samples = zip(*(inputs_of(each, rng) for each in shape), strict=True)
        return list(tensors), list(samples)
    if shape and isinstance(shape[0], tuple):
        shape, bound = shape
        return old.Input(shape, dtype="int32"), rng.integers(0, bound, (4, *shape))
    x = rng.normal(0, 1, (4, *shape)).round(1).astype(np.float32)
    return old.Input(shape, batch_size=4), x


def randomised(model, rng):
    for variable in model.weights:
        if "int" in variable.dtype.name:
            continue
        value = rng.uniform(0.1, 1, variable.shape)
        if "variance" not in variable.name:
            value *= rng.choice([-1, 1], variable.shape)
        variable.assign(value.astype(variable.dtype.as_numpy_dtype))
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
    return model


def as_list(values):
    """Tensors or arrays, one or several, as a list."""
    return list(values) if isinstance(values, list | tuple) else [values]


def check(model, samples, tmp_path):
    """Write a model in both formats of files; each is read with the same outputs."""
    expected = as_list(model(samples, training=False))
    for suffix in (".h5", ".keras"):
        path = tmp_path / f"model{suffix}"
        model.save(path)
        found = as_list(tfsnn.load_model(path)(samples, training=False))
        assert len(found) == len(expected)
        for ours, theirs in zip(found, expected, strict=True):
            assert ours.shape == theirs.shape
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("eager")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", sorted(CASES))
def test_a_layer_of_keras_2_computes_the_same(kind, rng, tmp_path):
    inputs, samples, outputs = [], [], []  # of all models of the class, as one
    for make, shape in CASES[kind]:
        x, values = inputs_of(shape, rng)
        outputs += as_list(make()(x))
        inputs += as_list(x)
        samples += as_list(values)
    check(randomised(tf_keras.Model(inputs, outputs), rng), samples, tmp_path)


@pytest.mark.filterwarnings("ignore")
def test_a_saved_model_computes_the_same(rng, tmp_path):
    inputs, samples, outputs = [], [], {}
    for kind in IN_SAVED_MODEL:
        make, shape = CASES[kind][0]
        x, values = inputs_of(shape, rng)
        outputs[kind] = make()(x)
        inputs += as_list(x)
        samples += as_list(values)
    model = randomised(tf_keras.Model(inputs, outputs), rng)
    expected = model(samples, training=False)
    model.export(tmp_path / "saved")
    feed = dict(zip([x.name for x in inputs], samples, strict=True))
    found = tfsnn.load_model(tmp_path / "saved")(feed)
    assert set(found) == set(IN_SAVED_MODEL)
    for kind, ours in found.items():
        assert ours.shape == expected[kind].shape, kind
        np.testing.assert_allclose(ours, expected[kind], 1e-5, 1e-5, err_msg=kind)


def test_every_class_of_keras_2_has_models():
    assert all(CASES.values())
    assert set(classes()) == set(CASES) | set(IMPOSSIBLE)
