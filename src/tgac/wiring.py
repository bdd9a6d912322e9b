"""The one list: what answers requests, what does jobs, what is done again and again."""

from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp

from tgac.bots import api as bots_api
from tgac.bots import web as bots_web
from tgac.channels import api as channels_api
from tgac.channels import web as channels_web
from tgac.channels.jobs import CheckChannel, RecheckChannels, check_channel, recheck_channels
from tgac.comments import api as comments_api
from tgac.comments import web as comments_web
from tgac.comments.arrive import forget_updates
from tgac.comments.jobs import ForgetUpdates, Observe, PlanPost, SendComment
from tgac.comments.observe import observe
from tgac.comments.plan import plan_post
from tgac.comments.send import send_comment
from tgac.kit.config import Config
from tgac.kit.errors import AppError
from tgac.kit.queue.jobs import Periodic
from tgac.kit.queue.runner import Handles
from tgac.kit.queue.tidy import ForgetJobs, forget_jobs
from tgac.kit.tools import Tools
from tgac.kit.web.answers import answer, install_answers
from tgac.kit.web.i18n import Languages
from tgac.kit.web.idempotency import ForgetAnswers, Idempotent, forget_answers
from tgac.kit.web.pages import STATIC_PATH, static_files
from tgac.kit.web.security import RequestGuard, SafeHeaders
from tgac.panel import api as panel_api
from tgac.panel import audit, health, home
from tgac.panel import web as panel_web
from tgac.people import api as people_api
from tgac.people import web as people_web
from tgac.people.auth import authenticate, csrf_token_for
from tgac.people.layout import dress
from tgac.proxies import api as proxies_api
from tgac.proxies import web as proxies_web
from tgac.proxies.jobs import EVERY_S, CheckProxies, CheckProxy, check_proxies
from tgac.proxies.verify import check_proxy
from tgac.settings import api as settings_api
from tgac.settings import web as settings_web
from tgac.tasks import api as tasks_api
from tgac.tasks import web as tasks_web
from tgac.version import VERSION

HANDLES = (
    Handles(PlanPost, plan_post),
    Handles(SendComment, send_comment),
    Handles(Observe, observe),
    Handles(CheckChannel, check_channel),
    Handles(RecheckChannels, recheck_channels),
    Handles(CheckProxy, check_proxy),
    Handles(CheckProxies, check_proxies),
    Handles(ForgetUpdates, forget_updates),
    Handles(ForgetJobs, forget_jobs),
    Handles(ForgetAnswers, forget_answers),
)
PERIODIC = (
    Periodic(RecheckChannels(), every_s=3600),
    Periodic(CheckProxies(), every_s=EVERY_S),
    Periodic(ForgetUpdates(), every_s=3600),
    Periodic(ForgetJobs(), every_s=3600),
    Periodic(ForgetAnswers(), every_s=3600),
)


ROUTERS = (
    health.router,
    home.router,
    people_api.router,
    bots_api.router,
    proxies_api.router,
    channels_api.router,
    tasks_api.router,
    comments_api.router,
    panel_api.router,
    settings_api.router,
    audit.router,
    people_web.router,
    settings_web.router,
    bots_web.router,
    proxies_web.router,
    channels_web.router,
    tasks_web.router,
    comments_web.router,
    panel_web.router,
)


def make_app(tools: Tools) -> FastAPI:
    """The application with everything that answers requests; `guarded` puts the guards around it."""
    app = FastAPI(title="tgac", version=VERSION, docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    app.state.tools = tools
    app.state.authenticate = authenticate
    app.state.dress = dress
    app.add_middleware(Idempotent, tools=tools, authenticate=authenticate, answer=answer_guarded)
    for router in ROUTERS:
        app.include_router(router)
    app.mount(STATIC_PATH, static_files())
    install_answers(app)
    return app


def guarded(app: FastAPI) -> ASGIApp:
    """The application behind its guards: headers on every answer (a crash's too), language, origin, size of bodies."""
    config: Config = app.state.tools.config
    guard = RequestGuard(app, base_url=config.base_url, token_for=csrf_token_for(config), answer=answer_guarded)
    return SafeHeaders(Languages(guard), https=config.secure)


async def answer_guarded(request: Request, error: AppError) -> Response:
    """The guard's refusals have the same faces as all others."""
    return answer(request, error)
