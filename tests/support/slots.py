"""Every place of every request where a row is named: in the path, the query, a form, JSON at any depth, a file's cell.

Slots are found, not listed: in the routes, their models, the forms of the pages. What is listed is what a name means.
A name that is not listed fails, so that nobody can add a field without saying whether it names a row.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from tests.hostile.targets import Steps, Target, form_targets, json_targets, url_of, with_value
from tests.support.routes import Route, schema_of

ROWS: Final[Mapping[str, str]] = {
    "add": "channel_id",
    "remove": "channel_id",
    "channels": "channel_id",
    "channels.kept": "channel_id",
    "playlists": "playlist_id",
    "playlists.kept": "playlist_id",
    "bots": "bot_id",
    "bots.kept": "bot_id",
    "proxy": "proxy_id",
    "bot.cell": "bot_telegram_id",
    "photo.cell": "photo_name",
}
"""Names that do not say themselves which row they name."""
NO_ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "Telegram's own": ("message_id", "telegram_id", "chat_id", "update_id", "username", "ref", "link"),
    "where in one's own list the next page begins": ("cursor",),
    "a version of what the path names": ("version", "against"),
    "a secret, and who brings it may": ("secret", "token", "login_token", "code", "digest"),
    "sent whole": ("photo", "file", "config", "values"),
    "a figure": (
        *("limit", "days", "last", "port", "weight", "review_days", "collision_limit_per_post", "quota_projects"),
        *("default_quota_projects", "delete_after_s", "expire_s", "expire_after_s", "deadline_s", "silence_s", "share"),
        *("min_s", "max_s", "pause_s", "min_length", "max_length", "weekdays", "reader_comments", "per_post", "number"),
        *("per_bot_day", "per_bot_hour", "per_channel_day", "per_channel_hour", "ramp_up_days"),
        *("per_post_together", "threads_per_bot"),
        *("minutes", "per_day", "per_hour", "active_threads_per_bot", "llm_tokens_per_day"),
    ),
    "a choice": (
        *("action", "do", "state", "reason", "status", "room", "show", "mode", "kind", "role", "scope", "scheme"),
        *("answer", "preset", "goal", "media", "otherwise", "follow_edits", "forwarded", "typing", "question", "lang"),
        *(
            "delete_with_post",
            "link_preview",
            "pin",
            "quote",
            "silent",
            "has_keyboard",
            "whole",
            "sure",
            "trial",
            "lifts",
        ),
        *(
            "not_me",
            "wait_nobody",
            "remove_photo",
            "telegram",
            "wanted",
            "source",
            "delay_unit",
            "delete_unit",
            "silence_unit",
            "deadline_unit",
            "dry_run",
            "as_document",
            "apply",
            "notices",
            "past",
            "csv",
        ),
    ),
    "a moment": ("until",),
    "of a poll": ("anonymous", "multiple", "options", "poll_multiple", "poll_open"),
    "words": (
        *("name", "note", "text", "post_text", "label", "tags", "tag", "q", "about", "any_words", "no_words", "back"),
        *("hashtags", "languages", "language", "regex", "voice", "prompt", "forbidden", "allowed_links", "url"),
        *("description", "short_description", "commands", "time_zone", "from", "to", "published_at", "poll", "host"),
        *("password", "known", "playlist", "channel", "task", "bot"),
    ),
}
"""Names that hold no row's number, by what they are."""
NAMED_IN_TELEGRAM: Final = "/onboarding"
"""Where `channels` are told as people call them."""
EDITOR: Final[Mapping[str, str]] = {
    "name": "Another",
    "targets.channels": "channel_id",
    "targets.channels.kept": "channel_id",
    "targets.playlists": "playlist_id",
    "targets.playlists.kept": "playlist_id",
    "bots": "bot_id",
    "bots.kept": "bot_id",
    "filter.weekdays": "0",
    "filter.media": "text",
    "content.variants.0.name": "A",
    "content.variants.0.text": "Hi",
    "content.variants.0.media_id": "media_id",
}
TRYING: Final[Mapping[str, str]] = {"task_id": "task_id", "channel_id": "channel_id", "source": "last", "last": "5"}
READ_BY_HAND: Final[Mapping[str, Mapping[str, str]]] = {
    "POST /projects/{project_id}/tasks/new": EDITOR,
    "POST /projects/{project_id}/tasks/preview": EDITOR,
    "POST /projects/{project_id}/tasks/{task_id}/edit": EDITOR,
    "POST /projects/{project_id}/dry-run": TRYING,
    "POST /api/v1/projects/{project_id}/dry-run/import": {"task_id": "task_id", "channel_id": "channel_id"},
    "POST /projects/{project_id}/bots/{bot_id}/profile": {"languages..description": "Hi"},
    "POST /projects/{project_id}/bots/{bot_id}/profile/suggest": {},
    "POST /projects/{project_id}/bots/profiles/preview": {},
    "POST /api/v1/projects/{project_id}/bots/profiles/import": {},
    "POST /language": {"lang": "en"},
    "POST /projects/{project_id}/media": {},
    "POST /api/v1/projects/{project_id}/media": {},
    "POST /projects/{project_id}/presets": {"name": "Another", "delay.min_s": "0", "delay.max_s": "9"},
    "POST /projects/{project_id}/presets/{preset_id}": {"name": "Another", "delay.min_s": "0", "delay.max_s": "9"},
}
"""Forms whose fields no model declares, with a word or the row that each names."""
TABLE: Final = "bot,photo\r\n{bot},{photo}\r\n"
EXPORT: Final = '{"name": "City", "type": "public_channel", "id": 1, "messages": []}'
FILES: Final[Mapping[str, str]] = {
    "POST /api/v1/projects/{project_id}/dry-run/import": EXPORT,
    "POST /projects/{project_id}/media": "Rules",
    "POST /api/v1/projects/{project_id}/media": "Rules",
    "POST /projects/{project_id}/bots/profiles/preview": TABLE,
    "POST /api/v1/projects/{project_id}/bots/profiles/import": TABLE,
}
"""What is sent as the form's file; in braces, cells that name rows."""
HONEST: Final[Mapping[str, Mapping[str, str]]] = {
    "POST /api/v1/projects/{project_id}/bots": {"token": "a_token"},
    "POST /projects/{project_id}/bots": {"token": "a_token"},
    "POST /api/v1/projects/{project_id}/bots/{bot_id}/token": {"token": "its_token"},
    "POST /projects/{project_id}/bots/{bot_id}/token": {"token": "its_token"},
    "POST /api/v1/projects/{project_id}/channels": {"ref": "a_channel"},
    "POST /projects/{project_id}/channels": {"ref": "a_channel"},
    "POST /api/v1/projects/{project_id}/onboarding": {"channels": "channels_to_set_up"},
    "POST /projects/{project_id}/onboarding": {"channels": "a_channel"},
    "DELETE /api/v1/projects/{project_id}": {"name": "project_name"},
    "POST /projects/{project_id}/delete": {"name": "project_name"},
    "POST /projects/{project_id}/tasks/{task_id}/delete": {"name": "task_name"},
    "POST /projects/{project_id}/bots/{bot_id}/profile/apply": {"version": "profile_version"},
}
"""What fits there is only known when there is something; the words stand among the ids."""
READY: Final[Mapping[tuple[str, str], str]] = {
    ("comment_id", "/cancel"): "planned_comment_id",
    ("comment_id", "/approve"): "held_comment_id",
    ("comment_id", "/skip"): "held_comment_id",
    ("comment_id", "/edit"): "held_comment_id",
    ("comment_id", "/another"): "held_comment_id",
    ("comment_id", "/resolve"): "unknown_comment_id",
    ("task_id", "/delete"): "idle_task_id",
    ("task_id", "/assign"): "idle_task_id",
}
"""Which row is fit for a verb, by the end of the path."""
ONE_OF_TWO: Final[Mapping[str, str]] = {"filter": "ids", "filters": "bot_ids"}
"""What may not be sent beside the other."""
FOR_PROXY: Final = {"action": "proxy"}
"""The action that looks at `proxy_id`."""


@dataclass(frozen=True)
class Slot:
    """One place of one request where a row is named; `rows` is the kind of it, as paths call it."""

    route: Route
    where: str
    steps: Steps
    rows: str
    base: Any

    def __str__(self) -> str:
        return f"{self.route} {self.where} {'.'.join(map(str, self.steps))}"

    def request(self, client: httpx.AsyncClient, ids: Mapping[str, Any], value: Any) -> httpx.Request:
        """The request with everything from `ids`, and `value` in this one place."""
        route, name = self.route, str(self.steps[0]) if self.steps else ""
        own = {slot: ids.get(_rows_of("path", (slot,), route) or slot, "x") for slot in route.slots}
        url = url_of(route, own | ({name: value} if self.where == "path" else {}))
        query = {name: str(value)} if self.where == "query" else {"dry_run": "1"} if self.where == "cell" else {}
        if not route.is_unsafe:
            return client.build_request(route.method, url, params=query)
        if str(route) in FILES or not route.is_api:
            fields = self.base | ({name: str(value)} if self.where == "form" else {})
            file = FILES.get(str(route))
            cells = {"bot": ids["bot_telegram_id"], "photo": ids["photo_name"]}
            files = {"file": ("x", _filled(file, cells | {name: value}).encode())} if file else None
            return client.build_request(route.method, url, params=query, data=fields, files=files)
        there = str(value) if self.steps and self.steps[-1] == "proxy" else value
        body = with_value(self.base, self.steps, there) if self.where == "json" else self.base
        return client.build_request(route.method, url, params=query, json=body if route.models else None)


def slots_of(routes: Sequence[Route], ids: Mapping[str, Any], pages: Mapping[str, str]) -> list[Slot]:
    """Every slot of these routes; `ids` are the asker's own, `pages` the pages that they see, by address.

    Raises AssertionError for a name of which nobody has said whether it names a row.
    """
    within = _by_route(json_targets(routes, ids))
    typed = _by_url(form_targets(pages))
    return [slot for route in routes for slot in _slots(route, ids, within=within, typed=typed)]


def whole(route: Route, ids: Mapping[str, Any]) -> Slot:
    """The honest request of a route, for one that has no slots."""
    return Slot(route, "nothing", (), "", _base(route, ids))


def _slots(
    route: Route, ids: Mapping[str, Any], *, within: Mapping[str, list[Target]], typed: Mapping[str, set[str]]
) -> Iterator[Slot]:
    base, words = _base(route, ids), _words(route, ids)
    places: list[tuple[str, Steps, Any]] = [("path", (name,), base) for name in route.slots]
    by_filter = {name: one for name, one in base.items() if name != "ids"} | {"whole": "true"}
    places += [("query", (name,), by_filter if "ids" in base else base) for name in route.queries]
    places += [("json", one.steps, _alone(one, words)) for one in within.get(str(route), ())]
    if route.is_unsafe:
        names = _declared(route) | set(READ_BY_HAND.get(str(route), {})) | typed.get(url_of(route, ids), set())
        acting = base | FOR_PROXY if "action" in base else base
        places += [("form", (name,), acting if name == "proxy_id" else base) for name in sorted(names)]
        places += [("cell", (name,), base) for name in re.findall(r"{(\w+)}", FILES.get(str(route), ""))]
    for where, steps, body in places:
        if rows := _rows_of(where, steps, route):
            yield Slot(route, where, steps, rows, body)


def _declared(route: Route) -> set[str]:
    """The fields of a page's form, where a model declares them."""
    if route.is_api or str(route) in READ_BY_HAND:
        return set()
    assert route.models or not route.reads_by_hand, f"which fields does {route} read? Say it in READ_BY_HAND"
    return {name for model in route.models for name in schema_of(model).get("properties", {})}


def _base(route: Route, ids: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent, with the asker's own rows wherever one is named."""
    by_hand = READ_BY_HAND.get(str(route))
    if by_hand is None:
        made = {name: one for name, one in route.body(ids).items() if route.is_api or one is not None}
        return made | _words(route, ids)
    return {name: str(ids.get(one, one)) for name, one in by_hand.items()}


def _words(route: Route, ids: Mapping[str, Any]) -> dict[str, Any]:
    return {name: ids[one] for name, one in HONEST.get(str(route), {}).items()}


def _alone(target: Target, words: Mapping[str, Any]) -> Any:
    """The body of a field, without what may not stand beside it."""
    other = ONE_OF_TWO.get(str(target.steps[0])) if target.steps else None
    if not target.steps:
        return target.base
    base = {name: one for name, one in target.base.items() if name != other}
    return {**base, **words, **(FOR_PROXY if target.steps == ("proxy_id",) and "action" in base else {})}


def _rows_of(where: str, steps: Steps, route: Route) -> str | None:
    """Which kind of row the place names, None where it names none. Raises AssertionError where nobody has said it."""
    words = [word for step in steps if isinstance(step, str) for word in step.split(".") if not word.isdecimal()]
    name = ".".join(words[-2:]) if words[-1] == "kept" else words[-1]
    if where == "cell":
        return ROWS.get(f"{name}.cell", ROWS.get(name))
    if name in _NAMES or (name == "channels" and NAMED_IN_TELEGRAM in route.path):
        return None
    if name in ("ids", "id"):
        return "bot_id" if "/bots/" in route.path else "channel_id"
    ready = READY.get((name, f"/{route.path.rpartition('/')[2]}")) if where == "path" else None
    if ready or (name == "task_id" and route.method == "DELETE"):
        return ready or "idle_task_id"
    if name in ROWS:
        return ROWS[name]
    assert name.endswith(("_id", "_ids")), (
        f"{route}: does {name!r} ({where}) name a row? Say it in tests/support/slots.py"
    )
    return name.removesuffix("s")


_NAMES: Final = frozenset(name for names in NO_ROWS.values() for name in names)


def _filled(text: str, cells: Mapping[str, Any]) -> str:
    for name, cell in cells.items():
        text = text.replace(f"{{{name}}}", str(cell))
    return text


def _by_route(targets: Iterator[Target]) -> Mapping[str, list[Target]]:
    """The fields in which no others lie."""
    found: dict[str, list[Target]] = {}
    for one in targets:
        found.setdefault(one.route, []).append(one)
    return {route: [one for one in there if not _holds_others(one, there)] for route, there in found.items()}


def _holds_others(target: Target, others: Sequence[Target]) -> bool:
    n = len(target.steps)
    return any(len(one.steps) > n and one.steps[:n] == target.steps for one in others)


def _by_url(targets: Iterator[Target]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in targets:
        found.setdefault(one.url.partition("?")[0], set()).add(str(one.steps[0]))
    return found
