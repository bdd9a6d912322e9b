"""A bot whose comments fail too often is slowed down, and paused where that does not help.

Failures are refusals by Telegram and lost answers; a post that is gone and a process of ours that died are nobody's.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import and_, case, func, or_, select

from tgac.bots.models import Bot, BotStatus
from tgac.bots.service import pause_for_errors
from tgac.comments.models import Comment
from tgac.comments.reasons import POST_GONE, UNREPLIED, WORKER_LOST
from tgac.journal.service import record
from tgac.kit.act import Act

WINDOW: Final = timedelta(hours=1)
"""What is looked at; a bot that was slowed down and is well for so long is quick again."""
LEAST: Final = 3
"""So many failures at least: one of two says nothing."""
SLOW_PAUSE_S: Final = 60
"""Seconds between two comments of a bot that is slowed down."""
_ENDED: Final = ("sent", "deleted", "unknown", "rejected")
_NOBODYS: Final = (POST_GONE.code, UNREPLIED.code, WORKER_LOST.code)

type Judgement = Literal["well", "slow", "pause"]


def is_slowed(bot: Bot, now: datetime) -> bool:
    """Whether the bot is slowed down at this moment."""
    return bot.slowed_at is not None and now - bot.slowed_at < WINDOW


def judge(failures: int, ended: int, *, percent: int, is_slow: bool) -> Judgement:
    """What so many failures among so many comments mean; a `percent` of 0 never judges."""
    if percent == 0 or failures < LEAST or failures * 100 < percent * ended:
        return "well"
    return "pause" if is_slow else "slow"


async def judge_bot(act: Act, bot: Bot) -> None:
    """After one of its comments has failed: slow the bot down, or pause it. What counted once counts no more."""
    failed = and_(Comment.state.in_(("unknown", "rejected")), Comment.reason.not_in(_NOBODYS))
    since = max(act.now - WINDOW, bot.judged_from or act.now - WINDOW)
    ended = Comment.state.in_(_ENDED) & or_(Comment.state != "rejected", Comment.reason.not_in(_NOBODYS))
    asked = select(func.count(case((failed, Comment.id))), func.count(Comment.id))
    await act.flush()
    failures, count = (
        await act.session.execute(asked.where(Comment.bot_id == bot.id, Comment.sending_at > since, ended))
    ).one()
    judgement = judge(failures, count, percent=act.config.bot_error_percent, is_slow=is_slowed(bot, act.now))
    if judgement == "well" or bot.status != BotStatus.ACTIVE:
        return
    bot.judged_from = act.now
    told = {"username": bot.username, "failures": failures, "count": count}
    if judgement == "pause":
        pause_for_errors(act, bot, told)
        return
    bot.slowed_at = act.now
    record(act, "bot_slowed", told, bot_id=bot.id)


def note_well(act: Act, bot: Bot) -> None:
    """After one of its comments was sent: a bot that was slowed down long enough ago is quick again."""
    if bot.slowed_at is not None and not is_slowed(bot, act.now):
        bot.slowed_at = None
        record(act, "bot_quick_again", {"username": bot.username}, bot_id=bot.id)
