"""Writing, editing and deleting messages in any chat. Who may do it is checked by those who call."""

from dataclasses import dataclass

from tgsandbox.delivery import announce_message
from tgsandbox.entities import formatted
from tgsandbox.model import Chat, Json, Stored
from tgsandbox.world import World


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it has an id: `content` are its fields, `head` those about its sender."""

    content: Json
    reply_to: Stored | None = None
    keyboard: Json | None = None


def store(world: World, chat: Chat, author: int, *, head: Json, draft: Draft) -> Stored:
    """Put a message into a chat without telling anybody."""
    message_id = _next_id(world, chat)
    body = {"message_id": message_id, **head, "chat": chat.brief, "date": world.now(), **draft.content}
    thread = None
    if draft.reply_to and chat.type == "supergroup":
        thread = draft.reply_to.thread or draft.reply_to.id
        body["message_thread_id"] = thread
    stored = Stored(chat, message_id, author, body, draft.reply_to, thread, keyboard=draft.keyboard)
    chat.messages[message_id] = stored
    world.version += 1
    return stored


def _next_id(world: World, chat: Chat) -> int:
    chat.last_id = next(world.private_ids) if chat.type == "private" else chat.last_id + 1
    return chat.last_id


def add_message(world: World, chat: Chat, author: int, content: Json, *, reply_to: Stored | None = None) -> Stored:
    """Somebody writes into a group or a private chat; the bots concerned are told."""
    stored = store(world, chat, author, head={"from": world.user(author)}, draft=Draft(content, reply_to))
    announce_message(world, stored)
    return stored


def edit(world: World, stored: Stored, changes: Json) -> None:
    """Put other content into a message (None takes a field away); tells the bots; a post's auto-forward follows."""
    body = {**stored.body, "edit_date": world.now(), **changes}
    stored.body = {name: value for name, value in body.items() if value is not None}
    announce_message(world, stored, edited=True)
    if stored.copy and not stored.copy.deleted:
        edit(world, stored.copy, {name: value for name, value in changes.items() if name != "reply_markup"})


def text_content(text: str) -> Json:
    """The fields of a plain text message as a person types it."""
    plain, entities = formatted(text, parse_mode=None, given=None)
    return {"text": plain, "entities": entities} if entities else {"text": plain}


def retext(stored: Stored, text: str) -> Json:
    """What changes when a person edits a message's text, or its caption when it has no text."""
    content = text_content(text)
    if "text" in stored.body:
        return {"entities": None} | content
    return {"caption": content["text"], "caption_entities": content.get("entities")}


def delete(world: World, stored: Stored) -> None:
    """Take a message away. No update tells of it; a post takes its auto-forward along when the settings say so."""
    stored.deleted = True
    world.version += 1
    if stored.id in stored.chat.pinned:
        stored.chat.pinned.remove(stored.id)
    if stored.copy and world.settings.delete_forward_with_post:
        delete(world, stored.copy)


def listed(chat: Chat, last: int | None = None) -> list[Json]:
    """The chat's messages as the controls show them; the deleted ones are marked."""
    stored = list(chat.messages.values())
    chosen = stored[-last:] if last else stored
    return [message.shown() | {"deleted": True} if message.deleted else message.shown() for message in chosen]


def new_group_id(world: World) -> str:
    """An album's `media_group_id`."""
    return str(13_800_000_000_000_000 + next(world.serials))
