"""One corpus, thrown at every field that can be written or asked with.

What comes back is a clear refusal that names the field, or what was sent, faithfully; never a failure of ours, nothing
of another tenant's, no script on a page, and no request that costs many times what an honest one does. Vera throws,
at her own project and (as an admin) at the installation; Anna's things are called `canary`.

Every day each field gets one of the corpus in turn, on SQLite; `make test-slow` throws all of it at each, and does
the day's work on Postgres too. Files: test_files.py.
"""

import itertools
import resource
import shutil
import statistics
import unicodedata
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.hostile.corpus import TELLING, VALUES, bodies, strings
from tests.hostile.cost import cpu_time
from tests.hostile.targets import Target, form_targets, json_targets, query_targets, url_of
from tests.support.routes import Route
from tests.support.scene import CANARY, Scene, a_scene
from tgac.kit.tenancy import NO_PROJECT
from tgac.people.models import User

REFUSALS = (400, 404, 409, 413, 422, 429)
NAMES = ("name", "label")
"""Fields that hold one line for people."""
OTHER_TEXTS = ("/preview", "/import", "/dry-run")
"""What becomes of a text, its lines, the posts it was tried on: not the text that was sent, under the same name."""
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
DEARER = 100
"""How many times the CPU of an honest request the dearest hostile one may take."""
LONGEST_ADDRESS = 5_001
"""Longer ones are no address to whoever sends them, nor to a server."""
MEMORY = 2.0
"""By how much the process may grow."""


@dataclass
class Range:
    """The application, Vera's program, and what was found."""

    scene: Scene
    targets: list[Target]
    thrown: int = 0
    taken: int = 0
    echoed: int = 0
    faults: list[str] = field(default_factory=list)
    costs: list[tuple[float, str]] = field(default_factory=list)

    async def throw(self, target: Target, value: Any) -> None:
        """One value at one field."""
        vera = self.scene.clients["vera"]
        vera.cookies.clear()
        with cpu_time() as spent_s:
            answer = await vera.send(target.request(vera, value))
        self.costs.append((spent_s[0], f"{target} = {str(value)[:40]!r}"))
        self.thrown += 1
        self.taken += answer.status_code < 400
        told = f"{target} = {_shown(value)}: {answer.status_code}: {answer.text[:300]!r}"
        if complaint := self._complaint(target, value, answer):
            self.faults.append(f"{complaint}: {told}")

    def _complaint(self, target: Target, value: Any, answer: httpx.Response) -> str | None:
        is_clear = answer.status_code in (200, 201, 303, *REFUSALS) or "bad_signature" in answer.text
        if not is_clear:
            return "no clear answer"
        if CANARY in answer.text.lower():
            return "shows what is Anna's"
        if "html" in answer.headers.get("content-type", "") and TELLING in answer.text:
            return "shows a script"
        if answer.status_code < 400 and _is_name(target) and isinstance(value, str) and not _is_plain(value):
            return "takes what is no name"
        if target.where != "json":
            return None
        return self._not_named(target, answer) if answer.status_code == 422 else self._unfaithful(target, value, answer)

    def _not_named(self, target: Target, answer: httpx.Response) -> str | None:
        if not target.steps:
            return None
        error = answer.json()["error"]
        if target.route.endswith("/onboarding") and error["code"] == "nothing_to_set_up":
            return None  # whatever else was sent: a value that is good is in nobody's way
        named = {part for name in (error.get("field", ""), *error.get("fields", {})) for part in name.split(".")}
        # Where two fields must agree, either may be named.
        one_of_two = {"ids", "bot_ids"} if target.steps[0] in ("filter", "filters") else set()
        one_of_two |= {"channel_id"} if "targets" in target.steps else set()
        return None if named & ({*map(str, target.steps), "body"} | one_of_two) else "does not name the field"

    def _unfaithful(self, target: Target, value: Any, answer: httpx.Response) -> str | None:
        if answer.status_code >= 400 or not isinstance(value, str) or not target.steps:
            return None
        if target.steps[-1] == "host" or target.route.endswith(OTHER_TEXTS):
            return None  # IDNA makes another name of a host
        back = set(_under(str(target.steps[-1]), answer.json()["data"]))
        self.echoed += bool(back)
        return None if not back or back & _faithful(value) else f"gives back something else, {back}"

    async def look_at(self, routes: Sequence[Route]) -> None:
        """Every page and list, with all that was taken in."""
        vera, ids = self.scene.clients["vera"], self.scene.ids["vera"]
        for route in routes:
            answer = await vera.get(url_of(route, ids), follow_redirects=False)
            if answer.status_code >= 500 and answer.status_code != 503:
                self.faults.append(f"{route} after it: {answer.status_code}")
            if "html" in answer.headers.get("content-type", "") and TELLING in answer.text:
                self.faults.append(f"{route} shows a script")

    def assert_unhurt(self) -> None:
        shown = "\n".join(self.faults[:60])
        assert not self.faults, f"{len(self.faults)} of {self.thrown}:\n{shown}"
        honest = statistics.median(cost for cost, _what in self.costs)
        dearest, what = max(self.costs)
        assert dearest <= DEARER * honest, f"{what} costs {dearest / honest:.0f} honest requests"


def _is_name(target: Target) -> bool:
    words = [step for step in target.steps if isinstance(step, str)]
    is_kept = target.where != "query" and "preview" not in target.route
    return is_kept and bool(words) and words[-1].rpartition(".")[2] in NAMES


def _is_plain(value: str) -> bool:
    """Whether it may be a name: no control characters, no marks of direction, something to be seen."""
    composed = unicodedata.normalize("NFC", value).strip()
    is_bad = any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") or sign in BIDI for sign in composed)
    return not is_bad


def _shown(value: Any) -> str:
    shown = ascii(value)
    return shown if len(shown) <= 80 else f"{shown[:60]}… ({len(shown)})"


def _under(name: str, data: Any) -> Iterator[str]:
    """Every text under this name, at any depth."""
    if isinstance(data, dict):
        yield from (inner for key, inner in data.items() if key == name and isinstance(inner, str))
    inside = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    for inner in inside:
        yield from _under(name, inner)


def _faithful(value: str) -> set[str]:
    """As it was sent, or as its normal form; a username without its @, in whatever case."""
    composed = unicodedata.normalize("NFC", value)
    return {value, composed, composed.strip(), composed.strip().removeprefix("@").lower(), composed.strip().lower()}


async def a_range(kind: str, folder: Path) -> AsyncIterator[Range]:
    async with a_scene(kind, folder) as scene:
        async with scene.world.tools.acting(None, NO_PROJECT) as act:
            (await act.session.get_one(User, scene.world.people["vera"].user_id)).is_admin = True
        ids, vera = scene.ids["vera"], scene.clients["vera"]
        looked = [route for route in scene.routes if not route.is_unsafe and not route.path.endswith("/stream")]
        pages = {}
        for route in looked:
            answer = await vera.get(url_of(route, ids))
            if "html" in answer.headers.get("content-type", ""):
                pages[url_of(route, ids)] = answer.text
        targets = [*json_targets(scene.routes, ids), *form_targets(pages), *query_targets(looked, ids)]
        yield Range(scene, targets)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
async def ground(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Range]:
    async for made in a_range(request.param, tmp_path):
        yield made


@pytest.fixture
async def proving_ground(tmp_path: Path) -> AsyncIterator[Range]:
    """One whose database is a file, to be put back."""
    async for made in a_range("sqlite", tmp_path):
        yield made


def looked_at(ground: Range) -> list[Route]:
    return [route for route in ground.scene.routes if not route.is_unsafe and not route.path.endswith("/stream")]


def test_the_corpus_is_large_and_says_each_thing_once() -> None:
    assert len(strings()) >= 700
    assert len(set(strings())) == len(strings())
    assert len(bodies()) >= 45


@pytest.mark.timeout(600)
async def test_every_field_takes_a_hostile_value_or_refuses_it(ground: Range) -> None:
    assert len(ground.targets) >= 250, "the walk sees too few fields"
    text, values = itertools.cycle(strings()), itertools.cycle(VALUES)
    for target in ground.targets:
        wants_value = target.where == "json" and not target.is_text
        await ground.throw(target, next(values) if wants_value else next(text))
        if target.where == "query":
            await ground.throw(target, 2**63)  # what no database can hold
    await ground.look_at(looked_at(ground))
    assert ground.taken >= 30, "hardly anything is taken: are the bodies still honest?"
    ground.assert_unhurt()


async def test_no_body_breaks_a_route(ground: Range) -> None:
    vera, ids = ground.scene.clients["vera"], ground.scene.ids["vera"]
    faults = []
    for number, route in enumerate(one for one in ground.scene.routes if one.is_api and one.is_unsafe and one.models):
        few = list(bodies().items())[number % 6 :: 6]
        for what, body in few:
            kind = {"content-type": "application/json"}
            answer = await vera.request(route.method, url_of(route, ids), content=body, headers=kind)
            if answer.status_code >= 500 or answer.status_code in (401, 405):
                faults.append(f"{route}: {what}: {answer.status_code}: {answer.text[:200]}")
            elif answer.status_code == 422 and not answer.json()["error"].get("field"):
                faults.append(f"{route}: {what}: names nothing")
    assert not faults, "\n".join(faults)


def in_full(targets: Sequence[Target]) -> Iterator[tuple[Target, Sequence[Any]]]:
    """The whole corpus for the first field of each name and place, every ninth string for its like elsewhere."""
    seen: set[object] = set()
    for target in targets:
        likeness = (target.where, target.steps)
        few = 1 if likeness not in seen and target.is_text else 9
        seen.add(likeness)
        fitting = [one for one in strings() if target.where != "query" or len(one) < LONGEST_ADDRESS]
        yield target, [*fitting[::few], *(VALUES if target.where == "json" else ())]


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("where", ["json", "form", "query"])
async def test_every_field_withstands_the_whole_corpus(proving_ground: Range, tmp_path: Path, where: str) -> None:
    ground = proving_ground
    db, looked = ground.scene.world.tools.db, looked_at(ground)
    there, copy = Path(str(db.url.database)), tmp_path / "copy"
    await db.aclose()
    shutil.copy(there, copy)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for target, values in in_full([one for one in ground.targets if one.where == where]):
        for value in values:
            await ground.throw(target, value)
        await ground.look_at(looked)
        await db.aclose()
        shutil.copy(copy, there)
    ground.assert_unhurt()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss <= MEMORY * before
