"""Data by path, read in batches, so that memory does not grow with the data.

:func:`open_data` accepts an ``.npz`` or ``.tfrecord`` file, a folder of images by
class, a ``tfds:NAME``, arrays, or a ``tf.data.Dataset``, and returns a :class:`Data`,
which can be read any number of times. What can be checked without reading the samples
(shape, type, labels, split) is checked on opening; every batch is checked again.
For a model with several inputs, each batch holds an array for each, by name.

Unsigned 8-bit values become 0..1 (times 1/255, as Keras's ``Rescaling`` computes it);
floating point and booleans are passed on unchanged; other integers are refused, as
their range is not known. With ``raw=True`` values of every type are passed on
unchanged, as float32.

What changes over time, frames and events, is read by :mod:`tfsnn.data.over_time`.
"""

from tfsnn.data.opening import FORMS, open_data, open_for
from tfsnn.data.over_time import OverTime
from tfsnn_numpy.image_folder import IMAGES
from tfsnn_numpy.samples import Batch, Data, Progress, Shape

__all__ = [
    "FORMS",
    "IMAGES",
    "Batch",
    "Data",
    "OverTime",
    "Progress",
    "Shape",
    "open_data",
    "open_for",
]
