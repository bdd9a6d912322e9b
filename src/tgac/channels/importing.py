"""A list of channels, one per line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from tgac.channels.change import pending_channel
from tgac.channels.jobs import check_soon
from tgac.channels.models import Channel
from tgac.channels.refs import read_ref, ref_key
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Invalid
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _
from tgac.people.queries import hold_project
from tgac.people.service import author_of

MAX_LINES: Final = 5000
APART: Final = timedelta(seconds=0.2)
"""The first checks of a list are spread: bots talk to Telegram at about 30 calls a second and have other work too."""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of a line: its number from 1, what stood there, and `added`, `known`, `duplicate` or `bad`."""

    line: int
    text: str
    outcome: str
    message: str
    channel_id: int | None = None


async def import_channels(act: Act, text: str) -> list[Line]:
    """Take in every channel that the list names as pending, claimed by the act's author; Telegram is asked in jobs.

    A line is what `refs.read_ref` reads; empty lines and `#` lines are skipped. Tells of every other line what became
    of it; a repeat changes nothing. Raises Invalid (field `text`) for too many lines, Refused.
    """
    require(act, Right.EDIT)
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        words = _("Send at most %(limit)s lines at once.", limit=MAX_LINES)
        raise Invalid(words, code="too_many_lines", field="text")
    await hold_project(act)  # two lists that name the same channels in another order would wait for each other
    known = await _known(act)
    report: list[Line | tuple[int, str, Channel]] = []
    first: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        written = line.strip()
        if written and not written.startswith("#"):
            report.append(_read(act, number, written, known=known, first=first))
    fresh = [one[2] for one in report if not isinstance(one, Line)]
    act.session.add_all(fresh)
    await act.flush()
    for n, channel in enumerate(fresh):
        check_soon(act, channel, run_after=act.now + n * APART)
    if fresh:
        record(act, "channels_imported", {"count": len(fresh)})
    return [one if isinstance(one, Line) else _added(*one) for one in report]


def _read(
    act: Act, number: int, written: str, *, known: Mapping[str, int], first: dict[str, int]
) -> Line | tuple[int, str, Channel]:
    """What becomes of a line; a fresh channel has no number yet, so its line is told later."""
    shown = written[:100]
    try:
        target = read_ref(written, link_base=act.config.telegram_link_base)
    except Invalid as error:
        return Line(number, shown, "bad", error.message)
    key = ref_key(target)
    if key in known:
        return Line(number, shown, "known", _("Already in the project."), known[key])
    if key in first:
        return Line(number, shown, "duplicate", _("The same as line %(line)s.", line=first[key]))
    first[key] = number
    return number, shown, pending_channel(act, target, claimed_by=author_of(act).user_id)


def _added(number: int, shown: str, channel: Channel) -> Line:
    return Line(number, shown, "added", _("Added. Telegram is asked."), channel.id)


async def _known(act: Act) -> dict[str, int]:
    """The project's channels by everything that names them."""
    found: dict[str, int] = {}
    for row in await act.session.execute(select(Channel.id, Channel.telegram_id, Channel.username, Channel.ref)):
        names = (str(row.telegram_id or ""), ref_key(f"@{row.username}") if row.username else "", row.ref or "")
        found |= {name: row.id for name in names if name}
    return found
