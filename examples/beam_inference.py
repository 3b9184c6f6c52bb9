"""Bulk inference in Apache Beam: an exported spiking network on files of samples.

    tfsnn export saved_model snn.keras --output served/snn
    python examples/beam_inference.py --model served/snn/1 --data 'shards/*.tfrecord' \
        --output results/part --runner FnApiRunner

Needs Apache Beam and TensorFlow, and no tfsnn: this file and the exported folder are
all that a worker gets. Options that are not listed here go to Beam, which has runners
for one machine and for many (Flink, Spark, Dataflow). FnApiRunner is DirectRunner's own
engine; DirectRunner first tries another one, a program that it downloads.

Data are TFRecord files of ``tf.train.Example`` or npz files with an array ``x``, as
``tfsnn predict`` reads them; 8-bit values become 0..1 for a network that was exported
for floats. Encoded images need an export with ``--input jpeg``. Results are lines of
JSON, one a sample: ``id`` (``FILE#ROW``), ``top`` (the class), ``steps`` and, with
``--outputs``, the outputs. Beam reads a file again after a failure and drops what it
had made of it, so every sample is there once.

Beam has handlers of its own for TensorFlow, which load a model by Keras. Keras 3 loads
no SavedModel, and they call a model, not a signature of one; so here is a small one.
"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow as tf
from apache_beam.io import fileio
from apache_beam.ml.inference.base import (
    KeyedModelHandler,
    ModelHandler,
    PredictionResult,
    RunInference,
)
from apache_beam.options.pipeline_options import PipelineOptions

SIGNATURE = "outputs_only"  # nobody reads the spikes, and counting them takes time


class SignatureHandler(ModelHandler[Any, PredictionResult, Any]):
    """Calls one signature of a SavedModel with batches of samples as stored."""

    def __init__(self, path: str, batch_size: int) -> None:
        """A version's folder, and the samples computed at a time.

        A batch is smaller only where Beam's bundle of samples ends.
        """
        super().__init__(min_batch_size=batch_size, max_batch_size=batch_size)
        self.path = path

    def load_model(self) -> Any:
        """The signature, once a process; threads share it, for it has no state."""
        loaded = tf.saved_model.load(self.path)
        function = loaded.signatures[SIGNATURE]
        function.kept_with_it = loaded  # whose variables it reads, if it has any
        return function

    def run_inference(
        self, batch: Sequence[Any], model: Any, inference_args: Any = None
    ) -> Iterable[PredictionResult]:
        """A result for each sample: its row of everything that the signature gives."""
        specs = model.structured_input_signature[1]
        if set(specs) != {"inputs"}:
            raise ValueError(f"this example feeds one input, not {sorted(specs)}")
        spec = specs["inputs"]
        x = np.stack([fitted(sample, spec) for sample in batch])
        answer = model(inputs=tf.constant(x, spec.dtype))
        found = {key: values.numpy() for key, values in answer.items()}
        for i, sample in enumerate(batch):
            row = {key: values[i] for key, values in found.items()}
            yield PredictionResult(sample, row, self.path)


def fitted(sample: Any, spec: tf.TensorSpec) -> Any:
    """A sample as the signature takes it: bytes, or an array of its type and shape."""
    if spec.dtype == tf.string:
        return np.array(sample, object)
    shape = tuple(spec.shape[1:])
    values = np.asarray(sample)
    if isinstance(sample, bytes):
        count = int(np.prod(shape))
        if len(sample) not in (count, 4 * count):
            raise ValueError(
                f"{len(sample)} bytes are no sample of shape {shape}, neither as uint8 "
                "nor as float32; for encoded images, export with --input jpeg"
            )
        values = np.frombuffer(sample, np.uint8 if len(sample) == count else "<f4")
    if values.dtype.kind == "f":
        if spec.dtype != tf.float32:
            raise ValueError("the data are floats; export with --input float")
        return values.astype(np.float32).reshape(shape)
    if values.min() < 0 or values.max() > 255:
        raise ValueError(
            f"integers from {values.min()} to {values.max()} are not 0..255"
        )
    if spec.dtype == tf.float32:
        return values.astype(np.float32).reshape(shape) * np.float32(1 / 255)
    return values.astype(spec.dtype.as_numpy_dtype).reshape(shape)


def samples(file: Any, image_key: str) -> Iterator[tuple[str, Any]]:
    """The samples of one file with their ids.

    TensorFlow reads records one by one and checks their checksums; ``x`` of an npz file
    is read as a whole.
    """
    path = file.path
    if path.endswith(".npz"):
        with beam.io.filesystems.FileSystems.open(path) as opened:
            stored: Iterable[Any] = np.load(opened)["x"]
    else:
        kind = "GZIP" if path.endswith(".gz") else ""
        records = tf.data.TFRecordDataset(path, kind).as_numpy_iterator()
        stored = (feature(record, image_key) for record in records)
    for row, sample in enumerate(stored):
        yield f"{path}#{row}", sample


def feature(record: bytes, key: str) -> Any:
    """One feature of a ``tf.train.Example``: bytes, or an array of its numbers."""
    features = tf.train.Example.FromString(record).features.feature
    if key not in features:
        raise ValueError(f"a record has no feature {key!r}, only {sorted(features)}")
    found = features[key]
    if found.HasField("bytes_list"):
        (value,) = found.bytes_list.value
        return value
    numbers = found.float_list if found.HasField("float_list") else found.int64_list
    kind = np.float32 if found.HasField("float_list") else np.int64
    return np.array(numbers.value, kind)


def line(result: tuple[str, PredictionResult], with_outputs: bool) -> str:
    """A result as JSON."""
    name, row = result[0], result[1].inference
    outputs = row["outputs"]
    found = {
        "id": name,
        "top": int(outputs.argmax()),
        "steps": int(row["steps"]),
    }
    if with_outputs:
        found["outputs"] = outputs.tolist()
    return json.dumps(found)


def run(arguments: Sequence[str] | None = None) -> None:
    """Build the pipeline and run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of an exported version")
    parser.add_argument(
        "--data", required=True, help="pattern of TFRecord or npz files"
    )
    parser.add_argument("--output", required=True, help="how the results' names begin")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--image-key", default="image/encoded")
    parser.add_argument("--outputs", action="store_true", help="write outputs as well")
    given, others = parser.parse_known_args(arguments)
    handler = KeyedModelHandler(SignatureHandler(given.model, given.batch_size))
    with beam.Pipeline(options=PipelineOptions(others)) as pipeline:
        _ = (
            pipeline
            | fileio.MatchFiles(given.data, fileio.EmptyMatchTreatment.DISALLOW)
            # Names of files go to workers, samples do not: each reads its own.
            | beam.Reshuffle()
            | "Read" >> beam.FlatMap(samples, image_key=given.image_key)
            | RunInference(handler)
            | "Describe"
            >> beam.Map(functools.partial(line, with_outputs=given.outputs))
            | beam.io.WriteToText(given.output, file_name_suffix=".jsonl")
        )


if __name__ == "__main__":
    run()
