"""Ten small images with classes, shared by the tests of data, and how to read data."""

import numpy as np

SHAPE = (4, 4, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (10, *SHAPE), dtype=np.uint8)
SCALED = PIXELS.astype(np.float32) * np.float32(1 / 255)
CLASSES = np.arange(10) % 3


def collect(data, batch_size=4):
    """All samples joined, after a check of each batch's form."""
    xs, ys = [], []
    for x, y in data.batches(batch_size):
        assert x.dtype == np.float32 and x.shape[1:] == data.input_shape
        assert 1 <= len(x) <= batch_size
        if y is not None:
            assert len(y) == len(x)
            ys.append(y)
        xs.append(x)
    return np.concatenate(xs), np.concatenate(ys) if ys else None


def npz(path, compressed=False, **arrays):
    (np.savez_compressed if compressed else np.savez)(path, **arrays)
    return path
