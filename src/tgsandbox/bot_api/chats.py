"""What a bot can ask of chats and their members, and how it leaves."""

from tgsandbox import access
from tgsandbox.bot_api.call import Call
from tgsandbox.members import PERMISSIONS, chat_member, set_member
from tgsandbox.model import Chat, Json
from tgsandbox.refusals import refuse

_GIFTS = ("gifts_from_channels", "limited_gifts", "premium_subscription", "unique_gifts", "unlimited_gifts")


def get_chat(call: Call) -> Json:
    chat = call.chat()
    access.check_read(call.world, call.bot, chat)
    full: Json = chat.brief | {
        "accent_color_id": abs(chat.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(_GIFTS, False),
    }
    if chat.username:
        full["active_usernames"] = [chat.username]
    if chat.linked_id:
        full["linked_chat_id"] = chat.linked_id
    if chat.type == "supergroup":
        full["permissions"] = dict.fromkeys(PERMISSIONS, True)
    pinned = chat.messages[chat.pinned[-1]] if chat.pinned else None
    return full | {"pinned_message": pinned.body} if pinned else full


def _check_list(call: Call, chat: Chat) -> None:
    """A channel's members are shown to its administrators only."""
    access.check_read(call.world, call.bot, chat)
    if chat.type == "private":
        raise refuse("chat_not_found")
    if chat.type == "channel" and not access.place_of(call.bot, chat).manages:
        raise refuse("members_hidden")


def get_chat_member(call: Call) -> Json:
    chat = call.chat()
    if call.params["user_id"] != call.bot.id:
        _check_list(call, chat)
    access.check_read(call.world, call.bot, chat)
    if call.world.account(call.params["user_id"]) is None:
        raise refuse("user_not_found")
    return chat_member(call.world, chat, call.params["user_id"])


def get_chat_administrators(call: Call) -> list[Json]:
    chat = call.chat()
    _check_list(call, chat)
    shown = [member.user_id for member in chat.members.values() if member.manages]
    bots_too = call.params.get("return_bots")
    chosen = [i for i in shown if bots_too or i not in call.world.bots or i == call.bot.id]
    return [chat_member(call.world, chat, user_id) for user_id in chosen]


def get_chat_member_count(call: Call) -> int:
    chat = call.chat()
    access.check_read(call.world, call.bot, chat)
    return sum(1 for member in chat.members.values() if member.inside) if chat.type != "private" else 2


def leave_chat(call: Call) -> bool:
    chat = call.chat()
    if chat.type == "private":
        raise refuse("private_leave")
    access.check_inside(call.world, call.bot, chat)
    set_member(call.world, chat, call.bot.id, status="left", rights={}, actor_id=call.bot.id)
    return True
