"""A simulation written for OpenVINO, run by OpenVINO alone."""

import json
import re
import subprocess
import sys

import models
import numpy as np
import pytest

import tfsnn
from tfsnn.export import export_openvino

pytest.importorskip("openvino")
ALONE = """
import sys
{driver}
found = run(dict(np.load("samples.npz")))
np.savez("found.npz", **found)
assert not {{"tfsnn", "tensorflow", "keras"}} & set(sys.modules)
"""


def converted(name, *method, **options):
    model = models.dyadic(models.MODELS[name]())
    x = models.samples(model, 3)
    return tfsnn.convert(model, x, *method, **options), x


# Steps one after the other, all at once with joined ones, and of 8-bit integers.
CASES = {
    "ternary": ("cnn", "termapping", {"timesteps": 4}),
    "radix": ("residual", "srp", {"timesteps": 3}),
    "int8": ("cnn", "termapping", {"timesteps": 4, "precision": "int8"}),
}


@pytest.mark.processes
@pytest.mark.parametrize("case", CASES)
def test_openvino_gives_the_outputs_of_predict(case, tmp_path):
    name, method, options = CASES[case]
    snn, x = converted(name, method, **options)
    exported = export_openvino(snn, tmp_path / "model", batch_size=len(x))
    (given,), (output,) = exported.manifest["inputs"], exported.manifest["outputs"]
    assert given["shape"] == [*x.shape] and output["shape"] == [3, 3]
    assert exported.manifest["timesteps"] == options["timesteps"]
    np.savez(exported.path / "samples.npz", **{given["name"]: x})
    text = (exported.path / "README.md").read_text()
    driver = re.search("```python\n(.*?)\nprint", text, re.DOTALL)[1]
    code = ALONE.format(driver=driver)
    subprocess.run([sys.executable, "-c", code], cwd=exported.path, check=True)
    found = np.load(exported.path / "found.npz")[output["name"]]
    np.testing.assert_allclose(found, snn.predict(x, verbose=0), atol=1e-5)


def test_the_manifest_says_what_the_network_takes(tmp_path):
    snn, _ = converted("cnn", "termapping", timesteps=2)
    exported = export_openvino(snn, tmp_path / "model")
    written = json.loads((tmp_path / "model" / "manifest.json").read_text())
    assert written == exported.manifest
    assert written["format"] == "tfsnn OpenVINO" and written["batch_size"] == 1
    (given,) = written["inputs"]
    assert given["range"] == pytest.approx(list(snn.report.ranges[given["name"]]))
    assert {p.name for p in (tmp_path / "model" / "1").iterdir()} == {
        "model.xml",
        "model.bin",
    }
    assert "2 steps" in str(exported)


def test_what_openvino_cannot_run_is_refused(tmp_path):
    snn, _ = converted("cnn", "ttfs", timesteps=1, jitter=0.5)
    with pytest.raises(tfsnn.ModelError, match=r"OpenVINO lacks .*StatelessRandom"):
        export_openvino(snn, tmp_path / "model")
    assert not (tmp_path / "model").exists()
