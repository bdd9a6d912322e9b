"""Telegram's JSON is read without ever failing."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tgac.kit.telegram.types import CallbackQuery, ChatMemberUpdate, Kind, Message, Update
from tgac.kit.telegram.updates import (
    Unreadable,
    offset_after,
    read_chat_full,
    read_member,
    read_sent,
    read_update,
    read_user,
)

ANNA = {"id": 11, "is_bot": False, "first_name": "Anna", "username": "anna"}
BOT = {"id": 77, "is_bot": True, "first_name": "Kommentator"}
CHANNEL = {"id": -1001000000001, "type": "channel", "title": "Anna's channel", "username": "annas"}
GROUP = {"id": -1002000000002, "type": "supergroup", "title": "Anna's chat"}
POST = {"message_id": 5, "date": 1_790_000_000, "chat": CHANNEL, "sender_chat": CHANNEL, "text": "Good morning"}
FORWARD = {
    **POST,
    "message_id": 900,
    "chat": GROUP,
    "from": {"id": 777000, "is_bot": False, "first_name": "Telegram"},
    "is_automatic_forward": True,
    "forward_origin": {"type": "channel", "chat": CHANNEL, "message_id": 5, "date": 1_790_000_000},
}


def member(status: str, **more: Any) -> dict[str, Any]:
    return {"user": BOT, "status": status, **more}


INVITED = {
    "chat": GROUP,
    "from": ANNA,
    "date": 1_790_000_000,
    "old_chat_member": member("left"),
    "new_chat_member": member("administrator", can_delete_messages=True, can_post_messages=False, is_anonymous=False),
}
PRESS = {"id": "99", "from": ANNA, "data": "yes", "chat_instance": "1", "message": {**POST, "chat": GROUP}}


def read(kind: str, event: Any) -> Update:
    update = read_update({"update_id": 1, kind: event, "something_else": [1]})
    assert update is not None
    return update


def message(**more: Any) -> Message:
    event = read("message", {**POST, **more}).event
    assert isinstance(event, Message)
    return event


@pytest.mark.parametrize("kind", ["message", "edited_message", "channel_post", "edited_channel_post"])
def test_a_post_is_read(kind: str) -> None:
    update = read(kind, POST)
    assert (update.update_id, update.kind) == (1, kind)
    assert isinstance(update.event, Message)
    assert update.event.text == "Good morning"
    assert update.event.date == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
    assert update.event.sender_chat == update.event.chat


def test_an_automatic_forward_tells_its_post() -> None:
    event = read("message", FORWARD).event
    assert isinstance(event, Message)
    assert event.is_automatic_forward
    assert event.chat.is_group
    assert event.forward_origin is not None
    assert (event.forward_origin.chat_id, event.forward_origin.message_id) == (CHANNEL["id"], 5)


ORIGINS: list[dict[str, Any]] = [
    {"type": "channel", "chat": CHANNEL, "message_id": 5, "author_signature": "A."},
    {"type": "chat", "sender_chat": GROUP},
    {"type": "user", "sender_user": ANNA},
    {"type": "hidden_user", "sender_user_name": "Anna"},
]


def test_each_origin_has_a_signature_of_its_own() -> None:
    signatures = {
        message(forward_origin={**origin, "date": date}).forward_origin.signature  # type: ignore[union-attr]
        for origin in ORIGINS
        for date in (1, 2)
    }
    assert len(signatures) == 8


def test_a_repost_is_found_again_by_its_origin() -> None:
    renamed = {"type": "user", "sender_user": {**ANNA, "first_name": "Anya"}, "date": 1}
    one, other = message(forward_origin={**ORIGINS[2], "date": 1}), message(forward_origin=renamed)
    assert one.forward_origin is not None
    assert other.forward_origin is not None
    assert one.forward_origin.signature == other.forward_origin.signature


def test_a_caption_is_the_text_of_a_picture() -> None:
    raw = {**POST, "photo": [{}], "caption": "Look", "caption_entities": [{"type": "bold", "offset": 0, "length": 4}]}
    del raw["text"]
    event = read("channel_post", raw).event
    assert isinstance(event, Message)
    assert (event.text, event.media, event.is_service) == ("Look", "photo", False)
    assert event.entities == ({"type": "bold", "offset": 0, "length": 4},)


def test_an_animation_is_no_document() -> None:
    assert message(document={}, animation={}).media == "animation"


def test_an_unknown_medium_is_something_all_the_same() -> None:
    assert message(video_note={}).media == "other"


def test_a_renamed_chat_is_nothing_anybody_wrote() -> None:
    assert message(text="", new_chat_title="B").is_service
    assert not message().is_service


def test_a_keyboard_an_album_and_a_reply_are_seen() -> None:
    seen = message(
        reply_markup={"inline_keyboard": [[{"text": "Buy", "url": "https://example.org"}]]},
        media_group_id="7",
        reply_to_message={"message_id": 4},
        message_thread_id=3,
        edit_date=1_790_000_009,
    )
    assert (seen.has_keyboard, seen.media_group_id, seen.reply_to_message_id, seen.thread_id) == (True, "7", 4, 3)
    assert seen.edit_date is not None
    assert not message(reply_markup={"inline_keyboard": []}).has_keyboard


def test_a_mention_of_somebody_without_a_name_keeps_his_id() -> None:
    entities = [{"type": "text_mention", "offset": 0, "length": 4, "user": ANNA, "odd": object}]
    assert message(entities=entities).entities == ({"type": "text_mention", "offset": 0, "length": 4, "user_id": 11},)


def test_what_no_database_keeps_is_replaced_and_the_length_stays() -> None:
    assert message(text="a\x00b\ud800c\n").text == "a\ufffdb\ufffdc\n"


def test_a_press_is_read() -> None:
    event = read("callback_query", PRESS).event
    assert isinstance(event, CallbackQuery)
    assert (event.id, event.data, event.from_user.name) == ("99", "yes", "Anna")
    assert (event.chat_id, event.chat_type, event.message_id) == (GROUP["id"], "supergroup", 5)


def test_a_press_under_a_message_too_old_to_be_shown_is_read() -> None:
    old = {"chat": GROUP, "message_id": 5, "date": 0}
    event = read("callback_query", {**PRESS, "message": old}).event
    assert isinstance(event, CallbackQuery)
    assert event.message_id == 5


def test_a_press_without_a_message_is_read() -> None:
    event = read("callback_query", {"id": "1", "from": ANNA}).event
    assert isinstance(event, CallbackQuery)
    assert event.chat_id is None


@pytest.mark.parametrize("kind", ["my_chat_member", "chat_member"])
def test_an_invitation_tells_who_invited_whom(kind: str) -> None:
    event = read(kind, INVITED).event
    assert isinstance(event, ChatMemberUpdate)
    assert (event.from_user.id, event.user.id) == (11, 77)
    assert (event.old.status, event.new.status) == ("left", "administrator")
    assert event.new.can_delete_messages
    assert not event.new.can_post_messages


@pytest.mark.parametrize(
    ("raw", "may_write"),
    [
        (member("creator"), True),
        (member("administrator"), True),
        (member("member"), True),
        (member("restricted", is_member=True, can_send_messages=True), True),
        (member("restricted", is_member=True, can_send_messages=False), False),
        (member("restricted", is_member=False, can_send_messages=True), False),
        (member("left"), False),
        (member("kicked"), False),
        (member("something of tomorrow"), False),
    ],
)
def test_standing_decides_who_may_write(raw: dict[str, Any], may_write: bool) -> None:
    assert read_member(raw).may_write is may_write


def test_a_creator_may_everything_and_a_member_nothing() -> None:
    assert read_member(member("creator")).can_post_messages
    assert not read_member(member("member", can_delete_messages=True)).can_delete_messages


def test_a_channel_names_its_group() -> None:
    chat = read_chat_full({**CHANNEL, "linked_chat_id": GROUP["id"]})
    assert (chat.linked_chat_id, chat.username, chat.members_may_write) == (GROUP["id"], "annas", True)


def test_a_group_where_members_are_silent_says_so() -> None:
    raw = {**GROUP, "permissions": {"can_send_messages": False}, "slow_mode_delay": 30, "paid_message_star_count": 5}
    chat = read_chat_full(raw)
    assert (chat.members_may_write, chat.slow_mode_s, chat.paid_stars) == (False, 30, 5)


def test_a_sent_comment_tells_what_it_hangs_under() -> None:
    assert read_sent({**POST, "reply_to_message": {"message_id": 4}}).replied_to == 4
    assert read_sent(POST).replied_to is None


def test_a_bot_tells_its_abilities() -> None:
    assert read_user({**BOT, "can_manage_bots": True}).can_manage_bots


def test_the_offset_moves_past_updates_that_cannot_be_read() -> None:
    assert offset_after([{"update_id": 7}, {"update_id": 9, "poll": 1}, {"odd": 1}, None], 3) == 10
    assert offset_after([], 3) == 3


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {},
        {"update_id": 1},
        {"update_id": 1, "poll": {}},
        {"update_id": 1, "message": None},
        {"update_id": "1", "message": POST},
        {"update_id": 1, "message": {**POST, "date": 10**30}},
        {"update_id": 1, "message": {**POST, "date": -1}},
        {"update_id": 1, "message": {**POST, "date": 2**40}},
        {"update_id": 1, "message": {**POST, "message_id": 2**64}},
        {"update_id": 1, "message": {**POST, "message_id": True}},
        {"update_id": 1, "message": {**POST, "chat": {"id": 1}}},
    ],
)
def test_what_is_broken_or_unknown_is_nothing(raw: object) -> None:
    assert read_update(raw) is None


def test_a_result_that_cannot_be_read_is_said_to_be_so() -> None:
    with pytest.raises(Unreadable):
        read_sent({"message_id": 1})
    with pytest.raises(Unreadable):
        read_member({"user": ANNA})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def all_keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for inner in value.values() for key in all_keys(inner)}
    return set()


KEYS = sorted(all_keys([]) | all_keys(FORWARD) | all_keys(PRESS) | all_keys(INVITED) | {"entities", "photo", "user"})


@st.composite
def broken(draw: st.DrawFn, whole: dict[str, Any]) -> dict[str, Any]:
    """A good object with something in it, at any depth, put in place of something else."""
    key = draw(st.sampled_from(KEYS))
    inner = whole.get(key)
    if isinstance(inner, dict) and draw(st.booleans()):
        return {**whole, key: draw(broken(inner))}
    return {**whole, key: draw(JSON)}


WHOLE: list[dict[str, Any]] = [POST, FORWARD, PRESS, INVITED]


@settings(deadline=None)
@given(raw=JSON | st.sampled_from(WHOLE).flatmap(broken), kind=st.sampled_from(get_args(Kind)))
def test_nothing_that_comes_makes_reading_fail(raw: Any, kind: str) -> None:
    update = read_update({"update_id": 1, kind: raw})
    assert update is None or update.kind == kind
