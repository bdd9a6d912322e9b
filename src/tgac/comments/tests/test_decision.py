"""What a decision says, to the second: when, until when, by whom, in which words, and everything that was compared."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tgac.comments.decide import Decision, Order, Plan, Thread, decide, write_text
from tgac.tasks.config import TaskConfig
from tgac.tasks.facts import BotFacts, ChannelFacts, PostFacts, Reason, Scene

CHANNEL = ChannelFacts(1, "City news", "city_news")
CITY, TOWN = BotFacts(1, "City", "city_bot"), BotFacts(2, "Town", "town_bot")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
POST = PostFacts(7, "A tram", "https://t.me/city_news/7", NOON, NOON + timedelta(seconds=5))
OPEN = Thread(has_root=True, is_gone=False, taken=0, limit=1, previous_text=None)
EXACTLY = {"delay": {"min_s": 60, "max_s": 60}, "expire_after_s": 600}
TEN = tuple({"name": f"V{n}", "text": f"Text {n}"} for n in range(10))


def an_order(*bots: BotFacts, text: str = "Hello", **document: Any) -> Order:
    content = document.pop("content", {"variants": [{"name": "A", "text": text}]})
    config = TaskConfig.model_validate({"timing": EXACTLY, "content": content} | document)
    return Order(3, config, bots or (CITY,))


def decided(
    order: Order, *, post: PostFacts = POST, thread: Thread = OPEN, zone: Any = UTC, seed: int = 11
) -> Decision:
    return decide(post, CHANNEL, order, thread, zone=zone, seed=seed)


def planned(order: Order, **facts: Any) -> Plan:
    outcome = decided(order, **facts).outcome
    assert isinstance(outcome, Plan), outcome
    return outcome


def code_of(order: Order, **facts: Any) -> str:
    outcome = decided(order, **facts).outcome
    assert isinstance(outcome, Reason), outcome
    return outcome.code


def test_a_plan_and_everything_that_was_compared_for_it() -> None:
    decision = decided(an_order(limits={"per_channel_hour": 4}), thread=replace(OPEN, taken=1, limit=2))
    assert isinstance(decision.outcome, Plan)
    assert decision.outcome.bot == CITY
    assert decision.outcome.send_at == NOON + timedelta(seconds=60)
    assert decision.outcome.expires_at == NOON + timedelta(seconds=660)
    assert decision.outcome.wait_until is None
    assert decision.outcome.text.html == "Hello"
    assert decision.values == {
        "seed": 11,
        "published_at": "2026-03-01T12:00:00+00:00",
        "seen_at": "2026-03-01T12:00:05+00:00",
        "time_zone": "UTC",
        "delay": {"min_s": 60, "max_s": 60},
        "quiet_hours": None,
        "wait_for": None,
        "limits": {"per_post": 1, "per_channel_hour": 4},
        "bots": ["city_bot"],
        "taken": 1,
        "limit": 2,
        "bot": "city_bot",
        "send_at": "2026-03-01T12:01:00+00:00",
        "expires_at": "2026-03-01T12:11:00+00:00",
        "wait_until": None,
        "variant": "A",
        "tried": 0,
    }


def test_a_reason_and_everything_that_was_compared_for_it() -> None:
    quiet = {"quiet_hours": {"from": "23:00", "to": "07:30"}}
    decision = decided(an_order(CITY, TOWN, timing=EXACTLY | quiet), thread=replace(OPEN, taken=2, limit=2))
    assert decision.outcome == Reason(
        "collision",
        "Comments of the project under this post: %(taken)d; at most %(limit)d are allowed.",
        {"taken": 2, "limit": 2},
    )
    assert decision.values["quiet_hours"] == {"from": "23:00", "to": "07:30"}
    assert decision.values["bots"] == ["city_bot", "town_bot"]
    assert not {"bot", "send_at", "variant"} & set(decision.values)


def test_a_wait_for_readers_ends_so_long_after_it_was_due_and_leaves_as_much_time_as_any_comment_has() -> None:
    decision = decided(an_order(timing=EXACTLY | {"wait_for": {"question": True, "deadline_s": 900}}))
    assert isinstance(decision.outcome, Plan)
    assert decision.outcome.wait_until == NOON + timedelta(seconds=960)
    assert decision.outcome.expires_at == NOON + timedelta(seconds=1560)
    assert decision.values["wait_until"] == "2026-03-01T12:16:00+00:00"
    assert decision.values["wait_for"]["question"] is True
    assert decision.values["wait_for"]["deadline_s"] == 900


def test_a_short_wait_takes_nothing_from_the_comments_own_time() -> None:
    late = an_order(
        timing={"delay": {"min_s": 0, "max_s": 3000}, "expire_after_s": 600, "wait_for": {"question": True}}
    )
    for seed in range(20):
        plan = planned(late, seed=seed)
        assert plan.wait_until is not None
        longest = max(NOON + timedelta(seconds=3600), plan.wait_until + timedelta(seconds=600))
        assert plan.expires_at == longest


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"thread": replace(OPEN, is_gone=True, has_root=False)}, "post_gone"),
        ({"thread": replace(OPEN, has_root=False, taken=1)}, "no_thread"),
        ({"thread": replace(OPEN, taken=1)}, "collision"),
        ({"thread": replace(OPEN, taken=3)}, "collision"),
        ({"post": replace(POST, seen_at=NOON + timedelta(seconds=661))}, "too_late"),
    ],
)
def test_what_stands_in_the_way_has_its_name_and_the_first_one_counts(facts: dict[str, Any], code: str) -> None:
    assert code_of(an_order(), **facts) == code


def test_without_a_bot_there_is_none_even_where_there_is_no_place_left() -> None:
    order = replace(an_order(), bots=())
    assert code_of(order) == "no_bot"
    assert code_of(order, thread=replace(OPEN, taken=1)) == "no_bot"


def test_the_filter_speaks_before_everything_else_and_in_the_zone_of_the_clock_on_the_wall() -> None:
    """NOON is a Sunday; fourteen hours to the east it is Monday already."""
    on_monday = an_order(filter={"weekdays": [0]})
    assert code_of(on_monday, thread=replace(OPEN, is_gone=True)) == "filter_weekday"
    assert planned(on_monday, zone=timezone(timedelta(hours=14)))


def test_whether_a_share_of_the_posts_is_commented_is_each_tasks_own_choice() -> None:
    half = an_order(filter={"share": 0.5})
    posts = [replace(POST, id=number) for number in range(40)]
    chosen = {
        task_id: [isinstance(decided(replace(half, task_id=task_id), post=one).outcome, Plan) for one in posts]
        for task_id in (3, 4)
    }
    assert chosen[3] != chosen[4]


def test_the_seed_chooses_the_bot_the_moment_and_the_words() -> None:
    timing = {"delay": {"min_s": 0, "max_s": 3600}, "expire_after_s": 600}
    order = an_order(CITY, TOWN, timing=timing, content={"variants": TEN})
    plans = [planned(order, seed=seed) for seed in range(40)]
    assert plans == [planned(order, seed=seed) for seed in range(40)]
    assert {plan.bot for plan in plans} == {CITY, TOWN}
    assert len({plan.send_at for plan in plans}) == 40
    assert len({plan.text.html for plan in plans}) > 5


def test_a_text_that_follows_itself_is_picked_anew_and_the_picks_are_counted() -> None:
    order = an_order(content={"variants": TEN[:2]})
    first = decided(order)
    again = decided(order, thread=replace(OPEN, previous_text=planned(order).text.html))
    assert isinstance(again.outcome, Plan)
    assert again.outcome.text.html != planned(order).text.html
    assert (first.values["tried"], again.values["tried"] > 0) == (0, True)
    assert again.values["variant"] == again.outcome.text.variant


def test_a_text_that_may_not_leave_is_the_reason() -> None:
    assert code_of(an_order(text="{{ post.text }}"), post=replace(POST, text="")) == "text_empty"


def test_a_text_speaks_of_the_moment_on_the_clock_on_the_wall_and_in_the_posts_language() -> None:
    order, east = an_order(text="{{ date }} {{ time }}"), timezone(timedelta(hours=14))
    assert planned(order).text.html == "March 1, 2026 12:01"
    assert planned(order, zone=east).text.html == "March 2, 2026 02:01"
    assert planned(order, post=replace(POST, language="ru")).text.html == "1 марта 2026\u202fг. 12:01"


def test_the_same_seed_writes_the_same_words_again_and_the_one_after_them() -> None:
    order = an_order(content={"variants": TEN})
    scene = Scene(POST, CHANNEL, CITY, NOON)
    for seed in range(20):
        text = write_text(order.config, scene, seed=seed)
        assert text == planned(order, seed=seed).text
        assert write_text(order.config, scene, seed=seed, skip=1) != text
        assert write_text(order.config, scene, seed=seed, previous_text=text.html) != text


def test_quiet_hours_are_those_of_the_clock_on_the_wall() -> None:
    """At NOON it is midnight twelve hours to the east: all that would happen then happens at seven, 19:00 UTC."""
    quiet = {"quiet_hours": {"from": "23:00", "to": "07:00"}}
    plan = planned(an_order(timing=EXACTLY | quiet), zone=timezone(timedelta(hours=12)))
    assert plan.send_at == NOON + timedelta(hours=7)
    assert plan.expires_at == NOON + timedelta(hours=7, seconds=600)


def test_a_wait_that_would_end_in_quiet_hours_ends_with_them() -> None:
    """At NOON it is 22:00 ten hours to the east: two hours later it is midnight, and seven comes at 21:00 UTC."""
    waiting = {"question": True, "deadline_s": 7200}
    timing = EXACTLY | {"quiet_hours": {"from": "23:00", "to": "07:00"}, "wait_for": waiting}
    plan = planned(an_order(timing=timing), zone=timezone(timedelta(hours=10)))
    assert plan.send_at == NOON + timedelta(seconds=60)
    assert plan.wait_until == NOON + timedelta(hours=9)
    assert plan.expires_at == NOON + timedelta(hours=9, seconds=600)


def test_what_comes_too_late_says_all_that_was_compared() -> None:
    late = decided(an_order(), post=replace(POST, seen_at=NOON + timedelta(seconds=661)))
    assert late.values == decided(an_order(), thread=replace(OPEN, taken=1)).values | {
        "seen_at": "2026-03-01T12:11:01+00:00",
        "taken": 0,
    }


def test_a_text_that_may_not_leave_says_all_that_was_compared() -> None:
    empty = an_order(text="{{ post.text }}")
    assert decided(empty, post=replace(POST, text="")).values == decided(
        empty, thread=replace(OPEN, limit=0)
    ).values | {"limit": 1}
