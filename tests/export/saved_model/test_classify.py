"""The signature that names classes, for outputs of each task that has some."""

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfsnn
from tfsnn.errors import OptionError
from tfsnn.export.saved_model.writing import export_saved_model


def converted(*last):
    model = keras.Sequential([keras.Input((6,)), layers.Dense(8, "relu"), *last])
    model = models.randomise(model)
    x = models.samples(model, 20)
    return tfsnn.convert(model, x, timesteps=4), x


@pytest.mark.slow
@pytest.mark.parametrize("head", ["sigmoid", "linear"])
def test_yes_or_no_has_two_names(head, tmp_path):
    snn, x = converted(layers.Dense(1, head))
    snn.report.tasks[snn.outputs_known[0].name] = "binary"
    (tmp_path / "names").write_text("cat\ndog\n")
    found = export_saved_model(snn, tmp_path / "m", class_names=tmp_path / "names")
    classify = tf.saved_model.load(str(found.path)).signatures["classify"]
    records = [
        tf.train.Example(
            features=tf.train.Features(
                feature={
                    "inputs": tf.train.Feature(float_list=tf.train.FloatList(value=row))
                }
            )
        ).SerializeToString()
        for row in x
    ]
    (given,) = classify.structured_input_signature[1]
    answers = classify(**{given: tf.constant(records)})
    outputs = snn.predict(x, verbose=0)[:, 0]
    no = 1 - outputs if head == "sigmoid" else np.zeros(len(x))
    yes = outputs > no
    expected = [[b"dog", b"cat"] if each else [b"cat", b"dog"] for each in yes]
    assert answers["classes"].numpy().tolist() == expected
    scores = np.sort(np.stack([no, outputs], 1))[:, ::-1]
    np.testing.assert_allclose(answers["scores"], scores, atol=1e-6)


def test_numbers_have_no_names(tmp_path):
    snn, _ = converted(layers.Dense(1))
    (tmp_path / "names").write_text("cat\ndog\n")
    with pytest.raises(OptionError, match=r"judged as regression: leave them out"):
        export_saved_model(snn, tmp_path / "m", class_names=tmp_path / "names")
