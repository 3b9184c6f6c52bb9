"""The names of the package: documented, and imported without what few need."""

import subprocess
import sys
import tomllib
from fnmatch import fnmatch

import pytest
from package_imports import packages
from repository import ROOT

import tfsnn

IMPORTED_ON_USE = {
    *("matplotlib", "jinja2", "nir", "tensorflow_serving"),
    *("apache_beam", "tonic"),
}

# All that users can name; what leaves this list leaves their programs too.
PUBLIC = [
    "BulkPrediction",
    "Calibration",
    "CalibrationError",
    "CalibrationSettings",
    "Choice",
    "Contest",
    "DataError",
    "ExitCalibration",
    "ExitRule",
    "ModelError",
    "OptionError",
    "OutputError",
    "OverTime",
    "Search",
    "SpikingModel",
    "TfsnnError",
    "Trace",
    "UnsupportedError",
    "WorkerError",
    "calibrate_exit",
    "calibration",
    "callbacks",
    "choose",
    "compare",
    "convert",
    "convert_for",
    "diagnose",
    "energy",
    "evaluate",
    "export",
    "fit_target",
    "from_layers",
    "handles",
    "import_nir",
    "inspect_model",
    "layers",
    "load_model",
    "methods",
    "neurobench",
    "open_data",
    "part",
    "plot",
    "predict_files",
    "report_page",
    "surrogates",
    "targets",
    "training",
    "verify",
]


def test_the_public_names_are_these():
    assert tfsnn.__all__ == PUBLIC
    assert {*PUBLIC} <= {*dir(tfsnn)}


@pytest.mark.parametrize("module", [tfsnn, tfsnn.export])
def test_every_name_is_there_and_documented(module):
    for name in module.__all__:
        assert (getattr(module, name).__doc__ or "").strip(), name


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


@pytest.mark.slow
@pytest.mark.processes
def test_importing_needs_neither_extras_nor_matplotlib():
    """Keras imports some of them, where they are; what is None cannot be imported."""
    code = """
import sys
import tomllib
from fnmatch import fnmatch
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


def test_every_folder_is_installed():
    """A folder that pyproject.toml does not list would be missing from an install."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    listed = set(settings["setuptools"]["packages"])
    assert listed == {*packages(), "tfsnn_saved_models"}
    data = settings["setuptools"]["package-data"]["tfsnn"]
    others = {
        path.relative_to(ROOT / "tfsnn").as_posix()
        for path in (ROOT / "tfsnn").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert others == {name for name in others if any(fnmatch(name, d) for d in data)}
