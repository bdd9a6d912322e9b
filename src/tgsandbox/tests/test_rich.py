"""Rich messages: what is taken, what is refused, what becomes of them by edits."""

from typing import Any

import pytest

from tgsandbox.schema import conforms
from tgsandbox.tests.hands import Hands, Scene, post

BLOCKS: list[dict[str, Any]] = [
    {"type": "heading", "size": 2, "text": "Rules"},
    {"type": "paragraph", "text": ["Be ", {"type": "bold", "text": {"type": "italic", "text": "kind"}}, "."]},
    {"type": "pre", "text": "x = 1", "language": "python"},
    {"type": "blockquote", "blocks": [{"type": "paragraph", "text": "A quote"}]},
    {"type": "expandable_blockquote", "text": {"type": "url", "text": "here", "url": "https://example.org"}},
]
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


def paragraphs(*texts: Any) -> dict[str, Any]:
    """A rich message of paragraphs."""
    return {"blocks": [{"type": "paragraph", "text": text} for text in texts]}


async def sent(hands: Hands, scene: Scene, **rich: Any) -> dict[str, Any]:
    """A rich message of Anna's bot in the group: where it is."""
    message = await hands.call(scene.token, "sendRichMessage", chat_id=scene.group, rich_message=rich)
    return {"chat_id": scene.group, "message_id": message["message_id"]}


async def test_blocks_come_back_as_they_were_sent(hands: Hands, scene: Scene) -> None:
    _, root_id = await post(hands, scene)
    asked = {"chat_id": scene.group, "reply_parameters": {"message_id": root_id}, "disable_notification": True}
    message = await hands.call(scene.token, "sendRichMessage", **asked, rich_message={"blocks": BLOCKS})
    assert conforms("Message", message)
    assert message["rich_message"] == {"blocks": BLOCKS}
    assert "text" not in message
    assert message["reply_to_message"]["message_id"] == root_id


@pytest.mark.parametrize(
    ("rich", "said"),
    [
        ({"blocks": []}, "RICH_MESSAGE_CONTENT_REQUIRED"),
        ({}, "RICH_MESSAGE_CONTENT_REQUIRED"),
        (paragraphs(""), "RICH_MESSAGE_CONTENT_REQUIRED"),
        (paragraphs(["a", {"type": "bold", "text": ""}]), "RICH_MESSAGE_CONTENT_REQUIRED"),
        ({"html": "<p>x</p>", **paragraphs("x")}, "exactly one of"),
        ({"html": "<p>x</p>"}, "html are not emulated"),
        ({"blocks": [{"type": "divider"}, {"type": "map"}]}, "can't find field"),
        ({"blocks": [{"type": "mathematical_expression", "expression": "x"}]}, "are not emulated"),
        ({"blocks": [{"type": "preformatted", "text": "x"}]}, 'field "type"'),
        ({"blocks": [{"type": "paragraph"}]}, 'can\'t find field "text"'),
        ({"blocks": [{"text": "x"}]}, 'field "type"'),
        ({"blocks": ["x"]}, 'field "type"'),
        (paragraphs({"type": "strong", "text": "x"}), 'field "type"'),
        (paragraphs({"type": "url", "text": "x"}), 'can\'t find field "url"'),
        (paragraphs(1), 'field "type"'),
        (paragraphs("x" * 32_767, "xx"), "TEXT_TOO_LONG"),
        (paragraphs("😀" * 16_385), "TEXT_TOO_LONG"),
        (paragraphs(*["x"] * 501), "BLOCKS_TOO_MUCH"),
    ],
)
async def test_what_telegram_would_not_take_is_refused(
    hands: Hands, scene: Scene, rich: dict[str, Any], said: str
) -> None:
    answer = await hands.ask(scene.token, "sendRichMessage", chat_id=scene.group, rich_message=rich)
    assert not answer["ok"]
    assert said in answer["description"]


async def test_looks_are_nested_sixteen_deep_at_most(hands: Hands, scene: Scene) -> None:
    text: Any = "x"
    for _ in range(14):
        text = {"type": "bold", "text": text}
    await sent(hands, scene, **paragraphs(text))
    deeper = paragraphs({"type": "bold", "text": text})
    said = await hands.refusal(scene.token, "sendRichMessage", chat_id=scene.group, rich_message=deeper)
    assert "DEPTH" in said


async def test_as_much_as_telegram_takes_is_taken(hands: Hands, scene: Scene) -> None:
    await sent(hands, scene, **paragraphs("x" * 32_768))
    await sent(hands, scene, **paragraphs(*["x"] * 500))


async def test_an_edit_that_changes_nothing_is_told_so(hands: Hands, scene: Scene) -> None:
    named = await sent(hands, scene, **paragraphs("One"))
    same = named | {"rich_message": paragraphs("One")}
    assert await hands.refusal(scene.token, "editMessageText", **same) == NOT_MODIFIED
    edited = await hands.call(scene.token, "editMessageText", **named, rich_message=paragraphs("Two"))
    assert (edited["rich_message"], "edit_date" in edited) == (paragraphs("Two"), True)


async def test_an_edit_makes_a_text_rich_and_back(hands: Hands, scene: Scene) -> None:
    named = await sent(hands, scene, **paragraphs("Long"))
    plain = await hands.call(scene.token, "editMessageText", **named, text="Short")
    assert (plain["text"], "rich_message" in plain) == ("Short", False)
    long = await hands.call(scene.token, "editMessageText", **named, rich_message=paragraphs("Long"))
    assert (long["rich_message"], "text" in long) == (paragraphs("Long"), False)


async def test_the_settings_keep_a_text_a_text(hands: Hands, scene: Scene) -> None:
    await hands.do("PUT", "/settings", edit_makes_rich=False)
    named = await sent(hands, scene, **paragraphs("Long"))
    said = await hands.refusal(scene.token, "editMessageText", **named, text="Short")
    assert said == "Bad Request: there is no text in the message to edit"


async def test_text_and_blocks_at_once_are_refused(hands: Hands, scene: Scene) -> None:
    named = await sent(hands, scene, **paragraphs("One"))
    both = named | {"text": "x", "rich_message": paragraphs("x")}
    assert "can't be used together" in await hands.refusal(scene.token, "editMessageText", **both)
    assert await hands.refusal(scene.token, "editMessageText", **named) == "Bad Request: message text is empty"
