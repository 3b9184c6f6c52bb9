"""The names of the package: documented, and imported without what few need."""

import subprocess
import sys

import pytest
from repository import ROOT

import tfsnn

IMPORTED_ON_USE = {
    *("matplotlib", "jinja2", "nir", "tensorflow_serving", "starlette", "uvicorn"),
    "apache_beam",
}


@pytest.mark.parametrize("module", [tfsnn, tfsnn.export])
def test_every_name_is_there_and_documented(module):
    for name in module.__all__:
        assert (getattr(module, name).__doc__ or "").strip(), name
    assert {"callbacks", "energy", "export", "report_page"} <= {*tfsnn.__all__}


def test_the_names_are_those_of_the_modules():
    from tfsnn.callbacks import SpikeBoard
    from tfsnn.export.nir.writing import export_nir
    from tfsnn.export.saved_model.writing import export_saved_model
    from tfsnn.export.stablehlo.writing import export_stablehlo

    assert tfsnn.callbacks.SpikeBoard is SpikeBoard
    assert tfsnn.export.export_nir is export_nir
    assert tfsnn.export.export_saved_model is export_saved_model
    assert tfsnn.export.export_stablehlo is export_stablehlo
    assert tfsnn.energy.profile("45nm-float32") is tfsnn.energy.DEFAULT


def test_importing_needs_neither_extras_nor_matplotlib():
    """Keras imports some of them, where they are; what is None cannot be imported."""
    code = """
import sys
import keras
for name in [*sys.modules, *sys.argv[1:]]:
    if name.split(".")[0] in sys.argv[1:]:
        sys.modules[name] = None
import tfsnn
for name in tfsnn.__all__:
    getattr(tfsnn, name)
"""
    command = [sys.executable, "-c", code, *IMPORTED_ON_USE]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
