"""Pictures that people send: recognised by what is in them, measured by their header, never unpacked here.

A JPEG's parts: ITU-T T.81, Annex B, https://www.w3.org/Graphics/JPEG/itu-t81.pdf
"""

import struct
from dataclasses import dataclass
from typing import Final

from tgac.kit.errors import Invalid
from tgac.kit.web.i18n import _

MAX_BYTES: Final = 5 * 1024 * 1024
MIN_SIDE: Final = 160
"""Telegram shows profile photos at 160 pixels and up (https://core.telegram.org/api/files#image-thumbnail-types)."""
MAX_SIDES: Final = 10_000
"""Width and height together, as for every photo (https://core.telegram.org/bots/api#sendphoto)."""
MAX_RATIO: Final = 20
_START: Final = b"\xff\xd8\xff"
_END: Final = b"\xff\xd9"
_FRAMES: Final = (0xC0, 0xC1, 0xC2)
"""Baseline, extended and progressive: what everybody can show."""
_OTHER_FRAMES: Final = (0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
_ALONE: Final = (0x01, *range(0xD0, 0xD8))
_SCAN: Final = 0xDA


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels."""

    width: int
    height: int


def require_photo(content: bytes, *, field: str = "photo") -> Size:
    """The size of a JPEG that Telegram takes as a profile photo. Raises Invalid with the field."""
    if len(content) > MAX_BYTES:
        raise Invalid(_("A photo has at most %(n)s MB.", n=MAX_BYTES // 1024**2), code="photo_too_large", field=field)
    size = jpeg_size(content)
    if size is None:
        raise Invalid(_("This is no JPEG picture, or it is damaged."), code="not_a_jpeg", field=field)
    short, long = sorted((size.width, size.height))
    if short < MIN_SIDE or size.width + size.height > MAX_SIDES or long > short * MAX_RATIO:
        words = _(
            "The picture has %(w)s × %(h)s pixels; a side needs at least %(least)s, both together at most %(most)s.",
            w=size.width,
            h=size.height,
            least=MIN_SIDE,
            most=MAX_SIDES,
        )
        raise Invalid(words, code="photo_dimensions", field=field)
    return size


def jpeg_size(content: bytes) -> Size | None:
    """What a JPEG's header says, if the parts of the file hang together up to the picture itself; None: it is none."""
    if not content.startswith(_START) or not content.rstrip(b"\0\r\n").endswith(_END):
        return None
    place, size = 2, None
    while place + 4 <= len(content) and content[place] == 0xFF:
        kind = content[place + 1]
        if kind == 0xFF or kind in _ALONE:
            place += 1 if kind == 0xFF else 2
            continue
        if kind == _SCAN:
            return size
        (length,) = struct.unpack(">H", content[place + 2 : place + 4])
        if kind in _OTHER_FRAMES or length < 2 or (kind in _FRAMES and size):
            return None
        if kind in _FRAMES:
            size = _frame(content[place + 4 : place + 2 + length])
        place += 2 + length
    return None


def _frame(part: bytes) -> Size | None:
    if len(part) < 6:
        return None
    depth, height, width, colours = struct.unpack(">BHHB", part[:6])
    return Size(width, height) if depth == 8 and colours in (1, 3) and len(part) == 6 + 3 * colours else None
