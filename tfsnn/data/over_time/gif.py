"""The structure of an animated GIF, read before anything of it is decoded.

Format: https://www.w3.org/Graphics/GIF/spec-gif89a.txt. Its sections 20 (image
descriptors) and 23 (graphic control extensions) are what matters here.
"""

from __future__ import annotations

from typing import NamedTuple

HEADER = 13  # bytes, with the description of the screen
EXTENSION, IMAGE, CONTROL = 0x21, 0x2C, 0xF9
RESTORES = (2, 3)  # ways to dispose of a frame that bring back what was behind it


class Structure(NamedTuple):
    """What a GIF says of itself.

    Attributes:
        frames: number of frames.
        restores: whether a frame that is disposed of shows through the next one, which
            TensorFlow's decoder does not compute.
    """

    frames: int
    restores: bool


def gif_structure(stored: bytes) -> Structure:
    """Return the structure of the bytes of a GIF, as far as they go."""
    screen = stored[6:10]
    at = HEADER + _colours(stored, 10)
    frames, restores = 0, False
    disposal = transparent = 0
    before = 0  # how the frame before is disposed of
    while at < len(stored):
        if stored[at] == EXTENSION:
            if stored[at + 1 : at + 3] == bytes((CONTROL, 4)) and at + 3 < len(stored):
                disposal, transparent = stored[at + 3] >> 2 & 7, stored[at + 3] & 1
            at = _behind_blocks(stored, at + 2)
        elif stored[at] == IMAGE:
            covers = stored[at + 1 : at + 9] == bytes(4) + screen and not transparent
            restores |= before in RESTORES and not covers
            frames, before = frames + 1, disposal
            disposal = transparent = 0
            at = _behind_blocks(stored, at + 11 + _colours(stored, at + 9))
        else:
            break
    return Structure(frames, restores)


def _colours(stored: bytes, at: int) -> int:
    """Return the bytes of the colour table that the flags at a place announce."""
    flags = stored[at] if at < len(stored) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _behind_blocks(stored: bytes, at: int) -> int:
    """Return the place behind blocks that start here, of which the last is empty."""
    while at < len(stored) and stored[at]:
        at += 1 + stored[at]
    return at + 1
