import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from tgac.comments import reasons
from tgac.comments.kinds import KINDS
from tgac.comments.models import Comment
from tgac.comments.queries import State
from tgac.comments.reasons import stored
from tgac.comments.service import message_number
from tgac.comments.tests.desk import DECISION, HTMX, Desk, bare_desk, desk
from tgac.comments.views import STATES, comment_sentence, moment_of
from tgac.journal.models import Event
from tgac.kit.errors import Invalid
from tgac.kit.queue.table import JobRow
from tgac.kit.tenancy import EVERYONE
from tgac.kit.web.answers import stamp
from tgac.kit.web.i18n import using

__all__ = ["bare_desk", "desk"]
API = "/api/v1/projects/1"
PACKAGE = Path(__file__).parents[2]
ABOUT = {kind.partition("_")[0] for kind in KINDS}


async def rows_of[T](desk: Desk, table: type[T]) -> list[T]:
    async with desk.tools.reading(None, EVERYONE) as act:
        return list(await act.session.scalars(select(table)))


async def test_a_planned_comment_can_be_cancelled_and_the_timeline_says_by_whom(desk: Desk) -> None:
    post = await desk.post()
    comment = await desk.comment(post)
    told = (await desk.ask("POST", f"{API}/comments/{comment.id}/cancel")).json()["data"]
    assert (told["state"], told["reason"], told["sentence"]) == (
        "cancelled",
        "cancelled_by_person",
        "Somebody cancelled it.",
    )
    page = (await desk.get(f"/projects/1/posts/{post.id}")).text
    assert "Cancelled. Somebody cancelled it." in page
    assert "<bdi>@anna</bdi></p>" in page


@pytest.mark.parametrize("state", sorted(STATES.keys() - {"planned"}))
async def test_only_a_planned_comment_can_be_cancelled(desk: Desk, state: str) -> None:
    comment = await desk.comment(await desk.post(), state)
    answer = await desk.ask("POST", f"{API}/comments/{comment.id}/cancel")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "wrong_state")
    assert STATES[state].word in answer.json()["error"]["message"]


async def test_a_comment_that_was_found_is_sent_and_linked_and_nothing_is_sent_again(desk: Desk) -> None:
    began = desk.clock.now() - timedelta(minutes=3)
    comment = await desk.comment(await desk.post(), "unknown", sending_at=began)
    body = {"answer": "there", "link": "https://t.me/city_news/40?comment=512"}
    told = (await desk.ask("POST", f"{API}/comments/{comment.id}/resolve", json=body)).json()["data"]
    assert (told["state"], told["reason"], told["message_id"]) == ("sent", "confirmed_by_person", 512)
    assert told["link"] == "https://t.me/city_news/40?comment=512"
    assert told["sent_at"] == stamp(began)
    assert await rows_of(desk, JobRow) == []


async def test_a_comment_that_was_not_found_is_given_up_and_never_sent_again(desk: Desk) -> None:
    comment = await desk.comment(await desk.post(), "unknown")
    told = (await desk.ask("POST", f"{API}/comments/{comment.id}/resolve", json={"answer": "not_there"})).json()["data"]
    assert (told["state"], told["reason"], told["message_id"]) == ("rejected", "dropped_by_person", None)
    assert await rows_of(desk, JobRow) == []
    again = await desk.ask("POST", f"{API}/comments/{comment.id}/resolve", json={"answer": "there"})
    assert again.status_code == 409


async def test_another_comments_link_is_refused(desk: Desk) -> None:
    post = await desk.post()
    await desk.comment(post, "sent", message_id=512)
    comment = await desk.comment(post, "unknown", n=2)
    body = {"answer": "there", "message_id": 512}
    answer = await desk.ask("POST", f"{API}/comments/{comment.id}/resolve", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "link")
    assert (await desk.data(f"/comments/{comment.id}"))["state"] == "unknown"


async def test_a_wrong_link_is_said_beside_its_field_and_stays_there(desk: Desk) -> None:
    comment = await desk.comment(await desk.post(), "unknown")
    form = {"answer": "there", "link": "somewhere"}
    answer = await desk.ask("POST", f"/projects/1/comments/{comment.id}/resolve", data=form)
    assert answer.status_code == 422
    assert "This is no link to a comment." in answer.text
    assert 'value="somewhere"' in answer.text


@pytest.mark.parametrize(
    ("link", "number"),
    [
        ("https://t.me/city_news/40?comment=512", 512),
        ("https://t.me/city_news/40?single&comment=512", 512),
        ("https://t.me/c/1001/40?comment=512#x", 512),
        ("https://t.me/c/1002/512", 512),
        ("https://t.me/c/1002/140/512", 512),
        (" https://t.me/talk/512?thread=140 ", 512),
    ],
)
def test_the_number_is_read_from_every_link_that_telegram_copies(link: str, number: int) -> None:
    assert message_number(link) == number


@pytest.mark.parametrize("link", ["", "512", "https://t.me/city_news", "https://t.me/a/9999999999", "https://t.me/12x"])
def test_what_is_no_link_to_a_message_is_refused(link: str) -> None:
    with pytest.raises(Invalid) as caught:
        message_number(link)
    assert caught.value.field == "link"


@pytest.mark.parametrize("verb", ["cancel", "resolve"])
@pytest.mark.parametrize(("who", "status"), [("boris", 403), ("vera", 404), ("nobody", 401)])
async def test_who_may_only_look_changes_nothing(desk: Desk, verb: str, who: str, status: int) -> None:
    comment = await desk.comment(await desk.post(), "unknown" if verb == "resolve" else "planned")
    answer = await desk.ask("POST", f"{API}/comments/{comment.id}/{verb}", who, json={"answer": "there"})
    assert answer.status_code == status
    assert (await desk.data(f"/comments/{comment.id}"))["state"] == comment.state
    assert await rows_of(desk, Event) == []


async def test_who_may_only_look_sees_no_buttons(desk: Desk) -> None:
    post = await desk.post()
    comment = await desk.comment(post)
    await desk.comment(post, "unknown", n=2)
    hers, his = [(await desk.get(f"/projects/1/posts/{post.id}", who)).text for who in ("anna", "boris")]
    for action in (f"/comments/{comment.id}/cancel", f"/comments/{comment.id + 1}/resolve"):
        assert action in hers
        assert action not in his


@pytest.mark.parametrize("path", ["/posts", "/posts/1", "/comments", "/comments/1"])
@pytest.mark.parametrize("root", ["/projects/1", API])
async def test_a_stranger_finds_nothing(desk: Desk, root: str, path: str) -> None:
    await desk.comment(await desk.post())
    assert (await desk.get(root + path, "boris")).status_code in (200, 303)
    assert (await desk.get(root + path, "vera")).status_code == 404


async def test_rows_of_another_project_are_not_found_in_mine(desk: Desk) -> None:
    comment = await desk.comment(await desk.post(project_id=2))
    for path in (f"/posts/{comment.post_id}", f"/comments/{comment.id}"):
        assert (await desk.get(API + path)).status_code == 404
        assert (await desk.get(f"/projects/1{path}")).status_code == 404
    assert (await desk.data("/comments"))["items"] == (await desk.data("/posts"))["items"] == []
    assert (await desk.ask("POST", f"{API}/comments/{comment.id}/cancel")).status_code == 404


async def test_comments_are_found_by_state_task_channel_bot_and_words(desk: Desk) -> None:
    post = await desk.post()
    await desk.comment(post, "sent", text="Спасибо, город", n=1)
    await desk.comment(post, "skipped", bot_id=None, text=None, n=2)

    async def found(query: str) -> list[int]:
        return [one["n"] for one in (await desk.data(f"/comments?{query}"))["items"]]

    assert await found("") == [2, 1]
    assert await found("state=sent") == [1]
    assert await found("bot_id=1") == [1]
    assert await found("task_id=1") == [2, 1]
    assert await found("task_id=9") == await found("channel_id=2") == []
    assert await found("q=спасибо") == [1]
    assert (await desk.get(f"{API}/comments?state=lost")).status_code == 422


async def test_pages_follow_each_other_without_a_gap_or_a_double(desk: Desk) -> None:
    for n in range(5):
        await desk.comment(await desk.post(f"Post {n}"))
    for kind in ("comments", "posts"):
        first = await desk.data(f"/{kind}?limit=3")
        second = await desk.data(f"/{kind}?limit=3&cursor={first['next']}")
        numbers = [one["id"] for one in first["items"] + second["items"]]
        assert (numbers, second["next"]) == (sorted(numbers, reverse=True), None)
        assert len(set(numbers)) == 5
    shown = (await desk.get("/projects/1/posts?limit=3&q=Post")).text
    assert f"/projects/1/posts?limit=3&amp;q=Post&amp;cursor={first['next']}" in shown


async def test_a_comment_in_json_carries_what_led_to_it_and_times_in_utc(desk: Desk) -> None:
    comment = await desk.comment(await desk.post(), fence=2)
    told = await desk.data(f"/comments/{comment.id}")
    assert told["decision"] == DECISION
    assert (told["send_at"], told["attempts"], told["link"]) == ("2026-11-22T12:04:00.000Z", 2, None)
    assert told["sentence"] == "It goes out at 22 Nov 2026, 15:04:00."


async def test_the_timeline_tells_every_step_in_the_readers_language(desk: Desk) -> None:
    post = await desk.post()
    comment = await desk.comment(post, "sent", message_id=123, sent_at=desk.clock.now())
    about = {"comment_id": comment.id, "task_id": 1}
    for kind, data in (
        ("post_seen", {}),
        ("thread_seen", {}),
        ("comment_planned", {"send_at": DECISION["send_at"]}),
        ("comment_sending", {"attempt": 1}),
        ("comment_planned", {"again_s": 7}),
        ("comment_sent", stored(reasons.SENT) | {"message_id": 123}),
        ("comment_seen", {"look": 1}),
    ):
        await desk.event(kind, post, data, **about)
        desk.clock.advance(60)
    told = await desk.data(f"/posts/{post.id}")
    assert [one["sentence"] for one in told["timeline"]] == [
        "Published in the channel.",
        "Seen in the channel.",
        "Its thread was seen in the discussion group.",
        "Planned for 14:55:20. Its delay: 3 to 7 minutes later.",
        "Sending, attempt 1.",
        "Nothing was sent yet. Next try in 7 s.",
        "Sent as message 123.",
        "Looked again: the comment is still there.",
    ]
    assert [one["at"] for one in told["timeline"]] == sorted(one["at"] for one in told["timeline"])
    russian = await desk.get(f"/projects/1/posts/{post.id}", **{"accept-language": "ru"})
    assert "Запланирован на 14:55:20. Задержка: через 3–7 минут." in russian.text
    assert "Отправлен, сообщение 123." in russian.text


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        (
            {"send_at": "2026-11-23T05:03:00+00:00"},
            "Planned for 23 Nov 2026, 08:03:00. Its delay: 3 to 7 minutes later. Quiet hours 23:00–08:00 moved it.",
        ),
        (
            {"seen_at": "2026-11-22T12:30:00+00:00", "send_at": "2026-11-22T12:30:00+00:00"},
            "Planned for 15:30:00. Its delay: 3 to 7 minutes later. The post was seen late.",
        ),
        (
            {"delay": {"min_s": 30, "max_s": 900}},
            "Planned for 14:55:20. Its delay: 30 seconds to 15 minutes later.",
        ),
    ],
)
async def test_a_plan_says_what_moved_it(desk: Desk, changes: dict[str, Any], because: str) -> None:
    post, decision = await desk.post(), DECISION | changes
    comment = await desk.comment(post, decision=decision)
    await desk.event("comment_planned", post, {"send_at": decision["send_at"]}, comment_id=comment.id)
    assert (await desk.data(f"/posts/{post.id}"))["timeline"][-1]["sentence"] == because


async def test_the_values_of_a_decision_are_readable(desk: Desk) -> None:
    post = await desk.post()
    await desk.comment(post)
    page = (await desk.get(f"/projects/1/posts/{post.id}")).text
    for value in ("3 to 7 minutes later", "23:00–08:00", "@city_bot", "0 of at most 1", "22 Nov 2026, 14:55:20"):
        assert f"<dd>{value}</dd>" in page


async def test_a_post_without_comments_says_why(desk: Desk) -> None:
    silent, suspended = await desk.post("Silent"), await desk.post("Suspended")
    await desk.event("post_left", silent, {"task": "none"})
    await desk.event("post_left", suspended, {"state": "suspended", "project": "active"})
    await desk.post("Fresh", minutes_ago=0.2)
    await desk.post("Lost")
    notes = {one["text"]: one["note"] for one in (await desk.data("/posts"))["items"]}
    assert notes == {
        "Silent": "No task was on for this channel.",
        "Suspended": "The channel is suspended.",
        "Fresh": "It is being looked at.",
        "Lost": "No task has looked at it, and why is not known.",
    }
    assert "No task was on for this channel." in (await desk.get(f"/projects/1/posts/{silent.id}")).text


async def test_moments_in_a_reason_stand_in_the_projects_zone() -> None:
    data = {
        "sentence": "The comment would have come at %(due)s, after %(limit)s.",
        "values": {"due": "2026-11-22T12:00:00+00:00", "limit": "x"},
    }
    said = comment_sentence(Comment(state="skipped", reason_data=data), ZoneInfo("Europe/Moscow"))
    assert said == "The comment would have come at 22 Nov 2026, 15:00:00, after x."


async def test_what_people_and_bots_write_brings_no_markup_along(desk: Desk) -> None:
    post = await desk.post("<script>alert(1)</script>")
    await desk.comment(post, "sent", text='<b>Bold</b> &lt;i&gt; <a href="https://example.org/?a=1&amp;b=2">rules</a>')
    await desk.comment(post, "sent", text='<a href="javascript:alert(1)">bad</a><img src=x>', n=2)
    page = (await desk.get(f"/projects/1/posts/{post.id}")).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'href="javascript:' not in page
    assert '<span class="font-semibold">Bold</span> &lt;i&gt; ' in page
    assert 'href="https://example.org/?a=1&amp;b=2" rel="noopener noreferrer nofollow"' in page


@pytest.mark.parametrize(
    ("post_values", "values", "link"),
    [
        ({}, {"message_id": 512}, "https://t.me/city_news/40?comment=512"),
        ({"message_id": None}, {"message_id": 512}, "https://t.me/c/2/512"),
        ({}, {"message_id": 512, "reason": "root_gone_left"}, "https://t.me/c/2/512"),
        ({}, {"message_id": None}, None),
    ],
)
async def test_a_comment_is_linked_where_it_stands(
    desk: Desk, post_values: dict[str, Any], values: dict[str, Any], link: str | None
) -> None:
    comment = await desk.comment(await desk.post(**post_values), "sent", **values)
    assert (await desk.data(f"/comments/{comment.id}"))["link"] == link


async def test_a_comment_is_shown_under_its_post(desk: Desk) -> None:
    comment = await desk.comment(await desk.post(), bot_id=77)
    answer = await desk.get(f"/projects/1/comments/{comment.id}")
    assert answer.headers["location"] == f"/projects/1/posts/{comment.post_id}#comment-{comment.id}"
    page = (await desk.get(f"/projects/1/posts/{comment.post_id}")).text
    assert f'id="comment-{comment.id}"' in page


@pytest.mark.parametrize("path", ["/posts", "/posts/1", "/comments"])
async def test_htmx_gets_the_live_part_alone(desk: Desk, path: str) -> None:
    await desk.comment(await desk.post())
    part = (await desk.get(f"/projects/1{path}", **HTMX)).text
    assert "data-live" in part
    assert "<html" not in part
    assert "<html" in (await desk.get(f"/projects/1{path}")).text


async def test_tabs_are_addresses_that_keep_the_search(desk: Desk) -> None:
    await desk.comment(await desk.post(), "sent", text="First words")
    page = (await desk.get("/projects/1/comments?state=unknown&q=words")).text
    assert 'href="/projects/1/comments?state=sent&amp;q=words"' in page
    assert 'href="/projects/1/comments?state=unknown&amp;q=words" aria-current="page"' in page
    assert "No comment fits." in page
    assert "First words" in (await desk.get("/projects/1/comments?state=sent&q=words")).text


async def test_an_empty_list_is_a_sentence_and_a_button(bare_desk: Desk) -> None:
    assert "No post has been seen yet." in (await bare_desk.get("/projects/1/posts")).text
    assert "There are no comments yet." in (await bare_desk.get("/projects/1/comments")).text


@pytest.mark.parametrize(
    "path",
    ["/projects/1", "/projects/1/posts", "/projects/1/comments", f"{API}/posts", f"{API}/comments", f"{API}/events"],
)
async def test_two_hundred_rows_take_as_many_statements_as_ten(desk: Desk, path: str) -> None:
    asked = f"{path}?limit=200"

    async def statements(rows: int) -> int:
        for _ in range(rows):
            post = await desk.post()
            comment = await desk.comment(post)
            await desk.event("comment_planned", post, {}, comment_id=comment.id, user_id=1)
        desk.statements.clear()
        assert (await desk.get(asked)).status_code == 200
        return len(desk.statements)

    few = await statements(10)
    assert await statements(190) == few


def test_every_state_has_its_word_and_every_word_of_the_address_is_a_state() -> None:
    assert set(STATES) == set(State.__value__.__args__)


def recorded_kinds() -> Iterator[str]:
    """The kinds that the slices write into the journal, as far as they stand there as they are."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("record", "note"):
                yield from filter(_is_kind, map(_word, ast.walk(ast.Tuple(node.args[1:3]))))


def _word(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_kind(word: str) -> bool:
    about, _, rest = word.partition("_")
    return rest != "" and about in ABOUT


def test_every_kind_of_event_has_a_sentence_in_russian_too() -> None:
    kinds = {*recorded_kinds(), *(f"comment_{state}" for state in STATES if state != "awaiting_approval")}
    assert "comment_gone" in kinds
    assert kinds - KINDS.keys() == {"task_toggled"}, "task_on, task_off and task_paused stand for task_toggled"
    with using("ru"):
        assert comment_sentence(Comment(state="sending", reason_data={}), ZoneInfo("UTC")) == "Telegram получает его."


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_event_finds_its_words_whatever_it_carries(kind: str, language: str) -> None:
    event = Event(kind=kind, at=datetime(2026, 11, 22, tzinfo=UTC), data={})
    with using(language):
        assert moment_of(event, decision={}, zone=UTC).sentence
