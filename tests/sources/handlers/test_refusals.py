"""What cannot be converted is refused, all of it at once; handlers of one's own."""

import keras
import numpy as np
import pytest
from keras import layers, ops
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


LAYERS = [
    (layers.Lambda(lambda x: x + 1), "it is Python code", (4,)),
    (layers.Hashing(3), "it reads text or looks values up", (4,)),
    (layers.AutoContrast(), "its own darkest and brightest values", (6, 5, 3)),
    (layers.RandomCrop(3, 3), "it crops and resizes", (6, 5, 3)),
    (MyDense(3), "no handler for this class", (4,)),
    (layers.Dense(3, activation=swish), "'swish' is not known", (4,)),
    (layers.ReLU(0.0), "max_value=0.0 leaves no activation", (4,)),
    (layers.Concatenate(0), "axis=0 is the batch", [(3, 4)] * 2),
    (layers.MultiHeadAttention(1, 2, use_gate=True), "use_gate", [(3, 4), (3, 4)]),
    (layers.MultiHeadAttention(1, 2), "(B, T, C)", [(2, 3, 4), (2, 3, 4)]),
    (layers.CenterCrop(9, 9), "smaller than what is cropped", (6, 5, 2)),
    (layers.Resizing(3, 3, crop_to_aspect_ratio=True), "crop_to", (6, 5, 2)),
]


def problems_of(function, *shapes, dtype="float32"):
    """Why a function of inputs of these shapes is refused."""
    xs = [keras.Input(shape, dtype=dtype) for shape in shapes or [(3, 4)]]
    model = keras.Model(xs, function(*xs))
    with pytest.raises(UnsupportedError) as caught:
        import_model(model)
    return caught.value.problems


@pytest.mark.parametrize(
    ("layer", "reason", "shape"),
    [pytest.param(*case, id=type(case[0]).__name__) for case in LAYERS],
)
def test_a_layer_is_refused_with_its_reason(layer, reason, shape):
    shapes = shape if isinstance(shape, list) else [shape]
    if len(shapes) > 1 and not isinstance(layer, layers.MultiHeadAttention):
        problems = problems_of(lambda *xs: layer([*xs]), *shapes)
    else:
        problems = problems_of(layer, *shapes)
    ((name, kind, why),) = problems
    assert (name, kind) == (layer.name, type(layer).__name__)
    assert reason in why


ROWS = [(0, 0), (1, 0), (0, 0)]
BATCH = "is the batch: samples would be mixed"
OPERATIONS = {
    "argmax": (lambda x: ops.argmax(x, -1), "it gives places, not values"),
    "ravel": (ops.ravel, "it mixes the samples of a batch"),
    "vectorized_map": (lambda x: ops.vectorized_map(ops.exp, x), "runs or repeats"),
    "qr": (ops.qr, "it takes a matrix apart"),
    "fft2": (lambda x: ops.fft2((x, x))[0], "Fourier transform in two dimensions"),
    "angle": (ops.angle, "it works on complex numbers"),
    "bits": (lambda x: ops.bitwise_not(ops.cast(x, "int32")), "bits or divisors"),
    "nansum": (lambda x: ops.nansum(x, 1), "it leaves missing values (NaN) out"),
    "loss": (lambda x: ops.binary_crossentropy(x, x), "it is a loss"),
    "size": (ops.size, "it makes an array from numbers that the model computes"),
    "sum, axis 0": (lambda x: ops.sum(x, 0), f"axis=0 {BATCH}"),
    "mean, axis -3": (lambda x: ops.mean(x, (-3, 1)), f"axis=-3 {BATCH}"),
    "max, axis None": (ops.max, "axis=None includes the batch"),
    "softmax, axis 0": (lambda x: ops.softmax(x, 0), BATCH),
    "x[0]": (lambda x: x[0], "[0] on the batch"),
    "x[:, signal]": (lambda x: ops.take(x, ops.cast(x, "int32"), 1), "its indices"),
    "reshape": (lambda x: ops.reshape(x, (-1, 4)), "mixes samples"),
    "flatten": (lambda x: ops.reshape(x, -1), "mixes samples"),
    "reshape, batch behind": (lambda x: ops.reshape(x, (3, -1, 4)), "mixes samples"),
    "transpose": (ops.transpose, "moves the batch"),
    "swapaxes": (lambda x: ops.swapaxes(x, 0, 1), BATCH),
    "moveaxis": (lambda x: ops.moveaxis(x, 0, 1), BATCH),
    "expand_dims": (lambda x: ops.expand_dims(x, 0), BATCH),
    "concatenate": (lambda x: ops.concatenate([x, x], 0), BATCH),
    "stack": (lambda x: ops.stack([x, x], 0), BATCH),
    "split": (lambda x: ops.split(x, 2, 0), BATCH),
    "repeat, axis 0": (lambda x: ops.repeat(x, 2, 0), BATCH),
    "repeat, no axis": (lambda x: ops.repeat(x, 2), "axis=None includes the batch"),
    "tile": (lambda x: ops.tile(x, (2, 1, 1)), "repeats samples"),
    "roll": (lambda x: ops.roll(x, 1, 0), BATCH),
    "roll, no axis": (lambda x: ops.roll(x, 1), "axis=None includes the batch"),
    "cumsum, no axis": (lambda x: ops.cumsum(x), "axis=None includes the batch"),
    "diagonal": (lambda x: ops.diagonal(x), "from one sample to another"),
    "slice": (lambda x: ops.slice(x, (0, 0, 0), (1, 2, 2)), "from one sample to"),
    "rot90": (lambda x: ops.rot90(x), "from one sample to another"),
    "flip": (lambda x: ops.flip(x, 0), BATCH),
    "take": (lambda x: ops.take(x, [0], 0), BATCH),
    "take, no axis": (lambda x: ops.take(x, [0]), "axis=None includes the batch"),
    "pad": (lambda x: ops.pad(x, 1), "the batch is padded"),
    "pad, mode": (lambda x: ops.pad(x, ROWS, "edge"), "mode='edge'"),
    "several samples": (lambda x: x + np.ones((2, 3, 4)), "several samples"),
    "in a layer": (lambda x: layers.Add()([x, np.ones((2, 3, 4))]), "for 2 samples"),
    "dot": (lambda x: ops.dot(x, ops.transpose(x, (0, 2, 1))), "every sample with"),
    "constant . x": (lambda x: ops.dot(np.ones((2, 3)), x), "axes before the batch"),
    "einsum, batch last": (lambda x: ops.einsum("bij->ijb", x), "mixes samples"),
    "quantiles": (lambda x: ops.quantile(x, [0.1, 0.2], 1), "several q"),
    "nuclear norm": (lambda x: ops.norm(x, "nuc", (1, 2)), "a norm of matrices"),
    "einsum of samples": (lambda x: ops.einsum("bij,bk->ik", x, x[:, 0]), "mixes"),
    "clip, one bound": (lambda x: ops.clip(x, None, 1.0), "one of its bounds is None"),
    "clip": (lambda x: ops.clip(x, 1.0, 1.0), "leave nothing"),
    "saturate_cast": (lambda x: ops.saturate_cast(x, "int8"), "to int8"),
    "where it is true": (lambda x: ops.where(x > 0), "its shape is not fixed"),
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_refused_with_its_reason(name):
    function, reason = OPERATIONS[name]
    ((*_, why),) = problems_of(function)
    assert reason in why


def test_a_kernel_is_a_constant():
    x, kernel = keras.Input((7, 4)), keras.Input(batch_shape=(3, 4, 2))
    model = keras.Model([x, kernel], ops.conv(x, kernel))
    with pytest.raises(UnsupportedError, match="its kernel is computed in the model"):
        import_model(model)


@pytest.mark.parametrize("function", [ops.add, ops.matmul, ops.maximum, ops.divide])
def test_signals_of_other_numbers_of_axes_are_refused(function):
    ((*_, why),) = problems_of(function, (3, 4), (4,))
    assert "would be mixed" in why


@pytest.mark.parametrize(
    "function",
    [lambda x, m: layers.GroupQueryAttention(2, 2, 1)(x, x, value_mask=m)],
)
def test_a_mask_that_is_an_argument_is_refused(function):
    ((*_, why),) = problems_of(function, (3, 4), (3,))
    assert "mask" in why


def test_numbers_of_an_embedding_are_an_input():
    ((*_, why),) = problems_of(lambda x: layers.Embedding(5, 3)(x + 1), (4,))
    assert "its numbers are computed in the model" in why


def test_all_layers_are_named_at_once():
    problems = refused(
        layers.Conv2D(3, 3, activation=swish, name="one"),
        layers.AutoContrast(name="two"),
        layers.Conv2D(3, 3, name="fine"),
        layers.Lambda(lambda x: x, name="three"),
        layers.Flatten(),
        MyDense(3, name="four"),
    )
    assert [name for name, *_ in problems] == ["one", "two", "three", "four"]


def test_layers_of_nested_models_are_named_with_their_model():
    inner = keras.Sequential([keras.Input((4,)), MyDense(4, name="mine")], name="inner")
    ((name, *_),) = refused(inner, layers.Dense(2), shape=(4,))
    assert name == "inner/mine"


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


def test_a_free_input_shape_is_refused():
    x = keras.Input((None, None, 3))
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(x))
    with pytest.raises(ModelError, match=r"of free size, \?,\?,3"):
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
        assert why.startswith("mode='odd'; only 'even' or 'flat' is supported: build ")
    finally:
        del tfsnn.sources.handlers.registry._REGISTRY[Gain]
