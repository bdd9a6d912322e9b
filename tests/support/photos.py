"""Pictures for tests, made by hand: a JPEG's parts with as much in them as a header reader can check."""

import struct
import zlib


def jpeg(width: int, height: int, *, frame: int = 0xC0, depth: int = 8, colours: int = 3, mark: bytes = b"") -> bytes:
    """A JPEG of that size whose picture is empty; `mark` makes it different from another of the same size."""
    about = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    parts = [(0xE0, about), (0xFE, mark), (0xDB, b"\0" + b"\x10" * 64)]
    parts.append((frame, struct.pack(">BHHB", depth, height, width, colours) + b"\x01\x11\0" * colours))
    head = b"".join(b"\xff" + bytes([kind]) + struct.pack(">H", len(part) + 2) + part for kind, part in parts)
    scan = b"\xff\xda" + struct.pack(">H", 6 + 2 * colours) + bytes([colours]) + b"\x01\0" * colours + b"\0\x3f\0"
    return b"\xff\xd8" + head + scan + b"\x14\xa2\x8a" + b"\xff\xd9"


def gif(width: int, height: int, *, frames: int = 1) -> bytes:
    """A GIF of that size with so many frames, each of one pixel's data."""
    head = b"GIF89a" + struct.pack("<HHB", width, height, 0x80) + b"\0\0" + b"\0\0\0\xff\xff\xff"
    frame = b"\x21\xf9\x04\0\x0a\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02D\x01\0"
    return head + frame * frames + b"\x3b"


def png(width: int, height: int, *, data: bytes = b"x") -> bytes:
    """A PNG of that size; what is packed in it is not its picture."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(data)),
        (b"IEND", b""),
    ]
    packed = (
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part)) for kind, part in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def mp4(width: int, height: int, *, coded: bytes = b"avc1", sound: bool = False) -> bytes:
    """An MP4's boxes around a film that is not there."""

    def box(kind: bytes, *parts: bytes) -> bytes:
        inside = b"".join(parts)
        return struct.pack(">I", len(inside) + 8) + kind + inside

    def track(handler: bytes, size: tuple[int, int], format_: bytes) -> bytes:
        header = b"\0" * 76 + struct.pack(">II", size[0] << 16, size[1] << 16)
        table = box(b"stsd", b"\0\0\0\0\0\0\0\x01" + struct.pack(">I", 16) + format_ + b"\0" * 8)
        media = box(b"mdia", box(b"hdlr", b"\0" * 8 + handler + b"\0" * 12), box(b"minf", box(b"stbl", table)))
        return box(b"trak", box(b"tkhd", header), media)

    tracks = [track(b"vide", (width, height), coded)] + ([track(b"soun", (0, 0), b"mp4a")] if sound else [])
    return box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", *tracks) + box(b"mdat", b"film")
