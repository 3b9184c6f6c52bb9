"""A process with TensorFlow and no tfsnn: what it makes of an exported model.

    python plain_tensorflow.py VERSION_FOLDER WORK_FOLDER

WORK_FOLDER holds batch1.npy, batch7.npy and examples.json; answers go there: in folders
of their own by ``saved_model_cli run``, the rest in found.json.
"""

import json
import os
import sys
from pathlib import Path
from unittest import mock

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import numpy as np
import tensorflow as tf
from repository import ROOT
from tensorflow.python.tools import saved_model_cli
from tensorflow_serving.apis import prediction_log_pb2

sys.path.insert(0, str(ROOT))
from benchmarks.service import load


def run(version, signature, outdir, inputs="", examples=""):
    """As ``saved_model_cli run`` does."""
    arguments = ["run", "--dir", version, "--tag_set", "serve"]
    arguments += ["--signature_def", signature, "--outdir", str(outdir)]
    arguments += ["--inputs", inputs, "--input_examples", examples]
    with mock.patch("sys.argv", ["saved_model_cli", *arguments]):
        try:
            saved_model_cli.main()
        except SystemExit as end:
            assert not end.code


def warm_up(version, name):
    """Run the records; of each, its signature and the shapes of the answers."""
    found, served = [], {}
    path = Path(version) / "assets.extra" / name
    for data in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        record = prediction_log_pb2.PredictionLog.FromString(data)
        kind = record.WhichOneof("log_type")
        request = getattr(record, kind).request
        signature = request.model_spec.signature_name
        if signature not in served:
            served[signature] = load.Session(version, signature)
        if kind == "predict_log":
            inputs = {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
        else:
            examples = request.input.example_list.examples
            inputs = {"inputs": [e.SerializeToString() for e in examples]}
        answer = served[signature].outputs(inputs)
        shapes = {key: list(np.shape(value)) for key, value in answer.items()}
        found.append([signature, shapes])
    return found


def main(version, work):
    work = Path(work)
    for batch in (1, 7):
        inputs = f"inputs={work}/batch{batch}.npy"
        run(version, "serving_default", work / f"default{batch}", inputs)
        run(version, "anytime", work / f"anytime{batch}", inputs)
    examples = (work / "examples.json").read_text()
    run(version, "classify", work / "classify", examples=f"inputs={examples}")
    served = load.Session(version)
    names = ("tf_serving_warmup_requests", "tf_serving_warmup_requests_xla")
    found = {
        "warm_up": {name: warm_up(version, name) for name in names},
        "threads": load.run(served, threads=64, seconds=2),
        "tfsnn": sorted(m for m in sys.modules if m.split(".")[0] == "tfsnn"),
    }
    (work / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
