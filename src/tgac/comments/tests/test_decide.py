"""The planner's heart on whatever comes: the same again for the same, in its window, never at night, with a reason."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tgac.comments.decide import Decision, Order, Plan, Thread, decide
from tgac.comments.dry_run_limits import Book
from tgac.comments.limits import Cap, Where
from tgac.tasks.config import TaskConfig
from tgac.tasks.facts import BotFacts, ChannelFacts, PostFacts, Reason
from tgac.tasks.filters import why_not
from tgac.tasks.timing import is_quiet

CHANNEL = ChannelFacts(1, "City news", "city_news")
BOTS = (BotFacts(1, "City", "city_bot"), BotFacts(2, "Town", "town_bot"))
zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "Europe/Moscow"]
).map(ZoneInfo)
moments = st.integers(1_483_228_800, 1_798_761_600).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
clocks = st.times().map(lambda time: time.strftime("%H:%M"))
nights = st.none() | st.tuples(clocks, clocks).filter(lambda ends: ends[0] != ends[1])
delays = st.tuples(st.integers(0, 90_000), st.integers(0, 90_000)).map(sorted)
words = st.lists(st.sampled_from(["tram", "sale", "rain*", "снег"]), unique=True, max_size=2)
filters = st.fixed_dictionaries(
    {},
    optional={
        "any_words": words,
        "no_words": words,
        "hashtags": st.lists(st.sampled_from(["news", "city"]), unique=True, max_size=2),
        "media": st.lists(st.sampled_from(["text", "photo"]), unique=True, max_size=2),
        "forwarded": st.booleans(),
        "weekdays": st.lists(st.integers(0, 6), unique=True, min_size=1),
        "share": st.floats(0, 1),
        "min_length": st.integers(0, 40),
    },
)


@st.composite
def posts(draw: st.DrawFn) -> PostFacts:
    published = draw(moments)
    return PostFacts(
        id=draw(st.integers(1, 2**40)),
        text=draw(st.sampled_from(["A tram", "Sale #news", "", "Снег в городе #city"])),
        link="https://t.me/city_news/1",
        published_at=published,
        seen_at=published + timedelta(seconds=draw(st.integers(0, 200_000))),
        hashtags=draw(st.sampled_from([(), ("news",), ("city", "news")])),
        media=draw(st.sampled_from([frozenset(), frozenset({"photo"})])),
        forwarded=draw(st.booleans()),
    )


@st.composite
def orders(draw: st.DrawFn) -> Order:
    least, most = draw(delays)
    night = draw(nights)
    timing: dict[str, Any] = {"delay": {"min_s": least, "max_s": most}, "expire_after_s": draw(st.integers(60, 9000))}
    if night:
        timing["quiet_hours"] = {"from": night[0], "to": night[1]}
    document = {"timing": timing, "filter": draw(filters), "content": {"variants": [{"text": "{Hi|Hello} {{ date }}"}]}}
    return Order(1, TaskConfig.model_validate(document), draw(st.sampled_from([(), BOTS[:1], BOTS])))


threads = st.builds(
    Thread,
    has_root=st.booleans() | st.just(True),
    is_gone=st.just(False) | st.booleans(),
    taken=st.integers(0, 2),
    limit=st.integers(1, 3),
    previous_text=st.none(),
)


@given(posts(), orders(), threads, zones, st.integers(0, 2**32))
def test_a_decision_is_a_comment_in_its_time_or_a_reason(
    post: PostFacts, order: Order, thread: Thread, zone: ZoneInfo, seed: int
) -> None:
    decision = decide(post, CHANNEL, order, thread, zone=zone, seed=seed)
    assert decide(post, CHANNEL, order, thread, zone=zone, seed=seed) == decision
    outcome, timing = decision.outcome, order.config.timing
    if isinstance(outcome, Reason):
        assert outcome.code
        assert outcome.sentence
        return
    assert outcome.bot in order.bots
    assert not is_quiet(outcome.send_at, timing.quiet_hours, zone)
    assert outcome.send_at >= max(post.published_at + timedelta(seconds=timing.window.min_s), post.seen_at)
    assert outcome.send_at <= outcome.expires_at
    if timing.quiet_hours is None:
        last = max(post.published_at + timedelta(seconds=timing.window.max_s), post.seen_at)
        assert outcome.send_at <= last
    assert thread.has_root
    assert not thread.is_gone
    assert thread.taken < thread.limit


@given(posts(), orders(), zones)
def test_a_filter_lets_a_post_through_or_says_why_not(post: PostFacts, order: Order, zone: ZoneInfo) -> None:
    wanted = order.config.filter
    reason = why_not(post, wanted, task_id=1, zone=zone)
    assert why_not(post, wanted, task_id=1, zone=zone) == reason
    if reason is not None:
        assert reason.code
        assert "%" not in reason.sentence
    if wanted == TaskConfig().filter:
        assert reason is None


@given(
    st.lists(st.integers(0, 4000), min_size=1, max_size=30).map(sorted),
    st.integers(1, 3),
    st.integers(1, 900),
    st.integers(0, 3000),
)
def test_a_dry_run_passes_no_limit_and_moves_nothing_forward(
    due: list[int], most: int, seconds: int, fresh_s: int
) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    book, cap, placed = Book(), Cap("limit_channel_hour", "channel", most, seconds, most), []
    text: Any = None
    for after in due:
        at = start + timedelta(seconds=after)
        plan = Plan(BOTS[0], at, at + timedelta(seconds=fresh_s), text)
        found = book.place(Decision(plan, {}), Where(1, 1, 1), [cap], quiet=None, zone=UTC).outcome
        if isinstance(found, Reason):
            assert found.code == cap.code
            continue
        assert at <= found.send_at <= plan.expires_at
        placed.append(found.send_at)
    ordered = sorted(placed)
    for first, last in zip(ordered, ordered[most:], strict=False):
        assert last - first >= timedelta(seconds=seconds)
