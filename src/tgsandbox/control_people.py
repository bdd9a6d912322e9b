"""Controls that make users, bots, channels and groups, and change who is what where."""

import re
from dataclasses import asdict
from typing import Any

from tgsandbox.controls import Control
from tgsandbox.inputs import BadInput, Impossible, Missing
from tgsandbox.members import STATUSES, rights_for, set_blocked, set_member
from tgsandbox.model import Bot, Chat, Json

LARGEST_MANAGED = 20


def _free_username(control: Control, username: str | None, *, ends_with_bot: bool = False) -> str | None:
    if username is None:
        return None
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{2,31}", username):
        raise BadInput("username", "is 3 to 32 of A-Z a-z 0-9 _, beginning with a letter")
    if ends_with_bot and not username.lower().endswith("bot"):
        raise BadInput("username", "of a bot ends with 'bot'")
    if control.world.is_taken(username):
        raise Impossible("username", "is taken")
    return username


def add_user(control: Control) -> Json:
    body = control.read({"first_name": str}, {"username": str, "last_name": str, "language_code": str})
    username = _free_username(control, body.get("username"))
    person = control.world.add_person(body["first_name"], username, last_name=body.get("last_name"))
    person.language_code = body.get("language_code", person.language_code)
    return person.as_user()


def change_user(control: Control) -> Json:
    body = control.read({}, {"deactivated": bool, "first_name": str, "username": str})
    person = control.person(control.number("user_id"))
    person.deactivated = body.get("deactivated", person.deactivated)
    person.first_name = body.get("first_name", person.first_name)
    if "username" in body and body["username"] != person.username:
        person.username = _free_username(control, body["username"])
        control.world.claim(person.username, person)
    control.world.version += 1
    return person.as_user()


def bot_with_token(bot: Bot) -> Json:
    return {"id": bot.id, "token": bot.token, "username": bot.username}


def add_bot(control: Control) -> Json:
    optional = {"owner_id": int, "can_manage_bots": bool, "can_read_all_group_messages": bool, "bot_to_bot": bool}
    body = control.read({"name": str, "username": str}, optional)
    if "owner_id" in body:
        control.person(body["owner_id"], "owner_id")
    username = _free_username(control, body["username"], ends_with_bot=True)
    bot = control.world.add_bot(body["name"], str(username), owner_id=body.get("owner_id"))
    bot.can_manage_bots = body.get("can_manage_bots", False)
    bot.reads_all = body.get("can_read_all_group_messages", False)
    bot.hears_bots = body.get("bot_to_bot", False)
    return bot_with_token(bot)


def change_bot(control: Control) -> Json:
    switches = ("can_read_all_group_messages", "bot_to_bot", "can_manage_bots", "frozen")
    body = control.read({}, dict.fromkeys(switches, bool))
    bot = control.bot(control.number("bot_id"))
    bot.reads_all = body.get("can_read_all_group_messages", bot.reads_all)
    bot.hears_bots = body.get("bot_to_bot", bot.hears_bots)
    bot.can_manage_bots = body.get("can_manage_bots", bot.can_manage_bots)
    bot.frozen = body.get("frozen", bot.frozen)
    control.world.version += 1
    return bot_with_token(bot)


def revoke_token(control: Control) -> Json:
    """The owner revokes the token; the manager of a managed bot is told."""
    control.read({})
    bot = control.bot(control.number("bot_id"))
    control.endpoint.renew_token(bot)
    _tell_manager(control, bot)
    return bot_with_token(bot)


def _tell_manager(control: Control, bot: Bot) -> None:
    manager = control.world.bots.get(bot.manager_id or 0)
    if manager and bot.owner_id:
        payload = {"user": control.world.user(bot.owner_id), "bot": bot.as_user()}
        control.world.announce("managed_bot", payload, [manager])


def add_managed(control: Control) -> Json:
    """A person confirmed the link of a bot manager: a bot of theirs that the manager may have the token of."""
    body = control.read({"manager_id": int, "owner_id": int, "name": str, "username": str})
    manager = control.bot(body["manager_id"], "manager_id")
    control.person(body["owner_id"], "owner_id")
    if not manager.can_manage_bots:
        raise Impossible("manager_id", "has no Bot Management Mode")
    if sum(1 for bot in control.world.bots.values() if bot.owner_id == body["owner_id"]) >= LARGEST_MANAGED:
        raise Impossible("owner_id", f"has {LARGEST_MANAGED} bots already")
    username = _free_username(control, body["username"], ends_with_bot=True)
    ids = {"owner_id": body["owner_id"], "manager_id": manager.id}
    bot = control.world.add_bot(body["name"], str(username), **ids)
    _tell_manager(control, bot)
    return bot_with_token(bot)


def add_channel(control: Control) -> Json:
    body = control.read({"title": str, "owner_id": int}, {"username": str, "group": bool, "group_username": str})
    control.person(body["owner_id"], "owner_id")
    world, owner = control.world, body["owner_id"]
    username = _free_username(control, body.get("username"))
    group_username = _free_username(control, body.get("group_username"))
    channel = world.add_chat("channel", body["title"], owner_id=owner, username=username)
    if not body.get("group", True):
        return {"id": channel.id, "group_id": None}
    group = world.add_chat("supergroup", f"{body['title']} chat", owner_id=owner, username=group_username)
    _link(channel, group)
    return {"id": channel.id, "group_id": group.id}


def add_group(control: Control) -> Json:
    body = control.read({"title": str, "owner_id": int}, {"username": str})
    control.person(body["owner_id"], "owner_id")
    username = _free_username(control, body.get("username"))
    return {"id": control.world.add_chat("supergroup", body["title"], owner_id=body["owner_id"], username=username).id}


def change_chat(control: Control) -> Json:
    """`guarded`: a guard bot there deletes what bots write; `title`: the chat is renamed."""
    body = control.read({}, {"guarded": bool, "title": str})
    chat = control.chat()
    chat.guarded = body.get("guarded", chat.guarded)
    if "title" in body:
        chat.title = body["title"]
        chat.brief = chat.brief | {"title": chat.title}
    control.world.version += 1
    return chat.brief | {"guarded": chat.guarded}


def _link(channel: Chat, group: Chat) -> None:
    channel.linked_id, group.linked_id = group.id, channel.id


def set_group(control: Control) -> Json:
    body = control.body if isinstance(control.body, dict) else {}
    if "group_id" not in body:
        raise BadInput("group_id", "is needed; null takes the group away")
    given = control.read({}, {"group_id": int})
    channel, group = control.channel(), _group(control, given.get("group_id"))
    if group and group.linked_id not in (None, channel.id):
        raise Impossible("group_id", "belongs to another channel")
    old = control.world.linked(channel)
    if old:
        old.linked_id = channel.linked_id = None
    if group:
        _link(channel, group)
    control.world.version += 1
    return {"id": channel.id, "group_id": channel.linked_id}


def _group(control: Control, group_id: int | None) -> Chat | None:
    if group_id is None:
        return None
    group = control.world.chats.get(group_id)
    if group is None:
        raise Missing("there is no such group", field="group_id")
    if group.type != "supergroup":
        raise Impossible("group_id", "is a channel, not a group")
    return group


def put_member(control: Control) -> Json:
    body = control.read({"status": str}, {"rights": dict, "from": int})
    chat, user_id = control.chat(), control.account(control.number("user_id"), "user_id")
    if body["status"] not in STATUSES:
        raise BadInput("status", f"is one of {', '.join(STATUSES)}")
    rights: dict[str, Any] = body.get("rights", {})
    _check_rights(chat, body["status"], rights)
    if user_id == chat.owner_id:
        raise Impossible("user_id", "is the owner of the chat")
    actor_id = control.account(body.get("from", chat.owner_id), "from")
    return set_member(control.world, chat, user_id, status=body["status"], rights=rights, actor_id=actor_id)


def _check_rights(chat: Chat, status: str, rights: dict[str, Any]) -> None:
    allowed = [*rights_for(chat, status), *([] if status != "administrator" else ["can_manage_chat"])]
    for name, value in rights.items():
        if name not in allowed:
            raise BadInput(f"rights.{name}", f"is not a right of {status} in a {chat.type}")
        if not isinstance(value, bool):
            raise BadInput(f"rights.{name}", "is true or false")


def put_private(control: Control) -> Json:
    """A person blocks a bot, or takes it back."""
    body = control.read({"blocked": bool})
    bot, person = control.bot(control.number("bot_id")), control.person(control.number("user_id"))
    set_blocked(control.world, bot, person.id, blocked=body["blocked"])
    return {"blocked": bot.id in person.blocked}


def get_settings(control: Control) -> Json:
    return asdict(control.world.settings)


def put_settings(control: Control) -> Json:
    known = asdict(control.world.settings)
    for name, value in control.read({}, dict.fromkeys(known, bool)).items():
        setattr(control.world.settings, name, value)
    return asdict(control.world.settings)
