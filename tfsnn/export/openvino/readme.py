"""The README of an exported model of OpenVINO: what it takes, and how it is run."""

from __future__ import annotations

from typing import Any

DRIVER = '''\
import json
import numpy as np
import openvino

manifest = json.load(open("manifest.json"))
model = openvino.Core().read_model(manifest["file"])
settings = {"INFERENCE_PRECISION_HINT": "f32"}  # potentials need float32
compiled = openvino.Core().compile_model(model, "CPU", settings)


def run(x):
    """Return outputs by name, of samples by name."""
    found = compiled(x)
    return {o["name"]: found[o["name"]] for o in manifest["outputs"]}
'''


def readme(manifest: dict[str, Any]) -> str:
    """Return the README of a folder, in Markdown."""
    zeros = ", ".join(
        f'"{each["name"]}": np.zeros({tuple(each["shape"])}, np.float32)'
        for each in manifest["inputs"]
    )
    return f"""\
# {manifest["name"]} for OpenVINO

`{manifest["file"]}` simulates all {manifest["timesteps"]} steps of a spiking network:
samples in, in the units of the trained model, and its outputs out. `manifest.json` has
names and shapes; an input that is `raw` takes 8-bit values as they are, others what the
trained model takes. `INFERENCE_PRECISION_HINT` has to be `f32`: on processors with
bfloat16 OpenVINO would round potentials by itself. With `pip install openvino`, in this
folder:

```python
{DRIVER}

print(run({{{zeros}}}))
```

The folder is one of versions, as OpenVINO's Model Server takes it:

```console
docker run -v $PWD:/models/network openvino/model_server --model_name network \\
    --model_path /models/network --plugin_config '{{"INFERENCE_PRECISION_HINT": "f32"}}'
```
"""
