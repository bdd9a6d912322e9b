"""What is said to Telegram in its own words: messages as parameters, and requests as bodies."""

import json
from typing import Any

import aiohttp

from tgac.kit.telegram.types import File, Keyboard, Look, Poll


def body_of(asked: dict[str, Any]) -> aiohttp.Payload:
    """JSON; where a file goes along, a form with the file in it."""
    told = {key: value for key, value in asked.items() if value is not None}
    if not any(isinstance(value, File) for value in told.values()):
        return aiohttp.JsonPayload(told)
    form = aiohttp.FormData()
    for key, value in told.items():
        if isinstance(value, File):
            form.add_field(key, value.content, filename=value.name, content_type=value.mime_type)
        else:
            form.add_field(key, value if isinstance(value, str) else json.dumps(value))
    return form()


def said(html: str, look: Look) -> tuple[str, dict[str, Any]]:
    """The method that sends it, and what it says."""
    if look.poll is not None:
        return "sendPoll", _asked(html, look, look.poll)
    if look.file is None:
        return "sendRichMessage" if look.rich else "sendMessage", written(html, look)
    file = look.file
    return f"send{file.kind.title()}", {file.kind: file.file_id or file, **captioned(html, look)}


def captioned(html: str, look: Look) -> dict[str, Any]:
    """The text beside a file, for sending and for editing alike."""
    return {"caption": html, "parse_mode": "HTML", "reply_markup": markup(look)}


def written(html: str, look: Look) -> dict[str, Any]:
    """The text and what belongs to it, for sending and for editing alike."""
    if look.rich:
        return {"rich_message": {"blocks": list(look.rich)}, "reply_markup": markup(look)}
    return {
        "text": html,
        "parse_mode": "HTML",
        "link_preview_options": None if look.link_preview else {"is_disabled": True},
        "reply_markup": markup(look),
    }


def _asked(html: str, look: Look, poll: Poll) -> dict[str, Any]:
    """A poll with the text as its question."""
    return {
        "question": html,
        "question_parse_mode": "HTML",
        "options": [{"text": option} for option in poll.options],
        "is_anonymous": poll.anonymous,
        "allows_multiple_answers": poll.multiple,
        "description": poll.about or None,
        "reply_markup": markup(look),
    }


def markup(look: Look) -> dict[str, Any] | None:
    """The buttons, if there are any."""
    return {"inline_keyboard": _rows(look.keyboard)} if look.keyboard else None


def quoted(look: Look) -> dict[str, Any]:
    """The quote, if there is one."""
    if look.quote is None:
        return {}
    marks = {"quote_entities": list(look.quote.marks)} if look.quote.marks else {}
    return {"quote": look.quote.text, **marks}


def quietly(look: Look) -> dict[str, Any]:
    """Whether readers get no sound."""
    return {"disable_notification": True} if look.silent else {}


def _rows(keyboard: Keyboard) -> list[list[dict[str, str]]]:
    return [
        [
            {"text": button.text, "url": button.url}
            if button.url is not None
            else {"text": button.text, "callback_data": button.data or ""}
            for button in row
        ]
        for row in keyboard
    ]
