"""Links that Telegram understands, or none."""

import pytest

from tgac.kit.telegram.links import add_to_channel_link, add_to_group_link, message_link, start_link

BASE = "https://t.me"


def test_links_are_those_of_telegram() -> None:
    assert start_link(BASE, "tgac_bot", payload="in_Ab-9") == "https://t.me/tgac_bot?start=in_Ab-9"
    assert add_to_channel_link(BASE, "tgac_bot", rights=["post_messages", "invite_users"]) == (
        "https://t.me/tgac_bot?startchannel&admin=post_messages+invite_users"
    )
    assert add_to_group_link(BASE, "tgac_bot", payload="s7", rights=["delete_messages"]) == (
        "https://t.me/tgac_bot?startgroup=s7&admin=delete_messages"
    )


def test_a_message_is_found_by_username_or_by_id() -> None:
    assert message_link(BASE, "annas", message_id=5) == "https://t.me/annas/5"
    assert message_link(BASE, "annas", message_id=5, comment_id=901) == "https://t.me/annas/5?comment=901"
    assert message_link(BASE, -1001234567890, message_id=5) == "https://t.me/c/1234567890/5"


def test_another_place_than_telegram_can_be_linked_to() -> None:
    assert start_link("http://127.0.0.1:8081/t/", "tgac_bot", payload="a") == "http://127.0.0.1:8081/t/tgac_bot?start=a"


@pytest.mark.parametrize("payload", ["", "a" * 65, "a b", "a&admin=x", "й", "a\n"])
def test_a_payload_that_telegram_would_drop_is_refused(payload: str) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        start_link(BASE, "tgac_bot", payload=payload)


@pytest.mark.parametrize("bot", ["", "a/b", "x" * 33, "имя_"])
def test_a_name_that_is_none_is_refused(bot: str) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        start_link(BASE, bot, payload="a")


@pytest.mark.parametrize("rights", [[], ["anonymous"], ["post_messages", "anonymous"]])
def test_nobody_is_asked_for_anonymity_or_for_nothing(rights: list[str]) -> None:
    with pytest.raises(ValueError, match="anonymous"):
        add_to_channel_link(BASE, "tgac_bot", rights=rights)


@pytest.mark.parametrize("chat", [42, -42])
def test_a_chat_without_links_has_none(chat: int) -> None:
    with pytest.raises(ValueError, match="no links"):
        message_link(BASE, chat, message_id=1)
