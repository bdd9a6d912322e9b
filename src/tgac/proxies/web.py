"""The pages of proxies."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.tenancy import RIGHTS, Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page
from tgac.kit.web.paging import OrAny, Page, Paging, next_address, paged
from tgac.proxies import service
from tgac.proxies.forms import MAX_LINES, ProxyFields, ProxyList
from tgac.proxies.models import Proxy, ProxyState
from tgac.proxies.queries import bots_through, find_proxy, proxies_like
from tgac.proxies.service import Imported
from tgac.proxies.verify import verify_proxy

router = APIRouter(prefix="/projects/{project_id}/proxies", include_in_schema=False)


@router.get("")
async def list_page(
    request: Request, act: ReadAct, asked: Page, state: Annotated[ProxyState | None, OrAny] = None
) -> HTMLResponse:
    """The project's proxies and the forms that add some."""
    return await _list_page(request, act, asked=asked, state=state)


@router.post("")
async def add_proxy(request: Request, act: WriteAct) -> Response:
    """Add one; what is wrong with it is shown beside the field."""
    form = await read_form(request, ProxyFields)
    status = 422
    if form.data is not None:
        try:
            proxy = await service.add_proxy(act, form.data)
        except AppError as error:
            form.refuse(error)
            status = error.status
        else:
            return go(request, _root(act), Notice(_("%(proxy)s is added and will be checked.", proxy=proxy.address)))
    return await _list_page(request, act, form=form, status=status)


@router.post("/import")
async def import_proxies(request: Request, act: WriteAct) -> Response:
    """Add a list and show what became of each line that was not taken."""
    form = await read_form(request, ProxyList)
    report: Imported | None = None
    if form.data is not None:
        try:
            report = await service.import_proxies(act, form.data.text)
        except AppError as error:
            form.refuse(error)
    form.values.clear()  # the list holds passwords: it is not shown again
    return await _list_page(request, act, listed=form, report=report, status=200 if report else 422)


@router.get("/{proxy_id}")
async def proxy_page(request: Request, act: ReadAct, proxy_id: RowId) -> HTMLResponse:
    """One proxy: how it is, and the form that changes it."""
    return await _proxy_page(request, act, proxy_id)


@router.post("/{proxy_id}")
async def change_proxy(request: Request, act: WriteAct, proxy_id: RowId) -> Response:
    """Change it; what is wrong is shown beside the field."""
    form = await read_form(request, ProxyFields)
    status = 422
    if form.data is not None:
        try:
            await service.change_proxy(act, proxy_id, form.data)
        except AppError as error:
            form.refuse(error)
            status = error.status
        else:
            return go(request, f"{_root(act)}/{proxy_id}", Notice(_("Saved. It will be checked.")))
    return await _proxy_page(request, act, proxy_id, form=form, status=status)


@router.post("/{proxy_id}/check")
async def check_proxy(
    request: Request, project_id: RowId, proxy_id: RowId, tools: ToolsDep, principal: PrincipalDep
) -> Response:
    """Look whether it reaches Telegram and show the answer."""
    async with tools.reading(principal, project_id) as act:
        require(act, Right.EDIT)
        path = f"{_root(act)}/{proxy_id}"
    proxy = await verify_proxy(tools, project_id=project_id, proxy_id=proxy_id)
    if proxy.state == ProxyState.WORKING:
        return go(request, path, Notice(_("It reaches Telegram in %(ms)s ms.", ms=proxy.latency_ms)))
    return go(request, path, Notice(_("It does not reach Telegram: %(problem)s", problem=proxy.reason or ""), "bad"))


@router.post("/{proxy_id}/remove")
async def remove_proxy(request: Request, act: WriteAct, proxy_id: RowId) -> Response:
    """Take it out of the project and show the others."""
    await service.remove_proxy(act, proxy_id)
    return go(request, _root(act), Notice(_("The proxy is removed.")))


async def _list_page(
    request: Request, act: Act, *, asked: Paging | None = None, state: ProxyState | None = None, **shown: Any
) -> HTMLResponse:
    """`shown`: form (one proxy), listed (a list), report, status."""
    require(act, Right.LOOK)
    asked = asked or Paging()
    proxies, following = await paged(act, proxies_like(asked.q, state), Proxy.id, page=asked)
    defaults = {"form": blank(), "listed": blank(), "report": None}
    return page(
        request,
        "proxies/list.html",
        **(defaults | shown),
        asked=asked,
        chosen=state or "",
        proxies=proxies,
        used=await bots_through(act, [proxy.id for proxy in proxies]),
        limit=act.config.max_bots_per_proxy,
        max_lines=MAX_LINES,
        may_edit=_may_edit(act),
        root=_root(act),
        next_url=next_address(request, following),
    )


async def _proxy_page(
    request: Request, act: Act, proxy_id: int, *, form: Filled[Any] | None = None, status: int = 200
) -> HTMLResponse:
    require(act, Right.LOOK)
    proxy = await find_proxy(act, proxy_id)
    return page(
        request,
        "proxies/proxy.html",
        status=status,
        form=form or blank(scheme=proxy.scheme, host=proxy.host, port=proxy.port, username=proxy.username),
        proxy=proxy,
        used=(await bots_through(act, [proxy_id])).get(proxy_id, 0),
        limit=act.config.max_bots_per_proxy,
        may_edit=_may_edit(act),
        root=_root(act),
    )


def _root(act: Act) -> str:
    return f"/projects/{act.project_id}/proxies"


def _may_edit(act: Act) -> bool:
    return act.role is not None and Right.EDIT in RIGHTS[act.role]
