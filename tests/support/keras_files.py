"""Keras files with another config, or other weights, than Keras would write."""

import json
import zipfile

import h5py


def config_of(path):
    """The config in a ``.keras`` or ``.h5`` file."""
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("config.json"))
    with h5py.File(path) as file:
        return json.loads(file.attrs["model_config"])


def rewrite(path, config, **members):
    """Put a config, as JSON or text, into a file; and other members into a zip."""
    text = config if isinstance(config, str | bytes) else json.dumps(config)
    if path.suffix == ".h5":
        with h5py.File(path, "r+") as file:
            file.attrs["model_config"] = text
        return path
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content["config.json"] = text
    content |= {name.replace("__", "."): value for name, value in members.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in content.items():
            archive.writestr(name, value)
    return path


def layers_in(config):
    """All layers of a config, those within layers too."""
    if isinstance(config, list):
        for item in config:
            yield from layers_in(item)
    elif isinstance(config, dict):
        if isinstance(config.get("config"), dict) and "class_name" in config:
            yield config
        yield from layers_in(list(config.values()))
