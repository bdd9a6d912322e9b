"""Changing, pinning, deleting and reacting to messages."""

from tgsandbox import access, messages
from tgsandbox.bot_api.call import Call
from tgsandbox.bot_api.rich import rich_fields
from tgsandbox.bot_api.sending import caption, text_fields
from tgsandbox.markup import inline_keyboard
from tgsandbox.model import Chat, Json, Stored
from tgsandbox.reactions import set_reaction
from tgsandbox.refusals import refuse

DELETABLE_S = 48 * 3600
_LINKS = {"url", "text_link"}
_MEDIA = ("photo", "video", "animation", "document")


def _ours(call: Call) -> Stored:
    """The message to edit: there, ours, and in a chat where we still may."""
    chat = call.chat()
    access.check_inside(call.world, call.bot, chat)
    known = call.params.get("message_id", 0) in chat.messages and call.world.settings.edit_gone_as_id_invalid
    stored = call.message(chat, "id_invalid" if known else "edit_not_found")
    if not access.may_edit(call.bot, chat, stored.author) or "forward_origin" in stored.body:
        raise refuse("not_editable")
    return stored


def _change(call: Call, stored: Stored, content: Json) -> Json:
    """Apply `content` and the keyboard; nothing changed is an error of its own."""
    changes = content | {"reply_markup": inline_keyboard(call.params.get("reply_markup"))}
    call.limits.spend_edit(call.bot, stored.chat)
    if all(stored.body.get(name) == value for name, value in changes.items()):
        raise refuse("not_modified")
    messages.edit(call.world, stored, changes)
    return stored.shown()


def edit_message_text(call: Call) -> Json:
    """A text may become a rich message and the other way round, unless the settings say otherwise."""
    is_rich = "rich_message" in call.params
    if is_rich and call.text("text"):
        raise refuse("text_and_rich")
    if not is_rich and not call.text("text"):
        raise refuse("text_empty")
    stored = _ours(call)
    if not {"text", "rich_message"} & stored.body.keys():
        raise refuse("no_text_to_edit")
    if is_rich != ("rich_message" in stored.body) and not call.world.settings.edit_makes_rich:
        raise refuse("no_text_to_edit")
    nothing: Json = dict.fromkeys(("text", "entities", "link_preview_options", "rich_message"))
    content = nothing | (rich_fields(call) if is_rich else text_fields(call))
    if not is_rich and not _LINKS & {entity["type"] for entity in content["entities"] or []}:
        content["link_preview_options"] = stored.body.get("link_preview_options")
    return _change(call, stored, content)


def edit_message_caption(call: Call) -> Json:
    stored = _ours(call)
    if not any(kind in stored.body for kind in _MEDIA):
        raise refuse("no_caption_to_edit")
    return _change(call, stored, {"caption": None, "caption_entities": None} | caption(call))


def edit_message_reply_markup(call: Call) -> Json:
    return _change(call, _ours(call), {})


def delete_message(call: Call) -> bool:
    chat = call.chat()
    access.check_inside(call.world, call.bot, chat)
    stored = call.message(chat, "delete_not_found")
    _check_delete(call, chat, stored)
    messages.delete(call.world, stored)
    return True


def _check_delete(call: Call, chat: Chat, stored: Stored) -> None:
    """An administrator with the right deletes anything; everybody else their own, for 48 hours."""
    place = access.check_inside(call.world, call.bot, chat)
    if place.may("can_delete_messages"):
        return
    own = stored.author == call.bot.id and (chat.type != "channel" or place.may("can_post_messages"))
    if not own and chat.type != "private":
        raise refuse("not_deletable")
    if call.world.now() - stored.body["date"] > DELETABLE_S:
        raise refuse("not_deletable_for_all")


def delete_messages(call: Call) -> bool:
    ids = call.params["message_ids"]
    if not ids:
        raise refuse("message_ids_empty")
    if len(ids) > 100:
        raise refuse("too_many_ids")
    chat = call.chat()
    access.check_inside(call.world, call.bot, chat)
    found = [stored for message_id in ids if (stored := call.world.message(chat, message_id))]
    for stored in found:
        _check_delete(call, chat, stored)
    for stored in found:
        messages.delete(call.world, stored)
    return True


def _check_pin(call: Call, chat: Chat) -> None:
    place = access.check_inside(call.world, call.bot, chat)
    right = "can_edit_messages" if chat.type == "channel" else "can_pin_messages"
    if chat.type != "private" and not place.may(right):
        raise refuse("pin_rights")


def pin_chat_message(call: Call) -> bool:
    chat = call.chat()
    _check_pin(call, chat)
    stored = call.message(chat, "pin_not_found")
    if stored.id not in chat.pinned:
        chat.pinned.append(stored.id)
        if chat.type == "supergroup":
            messages.add_message(call.world, chat, call.bot.id, {"pinned_message": stored.body})
    return True


def unpin_chat_message(call: Call) -> bool:
    chat = call.chat()
    _check_pin(call, chat)
    message_id = call.params.get("message_id") or (chat.pinned[-1] if chat.pinned else 0)
    if message_id not in chat.pinned:
        raise refuse("unpin_not_found")
    chat.pinned.remove(message_id)
    call.world.version += 1
    return True


def set_message_reaction(call: Call) -> bool:
    chat = call.chat()
    access.check_inside(call.world, call.bot, chat)
    stored = call.message(chat, "react_not_found")
    wanted = call.params.get("reaction", [])
    if len(wanted) > 1 or any(item["type"] == "paid" for item in wanted):
        raise refuse("reaction_invalid")
    set_reaction(call.world, stored, call.bot.id, wanted)
    return True
