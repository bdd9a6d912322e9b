"""What the pages of bots share: words, badges, choices."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from fastapi import Request

from tgac.bots.status import Standing
from tgac.kit.act import Act
from tgac.kit.tenancy import RIGHTS, Principal, Right
from tgac.kit.web.deps import tools_of
from tgac.kit.web.i18n import N_, _
from tgac.proxies.models import Proxy
from tgac.proxies.queries import proxies_with_room


class Look(NamedTuple):
    """A status's word (a msgid), the tone of its badge, its icon where it is not the tone's own, and what it means."""

    word: str
    tone: str
    icon: str | None
    hint: str


STANDINGS: Final[Mapping[Standing, Look]] = {
    Standing.ACTIVE: Look(N_("Active"), "ok", None, N_("It writes where it has a place.")),
    Standing.NEEDS_SETUP: Look(N_("Needs setup"), "wait", "circle-dashed", N_("It has no place in any channel yet.")),
    Standing.FLOOD_WAIT: Look(
        N_("Resting"), "busy", "clock", N_("Telegram asked it to slow down; it goes on by itself.")
    ),
    Standing.PAUSED: Look(N_("Paused"), "off", None, N_("It writes nothing until it is resumed.")),
    Standing.REVOKED: Look(N_("Shut out"), "bad", None, N_("Telegram refuses its token.")),
    Standing.DEAD: Look(N_("Dead"), "bad", "ban", N_("It has not been reached for a day, or Telegram has frozen it.")),
}
"""In the order in which the filter offers them."""


@asynccontextmanager
async def looking(request: Request, principal: Principal, *, project_id: int) -> AsyncIterator[Act]:
    """An act for the page that answers a form whose verb has opened and closed acts of its own."""
    async with tools_of(request).reading(principal, project_id) as act:
        await request.app.state.dress(request, act, principal)
        yield act


def may_edit(act: Act) -> bool:
    """Whether the act's author may change things: pages show only the buttons that work."""
    return act.role is not None and Right.EDIT in RIGHTS[act.role]


async def way_options(act: Act, current: Proxy | None = None) -> list[tuple[int | str, str]]:
    """What a bot may be sent through: nothing, its proxy, and those with room."""
    others = [one for one in await proxies_with_room(act) if current is None or one.id != current.id]
    proxies = [*([current] if current else []), *others]
    return [("", _("straight, without a proxy")), *((one.id, one.address) for one in proxies)]
