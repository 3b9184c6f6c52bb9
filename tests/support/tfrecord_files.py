"""TFRecord files of the samples, in every form of a sample."""

import numpy as np
import tensorflow as tf
from samples import CLASSES, PIXELS

Bytes, Floats, Integers = tf.train.BytesList, tf.train.FloatList, tf.train.Int64List


def of_bytes(value):
    return tf.train.Feature(bytes_list=Bytes(value=[value]))


def of_integers(values):
    return tf.train.Feature(int64_list=Integers(value=np.ravel(values).tolist()))


def of_floats(values):
    return tf.train.Feature(float_list=Floats(value=np.ravel(values).tolist()))


FEATURES = {
    "png": lambda pixels: of_bytes(tf.io.encode_png(pixels).numpy()),
    "uint8 bytes": lambda pixels: of_bytes(pixels.tobytes()),
    "float bytes": lambda pixels: of_bytes(scaled(pixels).astype("<f4").tobytes()),
    "floats": lambda pixels: of_floats(scaled(pixels)),
    "integers": of_integers,
}


def scaled(pixels):
    return pixels.astype(np.float32) * np.float32(1 / 255)


def example(**features):
    named = {key.replace("_", "/"): feature for key, feature in features.items()}
    features = tf.train.Features(feature=named)
    return tf.train.Example(features=features).SerializeToString()


def records(feature=FEATURES["uint8 bytes"]):
    return [
        example(image_encoded=feature(pixels), image_class_label=of_integers([label]))
        for pixels, label in zip(PIXELS, CLASSES, strict=True)
    ]


def write(path, stored, options=None):
    with tf.io.TFRecordWriter(str(path), options) as writer:
        for record in stored:
            writer.write(record)
    return path


def places(stored):
    """Where each record starts: 12 bytes, itself, 4 bytes."""
    return np.cumsum([0] + [len(record) + 16 for record in stored])
