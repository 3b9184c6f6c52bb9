"""The length in front of each record of a TFRecord file, and its checksum.

Format: https://www.tensorflow.org/tutorials/load_data/tfrecord: a uint64 length and its
masked CRC-32C (Castagnoli), both little-endian.
"""

from __future__ import annotations

BYTES = 12
POLYNOMIAL = 0x82F63B78  # of CRC-32C, its bits reversed
MASK = 0xA282EAD8
LARGEST = 2**31 - 1  # bytes of a message of protocol buffers


def _tables() -> list[list[int]]:
    """Return, for a byte k places before the end, what it adds to the checksum."""
    first = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
        first.append(crc)
    tables = [first]
    for _ in range(7):
        tables.append([first[crc & 255] ^ crc >> 8 for crc in tables[-1]])
    return tables


_T0, _T1, _T2, _T3, _T4, _T5, _T6, _T7 = _tables()


def masked_crc(eight: bytes) -> int:
    """Return the masked CRC-32C of eight bytes."""
    a, b, c, d, e, f, g, h = eight
    crc = (
        _T7[a ^ 255]
        ^ _T6[b ^ 255]
        ^ _T5[c ^ 255]
        ^ _T4[d ^ 255]
        ^ _T3[e]
        ^ _T2[f]
        ^ _T1[g]
        ^ _T0[h]
        ^ 0xFFFFFFFF
    )
    return ((crc >> 15 | crc << 17) + MASK) & 0xFFFFFFFF


def record_length(header: bytes) -> int | None:
    """Return the length that a header of 12 bytes states.

    None if it is cut short, does not match its checksum, or is more than a record can
    have.
    """
    if len(header) < BYTES:
        return None
    if masked_crc(header[:8]) != int.from_bytes(header[8:], "little"):
        return None
    length = int.from_bytes(header[:8], "little")
    return length if length <= LARGEST else None
