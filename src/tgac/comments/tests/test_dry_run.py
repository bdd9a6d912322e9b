"""A dry run: the planner's own decisions on posts that were seen, pasted or exported; nothing is written or sent."""

import csv
import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.world import World

from tgac.comments import dry_run_api, dry_run_web
from tgac.comments.decide import Order
from tgac.comments.dry_run import DryRun, Place, Taker, Tried
from tgac.comments.tests.test_carried import a_file
from tgac.tasks.config import TaskConfig
from tgac.tasks.facts import BotFacts, ChannelFacts, PostFacts
from tgac.tasks.tests.desk import Desk
from tgac.wiring import include

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CHANNEL = ChannelFacts(1, "City news", "city_news")


class Bench(Desk):
    """The desk with the dry run's own routes."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        include(self.app, dry_run_api.router, dry_run_web.router)

    async def dry_run(self, **asked: Any) -> Any:
        return await self.data("POST", "/dry-run", json=asked)

    async def imported(self, export: object, **fields: str) -> Any:
        content = export if isinstance(export, bytes) else json.dumps(export).encode()
        return await self.ask("POST", "/api/dry-run/import", data=fields, files={"file": ("result.json", content)})


async def seen(world: World, *texts: str) -> None:
    for text in texts:
        await world.post(text)
    await world.take_in()


def export_of(*messages: dict[str, Any], **header: Any) -> dict[str, Any]:
    usual = {"name": "City news", "type": "public_channel", "id": 1234567890}
    return usual | header | {"messages": list(messages)}


def message(number: int, text: Any = "Hello", **more: Any) -> dict[str, Any]:
    at = AT + timedelta(minutes=number)
    stamps = {"date": at.replace(tzinfo=None).isoformat(), "date_unixtime": str(int(at.timestamp()))}
    return {"id": number, "type": "message", **stamps, "from": "City news", "text": text, **more}


async def test_the_last_posts_are_tried_and_nothing_is_written_or_sent(world: World) -> None:
    bench = Bench(world)
    path = await bench.order(filter={"any_words": ["tram"]})
    await bench.data("POST", f"{path}/toggle", json={"status": "OFF"})
    await seen(world, "A tram stops", "Rain")
    told = await bench.dry_run(task_id=int(path.rpartition("/")[2]))
    assert (told["posts"], told["comments"], told["posts_commented"]) == (2, 1, 1)
    rain, tram = told["lines"]
    assert (rain["reason"], rain["sentence"]) == ("filter_words", "The post has none of these words: tram.")
    assert rain["compared"] == {"wanted": "tram"}
    assert (tram["comment"], tram["text"], tram["bot"]) == (True, "Hello", world.bots[0].username)
    assert tram["send_at"]
    assert [(one["reason"], one["count"]) for one in told["reasons"]] == [("filter_words", 1)]
    assert sum(told["per_hour"]) == sum(one["comments"] for one in told["per_day"]) == 1
    await world.work()
    assert list(await world.comments()) == []
    assert await world.said() == []


async def test_the_same_posts_give_the_same_table(world: World) -> None:
    bench = Bench(world)
    task = await bench.create("Rules", content={"variants": [{"text": "{a|b|c|d|e|f|g|h}"}]})
    await seen(world, *"abcdefgh")
    first, again = [await bench.dry_run(task_id=task["id"], last=8) for _ in range(2)]
    assert first == again
    assert [one["post"]["text"] for one in first["lines"]] == list("hgfedcba")
    assert (await bench.dry_run(task_id=task["id"], last=2))["posts"] == 2


async def test_tasks_that_are_on_meet_the_tried_one_under_the_same_post(world: World) -> None:
    bench = Bench(world)
    await bench.order("First")
    second = await bench.create("Second")
    await bench.data("POST", f"/tasks/{second['id']}/assign", json={"bot_ids": [world.bots[0].id]})
    told = await bench.dry_run(task_id=second["id"], posts=[{"text": "Hello"}])
    (line,) = told["lines"]
    assert (line["reason"], line["tasks_before"]) == ("collision", ["First"])
    assert line["compared"] == {"taken": 1, "limit": 1}
    assert told["collisions"] == {"lost_to": {"First": 1}, "taken_from": {}}


async def test_a_document_is_tried_without_being_saved(world: World) -> None:
    bench = Bench(world)
    document = bench.document("Hi from {{ channel.title }}")
    told = await bench.dry_run(config=document, posts=[{"text": "Hello", "published_at": "2026-11-20T09:00:00Z"}])
    (line,) = told["lines"]
    assert line["text"] == "Hi from City news"
    assert "2026-11-20T09:03:00" <= line["send_at"] <= "2026-11-20T09:07:00Z"
    assert (await bench.data("GET", "/tasks"))["items"] == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (
            {
                "config": {"content": {"variants": [{"name": "A", "text": "Hi"}]}, "timing": {"preset": "Gone"}},
                "last": 3,
            },
            "timing.preset",
        ),
        ({}, ""),
        ({"task_id": 1, "last": 0}, "last"),
        ({"task_id": 1, "last": 1001}, "last"),
        ({"task_id": 1, "posts": []}, "posts"),
        ({"config": {"filter": {"regex": "("}}}, "config.filter.regex"),
        ({"config": {}, "posts": [{"text": "x"}]}, None),
    ],
)
async def test_what_does_not_fit_is_refused_with_its_field(world: World, asked: Any, field: str | None) -> None:
    answer = await Bench(world).ask("POST", "/api/dry-run", json=asked)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert field is None or field in str(error)


async def test_boris_may_try_and_vera_finds_nothing(world: World) -> None:
    bench = Bench(world)
    task = await bench.create()
    asked = {"task_id": task["id"], "posts": [{"text": "x"}]}
    assert (await bench.ask("POST", "/api/dry-run", "vera", json=asked)).status_code == 404
    channel_id, _bot = await bench.a_row_elsewhere()
    assert await bench.error("POST", "/dry-run", json=asked | {"channel_id": channel_id}) == (
        422,
        "invalid",
        "channel_id",
    )


async def test_a_history_gives_the_same_table_and_leaves_nothing_behind(world: World) -> None:
    bench = Bench(world)
    task = await bench.create("Rules", filter={"forwarded": False, "media": ["text", "photo"]})
    await bench.data("POST", f"/tasks/{task['id']}/assign", json={"bot_ids": [world.bots[0].id]})
    service = {"id": 1, "type": "service", "date": "2026-11-20T09:00:00", "action": "create_channel", "text": ""}
    entities = ["See ", {"type": "link", "text": "https://example.org"}, " ", {"type": "hashtag", "text": "#city"}]
    album = [message(5, "", photo="(File not included)"), message(6, "Two", photo="(File not included)")]
    album[1] |= {"date_unixtime": album[0]["date_unixtime"]}
    export = export_of(
        service,
        message(2, entities, edited_unixtime="1"),
        message(3, "Borrowed", forwarded_from="Somebody"),
        message(4, "", media_type="voice_message", file="(File not included)"),
        *album,
        message(7, "Press", inline_bot_buttons=[[{"type": "url", "text": "Go"}]]),
    )
    answer = await bench.imported(export, task_id=str(task["id"]))
    assert answer.status_code == 200, answer.text
    told = answer.json()["data"]
    outcomes = [(one["post"]["text"], one["reason"]) for one in reversed(told["lines"])]
    assert outcomes == [
        ("See https://example.org #city", None),
        ("Borrowed", "filter_forwarded"),
        ("", "filter_media"),
        ("Two", None),
        ("Press", "post_has_keyboard"),
    ]
    assert told["export"] == {"name": "City news", "left_out": 1, "edited": 1}
    assert told["lines"][-1]["post"]["published_at"] == "2026-11-20T09:02:00.000Z"
    assert (await bench.imported(export, task_id=str(task["id"]))).json()["data"] == told
    await world.work()
    assert (await bench.dry_run(task_id=task["id"]))["posts"] == 0


async def test_older_exports_tell_the_time_of_the_wall(world: World) -> None:
    bench = Bench(world)
    task = await bench.create(timing={"time_zone": "Asia/Yekaterinburg"})
    told = (await bench.imported(export_of(message(2) | {"date_unixtime": None}), task_id=str(task["id"]))).json()[
        "data"
    ]
    assert told["lines"][0]["post"]["published_at"] == "2026-11-20T04:02:00.000Z"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "invalid"),
        (b"PK\x03\x04", "export_unreadable"),
        (b"\xff\xfe", "export_unreadable"),
        (b"[]", "export_unreadable"),
        (b"{}", "export_unreadable"),
        (b'{"messages": {}}', "export_unreadable"),
        (b'{"messages": [1]}', "export_unreadable"),
        (b'{"messages": [{"type": "message"', "export_unreadable"),
        (b'{"messages": ' + b"[" * 100_000, "export_unreadable"),
        (b'{"x": ' + b"[" * 100_000 + b'], "messages": []}', "export_unreadable"),
        (b'{"x": "' + b"a" * 2_000_000 + b'", "messages": []}', "export_unreadable"),
        (b'{"id": NaN, "messages": []}', "export_unreadable"),
        (b'{"id": ' + b"9" * 10_000 + b', "messages": []}', "export_unreadable"),
        (b'{"about": "x", "chats": {"list": []}}', "export_of_account"),
        (b'{"type": "personal_chat", "messages": []}', "export_not_a_channel"),
        *(
            (json.dumps(export_of(message(2) | wrong)).encode(), "export_unreadable")
            for wrong in (
                {"id": "2"},
                {"id": True},
                {"text": 5},
                {"text": [5]},
                {"text": "a" * 9000},
                {"date_unixtime": "99999999999999999999"},
                {"date_unixtime": None, "date": "yesterday"},
            )
        ),
    ],
)
async def test_a_hostile_file_is_refused_with_the_reason(world: World, content: bytes, code: str) -> None:
    bench = Bench(world)
    task = await bench.create()
    answer = await bench.imported(content, task_id=str(task["id"]))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    assert answer.json()["error"]["field"] == "file"


async def test_halves_of_characters_do_no_harm(world: World) -> None:
    bench = Bench(world)
    task = await bench.create()
    content = json.dumps(export_of(message(2, "half"))).replace("half", "\\ud800 \\u0000").encode()
    assert (await bench.imported(content, task_id=str(task["id"]))).json()["data"]["lines"][0]["post"]["text"] == "? "


async def test_the_table_is_taken_away_whole(world: World) -> None:
    bench = Bench(world)
    task = await bench.create()
    export = export_of(*(message(number, "=1+1") for number in range(2, 302)))
    told = (await bench.imported(export, task_id=str(task["id"]))).json()["data"]
    assert (told["posts"], len(told["lines"]), told["more"]) == (300, 200, 100)
    content = json.dumps(export).encode()
    answer = await bench.ask(
        "POST", "/api/dry-run/import?csv=1", data={"task_id": str(task["id"])}, files={"file": ("r", content)}
    )
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 300
    assert rows[0]["reason"] == "no_bot"


@pytest.mark.parametrize("otherwise", ["send", "skip"])
async def test_a_comment_that_would_wait_stands_at_its_last_moment_and_says_so(world: World, otherwise: str) -> None:
    bench = Bench(world)
    wait = {"reader_comments": 5, "deadline_s": 1800, "otherwise": otherwise}
    timing = {"delay": {"min_s": 60, "max_s": 60}, "wait_for": wait}
    path = await bench.order(timing=timing)
    number = path.rpartition("/")[2]
    post = {"text": "Hello", "published_at": "2026-11-20T09:00:00Z"}
    told = await bench.dry_run(task_id=int(number), posts=[post])
    assert told["waits_for_readers"] is True
    (line,) = told["lines"]
    assert (line["send_at"], line["wait_until"]) == ("2026-11-20T09:31:00.000Z", "2026-11-20T09:31:00.000Z")
    assert line["decision"]["send_at"] == "2026-11-20T09:01:00+00:00"
    files = {"file": ("result.json", json.dumps(export_of(message(2))).encode())}
    shown = (await bench.ask("POST", "/dry-run", data={"task_id": number, "source": "file"}, files=files)).text
    assert "Each comment would wait for: 5 comments by readers." in shown
    assert "What readers would write is not known here: the latest moment is shown." in shown
    assert ("Where they do not, none is sent." in shown) is (otherwise == "skip")
    assert "at the latest" in shown


async def test_the_page_tries_a_text_a_number_and_a_file(world: World) -> None:
    bench = Bench(world)
    assert "There is no task to try yet." in (await bench.ask("GET", "/dry-run")).text
    path = await bench.order()
    number = path.rpartition("/")[2]
    assert "What would have been" not in (await bench.ask("GET", f"/dry-run?task_id={number}")).text
    nothing = await bench.ask("POST", "/dry-run", "boris", data={"task_id": number, "source": "last", "last": "20"})
    assert "No bot has seen a post of these channels yet" in nothing.text
    pasted = await bench.ask("POST", "/dry-run", data={"task_id": number, "source": "text", "text": "Hello"})
    assert (pasted.status_code, "What would have been" in pasted.text) == (200, True)
    for wrong, said in (
        ({"source": "text", "text": " "}, "Paste the text of a post."),
        ({"source": "last", "last": "many"}, "Write a number from 1 to 1000."),
        ({"source": "file"}, "Choose a file."),
    ):
        answer = await bench.ask("POST", "/dry-run", data={"task_id": number} | wrong)
        assert (answer.status_code, said in answer.text) == (422, True)
    content = json.dumps(export_of(message(2, "<b>Bold</b>"))).encode()
    files = {"file": ("result.json", content)}
    shown = await bench.ask("POST", "/dry-run", data={"task_id": number, "source": "file"}, files=files)
    assert "&lt;b&gt;Bold&lt;/b&gt;" in shown.text
    table = await bench.ask("POST", "/dry-run", data={"task_id": number, "source": "file", "do": "csv"}, files=files)
    assert table.headers["content-type"].startswith("text/csv")


async def test_a_line_tells_what_would_become_of_the_last_posts(world: World) -> None:
    bench = Bench(world)
    path = await bench.order(filter={"any_words": ["tram"]})
    await bench.data("POST", f"{path}/toggle", json={"status": "OFF"})
    line = f"/dry-run/line/{path.rpartition('/')[2]}"
    assert "No bot has seen a post of its channels yet." in (await bench.ask("GET", line)).text
    await seen(world, "A tram", "Rain", "Sun")
    shown = (await bench.ask("GET", line)).text
    assert "Of the last 3 posts it would comment 1." in shown
    assert "2 × “The post has none of these words: tram.”" in shown
    assert f'hx-get="/projects/{world.project_id}{line}"' in (await bench.ask("GET", path)).text


def a_stage(text: str = "{Hello|Hi}! {{ post.text | truncate: 40 }} {{ date }}") -> dict[int, Place]:
    config = TaskConfig.model_validate({"content": {"variants": [{"text": text}]}, "filter": {"no_words": ["ads*"]}})
    return {1: Place(CHANNEL, (Taker("Rules", Order(1, config, (BotFacts(1, "Bot", "bot"),)), UTC, True),), 1)}


def posts(count: int) -> Iterator[Tried]:
    for number in range(1, count + 1):
        at = AT + timedelta(minutes=number)
        yield Tried(PostFacts(number, f"Post {number}. " + "Words of a post. " * 20, "", at, at, language="en"), 1)


def test_each_of_many_posts_costs_as_much_as_each_of_few() -> None:
    def seconds(count: int) -> float:
        run = DryRun(a_stage(), keep=200)
        began = time.process_time()
        run.take_all(posts(count))
        return (time.process_time() - began) / count

    seconds(20)
    few, many = min(seconds(100) for _ in range(3)), seconds(1000)
    assert many < few * 3


async def test_limits_move_comments_and_are_the_reason_where_there_is_no_room(world: World) -> None:
    bench = Bench(world)
    limits = {"per_channel_hour": 1, "ramp_up_days": 3}
    timing = {"delay": {"min_s": 0, "max_s": 0}, "expire_after_s": 5400}
    path = await bench.order(limits=limits, timing=timing)
    posts = [{"text": "News", "published_at": (AT + timedelta(minutes=at)).isoformat()} for at in (0, 1, 2)]
    told = await bench.dry_run(task_id=int(path.rpartition("/")[2]), posts=posts)
    third, second, first = told["lines"]
    assert (first["send_at"], second["send_at"]) == ("2026-11-20T09:00:00.000Z", "2026-11-20T10:00:00.000Z")
    assert second["decision"]["held_by"] == "limit_channel_hour"
    assert (third["reason"], third["compared"]["most"]) == ("limit_channel_hour", 1)
    assert first["decision"]["limits"] == {"per_post": 1, "per_channel_hour": 1, "pause_s": 0, "ramp_up_days": 3}


async def test_what_a_language_model_would_cost_is_estimated_and_none_is_asked(world: World) -> None:
    bench = Bench(world)
    content = {"kind": "llm", "variants": [{"text": "Rules"}]}
    await seen(world, "A tram stops", "Rain")
    told = await bench.dry_run(config=bench.document(content=content))
    assert told["comments"] == 2
    assert told["llm"]["answers"] == 2
    assert told["llm"]["tokens_in"] > 800
    assert told["llm"]["cost_usd"] is None, "no price is set"
    assert (await bench.dry_run(config=bench.document()))["llm"] is None


async def test_a_dry_run_says_that_comments_would_wait(world: World) -> None:
    bench = Bench(world)
    await seen(world, "A tram stops")
    assert (await bench.dry_run(config=bench.document(approval={"mode": "all"})))["approval"] == "all"


@pytest.mark.slow
async def test_ten_thousand_posts_cost_hardly_more_than_ten_times_a_thousand(world: World) -> None:
    """Each comment comes after those before it: looking back through all of them would cost a hundred times as much."""
    bench = Bench(world)
    path = await bench.order(limits={"per_channel_hour": 20, "per_channel_day": 300, "per_bot_hour": 20, "pause_s": 5})
    spent = {}
    for count in (100, 1_000, 10_000):
        export = export_of(*(message(n, f"Post {n} of the city: #tram stops") for n in range(1, count + 1)))
        began = time.process_time()
        told = (await bench.imported(export, task_id=path.rpartition("/")[2])).json()["data"]
        spent[count] = time.process_time() - began
        print(f"{count} posts: {spent[count]:.2f} s of the processor")  # noqa: T201
        assert told["posts"] == count
    assert spent[10_000] < 20 * spent[1_000], spent


async def test_a_line_shows_what_the_comment_carries_and_what_is_done_with_it(world: World) -> None:
    bench = Bench(world)
    media_id = await a_file(world)
    variants = [
        {
            "name": "A",
            "text": "Look",
            "media": {"media_id": media_id},
            "buttons": [[{"text": "Go", "url": "https://a.b"}]],
        }
    ]
    content = {"variants": variants, "quote": True, "pin": True, "silent": False}
    await world.add_task(content=content, after={"delete_after_s": 5400})
    await seen(world, "A tram stops\nhere")
    (task,) = (await bench.data("GET", "/tasks"))["items"]
    told = await bench.dry_run(task_id=task["id"])
    (line,) = told["lines"]
    assert line["carries"] == {
        "media": {"id": media_id, "kind": "photo", "name": "a.jpg"},
        "poll": None,
        "buttons": [[{"text": "Go", "url": "https://a.b"}]],
        "quote": "A tram stops",
    }
    manners = told["manners"]
    assert (manners["pin"], manners["silent"], manners["delete_after_s"]) == (True, False, 5400)
    page = (await bench.ask("POST", "/dry-run", data={"task_id": task["id"], "source": "last", "last": "5"})).text
    for words in (
        "A tram stops",
        "a.jpg",
        "[Go] https://a.b",
        "It is deleted 1 hour 30 minutes later.",
        "It is pinned.",
    ):
        assert words in page
    assert "known only when it is sent" in page


async def test_a_poll_and_a_table_show_it_too(world: World) -> None:
    bench = Bench(world)
    await world.add_task(content={"variants": [{"text": "Which?", "poll": {"options": ["Tram", "Bus"]}}]})
    await seen(world, "A tram stops")
    (task,) = (await bench.data("GET", "/tasks"))["items"]
    answer = await bench.ask("POST", "/api/dry-run?csv=1", json={"task_id": task["id"]})
    (row,) = csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))
    assert row["carries"] == "Anonymous poll: Tram / Bus"


async def test_what_a_dry_run_takes_for_granted_is_said_in_its_decisions(world: World) -> None:
    bench = Bench(world)
    timing = {"delay": {"min_s": 0, "max_s": 0}, "wait_for": {"reader_comments": 2, "otherwise": "skip"}}
    await world.add_task(timing=timing, limits={"per_channel_hour": 9, "ramp_up_days": 4})
    await seen(world, "A tram stops")
    (task,) = (await bench.data("GET", "/tasks"))["items"]
    told = await bench.dry_run(task_id=task["id"])
    decision = told["lines"][0]["decision"]
    assert (decision["limits_grown"], decision["readers"]) == (True, "unknown")
    assert any("younger than 4 days" in one for one in told["unknown"])
    page = (await bench.ask("POST", "/dry-run", data={"task_id": task["id"], "source": "last", "last": "5"})).text
    assert "as grown to their full size" in page
    assert "at the latest, if readers have talked by then" in page
