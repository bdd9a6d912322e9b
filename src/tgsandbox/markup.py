"""Keyboards under messages, held to Telegram's rules."""

import json
from typing import Any

from tgsandbox.entities import checked_url
from tgsandbox.refusals import refuse

Json = dict[str, Any]

_ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
    "disabled",
)


def inline_keyboard(markup: Json | None) -> Json | None:
    """The InlineKeyboardMarkup that goes with the message, or None for other keyboards and none. Raises `Refused`."""
    if not markup or "inline_keyboard" not in markup:
        return None
    rows = [[_button(button) for button in row] for row in markup["inline_keyboard"]]
    rows = [row for row in rows if row]
    if len(json.dumps(rows)) > 10_000:
        raise refuse("markup_too_long")
    if sum(map(len, rows)) > 100:
        raise refuse("markup_invalid")
    return {"inline_keyboard": rows} if rows else None


def _button(button: Json) -> Json:
    if not button["text"].strip():
        raise refuse("button_text")
    if not any(action in button for action in _ACTIONS):
        raise refuse("text_button")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
        raise refuse("button_data")
    if "url" in button:
        url = checked_url(button["url"])
        if url is None:
            raise refuse("button_url")
        return button | {"url": url}
    return button


def callback_buttons(markup: Json | None) -> set[str]:
    """The callback data that can be pressed."""
    rows = (markup or {}).get("inline_keyboard", [])
    return {button["callback_data"] for row in rows for button in row if "callback_data" in button}
