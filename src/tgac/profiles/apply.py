"""Bringing a wish to Telegram: one field after the other, each with an outcome that a person can read."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from tgac.bots.models import Bot, BotStatus
from tgac.bots.queries import find_bot
from tgac.bots.service import mark_bot_refused, token_of
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import NotFound
from tgac.kit.queue.jobs import Done, Outcome, Snooze
from tgac.kit.secrets import Secret
from tgac.kit.telegram.faults import Ambiguous, Conflicted, Fault, NotSent, RefusedBot, SlowDown
from tgac.kit.telegram.types import ProfileText
from tgac.kit.tools import Tools
from tgac.profiles.document import PHOTO, Change, changes, photo_change, read_commands
from tgac.profiles.jobs import ApplyProfile
from tgac.profiles.models import BotProfile, ProfileState
from tgac.profiles.queries import find_profile, photo_content
from tgac.profiles.reading import Seen, read_profile

MAX_TRIES: Final = 8
"""How often Telegram may be silent before a person is told."""
WAITS_S: Final = (2, 5, 15, 60, 300, 900, 1800)
_TEXTS: Final[dict[str, ProfileText]] = {
    "name": "name",
    "description": "description",
    "short_description": "short_description",
}
type Step = dict[str, Any]
"""What became of a field: language, field, state (done, waiting, failed), reason, and of what waits `until`."""


@dataclass
class _Run:
    """One go at a wish: what Telegram has by now, what became of each field, and what holds the rest up."""

    token: Secret
    seen: Seen
    given: str | None
    given_id: str | None
    steps: list[Step] = field(default_factory=list)
    held_s: dict[str, int] = field(default_factory=dict)
    is_silent: bool = False
    refusal: str = ""


async def apply_profile(tools: Tools, job: ApplyProfile) -> Outcome:
    """Handles ApplyProfile. Done again it finds less that differs, or nothing; an older wish gives way to a newer."""
    async with tools.reading(None, job.project_id) as act:
        profile = await _still_wished(act, job)
        bot = await find_bot(act, job.bot_id) if profile else None
    if profile is None or bot is None:
        return Done()
    if bot.status == BotStatus.REVOKED:
        return await _end(tools, job, [_step("", "", "failed", bot.reason or "")])
    try:
        token = token_of(tools.keys, bot)
        seen = await read_profile(tools.telegram, token, profile.wish)
    except ValueError:
        return await _end(tools, job, [_step("", "", "failed", "the token cannot be opened")])
    except Fault as fault:
        return await _unread(tools, job, fault)
    run = _Run(token, seen, profile.given_photo, profile.given_photo_id)
    wanted = list(_wanted(profile, run))
    run.steps += _come_true(profile.steps, wanted)
    for change in wanted:
        run.steps.append(await _tried(tools, job, run, change=change))
        if not await _written(tools, job, run):
            return Done()
    return await _finished(tools, job, run)


async def _still_wished(act: Act, job: ApplyProfile, *, lock: bool = False) -> BotProfile | None:
    profile = await find_profile(act, job.bot_id, lock=lock)
    if profile is None or profile.version != job.version or profile.state != ProfileState.APPLYING:
        return None
    return profile


def _wanted(profile: BotProfile, run: _Run) -> Iterator[Change]:
    """What differs, the photo before the names: whoever renames a bot often is made to wait for hours."""
    differing = list(changes(profile.wish, run.seen.languages))
    photo = photo_change(profile.photo, given=run.given, given_id=run.given_id, seen_id=run.seen.photo)
    yield from (one for one in differing if one.field != "name")
    yield from [photo] if photo else []
    yield from (one for one in differing if one.field == "name")


def _come_true(before: list[Step], wanted: list[Change]) -> list[Step]:
    """What was waiting and differs no longer: Telegram had done it, only its answer was lost."""
    differing = {(one.language, one.field) for one in wanted}
    waited = [(one["language"], one["field"]) for one in before if one["state"] == "waiting"]
    return [_step(*where, "done", "") for where in waited if where not in differing]


async def _tried(tools: Tools, job: ApplyProfile, run: _Run, *, change: Change) -> Step:
    """Ask Telegram for one change, unless it is known that it will not do it."""
    where = change.language, change.field
    if run.refusal:
        return _step(*where, "failed", run.refusal)
    if run.is_silent or change.field in run.held_s:
        return _step(*where, "waiting", "")
    try:
        await _set(tools, job, run, change=change)
    except SlowDown as fault:
        run.held_s[change.field] = fault.retry_after
        until = tools.clock.now() + timedelta(seconds=fault.retry_after)
        return _step(*where, "waiting", fault.description) | {"until": until.isoformat()}
    except (NotSent, Ambiguous, Conflicted) as fault:
        run.is_silent = True
        return _step(*where, "waiting", fault.description or fault.code)
    except Fault as fault:
        run.refusal = fault.description if isinstance(fault, RefusedBot) else ""
        return _step(*where, "failed", fault.description)
    return _step(*where, "done", "")


async def _set(tools: Tools, job: ApplyProfile, run: _Run, *, change: Change) -> None:
    telegram, language = tools.telegram, change.language
    if change.field == PHOTO:
        await _set_photo(tools, job, run, sha256=change.new)
        return
    if change.field == "commands":
        await telegram.set_commands(run.token, read_commands(change.new), language=language)
    else:
        await telegram.set_profile_text(run.token, _TEXTS[change.field], change.new, language=language)
    run.seen.languages.setdefault(language, {})[change.field] = change.new


async def _set_photo(tools: Tools, job: ApplyProfile, run: _Run, *, sha256: str) -> None:
    """Telegram's own name of the photo is asked for afterwards: by it the photo is known again."""
    if sha256:
        async with tools.reading(None, job.project_id) as act:
            content = await photo_content(act, sha256)
        await tools.telegram.set_photo(run.token, content)
    else:
        await tools.telegram.remove_photo(run.token)
    named = await tools.telegram.get_photo(run.token) or ""
    run.seen, run.given, run.given_id = Seen(run.seen.languages, named), sha256, named


async def _written(tools: Tools, job: ApplyProfile, run: _Run) -> bool:
    """Write down how far it is. Whether the wish still stands."""
    async with tools.acting(None, job.project_id) as act:
        profile = await _still_wished(act, job, lock=True)
        if profile is None:
            return False
        profile.steps = _merged(profile.steps, run.steps)
        profile.seen = {code: dict(texts) for code, texts in run.seen.languages.items()}
        profile.seen_photo, profile.seen_at = run.seen.photo, act.now
        profile.given_photo, profile.given_photo_id = run.given, run.given_id
    return True


async def _finished(tools: Tools, job: ApplyProfile, run: _Run) -> Outcome:
    """Everything was asked for once: it is over, or what waits is asked for again."""
    if not await _written(tools, job, run):
        return Done()
    if run.refusal:
        await _shut_out(tools, job, run.refusal)
    elif run.is_silent:
        return await _again(tools, job, next(one["reason"] for one in run.steps if one["state"] == "waiting"))
    elif run.held_s:
        return Snooze(min(run.held_s.values()))
    return await _end(tools, job, run.steps)


async def _unread(tools: Tools, job: ApplyProfile, fault: Fault) -> Outcome:
    """Telegram did not even tell what it has."""
    if isinstance(fault, SlowDown):
        return Snooze(fault.retry_after)
    if not isinstance(fault, RefusedBot):
        return await _again(tools, job, fault.description or fault.code)
    await _shut_out(tools, job, fault.description)
    return await _end(tools, job, [_step("", "", "failed", fault.description)])


async def _shut_out(tools: Tools, job: ApplyProfile, reason: str) -> None:
    try:
        async with tools.acting(None, job.project_id) as act:
            await mark_bot_refused(act, job.bot_id, reason)
    except NotFound:
        return  # it was removed meanwhile


async def _again(tools: Tools, job: ApplyProfile, reason: str) -> Outcome:
    """Telegram was silent: what was asked for may be done or not, and asking again does no harm."""
    async with tools.acting(None, job.project_id) as act:
        profile = await _still_wished(act, job, lock=True)
        if profile is None:
            return Done()
        profile.tries += 1
        tries = profile.tries
    if tries >= MAX_TRIES:
        return await _end(tools, job, [_step("", "", "failed", reason)])
    return Snooze(WAITS_S[tries - 1])


async def _end(tools: Tools, job: ApplyProfile, steps: list[Step]) -> Outcome:
    async with tools.acting(None, job.project_id) as act:
        profile = await _still_wished(act, job, lock=True)
        if profile is None:
            return Done()
        profile.steps = _merged(profile.steps, steps)
        failed = [one for one in profile.steps if one["state"] != "done"]
        profile.state = ProfileState.FAILED if failed else ProfileState.APPLIED
        profile.applied_at = act.now
        bot: Bot = await find_bot(act, job.bot_id)
        if profile.steps:
            data = {"username": bot.username, "failed": len(failed)}
            record(act, "profile_failed" if failed else "profile_applied", data, bot_id=bot.id)
    return Done()


def _step(language: str, field_name: str, state: str, reason: str) -> Step:
    return {"language": language, "field": field_name, "state": state, "reason": reason}


def _merged(before: list[Step], steps: list[Step]) -> list[Step]:
    """The last word on each field; what was done in an earlier go stays told."""
    return list({(one["language"], one["field"]): one for one in (*before, *steps)}.values())
