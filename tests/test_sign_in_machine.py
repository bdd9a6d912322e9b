"""Two browsers, two people, every order of events: a session for a person exists only in a browser that began a
sign-in which that very person confirmed."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from tests.support.panel import Browser, Panel, Phone, a_panel

BROWSERS = st.sampled_from([0, 1])
PEOPLE = st.sampled_from([0, 1])
NAMES = ("anna", "boris")


class SignIn(RuleBasedStateMachine):
    """`grants` is the model: which person has let which browser in, by pressing its number under its question."""

    flows = Bundle("flows")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.open = AsyncExitStack()
        self.folder = tempfile.TemporaryDirectory()
        self.grants: set[tuple[int, str]] = set()

    def run(self, work: Any) -> Any:
        return self.loop.run(work)

    def teardown(self) -> None:
        self.run(self.open.aclose())
        self.loop.close()
        self.folder.cleanup()

    @initialize()
    def move_in(self) -> None:
        self.run(self._move_in())

    async def _move_in(self) -> None:
        self.panel: Panel = await self.open.enter_async_context(a_panel("sqlite", Path(self.folder.name)))
        self.people: list[Phone] = [await self.panel.phone(name) for name in NAMES]
        for phone in self.people:
            is_admin = phone.name == "anna"
            await self.panel.add_user(phone.name, telegram_id=phone.id, state="active", is_admin=is_admin)
        self.browsers: list[Browser] = [self.panel.browser(f"203.0.113.{n}") for n in (1, 2)]
        self.codes: list[str | None] = [None, None]

    @rule(target=flows, n=BROWSERS)
    def begin(self, n: int) -> Any:
        """A browser starts a sign-in; anybody may learn of its link, its public token and its number."""
        self.panel.clock.advance(61)
        started = self.run(self.browsers[n].begin())
        return {"browser": n, **started}

    @rule(flow=flows, who=PEOPLE)
    def present(self, flow: dict[str, Any], who: int) -> None:
        self.run(self.people[who].say(f"/start {flow['deeplink'].partition('start=')[2]}"))

    @rule(flow=flows, who=PEOPLE)
    def let_in(self, flow: dict[str, Any], who: int) -> None:
        """A person opens a link, their own or one that was sent to them, and picks the number that goes with it."""
        self.present(flow, who)
        self._press(who, flow["number"])

    @rule(flow=flows, who=PEOPLE, answer=st.sampled_from(["number of a flow", "any", "Not me"]))
    def press(self, flow: dict[str, Any], who: int, answer: str) -> None:
        """A person presses something under the newest question, if it has buttons: perhaps another flow's number."""
        self._press(who, flow["number"] if answer == "number of a flow" else answer)

    def _press(self, who: int, label: str) -> None:
        phone = self.people[who]
        if not self.run(phone.all()):
            return
        labels = [one["text"] for row in self.run(phone.buttons()) for one in row]
        if not labels:
            return
        self.run(phone.press(label if label in labels else labels[1]))
        self._note_grant(phone)

    def _note_grant(self, phone: Phone) -> None:
        """The bot says in the chat that it took the press for a yes; which browser it was about, its question said."""
        message = self.run(phone.read())
        if message["text"].startswith("Confirmed"):
            self.codes[self.people.index(phone)] = self.run(phone.code())
            asked_from = self._address_of(message["message_id"], phone)
            self.grants.add((asked_from, phone.name))

    def _address_of(self, message_id: int, phone: Phone) -> int:
        """The browser that the question named, as the person read it before pressing."""
        calls = self.run(self.panel.control("GET", "/calls"))
        sent = [one for one in calls if one["method"] == "sendMessage" and one["chat_id"] == phone.id]
        texts = [one["params"]["text"] for one in sent if "Sign in to" in one["params"]["text"]]
        return 0 if "203.0.113.1 " in texts[-1] else 1

    @rule(flow=flows, n=BROWSERS, code_of=st.sampled_from([0, 1, None]))
    def collect(self, flow: dict[str, Any], n: int, code_of: int | None) -> None:
        """Any browser tries to collect any sign-in with any code that was ever sent to anybody."""
        code = None if code_of is None else self.codes[code_of]
        self.run(self.browsers[n].collect(code, token=flow["login_token"]))

    @rule(n=BROWSERS, who=PEOPLE)
    def sign_in(self, n: int, who: int) -> None:
        """The honest way, after whatever has happened so far; it may fail, for who has been asked too often."""
        self.panel.clock.advance(61)
        flow = {"browser": n, **self.run(self.browsers[n].begin())}
        self.codes[who] = None
        self.let_in(flow, who)
        self.run(self.browsers[n].collect(self.codes[who]))

    @rule(n=BROWSERS)
    def log_out(self, n: int) -> None:
        self.run(self.browsers[n].send_form("/auth/logout"))
        self.grants = {(browser, name) for browser, name in self.grants if browser != n}

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
    max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
