"""The test comment: written once under the newest post, and deleted ten seconds later.

    none → writing (recorded before the call) → written → removed
       certain that nothing was written → none     refused → refused     anything else → unknown, never again by itself

As with every comment: docs/decisions/0003-at-most-once.md.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from tgac.bots.models import Bot, BotStatus
from tgac.bots.service import token_of
from tgac.channels.models import ChannelState
from tgac.channels.queries import find_channel
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.queue.jobs import Done, Outcome, Snooze
from tgac.kit.secrets import Secret
from tgac.kit.telegram.faults import Ambiguous, Conflicted, DeletedAtOnce, Fault, NotSent, SlowDown
from tgac.kit.telegram.types import Look
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _, using
from tgac.onboarding.jobs import TryItem
from tgac.onboarding.models import Item, Trial
from tgac.onboarding.progress import settle_item
from tgac.onboarding.queries import find_run, is_halted, newest_thread, seated_bot
from tgac.people.models import User
from tgac.tasks.text.egress import Outgoing, let_out

STANDS_S: Final = 10.0
LOST_AFTER: Final = timedelta(seconds=60)
"""Longer than the gateway's longest call: who has not told by then never will."""
AGAIN_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Note:
    """The test comment that is about to leave. Made in the transaction that recorded it."""

    item_id: int
    token: Secret
    group_id: int
    root_id: int
    text: Outgoing


@dataclass(frozen=True, slots=True)
class Taken:
    """The test comment that is to be deleted."""

    item_id: int
    token: Secret
    group_id: int
    message_id: int


async def try_item(tools: Tools, job: TryItem) -> Outcome:
    """Handles TryItem."""
    async with tools.acting(None, job.project_id) as act:
        begun = await _begin(act, job.item_id)
    if isinstance(begun, Note):
        return await _write(tools, job, begun)
    return await _take_back(tools, job, begun) if isinstance(begun, Taken) else begun


async def _begin(act: Act, item_id: int) -> Note | Taken | Outcome:
    """What is to be done; what is about to leave is recorded here."""
    item = await act.session.scalar(select(Item).where(Item.id == item_id).with_for_update())
    if item is None:
        return Done()
    if item.trial == Trial.WRITTEN:
        return await _taken(act, item)
    if item.trial == Trial.WRITING:
        return await _wait_for_lost(act, item)
    return await _intend(act, item) if item.trial == Trial.NONE else Done()


async def _wait_for_lost(act: Act, item: Item) -> Outcome:
    """Somebody recorded that it would be written and has not come back."""
    assert item.trial_at is not None, "the moment is recorded with the intent"
    left = (item.trial_at + LOST_AFTER - act.now).total_seconds()
    if left > 0:
        return Snooze(left)
    await _end(act, item, Trial.UNKNOWN)
    return Done()


async def _intend(act: Act, item: Item) -> Note | Outcome:
    run, channel = await find_run(act, item.run_id), await find_channel(act, item.channel_id)
    post = await newest_thread(act, channel)
    bot = await act.session.get(Bot, await seated_bot(act, channel.id) or 0, with_for_update=True)
    is_open = channel.state == ChannelState.ACTIVE and bot is not None and bot.status == BotStatus.ACTIVE
    if run.state != "running" or not is_open or post is None or await is_halted(act):
        await settle_item(act, item)
        return Done()
    assert bot is not None
    assert post.root_id is not None
    assert channel.group_id is not None, "an active channel has a group"
    item.trial, item.trial_at, item.bot_id = Trial.WRITING, act.now, bot.id
    language = await act.session.scalar(select(User.language).where(User.id == run.started_by))
    return Note(item.id, token_of(act.keys, bot), channel.group_id, post.root_id, _text(language or "en"))


def _text(language: str) -> Outgoing:
    with using(language):
        words = _("This is a test comment. It is deleted in a few seconds.")
    return let_out(words, allowed=frozenset())


async def _write(tools: Tools, job: TryItem, note: Note) -> Outcome:
    try:
        sent = await tools.telegram.send_comment(
            note.token, chat_id=note.group_id, root_id=note.root_id, html=note.text.html, look=Look(silent=True)
        )
    except Fault as fault:
        return await _not_written(tools, job, fault)
    async with tools.acting(None, job.project_id) as act:
        item = await _locked(act, note.item_id)
        item.trial, item.trial_message_id = Trial.WRITTEN, sent.message_id
        record(act, "trial_written", {"message_id": sent.message_id}, channel_id=item.channel_id, bot_id=item.bot_id)
    return Snooze(STANDS_S if sent.replied_to == note.root_id else 0.0)


async def _not_written(tools: Tools, job: TryItem, fault: Fault) -> Outcome:
    async with tools.acting(None, job.project_id) as act:
        item = await _locked(act, job.item_id)
        if isinstance(fault, SlowDown | NotSent | Conflicted):
            item.trial = Trial.NONE
            return Snooze(float(fault.retry_after) if isinstance(fault, SlowDown) else AGAIN_S)
        if isinstance(fault, DeletedAtOnce) or fault.nothing_sent:
            await _end(act, item, Trial.REFUSED, fault.description or fault.code)
        else:
            await _end(act, item, Trial.UNKNOWN)
    return Done()


async def _taken(act: Act, item: Item) -> Taken | Outcome:
    channel = await find_channel(act, item.channel_id)
    bot = await act.session.scalar(select(Bot).where(Bot.id == item.bot_id))
    if bot is None or channel.group_id is None or item.trial_message_id is None:
        await _end(act, item, Trial.STAYS, _("the bot is gone"))
        return Done()
    return Taken(item.id, token_of(act.keys, bot), channel.group_id, item.trial_message_id)


async def _take_back(tools: Tools, job: TryItem, taken: Taken) -> Outcome:
    """Deleting twice does no harm, so whatever waiting may mend is tried again."""
    answer = ""
    try:
        await tools.telegram.delete_message(taken.token, chat_id=taken.group_id, message_id=taken.message_id)
    except SlowDown as fault:
        return Snooze(float(fault.retry_after))
    except (NotSent, Ambiguous, Conflicted):
        return Snooze(AGAIN_S)
    except Fault as fault:
        answer = fault.description or fault.code
    async with tools.acting(None, job.project_id) as act:
        item = await _locked(act, taken.item_id)
        await _end(act, item, Trial.STAYS if answer else Trial.REMOVED, answer)
    return Done()


async def _end(act: Act, item: Item, state: Trial, answer: str = "") -> None:
    item.trial, item.trial_answer = state, answer[:300]
    record(act, f"trial_{state}", {"reason": answer}, channel_id=item.channel_id, bot_id=item.bot_id)
    await settle_item(act, item)


async def _locked(act: Act, item_id: int) -> Item:
    return (await act.session.scalars(select(Item).where(Item.id == item_id).with_for_update())).one()
