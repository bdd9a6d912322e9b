"""What can be done with bots' profiles."""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from tgac.bots.models import Bot
from tgac.bots.queries import find_bot
from tgac.bots.service import token_of
from tgac.journal.service import differences, record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid
from tgac.kit.images import require_photo
from tgac.kit.telegram.faults import Fault
from tgac.kit.tenancy import Principal, Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _
from tgac.profiles.document import MAX_LANGUAGES, PHOTO, Change, Texts, changes, photo_change
from tgac.profiles.forms import ProfileFields, Sent, cleaned
from tgac.profiles.jobs import apply_soon
from tgac.profiles.models import BotProfile, ProfilePhoto, ProfileState
from tgac.profiles.queries import find_profile, photos_known
from tgac.profiles.reading import PATIENCE_S, Seen, read_profile

LEAVE: Final = None
"""For a photo that is not spoken of."""


@dataclass(frozen=True, slots=True)
class View:
    """A bot's profile for those who look: the wish, what Telegram has, and what differs.

    `seen` None: it was never read; `problem`: why it could not be read at this moment, so that `seen` is older.
    """

    bot: Bot
    profile: BotProfile | None
    seen: Seen | None
    problem: str
    changes: list[Change] = field(default_factory=list)


async def look_at_profile(
    tools: Tools, author: Principal, *, project_id: int, bot_id: int, also: Collection[str] = ()
) -> View:
    """What the bot says of itself and shall say; Telegram is asked, and the last it said stands in while it is silent.

    `also` names languages that the wish does not name. Raises NotFound, Refused.
    """
    async with tools.reading(author, project_id) as act:
        require(act, Right.LOOK)
        bot, profile = await find_bot(act, bot_id), await find_profile(act, bot_id)
    seen, problem = await seen_now(tools, bot, {*(profile.wish if profile else ()), *also})
    if seen is None and profile is not None:
        seen = last_seen(profile)
    return View(bot, profile, seen, problem, pending(profile, seen) if profile else [])


async def seen_now(tools: Tools, bot: Bot, languages: Collection[str]) -> tuple[Seen | None, str]:
    """What Telegram has at this moment, or why that is not known."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await read_profile(tools.telegram, token_of(tools.keys, bot), languages), ""
    except Fault as fault:
        return None, fault.description or fault.code
    except TimeoutError:
        return None, _("no answer within %(n)s s", n=round(PATIENCE_S))
    except ValueError:
        return None, _("its token cannot be opened any more")


def last_seen(profile: BotProfile) -> Seen | None:
    """What Telegram had when it was read last."""
    return None if profile.seen is None else Seen(profile.seen, profile.seen_photo or "")


def pending(profile: BotProfile, seen: Seen | None) -> list[Change]:
    """What would be set in Telegram if the wish were applied."""
    photo = photo_change(
        profile.photo,
        given=profile.given_photo,
        given_id=profile.given_photo_id,
        seen_id=seen.photo if seen else None,
    )
    return [*changes(profile.wish, seen.languages if seen else None), *([photo] if photo else [])]


async def save_profile(
    act: Act, bot_id: int, fields: ProfileFields, *, apply: bool, photo: bytes | None = None
) -> BotProfile:
    """Write down what the bot shall say of itself; what is not sent stays. With `apply` it is brought to Telegram.

    `photo` is a JPEG, empty for none, None for what `fields` says of it.
    Raises NotFound, Refused, Invalid with every field that does not fit.
    """
    require(act, Right.EDIT)
    bot = await find_bot(act, bot_id)
    texts = cleaned({code: one.sent() for code, one in fields.languages.items()})
    if photo is None and fields.photo is not None:
        photo = _jpeg(fields.photo)
    named = None if photo is None else await _kept_photo(act, photo)
    profile = await find_profile(act, bot_id, lock=True)
    profile = wish(act, bot, profile, texts=texts, photo=named)
    if apply and profile.state != ProfileState.APPLYING:
        apply_soon(act, profile)
    await act.flush()
    return profile


async def apply_saved(act: Act, bot_id: int, version: int) -> BotProfile:
    """Bring the wish that was looked at to Telegram. Raises NotFound, Refused, Conflict (`profile_changed`)."""
    require(act, Right.EDIT)
    await find_bot(act, bot_id)
    profile = await find_profile(act, bot_id, lock=True)
    if profile is None or profile.version != version:
        raise Conflict(_("The profile was changed meanwhile. Look at the differences again."), code="profile_changed")
    if profile.state != ProfileState.APPLYING:
        apply_soon(act, profile)
    await act.flush()
    return profile


def wish(act: Act, bot: Bot, profile: BotProfile | None, *, texts: Sent, photo: str | None = LEAVE) -> BotProfile:
    """The bot's wish with these texts put in, written into the audit. Raises Invalid for too many languages."""
    if profile is None:
        profile = BotProfile(bot_id=bot.id, version=0, wish={}, state=ProfileState.SAVED, wished_at=act.now)
        act.session.add(profile)
    before = _flat(profile.wish, profile.photo)
    profile.wish = merged(profile.wish, texts)
    if len(profile.wish) > MAX_LANGUAGES:
        raise Invalid(_("A profile has at most %(n)s languages.", n=MAX_LANGUAGES), field="languages")
    if photo is not LEAVE:
        profile.photo = photo
    changed = differences(before, _flat(profile.wish, profile.photo))
    if changed or profile.version == 0:
        profile.version += 1
        profile.state, profile.steps, profile.wished_at = ProfileState.SAVED, [], act.now
    if changed:
        record(act, "profile_changed", {"username": bot.username, "changes": changed}, bot_id=bot.id)
    return profile


def merged(before: Mapping[str, Texts], texts: Sent) -> dict[str, Texts]:
    """The wish with these texts put in; None takes one out."""
    after = {code: dict(one) for code, one in before.items()}
    for code, sent in texts.items():
        one = {name: text for name, text in {**after.get(code, {}), **sent}.items() if text is not None}
        after[code] = one
    return {code: one for code, one in after.items() if one}


async def keep_photos(act: Act, contents: Mapping[str, bytes]) -> None:
    """Store photos by their hash; those that are there already are left."""
    known = await photos_known(act)
    for sha256, content in contents.items():
        if sha256 not in known:
            act.session.add(ProfilePhoto(sha256=sha256, content=content, created_at=act.now))
    await act.flush()


def photo_hash(content: bytes, *, field: str = PHOTO) -> str:
    """By what a photo is known. Raises Invalid for what Telegram would not take."""
    require_photo(content, field=field)
    return hashlib.sha256(content).hexdigest()


def _jpeg(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(_("Send the photo as base64."), field=PHOTO) from None


async def _kept_photo(act: Act, content: bytes) -> str:
    """The photo's hash, "" for none."""
    if not content:
        return ""
    sha256 = photo_hash(content)
    await keep_photos(act, {sha256: content})
    return sha256


def _flat(languages: Mapping[str, Texts], photo: str | None) -> dict[str, str]:
    flat = {f"{code}.{name}".lstrip("."): text for code, one in languages.items() for name, text in one.items()}
    return flat if photo is None else flat | {PHOTO: photo[:16]}
