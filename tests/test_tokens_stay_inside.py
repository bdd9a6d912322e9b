"""A bot's token leaves for Telegram alone: no answer, page, event, log line, message or table has it."""

from typing import Any

import httpx
from sqlalchemy import select
from structlog.testing import capture_logs

from tests.support.world import World
from tgac.bots.models import Bot
from tgac.bots.service import mark_bot_refused
from tgac.bots.tests.front import Front
from tgac.kit.queue.runner import Runner
from tgac.processes.bot import SERVICE_KINDS, take_service_update
from tgac.tables import METADATA
from tgac.wiring import HANDLES
from tgsandbox.faults import read_fault


async def everything_stored(world: World) -> str:
    """Every value of every table."""
    async with world.tools.db.engine.connect() as connection:
        rows = [list(await connection.execute(select(table))) for table in METADATA.sorted_tables]
    return repr(rows)


async def made(world: World, name: str) -> str:
    return str((await world.control("POST", "/bots", name=name.title(), username=f"{name}_bot"))["token"])


async def hear(world: World) -> None:
    token = world.tools.config.telegram_bot_token
    for one in await world.tools.telegram.get_updates(token, offset=None, timeout_s=0, allowed=SERVICE_KINDS):
        await take_service_update(world.tools, one)


async def use_everything(world: World, front: Front) -> tuple[list[str], list[httpx.Response]]:
    """Every way of a token into the product, well and badly; gives the tokens and what was answered."""
    added, listed, other = await made(world, "added"), await made(world, "listed"), await made(world, "other")
    wrong = "123456789:" + "W" * 35
    seen: list[httpx.Response] = []

    async def ask(method: str, path: str, **options: Any) -> None:
        seen.append(await front.ask(method, path, **options))

    await ask("POST", "/api/bots", json={"token": added})
    for token in (added, wrong, other[:-3], f"{other}\0"):
        await ask("POST", "/api/bots", json={"token": token})
        await ask("POST", "/bots", data={"token": token})
        await ask("POST", f"/api/bots/{world.bots[0].id}/token", json={"token": token})
        await ask("POST", f"/bots/{world.bots[0].id}/token", data={"token": token})
    await ask("POST", "/bots/import", data={"text": "\n".join([listed, added, wrong, f"{other} {other}", listed])})
    await ask("POST", "/bots/import", data={"text": "\n".join([other] * 501)})
    await ask("POST", "/api/bots/import", json={"text": other, "more": other})
    seen.append(await front.ask("POST", "/api/bots/managed", json={"username": "given_bot"}))
    owner = {"manager_id": world.service_bot["id"], "owner_id": world.telegram_ids["anna"]}
    managed = await world.control("POST", "/managed", **owner, name="Given", username="given_bot")
    await hear(world)
    for _turn in range(4):
        await Runner(world.tools, HANDLES).run_due()
        world.clock.advance(3)
    fresh = await world.control("POST", f"/bots/{world.bots[0].telegram_id}/revoke")
    await ask("POST", f"/bots/{world.bots[0].id}/healthcheck")
    await ask("POST", f"/api/bots/{world.bots[0].id}/token", json={"token": fresh["token"]})
    world.sandbox.endpoint.faults.add(read_fault({"kind": "http", "method": "getMe", "value": 502}))
    await ask("POST", f"/api/bots/{world.bots[0].id}/healthcheck")
    return [added, listed, other, wrong, managed["token"], fresh["token"], *world.tokens], seen


async def test_no_token_is_told_or_kept_in_the_clear(world: World) -> None:
    await world.control("PUT", f"/bots/{world.service_bot['id']}", can_manage_bots=True)
    path = f"/private/{world.service_bot['id']}/{world.telegram_ids['anna']}/messages"
    await world.control("POST", path, text="/help")
    front = Front(world)
    with capture_logs() as lines:
        tokens, seen = await use_everything(world, front)
        async with world.tools.acting(None, world.project_id) as act:
            ids = list(await act.session.scalars(select(Bot.id)))
            await mark_bot_refused(act, ids[0], "Unauthorized")
        for bot_id in ids:
            seen += [await front.ask("GET", f"/bots/{bot_id}"), await front.ask("GET", f"/api/bots/{bot_id}")]
        for address in ("/bots", "/api/bots", "/bots/managed", "/api/bots/managed", "/bots/imports/1"):
            seen.append(await front.ask("GET", address))
        seen.append(await front.ask("GET", "/api/bots/imports/1"))
    assert len(ids) == 4, "added, listed and given, beside the first"
    assert sum(answer.status_code < 400 for answer in seen) > 12, "most of it really happened"
    said = repr(await world.control("GET", path))
    stored, logged = await everything_stored(world), repr(lines)
    told = "".join(answer.text + repr(answer.headers) for answer in seen)
    for token in tokens:
        secret = token.partition(":")[2]
        assert secret not in stored
        assert secret not in told
        assert secret not in logged
        assert secret not in said
