"""Who asks: the only reader of cookies of ours and of `Authorization`.

A request with a bearer token is never looked at for a cookie: such a request passes the forgery check unasked.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import select, update
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from tgac.kit.config import Config
from tgac.kit.db.session import DatabaseAway
from tgac.kit.log import log
from tgac.kit.secrets import hash_secret
from tgac.kit.tenancy import NO_PROJECT, Principal, TokenScope
from tgac.kit.tools import Tools
from tgac.kit.web.deps import tools_of
from tgac.kit.web.i18n import set_language
from tgac.kit.web.security import TokenFor
from tgac.people.models import ApiToken, LoginSession, User
from tgac.people.queries import IDLE

SESSION: Final = "tgac_session"
FLOW: Final = "tgac_flow"
DEVICE: Final = "tgac_device"
TOKEN_PREFIX: Final = "tgac_"  # noqa: S105

ABSOLUTE: Final = timedelta(days=90)
"""However much it is used, a session is over after so long."""
_DEVICE_KEPT: Final = timedelta(days=365)
_SEEN_EVERY: Final = timedelta(minutes=10)
_USED_EVERY: Final = timedelta(minutes=1)
_LONGEST: Final = 200


async def authenticate(request: Request) -> Principal | None:
    """Who is signed in: by the bearer token where there is one, else by the session cookie. Asked once a request."""
    if not hasattr(request.state, "principal"):
        request.state.principal = await _who(request)
    principal: Principal | None = request.state.principal
    if principal is not None:
        set_language(principal.language)
    return principal


async def _who(request: Request) -> Principal | None:
    tools = tools_of(request)
    header = request.headers.get("authorization", "")
    if header.lower().startswith("bearer "):
        return await _by_token(tools, header[7:].strip())
    secret = session_secret(request, tools.config)
    return await _by_session(tools, secret) if secret else None


async def _by_session(tools: Tools, secret: str) -> Principal | None:
    asked = select(LoginSession, User).join(User, User.id == LoginSession.user_id)
    async with tools.reading(None, NO_PROJECT) as act:
        asked = asked.where(
            LoginSession.secret_hash == hash_secret(secret),
            LoginSession.expires_at > act.now,
            LoginSession.seen_at > act.now - IDLE,
            User.state == "active",
        )
        found = (await act.session.execute(asked)).one_or_none()
    if found is None:
        return None
    row, user = found
    if act.now - row.seen_at > _SEEN_EVERY:
        await _note(tools, LoginSession, row.id)
    return Principal(user.id, user.username, user.is_admin, user.language, session_id=row.id)


async def _by_token(tools: Tools, token: str) -> Principal | None:
    if not token.startswith(TOKEN_PREFIX) or len(token) > _LONGEST:
        return None
    asked = select(ApiToken, User).join(User, User.id == ApiToken.user_id)
    async with tools.reading(None, NO_PROJECT) as act:
        asked = asked.where(ApiToken.secret_hash == hash_secret(token), User.state != "blocked")
        found = (await act.session.execute(asked)).one_or_none()
    if found is None:
        return None
    row, user = found
    if row.used_at is None or act.now - row.used_at > _USED_EVERY:
        await _note(tools, ApiToken, row.id)
    return _speaking_for(user, row)


def _speaking_for(user: User, token: ApiToken) -> Principal:
    """An admin's token that reaches less far is no admin's."""
    scope, only = TokenScope(token.scope), token.project_ids
    is_admin = user.is_admin and scope is TokenScope.ADMIN and only is None
    project_ids = None if only is None else frozenset(only)
    return Principal(user.id, user.username, is_admin, user.language, scope=scope, project_ids=project_ids)


async def _note(tools: Tools, table: type[LoginSession] | type[ApiToken], row_id: int) -> None:
    """Write down when it was used. A database too busy for that keeps nobody out."""
    column = LoginSession.seen_at if table is LoginSession else ApiToken.used_at
    try:
        async with tools.acting(None, NO_PROJECT) as act:
            await act.session.execute(update(table).where(table.id == row_id).values({column: act.now}))
    except DatabaseAway:
        log().warning("use_not_noted", table=table.__tablename__, row=row_id)


def csrf_token_for(config: Config) -> TokenFor:
    """What the request guard asks for the token of the session that a request carries."""
    keys = config.keys

    def token_for(connection: HTTPConnection) -> str | None:
        secret = session_secret(connection, config)
        return keys.sign("csrf", secret.encode()) if secret else None

    return token_for


def session_secret(connection: HTTPConnection, config: Config) -> str | None:
    """The secret of the session cookie."""
    return _cookie(connection, config, SESSION)


def browser_secret(connection: HTTPConnection, config: Config) -> str | None:
    """The secret of the browser that began a sign-in."""
    return _cookie(connection, config, FLOW)


def device_secret(connection: HTTPConnection, config: Config) -> str | None:
    """The secret of a browser that somebody has signed in with before."""
    return _cookie(connection, config, DEVICE)


def hand_out_session(response: Response, config: Config, *, session: str, device: str | None) -> None:
    """Sign the browser in: its session, and what it is known by the next time (None: it is known already)."""
    _set(response, config, name=SESSION, value=session, kept=ABSOLUTE)
    if device is not None:
        _set(response, config, name=DEVICE, value=device, kept=_DEVICE_KEPT)
    _drop(response, config, FLOW)


def hand_out_flow(response: Response, config: Config, secret: str) -> None:
    """Bind a sign-in under way to this browser."""
    _set(response, config, name=FLOW, value=secret, kept=timedelta(minutes=config.telegram_deeplink_ttl_min))


def take_session_away(response: Response, config: Config) -> None:
    """Let the browser forget its session."""
    _drop(response, config, SESSION)


def _name(config: Config, name: str) -> str:
    """With https the name binds the cookie to this very host, so that no neighbour can plant one."""
    return f"__Host-{name}" if config.secure else name


def _cookie(connection: HTTPConnection, config: Config, name: str) -> str | None:
    value = connection.cookies.get(_name(config, name), "")
    return value if 0 < len(value) <= _LONGEST else None


def _set(response: Response, config: Config, *, name: str, value: str, kept: timedelta) -> None:
    response.set_cookie(
        _name(config, name),
        value,
        max_age=int(kept.total_seconds()),
        path="/",
        secure=config.secure,
        httponly=True,
        samesite="lax",
    )


def _drop(response: Response, config: Config, name: str) -> None:
    response.delete_cookie(_name(config, name), path="/", secure=config.secure, httponly=True, samesite="lax")
