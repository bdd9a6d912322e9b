"""The pages and the API of bots and channels before a small world; who asks is said in a header."""

from collections.abc import Sequence
from typing import Any

import httpx
from fastapi import FastAPI, Request
from tests.support.world import World

from tgac.bots import add_api as bots_add_api
from tgac.bots import add_web as bots_add_web
from tgac.bots import api as bots_api
from tgac.bots import list_web as bots_list_web
from tgac.bots import web as bots_web
from tgac.channels import api as channels_api
from tgac.channels import list_web as channels_list_web
from tgac.channels import web as channels_web
from tgac.kit.tenancy import Principal
from tgac.kit.web.answers import install_answers
from tgac.kit.web.i18n import Languages
from tgac.people.layout import dress
from tgac.proxies import api as proxies_api
from tgac.proxies import web as proxies_web
from tgac.wiring import include

PARTS = (
    bots_add_api,
    bots_list_web,
    bots_add_web,
    bots_api,
    channels_api,
    proxies_api,
    bots_web,
    channels_list_web,
    channels_web,
    proxies_web,
)


class Front:
    """Asks as one of the cast; paths are below the project's."""

    def __init__(self, world: World, *, first: Sequence[Any] = ()) -> None:
        """`first` are parts whose routes come before those of bots."""
        app = FastAPI()
        app.state.tools, app.state.dress = world.tools, dress
        include(app, *(part.router for part in (*first, *PARTS)))
        install_answers(app)

        async def authenticate(request: Request) -> Principal | None:
            request.state.principal = world.people.get(request.headers.get("x-who", ""))
            principal: Principal | None = request.state.principal
            return principal

        app.state.authenticate = authenticate
        self.app = app
        self._world = world
        self._transport = httpx.ASGITransport(app=Languages(app))

    async def ask(self, method: str, path: str, who: str = "anna", **options: Any) -> httpx.Response:
        """A page's address, or the API's when it begins with `/api`."""
        root = f"/projects/{self._world.project_id}"
        full = f"/api/v1{root}{path.removeprefix('/api')}" if path.startswith("/api") else f"{root}{path}"
        headers = {"x-who": who} | options.pop("headers", {})
        async with httpx.AsyncClient(transport=self._transport, base_url="http://panel.test") as client:
            return await client.request(method, full, headers=headers, **options)

    async def data(self, method: str, path: str, **options: Any) -> Any:
        """What the API tells Anna."""
        answer = await self.ask(method, f"/api{path}", **options)
        assert answer.status_code < 300, answer.text
        return answer.json()["data"]

    async def error(self, method: str, path: str, who: str = "anna", **options: Any) -> tuple[int, str, str | None]:
        """The status, code and field of what the API refuses."""
        answer = await self.ask(method, f"/api{path}", who, **options)
        told = answer.json()["error"]
        return answer.status_code, told["code"], told.get("field")
