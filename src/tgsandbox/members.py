"""Who is what in a chat: ChatMember objects, changes of membership and the updates that tell of them."""

from tgsandbox.messages import add_message
from tgsandbox.model import Bot, Chat, Json, Member
from tgsandbox.schema import TYPES
from tgsandbox.world import World


def _booleans(type_name: str, *, required: bool) -> list[str]:
    fields = TYPES[type_name]["fields"]
    return [name for name, spec in fields.items() if spec["type"] == "Boolean" and spec["required"] is required]


_NOT_RIGHTS = {"can_be_edited", "is_member"}
ADMIN_RIGHTS = [name for name in _booleans("ChatMemberAdministrator", required=True) if name not in _NOT_RIGHTS]
CHANNEL_RIGHTS = ["can_post_messages", "can_edit_messages", "can_manage_direct_messages"]
GROUP_RIGHTS = ["can_pin_messages", "can_manage_topics", "can_manage_tags"]
PERMISSIONS = [name for name in _booleans("ChatMemberRestricted", required=True) if name not in _NOT_RIGHTS]
STATUSES = ("administrator", "member", "restricted", "left", "kicked")


def rights_for(chat: Chat, status: str) -> list[str]:
    """The names that `rights` may hold for a member of that status in that chat."""
    if status == "administrator":
        return ADMIN_RIGHTS + (CHANNEL_RIGHTS if chat.type == "channel" else GROUP_RIGHTS)
    return [*PERMISSIONS, "is_member"] if status == "restricted" else []


def chat_member(world: World, chat: Chat, user_id: int) -> Json:
    """The ChatMember object of a user; whoever was never there has left."""
    member = chat.members.get(user_id) or Member(user_id, "left")
    shown: Json = {"user": world.user(user_id), "status": member.status}
    if member.status == "creator":
        return shown | {"is_anonymous": False}
    if member.status == "administrator":
        rights = {name: bool(member.rights.get(name)) for name in rights_for(chat, "administrator")}
        return shown | {"can_be_edited": False} | rights | {"can_manage_chat": True}
    if member.status == "restricted":
        permissions = {name: bool(member.rights.get(name)) for name in PERMISSIONS}
        return shown | permissions | {"is_member": member.is_member, "until_date": 0}
    return shown | {"until_date": 0} if member.status == "kicked" else shown


def set_member(world: World, chat: Chat, user_id: int, *, status: str, rights: Json, actor_id: int) -> Json:
    """Change a user's place in a channel or group and tell everybody concerned; returns the new ChatMember.

    A bot in a channel is an administrator or is not there: to be made a plain member means to be put out.
    """
    if status == "member" and chat.type == "channel" and user_id in world.bots:
        status = "left"
    old = chat_member(world, chat, user_id)
    was_inside = user_id in chat.members and chat.members[user_id].inside
    granted = {name: bool(value) for name, value in rights.items()}
    chat.members[user_id] = Member(user_id, status, granted, is_member=granted.pop("is_member", True))
    if user_id in world.bots and user_id not in chat.bot_ids:
        chat.bot_ids.append(user_id)
    fresh = chat_member(world, chat, user_id)
    if fresh == old:
        return fresh
    _tell(world, chat, user_id, change={"old_chat_member": old, "new_chat_member": fresh}, actor_id=actor_id)
    if chat.type == "supergroup" and was_inside != chat.members[user_id].inside:
        _service_message(world, chat, user_id, joined=not was_inside, actor_id=actor_id)
    return fresh


def _tell(world: World, chat: Chat, user_id: int, *, change: Json, actor_id: int) -> None:
    payload = {"chat": chat.brief, "from": world.user(actor_id), "date": world.now(), **change}
    if user_id in world.bots:
        world.announce("my_chat_member", payload, [world.bots[user_id]])
    others = [bot for bot in world.bots_in(chat) if bot.id != user_id and chat.members[bot.id].manages]
    world.announce("chat_member", payload, others)


def _service_message(world: World, chat: Chat, user_id: int, *, joined: bool, actor_id: int) -> None:
    user = world.user(user_id)
    content: Json = {"new_chat_members": [user]} if joined else {"left_chat_member": user}
    add_message(world, chat, actor_id, content)


def set_blocked(world: World, bot: Bot, person_id: int, *, blocked: bool) -> None:
    """A person blocks a bot or starts it again; the bot is told with `my_chat_member`."""
    person = world.people[person_id]
    if blocked == (bot.id in person.blocked):
        return
    (person.blocked.add if blocked else person.blocked.discard)(bot.id)
    here, gone = (
        {"user": bot.as_user(), "status": "member"},
        {"user": bot.as_user(), "status": "kicked", "until_date": 0},
    )
    change = {
        "chat": world.private_chat(bot, person).brief,
        "from": person.as_user(),
        "date": world.now(),
        "old_chat_member": here if blocked else gone,
        "new_chat_member": gone if blocked else here,
    }
    world.announce("my_chat_member", change, [bot])
