"""The figures of a task: what became of its posts, by state, bot, channel, variant and day."""

from datetime import timedelta

from tests.support.world import World

from tgac.panel import task_stats
from tgac.tasks.tests.desk import Desk
from tgac.wiring import include


def the_desk(world: World) -> Desk:
    desk = Desk(world)
    include(desk.app, task_stats.router)
    return desk


async def test_the_figures_count_what_was_written_and_what_was_not(world: World) -> None:
    desk = the_desk(world)
    task_id = await world.add_task(filter={"no_words": ["ads"]})
    for text in ("One", "Two", "ads"):
        await world.post(text)
        await world.work()
        await world.work()
    world.clock.advance(timedelta(days=1).total_seconds())
    told = await desk.data("GET", f"/tasks/{task_id}/stats")
    bot, channel = world.bots[0], world.places[0].row
    assert (told["total"], told["by_state"]) == (3, {"sent": 2, "skipped": 1})
    assert told["by_bot"] == [{"id": bot.id, "name": "city_bot", "total": 2, "sent": 2}]
    assert told["by_channel"] == [{"id": channel.id, "name": "City news", "total": 3, "sent": 2}]
    assert told["by_variant"] == [{"id": None, "name": "A", "total": 2, "sent": 2}]
    assert [(day["total"], day["sent"]) for day in told["days"]] == [(0, 0)] * 12 + [(3, 2), (0, 0)]


async def test_the_page_shows_them_and_the_tasks_page_asks_for_them(world: World) -> None:
    desk = the_desk(world)
    task_id = await world.add_task()
    shown = (await desk.ask("GET", f"/tasks/{task_id}/stats", "boris")).text
    assert "This task has decided about no post yet." in shown
    await world.post("One")
    await world.work()
    await world.work()
    assert "<bdi>city_bot</bdi>" in (await desk.ask("GET", f"/tasks/{task_id}/stats")).text
    assert (
        f'hx-get="/projects/{world.project_id}/tasks/{task_id}/stats"'
        in (await desk.ask("GET", f"/tasks/{task_id}")).text
    )
    assert (await desk.ask("GET", f"/api/tasks/{task_id}/stats", "vera")).status_code == 404
    assert await desk.error("GET", f"/tasks/{task_id}/stats?days=0") == (422, "invalid", "days")
