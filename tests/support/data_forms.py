"""The same samples in every form that keeps their order."""

import numpy as np
import tensorflow as tf
from samples import CLASSES, PIXELS, SCALED, SHAPE, npz

from tfsnn.data import open_data


def sources(tmp_path):
    """The same ten samples in every form that keeps their order."""
    pairs = tf.data.Dataset.from_tensor_slices((PIXELS, CLASSES))
    fortran = np.asfortranarray(PIXELS)
    return {
        "npz": npz(tmp_path / "a.npz", x=PIXELS, y=CLASSES),
        "npz string": str(npz(tmp_path / "s.npz", x=PIXELS, y=CLASSES)),
        "compressed": npz(tmp_path / "c.npz", True, x=PIXELS, y=CLASSES),
        "fortran": npz(tmp_path / "f.npz", x=fortran, y=CLASSES),
        "big endian": npz(tmp_path / "b.npz", x=SCALED.astype(">f4"), y=CLASSES),
        "arrays": (PIXELS, CLASSES),
        "dataset": pairs.batch(3),
        "data": open_data((PIXELS, CLASSES), SHAPE),
    }


FORMS = [
    "npz",
    "npz string",
    "compressed",
    "fortran",
    "big endian",
    "arrays",
    "dataset",
    "data",
]
