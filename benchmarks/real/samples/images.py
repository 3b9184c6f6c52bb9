"""Pictures: crops of photographs, faces, squares of a chess board, micrographs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib
import numpy as np

from benchmarks.real.samples.sources import Sources, generator, recipe

# Where faces are: left, top and side, in pixels.
FACES = {
    "skimage/data/astronaut.png": (168, 60, 120),
    "grace_hopper.jpg": (140, 90, 220),
}
EYES = (  # photograph; middle and side
    ("skimage/data/astronaut.png", (203, 100, 34)),
    ("skimage/data/astronaut.png", (247, 103, 34)),
    ("grace_hopper.jpg", (222, 189, 60)),
    ("grace_hopper.jpg", (305, 186, 60)),
)
PHOTOS = (
    *("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg"),
    *("motorcycle_left.png", "hubble_deep_field.jpg", "retina.jpg", "ihc.png"),
)
Range = Sequence[float]


@recipe
def photos(
    sources: Sources, count: int, size: Sequence[int], range: Range = (0, 1)
) -> np.ndarray:
    """Cut photographs of all sorts ``(N, *size, 3)``, scaled to `range`."""
    pictures = [_read(sources, f"skimage/data/{name}") for name in PHOTOS]
    rng = generator()
    return scaled(
        [
            resized(_crop(pictures[i % len(pictures)], rng), size)
            for i in np.arange(count)
        ],
        range,
    )


@recipe
def faces(
    sources: Sources,
    count: int,
    size: Sequence[int],
    range: Range = (0, 1),
    margin: float = 0.1,
) -> np.ndarray:
    """Cut the faces of two photographs ``(N, *size, 3)``, each time a bit elsewhere.

    `margin` is what is seen around a face, of its side.
    """
    rng = generator()
    found = []
    for i in np.arange(count):
        name, (left, top, side) = list(FACES.items())[i % len(FACES)]
        picture = _read(sources, name)
        edge = side * margin * rng.uniform(0.5, 1.5)
        x, y = left + rng.normal(0, side / 25), top + rng.normal(0, side / 25)
        box = x - edge, y - edge, x + side + edge, y + side + edge
        face = resized(_within(picture, box), size)
        face = np.clip(face * rng.uniform(0.7, 1.2), 0, 255)
        found.append(face[:, ::-1] if rng.random() < 0.5 else face)
    return scaled(found, range)


@recipe
def eyes(
    sources: Sources, count: int, size: Sequence[int], range: Range = (0, 1)
) -> np.ndarray:
    """Cut the eyes of two photographs ``(N, *size, 3)``, each time a bit elsewhere."""
    rng = generator()
    found = []
    for i in np.arange(count):
        name, (x, y, side) = EYES[i % len(EYES)]
        half = side * rng.uniform(0.45, 0.7)
        across, down = x + rng.normal(0, side / 15), y + rng.normal(0, side / 15)
        box = across - half, down - half, across + half, down + half
        picture = _within(_read(sources, name), box)
        found.append(np.clip(resized(picture, size) * rng.uniform(0.7, 1.2), 0, 255))
    return scaled(found, range)


@recipe
def grey_faces(
    sources: Sources, count: int, size: Sequence[int], range: Range = (0, 1)
) -> np.ndarray:
    """Enlarge faces of Labeled Faces in the Wild to ``(N, *size, 1)``, scaled."""
    small = np.load(sources.find("skimage/data/lfw_subset.npy"))[:100]  # faces first
    order = generator().permutation(100)
    found = [resized(255 * small[order[i % 100]], size) for i in np.arange(count)]
    turned = [f if i < 100 else f[:, ::-1] for i, f in enumerate(found)]
    return scaled(turned, range)[..., None]


@recipe
def squares(
    sources: Sources, count: int, size: Sequence[int], range: Range = (0, 1)
) -> np.ndarray:
    """Cut a chess board into its squares ``(N, *size, 3)``, each a bit elsewhere."""
    board = _read(sources, "board_to_fen/test_image.jpeg")
    side, rng = board.shape[0] / 8, generator()
    found = []
    for i in np.arange(count):
        row, column = divmod(int(rng.permutation(64)[0]) if i > 63 else int(i), 8)
        x, y = column * side, row * side
        if i > 63:
            x, y = x + rng.normal(0, 1), y + rng.normal(0, 1)
        square = resized(_within(board, (x, y, x + side, y + side)), size)
        found.append(square * rng.uniform(0.85, 1.1) if i > 63 else square)
    order = generator(1).permutation(count)
    return scaled([np.clip(found[i], 0, 255) for i in order], range)


def resized(picture: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Return a picture of height and width `size`, float32 at 0..255."""
    from PIL import Image

    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    return np.asarray(
        image.resize((size[1], size[0]), Image.Resampling.BILINEAR), np.float32
    )


def scaled(pictures: Iterable[np.ndarray], to: Range) -> np.ndarray:
    """Stack pictures at 0..255, scaled to the lowest and highest value `to`."""
    low, high = to
    return (np.stack(list(pictures)) / 255 * (high - low) + low).astype(np.float32)


def _read(sources: Sources, name: str) -> np.ndarray:
    """Read a picture ``(height, width, 3)`` of a package, or of matplotlib's data."""
    from PIL import Image

    if name == "grace_hopper.jpg":
        path = Path(matplotlib.get_data_path(), "sample_data", name)
    else:
        path = sources.find(name)
    return np.asarray(Image.open(path).convert("RGB"))


def _within(picture: np.ndarray, box: Sequence[float]) -> np.ndarray:
    height, width = picture.shape[:2]
    left, top = max(0, round(box[0])), max(0, round(box[1]))
    return picture[top : min(height, round(box[3])), left : min(width, round(box[2]))]


def _crop(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a square part of a picture, of half its shorter side or more."""
    height, width = picture.shape[:2]
    side = rng.uniform(0.5, 1) * min(height, width)
    x, y = rng.uniform(0, width - side), rng.uniform(0, height - side)
    return _within(picture, (x, y, x + side, y + side))
