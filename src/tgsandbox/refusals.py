"""What Telegram says when it refuses: every text that the sandbox can answer stands in the two tables here.

`LISTED` are texts of `data/errors.json` (a test holds them together). `ALSO` are texts that table does not carry:
they come from the source of Telegram's Bot API server and TDLib, or, where the note says so, from the sandbox itself.
"""

from typing import Any


class Refused(Exception):
    """The call ends with this HTTP status and description; `parameters` are Telegram's ResponseParameters."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        """The JSON that goes out."""
        answer: dict[str, Any] = {"ok": False, "error_code": self.status, "description": self.description}
        if self.parameters:
            answer["parameters"] = self.parameters
        return answer


LISTED: dict[str, tuple[int, str]] = {
    "chat_not_found": (400, "Bad Request: chat not found"),
    "chat_id_empty": (400, "Bad Request: chat_id is empty"),
    "text_empty": (400, "Bad Request: message text is empty"),
    "too_long": (400, "Bad Request: message is too long"),
    "entities": (400, "Bad Request: can't parse entities: {why}"),
    "button_url": (400, "Bad Request: BUTTON_URL_INVALID"),
    "button_data": (400, "Bad Request: BUTTON_DATA_INVALID"),
    "markup_invalid": (400, "Bad Request: REPLY_MARKUP_INVALID"),
    "markup_too_long": (400, "Bad Request: reply markup is too long"),
    "reply_not_found": (400, "Bad Request: message to be replied not found"),
    "quote_invalid": (400, "Bad Request: QUOTE_TEXT_INVALID"),
    "thread_not_found": (400, "Bad Request: message thread not found"),
    "no_right_to_send": (400, "Bad Request: not enough rights to send {what} to the chat"),
    "frozen": (400, "Bad Request: FROZEN_METHOD_INVALID"),
    "not_modified": (
        400,
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
        "as a current content and reply markup of the message",
    ),
    "edit_not_found": (400, "Bad Request: message to edit not found"),
    "id_invalid": (400, "Bad Request: MESSAGE_ID_INVALID"),
    "not_editable": (400, "Bad Request: message can't be edited"),
    "no_text_to_edit": (400, "Bad Request: there is no text in the message to edit"),
    "delete_not_found": (400, "Bad Request: message to delete not found"),
    "not_deletable": (400, "Bad Request: message can't be deleted"),
    "not_deletable_for_all": (400, "Bad Request: message can't be deleted for everyone"),
    "react_not_found": (400, "Bad Request: message to react not found"),
    "members_hidden": (400, "Bad Request: member list is inaccessible"),
    "channel_rights": (400, "Bad Request: need administrator rights in the channel chat"),
    "user_not_found": (400, "Bad Request: user not found"),
    "unauthorized": (401, "Unauthorized"),
    "kicked": (403, "Forbidden: bot was kicked from the {kind} chat"),
    "not_member": (403, "Forbidden: bot is not a member of the {kind} chat"),
    "blocked": (403, "Forbidden: bot was blocked by the user"),
    "deactivated": (403, "Forbidden: user is deactivated"),
    "cannot_initiate": (403, "Forbidden: bot can't initiate conversation with a user"),
    "not_found": (404, "Not Found"),
    "no_method": (404, "Not Found: method not found"),
    "other_poller": (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    ),
    "webhook_came": (409, "Conflict: terminated by setWebhook request"),
    "webhook_active": (
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    ),
    "too_large": (413, "Request Entity Too Large"),
    "flood": (429, "Too Many Requests: retry after {retry_after}"),
    "guarded": (
        500,
        "Internal Server Error: sent message was immediately deleted and can't be returned",
    ),
    "logged_out": (400, "Logged out"),
    "server_error": (500, "Internal Server Error"),
}

ALSO: dict[str, tuple[int, str]] = {
    "message_id_empty": (400, "Bad Request: message identifier is not specified"),
    "message_ids_empty": (400, "Bad Request: message identifiers are not specified"),
    "too_many_ids": (400, "Bad Request: too many message identifiers specified"),
    "caption_too_long": (400, "Bad Request: message caption is too long"),
    "no_file": (400, "Bad Request: there is no {kind} in the request"),
    "wrong_file": (400, "Bad Request: wrong file identifier/HTTP URL specified"),
    "file_type": (400, "Bad Request: can't use file of type {was} as {wanted}"),
    "photo_too_big": (
        400,
        "Bad Request: file of size {size} bytes is too big for a photo; the maximum size is 10485760 bytes",
    ),
    "rich_empty": (400, "Bad Request: RICH_MESSAGE_CONTENT_REQUIRED"),
    "rich_twice": (400, "Bad Request: rich message must have exactly one of html, markdown and blocks"),
    "rich_too_long": (400, "Bad Request: RICH_MESSAGE_TEXT_TOO_LONG"),
    "rich_too_many": (400, "Bad Request: RICH_MESSAGE_BLOCKS_TOO_MUCH"),
    "rich_too_deep": (400, "Bad Request: RICH_MESSAGE_DEPTH_TOO_MUCH"),
    "text_and_rich": (400, "Bad Request: text and rich_message can't be used together"),
    "no_caption_to_edit": (400, "Bad Request: there is no caption in the message to edit"),
    "wrong_file_id": (400, "Bad Request: invalid file_id"),
    "wrong_action": (400, "Bad Request: wrong parameter action in request"),
    "wrong_user_id": (400, "Bad Request: invalid user_id specified"),
    "wrong_json": (400, "Bad Request: can't parse {name} JSON object"),
    "wrong_field": (400, 'Bad Request: can\'t parse {name}: field "{field}" must be of type {wanted}'),
    "missing_field": (400, "Bad Request: can't parse {name}: can't find field \"{field}\""),
    "wrong_number": (400, 'Bad Request: parameter "{name}" must be a number'),
    "missing": (400, 'Bad Request: parameter "{name}" is required'),
    "bad_body": (400, "Bad Request: can't parse JSON object of the request"),
    "not_utf8": (400, "Bad Request: strings must be encoded in UTF-8"),
    "parse_mode": (400, "Bad Request: unsupported parse_mode"),
    "text_button": (
        400,
        "Bad Request: can't parse inline keyboard button: text buttons are unallowed in the inline keyboard",
    ),
    "button_text": (400, 'Bad Request: can\'t parse inline keyboard button: field "text" must be of type String'),
    "poll_options": (400, "Bad Request: poll must have at least 1 option"),
    "poll_too_many": (400, "Bad Request: poll can't have more than 12 options"),
    "poll_option_empty": (400, "Bad Request: poll options must be non-empty"),
    "poll_option_long": (400, "Bad Request: poll options length must not exceed 100"),
    "poll_question": (400, "Bad Request: poll question must be non-empty"),
    "poll_too_long": (400, "Bad Request: poll question length must not exceed 300"),
    "query_too_old": (
        400,
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
    ),
    "delete_rights": (400, "Bad Request: not enough rights to delete the message"),
    "pin_rights": (400, "Bad Request: not enough rights to manage pinned messages in the chat"),
    "pin_not_found": (400, "Bad Request: message to pin not found"),
    "unpin_not_found": (400, "Bad Request: message to unpin not found"),
    "reaction_invalid": (400, "Bad Request: REACTION_INVALID"),
    "name_too_long": (400, "Bad Request: BOT_TITLE_INVALID"),
    "about_too_long": (400, "Bad Request: description is too long"),
    "wrong_language": (400, "Bad Request: invalid language code specified"),
    "command_empty": (400, "Bad Request: command must be non-empty"),
    "command_too_long": (400, "Bad Request: command length must not exceed 32"),
    "command_about_empty": (400, "Bad Request: command description must be non-empty"),
    "command_about_too_long": (400, "Bad Request: command description length must not exceed 256"),
    "photo_not_uploaded": (400, "Bad Request: profile {kind} must be uploaded as a file"),
    "photo_not_processed": (400, "Bad Request: IMAGE_PROCESS_FAILED"),
    "photo_too_small": (400, "Bad Request: PHOTO_CROP_SIZE_SMALL"),
    "photo_dimensions": (400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
    "commands_invalid": (400, "Bad Request: BOT_COMMAND_INVALID"),
    "too_many_commands": (400, "Bad Request: BOT_COMMANDS_TOO_MUCH"),
    "bot_to_bot": (403, "Forbidden: bot can't send messages to bots"),
    "not_manager": (400, "Bad Request: managed bot not found"),
    "webhook_url": (400, "Bad Request: bad webhook: invalid URL specified"),
    "secret_token": (400, "Bad Request: secret token contains unallowed characters"),
    "private_leave": (400, "Bad Request: chat member status can't be changed in private chats"),
    "not_emulated": (400, "Bad Request: method is not emulated by the sandbox"),
    "mode_not_emulated": (400, "Bad Request: parse_mode {mode} is not emulated by the sandbox"),
    "rich_not_emulated": (400, "Bad Request: rich messages of {what} are not emulated by the sandbox"),
    "kind_not_emulated": (400, 'Bad Request: parameter "{name}" is not emulated by the sandbox'),
}

_TEXTS = LISTED | ALSO


def refuse(reason: str, **values: object) -> Refused:
    """The refusal named `reason` in the tables, with `values` put in (`retry_after` also goes to the parameters)."""
    status, text = _TEXTS[reason]
    parameters = {key: int(str(value)) for key, value in values.items() if key == "retry_after"}
    return Refused(status, text.format(**values) if values else text, **parameters)
