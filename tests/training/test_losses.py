"""Losses and metrics of each step's output, against NumPy."""

import keras
import numpy as np
import pytest

from tfsnn.errors import OptionError
from tfsnn.training import EachStep, OfMean

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(5, 3, 4)).astype(np.float32)  # (B, T, K)
LABELS = np.array([0, 3, 1, 1, 2])
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def cross_entropies(logits, labels):
    """Of each sample and step, ``(B, T)``."""
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return -np.take_along_axis(log_p, labels[:, None, None], 2)[..., 0]


@pytest.mark.parametrize("labels", [LABELS, LABELS[:, None]])
def test_the_loss_is_the_mean_of_each_steps_loss(labels):
    expected = cross_entropies(LOGITS.astype(float), LABELS).mean()
    assert float(EachStep(CROSS_ENTROPY)(labels, LOGITS)) == pytest.approx(expected)


def test_the_target_term_and_sample_weights():
    each = cross_entropies(LOGITS.astype(float), LABELS).mean(1)
    drawn = ((LOGITS - 0.5) ** 2).mean((1, 2))
    weights = np.array([0, 1, 2, 0, 1.0], np.float32)
    found = EachStep(CROSS_ENTROPY, 0.05, 0.5)(LABELS, LOGITS, weights)
    expected = ((0.95 * each + 0.05 * drawn) * weights).sum() / 5
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_one_output_and_one_number_for_each_label():
    y = np.array([0, 1, 1, 0, 1])
    logits = LOGITS[..., :1]
    step = np.maximum(logits, 0) - logits * y[:, None, None]
    step = step + np.log1p(np.exp(-np.abs(logits)))
    loss = EachStep(keras.losses.BinaryCrossentropy(from_logits=True))
    assert float(loss(y, logits)) == pytest.approx(step.mean(), rel=1e-5)
    assert float(loss(y[:, None], logits)) == pytest.approx(step.mean(), rel=1e-5)


def test_places_keep_their_losses():
    """Outputs (B, T, places, K): the mean over T alone, and then over the rest."""
    targets, outputs = RNG.normal(size=(2, 6, 3)), RNG.normal(size=(2, 4, 6, 3))
    values = EachStep("mean_squared_error").call(targets, outputs)
    expected = ((outputs - targets[:, None]) ** 2).mean(-1).mean(1)
    np.testing.assert_allclose(values, expected, rtol=1e-5)


def test_a_model_with_both_is_trained_saved_and_loaded(tmp_path):
    model = keras.Sequential([keras.Input((3, 6)), keras.layers.Dense(4)])
    x = RNG.normal(size=(5, 3, 6)).astype(np.float32)
    model.compile("sgd", EachStep(CROSS_ENTROPY, 0.1), metrics=[OfMean()])
    model.fit(x, LABELS, verbose=0)
    expected = (model(x).numpy().mean(1).argmax(1) == LABELS).mean()
    loss, accuracy = model.evaluate(x, LABELS, verbose=0)
    assert accuracy == pytest.approx(expected)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.evaluate(x, LABELS, verbose=0) == pytest.approx([loss, accuracy])
    assert isinstance(loaded.loss, EachStep) and loaded.loss.target_weight == 0.1


def test_what_fits_no_loss_is_refused():
    with pytest.raises(OptionError, match="target_weight=2 must be 0 to 1"):
        EachStep(CROSS_ENTROPY, 2)
    with pytest.raises(OptionError, match=r"is no keras.losses.Loss: give one"):
        EachStep(keras.losses.mean_squared_error)
    with pytest.raises(OptionError, match=r"outputs \(5, 4\) have no steps"):
        EachStep(CROSS_ENTROPY)(LABELS, LOGITS[:, 0])
