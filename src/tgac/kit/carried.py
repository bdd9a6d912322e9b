"""Files that comments carry: recognised by what is in them and not by their names, measured by their headers, never
unpacked here.

What Telegram takes: https://core.telegram.org/bots/api#sendphoto, #sendanimation, #senddocument.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Literal

from tgac.kit.errors import Invalid
from tgac.kit.images import MAX_RATIO, MAX_SIDES, Size, jpeg_size
from tgac.kit.web.i18n import _

Kind = Literal["photo", "animation", "document"]
MAX_PHOTO: Final = 10 * 1024 * 1024
MAX_OTHER: Final = 20 * 1024 * 1024
"""Less than Telegram's 50 MB: an upload has to end within the gateway's longest call."""
MAX_PIXELS: Final = 500_000_000
"""Of all frames together: a few bytes can mean a picture that fills the memory of whoever shows it."""
MAX_NAME: Final = 60
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_GIF: Final = (b"GIF87a", b"GIF89a")
_UNPRINTABLE: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNSAFE: Final = re.compile(r"[^\w .()+-]+")
_NESTED: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})


@dataclass(frozen=True, slots=True)
class Carried:
    """A file as it is sent: `kind` says by which method, `size` is None where it shows no picture."""

    kind: Kind
    name: str
    mime_type: str
    size: Size | None


@dataclass(frozen=True, slots=True)
class _Format:
    kind: Kind
    mime_type: str
    endings: tuple[str, ...]
    size: Size | None = None
    frames: int = 1


def recognise(content: bytes, name: str, *, as_document: bool = False, field: str = "file") -> Carried:
    """What the file is; `as_document` lets a picture be sent as it is, not squeezed by Telegram.

    Raises Invalid (`field`): what nobody can tell, what is damaged, too large, or would be too large unpacked.
    """
    found = _png(content) or _jpeg(content) or _gif(content) or _mp4(content, field) or _pdf(content) or _text(content)
    if found is None:
        words = _("This file cannot be sent: it is no JPEG, PNG, GIF, MP4, PDF or plain text, or it is damaged.")
        raise Invalid(words, code="file_unknown", field=field)
    kind: Kind = "document" if as_document else found.kind
    limit = MAX_PHOTO if kind == "photo" else MAX_OTHER
    if len(content) > limit:
        raise Invalid(_("Such a file has at most %(n)s MB.", n=limit // 1024**2), code="file_too_large", field=field)
    if found.size is not None:
        _hold_size(found.size, kind, frames=found.frames, field=field)
    return Carried(kind, _named(name, found.endings), found.mime_type, found.size)


def _hold_size(size: Size, kind: Kind, *, frames: int, field: str) -> None:
    short, long = sorted((size.width, size.height))
    is_odd = kind == "photo" and (size.width + size.height > MAX_SIDES or long > short * MAX_RATIO)
    if short == 0 or is_odd or size.width * size.height * frames > MAX_PIXELS:
        words = _(
            "The picture has %(w)s × %(h)s pixels and %(frames)s frames; Telegram takes photos whose width and height "
            "are together at most %(most)s and differ at most by a factor of %(ratio)s.",
            w=size.width,
            h=size.height,
            frames=frames,
            most=MAX_SIDES,
            ratio=MAX_RATIO,
        )
        raise Invalid(words, code="file_dimensions", field=field)


def _named(name: str, endings: tuple[str, ...]) -> str:
    """A plain name with an ending that tells the truth."""
    path = PurePath(_UNSAFE.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(" ."))
    ending = path.suffix.lower()
    true = ending if ending in endings else endings[0]
    stem = path.stem if ending in endings else path.name
    return (stem.strip(" .")[:MAX_NAME] or "file") + true


def _jpeg(content: bytes) -> _Format | None:
    size = jpeg_size(content)
    return _Format("photo", "image/jpeg", (".jpg", ".jpeg"), size) if size else None


def _png(content: bytes) -> _Format | None:
    """PNG: parts with their lengths and sums up to the last, https://www.w3.org/TR/png-3/#5Chunk-layout."""
    if not content.startswith(_PNG):
        return None
    place, size, has_picture = len(_PNG), None, False
    while place + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[place : place + 8])
        end = place + 12 + length
        if end > len(content) or struct.pack(">I", zlib.crc32(content[place + 4 : end - 4])) != content[end - 4 : end]:
            return None
        if size is None:
            if kind != b"IHDR" or length != 13:
                return None
            size = Size(*struct.unpack(">II", content[place + 8 : place + 16]))
        has_picture = has_picture or kind == b"IDAT"
        if kind == b"IEND":
            return _Format("photo", "image/png", (".png",), size) if has_picture else None
        place = end
    return None


def _gif(content: bytes) -> _Format | None:
    """GIF: blocks up to the trailer, https://www.w3.org/Graphics/GIF/spec-gif89a.txt."""
    if not content.startswith(_GIF) or len(content) < 14:
        return None
    width, height, flags = struct.unpack("<HHB", content[6:11])
    place, frames = 13 + _colours(flags), 0
    while place < len(content):
        kind = content[place]
        if kind == 0x3B:
            return _Format("animation", "image/gif", (".gif",), Size(width, height), frames) if frames else None
        if kind == 0x2C and place + 10 <= len(content):
            frames += 1
            place += 11 + _colours(content[place + 9])
        elif kind == 0x21:
            place += 2
        else:
            return None
        while place < len(content) and content[place]:
            place += 1 + content[place]
        place += 1
    return None


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _mp4(content: bytes, field: str) -> _Format | None:
    """MP4: boxes within boxes, ISO/IEC 14496-12. An animation is H.264 without sound."""
    if content[4:8] != b"ftyp":
        return None
    boxes = list(_boxes(content, 0, len(content)))
    kinds = {kind for kind, _start, _end in boxes}
    if not {b"moov", b"mdat"} <= kinds:
        return None
    handlers = {content[start + 8 : start + 12] for kind, start, end in boxes if kind == b"hdlr" and end - start >= 12}
    coded = {content[start + 12 : start + 16] for kind, start, end in boxes if kind == b"stsd" and end - start >= 16}
    sizes = [_track_size(content[start:end]) for kind, start, end in boxes if kind == b"tkhd"]
    shown = next((size for size in sizes if size and size.width), None)
    if b"soun" in handlers or b"vide" not in handlers or not coded <= {b"avc1", b"avc3"} or shown is None:
        words = _("An MP4 is sent as an animation: H.264 without sound. This one is something else.")
        raise Invalid(words, code="not_an_animation", field=field)
    return _Format("animation", "video/mp4", (".mp4",), shown)


def _boxes(content: bytes, start: int, stop: int, depth: int = 0) -> Iterator[tuple[bytes, int, int]]:
    """Boxes with where their contents begin and end; those that do not hang together end it."""
    while start + 8 <= stop:
        length, kind = struct.unpack(">I4s", content[start : start + 8])
        head = 8
        if length == 1 and start + 16 <= stop:
            length, head = struct.unpack(">Q", content[start + 8 : start + 16])[0], 16
        end = stop if length == 0 else start + length
        if end > stop or end < start + head:
            return
        yield kind, start + head, end
        if kind in _NESTED and depth < len(_NESTED):
            yield from _boxes(content, start + head, end, depth + 1)
        start = end


def _track_size(header: bytes) -> Size | None:
    """The last eight bytes of a track's header: width and height, 16.16 each."""
    if len(header) < 84:
        return None
    width, height = struct.unpack(">II", header[-8:])
    return Size(width >> 16, height >> 16)


def _pdf(content: bytes) -> _Format | None:
    is_whole = content.startswith(b"%PDF-") and b"%%EOF" in content[-2048:]
    return _Format("document", "application/pdf", (".pdf",)) if is_whole else None


def _text(content: bytes) -> _Format | None:
    """Plain text in UTF-8, nothing that a program would read as a page."""
    if not content.strip() or len(content) > MAX_OTHER or _UNPRINTABLE.search(content):
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    is_page = text.lstrip()[:1] == "<"
    return None if is_page else _Format("document", "text/plain", (".txt", ".csv", ".md"))
