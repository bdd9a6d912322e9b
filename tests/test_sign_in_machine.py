"""Two browsers, two people, every order of events: a session for a person exists only in a browser that began a
sign-in which that very person confirmed."""

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, initialize, invariant, multiple, rule
from sqlalchemy import select

from tests.support.panel import Browser, Panel, Phone, a_panel
from tgac.kit.secrets import hash_secret
from tgac.kit.tenancy import NO_PROJECT
from tgac.people.models import LoginFlow

BROWSERS = st.sampled_from([0, 1])
PEOPLE = st.sampled_from([0, 1])
NAMES = ("anna", "boris")


@dataclass(frozen=True)
class Flow:
    """A sign-in under way; anybody may have learnt of all this but the cookie."""

    browser: int
    row: int
    token: str
    payload: str
    number: str


class SignIn(RuleBasedStateMachine):
    """`grants` is the model: which browser was let in by whom, by pressing its number under its question."""

    flows = Bundle("flows")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.open = AsyncExitStack()
        self.folder = tempfile.TemporaryDirectory()
        self.begun: dict[int, Flow] = {}
        self.codes: list[str | None] = [None, None]
        self.grants: set[tuple[int, str]] = set()

    def run[T](self, work: Coroutine[object, object, T]) -> T:
        return self.loop.run(work)

    def teardown(self) -> None:
        self.run(self.open.aclose())
        self.loop.close()
        self.folder.cleanup()

    @initialize(target=flows)
    def move_in(self) -> MultipleResults[Flow]:
        """Each browser has begun a sign-in; they live for an hour, so that questions may be asked again meanwhile."""
        self.run(self._move_in())
        return multiple(self.run(self._begin(0)), self.run(self._begin(1)))

    async def _move_in(self) -> None:
        self.panel: Panel = await self.open.enter_async_context(
            a_panel("sqlite", Path(self.folder.name), telegram_deeplink_ttl_min=60)
        )
        self.people: list[Phone] = [await self.panel.phone(name) for name in NAMES]
        for phone in self.people:
            is_admin = phone.name == "anna"
            await self.panel.add_user(phone.name, telegram_id=phone.id, state="active", is_admin=is_admin)
        self.browsers: list[Browser] = [self.panel.browser(f"203.0.113.{n}") for n in (1, 2)]

    @rule(target=flows, n=BROWSERS)
    def begin(self, n: int) -> Flow:
        """A browser starts a sign-in."""
        self.panel.clock.advance(61)
        return self.run(self._begin(n))

    async def _begin(self, n: int) -> Flow:
        browser = self.browsers[n]
        started = await browser.begin()
        link_hash = hash_secret(browser.payload)
        async with self.panel.tools.reading(None, NO_PROJECT) as act:
            row = (await act.session.scalars(select(LoginFlow.id).where(LoginFlow.link_hash == link_hash))).one()
        self.begun[row] = Flow(n, row, started["login_token"], browser.payload, started["number"])
        return self.begun[row]

    @rule(flow=flows, who=PEOPLE)
    def present(self, flow: Flow, who: int) -> None:
        """A person opens a link, their own or one that was sent to them."""
        self.run(self.people[who].say(f"/start {flow.payload}"))

    @rule(flow=flows, who=PEOPLE, answer=st.sampled_from(["number of a flow", "any", "Not me"]))
    def press(self, flow: Flow, who: int, answer: str) -> None:
        """A person presses something under the newest question, if it has buttons: perhaps another flow's number."""
        self.run(self._press(who, flow.number if answer == "number of a flow" else answer))

    async def _press(self, who: int, label: str) -> None:
        phone = self.people[who]
        labels = {one["text"]: one for row in await phone.buttons() for one in row} if await phone.all() else {}
        if not labels:
            return
        label = label if label in labels else list(labels)[1]
        asked_about = self.begun[int(labels[label]["callback_data"].split(":")[1])]
        await phone.press(label)
        if label == asked_about.number:
            self.grants.add((asked_about.browser, phone.name))
        self.codes[who] = await phone.code()

    @rule(flow=flows, who=PEOPLE, n=BROWSERS, looks=st.booleans())
    def let_in_and_collect(self, flow: Flow, who: int, n: int, looks: bool) -> None:
        """A person answers, looking at the number or not; a browser, the right one or not, is quick to collect."""
        self.panel.clock.advance(301)
        self.present(flow, who)
        self.run(self._press(who, flow.number if looks else "any"))
        self.collect(flow, n, who)

    @rule(flow=flows, n=BROWSERS, code_of=st.sampled_from([0, 1, None]))
    def collect(self, flow: Flow, n: int, code_of: int | None) -> None:
        """Any browser tries to collect any sign-in with any code that was ever sent to anybody."""
        code = None if code_of is None else self.codes[code_of]
        self.run(self.browsers[n].collect(code, token=flow.token))

    @rule(n=BROWSERS)
    def log_out(self, n: int) -> None:
        self.run(self.browsers[n].send_form("/auth/logout"))

    @rule(seconds=st.sampled_from([1, 300, 600]))
    def wait(self, seconds: int) -> None:
        self.panel.clock.advance(seconds)

    @invariant()
    def nobody_is_where_they_let_nobody_in(self) -> None:
        for n, browser in enumerate(self.browsers):
            name = self.run(browser.who())
            assert name is None or (n, name) in self.grants, f"{name} is signed in at browser {n}"


TestSignIn = SignIn.TestCase
TestSignIn.settings = settings(
    max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
