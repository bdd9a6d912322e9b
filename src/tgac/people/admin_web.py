"""The admins' page of users."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.web.deps import MAX_ID, AdminRead, AdminWrite, RowId
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page
from tgac.kit.web.paging import next_address
from tgac.people import service
from tgac.people.forms import NewUser, QuotaField
from tgac.people.models import User
from tgac.people.queries import users
from tgac.settings.service import holding_everywhere

router: Final = APIRouter(prefix="/admin/users", include_in_schema=False)

_PER_PAGE: Final = 50


@router.get("")
async def list_users(
    request: Request,
    act: AdminRead,
    cursor: Annotated[int, Query(ge=0, le=MAX_ID)] = 0,
    q: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    """Every user, in the order in which they were entered."""
    return await _users_page(request, act, after=cursor, q=q)


@router.post("")
async def add_user(request: Request, act: AdminWrite) -> Response:
    """Invite a person by Telegram username."""
    form = await read_form(request, NewUser)
    try:
        if form.data is not None:
            user = await service.add_user(act, form.data.username, quota_projects=form.data.quota_projects)
            return go(request, "/admin/users", Notice(_("@%(name)s may sign in.", name=user.username)))
    except AppError as error:
        form.refuse(error)
    return await _users_page(request, act, form=form, status=422)


@router.post("/{user_id}/quota")
async def set_quota(request: Request, act: AdminWrite, user_id: RowId) -> Response:
    """How many projects the user may have; empty for the usual number."""
    form = await read_form(request, QuotaField)
    if form.data is None:
        return go(request, "/admin/users", Notice(form.errors["quota_projects"], "bad"))
    await service.set_quota(act, user_id, quota_projects=form.data.quota_projects)
    return go(request, "/admin/users", Notice(_("Saved.")))


@router.post("/{user_id}/block")
async def block_user(request: Request, act: AdminWrite, user_id: RowId) -> Response:
    """Keep the user out; every session and API token of theirs ends at once."""
    return await _kept(request, act, user_id, verb=service.block_user_numbered, said=_("@%(name)s is blocked."))


@router.post("/{user_id}/unblock")
async def unblock_user(request: Request, act: AdminWrite, user_id: RowId) -> Response:
    """Let a blocked user sign in again."""
    return await _kept(request, act, user_id, verb=service.unblock_user, said=_("@%(name)s may sign in."))


async def _kept(
    request: Request, act: Act, user_id: int, *, verb: Callable[[Act, int], Awaitable[User]], said: str
) -> Response:
    user = await verb(act, user_id)
    return go(request, "/admin/users", Notice(said % {"name": user.username}))


async def _users_page(
    request: Request,
    act: Act,
    *,
    form: Filled[NewUser] | None = None,
    after: int = 0,
    q: str = "",
    status: int = 200,
) -> Response:
    rows = await users(act.session, after=after, limit=_PER_PAGE + 1, q=q.replace("\0", "").strip())
    following = rows[_PER_PAGE - 1].id if len(rows) > _PER_PAGE else None
    return page(
        request,
        "people/users.html",
        status=status,
        users=rows[:_PER_PAGE],
        next_url=next_address(request, following),
        form=form or blank(),
        q=q,
        me=service.author_of(act).user_id,
        usual=(await holding_everywhere(act)).default_quota_projects,
    )
