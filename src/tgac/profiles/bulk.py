"""Profiles of many bots from one file: read, compared, shown, applied exactly as shown; and written out again."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import delete, select

from tgac.bots.models import Bot
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.archives import is_zip, read_zip
from tgac.kit.errors import Conflict, Invalid
from tgac.kit.sheets import Row, read_sheet, write_sheet
from tgac.kit.tenancy import Principal, Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _
from tgac.profiles.document import FIELDS, PHOTO, Change, Texts, changes, clean_language, clean_text, photo_change
from tgac.profiles.forms import Sent
from tgac.profiles.jobs import apply_soon
from tgac.profiles.models import BotProfile, ProfileDraft, ProfileState
from tgac.profiles.queries import photos_known, profiles_by_bot
from tgac.profiles.reading import Seen
from tgac.profiles.service import keep_photos, last_seen, merged, photo_hash, seen_now, wish

COLUMNS: Final = ("bot", "language", *FIELDS, PHOTO)
CLEAR: Final = "[clear]"
"""In a cell: take away what is there. An empty cell leaves it."""
READ_AT_ONCE: Final = 50
"""So many bots are read from Telegram for a preview; of the others it is told what was seen last."""
SIDE_BY_SIDE: Final = 8


@dataclass(frozen=True, slots=True)
class BadCell:
    """What was left out: the line from 1, the column where it is one, and why."""

    line: int
    column: str
    message: str


@dataclass(slots=True)
class Order:
    """What a file says of one bot, and what of it differs. `was_read`: compared with Telegram as it is now."""

    bot: Bot
    lines: list[int] = field(default_factory=list)
    texts: Sent = field(default_factory=dict)
    photo: str | None = None
    changes: list[Change] = field(default_factory=list)
    was_read: bool = False


@dataclass(slots=True)
class Bulk:
    """A file as it was understood. `digest` stands for its content and everything that it was compared with."""

    orders: dict[int, Order] = field(default_factory=dict)
    bad: list[BadCell] = field(default_factory=list)
    photos: dict[str, bytes] = field(default_factory=dict)
    digest: str = ""

    @property
    def changing(self) -> list[Order]:
        """Those whose bots would be changed."""
        return [one for one in self.orders.values() if one.changes]

    @property
    def unchanged(self) -> int:
        """How many bots are as the file wants them."""
        return len(self.orders) - len(self.changing)


async def preview_profiles(tools: Tools, author: Principal, *, project_id: int, content: bytes) -> Bulk:
    """What a file would change, bot by bot; nothing is changed. Raises Invalid (field `file`), NotFound, Refused."""
    async with tools.reading(author, project_id) as act:
        require(act, Right.EDIT)
        bulk = await understood(act, content)
        profiles = await profiles_by_bot(act)
    seen = await _seen_of(tools, bulk, profiles)
    await asyncio.to_thread(_finish, content, bulk, profiles, seen)
    return bulk


def _finish(content: bytes, bulk: Bulk, profiles: Mapping[int, BotProfile], seen: Mapping[int, Seen]) -> None:
    compare(bulk, profiles, seen)
    bulk.digest = _digest(content, bulk)


async def apply_profiles(
    tools: Tools, author: Principal, *, project_id: int, content: bytes, digest: str | None = None
) -> Bulk:
    """Bring what a file says to Telegram, a job for each bot that differs; a repeat finds nothing.

    With the `digest` of a preview exactly that is applied. Raises Conflict (`preview_stale`) where anything has moved,
    and what `preview_profiles` raises.
    """
    bulk = await preview_profiles(tools, author, project_id=project_id, content=content)
    if digest is not None and bulk.digest != digest:
        words = _("Something has changed since this preview. Look at the differences again.")
        raise Conflict(words, code="preview_stale", field="digest")
    async with tools.acting(author, project_id) as act:
        require(act, Right.EDIT)
        await keep_photos(act, bulk.photos)
        profiles = await profiles_by_bot(act)
        there = set(await act.session.scalars(select(Bot.id)))
        for order in bulk.changing:
            if order.bot.id in there:
                _take(act, order, profiles.get(order.bot.id))
        if bulk.changing:
            record(act, "profiles_imported", {"count": len(bulk.changing)})
    return bulk


def _take(act: Act, order: Order, profile: BotProfile | None) -> None:
    taken = wish(act, order.bot, profile, texts=order.texts, photo=order.photo)
    if taken.state != ProfileState.APPLYING:
        apply_soon(act, taken)


async def keep_draft(act: Act, content: bytes, digest: str) -> None:
    """Keep the file for whoever looks at its preview; it takes the place of the one before."""
    require(act, Right.EDIT)
    assert act.principal is not None
    user_id = act.principal.user_id
    await act.session.execute(delete(ProfileDraft).where(ProfileDraft.user_id == user_id))
    act.session.add(ProfileDraft(user_id=user_id, digest=digest, content=content, created_at=act.now))
    await act.flush()


async def understood(act: Act, content: bytes) -> Bulk:
    """The file's orders for the project's bots, and every line that is left out. Raises Invalid (field `file`).

    A long file takes a second: it is read in a thread, so that other requests are answered meanwhile.
    """
    bots, known = list(await act.session.scalars(select(Bot))), await photos_known(act)
    return await asyncio.to_thread(_understood, content, bots, known)


def _understood(content: bytes, bots: list[Bot], known: set[str]) -> Bulk:
    table, files = _unpacked(content)
    sheet = read_sheet(table, known=COLUMNS, needed=("bot",))
    bulk = Bulk(bad=[BadCell(one.line, "", one.message) for one in sheet.bad])
    photos = _Photos(files, known)
    names = {name: bot for bot in bots for name in _names(bot)}
    for row in sheet.rows:
        bot = names.get(row.cells["bot"].strip().removeprefix("@").lower())
        if bot is None:
            words = _("There is no bot “%(name)s” in this project.", name=row.cells["bot"][:64])
            bulk.bad.append(BadCell(row.line, "bot", words))
            continue
        _read_row(bulk, bulk.orders.setdefault(bot.id, Order(bot)), row, photos=photos)
    bulk.bad.sort(key=lambda one: one.line)
    bulk.photos = photos.taken
    return bulk


def compare(bulk: Bulk, profiles: Mapping[int, BotProfile], seen: Mapping[int, Seen]) -> None:
    """Write into each order what would be set: what the file says, and what the bot's wish said before and is not so.

    A wish that is on its way to Telegram already and stays the same is no change.
    """
    for bot_id, order in bulk.orders.items():
        profile = profiles.get(bot_id)
        now = seen.get(bot_id) or (last_seen(profile) if profile else None)
        order.was_read = bot_id in seen
        before = profile.wish if profile else {}
        after = merged(before, order.texts)
        photo = order.photo if order.photo is not None else (profile.photo if profile else None)
        is_same = profile is not None and after == before and photo == profile.photo
        if profile is not None and is_same and (profile.state == ProfileState.APPLYING or now is None):
            continue
        given, given_id = (profile.given_photo, profile.given_photo_id) if profile else (None, None)
        shown = photo_change(photo, given=given, given_id=given_id, seen_id=now.photo if now else None)
        order.changes = [*changes(after, now.languages if now else None), *([shown] if shown else [])]


def export_rows(bots: list[Bot], profiles: Mapping[int, BotProfile]) -> bytes:
    """The profiles as a CSV that `understood` reads again: what is wished, else what was seen."""
    return write_sheet(COLUMNS, (row for bot in bots for row in _rows(bot, profiles.get(bot.id))))


def _rows(bot: Bot, profile: BotProfile | None) -> list[list[str]]:
    wished: Mapping[str, Texts] = profile.wish if profile else {}
    seen: Mapping[str, Texts] = (profile.seen or {}) if profile else {}
    rows = []
    for code in sorted({"", *wished, *seen}):
        texts = {**seen.get(code, {}), **wished.get(code, {})}
        if not code:
            texts.setdefault("name", bot.name)
        photo = _photo_name(profile.photo) if profile and not code else ""
        if not code or any(texts.values()) or code in wished:
            cleared = {name for name, text in wished.get(code, {}).items() if not text}
            cells = [CLEAR if name in cleared else texts.get(name, "") for name in FIELDS]
            rows.append([f"@{bot.username}", code, *cells, photo])
    return rows


def _photo_name(sha256: str | None) -> str:
    return CLEAR if sha256 == "" else f"{sha256[:32]}.jpg" if sha256 else ""


def _names(bot: Bot) -> tuple[str, str]:
    return bot.username.lower(), str(bot.telegram_id)


def _unpacked(content: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The table, and the photos that came with it."""
    if not is_zip(content):
        return content, {}
    files = read_zip(content)
    tables = [name for name in files if name.lower().endswith(".csv")]
    if len(tables) != 1:
        words = _("The archive must hold one CSV; it holds %(n)s.", n=len(tables))
        raise Invalid(words, code="bad_archive", field="file")
    return files.pop(tables[0]), files


class _Photos:
    """The photos that cells may name: files of the archive, and those that the project has already."""

    def __init__(self, files: Mapping[str, bytes], known: set[str]) -> None:
        self._files = {name.casefold(): content for name, content in files.items()}
        self._known = {sha256[:32]: sha256 for sha256 in known}
        self.taken: dict[str, bytes] = {}

    def named(self, name: str) -> str:
        """The photo's hash. Raises Invalid."""
        content = self._files.get(name.casefold())
        if content is not None:
            sha256 = photo_hash(content)
            self.taken[sha256] = content
            return sha256
        known = self._known.get(name.removesuffix(".jpg"))
        if known is None:
            words = _("There is no photo “%(name)s” beside the table. Send a ZIP with both.", name=name[:80])
            raise Invalid(words, field=PHOTO)
        return known


def _read_row(bulk: Bulk, order: Order, row: Row, *, photos: _Photos) -> None:
    """Put what fits of a line into the bot's order, and the rest among what is left out."""
    try:
        language = clean_language(row.cells.get("language", ""))
    except ValueError as error:
        bulk.bad.append(BadCell(row.line, "language", str(error)))
        return
    if language in order.texts:
        bulk.bad.append(BadCell(row.line, "language", _("The file has this bot and language on an earlier line.")))
        return
    order.lines.append(row.line)
    texts = order.texts.setdefault(language, {})
    for name in FIELDS:
        cell = row.cells.get(name, "")
        if not cell.strip():
            continue
        try:
            texts[name] = clean_text(name, "" if cell.strip() == CLEAR else cell, language=language)
        except ValueError as error:
            bulk.bad.append(BadCell(row.line, name, str(error)))
    cell = row.cells.get(PHOTO, "").strip()
    if cell:
        _read_photo(bulk, order, row.line, cell=cell, photos=photos, language=language)


def _read_photo(bulk: Bulk, order: Order, line: int, *, cell: str, photos: _Photos, language: str) -> None:
    if language:
        words = _("A photo is the same for all languages: name it on the line without a language.")
        bulk.bad.append(BadCell(line, PHOTO, words))
        return
    try:
        order.photo = "" if cell == CLEAR else photos.named(cell)
    except Invalid as error:
        bulk.bad.append(BadCell(line, PHOTO, error.message))


async def _seen_of(tools: Tools, bulk: Bulk, profiles: Mapping[int, BotProfile]) -> dict[int, Seen]:
    """What Telegram has at this moment of the first bots of the file; who is silent is not in it."""
    places = asyncio.Semaphore(SIDE_BY_SIDE)

    async def read(order: Order) -> tuple[int, Seen | None]:
        profile = profiles.get(order.bot.id)
        languages = {*order.texts, *(profile.wish if profile else ())}
        async with places:
            return order.bot.id, (await seen_now(tools, order.bot, languages))[0]

    found = await asyncio.gather(*map(read, list(bulk.orders.values())[:READ_AT_ONCE]))
    return {bot_id: seen for bot_id, seen in found if seen is not None}


def _digest(content: bytes, bulk: Bulk) -> str:
    compared = [
        [bot_id, one.language, one.field, one.old, one.new]
        for bot_id, order in sorted(bulk.orders.items())
        for one in order.changes
    ]
    told = hashlib.sha256(content).digest() + json.dumps(compared).encode()
    return hashlib.sha256(told).hexdigest()
