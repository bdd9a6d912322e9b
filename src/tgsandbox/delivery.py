"""Which bots are told of a message."""

import re
from collections.abc import Iterable

from tgsandbox.model import Bot, Chat, Json, Stored
from tgsandbox.world import World

_SERVICE = {"new_chat_members", "left_chat_member", "pinned_message", "new_chat_title"}


def audience(world: World, stored: Stored) -> Iterable[Bot]:
    """The bots that get an update about this message: never its author."""
    chat = stored.chat
    if chat.type == "private":
        return [] if stored.author == chat.bot_id else [world.bots[chat.bot_id]]
    if chat.type == "channel":
        return [bot for bot in world.bots_in(chat) if bot.id != stored.author]
    by_bot = "sender_chat" not in stored.body and not _SERVICE & stored.body.keys()
    author = world.bots.get(stored.author) if by_bot else None
    return [
        bot
        for bot in world.bots_in(chat)
        if _sees(chat, bot, stored) and (author is None or _hears(chat, bot, stored, author))
    ]


def _hears(chat: Chat, bot: Bot, stored: Stored, author: Bot) -> bool:
    """A message by another bot: what is not meant for it a bot hears in bot-to-bot mode only, as an administrator or
    with privacy mode off; a reply to it or a command for it also where only the other is in that mode.

    Source: https://core.telegram.org/api/bots/bot-to-bot.
    """
    if bot.hears_bots and (bot.reads_all or chat.members[bot.id].manages):
        return True
    return (bot.hears_bots or author.hears_bots) and (_replies_to(bot, stored) or _names(bot, stored.body))


def _sees(chat: Chat, bot: Bot, stored: Stored) -> bool:
    """Privacy mode: a plain member sees commands, replies to itself and service messages only."""
    if stored.author == bot.id and "sender_chat" not in stored.body:
        return False
    if bot.reads_all or chat.members[bot.id].manages or _SERVICE & stored.body.keys():
        return True
    return _replies_to(bot, stored) or _commands(chat, bot, stored.body)


def _replies_to(bot: Bot, stored: Stored) -> bool:
    to = stored.reply_to
    return to is not None and to.author == bot.id and "sender_chat" not in to.body


def _names(bot: Bot, body: Json) -> bool:
    command = re.match(r"/\w{1,64}@(\w+)(?:\s|$)", body.get("text", ""))
    return command is not None and command[1].lower() == bot.username.lower()


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
