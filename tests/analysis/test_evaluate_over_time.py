"""Evaluation of sequences: a row for each frame, and what all so far have cost."""

import json

import models
import numpy as np
import pytest
from command_line import run, succeed
from over_time import sequences, shared

import tfsnn
from tfsnn.errors import DataError, OptionError

FRAMES, STEPS = 5, 2


@pytest.fixture(scope="module")
def measured():
    """A network, sequences with labels, and what it says and sends."""
    snn = shared("cnn")
    x = sequences(snn, FRAMES, 9)
    options = {"steps_per_frame": STEPS, "readout": 2}
    trace = snn.simulate(x, over_time=True, **options)
    y = trace.outputs[0][2].argmax(-1)
    y[:3] = (y[:3] + 1) % 3
    return snn, x, y, options, trace


def test_rows_are_those_of_the_recorded_frames(measured):
    snn, x, y, options, trace = measured
    found = tfsnn.evaluate(snn, (x, y), over_time=True, batch_size=4, **options)
    assert [row.timesteps for row in found.rows] == [1, 2, 3, 4, 5]
    operations = snn.operations_per_sample()
    for frame, row in enumerate(found.rows):
        top = trace.outputs[0][frame].argmax(-1)
        assert row.accuracy == (top == y).mean()
        until = (frame + 1) * STEPS
        spikes = {name: s[:until] != 0 for name, s in trace.spikes.items()}
        assert row.spikes == sum(s.sum() for s in spikes.values()) / 9
        assert row.latency == until
        macs = (frame + 1) * operations.constant_macs + until * operations.analog_macs
        snn_energy = 4.6 * macs + 0.9 * row.synops_events
        ann_energy = 4.6 * operations.ann_macs * (frame + 1)
        ratio = snn_energy / ann_energy
        assert row.energy_ratio_events == pytest.approx(ratio, rel=1e-6)
    assert found.rows[2].accuracy == 6 / 9 and found.samples == 9
    assert found.to_dict()["over_time"] is True
    assert str(found).split()[0] == "frames"
    axes = tfsnn.plot.evaluation(found).axes[0]
    assert axes.get_xlabel() == "Frames"
    assert axes.lines[0].get_xdata().tolist() == [1, 2, 3, 4, 5]
    some = tfsnn.evaluate(snn, (x, y), over_time=True, timesteps=[4, 2], **options)
    assert [row.accuracy for row in some.rows] == [
        found.rows[frame].accuracy for frame in (1, 3)
    ]


@pytest.mark.parametrize("readout", ["last", "mean"])
def test_the_ann_takes_each_frame_by_itself(readout):
    model = models.randomise(models.cnn())
    x = models.samples(model, 30).reshape(6, FRAMES, *model.input_shape[1:])
    each = np.stack([np.asarray(model(x[:, frame])) for frame in range(FRAMES)])
    if readout == "mean":
        each = each.cumsum(0) / np.arange(1, FRAMES + 1)[:, None, None]
    y = each[-1].argmax(-1)
    y[0] = (y[0] + 1) % 3
    snn = tfsnn.convert(model, x[:, 0], timesteps=4, method="augmapping")
    options = {"over_time": True, "readout": readout}
    found = tfsnn.evaluate(snn, (x, y), ann=model, batch_size=4, **options)
    assert found.ann_accuracy == 5 / 6
    own = snn.simulate(x, **options).outputs[0]
    for frame, row in enumerate(found.rows):
        assert row.agreement == (own[frame].argmax(-1) == each[frame].argmax(-1)).mean()
        deviation = np.sqrt(each[frame].var(0).sum())
        error = np.sqrt(((own[frame] - each[frame]) ** 2).mean(0).sum()) / deviation
        assert row.output_error == pytest.approx(error, rel=1e-5)


def test_the_command_prints_the_same(measured, tmp_path):
    snn, x, y, options, _ = measured
    snn.save(tmp_path / "snn.keras")
    np.savez(tmp_path / "video.npz", x=x, y=y)
    printed = succeed(
        *("evaluate", tmp_path / "snn.keras", "--data", tmp_path / "video.npz"),
        *("--over-time", "-o", "steps_per_frame", STEPS, "-o", "readout", 2, "--json"),
    )
    expected = tfsnn.evaluate(snn, (x, y), over_time=True, **options).to_dict()
    assert json.loads(printed) == json.loads(json.dumps(expected))


def test_what_cannot_be_is_refused(measured, tmp_path):
    snn, x, y, *_ = measured
    with pytest.raises(DataError, match=r"after 6 frames .* the sequences have 5"):
        tfsnn.evaluate(snn, (x, y), over_time=True, timesteps=[6])
    with pytest.raises(OptionError, match="give over_time=True as well"):
        tfsnn.evaluate(snn, (x[:, 0], y), steps_per_frame=2)
    with pytest.raises(DataError, match=r"model takes \(N, F, 6, 6, 2\)"):
        tfsnn.evaluate(snn, (x[..., :1], y), over_time=True)
    with pytest.raises(DataError, match=r"x of the array has shape \(3,\), over time"):
        tfsnn.evaluate(snn, np.zeros(3, np.float32), over_time=True)
    with pytest.raises(DataError, match=r"shape \(9, 0, 6, 6, 2\), over time"):
        tfsnn.evaluate(snn, x[:, :0], over_time=True)
    with pytest.raises(OptionError, match="tfds:mnist does not say how many frames"):
        tfsnn.evaluate(snn, "tfds:mnist", over_time=True)
    broken = x.copy()
    broken[7, 3, 0, 0, 0] = np.nan
    with pytest.raises(DataError, match="in frame 3 of sample 7, counted from 0"):
        tfsnn.evaluate(snn, (broken, y), over_time=True, batch_size=4)
    with pytest.raises(DataError, match="There is no file"):
        tfsnn.evaluate(snn, tmp_path / "none.npz", over_time=True)


def test_the_readout_of_the_command_is_checked():
    result = run("evaluate", "snn.keras", "--data", "x.npz", "-o", "readout", "newest")
    assert result.exit_code == 2
    assert "readout: 'newest' is not mean, last or a number from 1 up" in result.stderr


def test_sequences_calibrate_as_their_frames_do(tmp_path):
    model = models.randomise(models.cnn())
    frames = models.samples(model, 30)
    x = frames.reshape(6, FRAMES, *model.input_shape[1:])
    options = {"method": "data_norm", "timesteps": 4}
    one = tfsnn.convert(model, x, over_time=True, **options)
    other = tfsnn.convert(model, frames, **options)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        assert (a == b).all()
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "video.npz", x=x)
    succeed(
        *("convert", tmp_path / "model.keras", "--output", tmp_path / "snn.keras"),
        *("--calibration", tmp_path / "video.npz", "--method", "data_norm"),
        *("--timesteps", 4, "-o", "over_time", "true", "-o", "holdout", 0),
    )
    loaded = tfsnn.load_model(tmp_path / "snn.keras")
    for a, b in zip(one.get_weights(), loaded.get_weights(), strict=True):
        assert (a == b).all()
