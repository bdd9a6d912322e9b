"""Pictures for tests, made by hand: a JPEG's parts with as much in them as a header reader can check."""

import struct


def jpeg(width: int, height: int, *, frame: int = 0xC0, depth: int = 8, colours: int = 3, mark: bytes = b"") -> bytes:
    """A JPEG of that size whose picture is empty; `mark` makes it different from another of the same size."""
    about = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    parts = [(0xE0, about), (0xFE, mark), (0xDB, b"\0" + b"\x10" * 64)]
    parts.append((frame, struct.pack(">BHHB", depth, height, width, colours) + b"\x01\x11\0" * colours))
    head = b"".join(b"\xff" + bytes([kind]) + struct.pack(">H", len(part) + 2) + part for kind, part in parts)
    scan = b"\xff\xda" + struct.pack(">H", 6 + 2 * colours) + bytes([colours]) + b"\x01\0" * colours + b"\0\x3f\0"
    return b"\xff\xd8" + head + scan + b"\x14\xa2\x8a" + b"\xff\xd9"
