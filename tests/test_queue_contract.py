"""What the queue promises, the same on every database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

import pytest
from sqlalchemy import Connection

from tests.support.clock import ManualClock
from tgac.kit.db.session import Database
from tgac.kit.errors import Conflict
from tgac.kit.queue import store
from tgac.kit.queue.jobs import Cancel, Done, Job, Lane, Outcome, Periodic, Snooze
from tgac.kit.queue.runner import BACKOFF_S, LEASE_S, RENEW_S, Handles, Runner, schedule
from tgac.kit.queue.tidy import ForgetJobs, forget_jobs
from tgac.kit.queue.wake import Bell, listen
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tests.conftest import tools
from tgac.kit.tools import Tools

__all__ = ["tools"]


@dataclass(frozen=True)
class Note(Job):
    """Something to do that is only noted."""

    kind: ClassVar[str] = "note"
    max_attempts: ClassVar[int] = 3
    word: str = ""


@dataclass(frozen=True)
class Urgent(Note):
    kind: ClassVar[str] = "urgent"
    lane: ClassVar[Lane] = Lane.SEND


class Notes:
    """A handler that remembers what it was given, and answers what it is told to."""

    def __init__(self, answer: Callable[[], Outcome] = Done) -> None:
        self.words: list[str] = []
        self.answer = answer

    async def __call__(self, tools: Tools, job: Note) -> Outcome:
        self.words.append(job.word)
        return self.answer()

    def runner(self, tools: Tools) -> Runner:
        """A worker that does every kind of note."""
        return Runner(tools, (Handles(Note, self), Handles(Urgent, self)))


def clock_of(tools: Tools) -> ManualClock:
    assert isinstance(tools.clock, ManualClock)
    return tools.clock


@asynccontextmanager
async def another_process(tools: Tools) -> AsyncIterator[Tools]:
    """Tools as another process has them: the same clock and database, other connections."""
    db = Database(tools.config.db_url)
    yield replace(tools, db=db, bell=Bell())
    await db.aclose()


async def enqueue(tools: Tools, *jobs: Job, key: str | None = None, after_s: float = 0) -> None:
    async with tools.acting(None, EVERYONE) as act:
        for job in jobs:
            act.enqueue(job, key=key, run_after=act.now + timedelta(seconds=after_s))


async def claim(tools: Tools, n: int = 1, *, owner: str = "one", lanes: tuple[Lane, ...] = tuple(Lane)) -> list[Any]:
    return [one.payload["word"] for one in await held(tools, owner, n=n, lanes=lanes)]


async def held(tools: Tools, owner: str, *, n: int = 1, lanes: tuple[Lane, ...] = tuple(Lane)) -> list[store.Claimed]:
    now = tools.clock.now()
    return await tools.db.queueing(
        lambda queue: store.claim(queue, owner=owner, lanes=lanes, n=n, now=now, lease_s=LEASE_S)
    )


async def release_lost(tools: Tools) -> int:
    return await tools.db.queueing(partial(store.release_lost, now=tools.clock.now()))


async def counts(tools: Tools) -> dict[str, int]:
    async with tools.reading(None, EVERYONE) as act:
        return await store.count(act.session)


async def until(happened: Callable[[], bool]) -> None:
    """Wait for what another task does; pytest's timeout is the limit."""
    while not happened():  # noqa: ASYNC110  what is waited for happens in a worker that tells nobody
        await asyncio.sleep(0.005)


# --- What is claimed, and in which order. ---


async def test_the_urgent_lane_goes_first_then_what_was_due_first(tools: Tools) -> None:
    await enqueue(tools, Note("third"))
    await enqueue(tools, Note("second"), after_s=-5)
    await enqueue(tools, Urgent("first"))
    assert [await claim(tools) for _ in range(4)] == [["first"], ["second"], ["third"], []]


async def test_equals_go_in_the_order_of_their_coming(tools: Tools) -> None:
    await enqueue(tools, *(Note(str(n)) for n in range(5)))
    assert [await claim(tools) for _ in range(5)] == [[str(n)] for n in range(5)]


async def test_a_batch_is_filled_from_several_lanes_up_to_its_size(tools: Tools) -> None:
    await enqueue(tools, Note("a"), Note("b"), Urgent("c"))
    assert sorted(await claim(tools, 2)) == ["a", "c"]
    assert await claim(tools, 2) == ["b"]


async def test_a_lane_that_is_not_asked_for_is_left_alone(tools: Tools) -> None:
    await enqueue(tools, Urgent("mine"), Note("other"))
    assert await claim(tools, 9, lanes=(Lane.SEND, Lane.OBSERVE)) == ["mine"]


async def test_nothing_is_claimed_before_its_time(tools: Tools) -> None:
    await enqueue(tools, Note("later"), after_s=10)
    assert await claim(tools) == []
    clock_of(tools).advance(10)
    assert await claim(tools) == ["later"]


async def test_the_next_moment_is_that_of_the_earliest_open_job(tools: Tools) -> None:
    await enqueue(tools, Note("later"), after_s=30)
    await enqueue(tools, Urgent("sooner"), after_s=20)
    async with tools.reading(None, EVERYONE) as act:
        assert await store.next_moment(act.session, tuple(Lane)) == act.now + timedelta(seconds=20)
        assert await store.next_moment(act.session, (Lane.WORK,)) == act.now + timedelta(seconds=30)
        assert await store.next_moment(act.session, (Lane.OBSERVE,)) is None


# --- One open job per key. ---


async def test_a_key_is_enqueued_once_while_it_is_open_or_running(tools: Tools) -> None:
    await enqueue(tools, Note("kept"), key="k")
    await enqueue(tools, Note("dropped"), key="k")
    assert await claim(tools, 9) == ["kept"]
    await enqueue(tools, Note("dropped too"), key="k")
    assert await counts(tools) == {"running": 1}


async def test_a_key_is_free_again_when_its_job_is_over(tools: Tools) -> None:
    for answer in (Done, lambda: Cancel("enough")):
        notes = Notes(answer)
        for word in ("one", "two"):
            await enqueue(tools, Note(word), key="k")
            await notes.runner(tools).run_due()
        assert notes.words == ["one", "two"]


async def test_jobs_without_a_key_are_never_merged(tools: Tools) -> None:
    await enqueue(tools, Note("same"), Note("same"))
    assert await claim(tools, 9) == ["same", "same"]


# --- A job lives and dies with the act that leaves it. ---


async def test_an_act_that_fails_leaves_no_job(tools: Tools) -> None:
    async def failing() -> None:
        async with tools.acting(None, EVERYONE) as act:
            act.enqueue(Note("never"))
            raise Conflict("taken")

    with pytest.raises(Conflict):
        await failing()
    assert await counts(tools) == {}


async def test_an_act_that_only_looks_leaves_no_job(tools: Tools) -> None:
    async with tools.reading(None, EVERYONE) as act:
        act.enqueue(Note("never"))
    assert await counts(tools) == {}


async def test_a_job_is_not_seen_before_its_act_has_committed(tools: Tools) -> None:
    async with tools.acting(None, EVERYONE) as act:
        act.enqueue(Note("soon"))
        assert await counts(tools) == {}
    assert await counts(tools) == {"open": 1}


# --- What becomes of it. ---


async def test_a_job_that_is_done_is_gone(tools: Tools) -> None:
    notes = Notes()
    await enqueue(tools, Note("a"), Urgent("b"))
    assert await notes.runner(tools).run_due() == 2
    assert sorted(notes.words) == ["a", "b"]
    assert await counts(tools) == {}


async def test_a_snooze_is_no_attempt(tools: Tools) -> None:
    notes = Notes(lambda: Snooze(60))
    await enqueue(tools, Note("wait"))
    runner = notes.runner(tools)
    for _ in range(Note.max_attempts * 2):
        assert await runner.run_due() == 1
        assert await counts(tools) == {"open": 1}
        clock_of(tools).advance(60)
    notes.answer = Done
    assert await runner.run_due() == 1
    assert await counts(tools) == {}


async def test_a_failure_is_tried_again_after_a_growing_pause_and_then_given_up(tools: Tools) -> None:
    def fail() -> Outcome:
        raise RuntimeError("broken")

    notes = Notes(fail)
    await enqueue(tools, Note("fails"))
    runner = notes.runner(tools)
    for attempt in range(Note.max_attempts):
        assert await runner.run_due() == 1
        clock_of(tools).advance(BACKOFF_S[attempt] - 0.5)
        assert await runner.run_due() == 0
        clock_of(tools).advance(0.5)
    assert len(notes.words) == Note.max_attempts
    assert await counts(tools) == {"failed": 1}


async def test_a_cancelled_job_is_never_run_again(tools: Tools) -> None:
    notes = Notes(lambda: Cancel("nobody wants it"))
    await enqueue(tools, Note("once"))
    await notes.runner(tools).run_due()
    clock_of(tools).advance(86_400)
    assert await notes.runner(tools).run_due() == 0
    assert await counts(tools) == {"cancelled": 1}


async def test_a_kind_that_nobody_handles_is_cancelled(tools: Tools) -> None:
    await enqueue(tools, Note("whose?"))
    await Runner(tools, ()).run_due()
    assert await counts(tools) == {"cancelled": 1}


async def test_what_a_handler_enqueues_is_run_too(tools: Tools) -> None:
    notes = Notes()

    async def pass_on(given: Tools, job: Urgent) -> Outcome:
        await enqueue(given, Note(f"after {job.word}"))
        return Done()

    await enqueue(tools, Urgent("first"))
    assert await Runner(tools, (Handles(Urgent, pass_on), Handles(Note, notes))).run_due() == 2
    assert notes.words == ["after first"]


# --- Workers that die, and several of them. ---


async def test_a_dead_workers_job_is_open_again_when_its_lease_has_ended(tools: Tools) -> None:
    await enqueue(tools, Note("orphan"))
    assert await claim(tools, owner="dead") == ["orphan"]
    for waited, freed in ((LEASE_S - 1, 0), (2, 1)):
        clock_of(tools).advance(waited)
        assert await release_lost(tools) == freed
    assert await claim(tools, owner="living") == ["orphan"]


async def test_a_worker_that_renews_keeps_its_job(tools: Tools) -> None:
    await enqueue(tools, Note("long"))
    (mine,) = await held(tools, "slow")
    for _ in range(5):
        clock_of(tools).advance(LEASE_S - 1)
        until = tools.clock.now() + timedelta(seconds=LEASE_S)
        await tools.db.queueing(partial(store.renew, held=[mine.id], owner="slow", until=until))
        assert await release_lost(tools) == 0


async def test_a_worker_that_lost_its_job_changes_nothing_about_it(tools: Tools) -> None:
    await enqueue(tools, Note("taken over"))
    (mine,) = await held(tools, "stalled")
    clock_of(tools).advance(LEASE_S + 1)
    await release_lost(tools)
    await claim(tools, owner="other")
    again, ended = store.Again(mine.id, tools.clock.now(), 0), store.Ended(mine.id, "failed", "late")
    await tools.db.queueing(partial(store.settle, owner="stalled", done=[mine.id], again=[again], ended=[ended]))
    assert await counts(tools) == {"running": 1}


async def test_a_lease_counts_from_when_the_workers_turn_came_however_long_it_waited_for_it(tools: Tools) -> None:
    clock = clock_of(tools)

    class WaitedFor(Database):
        """Others write for a minute before it is this worker's turn."""

        async def queueing[R](self, do: Callable[[Connection], R]) -> R:
            def in_turn(connection: Connection) -> R:
                clock.advance(60)
                return do(connection)

            return await super().queueing(in_turn)

    freed: list[int] = []

    async def look_at_the_lease(_tools: Tools, _job: Note) -> Outcome:
        freed.append(await release_lost(tools))
        return Done()

    await enqueue(tools, Note("a"))
    db = WaitedFor(tools.config.db_url)
    await Runner(replace(tools, db=db, bell=Bell()), (Handles(Note, look_at_the_lease),)).run_due()
    await db.aclose()
    assert freed == [0]


async def test_a_worker_keeps_the_leases_of_what_it_runs(tools: Tools) -> None:
    going = asyncio.Event()

    async def long(given: Tools, job: Note) -> Outcome:
        await going.wait()
        return Done()

    await enqueue(tools, Note("long"))
    runner = Runner(tools, (Handles(Note, long),))
    working = asyncio.create_task(runner.run())
    for _ in range(8):
        await asyncio.sleep(0.05)
        clock_of(tools).advance(RENEW_S)
    await asyncio.sleep(0.05)
    assert await claim(tools, owner="thief") == []
    going.set()
    runner.stop()
    await working
    assert await counts(tools) == {}


async def test_a_job_is_not_held_for_ever_when_the_answer_to_its_claim_was_lost(tools: Tools) -> None:
    notes = Notes()
    runner = notes.runner(tools)
    await enqueue(tools, Note("claimed, and the worker never heard of it"))
    await claim(tools, owner=runner.owner)
    working = asyncio.create_task(runner.run())
    for _ in range(40):
        await asyncio.sleep(0.02)
        clock_of(tools).advance(RENEW_S)
        tools.bell.ring()
    runner.stop()
    await working
    assert len(notes.words) == 1


async def test_two_workers_never_run_one_job_twice(tools: Tools) -> None:
    words = [str(n) for n in range(150)]
    mine, theirs = Notes(), Notes()
    await enqueue(tools, *(Note(word) for word in words))
    async with another_process(tools) as others:
        await asyncio.gather(mine.runner(tools).run_due(), theirs.runner(others).run_due())
    assert sorted(mine.words + theirs.words) == sorted(words)
    assert await counts(tools) == {}


async def test_a_worker_that_stops_finishes_what_is_under_way_and_begins_nothing(tools: Tools) -> None:
    begun, going = asyncio.Event(), asyncio.Event()
    finished: list[str] = []

    async def slow(given: Tools, job: Note) -> Outcome:
        begun.set()
        await going.wait()
        finished.append(job.word)
        return Done()

    tools = replace(tools, config=tools.config.model_copy(update={"max_concurrency": 1}))  # no claim is under way too
    runner = Runner(tools, (Handles(Note, slow),))
    await enqueue(tools, Note("under way"))
    working = asyncio.create_task(runner.run())
    await begun.wait()
    runner.stop()
    await enqueue(tools, Note("too late"))
    going.set()
    await working
    assert finished == ["under way"]
    assert await counts(tools) == {"open": 1}


async def test_a_worker_that_cannot_keep_its_leases_finishes_what_is_under_way_and_fails(tools: Tools) -> None:
    begun, going = asyncio.Event(), asyncio.Event()

    class BrokenClock(ManualClock):
        async def sleep(self, seconds: float) -> None:
            await begun.wait()
            going.set()
            raise RuntimeError("the clock has stopped")

    async def slow(given: Tools, job: Note) -> Outcome:
        begun.set()
        await going.wait()
        return Done()

    await enqueue(tools, Note("under way"))
    runner = Runner(replace(tools, clock=BrokenClock()), (Handles(Note, slow),))
    working = asyncio.create_task(runner.run())
    ended, _ = await asyncio.wait([working], timeout=30)
    assert ended == {working}
    with pytest.raises(RuntimeError, match="the clock has stopped"):
        await working
    assert await counts(tools) == {}


async def test_a_waiting_worker_wakes_for_a_job_of_its_own_process(tools: Tools) -> None:
    notes = Notes()
    runner = notes.runner(tools)
    working = asyncio.create_task(runner.run())
    await enqueue(tools, Note("now"))
    await until(lambda: bool(notes.words))
    runner.stop()
    await working


async def test_a_waiting_worker_hears_of_jobs_of_other_processes(tools: Tools) -> None:
    hearing = asyncio.create_task(listen(tools.db, tools.clock, tools.bell))
    async with another_process(tools) as others:
        for _ in range(20):  # until the listener stands
            await asyncio.sleep(0.05)
            clock_of(tools).advance(1)
        await tools.bell.wait(0.01)
        await enqueue(others, Note("heard"))
        waiting = asyncio.create_task(tools.bell.wait(60))
        while not waiting.done():
            clock_of(tools).advance(0.05)
            await asyncio.sleep(0.01)
    hearing.cancel()
    await asyncio.wait([hearing])


# --- Roles that one process holds at a time. ---


async def test_only_one_process_schedules(tools: Tools) -> None:
    periodic = (Periodic(Note("tick"), every_s=3600),)
    async with another_process(tools) as others:
        running = [
            asyncio.create_task(schedule(given, periodic, owner)) for given, owner in ((tools, "one"), (others, "two"))
        ]
        for _ in range(5):
            await asyncio.sleep(0.05)
            clock_of(tools).advance(RENEW_S)
        for one in running:
            one.cancel()
        await asyncio.wait(running)
    assert await claim(tools, 9) == ["tick"]


async def test_a_periodic_job_comes_again_when_its_time_has_passed(tools: Tools) -> None:
    notes = Notes()
    running = asyncio.create_task(schedule(tools, (Periodic(Note("tick"), every_s=60),), "one"))
    for _ in range(3):
        await asyncio.sleep(0.05)
        await notes.runner(tools).run_due()
        clock_of(tools).advance(60)
    running.cancel()
    await asyncio.wait([running])
    assert notes.words == ["tick"] * 3


async def take_role(tools: Tools, owner: str) -> bool:
    async with tools.acting(None, EVERYONE) as act:
        return await store.take_lease(act.session, name="role", owner=owner, now=act.now, lease_s=LEASE_S)


async def test_a_role_passes_on_when_its_holder_is_silent_or_gives_it_up(tools: Tools) -> None:
    assert await take_role(tools, "one")
    assert not await take_role(tools, "two")
    assert await take_role(tools, "one")
    clock_of(tools).advance(LEASE_S + 1)
    assert await take_role(tools, "two")
    assert not await take_role(tools, "one")
    async with tools.acting(None, EVERYONE) as act:
        await store.drop_leases(act.session, "two")
    assert await take_role(tools, "one")


async def test_a_job_that_was_given_up_can_be_looked_at_for_a_week(tools: Tools) -> None:
    await enqueue(tools, Note())
    await Notes(lambda: Cancel("no longer wanted")).runner(tools).run_due()
    for days, left in ((6, {"cancelled": 1}), (2, {})):
        clock_of(tools).advance(days * 86_400)
        await forget_jobs(tools, ForgetJobs())
        async with tools.reading(None, EVERYONE) as act:
            assert await store.count(act.session) == left


# --- What is given up. ---


class GivenUp:
    """Is told of what was given up; the first `fails` times that fails too."""

    def __init__(self, fails: int = 0) -> None:
        self.words: list[str] = []
        self._fails = fails

    async def __call__(self, tools: Tools, job: Note) -> None:
        if self._fails:
            self._fails -= 1
            raise OSError("nobody listens")
        self.words.append(job.word)


@pytest.mark.parametrize("fails", [0, 2])
async def test_what_has_failed_for_the_last_time_is_told_before_it_ends(tools: Tools, fails: int) -> None:
    def failing() -> Outcome:
        raise ValueError("never")

    given_up = GivenUp(fails)
    runner = Runner(tools, (Handles(Note, Notes(failing), gave_up=given_up),))
    await enqueue(tools, Note("sorry"))
    for _ in range(Note.max_attempts + fails):
        assert given_up.words == []
        await runner.run_due()
        clock_of(tools).advance(BACKOFF_S[-1])
    assert given_up.words == ["sorry"]
    assert await counts(tools) == {"failed": 1}
