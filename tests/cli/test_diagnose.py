"""``tfsnn diagnose``, as a user runs it."""

import json
import xml.etree.ElementTree as ET

import models
import numpy as np
import pytest
from command_line import fill, run, succeed

import tfsnn


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A model, its SNN and data; the arguments that diagnose them."""
    return fill(tmp_path_factory.mktemp("work"), models.mlp, 30, "paced", timesteps=4)


@pytest.fixture(scope="module")
def arguments(work):
    return (
        *("diagnose", work / "snn.keras", "--ann", work / "model.keras"),
        *("--data", work / "data.npz"),
    )


def test_the_text_has_a_row_for_each_layer_and_the_advice(work, arguments):
    lines = succeed(*arguments).splitlines()
    for word in ("clipping", "quantisation", "unevenness", "inherited", "omega"):
        assert word in lines[0].split()
    names = list(tfsnn.load_model(work / "snn.keras").populations)
    assert [line.split()[0] for line in lines[2:4]] == names
    assert any("of 30 samples" in line for line in lines)
    assert "Corrected by conversion: weights+bias" in "\n".join(lines)
    assert lines[-1].startswith("The change that would help most: ")


def test_the_json_is_what_the_library_finds(work, arguments):
    printed = json.loads(succeed(*arguments, "--json", "--timesteps", 3, "--limit", 7))
    assert list(printed) == [
        *("timesteps", "samples", "task", "agreement", "output_error", "layers"),
        *("corrected", "advice"),
    ]
    assert (printed["timesteps"], printed["samples"]) == (3, 7)
    model, snn = (
        tfsnn.load_model(work / name) for name in ("model.keras", "snn.keras")
    )
    x = np.load(work / "data.npz")["x"][:7]
    found = tfsnn.diagnose(model, snn, x, timesteps=3)
    assert printed == json.loads(json.dumps(found.to_dict(), allow_nan=False))


@pytest.mark.slow
def test_the_plot_is_written_once(work, arguments, tmp_path):
    plot = tmp_path / "errors.svg"
    succeed(*arguments, "--plot", plot)
    texts = [text.text for text in ET.fromstring(plot.read_text()).iter() if text.text]
    assert {"clipping", "inherited"} <= set(texts)
    assert set(tfsnn.load_model(work / "snn.keras").populations) <= set(texts)
    refused = run(*arguments, "--plot", plot)
    assert refused.exit_code == 1 and "--overwrite" in refused.stderr
    succeed(*arguments, "--plot", plot, "--overwrite")


@pytest.mark.slow
def test_the_suffix_of_the_plot_says_its_format(arguments, tmp_path):
    for suffix, magic in ((".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")):
        plot = tmp_path / f"errors{suffix}"
        succeed(*arguments, "--limit", 2, "--plot", plot)
        assert plot.read_bytes().startswith(magic)
    refused = run(*arguments, "--plot", tmp_path / "errors.gif")
    assert refused.exit_code == 2
    assert "errors.gif' does not end in .svg or .png or .pdf" in refused.stderr


def test_raw_keeps_pixels(work, tmp_path):
    np.savez(tmp_path / "pixels.npz", x=np.full((2, 6), 255, np.uint8))
    arguments = (
        *("diagnose", work / "snn.keras", "--ann", work / "model.keras", "--json"),
        *("--data", tmp_path / "pixels.npz"),
    )
    scaled, raw = (
        json.loads(succeed(*arguments, *more))["layers"][0]["clipping"]["rms"]
        for more in ((), ("--raw",))
    )
    assert raw > scaled


def test_what_is_not_this_model_is_refused(work, arguments, tmp_path):
    models.randomise(models.outputs()).save(tmp_path / "other.keras")
    result = run(
        *("diagnose", work / "snn.keras", "--ann", tmp_path / "other.keras"),
        *("--data", work / "data.npz"),
    )
    assert result.exit_code == 1 and "was not converted from" in result.stderr
    swapped = run(
        *("diagnose", work / "model.keras", "--ann", work / "snn.keras"),
        *("--data", work / "data.npz"),
    )
    assert swapped.exit_code == 1 and "not a spiking network" in swapped.stderr
    missing = run("diagnose", work / "snn.keras", "--data", work / "data.npz")
    assert missing.exit_code == 2 and "--ann" in missing.stderr
