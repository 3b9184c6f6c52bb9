"""The README of an exported step: what is in the folder, and a driver that runs it."""

from __future__ import annotations

from typing import Any

OPENING = {
    "litert": """\
from ai_edge_litert.interpreter import Interpreter

manifest = json.load(open("manifest.json"))
step = Interpreter(model_path=manifest["file"]).get_signature_runner()
""",
    "onnx": """\
import onnxruntime

manifest = json.load(open("manifest.json"))
session = onnxruntime.InferenceSession(manifest["file"])
names = [result.name for result in session.get_outputs()]
""",
}
CALL = {
    "litert": "step(**x, **state)",
    "onnx": "dict(zip(names, session.run(names, {**x, **state})))",
}
DRIVER = '''\
import json
import numpy as np
%s

def run(x, timesteps=manifest["timesteps"]):
    """Return outputs after all steps, and the spikes of each sample."""
    state = dict(np.load("state.npz"))
    spikes = 0
    for _ in range(timesteps):
        found = %s
        spikes = spikes + found["spikes"]
        state = {s["argument"]: found[s["result"]] for s in manifest["state"]}
    return {o["name"]: found[o["name"]] for o in manifest["outputs"]}, spikes
'''
PACKAGES = {"litert": "ai-edge-litert", "onnx": "onnxruntime"}


def readme(name: str, runtime: str, manifest: dict[str, Any]) -> str:
    """Return the README of a folder, in Markdown."""
    given = ", ".join(
        f'"{each["name"]}": zeros of {tuple(each["shape"])}'
        for each in manifest["inputs"]
    )
    zeros = ", ".join(
        f'"{each["name"]}": np.zeros({tuple(each["shape"])}, np.float32)'
        for each in manifest["inputs"]
    )
    return f"""\
# One time step of {name}

`{manifest["file"]}` computes one step of a spiking network: samples and the state of
its neurons in, outputs so far and the state after it out. Run it
{manifest["timesteps"]} times with the same samples ({given}), in the units of the
trained model. `state.npz` has the state before the first step, `manifest.json` the
names and shapes of all tensors.

It needs neither TensorFlow nor tfsnn: `pip install {PACKAGES[runtime]} numpy`.

```python
{DRIVER % (OPENING[runtime], CALL[runtime])}

print(run({{{zeros}}}))
```
"""
