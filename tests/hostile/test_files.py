"""Files and forms that do harm, sent wherever a file or a list is taken, on both databases.

What comes back is the refusal that names the field, or what was read, with each bad cell told by its line and column;
never a failure of ours, never a script on a page, and nothing that takes longer than a second.
"""

import gc
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.hostile.corpus import TELLING
from tests.hostile.cost import cpu_time
from tests.hostile.files import LISTS, TAKEN, Sent, archives, exports, multiparts, pictures, tables
from tests.support.scene import CANARY, Scene, a_scene
from tgac.bots.models import Bot
from tgac.kit.tenancy import EVERYONE

REFUSALS = (400, 409, 413, 422)
LANGUAGES = ("en", "ru", "de", "fr", "es", "it", "pt", "uk")
SECONDS = 1.0
"""Of the processor's time, for one request."""


@dataclass
class Gate:
    """Vera's project, and what was found there."""

    scene: Scene
    bot: str
    seen: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def root(self) -> str:
        return f"/projects/{self.scene.ids['vera']['project_id']}"

    async def send(self, what: str, path: str, **request: Any) -> httpx.Response:
        """As Vera's program; whatever is never right is a fault."""
        vera = self.scene.clients["vera"]
        vera.cookies.clear()
        with cpu_time() as spent_s:
            answer = await vera.post(path, **request)
        (spent,) = spent_s
        told = f"{path}: {what}: {answer.status_code} {answer.text[:300]!r}"
        self.seen[f"{path.rpartition('/')[2]} {answer.status_code}"] += 1
        if answer.status_code not in (200, 201, 303, *REFUSALS):
            self.faults.append(f"no clear answer: {told}")
        if CANARY in answer.text.lower() or (
            "html" in answer.headers.get("content-type", "") and TELLING in answer.text
        ):
            self.faults.append(f"shows what it must not: {told}")
        if path.startswith("/api/") and answer.status_code == 422 and not answer.json()["error"].get("field"):
            self.faults.append(f"names no field: {told}")
        if spent > SECONDS:
            self.faults.append(f"takes {spent:.1f} s: {told[:200]}")
        return answer

    def expect(self, sent: Sent, answer: httpx.Response) -> None:
        """What the corpus says must come of it."""
        error = answer.json().get("error") or {}
        bad = (
            {one["column"] for one in answer.json().get("data", {}).get("bad", ())}
            if answer.status_code < 400
            else set()
        )
        if sent.code == TAKEN:
            is_right = answer.status_code == 200 and (not sent.column or sent.column in bad)
        else:
            is_right = (answer.status_code, error.get("code"), error.get("field")) == (422, sent.code, "file")
        if not is_right:
            self.faults.append(f"{sent.what}: not {sent.code} {sent.column}: {answer.status_code} {error or bad}")

    async def rows(self, *tables: str) -> list[int]:
        found = await self.scene.everything()
        return [len(found[table]) for table in tables]

    def assert_unhurt(self, at_least: int) -> None:
        assert not self.faults, f"{len(self.faults)}:\n" + "\n".join(self.faults)
        assert self.seen.total() >= at_least, self.seen


@pytest.fixture
async def gate(database: str, tmp_path: Path) -> AsyncIterator[Gate]:
    async with a_scene(database, tmp_path) as scene:
        async with scene.world.tools.reading(None, EVERYONE) as act:
            bot = await act.session.get_one(Bot, scene.ids["vera"]["bot_id"])
        yield Gate(scene, bot.username)


async def test_tables_archives_and_exports_are_read_or_refused_with_the_reason(gate: Gate) -> None:
    before = await gate.rows("bot_profiles", "profile_photos")
    path = f"/api/v1{gate.root}/bots/profiles/import"
    for sent in (*tables(gate.bot), *archives(gate.bot)):
        if sent.content:
            gate.expect(sent, await gate.send(sent.what, path, content=sent.content, params={"dry_run": "1"}))
    assert await gate.rows("bot_profiles", "profile_photos") == before, "a dry run keeps nothing"
    path = f"{gate.root}/bots/profiles/preview"
    for sent in [*tables(gate.bot), *archives(gate.bot)][::4]:
        answer = await gate.send(sent.what, path, files={"file": ("bots.csv", sent.content)})
        if answer.status_code != (200 if sent.code == TAKEN else 422):
            gate.faults.append(f"{sent.what}: {answer.status_code}")
    await _try_exports(gate)
    gate.assert_unhurt(150)


async def test_what_was_taken_from_a_table_leaves_as_text(gate: Gate) -> None:
    """No cell of the export runs as a formula, and what is exported is imported again without a change."""
    formulas = ("=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＠x", "=cmd|' /C calc'!A0")
    api = f"/api/v1{gate.root}/bots"
    for number, formula in enumerate(formulas):
        content = f'bot,language,description\r\n{gate.bot},{LANGUAGES[number]},"{formula}"\r\n'.encode()
        assert (await gate.send(formula, f"{api}/profiles/import", content=content)).status_code == 200
    exported = (await gate.scene.clients["vera"].get(f"{api}/profiles.csv")).content
    cells = [cell.strip('"') for line in exported.decode("utf-8-sig").splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t＝＋－"))], cells
    assert all(f"'{formula}" in exported.decode() for formula in formulas)
    again = await gate.send("its own export", f"{api}/profiles/import", content=exported)
    assert again.json()["data"]["bad"] == []
    gate.assert_unhurt(len(formulas))


async def _try_exports(gate: Gate) -> None:
    before = await gate.rows("posts", "events")
    fields = {"task_id": str(gate.scene.ids["vera"]["task_id"])}
    for sent in exports():
        files = {"file": ("result.json", sent.content)}
        answer = await gate.send(sent.what, f"/api/v1{gate.root}/dry-run/import", data=fields, files=files)
        gate.expect(sent, answer)
        await gate.send(sent.what, f"{gate.root}/dry-run", data=fields | {"source": "file"}, files=files)
    assert await gate.rows("posts", "events") == before


@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")
async def test_no_form_breaks_a_route(gate: Gate) -> None:
    """Starlette leaves the file of a part that never ends to the garbage collector."""
    bot = gate.scene.ids["vera"]["bot_id"]
    api = f"/api/v1{gate.root}"
    paths = (
        *(f"{api}/bots/profiles/import", f"{api}/dry-run/import", f"{gate.root}/bots/profiles/preview"),
        *(f"{gate.root}/dry-run", f"{gate.root}/bots/{bot}/profile", f"{gate.root}/channels/import"),
    )
    for path in paths:
        for what, (kind, body) in multiparts().items():
            await gate.send(what, path, content=body, headers={"content-type": kind})
    await _try_pictures(gate)
    gc.collect()
    gate.assert_unhurt(len(paths) * 20)


async def _try_pictures(gate: Gate) -> None:
    path = f"{gate.root}/bots/{gate.scene.ids['vera']['bot_id']}/profile"
    for what, photo in pictures().items():
        answer = await gate.send(what, path, data={"languages..description": "x"}, files={"photo": ("a.jpg", photo)})
        if answer.status_code != (303 if not photo else 422):
            gate.faults.append(f"{what}: {answer.status_code}")


async def test_pasted_lists_are_told_line_by_line(gate: Gate) -> None:
    api, playlist = f"/api/v1{gate.root}", gate.scene.ids["vera"]["playlist_id"]
    paths = ("channels/import", "proxies/import", f"playlists/{playlist}/import", "bots/import")
    for path in paths:
        for what, made in LISTS.items():
            await gate.send(what, f"{api}/{path}", json={"text": made()})
            await gate.send(what, f"{gate.root}/{path}", data={"text": made()})
    gate.assert_unhurt(2 * len(paths) * len(LISTS))
