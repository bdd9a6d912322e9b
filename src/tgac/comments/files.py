"""The files that comments carry, as whoever sends them needs them.

A bot gives a file to Telegram once, and from then on names it by the `file_id` that Telegram told: each bot has one of
its own. While one comment is giving it, the bot's others with the same file wait for that name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, cast

from sqlalchemy import select, update

from tgac.comments.facts import media_of
from tgac.comments.gate import Held, Ready, Stop
from tgac.comments.models import Comment
from tgac.comments.reasons import FILE_GONE, FILE_UNDER_WAY
from tgac.kit.act import Act
from tgac.kit.carried import Kind
from tgac.kit.telegram.types import File, Look
from tgac.kit.tools import Tools
from tgac.tasks.media import content_of, media_named
from tgac.tasks.media_models import MediaFile, MediaGiven

UPLOAD_S: Final = 60.0
"""After so long without an outcome whoever was giving a file to Telegram counts as lost."""
LOOK_AGAIN_S: Final = 2.0


@dataclass(frozen=True)
class Files:
    """The files that some comments may carry, and what Telegram calls them, by file and bot."""

    known: Mapping[int, MediaFile]
    given: dict[tuple[int, int], MediaGiven]

    def take(self, act: Act, comment: Comment, bot_id: int) -> File | Held | Stop | None:
        """The file that the comment carries, to be sent by this bot; None where it carries none.

        Where Telegram does not know it, the bot is written down as giving it: the row of the bot must be locked.
        """
        number = media_of(comment)
        if number is None:
            return None
        file = self.known.get(number)
        if file is None:
            return Stop("rejected", FILE_GONE)
        given = self.given.get((number, bot_id))
        if given is None:
            given = self.given[number, bot_id] = MediaGiven(media_id=number, bot_id=bot_id, file_id="")
            act.session.add(given)
        kind = cast(Kind, file.kind)
        if not given.file_id:
            since = given.uploading_at
            if since is not None and act.now - since < timedelta(seconds=UPLOAD_S):
                return Held(LOOK_AGAIN_S, FILE_UNDER_WAY)
            given.uploading_at = act.now
        comment.decision = comment.decision | {"media": _told(file)}
        return File(kind, given.file_id, file.name, file.mime_type)


async def files_for(act: Act, comments: Sequence[Comment], gates: Sequence[Ready]) -> Files:
    """What these comments may carry: as they were planned, or as their tasks say where they are written anew."""
    numbers = {media_of(comment) for comment in comments} - {None}
    variants = (variant for gate in gates for variant in gate.config.content.variants)
    numbers |= {variant.media.media_id for variant in variants if variant.media}
    if not numbers:
        return Files({}, {})
    bots = {gate.bot.id for gate in gates}
    asked = select(MediaGiven).where(MediaGiven.media_id.in_(numbers), MediaGiven.bot_id.in_(bots))
    given = {(one.media_id, one.bot_id): one for one in await act.session.scalars(asked)}
    return Files(await media_named(act, {one for one in numbers if one is not None}), given)


async def with_content(tools: Tools, project_id: int, look: Look, media_id: int | None) -> Look | None:
    """The look with the bytes of its file, where Telegram does not know it yet; None where the file is gone."""
    if look.file is None or look.file.file_id or media_id is None:
        return look
    async with tools.reading(None, project_id) as act:
        content = await content_of(act, media_id)
    return None if content is None else replace(look, file=replace(look.file, content=content))


async def name_files(act: Act, comments: Iterable[Comment]) -> None:
    """Write into planned comments what their files are, for whoever reads of them before they are sent."""
    carrying = {comment: number for comment in comments if (number := media_of(comment)) is not None}
    known = await media_named(act, set(carrying.values()))
    for comment, number in carrying.items():
        if number in known:
            comment.decision = comment.decision | {"media": _told(known[number])}


def _told(file: MediaFile) -> dict[str, Any]:
    return {"id": file.id, "kind": file.kind, "name": file.name, "shown": file.mime_type.startswith("image/")}


async def keep_name(act: Act, bot_id: int | None, media_id: int, name: str | None) -> None:
    """Write down what Telegram calls the file when this bot sends it; "" for nothing; None leaves the name."""
    place = (MediaGiven.media_id == media_id, MediaGiven.bot_id == bot_id)
    values = {"uploading_at": None} if name is None else {"uploading_at": None, "file_id": name}
    await act.session.execute(update(MediaGiven).where(*place).values(**values))
