"""Quiet TensorFlow, the same random numbers in every test, and the number of workers.

The process that deals out tests to workers (pytest-xdist) runs none. It need not wait
for TensorFlow, which is therefore imported by the fixtures.
"""

import gc
import os
import random
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# The kernels of every processor: by itself TensorFlow takes them only where they are
# fastest, and others lack dilated transposed convolutions and channels before pixels.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # processes compile the package once
os.environ.setdefault("TFSNN_CACHE", "")  # nothing in the user's own folder
if "PYTEST_XDIST_WORKER" in os.environ:  # more threads would compete with each other
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """None for files that are named: to import TensorFlow again would take longer.

    Otherwise as many as there are cores, as pytest-xdist has it.
    """
    named = [Path(argument.split("::")[0]) for argument in config.args]
    return 0 if all(path.is_file() for path in named) else None


def pytest_collection_finish():
    """Look for garbage less often, and not in what was imported."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(scope="session")
def _seeded_once():
    """TensorFlow too, which then builds the kernel of every operation anew."""
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture(autouse=True)
def _seeded(_seeded_once):
    """Python and NumPy, from which Keras draws the seeds of its layers."""
    import numpy as np

    random.seed(0)
    np.random.seed(0)


@pytest.fixture(scope="session", autouse=True)
def _one_machine():
    """As on one that computes in bfloat16: else what is chosen depends on it."""
    from tfsnn.hardware import bfloat16

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bfloat16, "instructions", lambda: bfloat16.FLAGS)
        bfloat16.computes_in_bfloat16.cache_clear()
        yield


@pytest.fixture
def rng():
    import numpy as np

    return np.random.default_rng(0)


@pytest.fixture
def sandbox(tmp_path, monkeypatch):
    """The working folder, with the files that the README and docs/ speak of."""
    import documents

    from tfsnn.hardware import energy, targets
    from tfsnn.sources.handlers import registry

    documents.write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    # What a page registers is for that page.
    monkeypatch.setattr(registry, "_REGISTRY", registry.registered())
    monkeypatch.setattr(energy, "_PROFILES", energy.profiles())
    monkeypatch.setattr(targets, "_TARGETS", targets.targets())
    return tmp_path


@pytest.fixture
def registry():
    """The neuron kinds; what a test registers is for that test."""
    from tfsnn.network.neurons import KINDS

    before = dict(KINDS)
    yield KINDS
    KINDS.clear()
    KINDS.update(before)


@pytest.fixture
def eager():
    """Of small networks a few steps run sooner than they are traced."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="session")
def calibrated():
    """By model: the graph and its statistics."""
    import models

    from tfsnn.conversion.statistics import calibrate
    from tfsnn.network.passes import simplify
    from tfsnn.sources import import_model

    found = {}
    for name in ("cnn", "residual", "depthwise", "reshaped"):
        model = models.randomise(models.MODELS[name]())
        graph = simplify(import_model(model))
        found[name] = graph, calibrate(graph, [models.samples(model, 30)])
    return found


@pytest.fixture(scope="session")
def exported_models(tmp_path_factory):
    """For a server: the folder of several, a spiking network of one, its samples."""
    import asking

    folder = tmp_path_factory.mktemp("exported") / "models"
    return folder, *asking.export(folder)


@pytest.fixture(scope="session")
def trained():
    """A convolutional network that has learnt something; and unseen data."""
    import keras
    import models
    import numpy as np
    from keras import layers

    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 300)
    x = rng.normal(0, 0.4, (300, 6, 6, 2)).astype(np.float32)
    for i, label in enumerate(y):
        x[i, 2 * label : 2 * label + 2, :, label % 2] += 1
    model = models.randomise(models.cnn())
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    model.fit(x[:200], y[:200], epochs=4, verbose=0)
    logits = keras.Sequential([keras.Input((6, 6, 2)), *model.layers[:-1]])
    logits.add(layers.Dense(3))
    logits.layers[-1].set_weights(model.layers[-1].get_weights())
    keras.utils.set_random_seed(0)  # as before
    return logits, x
