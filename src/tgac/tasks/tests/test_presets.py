"""Presets: named values that hold where a task's document has none."""

from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.world import World

from tgac.comments.orders import config_of
from tgac.comments.tests.hands import the_comment
from tgac.kit.errors import Conflict, Invalid, Refused
from tgac.tasks import presets_api
from tgac.tasks.config import PRESETS, Preset, TaskConfig, filled
from tgac.tasks.models import Task
from tgac.tasks.presets import ROOM, change_preset, create_preset, delete_preset
from tgac.tasks.presets_web import form_of, values_of
from tgac.tasks.tests.desk import Desk

NIGHTLY: dict[str, Any] = {
    "delay": {"min_s": 600, "max_s": 600},
    "quiet_hours": {"from": "23:00", "to": "08:00"},
    "per_channel_hour": 2,
    "pause_s": 30,
    "ramp_up_days": 0,
}


class Bench(Desk):
    """The desk with the presets' own routes."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.app.include_router(presets_api.router)


def test_a_preset_fills_in_what_a_document_leaves_open_and_nothing_else() -> None:
    own = {"Nightly": Preset.model_validate(NIGHTLY)}
    document = TaskConfig().dump()
    document["timing"] |= {"preset": "Nightly", "expire_after_s": 60}
    document["limits"] |= {"per_channel_hour": 9}
    config = TaskConfig.model_validate(filled(document, own))
    assert (config.timing.window.min_s, config.timing.expiry_s) == (600, 60)
    assert config.timing.quiet_hours == own["Nightly"].quiet_hours
    assert (config.limits.per_channel_hour, config.limits.pause_s, config.limits.per_post) == (9, 30, 1)


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_presets_of_every_project_hold_as_they_say(name: str) -> None:
    config = config_of({"timing": {"preset": name}}, {})
    assert config is not None
    one = PRESETS[name]
    assert config.timing.window == one.delay
    assert {key: getattr(config.limits, key) for key in ("per_bot_day", "pause_s", "ramp_up_days")} == {
        key: getattr(one, key) for key in ("per_bot_day", "pause_s", "ramp_up_days")
    }


@pytest.mark.parametrize("document", [{"timing": []}, {"timing": {"preset": ["safe"]}}, {"timing": {"preset": "gone"}}])
def test_what_cannot_be_read_is_no_order(document: dict[str, Any]) -> None:
    assert config_of(document, {}) is None


async def test_a_task_goes_by_a_preset_of_its_project(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        await create_preset(act, "Nightly", NIGHTLY)
    await world.add_task(timing={"preset": "Nightly"})
    await world.post()
    await world.work()
    comment = await the_comment(world)
    assert comment.decision["delay"] == {"min_s": 600, "max_s": 600}
    assert comment.decision["quiet_hours"] == {"from": "23:00", "to": "08:00"}
    assert comment.decision["limits"]["per_channel_hour"] == 2
    await world.wait(600)
    assert len(await world.said()) == 1


async def test_a_changed_presets_limits_hold_at_once(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        preset = await create_preset(act, "Nightly", NIGHTLY)
    await world.add_task(timing={"preset": "Nightly"})
    await world.post("One")
    await world.post("Two")
    await world.work()
    async with world.tools.acting(world.anna, world.project_id) as act:
        await change_preset(act, preset.id, values=NIGHTLY | {"per_channel_hour": 1})
    await world.wait(600)
    assert sorted((one.state, one.reason) for one in await world.comments()) == [
        ("planned", "limit_channel_hour"),
        ("sent", "sent"),
    ]


async def test_a_preset_in_use_is_neither_deleted_nor_renamed(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        preset = await create_preset(act, "Nightly", NIGHTLY)
    task_id = await world.add_task(timing={"preset": "Nightly"})
    for verb in (delete_preset, lambda act, number: change_preset(act, number, name="Daily")):
        with pytest.raises(Conflict, match="Welcome") as refused:
            async with world.tools.acting(world.anna, world.project_id) as act:
                await verb(act, preset.id)
        assert refused.value.code == "preset_used"
    async with world.tools.acting(world.anna, world.project_id) as act:
        task = await act.session.get_one(Task, task_id)
        task.config = task.config | {"timing": {}}
    async with world.tools.acting(world.anna, world.project_id) as act:
        await delete_preset(act, preset.id)


async def test_names_and_values_that_do_not_fit_are_refused_with_their_field(world: World) -> None:
    wrong: list[tuple[str, Any, str]] = [
        ("", NIGHTLY, "name"),
        ("x" * 41, NIGHTLY, "name"),
        ("Safe", NIGHTLY, "name"),
        ("own", NIGHTLY, "name"),
        ("Nightly", {}, "values.delay"),
        ("Nightly", NIGHTLY | {"per_bot_day": 0}, "values.per_bot_day"),
        ("Nightly", NIGHTLY | {"moon": 1}, "values.moon"),
    ]
    for name, values, field in wrong:
        with pytest.raises((Invalid, Conflict)) as refused:
            async with world.tools.acting(world.anna, world.project_id) as act:
                await create_preset(act, name, values)
        assert field in {refused.value.field, *refused.value.fields}
    with pytest.raises(Refused):
        async with world.tools.acting(world.people["boris"], world.project_id) as act:
            await create_preset(act, "Nightly", NIGHTLY)


async def test_a_task_cannot_name_a_preset_that_is_not_there(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        await world.add_task(timing={"preset": "Nightly"})
    assert "config.timing.preset" in {refused.value.field, *refused.value.fields}


async def test_the_api_tells_all_presets_and_who_goes_by_them(world: World) -> None:
    bench = Bench(world)
    made = await bench.data("POST", "/presets", json={"name": "Nightly", "values": NIGHTLY})
    await world.add_task(timing={"preset": "Nightly"})
    items = (await bench.data("GET", "/presets"))["items"]
    assert [(one["id"], one["name"]) for one in items] == [
        (None, "safe"),
        (None, "balanced"),
        (None, "boost"),
        (made["id"], "Nightly"),
    ]
    assert items[3]["tasks"] == ["Welcome"]
    assert items[3]["values"] == Preset.model_validate(NIGHTLY).model_dump(mode="json")


def test_the_form_speaks_in_the_units_of_the_task_editor_and_means_what_it_shows() -> None:
    preset = Preset.model_validate(NIGHTLY | {"expire_after_s": 5400, "per_channel_day": 9})
    shown = form_of("Nightly", preset).values
    assert (shown["delay.min_s"], shown["delay_unit"], shown["expire_after_s"]) == ("10", "min", "90")
    sent = {name: "" if value is None else str(value) for name, value in shown.items()}
    assert Preset.model_validate(values_of(sent)) == preset
    with pytest.raises(ValidationError):
        Preset.model_validate(values_of(sent | {"delay.min_s": "ten"}))


async def test_a_project_has_only_so_many_presets_of_its_own(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        for n in range(ROOM):
            await create_preset(act, f"Preset {n}", NIGHTLY)
        with pytest.raises(Conflict) as refused:
            await create_preset(act, "One more", NIGHTLY)
    assert refused.value.code == "no_room"
