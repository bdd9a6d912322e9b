"""The bot about itself: its profile, its tokens, its files and its buttons' answers."""

import re

from tgsandbox import media
from tgsandbox.bot_api.call import Call
from tgsandbox.model import Bot, Json
from tgsandbox.refusals import refuse
from tgsandbox.schema import TYPES

_ABILITIES = (
    "can_connect_to_business",
    "has_main_web_app",
    "has_topics_enabled",
    "allows_users_to_create_topics",
    "supports_guest_queries",
    "supports_inline_queries",
    "supports_join_request_queries",
)


def get_me(call: Call) -> Json:
    known = [name for name in _ABILITIES if name in TYPES["User"]["fields"]]
    return call.bot.as_user() | {
        "can_join_groups": True,
        "can_read_all_group_messages": call.bot.reads_all,
        "can_manage_bots": call.bot.can_manage_bots,
        **dict.fromkeys(known, False),
    }


def log_out(call: Call) -> bool:
    call.bot.logged_out = True
    return True


def close(_call: Call) -> bool:
    return True


def _language(call: Call) -> str:
    """TDLib knows two-letter codes and nothing else."""
    code = call.text("language_code")
    if code and not re.fullmatch("[a-z]{2}", code):
        raise refuse("wrong_language")
    return code


def _length(text: str) -> int:
    """In UTF-16 units, as Telegram counts texts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _said(call: Call, texts: dict[str, str], otherwise: str = "") -> str:
    return texts.get(_language(call)) or texts.get("") or otherwise


def _say(call: Call, texts: dict[str, str], name: str, *, longest: int, refusal: str) -> bool:
    language, text = _language(call), call.text(name).strip()
    if _length(text) > longest:
        raise refuse(refusal)
    call.limits.spend_profile(call.bot, named=name == "name")
    texts[language] = text
    call.world.version += 1
    return True


def set_my_name(call: Call) -> bool:
    if not call.text("language_code") and not call.text("name").strip():
        raise refuse("name_too_long")
    _say(call, call.bot.profile.names, "name", longest=64, refusal="name_too_long")
    if not call.text("language_code"):
        call.bot.name = call.text("name").strip()
    return True


def get_my_name(call: Call) -> Json:
    return {"name": _said(call, call.bot.profile.names, call.bot.name)}


def set_my_description(call: Call) -> bool:
    return _say(call, call.bot.profile.descriptions, "description", longest=512, refusal="about_too_long")


def get_my_description(call: Call) -> Json:
    return {"description": _said(call, call.bot.profile.descriptions)}


def set_my_short_description(call: Call) -> bool:
    texts = call.bot.profile.short_descriptions
    return _say(call, texts, "short_description", longest=120, refusal="about_too_long")


def get_my_short_description(call: Call) -> Json:
    return {"short_description": _said(call, call.bot.profile.short_descriptions)}


def _scope(call: Call) -> str:
    scope = call.params.get("scope") or {"type": "default"}
    return "/".join([*map(str, scope.values()), _language(call)])


def set_my_commands(call: Call) -> bool:
    scope, commands = _scope(call), call.params["commands"]
    if len(commands) > 100:
        raise refuse("too_many_commands")
    for item in commands:
        item["command"] = item["command"].strip().removeprefix("/")
        item["description"] = item["description"].strip()
        _check_command(item["command"], item["description"])
    call.limits.spend_profile(call.bot)
    call.bot.profile.commands[scope] = commands
    return True


def _check_command(command: str, description: str) -> None:
    """TDLib looks at what is empty or too long, Telegram's server at the letters."""
    if not command:
        raise refuse("command_empty")
    if len(command) > 32:
        raise refuse("command_too_long")
    if not description:
        raise refuse("command_about_empty")
    if _length(description) > 256:
        raise refuse("command_about_too_long")
    if not re.fullmatch(r"[a-z0-9_]{1,32}", command):
        raise refuse("commands_invalid")


def get_my_commands(call: Call) -> list[Json]:
    return call.bot.profile.commands.get(_scope(call), [])


def delete_my_commands(call: Call) -> bool:
    scope = _scope(call)
    call.limits.spend_profile(call.bot)
    call.bot.profile.commands.pop(scope, None)
    return True


def set_my_profile_photo(call: Call) -> bool:
    """A profile photo is uploaded, never named: https://core.telegram.org/bots/api#inputprofilephotostatic."""
    kind, reference = _photo_reference(call.params["photo"])
    if not reference.startswith("attach://"):
        raise refuse("photo_not_uploaded", kind=kind)
    file = media.take(call.world, call.uploads, kind=kind, reference=reference)
    if kind == "photo":
        media.require_profile_photo(file)
    call.limits.spend_profile(call.bot)
    call.bot.profile.photo = file.id
    call.world.version += 1
    return True


def _photo_reference(photo: Json) -> tuple[str, str]:
    return ("animation", str(photo["animation"])) if "animation" in photo else ("photo", str(photo["photo"]))


def remove_my_profile_photo(call: Call) -> bool:
    call.limits.spend_profile(call.bot)
    call.bot.profile.photo = None
    return True


def get_user_profile_photos(call: Call) -> Json:
    """Of people the sandbox has no photos."""
    if not {call.params["user_id"]} & (call.world.bots.keys() | call.world.people.keys()):
        raise refuse("user_not_found")
    shown = call.bot.profile.photo if call.params["user_id"] == call.bot.id else None
    sizes = [media.fields("photo", call.world.files[shown])["photo"]] if shown else []
    return {"total_count": len(sizes), "photos": sizes}


def get_file(call: Call) -> Json:
    file = call.world.files.get(call.params["file_id"])
    if file is None:
        raise refuse("wrong_file_id")
    path = f"{file.kind}s/{file.id}"
    return {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": file.size, "file_path": path}


def answer_callback_query(call: Call) -> bool:
    query = call.world.queries.pop(call.params["callback_query_id"], None)
    if query is None or query.bot_id != call.bot.id:
        raise refuse("query_too_old")
    named = ("text", "show_alert", "url", "cache_time")
    query.answer = {name: call.params[name] for name in named if name in call.params}
    if query.waiter and not query.waiter.done():
        query.waiter.set_result(None)
    return True


def _managed(call: Call) -> Bot:
    bot = call.world.bots.get(call.params["user_id"])
    if bot is None or bot.manager_id != call.bot.id or not call.bot.can_manage_bots:
        raise refuse("not_manager")
    return bot


def get_managed_bot_token(call: Call) -> str:
    return _managed(call).token


def replace_managed_bot_token(call: Call) -> str:
    return call.world.renew_token(_managed(call))
