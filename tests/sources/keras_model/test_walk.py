"""The walk through models of every structure: nested, shared, several outputs."""

import keras
import numpy as np
import pytest
from handler_cases import check
from keras import layers, ops

from tfsnn.errors import ModelError
from tfsnn.network.nodes import Rate
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


def list_of_inputs():
    """Of one shape, so that an exchange is not noticed by it."""
    a, b = keras.Input((4,)), keras.Input((4,))
    return keras.Model([b, a], layers.Subtract()([layers.Dense(4)(a), b]))


def dict_of_inputs():
    """Its keys are neither the names of the inputs nor in their order."""
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    inputs = {"z": a, "y": b}
    return keras.Model(inputs, layers.Subtract()([layers.Dense(3)(a), b]))


def an_input_that_no_output_needs():
    a, b = keras.Input((4,)), keras.Input((3,))
    return keras.Model([a, b], layers.Dense(2)(a))


def nested_with_several_inputs():
    a, b = keras.Input((4,)), keras.Input((4,))
    inner = keras.Model([a, b], layers.Subtract()([a, layers.Dense(4)(b)]))
    x, y = keras.Input((4,)), keras.Input((4,))
    return keras.Model([x, y], inner([y, inner([x, y])]))


def nested_with_a_dict_of_inputs():
    inner = dict_of_inputs()
    x, y = keras.Input((3,)), keras.Input((4,))
    return keras.Model([x, y], inner({"y": x, "z": layers.ReLU()(y)}))


def nested_with_a_dict_of_outputs():
    x = inside = keras.Input((4,))
    two = {"b": layers.Dense(3)(inside), "a": layers.Dense(3)(inside)}
    found = keras.Model(inside, two)(x)
    return keras.Model(x, layers.Subtract()([found["a"], found["b"]]))


def operations_in_a_nested_model():
    inside = keras.Input((3, 4))
    inner = keras.Model(inside, 1 - ops.mean(inside, 1) * np.float32([[1, 2, 3, 4]]))
    x = keras.Input((3, 4))
    return keras.Model(x, inner(ops.tanh(x)) + inner(x[:, ::-1]))


def a_model_in_a_wrapper_twice():
    """The steps of a sequence have nodes of their own, the layers inside one record."""
    inner = keras.Sequential(
        [keras.Input((6, 2)), layers.Conv1D(3, 2, activation="relu"), layers.Flatten()]
    )
    wrapped = layers.TimeDistributed(inner)
    x = keras.Input((2, 6, 2))
    return keras.Model(x, layers.Add()([wrapped(x), wrapped(x * 2)]))


def an_activation_that_is_a_layer():
    x = keras.Input((6,))
    alike = layers.LeakyReLU(0.3)
    a = layers.Dense(4, activation=alike)(x)
    return keras.Model(x, layers.Dense(3, activation=layers.ELU())(alike(a)))


def positions():
    """An embedding of a constant, added to what comes in; a class token before it."""
    x = keras.Input((3, 4))
    places = layers.Embedding(3, 4)(np.arange(3)[None])
    token = layers.Dense(4)(np.ones((1, 1, 1), np.float32)) + 0 * x[:, :1]
    return keras.Model(x, layers.Concatenate(1)([token, layers.Add()([x, places])]))


@pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict")
@pytest.mark.parametrize(
    "build",
    [
        list_of_inputs,
        dict_of_inputs,
        an_input_that_no_output_needs,
        nested_with_several_inputs,
        nested_with_a_dict_of_inputs,
        nested_with_a_dict_of_outputs,
        operations_in_a_nested_model,
        a_model_in_a_wrapper_twice,
        an_activation_that_is_a_layer,
        positions,
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


def test_inputs_are_those_of_the_model_by_name_in_order():
    a, b = keras.Input((4,), name="first"), keras.Input((3,), name="second")
    y = layers.Concatenate()([a, b])
    assert import_model(keras.Model([b, a], y)).inputs == {
        "second": (3,),
        "first": (4,),
    }


def test_text_is_refused():
    x = keras.Input((1,), dtype="string")
    y = layers.Dense(2)(layers.StringLookup(vocabulary=["a", "b"])(x))
    with pytest.raises(ModelError, match="--from string_lookup"):
        import_model(keras.Model(x, y))


def test_one_of_several_inputs_without_a_fixed_shape_is_refused():
    a, b = keras.Input((4,)), keras.Input((None, 4), name="free")
    y = layers.Add()([a, layers.GlobalAveragePooling1D()(b)])
    with pytest.raises(ModelError, match=r"the input free is of free size, \?,4"):
        import_model(keras.Model([a, b], y))


class NoConfig(keras.layers.Layer):
    """A layer whose arguments Keras does not know."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)


def test_a_layer_without_a_config_is_refused():
    x = keras.Input((4,))
    model = keras.Model(x, NoConfig(lambda x: x)(x))
    with pytest.raises(ModelError, match=r"NoConfig.*get_config"):
        import_model(model)
