"""Read the size of an image from its header, before anything is decoded.

A few bytes can stand for an image that no memory holds.
"""

from __future__ import annotations

from tfsnn_numpy.errors import DataError

MOST_PIXELS = 2**27
MOST_BYTES = 2**28  # of the file
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers of a jpeg's frame
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length


def check_image_size(stored: bytes, what: str) -> None:
    """Refuse an image of more than 2^27 pixels.

    Args:
        stored: the bytes of a png, jpeg, gif or bmp file; those of others pass.
        what: what it is called in the message.

    Raises:
        DataError: if there are more.
    """
    width, height = image_size(stored)
    if width * height > MOST_PIXELS:
        raise DataError(
            f"{what} is said to have {width} x {height} pixels, more than "
            f"{MOST_PIXELS:,}: it is damaged, or has to be made smaller first"
        )


def image_size(stored: bytes) -> tuple[int, int]:
    """Return the width and height that the header states; (0, 0) if it states none."""
    if stored.startswith(b"\x89PNG\r\n\x1a\n"):
        return _number(stored[16:20]), _number(stored[20:24])
    if stored.startswith(b"GIF8"):
        return _gif_size(stored)
    if stored.startswith(b"BM"):
        sizes = (
            int.from_bytes(stored[at : at + 4], "little", signed=True)
            for at in (18, 22)
        )
        width, height = (abs(size) for size in sizes)
        return width, height
    if stored.startswith(b"\xff\xd8"):
        return _jpeg_size(stored)
    return 0, 0


def _number(stored: bytes) -> int:
    return int.from_bytes(stored, "big")


def _gif_size(stored: bytes) -> tuple[int, int]:
    width, height = (int.from_bytes(stored[a : a + 2], "little") for a in (6, 8))
    return width, height


def _jpeg_size(stored: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(stored):
        if stored[at] != 0xFF:
            return 0, 0
        marker = stored[at + 1]
        if marker in _FRAMES:
            return _number(stored[at + 7 : at + 9]), _number(stored[at + 5 : at + 7])
        if marker == 0xFF:  # filling
            at += 1
        elif marker in _ALONE:
            at += 2
        else:
            at += 2 + _number(stored[at + 2 : at + 4])
    return 0, 0
