"""What a bot may do in a chat, with the words Telegram refuses in."""

from tgsandbox.model import Bot, Chat, Member
from tgsandbox.refusals import refuse
from tgsandbox.world import World

_PERMISSION = {
    "text messages": "can_send_messages",
    "photos": "can_send_photos",
    "videos": "can_send_videos",
    "documents": "can_send_documents",
    "GIFs": "can_send_other_messages",
    "polls": "can_send_polls",
}


def place_of(bot: Bot, chat: Chat) -> Member:
    """The bot's membership; whoever was never there has left."""
    return chat.members.get(bot.id) or Member(bot.id, "left")


def check_read(world: World, bot: Bot, chat: Chat) -> None:
    """May the bot look at the chat? Public chats may be looked at by anybody who was not kicked."""
    if chat.type == "private":
        return
    place = place_of(bot, chat)
    if place.status == "kicked":
        raise refuse("kicked", kind=chat.type)
    if not place.inside and not chat.username:
        raise refuse("not_member", kind=chat.type)


def check_inside(world: World, bot: Bot, chat: Chat) -> Member:
    """The bot must be in the channel or group, or in contact with the person."""
    if chat.type == "private":
        _check_person(world, bot, chat)
        return Member(bot.id, "member")
    place = place_of(bot, chat)
    if place.status == "kicked":
        raise refuse("kicked", kind=chat.type)
    if not place.inside:
        raise refuse("not_member", kind=chat.type)
    return place


def _check_person(world: World, bot: Bot, chat: Chat) -> None:
    person = world.people[chat.id]
    if person.deactivated:
        raise refuse("deactivated")
    if bot.id in person.blocked:
        raise refuse("blocked")
    if not any(stored.author == person.id for stored in chat.messages.values()):
        raise refuse("cannot_initiate")


def check_send(world: World, bot: Bot, chat: Chat, what: str) -> None:
    """May the bot write `what` ("text messages", "photos", …) there?"""
    place = check_inside(world, bot, chat)
    if chat.type == "channel" and not place.may("can_post_messages"):
        raise refuse("channel_rights")
    if place.status == "restricted" and not place.rights.get(_PERMISSION[what]):
        raise refuse("no_right_to_send", what=what)


def may_edit(bot: Bot, chat: Chat, author: int) -> bool:
    """A bot edits what it wrote; in a channel it also edits posts when it has that right."""
    return author == bot.id or (chat.type == "channel" and place_of(bot, chat).may("can_edit_messages"))
