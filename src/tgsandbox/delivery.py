"""Which bots are told of a message."""

import re
from collections.abc import Iterable

from tgsandbox.model import Bot, Chat, Json, Stored
from tgsandbox.world import World

_SERVICE = {"new_chat_members", "left_chat_member", "pinned_message", "new_chat_title"}


def audience(world: World, stored: Stored) -> Iterable[Bot]:
    """The bots that get an update about this message: never its author, nor a group's bots when a bot wrote it."""
    chat = stored.chat
    if chat.type == "private":
        return [] if stored.author == chat.bot_id else [world.bots[chat.bot_id]]
    if chat.type == "channel":
        return [bot for bot in world.bots_in(chat) if bot.id != stored.author]
    by_bot = stored.author in world.bots and "sender_chat" not in stored.body
    hidden_from_all = by_bot and not _SERVICE & stored.body.keys()
    return [] if hidden_from_all else [bot for bot in world.bots_in(chat) if _sees(chat, bot, stored)]


def _sees(chat: Chat, bot: Bot, stored: Stored) -> bool:
    """Privacy mode: a plain member sees commands, replies to itself and service messages only."""
    if stored.author == bot.id and "sender_chat" not in stored.body:
        return False
    if bot.reads_all or chat.members[bot.id].manages or _SERVICE & stored.body.keys():
        return True
    if stored.reply_to and stored.reply_to.author == bot.id and "sender_chat" not in stored.reply_to.body:
        return True
    return _commands(chat, bot, stored.body)


def _commands(chat: Chat, bot: Bot, body: Json) -> bool:
    command = re.match(r"/\w{1,64}(?:@(\w+))?(?:\s|$)", body.get("text", ""))
    if not command:
        return False
    if command[1]:
        return command[1].lower() == bot.username.lower()
    return chat.last_bot in (0, bot.id)


def announce_message(world: World, stored: Stored, *, edited: bool = False) -> None:
    """Tell the bots of a message that was written or edited."""
    kind = "channel_post" if stored.chat.type == "channel" else "message"
    world.announce(f"edited_{kind}" if edited else kind, stored.shown(), audience(world, stored))
