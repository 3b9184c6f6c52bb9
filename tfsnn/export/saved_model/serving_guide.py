"""Files beside the network in a version's folder, for those who start a server."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.export.saved_model.over_time import START, STEP
from tfsnn.export.saved_model.signatures import (
    ANYTIME,
    CLASSIFY,
    DEFAULT,
    OUTPUTS_ONLY,
    XLA,
    Signatures,
)
from tfsnn.export.saved_model.warmup import FILE, XLA_FILE, Exported

BATCHING_FILE = "batching_params.pbtxt"  # the name that TF Serving looks for
REQUEST_FILE = "assets.extra/request.json"
BATCH_THREADS = 4
QUEUE = 100  # most batches that wait; beyond it TF Serving answers "unavailable"
WAIT_MICROS = 1000  # how long a batch waits for more requests


def batching_parameters(batch_sizes: Sequence[int]) -> str:
    """Return ``BatchingParameters`` as text, for batches of these rising sizes."""
    allowed = "".join(f"allowed_batch_sizes: {size}\n" for size in batch_sizes)
    return (
        f"max_batch_size {{ value: {batch_sizes[-1]} }}\n"
        f"batch_timeout_micros {{ value: {WAIT_MICROS} }}\n"
        f"max_enqueued_batches {{ value: {QUEUE} }}\n"
        f"num_batch_threads {{ value: {BATCH_THREADS} }}\n"
        f"{allowed}"
    )


def request_json(signatures: Signatures, name: str | None = None) -> str:
    """Return a request of one sample as JSON, for the REST API.

    Args:
        signatures: the signatures of the network.
        name: the one to ask; the default one if None.
    """
    filled = {
        name: _filled(spec.shape[1:], signatures.fillers[name])
        for name, spec in signatures.specs().items()
    }
    row = filled if len(filled) > 1 else next(iter(filled.values()))
    asked = {} if name is None else {"signature_name": name}
    return json.dumps({**asked, "instances": [row]}) + "\n"


def _filled(shape: tuple[int, ...], value: Any) -> Any:
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode()}
    return np.full(tuple(shape), value).tolist()


def readme(exported: Exported) -> str:
    """Return a guide to starting a server and sending requests, in Markdown."""
    model, names, sizes = exported.model, exported.names, exported.sizes
    signatures = exported.signatures
    snn, listed = signatures.snn, ", ".join(map(str, sizes))
    rows = "".join(f"| `{name}` | {_meaning(name)} |\n" for name in names)
    parts = [
        _HEAD.format(
            model=model,
            name=snn.name,
            method=snn.report.method,
            steps=snn.timesteps,
            inputs=signatures.form.description,
            rows=rows,
        ),
        _SERVER.format(
            model=shlex.quote(model),
            batching=BATCHING_FILE,
            sizes=listed,
            warmup=FILE,
            largest=sizes[-1],
        ),
    ]
    if OUTPUTS_ONLY in names:
        asked = {"request": REQUEST_FILE, "outputs_only": OUTPUTS_ONLY}
        parts.append(_ASK.format(model=model, **asked))
    if CLASSIFY in names:
        parts.append(_CLASSIFY.format(model=model))
    if exported.frames is not None:
        one = len(snn.inputs_by_name) == 1
        sample = '"inputs": frame' if one else "**frame"
        parts.append(_FRAMES.format(model=model, sample=sample, start=START, step=STEP))
    if XLA in names:
        parts.append(_XLA.format(warmup=FILE, xla=XLA_FILE, sizes=listed))
    return "".join(parts)


def _meaning(name: str) -> str:
    return {
        DEFAULT: "outputs, time steps used, and spikes of each sample",
        OUTPUTS_ONLY: "outputs and time steps used; faster, as no spikes are counted",
        ANYTIME: "outputs after each time step",
        CLASSIFY: "names of classes and scores, best first; takes `tf.Example`",
        START: "outputs and state after the first frame",
        STEP: "outputs and state after the next frame, from the state before it",
        XLA: "as `serving_default`, compiled by XLA for each batch size",
    }.get(name, f"the same for batches of {name.removeprefix(f'{XLA}_')} only")


_HEAD = """\
# {model}

{name}, a spiking network made by tfsnn ({method}, {steps} time steps).

Inputs: {inputs}.

| signature | answers |
| --- | --- |
{rows}"""

_SERVER = """
## Server

In this folder:

```sh
tensorflow_model_server --port=8500 --rest_api_port=8501 \\
    --model_name={model} --model_base_path="$(dirname "$PWD")" \\
    --enable_batching --enable_per_model_batching_parameters
```

or, in a container:

```sh
docker run --rm -p 8500:8500 -p 8501:8501 \\
    -v "$(dirname "$PWD")":/models/{model} -e MODEL_NAME={model} tensorflow/serving \\
    --enable_batching --enable_per_model_batching_parameters
```

`{warmup}`
has the server run a request of each batch size before it takes others. With the last
line of the command, requests are put together as `{batching}` says,
into batches of {sizes} samples; a batch is filled up to the next of
these sizes, and a request has at most {largest}. Without it, each request is a batch.
"""

_ASK = """
## Request

```sh
curl -d @{request} http://localhost:8501/v1/models/{model}:predict
```

Counting spikes takes time in every step. Where nobody reads them, as in bulk, ask with
`"signature_name": "{outputs_only}"`: the outputs are the same.
"""

_CLASSIFY = """
`classify` is for the Classify API: `curl -d '{{"signature_name": "classify",
"examples": [...]}}' http://localhost:8501/v1/models/{model}:classify`. A feature has
the name of an input and its values as one flat list. The names of the classes are in
`assets/`, one a line.
"""

_FRAMES = """
## One frame after the other

The server keeps nothing between requests: the client carries the state. `{start}` takes
the first frame and answers with the outputs and the state after it, in tensors
called `state_...`. `{step}` takes the next frame and these, under the same names:

```python
import json, urllib.request

URL = "http://localhost:8501/v1/models/{model}:predict"

def ask(signature, sample):
    body = {{"signature_name": signature, "instances": [sample]}}
    with urllib.request.urlopen(URL, json.dumps(body).encode()) as answer:
        return json.load(answer)["predictions"][0]

row = ask("{start}", frames[0])
for frame in frames[1:]:
    state = {{name: row[name] for name in row if name.startswith("state_")}}
    row = ask("{step}", {{{sample}, **state}})
```

Send the numbers as they came: JSON and gRPC carry them without loss. To begin anew, ask
`{start}` again. Rows of a batch are streams of their own, and may come in any batch.
A state of another network is refused.
"""

_XLA = """
## XLA

A server does not compile unless it is told to, and would refuse a model whose
warm-up needs it. So the warm-up with XLA, for batches of {sizes} samples, is in a file
of its own, which takes the place of the other:

```sh
cp {xla} {warmup}
```

Start the server as above with `--xla_cpu_compilation_enabled=true`, or with
`--xla_gpu_compilation_enabled=true` on a GPU (TF Serving 2.18 or later), and ask with
`"signature_name": "serving_xla"`. Batches of other sizes than these are compiled when
they come first; with batching there are none. `serving_xla_N` takes N samples and no
other number: it is for clients that do the batching themselves.
"""
