"""What runs exported programs, as far as it goes without JAX: totals and errors."""

import dataclasses
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from command_line import run
from repository import ROOT
from stablehlo_networks import T, network

import tfsnn
import tfsnn_stablehlo
from tfsnn.export.stablehlo.writing import export_stablehlo
from tfsnn_stablehlo import DataError, ProgramError
from tfsnn_stablehlo.program import Program


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two networks, exported."""
    place = tmp_path_factory.mktemp("exported")
    return {
        name: export_stablehlo(network(name)[0], place / name, batch_size=2)
        for name in ("max_pooling", "paced")
    }


class ByTensorFlow(Program):
    """A program whose runs TensorFlow computes, as there may be no JAX."""

    snn = None

    def run(self, name, x):
        seen = self.snn.run(x, T, ("outputs", "counts")).observed
        outputs = [seen[f"outputs/{node}"].numpy() for node in self.snn.graph_outputs]
        counted = [n["node"] for n in self.manifest["evaluation"]["counted"]]
        return [
            *outputs,
            np.stack([seen[f"counts/{n}"].numpy()[..., :4] for n in counted]),
        ]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["max_pooling", "paced"])
@pytest.mark.parametrize("steps", [None, [1, 3, T]])
def test_the_table_is_that_of_evaluate(name, steps, folders, tmp_path):
    """The totals of what the program observes, here computed by TensorFlow."""
    snn, x = network(name)
    y = np.arange(len(x)) % 3
    expected = tfsnn.evaluate(snn, (x, y), timesteps=steps)
    rows = [row.timesteps for row in expected.rows]
    np.savez(tmp_path / "data.npz", x=x, y=y)
    program = ByTensorFlow(folders[name].path, folders[name].manifest, None)
    program.snn = snn
    found = tfsnn_stablehlo.evaluate(program, tmp_path / "data.npz", timesteps=rows)
    fields = [field.name for field in dataclasses.fields(tfsnn_stablehlo.Row)]
    for row, other in zip(found.rows, expected.rows, strict=True):
        for field in fields:
            value = getattr(other, field)
            value = value if value is None else pytest.approx(value, rel=1e-9)
            assert getattr(row, field) == value, field
    # Models of energy that read layers are left to the network itself.
    lines = [line for line in str(expected).splitlines() if line not in expected.notes]
    assert str(found).splitlines() == lines and len(expected.notes) == 2
    # A network without early exit has none of that either.
    names = expected.to_dict().keys() - {"early_exit", "energies", "notes"}
    assert found.to_dict().keys() == names


def test_labels_out_of_range_are_refused(folders, tmp_path):
    snn, x = network("paced")
    np.savez(tmp_path / "data.npz", x=x, y=np.full(len(x), 3))
    program = ByTensorFlow(folders["paced"].path, folders["paced"].manifest, None)
    program.snn = snn
    with pytest.raises(DataError, match=r"label 3, which is out of range: .* 3 clas"):
        tfsnn_stablehlo.evaluate(program, tmp_path / "data.npz")


def test_a_folder_that_is_no_program_is_refused(folders, tmp_path):
    good, folder = folders["paced"].path, tmp_path / "net"
    with pytest.raises(ProgramError, match=r"manifest\.json cannot be read"):
        tfsnn_stablehlo.load(folder)
    shutil.copytree(good, folder)
    (folder / "weights.npz").write_bytes(b"other")
    with pytest.raises(ProgramError, match="is not what was exported: it is damaged"):
        tfsnn_stablehlo.load(folder)
    (folder / "weights.npz").unlink()
    with pytest.raises(ProgramError, match=r"weights\.npz cannot be read"):
        tfsnn_stablehlo.load(folder)
    manifest = {**folders["paced"].manifest, "form": 2}
    for text, message in (
        (json.dumps(manifest), "is of form 2, this version reads 1"),
        ('{"format": "other"}', "format is 'other', not one of tfsnn StableHLO"),
        ("{", "cannot be read"),
    ):
        (folder / "manifest.json").write_text(text)
        with pytest.raises(ProgramError, match=message):
            tfsnn_stablehlo.load(folder)


def test_the_command_says_what_is_wrong(folders, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "jax", None)  # as if it were not installed
    given = ["run-stablehlo", str(folders["paced"].path), "--data", "d.npz"]
    result = run(*given)
    assert result.exit_code == 1 and result.stdout == ""
    assert "needs JAX, which is not installed: pip install jax" in result.stderr
    result = run("--debug", *given)
    assert result.exit_code == 1 and "Traceback" in result.stderr
    assert "bug in tfsnn" not in result.stderr
    result = run("run-stablehlo", tmp_path, "--data", "d")
    assert result.exit_code == 1 and "give the folder that tfsnn" in result.stderr


@pytest.mark.processes
def test_neither_tensorflow_nor_tfsnn_is_imported():
    code = """
import sys
sys.path.insert(0, sys.argv[1])
import tfsnn_stablehlo, tfsnn_cli.run_stablehlo
print({"tensorflow", "keras", "tfsnn", "jax"} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, ROOT], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def changed(manifest, path, value):
    """A copy of the manifest with another value at a path of keys."""
    copy = json.loads(json.dumps(manifest))
    *way, last = path
    place = copy
    for key in way:
        place = place[key]
    place[last] = value
    return copy


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["timesteps"], "4", "timesteps is '4', not a whole number"),
        (["timesteps"], T + 1, "evaluation.steps are not those of timesteps"),
        (["batch_size"], 0, "batch_size: there are 0"),
        (["inputs"], [], "inputs: there are 0"),
        (["inputs", 0, "shape"], [None], r"inputs\[0\].shape\[0\] is None"),
        (["programs", "predict"], 7, "programs.predict is 7, not an object"),
        (["programs"], {}, "programs.evaluate is missing"),
        (["sha256"], {}, "has no checksum"),
        (["sha256", "../x"], "0", r"'\.\./x' is no file of this folder"),
        (["weights"], "/dev/zero", "'/dev/zero' is no file of this folder"),
        (["evaluation", "energy", "ac_picojoules"], -1.0, "energy is not above 0"),
    ],
)
def test_a_damaged_manifest_is_refused_at_the_place(
    path, value, message, folders, tmp_path
):
    folder = tmp_path / "net"
    shutil.copytree(folders["paced"].path, folder)
    manifest = changed(folders["paced"].manifest, path, value)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ProgramError, match=rf"is damaged \(.*{message}"):
        tfsnn_stablehlo.load(folder)


def test_a_deep_manifest_and_a_weights_file_without_end_are_refused(folders, tmp_path):
    folder = tmp_path / "net"
    shutil.copytree(folders["paced"].path, folder)
    (folder / "weights.npz").unlink()
    (folder / "weights.npz").symlink_to("/dev/zero")
    with pytest.raises(ProgramError, match=r"weights\.npz cannot be read.*a device"):
        tfsnn_stablehlo.load(folder)
    (folder / "manifest.json").write_text("[" * 100_000)
    with pytest.raises(ProgramError, match="nests deeper than 100"):
        tfsnn_stablehlo.load(folder)
