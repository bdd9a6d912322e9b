"""Playlists: what goes in and out, what a list says of each line, and who may."""

import re
from typing import Any

import pytest
from tests.support.world import World

from tgac.channels.models import Channel
from tgac.channels.playlists import MAX_CHANNELS
from tgac.tasks.tests.desk import Desk


async def add_channels(world: World, count: int) -> list[int]:
    """So many more channels, as rows alone."""
    async with world.tools.acting(world.anna, world.project_id) as act:
        made = [
            Channel(
                telegram_id=-1007000000000 - n, title=f"Town {n}", username=f"town_{n}", group_id=-1008000000000 - n,
                group_title=f"Talk {n}", claimed_by=world.anna.user_id, checked_at=act.now, created_at=act.now,
            )
            for n in range(count)
        ]  # fmt: skip
        act.session.add_all(made)
        await act.flush()
        return [one.id for one in made]


async def create(desk: Desk, name: str = "Cities", *channel_ids: int) -> Any:
    return await desk.data("POST", "/playlists", json={"name": name, "channel_ids": channel_ids})


async def test_a_playlist_is_made_renamed_copied_and_deleted(world: World) -> None:
    desk, channel = Desk(world), world.places[0].row.id
    made = await create(desk, " Cities  here ", channel)
    assert (made["name"], made["channels"], made["channel_ids"]) == ("Cities here", 1, [channel])
    path = f"/playlists/{made['id']}"
    assert (await desk.data("PUT", path, json={"name": "Cities"}))["name"] == "Cities"
    copy = await desk.data("POST", f"{path}/duplicate")
    assert (copy["name"], copy["channel_ids"]) == ("Cities (copy)", [channel])
    assert [one["name"] for one in (await desk.data("GET", "/playlists?q=copy"))["items"]] == ["Cities (copy)"]
    await desk.data("DELETE", path)
    assert (await desk.error("GET", path))[:2] == (404, "not_found")
    assert [one["channels"] for one in (await desk.data("GET", "/playlists"))["items"]] == [1]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"name": " "}, (422, "invalid", "name")),
        ({"name": "n" * 101}, (422, "invalid", "name")),
        ({"name": "Cities"}, (409, "name_taken", "name")),
        ({"name": "B", "channel_ids": [987654]}, (422, "no_such_channel", "channel_ids")),
        ({"name": "B", "channel_ids": ["1"]}, (422, "invalid", "channel_ids.0")),
        ({"name": "B", "colour": "red"}, (422, "invalid", "colour")),
    ],
)
async def test_what_does_not_fit_is_refused_by_field(
    world: World, body: dict[str, Any], told: tuple[int, str, str]
) -> None:
    desk = Desk(world)
    await create(desk)
    assert await desk.error("POST", "/playlists", json=body) == told
    assert len((await desk.data("GET", "/playlists"))["items"]) == 1


async def test_channels_go_in_and_out_and_a_repeat_changes_nothing(world: World) -> None:
    desk = Desk(world)
    one, two, three = await add_channels(world, 3)
    foreign, _bot = await desk.a_row_elsewhere()
    path = f"/playlists/{(await create(desk, 'Cities', one))['id']}"
    body = {"add": [one, two, foreign], "remove": [three]}
    told = await desk.data("POST", f"{path}/assign_channels", json=body)
    left_out = {
        "channel_id": foreign, "reason": "no_such_channel", "message": "There is no such channel in this project.",
    }  # fmt: skip
    assert told == {"added": [two], "removed": [], "known": [one, three], "left_out": [left_out]}
    again = await desk.data("POST", f"{path}/assign_channels", json={"add": [two], "remove": [one]})
    assert (again["added"], again["removed"], again["known"]) == ([], [one], [two])
    assert (await desk.data("GET", path))["channel_ids"] == [two]
    both = {"add": [one], "remove": [one]}
    assert await desk.error("POST", f"{path}/assign_channels", json=both) == (422, "invalid", "add")


async def test_all_that_match_go_in_and_out(world: World) -> None:
    desk = Desk(world)
    towns = await add_channels(world, 12)
    path = f"/playlists/{(await create(desk))['id']}"
    await desk.data("POST", f"{path}/assign_channels", json={"add_matching": {"q": "town_"}})
    assert (await desk.data("GET", path))["channel_ids"] == towns
    found = await desk.data("GET", f"/channels?q=Town 1&playlist_id={path.rpartition('/')[2]}")
    assert [one["title"] for one in found["items"]] == ["Town 11", "Town 10", "Town 1"]
    assert [one["name"] for one in found["items"][0]["playlists"]] == ["Cities"]
    await desk.data("POST", f"{path}/assign_channels", json={"remove_matching": {"q": "Town 1"}})
    assert (await desk.data("GET", path))["channels"] == 9


async def test_a_list_says_what_became_of_each_line(world: World) -> None:
    desk, place = Desk(world), world.places[0]
    one, _two = await add_channels(world, 2)
    path = f"/playlists/{(await create(desk, 'Cities', one))['id']}/import"
    lines = ["# mine", "@city_news", "", f"https://t.me/CITY_NEWS/7\r\n{place.id}", "@town_0", "Town!", "@nowhere"]
    told = (await desk.data("POST", path, json={"text": "\n".join(lines)}))["lines"]
    assert [(line["line"], line["outcome"]) for line in told] == [
        (2, "added"), (4, "known"), (5, "known"), (6, "known"), (7, "bad"), (8, "bad"),
    ]  # fmt: skip
    assert told[-1]["message"] == "This channel is not in the project. Connect it first."
    again = (await desk.data("POST", path, json={"text": "@city_news"}))["lines"]
    assert [line["outcome"] for line in again] == ["known"]
    long = "\n".join(["@a_town"] * (MAX_CHANNELS + 1))
    assert await desk.error("POST", path, json={"text": long}) == (422, "too_many_lines", "text")


async def test_boris_may_look_and_vera_sees_nothing(world: World) -> None:
    desk = Desk(world)
    path = f"/playlists/{(await create(desk))['id']}"
    doing: list[tuple[str, str, Any]] = [
        ("POST", "/playlists", {"name": "B"}),
        ("PUT", path, {"name": "B"}),
        ("POST", f"{path}/assign_channels", {"add": []}),
        ("POST", f"{path}/import", {"text": "@a_town"}),
        ("POST", f"{path}/duplicate", None),
        ("DELETE", path, None),
    ]
    for method, where, body in doing:
        assert (await desk.error(method, where, "boris", json=body))[:2] == (403, "refused")
        assert (await desk.error(method, where, "vera", json=body))[:2] == (404, "not_found")
    for where in ("/playlists", path):
        for root in ("", "/api"):
            assert (await desk.ask("GET", f"{root}{where}", "boris")).status_code == 200
            assert (await desk.ask("GET", f"{root}{where}", "vera")).status_code == 404
    assert "<form" not in (await desk.ask("GET", path, "boris")).text.partition('id="main"')[2]


async def test_a_removed_channel_is_in_no_playlist(world: World) -> None:
    desk, channel = Desk(world), world.places[0].row.id
    made = await create(desk, "Cities", channel)
    await desk.data("DELETE", f"/channels/{channel}")
    assert (await desk.data("GET", f"/playlists/{made['id']}"))["channel_ids"] == []


async def test_the_pages_put_in_and_take_out_what_is_ticked(world: World) -> None:
    desk = Desk(world)
    towns = await add_channels(world, 60)
    made = await desk.ask("POST", "/playlists", data={"name": "Cities"})
    assert made.status_code == 303
    where = re.sub(r"^/projects/\d+", "", made.headers["location"])
    shown = (await desk.ask("GET", where)).text
    assert (shown.count('name="channel_ids"'), "Not in it: 61" in shown, 'rel="next"' in shown) == (50, True, True)
    path = where.partition("?")[0]
    await desk.ask("POST", f"{path}/channels", data={"do": "add", "channel_ids": [str(one) for one in towns[:3]]})
    assert (await desk.data("GET", path))["channel_ids"] == towns[:3]
    await desk.ask("POST", f"{path}/channels", data={"do": "add_all", "q": "Town 5", "state": "active"})
    assert (await desk.data("GET", path))["channels"] == 3 + 11
    assert "In it: 14" in (await desk.ask("GET", f"{path}?q=Town&state=")).text
    await desk.ask("POST", f"{path}/channels", data={"do": "remove_all", "q": "", "state": ""})
    assert (await desk.data("GET", path))["channels"] == 0
    nothing = await desk.ask("POST", f"{path}/channels", data={"do": "add"})
    assert nothing.status_code == 303


async def test_the_page_shows_the_lines_that_were_left_out(world: World) -> None:
    desk = Desk(world)
    path = f"/playlists/{(await create(desk))['id']}"
    shown = await desk.ask("POST", f"{path}/import", data={"text": "@city_news\n@nowhere"})
    assert "Added: 1. Already there: 0. Left out: 1." in shown.text
    assert "@nowhere" in shown.text
    assert "In it: 1" in shown.text
    taken = await desk.ask("POST", f"{path}/name", data={"name": " "})
    assert (taken.status_code, 'aria-invalid="true"' in taken.text) == (422, True)


async def test_the_list_of_channels_shows_and_asks_for_playlists(world: World) -> None:
    desk = Desk(world)
    towns = await add_channels(world, 2)
    made = await create(desk, "Cities", *towns)
    shown = (await desk.ask("GET", f"/channels?playlist_id={made['id']}&q=&state=")).text
    assert ("Town 1" in shown, "City news" in shown) == (True, False)
    assert f'href="/projects/{world.project_id}/playlists/{made["id"]}"' in shown
    page = (await desk.ask("GET", f"/channels/{towns[0]}")).text
    assert "Cities" in page


async def test_the_list_of_channels_is_asked_for_a_playlist_by_its_name_or_a_part_of_it(world: World) -> None:
    desk = Desk(world)
    one, two, three = await add_channels(world, 3)
    await create(desk, "News", one)
    await create(desk, "News at night", two)
    await create(desk, "Sport", three)

    async def titles(**query: str) -> list[str]:
        page = (await desk.ask("GET", "/channels", params=query)).text
        return re.findall(r"<bdi>(Town \d)</bdi>", page)

    assert await titles(playlist="News") == ["Town 0"], "what is called exactly so goes before what contains it"
    assert await titles(playlist="new") == ["Town 1", "Town 0"]
    assert await titles(playlist="nothing") == []
    by_number = (await desk.ask("GET", f"/channels?playlist_id={(await create(desk, 'Parks', one))['id']}")).text
    assert 'type="search" value="Parks" id="f-playlist" name="playlist"' in by_number, "the filter names what it is"


async def test_the_list_of_channels_is_asked_for_a_bot_by_its_username(world: World) -> None:
    desk = Desk(world)
    await add_channels(world, 1)
    bot = world.bots[0].username
    for named in (bot, f"@{bot}", bot[:4]):
        page = (await desk.ask("GET", "/channels", params={"bot": named})).text
        assert ("City news" in page, "Town 0" in page) == (True, False)
    assert "No channel fits this search." in (await desk.ask("GET", "/channels?bot=nobody")).text
