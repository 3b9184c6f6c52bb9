"""A damaged SavedModel opens as it was, or is refused in one message."""

import random
import shutil

import keras
import models
import numpy as np
import pytest
from keras import layers
from saved_model_files import edit, export

from tfsnn.errors import ModelError
from tfsnn.sources import load_model

MUTANTS = 60  # of each kind


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A small network with operations of many kinds, and its bytes."""
    x = keras.Input((6, 6, 2))
    y = layers.Conv2D(4, 3, strides=2, padding="same")(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = layers.Concatenate()([layers.MaxPooling2D(2)(y), layers.AveragePooling2D(2)(y)])
    y = layers.Softmax()(layers.Dense(3)(layers.Flatten()(y)))
    return export(keras.Model(x, y), tmp_path_factory.mktemp("whole") / "m")


def flipped(rng, path):
    """Some bytes of the file are others."""
    file = path / "saved_model.pb"
    content = bytearray(file.read_bytes())
    for _ in range(rng.choice((1, 1, 2, 8))):
        content[rng.randrange(len(content))] = rng.randrange(256)
    file.write_bytes(content)


def cut(rng, path):
    """A part of the file is missing, or is there twice."""
    file = path / "saved_model.pb"
    content = file.read_bytes()
    begin, end = sorted(rng.randrange(len(content)) for _ in range(2))
    parts = (content[:begin], content[begin:end], content[end:])
    file.write_bytes(b"".join(rng.choice((parts[::2], parts[:2], (*parts, parts[1])))))


def rewired(rng, path):
    """A node has another operation, input, name or attribute."""

    def change(meta_graph):
        functions = meta_graph.graph_def.library.function
        wanted = [f for f in functions if "save" not in f.signature.name]
        nodes = [node for f in wanted for node in f.node_def]
        for _ in range(rng.choice((1, 1, 3))):
            _change_node(rng, rng.choice(nodes), rng.choice(nodes))

    edit(path, change)


def _change_node(rng, node, other):
    what = rng.randrange(7)
    if what == 0:
        node.op = other.op
    elif what == 1 and node.input:
        node.input[rng.randrange(len(node.input))] = rng.choice(
            (
                f"{other.name}:output:0",
                f"{other.name}:y:{rng.randrange(9)}",
                "nothing:0",
            )
        )
    elif what == 2 and node.input:
        del node.input[rng.randrange(len(node.input))]
    elif what == 3:
        node.name = other.name
    elif node.attr:
        name = rng.choice(sorted(node.attr))
        value = node.attr[name]
        if what == 4:
            del node.attr[name]
        elif value.HasField("list") and value.list.i:
            value.list.i[rng.randrange(len(value.list.i))] = rng.choice(ODD)
        elif value.HasField("i"):
            value.i = rng.choice(ODD)
        elif value.HasField("type"):
            value.type = rng.randrange(30)
        elif value.HasField("tensor"):
            _change_tensor(rng, value.tensor)
        elif value.HasField("s"):
            value.s = rng.choice((b"", b"VALID", b"NCHW", b"\xff", b"x" * 300))


ODD = (-1, 0, 1, 7, 2**31 - 1, 2**31, 2**62, -(2**63))


def _change_tensor(rng, tensor):
    what = rng.randrange(4)
    if what == 0:
        tensor.tensor_shape.dim.add(size=rng.choice(ODD))
    elif what == 1 and tensor.tensor_shape.dim:
        tensor.tensor_shape.dim[0].size = rng.choice(ODD)
    elif what == 2:
        tensor.dtype = rng.randrange(30)
    else:
        tensor.tensor_content = rng.randbytes(rng.randrange(40))


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage", [flipped, cut, rewired], ids=lambda each: each.__name__
)
def test_it_opens_or_is_refused(whole, tmp_path, damage):
    x = np.random.default_rng(0).normal(size=(3, 6, 6, 2)).astype(np.float32)
    path, opened, rng = tmp_path / "m", 0, random.Random(0)
    for seed in range(MUTANTS):
        shutil.copytree(whole, path, dirs_exist_ok=True)
        rng.seed(f"{damage.__name__} {seed}")
        damage(rng, path)
        try:
            model = load_model(path)
        except ModelError as error:
            assert "this is an error in tfsnn" not in str(error), seed
            assert str(error).count("\n") < 8 and len(str(error)) < 2000, seed
        else:
            opened += 1
            assert np.isfinite(model(x)).all() or damage is rewired, seed
        shutil.rmtree(path)
    assert opened < MUTANTS


@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
def test_a_damaged_checkpoint(tmp_path, part):
    path = export(models.mlp(), tmp_path / "m")
    file = path / "variables" / f"variables.{part}"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    for damaged in (content, content[: len(content) // 3], b""):
        file.write_bytes(damaged)
        with pytest.raises(ModelError, match=rf"^{path}: its checkpoint.*export"):
            load_model(path)
