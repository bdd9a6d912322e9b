"""How a bot's message gets into a chat, whatever is in it."""

from typing import Any

from tgsandbox import access, posts
from tgsandbox.bot_api.call import Call
from tgsandbox.delivery import announce_message
from tgsandbox.entities import formatted, utf16_length
from tgsandbox.markup import inline_keyboard
from tgsandbox.messages import Draft, delete, store
from tgsandbox.model import Chat, Json, Stored
from tgsandbox.refusals import refuse

_KEPT_OPTIONS = {"protect_content": "has_protected_content"}


def send(call: Call, what: str, content: Json) -> Json:
    """Send `content` (fields of a Message) as the call asks: rights, limits, reply, keyboard; → the Message."""
    chat = call.chat()
    access.check_send(call.world, call.bot, chat, what)
    _check_thread(call, chat)
    draft = _draft(call, chat, content)
    call.limits.spend_message(call.bot, chat)
    return deliver(call, chat, [draft])[0].shown()


def deliver(call: Call, chat: Chat, drafts: list[Draft]) -> list[Stored]:
    """Store and announce the bot's message, or its album; a guarded group loses it at once."""
    world, bot = call.world, call.bot
    if chat.type == "channel":
        return posts.publish(world, chat, bot.id, drafts)[0]
    sent = [store(world, chat, bot.id, head={"from": bot.as_user()}, draft=draft) for draft in drafts]
    chat.last_bot = bot.id
    for stored in sent:
        announce_message(world, stored)
    if chat.guarded:
        for stored in sent:
            delete(world, stored)
        raise refuse("guarded")
    return sent


def _draft(call: Call, chat: Chat, content: Json) -> Draft:
    markup = call.params.get("reply_markup")
    keyboard = inline_keyboard(markup)
    extra: Json = {"reply_markup": keyboard} if keyboard else {}
    extra |= {field: True for name, field in _KEPT_OPTIONS.items() if call.params.get(name)}
    reply_to, about_reply = resolve_reply(call, chat)
    other = markup if markup and not keyboard else None
    return Draft(content | extra | about_reply, reply_to, keyboard=other)


def _check_thread(call: Call, chat: Chat) -> None:
    """A thread's id is ignored in a discussion group; elsewhere there are no threads to be found."""
    if call.params.get("message_thread_id") and not (chat.type == "supergroup" and chat.linked_id):
        raise refuse("thread_not_found")


def resolve_reply(call: Call, chat: Chat) -> tuple[Stored | None, Json]:
    """What the message replies to in its own chat, and the fields about quotes and replies across chats."""
    reply: Json = call.params.get("reply_parameters") or {}
    if not reply.get("message_id"):
        return None, {}
    there = _reply_chat(call, chat, reply)
    target = call.world.message(there, reply["message_id"])
    if target is None:
        gone = reply["message_id"] in there.messages and call.world.settings.unreplied_when_root_gone
        if reply.get("allow_sending_without_reply") or gone:
            return None, {}
        raise refuse("reply_not_found")
    quote = _quote(target, reply)
    return (target, quote) if there is chat else (None, quote | {"external_reply": _external(target)})


def _reply_chat(call: Call, chat: Chat, reply: Json) -> Chat:
    if reply.get("chat_id") in (None, "", chat.id):
        return chat
    there = call.world.find_chat(call.bot, reply["chat_id"])
    if there is not chat:
        access.check_inside(call.world, call.bot, there)
    return there


def _external(target: Stored) -> Json:
    chat, date = target.chat, target.body["date"]
    if chat.type == "channel":
        origin = {"type": "channel", "chat": chat.brief, "message_id": target.id, "date": date}
    elif "sender_chat" in target.body:
        origin = {"type": "chat", "sender_chat": target.body["sender_chat"], "date": date}
    else:
        origin = {"type": "user", "sender_user": target.body["from"], "date": date}
    return {"origin": origin, "chat": chat.brief, "message_id": target.id}


def _quote(target: Stored, reply: Json) -> Json:
    if not reply.get("quote"):
        return {}
    whole = target.body.get("text") or target.body.get("caption") or ""
    quote, entities = formatted(
        reply["quote"], parse_mode=reply.get("quote_parse_mode"), given=reply.get("quote_entities")
    )
    marked = [entity for entity in entities if entity["type"] in _QUOTED]
    there = [utf16_length(whole[:at]) for at in range(len(whole)) if quote and whole.startswith(quote, at)]
    length = utf16_length(quote)
    found = next((at for at in there if _looks(target, at, length) == _marks(marked)), None)
    if found is None or length > 1024:
        raise refuse("quote_invalid")
    shown = {"text": quote, "position": found, "is_manual": True}
    return {"quote": shown | {"entities": marked} if marked else shown}


def _looks(target: Stored, at: int, length: int) -> set[tuple[Any, ...]]:
    """The looks of a piece of a message, which its quote has to repeat."""
    entities = target.body.get("entities") or target.body.get("caption_entities") or []
    clipped = [
        entity
        | {
            "offset": max(entity["offset"] - at, 0),
            "length": min(entity["offset"] + entity["length"], at + length) - max(entity["offset"], at),
        }
        for entity in entities
    ]
    return _marks([entity for entity in clipped if entity["length"] > 0 and entity["type"] in _QUOTED])


def _marks(entities: list[Json]) -> set[tuple[Any, ...]]:
    return {(one["type"], one["offset"], one["length"], one.get("custom_emoji_id")) for one in entities}


_QUOTED = {"bold", "italic", "underline", "strikethrough", "spoiler", "custom_emoji"}


def caption(call: Call) -> Json:
    """The caption's fields; empty when there is none."""
    text, entities = formatted(
        call.text("caption"), parse_mode=call.params.get("parse_mode"), given=call.params.get("caption_entities")
    )
    if utf16_length(text) > 1024:
        raise refuse("caption_too_long")
    shown: Json = {"caption": text} if text else {}
    shown |= {"caption_entities": entities} if entities else {}
    return shown | {name: True for name in ("show_caption_above_media",) if call.params.get(name)}


def text_fields(call: Call) -> Json:
    """The text's fields. Raises when it is empty or too long."""
    text, entities = formatted(
        call.text("text"), parse_mode=call.params.get("parse_mode"), given=call.params.get("entities")
    )
    if not text:
        raise refuse("text_empty")
    if utf16_length(text) > 4096:
        raise refuse("too_long")
    shown: Json = {"text": text, "entities": entities} if entities else {"text": text}
    options = call.params.get("link_preview_options")
    return shown | {"link_preview_options": options} if options else shown
