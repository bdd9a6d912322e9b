"""Reactions to messages and the updates about them."""

from collections import Counter

from tgsandbox.model import Json, Stored
from tgsandbox.world import World


def set_reaction(world: World, stored: Stored, user_id: int, reactions: list[Json]) -> None:
    """Replace a user's reactions. Administrator bots are told: who reacted in a group, how many did in a channel."""
    old = stored.reactions.get(user_id, [])
    stored.reactions[user_id] = reactions
    world.version += 1
    chat = stored.chat
    if old == reactions or chat.type == "private" or (user_id in world.bots):
        return
    told = [bot for bot in world.bots_in(chat) if chat.members[bot.id].manages]
    about = {"chat": chat.brief, "message_id": stored.id, "date": world.now()}
    if chat.type == "channel":
        world.announce("message_reaction_count", about | {"reactions": counted(stored)}, told)
    else:
        changed = {"user": world.user(user_id), "old_reaction": old, "new_reaction": reactions}
        world.announce("message_reaction", about | changed, told)


def counted(stored: Stored) -> list[Json]:
    """How often each emoji stands under a message."""
    emoji = Counter(item["emoji"] for items in stored.reactions.values() for item in items if "emoji" in item)
    return [{"type": {"type": "emoji", "emoji": name}, "total_count": count} for name, count in emoji.items()]
