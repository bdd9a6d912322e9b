"""Runs as people and programs see them: how far they are, and what is missing where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final, Literal

from tgac.bots.models import Bot
from tgac.channels import reasons as of_channels
from tgac.channels.models import Channel
from tgac.comments.reasons import sentence as why_not
from tgac.comments.showing import zone_here
from tgac.comments.views import readable
from tgac.kit.act import Act
from tgac.kit.web.i18n import N_, _, ngettext
from tgac.onboarding import steps
from tgac.onboarding.mending import Mend, Place, mend_for
from tgac.onboarding.models import Item, Run, Step
from tgac.onboarding.queries import channels_and_bots, items_of

type State = Literal["ready", "waiting", "checked"]

_HEADINGS: Final[Mapping[str, str]] = {
    steps.NO_ROOM: N_("Add another bot"),
    of_channels.NO_BOTS: N_("Add a bot"),
    of_channels.BOT_FULL: N_("Add another bot"),
    of_channels.BOT_REFUSED: N_("Give @%(bot)s a working token"),
    of_channels.CHAT_NOT_FOUND: N_("Add @%(bot)s to the channel"),
    of_channels.BOT_NOT_IN_CHANNEL: N_("Add @%(bot)s to the channel"),
    of_channels.NOT_A_CHANNEL: N_("Name a channel"),
    of_channels.NO_GROUP: N_("Link a discussion group"),
    of_channels.GROUP_MISMATCH: N_("Link the discussion group again"),
    of_channels.BOT_NOT_IN_GROUP: N_("Add @%(bot)s to the group"),
    of_channels.BOT_ANONYMOUS: N_("Let @%(bot)s write under its own name"),
    of_channels.TELEGRAM_UNKNOWN: N_("Sign in with Telegram"),
    steps.ARCHIVED: N_("Take the channel out of the archive"),
    steps.POST_HAS_BUTTONS: N_("Publish a post without buttons"),
    steps.TRIAL_NO_POST: N_("Publish a post"),
    steps.TRIAL_HALTED: N_("Let the project work again"),
    steps.TRIAL_REFUSED: N_("Try the test comment again"),
    steps.TRIAL_UNKNOWN: N_("Look for the test comment"),
    steps.TRIAL_STAYS: N_("Delete the test comment by hand"),
}
_ASK_AN_ADMIN: Final = N_("Ask an admin of the channel")


@dataclass(frozen=True, slots=True)
class Row:
    """One channel of a run; `sentence` and `mend` are of what is missing, or of the first dry run."""

    item: Item
    channel: Channel
    bot: Bot | None
    state: State
    sentence: str
    heading: str
    mend: Mend | None


@dataclass(frozen=True, slots=True)
class Group:
    """Channels where the same is missing, to be mended in the same way."""

    heading: str
    sentence: str
    rows: Sequence[Row]
    mend: Mend | None

    @property
    def names(self) -> str:
        """Its first channels."""
        return ", ".join(row.channel.title for row in self.rows[:3]) + ("…" if len(self.rows) > 3 else "")

    @property
    def count(self) -> str:
        """How many channels, in words."""
        return ngettext("%(n)s channel", "%(n)s channels", len(self.rows))


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with everything that its page shows."""

    run: Run
    rows: Sequence[Row]
    groups: Sequence[Group]

    def count(self, state: State) -> int:
        """How many channels are ready, waiting for a person, being checked."""
        return sum(row.state == state for row in self.rows)


async def shown_run(act: Act, run: Run) -> RunView:
    """The run as it stands: what waits for people first, by what is missing; then what is checked; then the rest."""
    items = await items_of(act, run.id)
    channels, bots = await channels_and_bots(act, items)
    zone = await zone_here(act)
    rows = [_row(act, item, channels[item.channel_id], bots.get(item.bot_id or 0), zone=zone) for item in items]
    rows.sort(key=lambda row: (_TURN[row.state], row.heading, row.item.id))
    return RunView(run, rows, _grouped(rows))


_TURN: Final[Mapping[State, int]] = {"waiting": 0, "checked": 1, "ready": 2}


def _row(act: Act, item: Item, channel: Channel, bot: Bot | None, *, zone: tzinfo) -> Row:
    name = bot.username if bot else None
    if item.step == Step.READY:
        return Row(item, channel, bot, "ready", _rehearsed(item.dry_run, zone), "", None)
    if item.reason is None:
        return Row(item, channel, bot, "checked", _checked(item), "", None)
    told = steps.sentence(item.reason, bot=name, answer=item.trial_answer)
    heading = _(_HEADINGS.get(item.reason, _ASK_AN_ADMIN), bot=name or "")
    return Row(item, channel, bot, "waiting", told, heading, mend_for(Place(act.config, item, channel, bot)))


def _rehearsed(found: Mapping[str, Any] | None, zone: tzinfo) -> str:
    """What the first dry run found, in a sentence."""
    if found is None:
        return ""
    if "bot" not in found:
        return _("Dry run: no comment. %(why)s", why=why_not(readable(found, zone)))
    if found["task"] is None:
        return _("Dry run: @%(bot)s may comment here. No task is on for this channel yet.", bot=found["bot"])
    minutes = max(1, round(found["after_s"] / 60))
    return ngettext(
        "Dry run: @%(bot)s would comment %(n)s minute after the post.",
        "Dry run: @%(bot)s would comment %(n)s minutes after the post.",
        minutes,
        bot=found["bot"],
    )


def _checked(item: Item) -> str:
    if item.is_silent:
        return _("Telegram does not answer. It is asked again by itself.")
    return _("A test comment is written and deleted.") if item.step == Step.TRIAL else _("Telegram is asked.")


def _grouped(rows: Sequence[Row]) -> list[Group]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.state == "waiting":
            found.setdefault(row.heading, []).append(row)
    groups = [Group(heading, some[0].sentence, some, _mend_of_all(some)) for heading, some in found.items()]
    return sorted(groups, key=lambda group: -len(group.rows))


def _mend_of_all(rows: Sequence[Row]) -> Mend | None:
    """The button that serves all of them; None where each has its own."""
    return rows[0].mend if len({row.mend for row in rows}) == 1 else None


def run_json(view: RunView) -> dict[str, Any]:
    """What the API tells of a run."""
    run = view.run
    return {
        **run_summary(run, {state: view.count(state) for state in _TURN}),
        "missing": [
            {"what": group.heading, "channel_ids": [row.channel.id for row in group.rows]} for group in view.groups
        ],
        "items": [_item_json(row, with_trial=run.with_trial) for row in view.rows],
    }


def run_summary(run: Run, counts: Mapping[str, int]) -> dict[str, Any]:
    """What the list of runs tells."""
    return {
        "id": run.id,
        "state": run.state,
        "bot_ids": run.bot_ids,
        "trial": run.with_trial,
        "progress": dict(counts) | {"channels": sum(counts.values())},
        "created_at": run.created_at,
        "ended_at": run.ended_at,
    }


def _item_json(row: Row, *, with_trial: bool) -> dict[str, Any]:
    item, mend = row.item, row.mend
    return {
        "id": item.id,
        "channel": {"id": row.channel.id, "title": row.channel.title, "username": row.channel.username},
        "bot": {"id": row.bot.id, "username": row.bot.username} if row.bot else None,
        "state": row.state,
        "step": item.step,
        "steps": [{"name": step, "state": mark} for step, mark in steps.marks(item.step, with_trial=with_trial)],
        "reason": item.reason,
        "message": row.sentence or None if row.state != "ready" else None,
        "dry_run": item.dry_run,
        "mend": {"label": mend.label, "href": mend.href, "method": "POST" if mend.posts else "GET"} if mend else None,
        "looked_at": item.looked_at,
        "changed_at": item.changed_at,
    }
