"""Who is told of what is wrong, when, and in what words: by the service bot, in each person's own chat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import ClassVar, Final

from sqlalchemy import select

from tgac.journal.trouble import LookForTrouble, look_after
from tgac.kit.act import Act
from tgac.kit.log import log
from tgac.kit.queue.jobs import Cancel, Done, Job, Outcome
from tgac.kit.telegram.faults import Ambiguous, Fault, NotSent, SlowDown
from tgac.kit.telegram.types import Look
from tgac.kit.tenancy import EVERYONE, RIGHTS, Right
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import DEFAULT, ngettext, using, zone_of
from tgac.notices.kinds import CRITICAL
from tgac.notices.models import Notice, NoticeTold
from tgac.notices.service import glance, look_for_trouble, open_notices, shown, troubled_projects
from tgac.people.models import Member, NoticesWanted, Project, User
from tgac.tasks.text.html import utf16_length

DIGEST_HOUR: Final = 9
"""In the project's time zone."""
_OVERDUE: Final = timedelta(hours=24)
_UNREACHED_S: Final = 60.0
_ROOM: Final = 3900
"""UTF-16 units of a message that are filled: Telegram takes 4,096."""


@dataclass(frozen=True)
class LookEverywhere(Job):
    """Look for trouble wherever something is wrong, and send the day's digests where it is time."""

    kind: ClassVar[str] = "look_everywhere"


@dataclass(frozen=True, slots=True)
class _Letter:
    """What one person is told."""

    user_id: int
    chat_id: int
    notice_ids: tuple[int, ...]
    html: str


async def look_everywhere(tools: Tools, job: LookEverywhere) -> Outcome:
    """Handles LookEverywhere."""
    async with tools.acting(None, EVERYONE) as act:
        for project_id in await troubled_projects(act):
            _look_later(act, project_id, act.now)
    return Done()


async def look_and_tell(tools: Tools, job: LookForTrouble) -> Outcome:
    """Handles LookForTrouble. Whoever was told is not told again, and looks that are due at the same moment are one.
    Whom Telegram kept from being told is told by another look, soon; where an answer was lost, by the hourly one, which
    says it once more."""
    return await tools.together(_look_and_tell)(job.project_id, job)


async def _look_and_tell(tools: Tools, project_id: int, jobs: Sequence[LookForTrouble]) -> list[Outcome]:
    return [await _look(tools, project_id)] * len(jobs)


async def _look(tools: Tools, project_id: int) -> Outcome:
    async with tools.reading(None, project_id) as act:
        project, is_in_trouble = await glance(act)
    if project is None:
        return Cancel("nobody works in the project any more")
    if not is_in_trouble:
        return Done()
    async with tools.acting(None, project_id) as act:
        if not await look_for_trouble(act):
            return Done()
    async with tools.reading(None, project_id) as act:
        letters = await _letters(act, project)
    for letter in letters:
        try:
            await _send(tools, letter)
        except Ambiguous:
            continue
        except (SlowDown, NotSent) as fault:
            later = float(fault.retry_after) if isinstance(fault, SlowDown) else _UNREACHED_S
            async with tools.acting(None, project_id) as act:
                _look_later(act, project_id, act.now + timedelta(seconds=later))
            return Done()
        async with tools.acting(None, project_id) as act:
            for number in letter.notice_ids:
                act.session.add(NoticeTold(notice_id=number, user_id=letter.user_id, at=act.now))
    return Done()


def _look_later(act: Act, project_id: int, moment: datetime) -> None:
    """Leave one look for all who want one then. A job that waited by itself would not know of the others: where
    Telegram is away for hours, each of them would say the same when it is back."""
    trouble, due, key = look_after(moment, project_id)
    act.enqueue(trouble, run_after=due, key=key)


async def _send(tools: Tools, letter: _Letter) -> None:
    """Raises SlowDown, NotSent, Ambiguous. Somebody who does not let the bot write counts as told."""
    token = tools.config.telegram_bot_token
    try:
        look = Look(link_preview=False)
        await tools.telegram.send_message(token, chat_id=letter.chat_id, html=letter.html, look=look)
    except (SlowDown, NotSent, Ambiguous):
        raise
    except Fault as fault:
        log().warning("notice_unheard", user_id=letter.user_id, error=fault.description)


async def _letters(act: Act, project: Project) -> list[_Letter]:
    """For each who may mend what is wrong, what they wish to hear of now and have not heard."""
    rows = list(await act.session.scalars(open_notices().order_by(Notice.id)))
    if not rows:
        return []
    heard = select(NoticeTold.user_id, NoticeTold.notice_id).where(NoticeTold.notice_id.in_([one.id for one in rows]))
    told = {tuple(one) for one in await act.session.execute(heard)}
    found = []
    for user, language in await _people(act):
        assert user.telegram_id is not None, "asked for"
        new = [one for one in rows if (user.id, one.id) not in told]
        wanted = due(
            new, NoticesWanted(user.notices), act.now, hour=act.now.astimezone(zone_of(project.time_zone)).hour
        )
        if wanted:
            with using(user.language or language or DEFAULT):
                html = words(wanted, project.name, f"{act.config.base_url}/projects/{project.id}/notices")
            found.append(_Letter(user.id, user.telegram_id, tuple(one.id for one in wanted), html))
    return found


async def _people(act: Act) -> list[tuple[User, str | None]]:
    """Who may mend, with the language in which they are asked about comments."""
    may = [role for role, rights in RIGHTS.items() if Right.EDIT in rights]
    asked = select(User, Member.reviews_in).join(Member, Member.user_id == User.id).order_by(User.id)
    asked = asked.where(Member.role.in_(may), User.state == "active", User.telegram_id.is_not(None))
    return [(row[0], row[1]) for row in await act.session.execute(asked)]


def due(new: Sequence[Notice], wanted: NoticesWanted, now: datetime, *, hour: int) -> list[Notice]:
    """What of the `new` notices is told at this moment, in the project's `hour`, to somebody who wished it so."""
    if wanted is NoticesWanted.AT_ONCE:
        return list(new)
    is_time = hour == DIGEST_HOUR or any(now - one.at >= _OVERDUE for one in new)
    if wanted is NoticesWanted.DAILY and is_time:
        return list(new)
    return [one for one in new if one.kind in CRITICAL]


def words(rows: Sequence[Notice], project: str, address: str) -> str:
    """One message about all of them, what is critical first, in Telegram's HTML."""
    ordered = sorted(rows, key=lambda one: one.kind not in CRITICAL)
    lines = [f"<b>{escape(project)}</b>"]
    for place, one in enumerate(map(shown, ordered)):
        line = "\n".join(filter(None, (f"<b>{escape(one.title)}.</b>", escape(one.hint))))
        if utf16_length("\n\n".join((*lines, line, address))) > _ROOM:
            more = len(ordered) - place
            lines.append(ngettext("And %(n)s notice more.", "And %(n)s notices more.", more))
            break
        lines.append(line)
    return "\n\n".join((*lines, escape(address)))
