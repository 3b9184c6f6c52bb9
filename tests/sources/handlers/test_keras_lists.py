"""Every function of keras.ops and every class of keras.layers is decided.

It is translated by a handler, refused with a reason and a way out, or nothing that a
model could hold. A function or class that a new Keras brings fails here until then.
"""

import inspect

import keras
import pytest
from keras import layers
from keras_operations import ALIASES, NO_OPERATION, functions, operation_of

from tfsnn.sources.handlers import (
    Builder,
    Unsupported,
    operation_refusals,
    refusals,
    registered,
    registered_operations,
)
from tfsnn.sources.handlers.registry import translate

FUNCTIONS = functions()
OPERATIONS = {name: operation_of(name, f) for name, f in FUNCTIONS.items()}
# Bases of other classes, and what stands for the input of a model.
NO_LAYER = {layers.InputLayer, layers.InputSpec, layers.Layer, layers.Wrapper}


def test_every_function_of_keras_ops_is_decided():
    decided = {*registered_operations(), *operation_refusals(), None}
    missing = {name for name, made in OPERATIONS.items() if made not in decided}
    assert not missing, (
        f"add handlers of {missing} to tfsnn/sources/handlers/ops, or refuse them there"
    )


def test_what_is_decided_is_in_keras_ops():
    translated, refused = {*registered_operations()}, {*operation_refusals()}
    assert not translated & refused
    assert translated | refused == {*OPERATIONS.values()} - {None}
    assert {*NO_OPERATION, *ALIASES} <= {*FUNCTIONS}


@pytest.mark.parametrize("operation", operation_refusals())
def test_a_refused_operation_is_refused_with_its_reason(operation):
    (made,) = {
        getattr(inspect.getmodule(FUNCTIONS[name]), operation)
        for name, each in OPERATIONS.items()
        if each == operation
    }
    with pytest.raises(Unsupported) as caught:
        translate(keras.Operation.__new__(made), [], Builder())
    assert str(caught.value) == f"it {operation_refusals()[operation]}"


def test_reasons_say_what_is_done_and_what_to_do():
    for reason in {*operation_refusals().values(), *refusals().values()}:
        what, way = reason.split(": ", 1)
        assert len(what) > 15 and len(way) > 15 and not reason.endswith(".")


def test_every_layer_of_keras_is_decided():
    classes = {
        value
        for name, value in vars(layers).items()
        if isinstance(value, type) and not name.startswith("_")
    }
    decided = NO_LAYER | {*registered()}
    missing = {
        kind.__name__
        for kind in classes - decided
        if not issubclass(kind, tuple(refusals()))
    }
    assert len(classes) > 100 and not missing, f"decide about {missing}"
    assert not {*registered()} & {*refusals()}
