"""The one list: what answers requests, what does jobs, what is done again and again."""

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from tgac.bots import add_api as bots_add_api
from tgac.bots import add_web as bots_add_web
from tgac.bots import api as bots_api
from tgac.bots import list_web as bots_list_web
from tgac.bots import web as bots_web
from tgac.bots.health import look_at_bot, look_at_bots
from tgac.bots.imports import import_bots
from tgac.bots.jobs import EVERY_S as LOOK_EVERY_S
from tgac.bots.jobs import CheckBot, CheckBots, CheckPlaces, ImportBots, TakeManagedBot
from tgac.bots.managed import take_managed_bot
from tgac.channels import api as channels_api
from tgac.channels import list_web as channels_list_web
from tgac.channels import web as channels_web
from tgac.channels.clients import CLIENT_PREFIX
from tgac.channels.clients_bot import greet_client, tell_client
from tgac.channels.jobs import CheckChannel, RecheckChannels, TellClient
from tgac.channels.recheck import check_places, end_claims, recheck_channels
from tgac.comments import api as comments_api
from tgac.comments import dry_run_api, dry_run_web, recalls_api, recalls_web, review_web
from tgac.comments import web as comments_web
from tgac.comments.afterwards import pin_comment, post_gone, take_back, take_back_given_up
from tgac.comments.arrive import forget_updates
from tgac.comments.called_off import call_off, call_off_everywhere
from tgac.comments.following import edit_comment, follow_post
from tgac.comments.jobs import (
    EditComment,
    ExpireApproval,
    FollowPost,
    ForgetUpdates,
    HearReaders,
    Observe,
    PinComment,
    PlanPost,
    PostGone,
    SendComment,
    ShowReview,
    TakeBack,
    WriteComment,
)
from tgac.comments.observe import observe
from tgac.comments.pauses import let_go_on
from tgac.comments.plan import plan_given_up, plan_post
from tgac.comments.review import expire_approval
from tgac.comments.review_bot import PREFIX, show_review, take_review_press, take_review_reply
from tgac.comments.send import send_comment, send_given_up
from tgac.comments.talk import hear_readers
from tgac.comments.write import write_comment, write_given_up
from tgac.journal.trouble import LookForTrouble
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
from tgac.kit.web.stream import Streams
from tgac.notices import api as notices_api
from tgac.notices import web as notices_web
from tgac.notices.tell import LookEverywhere, look_and_tell, look_everywhere
from tgac.onboarding import api as onboarding_api
from tgac.onboarding import web as onboarding_web
from tgac.onboarding.jobs import LookAtItem, RehearseItem, TryItem, WatchRun
from tgac.onboarding.looks import Looks, check_and_follow, watch_run
from tgac.onboarding.rehearsal import rehearse_item
from tgac.onboarding.trial import try_item
from tgac.panel import api as panel_api
from tgac.panel import audit, health, home, task_stats
from tgac.panel import web as panel_web
from tgac.panel.deletion import EraseProject, erase_project
from tgac.panel.layout import dress
from tgac.panel.retention import ForgetEvents, forget_events
from tgac.people import api as people_api
from tgac.people import web as people_web
from tgac.people.auth import authenticate, csrf_token_for
from tgac.people.members import MemberEnded
from tgac.people.projects import CalledOff, PauseEnded
from tgac.people.service_bot import Answers
from tgac.profiles import api as profiles_api
from tgac.profiles import web as profiles_web
from tgac.profiles.apply import apply_profile
from tgac.profiles.jobs import ApplyProfile, ForgetProfileFiles, forget_profile_files
from tgac.proxies import api as proxies_api
from tgac.proxies import web as proxies_web
from tgac.proxies.jobs import EVERY_S, CheckProxies, CheckProxy, check_proxies
from tgac.proxies.verify import check_proxy
from tgac.settings import api as settings_api
from tgac.settings import web as settings_web
from tgac.settings.jobs import InstallationStopped
from tgac.tasks import api as tasks_api
from tgac.tasks import (
    editor_web,
    media_api,
    media_web,
    playlists_api,
    playlists_web,
    presets_api,
    presets_web,
    versions_api,
    versions_web,
)
from tgac.tasks import web as tasks_web
from tgac.tasks.media import MAX_BODY
from tgac.version import VERSION

HANDLES = (
    Handles(PlanPost, plan_post, gave_up=plan_given_up),
    Handles(SendComment, send_comment, gave_up=send_given_up),
    Handles(ExpireApproval, expire_approval),
    Handles(ShowReview, show_review),
    Handles(WriteComment, write_comment, gave_up=write_given_up),
    Handles(HearReaders, hear_readers),
    Handles(PauseEnded, let_go_on),
    Handles(CalledOff, call_off),
    Handles(InstallationStopped, call_off_everywhere),
    Handles(Observe, observe),
    Handles(PinComment, pin_comment),
    Handles(TakeBack, take_back, gave_up=take_back_given_up),
    Handles(PostGone, post_gone),
    Handles(FollowPost, follow_post),
    Handles(EditComment, edit_comment),
    Handles(CheckChannel, check_and_follow),
    Handles(RecheckChannels, recheck_channels),
    Handles(CheckBot, look_at_bot),
    Handles(CheckBots, look_at_bots),
    Handles(CheckPlaces, check_places),
    Handles(ImportBots, import_bots),
    Handles(TakeManagedBot, take_managed_bot),
    Handles(LookAtItem, Looks().look),
    Handles(WatchRun, watch_run),
    Handles(TryItem, try_item),
    Handles(RehearseItem, rehearse_item),
    Handles(MemberEnded, end_claims),
    Handles(TellClient, tell_client),
    Handles(CheckProxy, check_proxy),
    Handles(CheckProxies, check_proxies),
    Handles(EraseProject, erase_project),
    Handles(ApplyProfile, apply_profile),
    Handles(ForgetProfileFiles, forget_profile_files),
    Handles(LookForTrouble, look_and_tell),
    Handles(LookEverywhere, look_everywhere),
    Handles(ForgetUpdates, forget_updates),
    Handles(ForgetJobs, forget_jobs),
    Handles(ForgetEvents, forget_events),
    Handles(ForgetAnswers, forget_answers),
)
_CLEARED_EVERY_S = 6 * 3600
"""What is cleared away is older than a day."""
PERIODIC = (
    Periodic(RecheckChannels(), every_s=3600),
    Periodic(CheckBots(), every_s=LOOK_EVERY_S),
    Periodic(CheckProxies(), every_s=EVERY_S),
    Periodic(LookEverywhere(), every_s=3600),
    Periodic(ForgetProfileFiles(), every_s=_CLEARED_EVERY_S),
    Periodic(ForgetUpdates(), every_s=_CLEARED_EVERY_S),
    Periodic(ForgetJobs(), every_s=_CLEARED_EVERY_S),
    Periodic(ForgetEvents(), every_s=_CLEARED_EVERY_S),
    Periodic(ForgetAnswers(), every_s=_CLEARED_EVERY_S),
)


_FILE = 11 * 1024 * 1024
_HISTORY = 51 * 1024 * 1024
LARGER_BODIES = {
    r"(/api/v1)?/projects/\d+/bots/profiles/(import|preview)": _FILE,
    r"(/api/v1)?/projects/\d+/bots/\d+/profile": _FILE,
    r"/api/v1/projects/\d+/dry-run/import|/projects/\d+/dry-run": _HISTORY,
    r"(/api/v1)?/projects/\d+/media": MAX_BODY,
}
"""Paths that take more than a megabyte: files, with what a form puts around them."""
STARTS = {CLIENT_PREFIX: greet_client}
"""What the service bot answers to `/start` with a payload, by the payload's prefix; signing in is its own."""
ANSWERS = Answers(STARTS, {PREFIX: take_review_press}, take_review_reply)
"""All that it answers beyond signing in."""

ROUTERS = (
    health.router,
    home.router,
    people_api.router,
    profiles_api.router,  # before the bots: `/bots/profiles` is no number
    bots_add_api.router,  # `managed` and `imports` stand where the number of a bot may stand
    bots_api.router,
    proxies_api.router,
    channels_api.router,
    playlists_api.router,
    presets_api.router,
    media_api.router,
    tasks_api.router,
    versions_api.router,
    comments_api.router,
    recalls_api.router,
    dry_run_api.router,
    onboarding_api.router,
    notices_api.router,
    panel_api.router,
    settings_api.router,
    audit.router,
    task_stats.router,
    people_web.router,
    settings_web.router,
    profiles_web.router,
    bots_list_web.router,
    bots_add_web.router,
    bots_web.router,
    proxies_web.router,
    channels_list_web.router,
    channels_web.router,
    playlists_web.router,
    presets_web.router,
    media_web.router,
    editor_web.router,
    tasks_web.router,
    versions_web.router,
    review_web.router,
    comments_web.router,
    recalls_web.router,
    dry_run_web.router,
    onboarding_web.router,
    notices_web.router,
    panel_web.router,
)


def make_app(tools: Tools) -> FastAPI:
    """The application with everything that answers requests; `guarded` puts the guards around it."""
    app = FastAPI(title="tgac", version=VERSION, docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    app.state.tools = tools
    app.state.authenticate = authenticate
    app.state.dress = dress
    app.state.streams = Streams(tools)
    app.add_middleware(Idempotent, tools=tools, authenticate=authenticate, answer=answer_guarded)
    include(app, *ROUTERS)
    app.mount(STATIC_PATH, static_files())
    install_answers(app)
    return app


_INCLUDED: dict[int, tuple[APIRouter, tuple[BaseRoute, ...]]] = {}
"""The routes of each router by its identity, and itself, so that no other gets the same. (Routers have no hash.)"""


def include(app: FastAPI, *routers: APIRouter) -> None:
    """Let the application answer what the routers answer, in this order.

    FastAPI reads the signatures behind a route when it is first asked for, once per inclusion: a second of work for
    all of them. So a router is included once, for every application of this process.
    """
    for router in routers:
        if id(router) not in _INCLUDED:
            shell = FastAPI(openapi_url=None)
            shell.include_router(router)
            _INCLUDED[id(router)] = router, tuple(shell.routes)
        app.router.routes.extend(_INCLUDED[id(router)][1])


def guarded(app: FastAPI) -> ASGIApp:
    """The application behind its guards: headers on every answer (a crash's too), language, origin, size of bodies."""
    config: Config = app.state.tools.config
    guard = RequestGuard(
        app, base_url=config.base_url, token_for=csrf_token_for(config), answer=answer_guarded, larger=LARGER_BODIES
    )
    return SafeHeaders(Languages(guard), https=config.secure)


async def answer_guarded(request: Request, error: AppError) -> Response:
    """The guard's refusals have the same faces as all others."""
    return answer(request, error)
