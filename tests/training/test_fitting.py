"""The training loop: what it keeps, how it stops, and that it continues exactly."""

import keras
import numpy as np
import pytest

from tfsnn.data import open_data
from tfsnn.errors import DataError, ModelError, OptionError, OutputError
from tfsnn.training import checkpoint
from tfsnn.training import samples as of_samples
from tfsnn.training.fitting import fit
from tfsnn.training.run import Run
from tfsnn.training.samples import Samples
from tfsnn.training.scoring import Scoring
from tfsnn_numpy.judging import Judging
from tfsnn_numpy.tasks import Output

OUTPUT = Output("y", (3,), "softmax")
DRAWN = np.random.default_rng(0)
X = DRAWN.random((40, 4), np.float32)
Y = X[:, :3].argmax(1)


def model(rate=0.1, seed=1):
    keras.utils.set_random_seed(seed)
    layers = [keras.Input((4,)), keras.layers.Dense(3, activation="softmax")]
    made = keras.Sequential(layers)
    optimiser = keras.optimizers.SGD(rate, momentum=0.9)
    made.compile(optimiser, "sparse_categorical_crossentropy")
    return made


def samples(x=X, y=Y, batch_size=8, seed=5):
    data = open_data((x, y), {"x": (4,)})
    made = Samples(data, Judging.of([OUTPUT], data), batch_size, seed)
    made.check()
    return made


def scoring():
    data = open_data((X, Y), {"x": (4,)})
    return Scoring(data, Judging.of([OUTPUT], data))


def weights(network):
    return np.concatenate([w.ravel() for w in network.get_weights()])


def test_it_learns_and_keeps_the_best():
    network, score = model(0.5), scoring()
    found = fit(network, samples(), score, Run(epochs=12))
    assert found.losses[-1] < found.losses[0] / 1.5
    assert found.best > 0 and found.scores[found.best] == max(found.scores)
    assert score(network).value == max(found.scores)
    assert (found.epochs, found.steps, found.stopped) == (12, 60, None)


def test_worse_weights_are_not_kept():
    network = model(0.5)
    fit(network, samples(), scoring(), Run(epochs=12))
    before = weights(network)
    wrong = samples(y=(Y + 1) % 3)
    found = fit(network, wrong, scoring(), Run(epochs=4))
    assert found.best == 0 and found.scores[-1] < found.scores[0]
    assert np.array_equal(weights(network), before)


@pytest.mark.parametrize("killed_at", [2, 5, 8])
def test_a_run_that_was_killed_continues_exactly(tmp_path, killed_at):
    class Killed(Exception):
        """Stands for the end of the process."""

    def kill(position):
        if position.step == killed_at + 1:
            raise Killed

    path = tmp_path / "run.checkpoint.npz"
    whole = model()
    fit(whole, samples(), scoring(), Run(epochs=3))
    with pytest.raises(Killed):
        fit(
            model(),
            samples(),
            scoring(),
            Run(epochs=3, checkpoint=path, watch=kill, seconds=0.0),
        )
    seen = []
    other = model(seed=2)  # its own weights do not matter
    found = fit(
        other, samples(), scoring(), Run(epochs=3, checkpoint=path, watch=seen.append)
    )
    steps = [position.step for position in seen]
    assert steps[0] <= killed_at + 1 and steps == [*range(steps[0], 16)]
    assert np.array_equal(weights(other), weights(whole))
    assert len(found.scores) == 4 and found.steps == 15


def test_ctrl_c_keeps_the_best_so_far(tmp_path):
    def interrupt(position):
        if position.step == 33:
            raise KeyboardInterrupt

    path = tmp_path / "run.checkpoint.npz"
    network = model(0.5)
    run = Run(epochs=12, checkpoint=path, watch=interrupt)
    found = fit(network, samples(), scoring(), run)
    assert found.interrupted and found.stopped == "interrupted at step 33 of 60"
    assert scoring()(network).value == max(found.scores) > found.scores[0]
    continued = fit(model(0.5), samples(), scoring(), Run(epochs=12, checkpoint=path))
    assert continued.steps == 60 and continued.stopped is None


def test_nan_stops_at_once():
    network = model(float("inf"))
    found = fit(network, samples(), scoring(), Run(epochs=3))
    assert "became NaN or infinite at step" in found.stopped and found.steps < 4
    assert np.isfinite(weights(network)).all()
    assert scoring()(network).value == max(found.scores)


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    path, save, written = tmp_path / "run.checkpoint.npz", np.savez, []

    def filling(file, **arrays):
        written.append(file)
        if len(written) > 1:
            file.write_bytes(b"half")
            raise OSError(28, "No space left on device")
        save(file, **arrays)

    monkeypatch.setattr(checkpoint.np, "savez", filling)
    with pytest.raises(OutputError, match=r"No space left on device.*free some space"):
        fit(model(), samples(), scoring(), Run(epochs=3, checkpoint=path))
    assert [*tmp_path.iterdir()] == [path]
    assert len(checkpoint.Checkpoint.read(path).facts["losses"]) == 1


@pytest.mark.parametrize("change", ["epochs", "seed", "batch_size"])
def test_the_checkpoint_of_another_run_is_refused(tmp_path, change):
    path = tmp_path / "run.checkpoint.npz"
    fit(model(), samples(), scoring(), Run(epochs=1, checkpoint=path))
    given = {"epochs": 1, "seed": 5, "batch_size": 8, change: 4}
    epochs = given.pop("epochs")
    with pytest.raises(OptionError, match=f"another run: it differs in {change}"):
        fit(model(), samples(**given), scoring(), Run(epochs, path))


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "run.checkpoint.npz"
    path.write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"no checkpoint.*remove it"):
        fit(model(), samples(), scoring(), Run(1, path))


def test_a_model_without_weights_to_train_is_refused():
    network = model()
    network.trainable = False
    with pytest.raises(ModelError, match="no weights to train"):
        fit(network, samples(), scoring(), Run())


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, np.where(np.arange(40) == 33, 3, Y), "label 3, which is out of range"),
        (np.where(np.arange(40)[:, None] == 9, np.nan, X), Y, "NaN or Inf.*sample 9"),
    ],
)
def test_what_does_not_fit_is_refused_before_the_first_step(x, y, message):
    with pytest.raises(DataError, match=message):
        samples(x.astype(np.float32), y)


@pytest.mark.parametrize("pool", [2**29, 400])
def test_every_epoch_has_every_sample_once_in_an_order_of_its_own(pool, monkeypatch):
    """Also where not all samples are in memory at a time."""
    monkeypatch.setattr(of_samples, "POOL_BYTES", pool)
    monkeypatch.setattr(of_samples, "READ", 6)
    given = samples(batch_size=10)
    first, again, second = (
        np.concatenate([x for x, _ in given.batches(epoch)]) for epoch in (0, 0, 1)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, second)
    for seen in (first, second):
        assert not np.array_equal(seen, X)
        assert np.array_equal(np.sort(seen, 0), np.sort(X, 0))


def test_labels_stay_with_their_samples():
    for x, y in samples().batches(3):
        assert np.array_equal(x[:, :3].argmax(1), y)
