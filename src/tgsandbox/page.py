"""The page for people: its files, and the views that it is drawn from."""

from importlib import resources
from typing import Any

from aiohttp import web

from tgsandbox.bot_api.rich import summary
from tgsandbox.controls import Control
from tgsandbox.members import ADMIN_RIGHTS, CHANNEL_RIGHTS, GROUP_RIGHTS, chat_member
from tgsandbox.model import Bot, Chat, Json, Stored
from tgsandbox.reactions import counted
from tgsandbox.world import World

_STATIC = resources.files("tgsandbox") / "static"
_KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
LAST_SHOWN = 300


def add_routes(app: web.Application) -> None:
    """The page itself stands at `/` and at every address that t.me would have."""
    app.router.add_get("/static/{name}", _asset)
    for path in ("/", "/{name}", "/{name}/{message_id:\\d+}", "/newbot/{name}/{suggested}"):
        app.router.add_get(path, _index)


async def _index(_request: web.Request) -> web.StreamResponse:
    text = (_STATIC / "index.html").read_text("utf-8")
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return web.Response(text=text, content_type="text/html", headers=headers)


async def _asset(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    file = _STATIC / name
    kind = _KINDS.get(name.rpartition(".")[2])
    if kind is None or "/" in name or not file.is_file():
        return web.Response(status=404)
    return web.Response(text=file.read_text("utf-8"), content_type=kind, headers={"Cache-Control": "no-cache"})


def state(control: Control) -> Json:
    """Who and what there is, without messages; `{"version": n}` alone when `?version=n` is still right."""
    world = control.world
    if control.query_number("version") == world.version:
        return {"version": world.version}
    return {
        "version": world.version,
        "users": [person.as_user() for person in world.people.values()],
        "bots": [_bot(bot) for bot in world.bots.values()],
        "chats": [_chat(world, chat) for chat in world.chats.values()],
        "private": [_private(chat) for chat in world.private.values() if chat.messages],
        "rights": {"channel": ADMIN_RIGHTS + CHANNEL_RIGHTS, "supergroup": ADMIN_RIGHTS + GROUP_RIGHTS},
    }


def _bot(bot: Bot) -> Json:
    about = bot.profile.descriptions.get("", "")
    return bot.as_user() | {"about": about, "photo": bot.profile.photo, "commands": _commands(bot)}


def _commands(bot: Bot) -> list[Json]:
    return bot.profile.commands.get("default/", [])


def _chat(world: World, chat: Chat) -> Json:
    members = [chat_member(world, chat, member.user_id) for member in chat.members.values()]
    return chat.brief | {
        "owner_id": chat.owner_id,
        "linked_chat_id": chat.linked_id,
        "guarded": chat.guarded,
        "members": members,
        "last": _last(chat),
    }


def _private(chat: Chat) -> Json:
    return {"bot_id": chat.bot_id, "user_id": chat.id, "last": _last(chat)}


def _last(chat: Chat) -> Json | None:
    stored = next((s for s in reversed(chat.messages.values()) if not s.deleted), None)
    return {"text": _summary(stored.body), "date": stored.body["date"]} if stored else None


def _summary(body: Json) -> str:
    text = body.get("text") or body.get("caption") or summary(body.get("rich_message", {"blocks": []}))
    return str(text or next((kind.title() for kind in ("photo", "video", "animation", "poll") if kind in body), "…"))


def view_chat(control: Control) -> list[Any]:
    """A channel's or group's last messages as a person sees them: with reactions, and how many comments there are."""
    chat = control.chat()
    return _shown(control.world, chat)


def view_private(control: Control) -> list[Any]:
    """The same for the chat of a person with a bot."""
    bot, person = control.bot(control.number("bot_id")), control.person(control.number("user_id"))
    chat = control.world.private.get((bot.id, person.id))
    return _shown(control.world, chat) if chat else []


def _shown(world: World, chat: Chat) -> list[Json]:
    last = list(chat.messages.values())[-LAST_SHOWN:]
    comments = _comment_counts(world, chat)
    return [_view(stored, comments) for stored in last if not stored.deleted]


def _comment_counts(world: World, chat: Chat) -> dict[int, int]:
    group = world.linked(chat)
    counts: dict[int, int] = {}
    for stored in group.messages.values() if group else ():
        if stored.thread and not stored.deleted and not stored.body.get("is_automatic_forward"):
            counts[stored.thread] = counts.get(stored.thread, 0) + 1
    return counts


def _view(stored: Stored, comments: dict[int, int]) -> Json:
    copy = stored.copy
    leads = copy is not None and not copy.deleted and copy.thread is None
    root = copy.id if copy and leads else None  # an album's comments stand under its first item
    extra: Json = {"reactions": counted(stored), "author": stored.author, "thread": stored.thread}
    if stored.keyboard:
        extra["keyboard"] = stored.keyboard
    return stored.shown() | {"view": extra | {"root": root, "comments": comments.get(root or 0, 0)}}
