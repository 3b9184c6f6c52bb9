"""Model files that a package wraps: in a zip file, in JavaScript, or in its code."""

from __future__ import annotations

import base64
import json
import re
import runpy
import zipfile
from collections.abc import Callable
from pathlib import Path


def from_zip(path: Path) -> Path:
    """Unpack the Keras file of a zip file beside it; return its path."""
    target = path.with_suffix(".keras")
    if not target.exists():
        with zipfile.ZipFile(path) as archive:
            (inside,) = [n for n in archive.namelist() if n.endswith(".keras")]
            target.write_bytes(archive.read(inside))
    return target


def from_javascript(path: Path) -> Path:
    """Unpack a TensorFlow.js model whose files are JavaScript modules.

    ``model.min.js`` holds ``model.json`` as a literal, ``NAME.min.js`` the bytes of the
    shard NAME in base64. All are written into a folder ``unpacked`` beside them.
    """
    folder = path.parent / "unpacked"
    target = folder / "model.json"
    if target.exists():
        return target
    folder.mkdir(exist_ok=True)
    model = _literal(path.read_text())
    shards = [n for group in model["weightsManifest"] for n in group["paths"]]
    for name in shards:
        text = path.with_name(f"{name}.min.js").read_text()
        (encoded,) = re.findall(r"[A-Za-z0-9+/=]{1000,}", text)
        (folder / name).write_bytes(base64.b64decode(encoded))
    target.write_text(json.dumps(model))
    return target


# What minified JavaScript writes in another way than JSON; strings stay as they are.
OTHERWISE = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")|(?P<key>[A-Za-z_$][\w$]*)(?=:)'
    r"|(?P<point>(?<![\w.])\.)(?=\d)|!(?P<negated>[01])"
)


def _literal(text: str) -> dict:
    """Return the object that a minified module exports as a literal."""
    literal = text[text.index(".exports={") + len(".exports=") :]
    return json.JSONDecoder().raw_decode(OTHERWISE.sub(_as_json, literal))[0]


def _as_json(found: re.Match) -> str:
    if found["string"]:
        return found["string"]
    if found["key"]:
        return f'"{found["key"]}"'
    return "0." if found["point"] else ("true", "false")[int(found["negated"])]


def by_deepcut(path: Path) -> Path:
    """Build deepcut's network by its own code, and give it the weights of `path`."""
    target = path.with_suffix(".keras")
    if not target.exists():
        build = runpy.run_path(str(path.parents[1] / "model.py"))["get_convo_nn2"]
        model = build()
        model.load_weights(path)
        model.save(target)
    return target


UNPACK: dict[str, Callable[[Path], Path]] = {
    "zip": from_zip,
    "javascript": from_javascript,
    "deepcut": by_deepcut,
}
