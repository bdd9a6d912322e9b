"""Presets: named values that hold where a task's document has none."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from tests.support.world import World, a_world

from tgac.comments.limits import grown_caps
from tgac.comments.orders import config_of
from tgac.comments.tests.hands import the_comment
from tgac.journal.models import Event
from tgac.kit.errors import Conflict, Invalid, Refused
from tgac.settings.service import Holding
from tgac.tasks import presets_api
from tgac.tasks.config import EVERY_DAY, PRESETS, Limits, Preset, TaskConfig, WaitFor, check_config, filled
from tgac.tasks.draft_preset import form_of, values_of
from tgac.tasks.models import Task
from tgac.tasks.presets import ROOM, change_preset, create_preset, delete_preset
from tgac.tasks.queries import find_task
from tgac.tasks.service import change_task
from tgac.tasks.tests.desk import Desk
from tgac.wiring import include

NIGHTLY: dict[str, Any] = {
    "delay": {"min_s": 600, "max_s": 600},
    "quiet_hours": {"from": "23:00", "to": "08:00"},
    "per_channel_hour": 2,
    "pause_s": 30,
    "ramp_up_days": 0,
}
EVERYTHING: dict[str, Any] = {
    "delay": {"min_s": 60, "max_s": 90},
    "quiet_hours": {"from": "23:00", "to": "08:00"},
    "expire_after_s": 600,
    "typing": True,
    "wait_for": {"reader_comments": 3, "silence_s": 60, "question": True, "deadline_s": 900, "otherwise": "skip"},
    "weekdays": [5, 6],
    "share": 0.25,
    "per_post": 2,
    "per_post_together": 3,
    "threads_per_bot": 4,
    "per_channel_hour": 5,
    "per_channel_day": 6,
    "per_bot_hour": 7,
    "per_bot_day": 8,
    "pause_s": 9,
    "ramp_up_days": 10,
}
"""A preset that says otherwise than the usual one wherever it can."""
GOOD: dict[str, Any] = {"content": {"variants": [{"text": "Hi"}]}}
LIFTABLE: dict[str, tuple[str, ...]] = {
    "timing": ("quiet_hours",),
    "limits": (
        "per_channel_hour", "per_channel_day", "per_bot_hour", "per_bot_day", "per_post_together", "threads_per_bot",
    ),
}  # fmt: skip


class Bench(Desk):
    """The desk with the presets' own routes."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        include(self.app, presets_api.router)


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
    assert Preset.model_validate(values_of(shown, ())) == preset
    with pytest.raises(ValidationError):
        Preset.model_validate(values_of(shown | {"delay.min_s": "ten"}, ()))


def test_the_form_of_a_preset_carries_every_value_there_and_back() -> None:
    """Every value is another than the default, so that none can be forgotten."""
    preset = Preset.model_validate(EVERYTHING)
    usual = Preset.model_validate({"delay": NIGHTLY["delay"]})
    assert [name for name in Preset.model_fields if getattr(preset, name) == getattr(usual, name)] == []
    form = form_of("Nightly", preset)
    assert Preset.model_validate(values_of(form.values, form.ticks or ())) == preset


def test_a_task_can_leave_open_whatever_a_preset_can_say() -> None:
    open_document = TaskConfig().dump()
    document = open_document | {"timing": open_document["timing"] | {"preset": "All"}}
    config = TaskConfig.model_validate(filled(document, {"All": Preset.model_validate(EVERYTHING)}))
    assert (config.timing.types, config.timing.awaits.reader_comments) == (True, 3)
    assert (config.filter.days, config.filter.part) == ((5, 6), 0.25)
    said = config.limits.model_dump()
    assert said == {name: EVERYTHING[name] for name in said}


def test_what_a_task_lifts_does_not_hold_whatever_its_preset_says() -> None:
    lifted = [f"{part}.{name}" for part, names in LIFTABLE.items() for name in names]
    document = TaskConfig().dump() | {"timing": {"preset": "All"}, "lifts": lifted}
    own = {"All": Preset.model_validate(EVERYTHING)}
    held = filled(filled(document, own), own)
    config = TaskConfig.model_validate(held)
    assert config.timing.quiet_hours is None
    left = {name for name, value in config.limits.model_dump().items() if value is not None}
    assert left == set(Limits.model_fields) - set(LIFTABLE["limits"]) == {"per_post", "pause_s", "ramp_up_days"}


@pytest.mark.parametrize("path", [f"{part}.{name}" for part, names in LIFTABLE.items() for name in names])
def test_a_value_and_its_lifting_do_not_go_together(path: str) -> None:
    part, _dot, name = path.partition(".")
    value = EVERYTHING[name]
    with pytest.raises(Invalid) as refused:
        check_config(GOOD | {part: {name: value}, "lifts": [path]})
    assert set(refused.value.fields) == {path}


@pytest.mark.parametrize("lifts", ["timing.quiet_hours", ["timing.delay"], [["limits.per_bot_day"]], 5, {"limits": 1}])
def test_what_cannot_be_lifted_is_refused_also_with_a_preset_of_ones_own(lifts: object) -> None:
    document = GOOD | {"timing": {"preset": "All"}, "lifts": lifts}
    with pytest.raises(ValidationError, match="lifts"):
        TaskConfig.model_validate(filled(document, {"All": Preset.model_validate(EVERYTHING)}))


async def test_saving_what_means_the_same_makes_no_version(world: World) -> None:
    """A document of an older release has not every key, and what is lifted comes in any order."""
    task_id = await world.add_task()
    lifts = ["timing.quiet_hours", "limits.per_bot_day"]
    async with world.tools.acting(world.anna, world.project_id) as act:
        task = await find_task(act, task_id)
        task.config = {key: value for key, value in task.config.items() if key != "lifts"}
        assert (await change_task(act, task_id, name=task.name)).version == 1
        assert (await change_task(act, task_id, config=task.config)).version == 1
        assert (await change_task(act, task_id, config=task.config | {"lifts": lifts})).version == 2
        assert (await change_task(act, task_id, config=task.config | {"lifts": lifts[::-1]})).version == 2
    async with world.tools.reading(world.anna, world.project_id) as act:
        told = (await act.session.scalars(select(Event).where(Event.kind == "task_changed"))).one()
        assert told.data["changes"] == {"lifts": [[], lifts]}


async def test_a_task_that_lifts_quiet_hours_and_a_cap_writes_through_the_night(world: World) -> None:
    """The preset lets one comment an hour leave, and none at any time of the day but one."""
    hours = {"quiet_hours": {"from": "00:01", "to": "00:00"}, "per_channel_hour": 1, "pause_s": 0}
    async with world.tools.acting(world.anna, world.project_id) as act:
        await create_preset(act, "Nightly", NIGHTLY | hours)
    lifts = ["timing.quiet_hours", "limits.per_channel_hour"]
    await world.add_task(timing={"preset": "Nightly"}, lifts=lifts)
    for number in range(2):
        await world.post(f"Post {number}")
        await world.work()
        await world.wait(700)
    assert [comment.state for comment in await world.comments()] == ["sent", "sent"]


@pytest.mark.parametrize("name", [*PRESETS, "All"])
def test_a_document_of_an_older_release_means_what_it_meant(name: str) -> None:
    """It says all of this itself, as every document did that was written before presets could say it."""
    older = TaskConfig().dump()
    older["timing"] |= {"preset": name, "typing": False, "wait_for": WaitFor().model_dump(mode="json")}
    older["filter"] |= {"weekdays": [0, 1, 2, 3, 4, 5, 6], "share": 1.0}
    older["limits"] |= {"per_post": 1}
    for key in ("per_post_together", "threads_per_bot"):
        del older["limits"][key]
    presets = {"All": Preset.model_validate(EVERYTHING | {"per_post_together": None, "threads_per_bot": None})}
    config = config_of(older, presets)
    assert config is not None
    assert (config.timing.types, config.timing.awaits.is_on, config.limits.times) == (False, False, 1)
    assert (config.filter.days, config.filter.part) == (EVERY_DAY, 1)
    assert (config.limits.per_post_together, config.limits.threads_per_bot) == (None, None)


async def test_a_presets_weekdays_and_wait_hold_for_a_post(world: World) -> None:
    """The world's first day is a Sunday."""
    async with world.tools.acting(world.anna, world.project_id) as act:
        preset = await create_preset(act, "Nightly", NIGHTLY | {"weekdays": [0], "wait_for": {"reader_comments": 2}})
    await world.add_task(timing={"preset": "Nightly"})
    await world.post()
    await world.work()
    assert (await the_comment(world)).reason == "filter_weekday"
    async with world.tools.acting(world.anna, world.project_id) as act:
        await change_preset(act, preset.id, values=preset.values | {"weekdays": [6], "per_post_together": 1})
    await world.post("Another")
    await world.work()
    later = (await world.comments())[-1]
    assert later.decision["wait_for"]["reader_comments"] == 2
    assert later.wait_until is not None


async def test_a_presets_wait_that_can_never_end_is_refused_with_its_field(world: World) -> None:
    for wait, field in (({"deadline_s": 0}, "deadline_s"), ({"silence_s": 9000}, "silence_s")):
        with pytest.raises(Invalid) as refused:
            async with world.tools.acting(world.anna, world.project_id) as act:
                await create_preset(act, "Nightly", NIGHTLY | {"wait_for": {"reader_comments": 1} | wait})
        assert f"values.wait_for.{field}" in refused.value.fields


async def test_a_project_has_only_so_many_presets_of_its_own(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        for n in range(ROOM):
            await create_preset(act, f"Preset {n}", NIGHTLY)
        with pytest.raises(Conflict) as refused:
            await create_preset(act, "One more", NIGHTLY)
    assert refused.value.code == "no_room"


def test_a_task_makes_the_limits_of_its_project_smaller_and_never_larger() -> None:
    holding = Holding(3, None, None, 5, 0, 0, "balanced", 1, "UTC", None)
    most = [
        {one.code: one.most for one in grown_caps(Limits(threads_per_bot=threads), holding)}["limit_threads"]
        for threads in (None, 3, 9)
    ]
    assert most == [5, 3, 5]


async def test_a_comment_steps_back_where_its_task_wants_fewer_under_a_post_than_the_project(
    database: str, tmp_path: Path
) -> None:
    async with a_world(database, tmp_path, comment_collision_limit_per_post=3) as world:
        first = await world.add_task("Rules", limits={"per_post": 2})
        async with world.tools.acting(world.anna, world.project_id) as act:
            await change_task(act, first, name="First")
        await world.add_task("Another", limits={"per_post_together": 2})
        await world.post()
        await world.work()
        comments = await world.comments()
    assert [one.reason for one in comments if one.state == "skipped"] == ["collision"]
    assert next(one.decision["limit"] for one in comments if one.state == "skipped") == 2
