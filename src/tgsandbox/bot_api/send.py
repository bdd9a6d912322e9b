"""sendMessage and its relatives."""

from tgsandbox import access, media
from tgsandbox.bot_api.call import Call
from tgsandbox.bot_api.rich import rich_fields
from tgsandbox.bot_api.sending import caption, send, text_fields
from tgsandbox.entities import formatted, utf16_length
from tgsandbox.model import Json
from tgsandbox.refusals import refuse

_ACTIONS = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
}


def send_message(call: Call) -> Json:
    return send(call, "text messages", text_fields(call))


def send_rich_message(call: Call) -> Json:
    return send(call, "text messages", rich_fields(call))


def _send_file(call: Call, kind: str, what: str) -> Json:
    file = media.take(call.world, call.uploads, kind=kind, reference=call.text(kind), bot_id=call.bot.id)
    spoiler: Json = {"has_media_spoiler": True} if call.params.get("has_spoiler") else {}
    return send(call, what, media.fields(kind, file) | caption(call) | spoiler)


def send_photo(call: Call) -> Json:
    return _send_file(call, "photo", "photos")


def send_animation(call: Call) -> Json:
    return _send_file(call, "animation", "GIFs")


def send_document(call: Call) -> Json:
    return _send_file(call, "document", "documents")


def send_video(call: Call) -> Json:
    return _send_file(call, "video", "videos")


def send_poll(call: Call) -> Json:
    params = call.params
    question, entities = formatted(params["question"], parse_mode=params.get("question_parse_mode"), given=None)
    if not question:
        raise refuse("poll_question")
    if utf16_length(question) > 300:
        raise refuse("poll_too_long")
    _check_options([option["text"] for option in params["options"]])
    about, marks = formatted(
        call.text("description"),
        parse_mode=params.get("description_parse_mode"),
        given=params.get("description_entities"),
    )
    if utf16_length(about) > 1024:
        raise refuse("caption_too_long")
    poll = _poll(call, question) | ({"description": about} if about else {})
    poll |= {"description_entities": marks} if marks else {}
    return send(call, "polls", {"poll": poll | {"question_entities": entities} if entities else poll})


def _check_options(options: list[str]) -> None:
    if not options:
        raise refuse("poll_options")
    if len(options) > 12:
        raise refuse("poll_too_many")
    if any(not option.strip() for option in options):
        raise refuse("poll_option_empty")
    if any(utf16_length(option) > 100 for option in options):
        raise refuse("poll_option_long")


def _poll(call: Call, question: str) -> Json:
    params = call.params
    options = [
        {"persistent_id": str(number), "text": option["text"], "voter_count": 0}
        for number, option in enumerate(params["options"])
    ]
    flags = {name: bool(params.get(name)) for name in ("allows_multiple_answers", "allows_revoting", "members_only")}
    return {
        "id": str(5_000_000_000 + next(call.world.serials)),
        "question": question,
        "options": options,
        "total_voter_count": 0,
        "is_closed": bool(params.get("is_closed")),
        "is_anonymous": params.get("is_anonymous", True),
        "type": params.get("type", "regular"),
        **flags,
    }


def send_chat_action(call: Call) -> bool:
    if call.params["action"] not in _ACTIONS:
        raise refuse("wrong_action")
    access.check_send(call.world, call.bot, call.chat(), "text messages")
    return True
