"""The sign-in page: the number, the link, its QR code, and the six digits where they are asked for."""

from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

import segno
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from tgac.kit.errors import NotFound
from tgac.kit.tenancy import NO_PROJECT
from tgac.kit.tools import Tools
from tgac.kit.web.deps import ToolsDep
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import fragment, go_back, page
from tgac.people import auth
from tgac.people.browsers import visitor_of
from tgac.people.forms import CodeForm
from tgac.people.sign_in import No, Standing, Started, flow_id_of, sign_in_under_way, standing_of
from tgac.people.sign_in_api import deep_link, finish_here, refused, start_here

router: Final = APIRouter(include_in_schema=False)

_TEMPLATE: Final = "people/sign_in.html"


@dataclass(frozen=True, slots=True)
class View:
    """What the page shows of a sign-in."""

    standing: Standing
    number: str = ""
    link: str = ""
    form: Filled[CodeForm] = field(default_factory=blank)


@router.get("/sign-in")
async def show(request: Request, tools: ToolsDep) -> Response:
    """Begin a sign-in in this browser, or go on with the one that it began: phones forget pages they do not show."""
    if await auth.authenticate(request) is not None:
        return go_back(request)
    started = await _under_way(request, tools) or await start_here(request, tools)
    answer = page(request, _TEMPLATE, view=await _shown(request, tools, started))
    auth.hand_out_flow(answer, tools.config, started.browser_secret)
    return answer


@router.get("/sign-in/state")
async def look(request: Request, tools: ToolsDep) -> Response:
    """The part of the page that changes while the person answers in Telegram."""
    started = await _under_way(request, tools)
    if started is not None:
        return fragment(request, _TEMPLATE, "state", view=await _shown(request, tools, started))
    return fragment(request, _TEMPLATE, "state", view=_over(await _standing(request, tools)))


@router.get("/sign-in/qr")
async def qr(request: Request, tools: ToolsDep) -> Response:
    """The link as a picture. It holds the link's secret, so only the browser that began is shown it."""
    started = await _under_way(request, tools)
    if started is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    picture = BytesIO()
    code = segno.make(await deep_link(request, tools, started), error="m", micro=False)
    code.save(picture, kind="svg", scale=4, border=4, light="#fff", xmldecl=False, svgclass=None, lineclass=None)
    return Response(picture.getvalue(), media_type="image/svg+xml")


@router.post("/sign-in")
async def enter(request: Request, tools: ToolsDep) -> Response:
    """Collect the session, with the six digits where they are asked for."""
    form = await read_form(request, CodeForm)
    secret = auth.browser_secret(request, tools.config) or ""
    code = form.data.code if form.data else ""
    entered = await finish_here(request, tools, flow_id=flow_id_of(tools.keys, secret), code=code)
    if isinstance(entered, No):
        return await _not_yet(request, tools, entered, form)
    answer = go_back(request)
    auth.hand_out_session(answer, tools.config, session=entered.session_secret, device=entered.device_secret)
    return answer


async def _not_yet(request: Request, tools: Tools, why: No, form: Filled[CodeForm]) -> HTMLResponse:
    started = await _under_way(request, tools)
    if started is None:
        return page(request, _TEMPLATE, block="state", status=409, view=_over(await _standing(request, tools)))
    if why in (No.CODE_NEEDED, No.CODE_WRONG):
        form.refuse(refused(why))
    form.values = {}
    view = await _shown(request, tools, started, form)
    return page(request, _TEMPLATE, block="state", status=422, view=view)


async def _under_way(request: Request, tools: Tools) -> Started | None:
    secret = auth.browser_secret(request, tools.config)
    if secret is None:
        return None
    async with tools.reading(None, NO_PROJECT) as act:
        return await sign_in_under_way(act, visitor_of(request), browser_secret=secret)


async def _standing(request: Request, tools: Tools) -> Standing:
    secret = auth.browser_secret(request, tools.config)
    async with tools.reading(None, NO_PROJECT) as act:
        return await standing_of(act, flow_id_of(tools.keys, secret or ""), browser_secret=secret)


async def _shown(request: Request, tools: Tools, started: Started, form: Filled[CodeForm] | None = None) -> View:
    link = await deep_link(request, tools, started)
    return View(started.standing, started.number, link, form or blank())


def _over(standing: Standing) -> View:
    """What is shown when nothing more comes of this sign-in."""
    return View(standing if standing is Standing.DENIED else Standing.EXPIRED)
