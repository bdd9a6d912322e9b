"""Runs that set up channels, and where each of their channels stands."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args, owned_key
from tgac.kit.db.types import Id


class RunState(StrEnum):
    """RUNNING looks on by itself until every channel is ready or a person ends it."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """The way of one channel, in this order."""

    BOT = "bot"
    PROFILE = "profile"
    CHANNEL = "channel"
    GROUP = "group"
    RIGHTS = "rights"
    OWNER = "owner"
    POSTS = "posts"
    TRIAL = "trial"
    READY = "ready"


class Trial(StrEnum):
    """What became of the test comment. WRITING is recorded before the call: whoever is killed there leaves UNKNOWN."""

    NONE = ""
    WRITING = "writing"
    WRITTEN = "written"
    REMOVED = "removed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    STAYS = "stays"
    SKIPPED = "skipped"


class Run(Owned, Base):
    """Some channels that are set up together. `bot_ids` are the bots that may serve them; none means every bot.

    `opened_at` is when somebody last opened its page: for a while then it looks more often.
    """

    __tablename__ = "onboarding_runs"
    state: Mapped[str] = mapped_column(String(16), default=RunState.RUNNING)
    bot_ids: Mapped[list[Any]]
    with_trial: Mapped[bool] = mapped_column(default=False)
    started_by: Mapped[int] = mapped_column(Id)
    created_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = owned_args()


class Item(Owned, Base):
    """One channel of a run: the bot that was chosen for it, the step that it stands at, and what is missing there.

    `dry_run` is what the first dry run found once the channel was ready (`rehearsal.py`), None before.
    `reason` is a code of `steps.py`, None while nothing is missing. `looked_at` is when it was last looked at;
    `is_silent` says that Telegram did not answer then. `changed_at` is when step or reason last changed.
    """

    __tablename__ = "onboarding_items"
    run_id: Mapped[int] = mapped_column(Id)
    channel_id: Mapped[int] = mapped_column(Id, index=True)
    bot_id: Mapped[int | None] = mapped_column(Id)
    step: Mapped[str] = mapped_column(String(16), default=Step.BOT)
    reason: Mapped[str | None] = mapped_column(String(40))
    is_silent: Mapped[bool] = mapped_column(default=False)
    looked_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    trial: Mapped[str] = mapped_column(String(16), default=Trial.NONE)
    trial_at: Mapped[datetime | None]
    trial_message_id: Mapped[int | None]
    trial_answer: Mapped[str] = mapped_column(String(300), default="")
    dry_run: Mapped[dict[str, Any] | None]

    __table_args__ = owned_args(
        owned_key("run_id", "onboarding_runs"),
        owned_key("channel_id", "channels"),
        UniqueConstraint("project_id", "run_id", "channel_id"),
        Index("ix_onboarding_items_run_id", "run_id"),
    )
