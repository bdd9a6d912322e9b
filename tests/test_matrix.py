"""Every place of every request where a row is named, tried with another project's row, as everybody there is.

One id at a time is another tenant's; everything else is honest. The answer must be the very same as for a row that
never was, show nothing of the other tenant's and change nothing. That the same requests succeed with one's own ids is
shown as well: a request that fails for another reason would prove nothing.

Slots are found by support/slots.py. Vera's project is asked, by each role in it and by an admin; Anna's is not hers.
"""

import re
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.hostile.targets import url_of
from tests.support.photos import jpeg
from tests.support.routes import NOBODYS_ID
from tests.support.scene import CANARY, Rows, Scene, a_scene, add_client
from tests.support.slots import Slot, slots_of, whole
from tgac.bots.models import Bot
from tgac.bots.service import token_of
from tgac.comments.models import Comment
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, Role
from tgac.people.models import Member, Project, User
from tgac.profiles.service import photo_hash
from tgac.tasks.models import Task

SLOTS_AT_LEAST = 420
REQUESTS_AT_LEAST, FEWER_AT_LEAST = 1800, 1140
OUTSIDE = ("nobody", "blocked")
EVERYBODY = ("owner", "editor", "reviewer", "viewer", "admin", *OUTSIDE)
FEW = 5
STATES = {"planned_comment_id": "planned", "held_comment_id": "awaiting_approval", "unknown_comment_id": "unknown"}
NOT_TRIED: Mapping[str, str] = {
    "/auth/telegram/": "signing in: tests/test_sign_in_attacks.py",
    "/sign-in": "signing in: tests/test_sign_in_attacks.py",
    "/join": "needs an invitation's secret: people/tests/test_members.py",
    "/profile/suggest": "needs a language model: profiles/tests/test_suggest.py",
    "/bots/import": "another list is being worked through in this scene: bots/tests/test_imports.py",
    "/{comment_id}/edit": "needs a comment that a person was shown: comments/tests/test_approval.py",
    "/{comment_id}/another": "needs a task of several variants: comments/tests/test_approval.py",
    "/{comment_id}/follow": "needs a post that was edited: comments/tests/test_following.py",
    "/bots/profiles/apply": "needs a preview that was looked at: profiles/tests/test_bulk.py",
}
"""Routes that are not hit with success here, by a part of their path; and where they are."""


@dataclass
class Matrix:
    """The scene with a member of each role in Vera's project, and rows that are fit for each verb."""

    scene: Scene
    own: dict[str, Any] = field(default_factory=dict)
    foreign: dict[str, Any] = field(default_factory=dict)
    slots: list[Slot] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    async def ask(self, who: str, slot: Slot, value: Any) -> httpx.Response:
        """The honest request with this value in this place."""
        client = self.scene.clients[who]
        client.cookies.clear()
        self.asked[who] += 1
        if slot.route.path.endswith(("/tasks/new", "/tasks/{task_id}/edit")):  # no two tasks have one name
            slot = replace(slot, base=slot.base | {"name": f"Task {self.asked.total()}"})
        return await client.send(slot.request(client, self.own, value))

    async def swap(self, who: str, slot: Slot) -> httpx.Response:
        """Anna's row, then one that never was: what differs is a fault."""
        theirs = self.foreign[slot.rows]
        answer = await self.ask(who, slot, theirs)
        never = await self.ask(who, slot, _nobodys(theirs))
        told = f"{slot} as {who}: {answer.status_code} {answer.text[:200]!r}"
        self.answered[f"{slot.where} {answer.status_code}"] += 1
        if not _same(answer, never, theirs):
            self.faults.append(f"differs from one that never was, {never.status_code} {never.text[:200]!r}: {told}")
        if CANARY in answer.text.lower():
            self.faults.append(f"shows what is Anna's: {told}")
        expected = _expected(who, slot)
        if answer.status_code not in expected:
            self.faults.append(f"not {expected}: {told}")
        return answer

    async def swap_all(self, who: str, slots: Sequence[Slot]) -> None:
        """Each of these slots; whatever somebody has committed meanwhile is looked at."""
        scene, anna = self.scene, self.scene.world.anna
        before = await scene.everything()
        async with scene.world.tools.db.versions() as version:
            for slot in slots:
                if slot.route.kind == "admin" and who == "admin":
                    continue  # users are the installation's, and its admins may
                at, calls = await version(), scene.telegram_calls()
                answer = await self.swap(who, slot)
                if answer.status_code >= 400 and scene.telegram_calls() != calls:
                    self.faults.append(f"{slot} as {who}: Telegram was asked")
                if await version() == at:
                    continue
                after = await scene.everything()
                hers = [_of(rows, scene.ids["anna"]["project_id"], anna.user_id) for rows in (before, after)]
                if hers[0] != hers[1] or (answer.status_code >= 400 and before != after):
                    changed = [table for table in before if before[table] != after[table]]
                    self.faults.append(f"{slot} as {who}: {answer.status_code}, and {changed} changed")
                before = after

    def assert_guarded(self, at_least: int) -> None:
        """Tell how much was tried."""
        requests = self.asked.total()
        sys.stdout.write(f"\n{len(self.slots)} slots, {requests} requests: {dict(self.asked)}, {dict(self.answered)}\n")
        assert not self.faults, f"{len(self.faults)}:\n" + "\n".join(self.faults[:60])
        assert requests >= at_least


def _nobodys(value: Any) -> Any:
    return f"{'0' * 32}.jpg" if isinstance(value, str) else NOBODYS_ID


def _same(one: httpx.Response, other: httpx.Response, asked: Any) -> bool:
    """The same answer, but for the row's name where it tells what was asked for."""
    named = re.escape(str(asked)), re.escape(str(_nobodys(asked)))
    different = re.compile(
        rf"(?<![\w.])(?:{'|'.join(named)})(?!\w)|Task \d+|\"digest\":\"\w+\"|name=\"digest\" value=\"\w+\""
    )
    texts = [answer.text if one.text == other.text else different.sub("…", answer.text) for answer in (one, other)]
    return (one.status_code, texts[0], sorted(one.headers)) == (other.status_code, texts[1], sorted(other.headers))


def _expected(who: str, slot: Slot) -> tuple[int, ...]:
    if who in OUTSIDE:
        return (401,) if slot.route.is_api or slot.route.is_unsafe else (303,)
    if slot.route.kind == "admin":
        return (403,)
    refused = (403,) if who in ("editor", "reviewer", "viewer") else ()
    if slot.where == "path":
        return (404, *refused)
    return (404, 422, *refused, *ELSEWHERE.get(slot.where, ()))


ELSEWHERE: Mapping[str, tuple[int, ...]] = {"query": (200, 303), "json": (200, 201), "form": (200, 303), "cell": (200,)}
"""A list that is asked for nobody's rows is empty; of many, what is not there is told beside what is done."""


async def _rows_for_verbs(scene: Scene, ids: Mapping[str, int]) -> dict[str, Any]:
    """A comment in each state that a verb wants, a task that is off, and how files name a bot and a photo."""
    made: dict[str, Any] = dict(ids)
    project_id, world = ids["project_id"], scene.world
    async with world.tools.acting(None, EVERYONE) as act:
        comment = await act.session.get_one(Comment, ids["comment_id"])
        values = {
            column.name: getattr(comment, column.name) for column in Comment.__table__.columns if column.name != "id"
        }
        for number, (name, state) in enumerate(STATES.items(), 2):
            row = Comment(**values | {"n": number, "state": state, "message_id": None, "sent_at": None})
            act.session.add(row)
            await act.flush()
            made[name] = row.id
        bot = await act.session.get_one(Bot, ids["bot_id"])
        task = await act.session.get_one(Task, ids["task_id"])
        project = await act.session.get_one(Project, project_id)
        idle = Task(
            **{
                name: getattr(task, name)
                for name in ("mode", "version", "config", "created_by", "created_at", "updated_at", "project_id")
            },
            name=f"{project.name} idle",
            status="OFF",
        )
        act.session.add(idle)
        await act.flush()
        made |= {"idle_task_id": idle.id, "task_name": idle.name, "project_name": project.name, "profile_version": 1}
        made |= {"bot_telegram_id": bot.telegram_id}
        made["its_token"] = token_of(world.tools.keys, bot).reveal()
    mark = project.name.partition(" ")[0].encode()
    made["photo_name"] = f"{photo_hash(jpeg(200, 200, mark=mark))[:32]}.jpg"
    made["a_token"] = (await world.control("POST", "/bots", name="Spare", username=f"spare{project_id}_bot"))["token"]
    spare, group = await world.make_channel(f"Spare {project_id}", "vera" if project_id == scene.hers else "anna")
    await world.invite(bot, spare, group)
    return made | {"channels_to_set_up": [str(spare)], "a_channel": str(spare)}


async def _add_member(scene: Scene, name: str, role: Role, *, is_admin: bool = False) -> tuple[int, int]:
    """Somebody of this role in Vera's project: their number, and their membership's."""
    async with scene.world.tools.acting(None, EVERYONE) as act:
        user = User(username=name, state="active", is_admin=is_admin, created_at=act.now)
        act.session.add(user)
        await act.flush()
        member = Member(project_id=scene.hers, user_id=user.id, role=role)
        act.session.add(member)
        await act.flush()
        numbers = user.id, member.id
    await add_client(scene, name)
    return numbers


@asynccontextmanager
async def a_matrix(kind: str, folder: Path) -> AsyncIterator[Matrix]:
    async with a_scene(kind, folder) as scene:
        await scene.world.control("PUT", f"/bots/{scene.world.service_bot['id']}", can_manage_bots=True)
        for role in (Role.EDITOR, Role.REVIEWER, Role.VIEWER):
            viewer = await _add_member(scene, role, role)
        await _add_member(scene, "admin", Role.OWNER, is_admin=True)
        gone, _member = await _add_member(scene, "blocked", Role.OWNER)
        async with scene.world.tools.acting(None, NO_PROJECT) as act:
            (await act.session.get_one(User, gone)).state = "blocked"
        scene.clients["owner"] = scene.clients["vera"]
        scene.ids["vera"] |= {"user_id": viewer[0], "member_id": viewer[1]}
        matrix = Matrix(scene)
        matrix.own = await _rows_for_verbs(scene, scene.ids["vera"])
        matrix.foreign = await _rows_for_verbs(scene, scene.ids["anna"])
        matrix.slots = slots_of(scene.routes, matrix.own, await _pages(matrix))
        yield matrix


async def _pages(matrix: Matrix) -> dict[str, str]:
    """Every page as the owner sees it, for the forms on it."""
    found = {}
    for route in matrix.scene.of("project", "signed_in"):
        if not route.is_unsafe and not route.is_api and not route.path.endswith(("/live", "/stream")):
            answer = await matrix.scene.clients["owner"].get(url_of(route, matrix.own))
            found[url_of(route, matrix.own)] = answer.text
    return found


@pytest.fixture
async def matrix(database: str, tmp_path: Path) -> AsyncIterator[Matrix]:
    async with a_matrix(database, tmp_path) as made:
        yield made


def _of(rows: Rows, project_id: int, user_id: int) -> Rows:
    """What belongs to a project or to a person, jobs that name the project included."""

    def is_theirs(table: str, row: Mapping[str, Any]) -> bool:
        if "project_id" in row:
            return bool(row["project_id"] == project_id)
        if table == "jobs":
            return bool(row["payload"].get("project_id") == project_id)
        return row.get("user_id") == user_id or row.get("id") == {"projects": project_id, "users": user_id}.get(
            table, -1
        )

    return {table: [row for row in there if is_theirs(table, row)] for table, there in rows.items()}


async def test_nobody_reaches_another_projects_rows_by_naming_one(matrix: Matrix) -> None:
    """The owner at every slot; everybody else at every fifth, each at others. `make test-slow` tries them all.

    On Postgres, where row-level security stands behind the guards that are the same on both, the owner too at a fifth.
    """
    assert len(matrix.slots) >= SLOTS_AT_LEAST, "the walk sees too few slots"
    is_sqlite = matrix.scene.world.tools.db.is_sqlite
    await matrix.swap_all("owner", matrix.slots if is_sqlite else matrix.slots[::FEW])
    for number, who in enumerate(EVERYBODY[1:]):
        await matrix.swap_all(who, matrix.slots[number % FEW :: FEW])
    matrix.assert_guarded(REQUESTS_AT_LEAST if is_sqlite else FEWER_AT_LEAST)


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_nobody_does_at_any_slot(matrix: Matrix) -> None:
    for who in EVERYBODY:
        await matrix.swap_all(who, matrix.slots)
    matrix.assert_guarded(2 * (len(EVERYBODY) * SLOTS_AT_LEAST - 20))


async def test_with_ones_own_rows_the_same_requests_succeed(tmp_path: Path) -> None:
    """Without this, a request that is refused for another reason would pass for one that is guarded."""
    async with a_matrix("sqlite", tmp_path) as matrix:
        db = matrix.scene.world.tools.db
        there, copy = Path(str(db.url.database)), tmp_path / "copy"
        await db.aclose()
        shutil.copy(there, copy)
        slots = [*matrix.slots, *(whole(route, matrix.own) for route in matrix.scene.routes if not route.slots)]
        faults, hit = [], set()
        for slot in slots:
            if slot.route.kind == "public" or any(part in slot.route.path for part in NOT_TRIED):
                continue
            who = "admin" if slot.route.kind == "admin" else "owner"
            answer = await matrix.ask(who, slot, matrix.own.get(slot.rows))
            hit.add(str(slot.route))
            if answer.status_code not in (200, 201, 303):
                faults.append(f"{slot}: {answer.status_code} {slot.base}: {answer.text[:300]}")
            if slot.route.is_unsafe:
                await db.aclose()
                shutil.copy(copy, there)
        assert not faults, f"{len(faults)}:\n" + "\n".join(faults)
        never = {str(route) for route in matrix.scene.of("project", "signed_in", "admin")} - hit
        assert all(any(part in route for part in NOT_TRIED) for route in never), never
