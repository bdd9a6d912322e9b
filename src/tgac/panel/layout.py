"""What the layout of a project's pages shows: the project, and what waits in it for a person."""

from fastapi import Request

from tgac.comments.queries import count_waiting
from tgac.kit.act import Act
from tgac.kit.tenancy import RIGHTS, Principal, Right
from tgac.notices.service import count_open
from tgac.people import layout


async def dress(request: Request, act: Act, principal: Principal) -> None:
    """Put it where `kit/web/pages.py` looks for it."""
    await layout.dress(request, act, principal)
    may_approve = act.role is not None and Right.REVIEW in RIGHTS[act.role]
    request.state.counts = {"/notices": await count_open(act)}
    if may_approve:
        request.state.counts["/review"] = await count_waiting(act)
