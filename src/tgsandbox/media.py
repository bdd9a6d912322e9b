"""Files: those that came with a request, those that are named by id or address, and how a Message shows them."""

import re
import struct
from collections.abc import Mapping
from urllib.parse import urlsplit

from tgsandbox.model import File, Json, Upload
from tgsandbox.refusals import refuse
from tgsandbox.world import World

MAX_PHOTO = 10 * 1024 * 1024
KINDS = ("photo", "video", "animation", "document")
_MIME = {"photo": "image/jpeg", "video": "video/mp4", "animation": "video/mp4", "document": "application/octet-stream"}


def take(world: World, uploads: Mapping[str, Upload], *, kind: str, reference: str, bot_id: int | None = None) -> File:
    """The file that a parameter means: uploaded in place, `attach://name`, a file_id or an http address.

    A file_id is good for the bot that it was told to, and for files of its kind.
    """
    attached = reference.removeprefix("attach://") if reference.startswith("attach://") else kind
    if attached in uploads:
        upload = uploads[attached]
        if not upload.content:
            raise refuse("no_file", kind=kind)
        return _measured(keep(world, kind, upload, bot_id))
    if not reference:
        raise refuse("no_file", kind=kind)
    known = world.files.get(reference)
    if known and known.owner in (None, bot_id):
        if known.kind != kind:
            raise refuse("file_type", was=known.kind.title(), wanted=kind.title())
        return known
    if known:
        raise refuse("wrong_file")
    if re.match(r"https?://[^/\s]+\.[^/\s]+", reference):
        return keep(world, kind, Upload(urlsplit(reference).path.rpartition("/")[2] or kind, _MIME[kind], b""), bot_id)
    raise refuse("wrong_file")


def _measured(file: File) -> File:
    """The file with its size in pixels. A photo is unpacked by Telegram, so it must be one, and within bounds
    (https://core.telegram.org/bots/api#sendphoto)."""
    if file.kind != "photo":
        return file
    size = _size(file.content)
    if size is None:
        raise refuse("photo_not_processed")
    width, height = file.width, file.height = size
    if min(size) == 0 or width + height > 10_000 or max(size) > 20 * min(size):
        raise refuse("photo_dimensions")
    if file.size > MAX_PHOTO:
        raise refuse("photo_too_big", size=file.size)
    return file


def _size(content: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG or a PNG."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    frame = re.search(rb"\xff[\xc0-\xc2]..\x08(....)", content, re.DOTALL)
    if not content.startswith(b"\xff\xd8\xff") or not frame:
        return None
    height, width = struct.unpack(">HH", frame[1])
    return width, height


def require_profile_photo(file: File) -> None:
    """Telegram unpacks the picture and cuts a square out of it: it must be a JPEG, at least 160 pixels a side."""
    size = re.search(rb"\xff[\xc0-\xc2]\0.\x08(....)", file.content, re.DOTALL)
    if not file.content.startswith(b"\xff\xd8\xff") or not size:
        raise refuse("photo_not_processed")
    height, width = struct.unpack(">HH", size[1])
    if min(height, width) < 160:
        raise refuse("photo_too_small")
    if height + width > 10_000 or file.size > 10 * 1024 * 1024:
        raise refuse("photo_dimensions")


def keep(world: World, kind: str, upload: Upload, owner: int | None = None) -> File:
    """Put a file among those that have an id."""
    number = next(world.serials)
    file_id = f"AgAC{kind[:2]}{number:012d}Q"
    mime_type = upload.mime_type or _MIME[kind]
    file = File(file_id, f"AQAD{number:08d}", kind, upload.name, mime_type, len(upload.content), upload.content, owner)
    world.files[file_id] = file
    return file


def fields(kind: str, file: File) -> Json:
    """The Message's fields that show the file."""
    known: Json = {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": file.size}
    if kind == "photo":
        return {"photo": [known | {"width": file.width, "height": file.height}]}
    known |= {"file_name": file.name, "mime_type": file.mime_type}
    if kind == "document":
        return {"document": known}
    moving = known | {"width": 1280, "height": 720, "duration": 5}
    if kind == "animation":
        return {"animation": moving, "document": known}
    return {kind: moving}
