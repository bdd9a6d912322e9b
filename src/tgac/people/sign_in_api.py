"""Sign-in for programs and for the page: the calls of API.md's row "sign-in"."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from tgac.kit.errors import AppError, Conflict, Invalid, NotFound, TooMuch
from tgac.kit.telegram.links import start_link
from tgac.kit.tenancy import NO_PROJECT
from tgac.kit.tools import Tools
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import ToolsDep
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import go
from tgac.people import auth
from tgac.people.browsers import visitor_of
from tgac.people.exchange import signed_call
from tgac.people.forms import ExchangeForm, SessionForm
from tgac.people.service import end_session_of
from tgac.people.sign_in import (
    Confirmed,
    Entered,
    No,
    Person,
    Prompt,
    Started,
    answer_by_link,
    finish_sign_in,
    present_link,
    standing_of,
    start_sign_in,
)

router: Final = APIRouter(prefix="/auth", tags=["sign-in"])


@router.post("/telegram/token")
async def begin(request: Request, tools: ToolsDep) -> Response:
    """Begin a sign-in: the public token to poll with, the deep link, the number to pick; the binding cookie is set."""
    started = await start_here(request, tools)
    answer = ok(
        {
            "login_token": started.flow_id,
            "deeplink": await deep_link(request, tools, started),
            "number": started.number,
            "expires_at": started.expires_at,
        }
    )
    auth.hand_out_flow(answer, tools.config, started.browser_secret)
    return answer


@router.get("/telegram/poll")
async def poll(request: Request, tools: ToolsDep, token: Annotated[str, Query(max_length=128)]) -> Response:
    """How the sign-in stands: pending, code, confirmed, denied, expired. Anywhere but in its own browser: expired."""
    secret = auth.browser_secret(request, tools.config)
    async with tools.reading(None, NO_PROJECT) as act:
        return ok({"status": await standing_of(act, token, browser_secret=secret)})


@router.post("/telegram/session")
async def collect(request: Request, tools: ToolsDep, form: SessionForm) -> Response:
    """Turn a confirmed sign-in into the session of this browser, with the six digits where they are asked for."""
    entered = await finish_here(request, tools, flow_id=form.login_token, code=form.code)
    if isinstance(entered, No):
        raise refused(entered)
    answer = ok({"user_id": entered.user_id})
    auth.hand_out_session(answer, tools.config, session=entered.session_secret, device=entered.device_secret)
    return answer


@router.post("/telegram/exchange", dependencies=[Depends(signed_call)])
async def exchange(tools: ToolsDep, form: ExchangeForm) -> Response:
    """What a bot elsewhere has heard. Without a number: whom to ask what; with one: whether that confirmed it."""
    if form.chat_id != form.telegram_id:
        raise Invalid(_("Only a private chat counts."), field="chat_id")
    person = Person(form.telegram_id, form.username)
    found: Prompt | Confirmed | No
    async with tools.acting(None, NO_PROJECT) as act:
        if form.number is None and not form.not_me:
            found = await present_link(act, person, link_secret=form.login_token, sent_at=act.now)
        else:
            number = None if form.not_me else form.number
            found = await answer_by_link(act, person, link_secret=form.login_token, number=number)
    return ok(_told(found))


def _told(found: Prompt | Confirmed | No) -> dict[str, object]:
    if isinstance(found, Prompt):
        where = {"browser": found.browser, "address": found.address, "age_s": int(found.since.total_seconds())}
        return {"status": "asked", "numbers": found.numbers, **where}
    if isinstance(found, Confirmed):
        return {"status": "confirmed", "code": found.code}
    return {"status": "refused", "reason": found}


@router.post("/logout")
async def log_out(request: Request, tools: ToolsDep) -> Response:
    """End the session of this browser."""
    secret = auth.session_secret(request, tools.config)
    if secret is not None:
        async with tools.acting(None, NO_PROJECT) as act:
            await end_session_of(act, secret)
    by_form = "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers
    answer = go(request, "/sign-in") if by_form else ok()
    auth.take_session_away(answer, tools.config)
    return answer


async def start_here(request: Request, tools: Tools) -> Started:
    """Begin a sign-in in the browser that asks; the caller hands it the cookie."""
    device = auth.device_secret(request, tools.config)
    async with tools.acting(None, NO_PROJECT) as act:
        return await start_sign_in(act, visitor_of(request), device_secret=device)


async def finish_here(request: Request, tools: Tools, *, flow_id: str, code: str | None) -> Entered | No:
    """Try to end the sign-in of the browser that asks. A wrong code is written down before the answer leaves."""
    secret = auth.browser_secret(request, tools.config)
    if secret is None:
        return No.STALE
    async with tools.acting(None, NO_PROJECT) as act:
        return await finish_sign_in(
            act,
            flow_id,
            browser_secret=secret,
            code=code,
            visitor=visitor_of(request),
            old_session=auth.session_secret(request, tools.config),
        )


def refused(why: No) -> AppError:
    """Why the browser gets no session, as an error."""
    if why is No.CODE_NEEDED:
        return Invalid(_("Type the six digits that the bot sent you."), code="code_needed", field="code")
    if why is No.CODE_WRONG:
        return Invalid(_("These are not the digits that the bot sent you."), code="code_wrong", field="code")
    if why is No.BURNT:
        return Conflict(_("This sign-in was stopped. Begin again."), code="sign_in_burnt")
    if why is No.TOO_MANY:
        return TooMuch(_("Too many sign-ins. Wait ten minutes and begin again on the page."), retry_after=600)
    return NotFound(_("This sign-in is over, or not confirmed yet."), code="sign_in_stale")


async def deep_link(request: Request, tools: Tools, started: Started) -> str:
    """The link that opens the service bot with the flow's link secret."""
    name = await service_bot_name(request, tools)
    return start_link(tools.config.telegram_link_base, name, payload=started.link_secret)


async def service_bot_name(request: Request, tools: Tools) -> str:
    """The service bot's username; it is asked for once a process, so no act may be open."""
    state = request.app.state
    if not hasattr(state, "service_bot_name"):
        state.service_bot_name = (await tools.telegram.get_me(tools.config.telegram_bot_token)).username
    name: str = state.service_bot_name
    return name
