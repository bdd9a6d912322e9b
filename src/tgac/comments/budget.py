"""What language models cost a project: tokens of a day, held before they are spent.

The most that an answer may cost is taken off the day's budget in one transaction with the row locked, so that however
many ask at once, none is asked beyond it; what it did not cost is given back. Who is killed in the middle gives
nothing back: it may have been paid.
"""

from datetime import date

from sqlalchemy import select

from tgac.comments.models import LlmDay
from tgac.kit.act import Act
from tgac.kit.web.i18n import zone_of
from tgac.people.queries import the_project
from tgac.settings.service import holding_here


async def take_tokens(act: Act, tokens: int) -> date | None:
    """Take so many tokens off the budget of the project's day: the day, or None where they are not left."""
    budget = (await holding_here(act)).llm_tokens_per_day
    today = act.now.astimezone(zone_of((await the_project(act)).time_zone)).date()
    row = await _day(act, today)
    if row is None:
        row = LlmDay(day=today, tokens=0, answers=0)
        act.session.add(row)
        await act.flush()
    if row.tokens + tokens > budget:
        return None
    row.tokens += tokens
    return today


async def settle_tokens(act: Act, day: date, *, taken: int, spent: int) -> None:
    """Write down what it did cost."""
    row = await _day(act, day)
    assert row is not None
    row.tokens += spent - taken
    row.answers += 1


async def _day(act: Act, day: date) -> LlmDay | None:
    return await act.session.scalar(select(LlmDay).where(LlmDay.day == day).with_for_update())
