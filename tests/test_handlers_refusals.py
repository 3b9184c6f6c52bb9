"""What cannot be converted is refused, all of it at once; handlers of one's own."""

import keras
import numpy as np
import pytest
from keras import layers
from models import MyScale, my_scale

import tfsnn
from tfsnn.errors import ModelError, UnsupportedError
from tfsnn.sources import import_model


class MyDense(layers.Dense):
    """A subclass may compute something else."""


class MyModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, x):
        return self.dense(x)


class MyFunctional(keras.Model):
    """Looks Functional, and has a call of its own."""

    def call(self, x, training=None):
        return 2 * super().call(x)


def swish(x):
    return keras.activations.silu(x)


def refused(*stack, shape=(6, 6, 2)):
    """The problems of a stack."""
    with pytest.raises(UnsupportedError) as caught:
        import_model(keras.Sequential([keras.Input(shape), *stack]))
    for name, kind, reason in caught.value.problems:
        assert f"{name} ({kind}): {reason}" in str(caught.value)
    return caught.value.problems


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (layers.UpSampling2D(name="it"), "no handler for this class"),
        (layers.Lambda(lambda x: x + 1, name="it"), "no handler for this class"),
        (MyDense(3, name="it"), "no handler for this class"),
        (layers.Dense(3, activation="gelu", name="it"), "'gelu' has no spiking form"),
        (layers.Dense(3, activation=swish, name="it"), "'swish' is not one of keras"),
        (layers.Dense(3, activation=layers.ReLU(), name="it"), "not one of keras"),
        (layers.Activation("elu", name="it"), "'elu' has no spiking form"),
        (layers.LeakyReLU(0.1, name="it"), "no handler for this class"),
        (layers.ReLU(negative_slope=0.1, name="it"), "negative_slope=0.1; only 0.0"),
        (layers.ReLU(threshold=0.5, name="it"), "threshold=0.5; only 0.0"),
        (layers.Softmax(axis=1, name="it"), "axis=1; only -1"),
        (layers.BatchNormalization(axis=1, name="it"), "axis=1; only the last axis"),
        (
            layers.Normalization(invert=True, mean=0.0, variance=1.0, name="it"),
            "invert",
        ),
        (
            layers.MaxPooling2D(2, data_format="channels_first", name="it"),
            "data_format='channels_first'; only 'channels_last'",
        ),
        (
            layers.GlobalAveragePooling2D(data_format="channels_first", name="it"),
            "data_format='channels_first'; only 'channels_last'",
        ),
        (
            layers.Flatten(data_format="channels_first", name="it"),
            "data_format='channels_first'; only 'channels_last'",
        ),
        (
            layers.ZeroPadding2D(1, data_format="channels_first", name="it"),
            "data_format='channels_first'; only 'channels_last'",
        ),
    ],
)
def test_a_layer_is_refused_with_its_reason(layer, reason):
    ((name, kind, why),) = refused(layer, layers.Flatten(), layers.Dense(2))
    assert (name, kind) == ("it", type(layer).__name__)
    assert reason in why


def test_channels_first_convolutions_are_refused():
    first = {"data_format": "channels_first"}
    x = keras.Input((2, 6, 6))
    convolutions = [
        layers.Conv2D(2, 3, name="it", **first),
        layers.DepthwiseConv2D(3, name="it", **first),
        layers.SeparableConv2D(2, 3, name="it", **first),
    ]
    for layer in convolutions:
        with pytest.raises(
            UnsupportedError, match=r"it .*data_format='channels_first'"
        ):
            import_model(keras.Model(x, layer(x)))


def test_all_layers_are_named_at_once():
    problems = refused(
        layers.Conv2D(3, 3, activation="gelu", name="one"),
        layers.UpSampling2D(name="two"),
        layers.Conv2D(3, 3, name="fine"),
        layers.LeakyReLU(name="three"),
        layers.Flatten(),
        MyDense(3, name="four"),
    )
    assert [name for name, *_ in problems] == ["one", "two", "three", "four"]


def test_layers_of_nested_models_are_named_with_their_model():
    inner = keras.Sequential(
        [keras.Input((4,)), layers.LeakyReLU(name="leaky")], name="inner"
    )
    ((name, *_),) = refused(inner, layers.Dense(2), shape=(4,))
    assert name == "inner/leaky"


@pytest.mark.parametrize("head", ["softmax", "sigmoid", "tanh"])
def test_a_head_inside_the_network_is_refused(head):
    behind = layers.Dense(2, name="behind")
    ((name, _, why),) = refused(layers.Dense(3, activation=head), behind, shape=(4,))
    assert name == "behind" and repr(head) in why and "only at an output" in why


def test_sums_of_different_shapes_are_refused():
    x = keras.Input((4, 4, 3))
    y = layers.Add(name="sum")([x, layers.Conv2D(1, 1)(x)])
    with pytest.raises(UnsupportedError, match=r"sum \(Add\): shapes .* differ"):
        import_model(keras.Model(x, y))


def test_operations_that_are_no_layers_are_refused():
    x = keras.Input((4,))
    with pytest.raises(UnsupportedError, match="no handler"):
        import_model(keras.Model(x, layers.Dense(2)(x) * 2.0))


def test_models_that_are_python_code_are_refused():
    model = MyModel()
    model(np.zeros((1, 4), np.float32))
    with pytest.raises(
        ModelError, match="is a MyModel, whose structure is Python code"
    ):
        import_model(model)
    x = keras.Input((4,))
    with pytest.raises(ModelError, match="MyFunctional"):
        import_model(MyFunctional(x, layers.Dense(2)(x)))
    nested = keras.Model(x, MyFunctional(x, layers.Dense(2)(x), name="nested")(x))
    with pytest.raises(ModelError, match="nested"):
        import_model(nested)


def test_several_inputs_are_refused():
    a, b = keras.Input((4,)), keras.Input((4,))
    with pytest.raises(ModelError, match="one input is supported"):
        import_model(keras.Model([a, b], layers.Add()([a, b])))


def test_a_free_input_shape_is_refused():
    x = keras.Input((None, None, 3))
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(x))
    with pytest.raises(ModelError, match=r"input shape \(None, None, 3\) is not fixed"):
        import_model(keras.Model(x, y))


def test_a_model_without_an_input_shape_is_refused():
    with pytest.raises(ModelError, match="has no input shape: give it an Input"):
        import_model(keras.Sequential([layers.Dense(2)]))


def test_a_class_has_one_handler():
    with pytest.raises(ValueError, match="MyScale has a handler already"):
        tfsnn.handles(MyScale)(my_scale)
    with pytest.raises(ValueError, match="Dense has a handler already"):
        tfsnn.handles(layers.Dense)(my_scale)


def test_what_a_handler_cannot_honour_is_data():
    class Gain(layers.Layer):
        mode = "odd"

        def call(self, x):
            return x

    tfsnn.handles(Gain, only={"mode": ("even", "flat")})(my_scale)
    try:
        ((_, _, why),) = refused(Gain())
        assert why == "mode='odd'; only 'even' or 'flat' is supported"
    finally:
        del tfsnn.handlers.registry._REGISTRY[Gain]
