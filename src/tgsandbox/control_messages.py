"""Controls that post, comment, edit, delete, react and press buttons."""

import asyncio
from typing import Any

from tgsandbox import media, messages, posts
from tgsandbox.clock import wait_at_most
from tgsandbox.controls import Control
from tgsandbox.inputs import BadInput, Impossible, Kinds, Missing, read_body
from tgsandbox.markup import callback_buttons, inline_keyboard
from tgsandbox.members import set_blocked, set_member
from tgsandbox.messages import Draft, text_content
from tgsandbox.model import Chat, Json, Query, Stored, Upload
from tgsandbox.parameters import reader
from tgsandbox.reactions import set_reaction
from tgsandbox.refusals import Refused

ANSWER_S = 10


def add_post(control: Control) -> Json:
    optional: Kinds = {"text": str, "media": (str, dict), "album": list, "keyboard": (list, dict)}
    body = control.read({}, {**optional, "forward_from": (int, str, dict), "from": int})
    channel = control.channel()
    author = control.account(body.get("from", channel.owner_id), "from")
    place = channel.members.get(author)
    if place is None or not place.may("can_post_messages"):
        raise Impossible("from", "may not post in this channel")
    drafts = _drafts(control, body)
    sent, copies = posts.publish(control.world, channel, author, drafts)
    return {"message_ids": [post.id for post in sent], "thread_ids": [copy.id for copy in copies]}


def _drafts(control: Control, body: Json) -> list[Draft]:
    extra = _keyboard(body) | _origin(control, body)
    text = text_content(body["text"]) if "text" in body else {}
    if "album" in body:
        items = _album(control, body)
        return [Draft(item | (_as_caption(text) if n == 0 and text else {}) | extra) for n, item in enumerate(items)]
    if "media" in body:
        return [Draft(_medium(control, body["media"], "media") | _as_caption(text) | extra)]
    if not text.get("text"):
        raise BadInput("text", "is needed when there is no media and no album")
    return [Draft(text | extra)]


def _album(control: Control, body: Json) -> list[Json]:
    if not 2 <= len(body["album"]) <= 10:
        raise BadInput("album", "has 2 to 10 items")
    if "media" in body or "keyboard" in body:
        raise BadInput("album", "goes without media and without keyboard")
    return [_medium(control, item, f"album.{n}") for n, item in enumerate(body["album"])]


def _as_caption(text: Json) -> Json:
    renamed = {"text": "caption", "entities": "caption_entities"}
    return {renamed[name]: value for name, value in text.items() if value}


def _medium(control: Control, given: Any, field: str) -> Json:
    """`"photo"` or `{"type": "photo", "file_id"?, "caption"?}`."""
    item = read_body(
        {"type": given} if isinstance(given, str) else given,
        needed={"type": str},
        optional={"file_id": str, "caption": str, "name": str},
    )
    if item["type"] not in media.KINDS:
        raise BadInput(field, f"is one of {', '.join(media.KINDS)}")
    file = control.world.files.get(item.get("file_id", ""))
    if file is None and "file_id" in item:
        raise Missing("there is no such file", field=field)
    file = file or media.keep(control.world, item["type"], Upload(str(item.get("name", item["type"])), "", b""))
    return media.fields(item["type"], file) | _as_caption(text_content(item.get("caption", "")))


def _keyboard(body: Json) -> Json:
    if "keyboard" not in body:
        return {}
    rows = body["keyboard"].get("inline_keyboard") if isinstance(body["keyboard"], dict) else body["keyboard"]
    try:
        read = reader("InlineKeyboardMarkup")({"inline_keyboard": rows}, "keyboard", "keyboard")
        markup = inline_keyboard(read)
    except Refused as refused:
        raise BadInput("keyboard", f"is not a keyboard: {refused.description}") from None
    return {"reply_markup": markup} if markup else {}


def _origin(control: Control, body: Json) -> Json:
    """Whom a repost is from: a user's or chat's id, a hidden user's name, or `{chat_id, message_id}`."""
    given = body.get("forward_from")
    if given is None:
        return {}
    date = control.world.now() - 60
    if isinstance(given, str):
        return {"forward_origin": {"type": "hidden_user", "sender_user_name": given, "date": date}}
    if isinstance(given, int):
        given = {"chat_id": given} if given < 0 else {"user_id": given}
    source = read_body(given, needed={}, optional={"chat_id": int, "message_id": int, "user_id": int})
    if "user_id" in source:
        user = control.world.user(control.account(source["user_id"], "forward_from"))
        return {"forward_origin": {"type": "user", "sender_user": user, "date": date}}
    chat = control.chat_by_id(source.get("chat_id", 0))
    shown = {"type": "channel", "chat": chat.brief, "message_id": source.get("message_id", 1), "date": date}
    return {"forward_origin": shown}


def change_message(control: Control) -> Json:
    body = control.read({"text": str})
    stored = control.stored()
    if not body["text"].strip():
        raise BadInput("text", "is empty")
    messages.edit(control.world, stored, messages.retext(stored, body["text"]))
    return stored.shown()


def delete_message(control: Control) -> bool:
    messages.delete(control.world, control.stored())
    return True


def add_message(control: Control) -> Json:
    """A reader writes into a group; whoever is not in it yet joins, as commenting does."""
    body = control.read({"user_id": int, "text": str}, {"reply_to": int})
    group, person = control.chat(), control.person(body["user_id"])
    if group.type != "supergroup":
        raise Impossible("chat_id", "is a channel: use its posts")
    reply_to = _target(control, group, body)
    if not body["text"].strip():
        raise BadInput("text", "is empty")
    _let_in(control, group, person.id)
    return messages.add_message(control.world, group, person.id, text_content(body["text"]), reply_to=reply_to).shown()


def _target(control: Control, chat: Chat, body: Json) -> Stored | None:
    if "reply_to" not in body:
        return None
    target = control.world.message(chat, body["reply_to"])
    if target is None:
        raise Missing("there is no such message to reply to", field="reply_to")
    return target


def _let_in(control: Control, group: Chat, user_id: int) -> None:
    place = group.members.get(user_id)
    if place and place.inside:
        if place.status == "restricted" and not place.rights.get("can_send_messages"):
            raise Impossible("user_id", "may not write there")
        return
    if place and place.status == "kicked":
        raise Impossible("user_id", "was kicked from the group")
    if group.linked_id is None:
        set_member(control.world, group, user_id, status="member", rights={}, actor_id=user_id)


def list_messages(control: Control) -> list[Json]:
    return messages.listed(control.chat(), control.query_number("last"))


def react(control: Control) -> bool:
    body = control.read({"user_id": int, "emoji": str})
    stored = control.stored()
    person = control.person(body["user_id"])
    wanted = [{"type": "emoji", "emoji": body["emoji"]}] if body["emoji"] else []
    set_reaction(control.world, stored, person.id, wanted)
    return True


def _private(control: Control) -> Chat:
    bot, person = control.bot(control.number("bot_id")), control.person(control.number("user_id"))
    return control.world.private_chat(bot, person)


def add_private(control: Control) -> Json:
    """A person writes to a bot; that also takes back a block."""
    body = control.read({"text": str}, {"reply_to": int})
    chat = _private(control)
    if not body["text"].strip():
        raise BadInput("text", "is empty")
    reply_to = _target(control, chat, body)
    set_blocked(control.world, control.world.bots[chat.bot_id], chat.id, blocked=False)
    return messages.add_message(control.world, chat, chat.id, text_content(body["text"]), reply_to=reply_to).shown()


def list_private(control: Control) -> list[Json]:
    return messages.listed(_private(control), control.query_number("last"))


async def press(control: Control) -> Json:
    """A person presses a button; waits up to 10 s for the bot's answer."""
    body = control.read({"user_id": int, "chat_id": int, "message_id": int, "data": str})
    person = control.person(body["user_id"])
    stored = _pressed(control, body)
    if body["data"] not in callback_buttons(stored.body.get("reply_markup")):
        raise Impossible("data", "is not on a button of this message")
    world = control.world
    query = Query(str(next(world.serials) + 10**17), stored.author, waiter=asyncio.get_running_loop().create_future())
    world.queries[query.id] = query
    shown = {"id": query.id, "from": person.as_user(), "chat_instance": str(stored.chat.id), "data": body["data"]}
    world.announce("callback_query", shown | {"message": stored.shown()}, [world.bots[stored.author]])
    await wait_at_most(world.clock, query.waiter, ANSWER_S)
    return {"answered": query.answer is not None} | (query.answer or {})


def _pressed(control: Control, body: Json) -> Stored:
    """The message with the button: in a group or channel, or in a private chat (named by the person's or bot's id)."""
    chat_id = body["chat_id"] if body["chat_id"] < 0 else body["user_id"]
    stored = control.stored_in(chat_id, body["message_id"])
    if stored.author not in control.world.bots:
        raise Impossible("message_id", "was not written by a bot")
    return stored
