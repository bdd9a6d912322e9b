"""Proxies in JSON."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tgac.kit.act import Act
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.paging import Page, paged
from tgac.proxies import service
from tgac.proxies.forms import ProxyFields, ProxyList
from tgac.proxies.models import Proxy, ProxyState
from tgac.proxies.queries import bots_through, proxies_like
from tgac.proxies.verify import verify_proxy

router = APIRouter(prefix="/api/v1/projects/{project_id}/proxies", tags=["proxies"])


@router.get("")
async def list_proxies(act: ReadAct, page: Page, state: ProxyState | None = None) -> JSONResponse:
    """The project's proxies, newest first."""
    require(act, Right.LOOK)
    proxies, following = await paged(act, proxies_like(page.q, state), Proxy.id, page=page)
    return ok({"items": await described(act, *proxies), "next": following})


@router.post("", status_code=201)
async def add_proxy(act: WriteAct, body: ProxyFields) -> JSONResponse:
    """Take a proxy into the project; it is checked soon."""
    return ok((await described(act, await service.add_proxy(act, body)))[0], status=201)


@router.post("/import")
async def import_proxies(act: WriteAct, body: ProxyList) -> JSONResponse:
    """Take in a list. Good lines are kept; the others are told by their number."""
    report = await service.import_proxies(act, body.text)
    return ok({"added": len(report.added), "known": report.known, "bad": report.bad})


@router.put("/{proxy_id}")
async def change_proxy(act: WriteAct, proxy_id: RowId, body: ProxyFields) -> JSONResponse:
    """Put other values in the place of the proxy's; without `password` the stored one stays."""
    return ok((await described(act, await service.change_proxy(act, proxy_id, body)))[0])


@router.delete("/{proxy_id}")
async def remove_proxy(act: WriteAct, proxy_id: RowId) -> JSONResponse:
    """Take the proxy out of the project; refused while bots go through it."""
    await service.remove_proxy(act, proxy_id)
    return ok()


@router.post("/{proxy_id}/check")
async def check_proxy(project_id: RowId, proxy_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> JSONResponse:
    """Look whether it reaches Telegram; `reason` holds the real error."""
    async with tools.reading(principal, project_id) as act:
        require(act, Right.EDIT)
    proxy = await verify_proxy(tools, project_id=project_id, proxy_id=proxy_id)
    async with tools.reading(principal, project_id) as act:
        return ok((await described(act, proxy))[0])


async def described(act: Act, *proxies: Proxy) -> list[dict[str, Any]]:
    """What is told of proxies; never the password."""
    used = await bots_through(act, [proxy.id for proxy in proxies])
    return [
        {
            "id": proxy.id,
            "scheme": proxy.scheme,
            "host": proxy.host,
            "port": proxy.port,
            "username": proxy.username,
            "has_password": proxy.password_sealed is not None,
            "state": proxy.state,
            "reason": proxy.reason,
            "latency_ms": proxy.latency_ms,
            "checked_at": proxy.checked_at,
            "created_at": proxy.created_at,
            "bots": {"used": used.get(proxy.id, 0), "limit": act.config.max_bots_per_proxy},
        }
        for proxy in proxies
    ]
