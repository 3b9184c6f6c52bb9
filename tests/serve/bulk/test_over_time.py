"""Predictions of sequences in files: the outputs after the last frame."""

import numpy as np
import pytest
from command_line import run, succeed
from files_to_predict import joined
from over_time import sequences as video
from over_time import shared
from recurrent_networks import online, sequences

import tfsnn
from tfsnn.errors import DataError, OptionError


@pytest.fixture
def data(tmp_path):
    """Two files of 7 and 5 sequences, the first with labels as the other."""
    x = sequences(12)
    np.savez(tmp_path / "a.npz", x=x[:7], y=np.arange(7) % 3)
    np.savez(tmp_path / "b.npz", x=x[7:], y=np.arange(5) % 3)
    return tmp_path / "*.npz"


def test_the_command_predicts_what_a_stream_says_at_the_end(data, tmp_path):
    _, snn = online()
    snn.save(tmp_path / "snn.keras")
    output = tmp_path / "out"
    ends = ("--data", str(data), "--output", output)
    options = ("--over-time", "--shard-size", 5, "--batch-size", 2)
    said = succeed("predict", tmp_path / "snn.keras", *ends, *options)
    assert "complete: 12 samples in 3 shards" in said
    found, _ = joined(output)
    expected = snn.simulate(sequences(12), over_time=True).outputs[0][-1]
    np.testing.assert_allclose(found["outputs"], expected, rtol=1e-5, atol=1e-6)
    assert (found["steps"] == 6).all() and len(found["label"]) == 12
    again = run("predict", tmp_path / "snn.keras", *ends, *options, "-o", "readout", 2)
    assert again.exit_code == 1 and "other" in again.stderr


def test_frames_of_a_network_that_goes_on(tmp_path):
    snn = shared("smooth")
    x = video(snn, 4)
    np.savez(tmp_path / "video.npz", x=x)
    options = {"steps_per_frame": 2, "readout": "last"}
    tfsnn.predict_files(
        snn, tmp_path / "video.npz", tmp_path / "out", over_time=True, **options
    )
    expected = snn.simulate(x, over_time=True, **options).outputs[0][-1]
    assert (joined(tmp_path / "out")[0]["outputs"] == expected).all()


def test_what_cannot_be_is_refused(data, tmp_path):
    _, snn = online()

    def refused(error, match, network=snn, files=data, **options):
        with pytest.raises(error, match=match):
            tfsnn.predict_files(network, str(files), tmp_path / "out", **options)

    over_time = {"over_time": True}
    refused(OptionError, "takes sequences, one element for each frame")
    refused(OptionError, "timesteps=3: over time", timesteps=3, **over_time)
    refused(OptionError, "give over_time=True as well", readout="last")
    by_count = tfsnn.OverTime(events_per_frame=3)
    refused(OptionError, "holds frames, for which step_ms", over_time=by_count)
    refused(DataError, r"over time it is \(N, F, 6\)", shared("smooth"), **over_time)
    longer = tfsnn.OverTime(frames=7)
    refused(DataError, r"a.npz .*\(7, 6, 3\)", over_time=longer)
    (tmp_path / "c.tfrecord").write_bytes(b"")
    files = tmp_path / "c.tfrecord"
    refused(OptionError, "does not say how many frames", files=files, **over_time)
    assert not (tmp_path / "out").exists()
    wrong = run(
        "predict", "m.keras", "--data", data, "--output", "o", "-o", "frames", 3
    )
    assert wrong.exit_code == 2 and "give --over-time as well" in wrong.stderr
