"""A network converted, exported and loaded, for the tests of exported SavedModels."""

import models
import tensorflow as tf

import tfsnn
from tfsnn.export.saved_model.writing import export_saved_model

OPTIONS = {"timesteps": 5, "levels": 3, "correct": "none"}  # weights stay dyadic


def converted(build, *method, **options):
    model = models.dyadic(build())
    x = models.samples(model, 9)
    if not method:
        options = {**OPTIONS, **options}
    return tfsnn.convert(model, x, *method, **options), x


def export(snn, folder, **options):
    return export_saved_model(snn, folder / "model", batch_sizes=(1, 4), **options)


def load(exported):
    return tf.saved_model.load(str(exported.path)).signatures


def example(**features):
    built = tf.train.Example()
    for name, (kind, values) in features.items():
        getattr(built.features.feature[name], kind).value.extend(values)
    return built.SerializeToString()
