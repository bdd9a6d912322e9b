"""The pages of tasks as a browser without scripts sends and sees them."""

import html
import re
from typing import Any, get_args

import httpx
import pytest
from tests.support.world import World

from tgac.tasks.config.parts import Lifted
from tgac.tasks.queries import find_task
from tgac.tasks.service import change_task, toggle_task
from tgac.tasks.tests.desk import Desk

HTMX = {"hx-request": "true", "hx-request-type": "partial"}


def typed(desk: Desk, text: str = "Hello", **more: str) -> dict[str, Any]:
    """A filled form of the editor."""
    return {
        "name": "Rules",
        "targets.channels": [str(place.row.id) for place in desk.world.places],
        "bots": [str(bot.id) for bot in desk.world.bots],
        "content.variants.0.name": "A",
        "content.variants.0.weight": "1",
        "content.variants.0.text": text,
        "timing.preset": "balanced",
        "filter.weekdays": [str(day) for day in range(7)],
        "filter.forwarded": "true",
        "after.delete_with_post": "true",
        "do": "save",
    } | more


def fields_of(page: str) -> dict[str, Any]:
    """What a browser would send of the form of a page as it stands."""
    form = page[page.index('id="task-form"') :].partition("</form>")[0]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if attributes.get("type") in {"checkbox", "radio"} and " checked" not in tag:
            continue
        found.setdefault(attributes["name"], []).append(html.unescape(attributes.get("value", "")))
    for name, value in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL):
        found[name] = html.unescape(value)
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        found[name] = re.findall(r'value="([^"]*)" selected', options)
    return found


async def send(desk: Desk, path: str, data: dict[str, Any], who: str = "anna", **headers: str) -> httpx.Response:
    return await desk.ask("POST", path, who, data=data, headers=headers)


async def test_what_a_task_lifts_stands_on_the_page_and_saving_it_again_changes_nothing(world: World) -> None:
    desk = Desk(world)
    every = get_args(Lifted)
    task_id = await world.add_task(lifts=every)
    fields = fields_of((await desk.ask("GET", f"/tasks/{task_id}/edit")).text)
    assert set(fields["lifts"]) == set(every)
    await send(desk, f"/tasks/{task_id}/edit", fields | {"do": "save"})
    async with world.tools.acting(world.anna, world.project_id) as act:
        task = await find_task(act, task_id)
        assert (task.version, task.config["lifts"]) == (1, list(every))
    await send(desk, f"/tasks/{task_id}/edit", fields | {"lifts": ["limits.per_bot_day"], "do": "save"})
    async with world.tools.acting(world.anna, world.project_id) as act:
        task = await find_task(act, task_id)
        assert (task.version, task.config["lifts"]) == (2, ["limits.per_bot_day"])


async def test_an_empty_list_says_what_a_task_is(world: World) -> None:
    shown = (await Desk(world).ask("GET", "/tasks")).text
    assert "A task says which posts get a comment" in shown
    assert f'href="/projects/{world.project_id}/tasks/new"' in shown


async def test_what_there_is_only_one_of_is_chosen_already(world: World) -> None:
    fields = fields_of((await Desk(world).ask("GET", "/tasks/new")).text)
    assert (fields["targets.channels"], fields["bots"]) == ([str(world.places[0].row.id)], [str(world.bots[0].id)])
    assert fields["timing.preset"] == ["balanced"]


@pytest.mark.parametrize("field", ["bots", "targets.channels", "targets.playlists"])
async def test_a_number_that_no_row_can_have_chooses_nothing(world: World, field: str) -> None:
    desk = Desk(world)
    answer = await send(desk, "/tasks/new", typed(desk) | {field: "9" * 400, "name": ""})
    assert answer.status_code == 422


async def test_a_task_is_saved_and_switched_on_in_one_go(world: World) -> None:
    desk = Desk(world)
    answer = await send(desk, "/tasks/new", typed(desk, do="save_on"))
    assert answer.status_code == 303
    task = (await desk.data("GET", "/tasks"))["items"][0]
    assert answer.headers["location"] == f"/projects/{world.project_id}/tasks/{task['id']}"
    assert (task["status"], task["bots"], task["version"]) == ("ON", [world.bots[0].id], 1)
    shown = (await desk.ask("GET", f"/tasks/{task['id']}")).text
    assert "Under every post of “City news”, 3 to 7 minutes later: one comment by @city_bot." in shown
    assert task["sentence"] in (await desk.ask("GET", "/tasks")).text


async def test_what_cannot_be_switched_on_is_not_saved_either(world: World) -> None:
    desk = Desk(world)
    answer = await send(desk, "/tasks/new", typed(desk, do="save_on") | {"bots": []})
    assert answer.status_code == 409
    assert "Choose at least one bot that may write in one of the channels." in answer.text
    assert (await desk.data("GET", "/tasks"))["items"] == []


async def test_faults_stand_beside_their_fields_and_nothing_typed_is_lost(world: World) -> None:
    desk = Desk(world)
    sent = typed(desk, "{One", **{
        "timing.delay.min_s": "9", "timing.delay.max_s": "5", "delay_unit": "min",
        "timing.quiet_hours.from": "23:00", "timing.quiet_hours.to": "08:00", "filter.no_words": "ads*\nmore",
        "filter.media": "photo", "content.label": "A bot writes", "post_text": "A post",
        "content.variants.1.name": "B", "content.variants.1.weight": "3", "content.variants.1.text": "<i>Two",
        "content.variants.1.buttons.0.0.text": "Go", "content.variants.1.buttons.0.0.url": "ftp://a.b",
    })  # fmt: skip
    answer = await send(desk, "/tasks/new", sent)
    assert answer.status_code == 422
    shown = fields_of(answer.text)
    kept = {name: value if isinstance(value, list) else [value] for name, value in sent.items() if name != "do"}
    again = {name: value if isinstance(value, list) else [value] for name, value in shown.items()}
    assert {name: again.get(name) for name in kept} == kept
    assert 'id="f-content.variants.1.buttons.0.0.url-error"' in answer.text
    assert "The least delay is longer than the longest." in answer.text
    assert (await desk.data("GET", "/tasks"))["items"] == []


async def test_faults_of_texts_stand_beside_each_text(world: World) -> None:
    desk = Desk(world)
    second = {"content.variants.1.name": "B", "content.variants.1.weight": "1", "content.variants.1.text": "<i>Two"}
    answer = await send(desk, "/tasks/new", typed(desk, "{One", **second))
    for index, sentence in ((0, "The { at character 1 is not closed."), (1, "The tag &lt;i&gt; at character 1 is not")):
        beside = answer.text.partition(f'id="f-content.variants.{index}.text-error"')[2]
        assert sentence in beside[:600]


async def test_the_editor_sends_back_what_it_shows(world: World) -> None:
    desk = Desk(world)
    parts: dict[str, Any] = {
        "timing": {"delay": {"min_s": 30, "max_s": 90}, "quiet_hours": {"from": "22:00", "to": "06:30"}},
        "filter": {
            "any_words": ["a b", "c*"],
            "hashtags": ["city"],
            "media": ["photo"],
            "share": 0.25,
            "weekdays": [0],
        },
        "content": {
            "label": "A <bot>",
            "silent": False,
            "variants": [
                {"name": "A", "weight": 2, "text": "\n<b>x</b> {{ post.text | truncate: 20 }}"},
                {"name": "B", "text": "y", "buttons": [[{"text": "1", "url": "https://a.b/?c=1&d=2"}]]},
            ],
        },
        "limits": {"per_post": 2},
    }
    path = await desk.order(**parts)
    before = await desk.data("GET", path)
    fields = fields_of((await desk.ask("GET", f"{path}/edit")).text)
    assert (await send(desk, f"{path}/edit", fields | {"do": "save"})).status_code == 303
    assert await desk.data("GET", path) == before
    assert (await send(desk, f"{path}/edit", fields | {"do": "save", "name": "Another"})).status_code == 303
    after = await desk.data("GET", path)
    assert (after["name"], after["version"], after["config"]) == ("Another", 2, before["config"])


async def test_a_bot_that_cannot_serve_is_told_of_when_the_task_is_saved(world: World) -> None:
    desk = Desk(world)
    await world.add_bot("homeless")
    answer = await send(desk, "/tasks/new", typed(desk))
    shown = await desk.ask("GET", "/tasks", headers={"cookie": answer.headers["set-cookie"].partition(";")[0]})
    assert "Left out: @homeless_bot may not write in any of the task" in shown.text


async def test_somebody_elses_change_is_told_and_the_second_save_wins(world: World) -> None:
    desk = Desk(world)
    path = await desk.order()
    fields = fields_of((await desk.ask("GET", f"{path}/edit")).text)
    await desk.data("PUT", path, json={"config": desk.document("Theirs")})
    mine = fields | {"content.variants.0.text": "Mine", "do": "save"}
    answer = await send(desk, f"{path}/edit", mine)
    assert (answer.status_code, "Somebody has changed this task in the meantime." in answer.text) == (409, True)
    again = fields_of(answer.text) | {"do": "save"}
    assert (await send(desk, f"{path}/edit", again)).status_code == 303
    task = await desk.data("GET", path)
    assert (task["config"]["content"]["variants"][0]["text"], task["version"]) == ("Mine", 3)


async def test_variants_come_and_go_without_scripts(world: World) -> None:
    desk = Desk(world)
    more = await send(desk, "/tasks/new", typed(desk, do="add_variant"))
    fields = fields_of(more.text)
    assert (more.status_code, fields["content.variants.1.name"], fields["name"]) == (200, ["B"], ["Rules"])
    fields |= {"content.variants.1.text": "Second"}
    fewer = fields_of((await send(desk, "/tasks/new", fields | {"do": "remove_variant.0"})).text)
    assert (fewer["content.variants.0.text"], "content.variants.1.text" in fewer) == ("Second", False)
    part = await send(desk, "/tasks/new", fields | {"do": "add_variant"}, **HTMX)
    assert part.text.lstrip().startswith('<div class="stack" id="variants">')
    assert (await desk.data("GET", "/tasks"))["items"] == []


async def test_the_preview_shows_the_draft_escaped(world: World) -> None:
    desk = Desk(world)
    sent = typed(desk, "{A|B} <b>{{ post.text }}</b> <tg-spoiler>x</tg-spoiler>", post_text="<script>1</script>")
    shown = (await send(desk, "/tasks/preview", sent, **HTMX)).text
    assert shown.lstrip().startswith('<div id="preview"')
    assert "<script>1" not in shown
    assert '<span class="tg-b ">&lt;script&gt;1&lt;/script&gt;</span>' in shown
    assert '<span class="tg-spoiler ">x</span>' in shown
    assert "one of 2 texts" in shown
    turns = {(await send(desk, "/tasks/preview", sent | {"do": f"preview.{turn}"}, **HTMX)).text for turn in range(9)}
    assert len({re.search(r"<span>(?:<span[^>]*>)?(A|B) ", turn)[1] for turn in turns}) == 2  # type: ignore[index]


@pytest.mark.parametrize("length", [4096, 4097])
async def test_the_preview_says_of_a_long_text_what_it_becomes(world: World, length: int) -> None:
    desk = Desk(world)
    answer = await send(desk, "/tasks/preview", typed(desk, "x" * length), **HTMX)
    assert "x" * length in answer.text
    assert ("it goes out as a rich message" in answer.text) is (length > 4096)


@pytest.mark.parametrize("text", ["{A", "{{ a.b }}", "<b>", "x" * 33_000, "x" * 50_000, ""])
async def test_a_draft_that_is_wrong_is_shown_with_its_fault(world: World, text: str) -> None:
    desk = Desk(world)
    second = {"content.variants.1.name": "B", "content.variants.1.weight": "1", "content.variants.1.text": "Good one"}
    answer = await send(desk, "/tasks/preview", typed(desk, text, **second), **HTMX)
    assert answer.status_code == 200
    assert "Good one" in answer.text
    assert ("field-error" in answer.text) is (text != "")


async def test_a_switch_that_is_refused_says_what_is_missing(world: World) -> None:
    desk = Desk(world)
    path = f"/tasks/{(await desk.create())['id']}"
    answer = await send(desk, f"{path}/toggle", {"status": "ON"})
    assert answer.status_code == 409
    assert "Choose at least one bot that may write in one of the channels." in answer.text
    assert (await send(desk, f"{path}/toggle", {"status": "AWAY"})).status_code == 422


async def test_a_task_is_deleted_when_its_name_is_typed(world: World) -> None:
    desk = Desk(world)
    path = f"/tasks/{(await desk.create())['id']}"
    for name in ("", "rules"):
        answer = await send(desk, f"{path}/delete", {"name": name})
        assert (answer.status_code, "Type the task&#39;s name as it stands here." in answer.text) == (422, True)
    assert (await send(desk, f"{path}/delete", {"name": "Rules"})).status_code == 303
    assert (await desk.ask("GET", path)).status_code == 404


async def test_boris_sees_no_switch_and_opens_no_editor(world: World) -> None:
    desk = Desk(world)
    path = await desk.order()
    for where in ("/tasks", path):
        assert "toggle" in (await desk.ask("GET", where)).text
        shown = await desk.ask("GET", where, "boris")
        assert (shown.status_code, "toggle" in shown.text, "/new" in shown.text) == (200, False, False)
    for where in ("/tasks/new", f"{path}/edit"):
        assert (await desk.ask("GET", where, "boris")).status_code == 403
        assert (await send(desk, where, typed(desk), "boris")).status_code == 403
    for what, data in (("toggle", {"status": "OFF"}), ("duplicate", {}), ("delete", {"name": "Rules"})):
        assert (await send(desk, f"{path}/{what}", data, "boris")).status_code == 403
    assert (await desk.ask("GET", path, "vera")).status_code == 404
    assert (await desk.data("GET", path))["status"] == "ON"


async def test_a_pattern_and_languages_are_kept_shown_and_marked_where_they_are_wrong(world: World) -> None:
    desk = Desk(world)
    filled = typed(desk, **{"filter.regex": "(sale", "filter.languages": "ru, EN"})
    refused = await send(desk, "/tasks/new", filled)
    assert refused.status_code == 422
    assert "RE2 cannot read this pattern: missing ): (sale" in html.unescape(refused.text)
    await send(desk, "/tasks/new", filled | {"filter.regex": "(?i)sale"})
    (task,) = (await desk.data("GET", "/tasks"))["items"]
    assert (task["config"]["filter"]["regex"], task["config"]["filter"]["languages"]) == ("(?i)sale", ["ru", "en"])
    assert "that passes the filter" in task["sentence"]
    shown = (await desk.ask("GET", f"/tasks/{task['id']}")).text
    assert "(?i)sale" in shown
    fields = fields_of((await desk.ask("GET", f"/tasks/{task['id']}/edit")).text)
    assert (fields["filter.regex"], fields["filter.languages"]) == (["(?i)sale"], ["ru en"])


async def test_quote_and_typing_are_ticked_in_the_editor_and_told_everywhere(world: World) -> None:
    desk = Desk(world)
    sent = typed(desk, "Rules") | {"content.quote": "true", "timing.typing": "yes", "post_text": "The tram\nopens"}
    shown = html.unescape((await send(desk, "/tasks/preview", sent, **HTMX)).text)
    assert "It quotes the post." in shown
    assert '<div class="tg-quote-block"><bdi>The tram</bdi></div>' in shown
    await send(desk, "/tasks/new", sent)
    (task,) = (await desk.data("GET", "/tasks"))["items"]
    assert (task["config"]["content"]["quote"], task["config"]["timing"]["typing"]) == (True, True)
    assert task["sentence"].endswith("“typing…” is seen before it. It quotes the post.")
    editor = (await desk.ask("GET", f"/tasks/{task['id']}/edit")).text
    assert re.search(r'name="content.quote"[^>]* checked', editor)
    assert fields_of(editor)["timing.typing"] == ["yes"]


async def test_the_form_says_whether_comments_wait_and_the_task_reads_it_back(world: World) -> None:
    desk = Desk(world)
    fields = fields_of((await desk.ask("GET", "/tasks/new")).text)
    assert "approval.mode" not in fields
    channel = str(world.places[0].row.id)
    filled = {
        "name": "Rules",
        "targets.channels": [channel],
        "content.variants.0.text": "Rules",
        "approval.mode": ["all"],
        "approval.expire_s": ["1,5"],
        "approval.otherwise": ["send"],
        "do": "save",
    }
    answer = await send(desk, "/tasks/new", fields | filled)
    assert answer.status_code == 303, answer.text
    (task,) = (await desk.data("GET", "/tasks"))["items"]
    assert task["config"]["approval"] == {"mode": "all", "expire_s": 90, "otherwise": "send"}
    shown = (await desk.ask("GET", f"/tasks/{task['id']}")).text
    assert "It waits until somebody has approved it or nobody has answered in time." in shown
    again = fields_of((await desk.ask("GET", f"/tasks/{task['id']}/edit")).text)
    assert (again["approval.mode"], again["approval.expire_s"]) == (["all"], ["1.5"])
    answer = await send(desk, f"/tasks/{task['id']}/edit", again | {"approval.expire_s": ["0.5"], "do": "save"})
    assert answer.status_code == 422
    assert "At least 60 is expected." in answer.text


async def test_a_wait_for_readers_is_typed_in_minutes_kept_told_and_marked_where_it_is_wrong(world: World) -> None:
    desk = Desk(world)
    fields = fields_of((await desk.ask("GET", "/tasks/new")).text)
    assert fields["timing.wait_for.deadline_s"] == ["30"]
    filled = {
        "name": "Rules",
        "targets.channels": [str(world.places[0].row.id)],
        "content.variants.0.text": "Rules",
        "timing.wait_for.reader_comments": "5",
        "timing.wait_for.question": ["true"],
        "timing.wait_for.silence_s": "1,5",
        "silence_unit": "min",
        "timing.wait_for.deadline_s": "2",
        "deadline_unit": "h",
        "timing.wait_for.otherwise": "skip",
        "do": "save",
    }
    answer = await send(desk, "/tasks/new", fields | filled)
    assert answer.status_code == 303, answer.text
    (task,) = (await desk.data("GET", "/tasks"))["items"]
    assert task["config"]["timing"]["wait_for"] == {
        "reader_comments": 5, "silence_s": 90, "question": True, "deadline_s": 7200, "otherwise": "skip",
    }  # fmt: skip
    shown = html.unescape((await desk.ask("GET", f"/tasks/{task['id']}")).text)
    told = "Then it waits for: 5 comments by readers, a reader's question, silence for 1 minute 30 seconds."
    assert f"{told} After 2 hours at most it is given up." in shown
    again = fields_of((await desk.ask("GET", f"/tasks/{task['id']}/edit")).text)
    assert (again["timing.wait_for.silence_s"], again["silence_unit"]) == (["90"], ["s"])
    wrong = again | {"timing.wait_for.deadline_s": ["0"], "do": "save"}
    answer = await send(desk, f"/tasks/{task['id']}/edit", wrong)
    assert answer.status_code == 422
    assert "Say how long it waits for readers at most." in answer.text
    assert re.search(r'<details class="fold" id="wait-for" open', answer.text)


async def test_a_language_model_is_set_up_in_the_form_and_what_is_wrong_is_said_beside_it(world: World) -> None:
    desk = Desk(world)
    fields = fields_of((await desk.ask("GET", "/tasks/new")).text)
    filled = fields | {
        "name": "Questions",
        "targets.channels": [str(world.places[0].row.id)],
        "content.variants.0.text": "Rules",
        "content.kind": ["llm"],
        "content.llm.goal": ["own"],
        "content.llm.forbidden": "casino\nказино",
        "content.llm.allowed_links": "https://ok.example/rules\nno link",
        "do": "save",
    }
    answer = await send(desk, "/tasks/new", filled)
    assert answer.status_code == 422
    assert "Write what the model is to do, or choose another goal." in html.unescape(answer.text)
    assert "This is no link and no @name." in html.unescape(answer.text)
    answer = await send(
        desk,
        "/tasks/new",
        filled | {"content.llm.prompt": "Praise the trams.", "content.llm.allowed_links": "https://ok.example/rules"},
    )
    assert answer.status_code == 303, answer.text
    (task,) = (await desk.data("GET", "/tasks"))["items"]
    content = task["config"]["content"]
    assert (content["kind"], content["llm"]["goal"], content["llm"]["prompt"]) == ("llm", "own", "Praise the trams.")
    assert content["llm"]["forbidden"] == ["casino", "казино"]
    assert "A language model writes it" in task["sentence"]
    again = fields_of((await desk.ask("GET", f"/tasks/{task['id']}/edit")).text)
    assert again["content.kind"] == ["llm"]
    assert html.unescape(again["content.llm.forbidden"]) == "casino\nказино"


async def test_a_variant_becomes_a_poll_and_is_shown_as_one(world: World) -> None:
    desk = Desk(world)
    prefix = "content.variants.0.poll"
    sent = typed(desk, "Tram or bus?") | {
        prefix: "Tram\r\n\r\nBus & <b>",
        f"{prefix}_open": "1",
        f"{prefix}_multiple": "",
    }
    shown = (await send(desk, "/tasks/preview", sent, **HTMX)).text
    assert "<bdi>Tram</bdi>" in shown
    assert "<bdi>Bus &amp; &lt;b&gt;</bdi>" in shown
    await send(desk, "/tasks/new", sent)
    (task,) = (await desk.data("GET", "/tasks"))["items"]
    poll = {"options": ["Tram", "Bus & <b>"], "anonymous": False, "multiple": False}
    assert task["config"]["content"]["variants"][0]["poll"] == poll
    assert "Tram\nBus &amp; &lt;b&gt;" in (await desk.ask("GET", f"/tasks/{task['id']}/edit")).text
    told = await desk.data("POST", f"/tasks/{task['id']}/preview", json={})
    assert told["variants"][0]["poll"]["options"] == ["Tram", "Bus & <b>"]


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("Tram?", "One", "At least 2 items are needed."),
        ("Tram?", "Same\nSame", "Something stands here twice."),
        ("Tram?", "\n".join(str(n) for n in range(13)), "At most 12 items are allowed."),
        ("Tram?", "x" * 101 + "\nNo", "At most 100 characters are allowed."),
        ("<b>Tram?</b>", "Yes\nNo", "The question of a poll is plain text: no tags and no links behind words."),
        ("x" * 301, "Yes\nNo", "The question of a poll has at most 300 characters."),
    ],
)
async def test_a_poll_that_telegram_would_not_take_is_refused_beside_its_field(
    world: World, text: str, options: str, said: str
) -> None:
    desk = Desk(world)
    answer = await send(desk, "/tasks/new", typed(desk, text) | {"content.variants.0.poll": options})
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)


async def test_a_task_that_others_leave_no_place_says_so(world: World) -> None:
    desk = Desk(world)
    first = await world.add_task()
    async with world.tools.acting(world.anna, world.project_id) as act:
        await change_task(act, first, name="Rules first")
    second = await world.add_task()
    shown = html.unescape((await desk.ask("GET", f"/tasks/{second}")).text)
    assert "Asked before it about the same channels: “Rules first”. Under a post only 1 comment" in shown
    assert "Asked before it" not in (await desk.ask("GET", f"/tasks/{first}")).text
    async with world.tools.acting(world.anna, world.project_id) as act:
        await toggle_task(act, first, "OFF")
    assert "Asked before it" not in (await desk.ask("GET", f"/tasks/{second}")).text


async def test_a_task_for_a_model_says_where_there_is_none(world: World) -> None:
    desk = Desk(world)
    number = await world.add_task(content={"kind": "llm", "variants": [{"text": "Rules"}]})
    for path in (f"/tasks/{number}", f"/tasks/{number}/edit"):
        assert "No language model is set up on this installation" in (await desk.ask("GET", path)).text
