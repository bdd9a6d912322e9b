"""The project's files that comments carry: taken in, found, removed."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import Select, Text, cast, func, select
from starlette.datastructures import UploadFile
from starlette.requests import Request

from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.carried import MAX_OTHER, Carried, recognise
from tgac.kit.errors import Conflict, Invalid, NotFound
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _
from tgac.kit.web.paging import matching
from tgac.people.queries import hold_project
from tgac.tasks.media_models import MediaFile
from tgac.tasks.models import Task

MAX_BODY: Final = MAX_OTHER + 1024 * 1024
"""What a request with a file may have: the file and what a form puts around it."""
OFFERED: Final = 50
"""So many files stand in a choice; the others are found by a search."""


async def add_media(act: Act, name: str, content: bytes, *, as_document: bool = False) -> MediaFile:
    """Take a file in, or find it where the project has it already.

    Raises Refused, Invalid (`file`): what cannot be sent, or would pass the project's room for files.
    """
    require(act, Right.EDIT)
    carried = recognise(content, name, as_document=as_document)
    await hold_project(act)
    sha256 = hashlib.sha256(content).hexdigest()
    same = select(MediaFile).where(MediaFile.sha256 == sha256, MediaFile.kind == carried.kind)
    known = await act.session.scalar(same)
    if known is not None:
        return known
    room = act.config.media_quota_mb * 1024**2
    if await room_used(act) + len(content) > room:
        words = _("The files of a project have %(n)s MB together. Remove one first.", n=act.config.media_quota_mb)
        raise Invalid(words, code="media_quota", field="file")
    kept = _row(carried, content, sha256)
    kept.created_at = act.now
    act.session.add(kept)
    await act.flush()
    record(act, "media_added", {"name": kept.name})
    return kept


def _row(carried: Carried, content: bytes, sha256: str) -> MediaFile:
    size = carried.size
    return MediaFile(
        kind=carried.kind,
        name=carried.name,
        mime_type=carried.mime_type,
        size=len(content),
        width=size.width if size else None,
        height=size.height if size else None,
        sha256=sha256,
        content=content,
    )


async def remove_media(act: Act, media_id: int) -> None:
    """Remove a file that no task names; a comment that still waits with it will not go out, and says so.

    Raises Refused, NotFound, Conflict (`media_used`).
    """
    require(act, Right.EDIT)
    await hold_project(act)
    media = await find_media(act, media_id)
    if tasks := (await users_by_media(act)).get(media_id):
        names = ", ".join(f"“{one}”" for one in tasks[:5]) + ("…" if len(tasks) > 5 else "")
        words = _("Comments of these tasks carry this file: %(names)s. Give them another one first.", names=names)
        raise Conflict(words, code="media_used")
    record(act, "media_removed", {"name": media.name})
    await act.session.delete(media)
    await act.flush()


async def find_media(act: Act, media_id: int) -> MediaFile:
    """The file, without its bytes. Raises NotFound; another project's is unknown."""
    media = await act.session.scalar(select(MediaFile).where(MediaFile.id == media_id))
    if media is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return media


def media_like(q: str = "") -> Select[MediaFile]:
    """Files whose name contains `q`, without their bytes."""
    return select(MediaFile).where(matching(q, MediaFile.name)) if q else select(MediaFile)


async def media_to_choose(act: Act, q: str, chosen: Collection[int]) -> tuple[list[MediaFile], bool]:
    """Files for a choice: the newest that fit `q`, and those that are chosen; and whether there are more than these."""
    newest = media_like(q).order_by(MediaFile.id.desc()).limit(OFFERED + 1)
    found = {one.id: one for one in await act.session.scalars(newest)}
    shown = dict(list(found.items())[:OFFERED]) | await media_named(act, set(chosen) - found.keys())
    return list(shown.values()), len(found) > OFFERED


async def media_named(act: Act, numbers: Collection[int]) -> dict[int, MediaFile]:
    """Those of these files that the project has, by their numbers."""
    if not numbers:
        return {}
    found = await act.session.scalars(select(MediaFile).where(MediaFile.id.in_(numbers)))
    return {one.id: one for one in found}


async def content_of(act: Act, media_id: int) -> bytes | None:
    """The file's bytes; None where it is gone."""
    return await act.session.scalar(select(MediaFile.content).where(MediaFile.id == media_id))


async def room_used(act: Act) -> int:
    """How many bytes the project's files have together."""
    return int(await act.session.scalar(select(func.coalesce(func.sum(MediaFile.size), 0))) or 0)


async def users_by_media(act: Act) -> dict[int, list[str]]:
    """The names of the tasks whose comments carry each file, by its number."""
    names_one = cast(Task.config, Text).contains('"media_id"')
    asked = select(Task.name, Task.config).where(Task.deleted_at.is_(None), names_one).order_by(Task.name)
    found: dict[int, list[str]] = {}
    for name, config in await act.session.execute(asked):
        for number in sorted(set(media_ids_in(config))):
            found.setdefault(number, []).append(name)
    return found


def media_ids_in(config: Mapping[str, Any]) -> list[int]:
    """The files that a stored document names."""
    carried = (variant.get("media") or {} for variant in config["content"]["variants"])
    return [one["media_id"] for one in carried if "media_id" in one]


async def sent_upload(request: Request) -> tuple[str, bytes]:
    """Name and bytes of the file of a form (its field `file`). Raises Invalid (field `file`)."""
    name, content = "", b""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=20) as form:
            file = form.get("file")
            if isinstance(file, UploadFile):
                name, content = file.filename or "", await file.read()
    if not content:
        raise Invalid(_("Choose a file."), field="file")
    return name, content
