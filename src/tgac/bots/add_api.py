"""Ways of many and of managed bots into a project, in JSON."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tgac.bots import imports, managed
from tgac.bots.forms import BotList, ManagedBot
from tgac.bots.models import BotImport, ManagedRequest
from tgac.bots.outcomes import outcome_sentence
from tgac.kit.act import Act
from tgac.kit.config import Config
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct

router = APIRouter(prefix="/api/v1/projects/{project_id}/bots", tags=["bots"])


@router.post("/import", status_code=201)
async def begin_import(act: WriteAct, body: BotList) -> JSONResponse:
    """Take in a list of tokens, one per line; Telegram is asked for one every three seconds. Follow it by its `id`."""
    return ok(await _list(act, await imports.begin_import(act, body.text)), status=201)


@router.get("/imports/{import_id}")
async def show_import(act: ReadAct, import_id: RowId) -> JSONResponse:
    """How far a list is, and what became of each of its lines; never the tokens."""
    require(act, Right.LOOK)
    return ok(await _list(act, await imports.find_import(act, import_id)))


@router.post("/imports/{import_id}/stop")
async def stop_import(act: WriteAct, import_id: RowId) -> JSONResponse:
    """Ask for no further line of the list; what is added stays."""
    return ok(await _list(act, await imports.stop_import(act, import_id)))


@router.post("/managed", status_code=201)
async def request_managed(
    project_id: RowId, body: ManagedBot, tools: ToolsDep, principal: PrincipalDep
) -> JSONResponse:
    """Ask for a bot that you make with one tap on `deeplink` in Telegram; it comes into the project by itself."""
    row = await managed.request_managed_bot(
        tools, principal, project_id=project_id, name=body.name, username=body.username
    )
    return ok(_request(tools.config, row), status=201)


@router.get("/managed")
async def list_managed(act: ReadAct) -> JSONResponse:
    """What you have asked for in this project within the hour, newest first."""
    require(act, Right.LOOK)
    rows = await managed.open_requests(act, act.principal.user_id) if act.principal else []
    return ok({"items": [_request(act.config, row) for row in rows], "next": None})


@router.delete("/managed/{request_id}")
async def withdraw_managed(act: WriteAct, request_id: RowId) -> JSONResponse:
    """You no longer want that bot."""
    await managed.withdraw_request(act, request_id)
    return ok()


async def _list(act: Act, began: BotImport) -> dict[str, Any]:
    lines = await imports.lines_of(act, began.id)
    return {
        "id": began.id,
        "state": "running" if began.finished_at is None else "done",
        "total": len(lines),
        "asked": sum(line.outcome is not None for line in lines),
        "created_at": began.created_at,
        "finished_at": began.finished_at,
        "lines": [
            {
                "line": line.line,
                "outcome": line.outcome,
                "message": outcome_sentence(line.outcome),
                "bot_id": line.bot_id,
                "username": line.username,
            }
            for line in lines
        ],
    }


def _request(config: Config, row: ManagedRequest) -> dict[str, Any]:
    return {
        "id": row.id,
        "deeplink": managed.deeplink_of(config, row),
        "name": row.name,
        "username": row.username,
        "outcome": row.outcome,
        "message": outcome_sentence(row.outcome),
        "bot_id": row.bot_id,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
    }
