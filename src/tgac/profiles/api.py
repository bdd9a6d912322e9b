"""Profiles in JSON."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from tgac.bots.models import BotStatus
from tgac.bots.queries import bots_in
from tgac.kit.errors import Invalid
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.i18n import _
from tgac.profiles import bulk as many
from tgac.profiles import service, suggest
from tgac.profiles.bulk import Bulk
from tgac.profiles.document import Change, Texts, clean_language, read_commands
from tgac.profiles.forms import ProfileFields, SuggestionAsked
from tgac.profiles.queries import profiles_by_bot
from tgac.profiles.service import View

router = APIRouter(prefix="/api/v1/projects/{project_id}/bots", tags=["profiles"])
MAX_TOLD: Final = 1000
"""Differences and bad cells that an answer lists at most; the totals count all."""


@router.get("/profiles.csv")
async def export_profiles(act: ReadAct) -> Response:
    """The profiles of the project's bots, in the shape that the import takes."""
    require(act, Right.LOOK)
    table = many.export_rows(await bots_in(act, list(BotStatus)), await profiles_by_bot(act))
    headers = {"Content-Disposition": 'attachment; filename="profiles.csv"'}
    return Response(table, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/profiles/import")
async def import_profiles(
    request: Request,
    project_id: RowId,
    tools: ToolsDep,
    principal: PrincipalDep,
    dry_run: bool = False,
    digest: Annotated[str | None, Query(max_length=64)] = None,
) -> JSONResponse:
    """Take in a CSV, or a ZIP of a CSV and photos; with `dry_run=1` only tell what would change."""
    async with tools.reading(principal, project_id) as act:
        require(act, Right.EDIT)
    content = await sent_file(request)
    if dry_run:
        bulk = await many.preview_profiles(tools, principal, project_id=project_id, content=content)
    else:
        bulk = await many.apply_profiles(tools, principal, project_id=project_id, content=content, digest=digest)
    return ok(reported(bulk) | {"applied": not dry_run})


@router.get("/{bot_id}/profile")
async def show_profile(
    project_id: RowId,
    bot_id: RowId,
    tools: ToolsDep,
    principal: PrincipalDep,
    language: Annotated[list[str] | None, Query(max_length=50)] = None,
) -> JSONResponse:
    """What the bot says of itself in Telegram, what is wished, and what differs."""
    also = _languages(language or [])
    return ok(told(await service.look_at_profile(tools, principal, project_id=project_id, bot_id=bot_id, also=also)))


@router.put("/{bot_id}/profile")
async def save_profile(act: WriteAct, bot_id: RowId, body: ProfileFields, apply: bool = True) -> JSONResponse:
    """Write down what the bot shall say of itself and bring it to Telegram; with `apply=0` only write it down."""
    profile = await service.save_profile(act, bot_id, body, apply=apply)
    return ok({"version": profile.version, "state": profile.state, "wish": _spoken(profile.wish)})


@router.post("/{bot_id}/profile/suggest")
async def suggest_texts(
    project_id: RowId, bot_id: RowId, body: SuggestionAsked, tools: ToolsDep, principal: PrincipalDep
) -> JSONResponse:
    """Have texts proposed by a language model; nothing is changed."""
    (language,) = _languages([body.language])
    return ok(
        await suggest.suggest_texts(
            tools, principal, project_id=project_id, bot_id=bot_id, language=language, about=body.about
        )
    )


async def sent_file(request: Request) -> bytes:
    """The file of a form (its field `file`), or the body itself. Raises Invalid (field `file`)."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=20) as form:
            file = form.get("file")
            content = await file.read() if isinstance(file, UploadFile) else b""
    else:
        content = await request.body()
    if not content:
        raise Invalid(_("Choose a file."), field="file")
    return content


def told(view: View) -> dict[str, Any]:
    """A profile as the API tells it."""
    profile, seen = view.profile, view.seen
    return {
        "bot_id": view.bot.id,
        "username": view.bot.username,
        "version": profile.version if profile else 0,
        "state": profile.state if profile else None,
        "steps": profile.steps if profile else [],
        "wish": {
            "languages": _spoken(profile.wish) if profile else {},
            "photo": profile.photo if profile else None,
        },
        "telegram": None
        if seen is None
        else {
            "languages": _spoken(seen.languages),
            "has_photo": bool(seen.photo),
            "read_at": profile.seen_at if view.problem and profile else None,
        },
        "problem": view.problem or None,
        "differences": [_differing(one) for one in view.changes],
    }


def reported(bulk: Bulk) -> dict[str, Any]:
    """What became of a file, or would become."""
    listed = [
        {"bot_id": order.bot.id, "username": order.bot.username, "lines": order.lines, "was_read": order.was_read}
        | {"differences": [_differing(one) for one in order.changes]}
        for order in bulk.changing[:MAX_TOLD]
    ]
    return {
        "digest": bulk.digest,
        "changed": len(bulk.changing),
        "unchanged": bulk.unchanged,
        "bots": listed,
        "bad": bulk.bad[:MAX_TOLD],
        "bad_total": len(bulk.bad),
    }


def _differing(change: Change) -> dict[str, Any]:
    return {"language": change.language, "field": change.field, "old": change.old, "new": change.new}


def _spoken(languages: dict[str, Texts]) -> dict[str, dict[str, Any]]:
    return {code: {name: _value(name, text) for name, text in texts.items()} for code, texts in languages.items()}


def _value(name: str, text: str) -> Any:
    if name != "commands":
        return text
    return [{"command": one.command, "description": one.description} for one in read_commands(text)]


def _languages(codes: list[str]) -> set[str]:
    try:
        return {clean_language(code) for code in codes}
    except ValueError as error:
        raise Invalid(str(error), field="language") from None
