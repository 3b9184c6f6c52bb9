"""The walk through models of every structure: nested, shared, several outputs."""

import keras
import pytest
from keras import layers
from test_handlers import check

from tfsnn.errors import ModelError
from tfsnn.nodes import Rate
from tfsnn.sources import import_model


def block(name, filters=2):
    x = keras.Input((6, 6, 2))
    y = layers.Conv2D(filters, 3, padding="same", activation="relu", name="conv")(x)
    y = layers.BatchNormalization(name="bn")(y)
    return keras.Model(x, layers.Add(name="add")([x, y]), name=name)


def nested():
    """A model in a model in a model; the inner one twice, with the same weights."""
    x = keras.Input((6, 6, 2))
    inner = block("inner")
    tower = keras.Sequential(
        [keras.Input((6, 6, 2)), inner, layers.ReLU()], name="tower"
    )
    return keras.Model(x, layers.Flatten()(inner(tower(x))))


def shared_layers():
    """One layer called three times, with an activation of its own."""
    x = keras.Input((6, 6, 2))
    conv = layers.Conv2D(2, 3, padding="same", activation="relu")
    return keras.Model(x, layers.Add()([conv(x), conv(conv(x))]))


def out_of_order():
    """The config lists a shared layer before the layer that its second call reads."""
    x = keras.Input((6, 6, 2))
    relu, conv = layers.ReLU(), layers.Conv2D(2, 1)
    return keras.Model(x, relu(conv(relu(x))))


def sequential_in_functional():
    x = keras.Input((6, 6, 2))
    stack = [layers.Conv2D(2, 3), layers.ReLU(), layers.Flatten(), layers.Dense(3)]
    return keras.Model(x, layers.Softmax()(keras.Sequential(stack)(x)))


def list_of_outputs():
    x = keras.Input((6, 6, 2))
    a = layers.Conv2D(3, 3, activation="relu")(x)
    return keras.Model(x, [layers.Flatten()(a), a, layers.Softmax()(a)])


def dict_of_outputs():
    x = keras.Input((6, 6, 2))
    a = layers.Conv2D(3, 3, activation="relu")(x)
    return keras.Model(x, {"wide": layers.Flatten()(a), "classes": layers.Softmax()(a)})


def an_output_twice():
    x = keras.Input((6, 6, 2))
    y = layers.Softmax()(x)
    return keras.Model(x, [y, y])


def nested_with_two_outputs():
    x, inside = keras.Input((6, 6, 2)), keras.Input((6, 6, 2))
    two = [layers.Conv2D(2, 3, padding="same")(inside), layers.ReLU()(inside)]
    a, b = keras.Model(inside, two)(x)
    return keras.Model(x, layers.Concatenate()([b, a]))


def nested_at_the_end_twice():
    """Its calls are counted from 1 in the config's outputs, else from 0."""
    x, inside = keras.Input((6, 6, 2)), keras.Input((6, 6, 2))
    inner = keras.Model(inside, layers.Conv2D(2, 3, padding="same")(inside))
    between = layers.ReLU()(inner(x))
    return keras.Model(x, [inner(between), between])


def nested_sequential_at_the_end():
    x = keras.Input((6, 6, 2))
    inner = keras.Sequential([keras.Input((6, 6, 2)), layers.Conv2D(2, 3)])
    return keras.Model(x, inner(layers.ReLU()(x)))


def functional_in_sequential():
    return keras.Sequential([keras.Input((6, 6, 2)), layers.ReLU(), block("last")])


def a_layer_that_no_output_needs():
    x, inside = keras.Input((6, 6, 2)), keras.Input((6, 6, 2))
    two = [layers.Conv2D(2, 3)(inside), layers.Conv2D(2, 1)(inside)]
    return keras.Model(x, keras.Model(inside, two)(x)[1])


def called_for_training():
    """Inference, as by ``predict``, overrides the argument: so does the conversion."""
    x = keras.Input((6, 6, 2))
    y = layers.BatchNormalization()(layers.Conv2D(2, 3)(x), training=True)
    return keras.Model(x, layers.Dropout(0.5)(y, training=True))


@pytest.mark.parametrize(
    "build",
    [
        nested,
        shared_layers,
        out_of_order,
        sequential_in_functional,
        list_of_outputs,
        dict_of_outputs,
        an_output_twice,
        nested_with_two_outputs,
        nested_at_the_end_twice,
        nested_sequential_at_the_end,
        functional_in_sequential,
        a_layer_that_no_output_needs,
        called_for_training,
    ],
    ids=lambda build: build.__name__,
)
def test_models_of_every_structure(build):
    check(build())


def test_a_layer_that_no_output_needs_is_told_of():
    fates = [r.fate for r in check(a_layer_that_no_output_needs()).layers]
    assert fates.count("dropped: no output needs it") == 1


def test_nodes_of_nested_models_are_told_apart():
    graph = check(nested())
    assert [node.name for node in graph.of_kind(Rate)] == [
        "tower/inner/conv_relu",
        "tower/" + graph.of_kind(Rate)[1].layer.removeprefix("tower/"),
        "inner/conv_relu",
    ]


def test_nested_outputs_are_refused():
    x = keras.Input((3,))
    y = keras.layers.Dense(2)(x)
    model = keras.Model(x, {"a": [y, keras.layers.ReLU()(y)]})
    with pytest.raises(ModelError, match="its outputs are nested"):
        import_model(model)
