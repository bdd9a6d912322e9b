"""The queue's statements: the only raw SQL of the project. Everything goes in batches.

A job that is done is deleted; what failed or was cancelled stays for people. A claimed job carries a lease: when its
worker dies, the lease ends and the job is open again. Handlers are written so that running twice does no harm.
What a worker asks again and again takes a bare connection (`Database.queueing`), what belongs to an act its session.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tgac.kit.db.types import Json, UtcDateTime
from tgac.kit.queue.jobs import Job, Lane


@dataclass(frozen=True)
class NewJob:
    """A job about to be enqueued."""

    job: Job
    run_after: datetime
    key: str | None


@dataclass(frozen=True)
class Claimed:
    """A job that this worker holds until its lease ends; `attempts` counts this one."""

    id: int
    kind: str
    payload: dict[str, Any]
    attempts: int


def _sql(statement: str, *moments: str) -> Any:
    return text(statement).bindparams(*(bindparam(name, type_=UtcDateTime) for name in moments))


_ADD = _sql(
    "INSERT INTO jobs (kind, payload, key, status, priority, run_after, attempts, created_at)"
    " VALUES (:kind, :payload, :key, 'open', :priority, :run_after, 0, :now)"
    " ON CONFLICT (key) WHERE status IN ('open', 'running') DO NOTHING",
    "run_after",
    "now",
).bindparams(bindparam("payload", type_=Json))
_CLAIM_IN = (
    "UPDATE jobs SET status = 'running', owner = :owner, lease_until = :until, attempts = attempts + 1"
    " WHERE id IN (SELECT id FROM jobs WHERE status = 'open' AND priority = :priority AND run_after <= :now"
    " ORDER BY run_after, id LIMIT :n{lock}) RETURNING id, kind, payload, attempts"
)
_CLAIM = {
    dialect: _sql(_CLAIM_IN.replace("{lock}", lock), "until", "now").columns(payload=Json)
    for dialect, lock in (("sqlite", ""), ("postgresql", " FOR UPDATE SKIP LOCKED"))
}
_RELEASE = _sql(
    "UPDATE jobs SET status = 'open', owner = NULL, lease_until = NULL WHERE status = 'running' AND lease_until < :now",
    "now",
)
_RENEW = _sql(
    "UPDATE jobs SET lease_until = :until WHERE status = 'running' AND owner = :owner AND id IN :ids", "until"
).bindparams(bindparam("ids", expanding=True))
_DONE = text("DELETE FROM jobs WHERE id = :id AND owner = :owner AND status = 'running'")
_AGAIN = _sql(
    "UPDATE jobs SET status = 'open', owner = NULL, lease_until = NULL, run_after = :run_after,"
    " attempts = :attempts, error = :error WHERE id = :id AND owner = :owner AND status = 'running'",
    "run_after",
)
_END = text(
    "UPDATE jobs SET status = :status, owner = NULL, lease_until = NULL, error = :error"
    " WHERE id = :id AND owner = :owner AND status = 'running'"
)
_LEASE = _sql(
    "INSERT INTO leases (name, owner, until) VALUES (:name, :owner, :until)"
    " ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until"
    " WHERE leases.owner = excluded.owner OR leases.until < :now RETURNING owner",
    "until",
    "now",
)
_FORGET_JOBS = _sql("DELETE FROM jobs WHERE status IN ('failed', 'cancelled') AND run_after < :before", "before")
_FORGET_LEASES = _sql("DELETE FROM leases WHERE until < :before", "before")
_OF_PROJECT = "CAST(payload ->> 'project_id' AS BIGINT) = :project_id"
_DROP = text(f"DELETE FROM jobs WHERE status = 'open' AND {_OF_PROJECT}")  # noqa: S608
_RUNNING = text(f"SELECT count(*) FROM jobs WHERE status = 'running' AND {_OF_PROJECT}")  # noqa: S608
_KEEP = _sql("UPDATE leases SET until = :until WHERE owner = :owner RETURNING name", "until")
_EARLIEST_IN = "(SELECT min(run_after) FROM jobs WHERE status = 'open' AND priority = {lane}) AS lane_{lane}"
_EARLIEST = text("SELECT " + ", ".join(_EARLIEST_IN.replace("{lane}", str(int(lane))) for lane in Lane)).columns(
    **{f"lane_{int(lane)}": UtcDateTime for lane in Lane}
)
"""One statement for all lanes, each by its own end of the index: most looks at the queue find nothing."""


async def add(session: AsyncSession, jobs: Sequence[NewJob], now: datetime) -> None:
    """Enqueue in the caller's transaction. A key that is open or running already is left alone."""
    rows = [
        {
            "kind": new.job.kind,
            "payload": new.job.payload(),
            "key": new.key,
            "priority": int(new.job.lane),
            "run_after": new.run_after,
            "now": now,
        }
        for new in jobs
    ]
    connection = await session.connection()
    await connection.execute(_ADD, rows)
    if connection.dialect.name == "postgresql":
        await connection.execute(text("NOTIFY tgac_jobs"))


def claim(
    connection: Connection, *, owner: str, lanes: Sequence[Lane], n: int, now: datetime, lease_s: float
) -> list[Claimed]:
    """Take up to `n` jobs of these lanes that are due, the most urgent lane first."""
    given = {"owner": owner, "until": now + timedelta(seconds=lease_s), "now": now}
    earliest = _earliest(connection)
    claimed: list[Claimed] = []
    for lane in lanes:
        if len(claimed) < n and lane in earliest and earliest[lane] <= now:
            room = {"priority": int(lane), "n": n - len(claimed)}
            found = connection.execute(_CLAIM[connection.dialect.name], given | room)
            claimed += [Claimed(row.id, row.kind, row.payload, row.attempts) for row in found]
    return claimed


async def next_moment(session: AsyncSession, lanes: Sequence[Lane]) -> datetime | None:
    """When the earliest open job of these lanes is due."""
    return await (await session.connection()).run_sync(moment_of, lanes)


def moment_of(connection: Connection, lanes: Sequence[Lane]) -> datetime | None:
    """`next_moment` for whoever has a connection and no session: it is asked again and again."""
    earliest = _earliest(connection)
    return min((earliest[lane] for lane in lanes if lane in earliest), default=None)


def _earliest(connection: Connection) -> dict[Lane, datetime]:
    """When the first open job of each lane is due; lanes without one are left out."""
    row = connection.execute(_EARLIEST).one()
    return {lane: moment for lane, moment in zip(Lane, row, strict=True) if moment is not None}


def release_lost(connection: Connection, now: datetime) -> int:
    """Open again what a dead worker held; returns how many."""
    return int(connection.execute(_RELEASE, {"now": now}).rowcount)


def renew(connection: Connection, held: Iterable[int], *, owner: str, until: datetime) -> None:
    """Hold on to what this worker runs, and to nothing else that stands under its name.

    A claim whose commit succeeded while its answer was lost leaves jobs that nobody runs: they must become open again.
    """
    connection.execute(_RENEW, {"owner": owner, "until": until, "ids": list(held)})


@dataclass(frozen=True)
class Again:
    """Open once more at `run_after`, with so many attempts on the count."""

    id: int
    run_after: datetime
    attempts: int
    error: str | None = None


@dataclass(frozen=True)
class Ended:
    """Over: `status` is `failed` or `cancelled`."""

    id: int
    status: str
    error: str


def settle(
    connection: Connection, *, owner: str, done: Iterable[int], again: Iterable[Again], ended: Iterable[Ended]
) -> None:
    """Write what became of claimed jobs; one that this worker no longer holds is left alone."""
    batches: list[tuple[Any, list[dict[str, Any]]]] = [
        (_DONE, [{"id": number} for number in done]),
        (_AGAIN, [vars(one) for one in again]),
        (_END, [vars(one) for one in ended]),
    ]
    for statement, rows in batches:
        if rows:
            connection.execute(statement, [row | {"owner": owner} for row in rows])


async def take_lease(session: AsyncSession, *, name: str, owner: str, now: datetime, lease_s: float) -> bool:
    """Take or keep a role for `lease_s` seconds; False when another holds it."""
    found = await (await session.connection()).execute(
        _LEASE, {"name": name, "owner": owner, "until": now + timedelta(seconds=lease_s), "now": now}
    )
    return found.scalar() == owner


async def forget(session: AsyncSession, before: datetime) -> None:
    """Drop jobs that ended badly and roles that nobody has kept since `before`."""
    connection = await session.connection()
    for statement in (_FORGET_JOBS, _FORGET_LEASES):
        await connection.execute(statement, {"before": before})


async def drop_of_project(session: AsyncSession, project_id: int) -> int:
    """Drop the open jobs whose payload names this project; gives how many are running at this moment."""
    connection = await session.connection()
    await connection.execute(_DROP, {"project_id": project_id})
    return int((await connection.execute(_RUNNING, {"project_id": project_id})).scalar_one())


async def keep_leases(session: AsyncSession, *, owner: str, now: datetime, lease_s: float) -> set[str]:
    """Keep every role that this process holds for another `lease_s` seconds; gives their names."""
    connection = await session.connection()
    found = await connection.execute(_KEEP, {"owner": owner, "until": now + timedelta(seconds=lease_s)})
    return set(found.scalars())


async def drop_leases(session: AsyncSession, owner: str) -> None:
    """Give up every role that this process holds."""
    await (await session.connection()).execute(text("DELETE FROM leases WHERE owner = :owner"), {"owner": owner})


async def count(session: AsyncSession) -> dict[str, int]:
    """How many jobs are in each status."""
    found = await (await session.connection()).execute(text("SELECT status, count(*) AS n FROM jobs GROUP BY status"))
    return {row.status: row.n for row in found}
