"""The message about a file that Keras cannot read ends in the reason."""

import json
import zipfile

import keras
import pytest
from keras import layers

import tfsnn
from tfsnn.errors import ModelError


def test_the_reason_is_told_however_long_the_config_before_it(tmp_path):
    """Cut at 300 characters, the message ended in the config of a layer."""
    path = tmp_path / "model.keras"
    names = [layers.Dense(2, name=f"a_layer_of_a_long_name_{i}") for i in range(30)]
    keras.Sequential([keras.Input((3,)), *names]).save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][-1]["config"]["activation"] = "wobble"
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ModelError) as caught:
        tfsnn.load_model(path)
    said = str(caught.value)
    assert "wobble" in said and "save it again with this version of Keras" in said
    assert len(said) < 1200 and "\n" not in said
