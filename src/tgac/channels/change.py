"""What people do with the channels of a project, besides connecting one."""

from typing import Literal

from sqlalchemy import delete, or_, select

from tgac.bots.models import Seat
from tgac.channels.jobs import check_soon
from tgac.channels.models import Channel, ChannelState
from tgac.channels.queries import find_channel
from tgac.channels.refs import read_ref, ref_key
from tgac.channels.settle import note
from tgac.journal.service import differences
from tgac.kit.act import Act
from tgac.kit.tenancy import Right, require
from tgac.people.service import author_of


async def propose_channel(act: Act, ref: str) -> Channel:
    """Take a channel in as pending, claimed by the act's author; Telegram is asked soon. A known one is given back.

    `ref` is what `refs.read_ref` reads. Raises Invalid (field `ref`), Refused.
    """
    require(act, Right.EDIT)
    target = read_ref(ref, link_base=act.config.telegram_link_base)
    known = await channel_named(act, target)
    if known is not None:
        return known
    channel = pending_channel(act, target, claimed_by=author_of(act).user_id)
    act.session.add(channel)
    await act.flush()
    note(act, channel, "channel_named", {})
    check_soon(act, channel)
    return channel


def pending_channel(act: Act, target: int | str, *, claimed_by: int) -> Channel:
    """The row of a channel that a person has named and nobody has seen."""
    return Channel(
        telegram_id=target if isinstance(target, int) else None,
        ref=ref_key(target),
        title=str(target),
        state=ChannelState.PENDING,
        claimed_by=claimed_by,
        created_at=act.now,
    )


async def channel_named(act: Act, target: int | str) -> Channel | None:
    """The project's channel that `read_ref`'s answer names, by its id, its username or how it was named before."""
    same = Channel.ref == ref_key(target)
    if isinstance(target, int):
        same = or_(same, Channel.telegram_id == target)
    else:
        same = or_(same, Channel.username.ilike(target.removeprefix("@"), escape="\\"))
    return (await act.session.scalars(select(Channel).where(same).order_by(Channel.id).limit(1))).first()


async def change_channel(
    act: Act, channel_id: int, *, state: Literal["active", "archived"] | None = None, remark: str | None = None
) -> Channel:
    """Put a channel into the archive or take it out again; `remark` is what people note about it.

    In the archive it is not looked at and its bots' seats are free. Taken out it is pending until Telegram has
    confirmed it again; `active` for any other has it looked at. Raises NotFound, Refused.
    """
    require(act, Right.EDIT)
    channel = await find_channel(act, channel_id, lock=True)
    if remark is not None and remark != channel.note:
        note(act, channel, "channel_changed", {"changes": differences({"note": channel.note}, {"note": remark})})
        channel.note = remark
    if state == "archived" and channel.state != ChannelState.ARCHIVED:
        await archive_channel(act, channel)
    elif state == "active":
        _wake(act, channel)
    return channel


async def archive_channel(act: Act, channel: Channel) -> None:
    """Nothing is sent there and nobody looks; its bots' seats are free for others."""
    await act.session.execute(delete(Seat).where(Seat.channel_id == channel.id))
    channel.state, channel.reason, channel.reason_bot_id = ChannelState.ARCHIVED, None, None
    note(act, channel, "channel_archived", {})


def _wake(act: Act, channel: Channel) -> None:
    if channel.state == ChannelState.ARCHIVED:
        channel.state, channel.checked_at = ChannelState.PENDING, None
        note(act, channel, "channel_unarchived", {})
    check_soon(act, channel)


async def remove_channel(act: Act, channel_id: int) -> None:
    """Take the channel out of the project with its posts and comments. Raises NotFound, Refused."""
    require(act, Right.EDIT)
    channel = await find_channel(act, channel_id, lock=True)
    note(act, channel, "channel_removed", {})
    await act.session.delete(channel)
    await act.flush()
