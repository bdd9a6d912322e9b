"""The controls: strict inputs, an empty world after a reset, files and the page."""

from typing import Any

import pytest

from tgsandbox.tests.hands import Hands, Scene, post


@pytest.mark.parametrize(
    ("verb", "path", "body", "expected"),
    [
        ("POST", "/users", {}, (400, "first_name")),
        ("POST", "/users", {"first_name": 1}, (400, "first_name")),
        ("POST", "/users", {"first_name": "A", "age": 7}, (400, "age")),
        ("POST", "/users", {"first_name": "A", "username": "anna"}, (422, "username")),
        ("POST", "/users", {"first_name": "A", "username": "1x"}, (400, "username")),
        ("POST", "/bots", {"name": "B", "username": "robot_x"}, (400, "username")),
        ("POST", "/bots", {"name": "B", "username": "b_bot", "owner_id": 1}, (404, "owner_id")),
        ("POST", "/channels", {"title": "C"}, (400, "owner_id")),
        ("POST", "/channels", {"title": "C", "owner_id": 1}, (404, "owner_id")),
        ("PUT", "/chats/{group}/members/{vera}", {"status": "king"}, (400, "status")),
        ("PUT", "/chats/{group}/members/{vera}", {"status": "member", "rights": {"x": True}}, (400, "rights.x")),
        ("PUT", "/chats/{group}/members/1", {"status": "member"}, (404, "user_id")),
        ("PUT", "/chats/1/members/{vera}", {"status": "member"}, (404, "chat_id")),
        ("PUT", "/chats/x/members/{vera}", {"status": "member"}, (400, "chat_id")),
        ("PUT", "/channels/{channel}/group", {}, (400, "group_id")),
        ("PUT", "/channels/{channel}/group", {"group_id": 1}, (404, "group_id")),
        ("PUT", "/channels/{group}/group", {"group_id": None}, (422, "channel_id")),
        ("POST", "/channels/{channel}/posts", {}, (400, "text")),
        ("POST", "/channels/{channel}/posts", {"media": "song"}, (400, "media")),
        ("POST", "/channels/{channel}/posts", {"album": ["photo"]}, (400, "album")),
        ("POST", "/channels/{channel}/posts", {"text": "x", "keyboard": [[{"text": "x"}]]}, (400, "keyboard")),
        ("POST", "/channels/{channel}/posts", {"text": "x", "from": "{vera}"}, (422, "from")),
        ("POST", "/chats/{group}/messages", {"user_id": 1, "text": "x"}, (404, "user_id")),
        ("POST", "/chats/{channel}/messages", {"user_id": "{vera}", "text": "x"}, (422, "chat_id")),
        ("POST", "/chats/{group}/messages", {"user_id": "{vera}", "text": " "}, (400, "text")),
        ("POST", "/chats/{group}/messages", {"user_id": "{vera}", "text": "x", "reply_to": 99}, (404, "reply_to")),
        ("DELETE", "/chats/{group}/messages/99", {}, (404, "message_id")),
        ("POST", "/private/1/{vera}/messages", {"text": "x"}, (404, "bot_id")),
        ("POST", "/private/{bot}/1/messages", {"text": "x"}, (404, "user_id")),
        ("POST", "/managed", {"manager_id": 1, "owner_id": 1, "name": "x", "username": "x_bot"}, (404, "manager_id")),
        ("PUT", "/settings", {"forward_first": 1}, (400, "forward_first")),
        ("PUT", "/settings", {"weather": True}, (400, "weather")),
        ("POST", "/limits", {}, (400, "enabled")),
        ("POST", "/nothing", {}, (404, None)),
    ],
)
async def test_a_wrong_input_names_its_field(
    hands: Hands, scene: Scene, verb: str, path: str, body: dict[str, Any], expected: tuple[int, str | None]
) -> None:
    names = {"group": scene.group, "channel": scene.channel, "vera": scene.vera, "bot": scene.bot}
    given = {name: scene.vera if value == "{vera}" else value for name, value in body.items()}
    found, answer = await hands.raw(verb, path.format(**names), given)
    assert answer["ok"] is False
    assert (found, answer["error"].get("field")) == expected


async def test_a_body_that_is_no_json_object_is_refused(hands: Hands) -> None:
    for data in (b"{", b"[]", b'"x"'):
        async with hands.session.post(f"{hands.sandbox.url}/sandbox/users", data=data) as answer:
            assert answer.status == 400


async def test_a_kicked_reader_does_not_comment(hands: Hands, scene: Scene) -> None:
    await hands.do("PUT", f"/chats/{scene.group}/members/{scene.vera}", status="kicked")
    status, answer = await hands.raw("POST", f"/chats/{scene.group}/messages", {"user_id": scene.vera, "text": "x"})
    assert (status, answer["error"]["field"]) == (422, "user_id")


async def test_a_reset_leaves_an_empty_world(hands: Hands, scene: Scene) -> None:
    await hands.do("POST", "/faults", kind="flood")
    await hands.do("POST", "/reset")
    state = await hands.do("GET", "/state")
    assert not any(state[name] for name in ("users", "bots", "chats", "private"))
    assert await hands.do("GET", "/calls") == []
    assert await hands.refusal(scene.token, "getMe") == "Unauthorized"
    again = await hands.do("POST", "/bots", name="Helper", username="helper_bot")
    assert again["token"] != scene.token
    assert await hands.call(again["token"], "getMe")


async def test_the_state_is_short_while_nothing_changes(hands: Hands, scene: Scene) -> None:
    state = await hands.do("GET", "/state")
    assert await hands.do("GET", f"/state?version={state['version']}") == {"version": state["version"]}
    await post(hands, scene)
    assert "users" in await hands.do("GET", f"/state?version={state['version']}")


async def test_the_view_counts_the_comments_of_a_post(hands: Hands, scene: Scene) -> None:
    _, root_id = await post(hands, scene)
    await hands.comment(scene, root_id, "First!")
    (shown,) = await hands.do("GET", f"/view/{scene.channel}")
    assert (shown["view"]["root"], shown["view"]["comments"]) == (root_id, 1)


@pytest.mark.parametrize("path", ["/", "/helper_bot?start=abc", "/news/5", "/newbot/helper_bot/x_bot?name=X"])
async def test_the_page_stands_at_every_address_of_t_me(hands: Hands, path: str) -> None:
    async with hands.session.get(hands.sandbox.url + path) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/html"
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        text = await answer.text()
    assert "style=" not in text
    assert "http://" not in text
    for name in ("app.js", "sandbox.css", "icons.svg"):
        async with hands.session.get(f"{hands.sandbox.url}/static/{name}") as answer:
            assert answer.status == 200


async def test_a_static_file_that_is_not_there_is_not_found(hands: Hands) -> None:
    for name in ("nothing.js", "..%2f__init__.py", "index.html"):
        async with hands.session.get(f"{hands.sandbox.url}/static/{name}") as answer:
            assert answer.status == 404


async def test_an_uploaded_file_can_be_posted_and_looked_at(hands: Hands, scene: Scene) -> None:
    kept = await hands.do("POST", "/files", type="photo", content="iVBORw==", mime_type="image/png")
    await hands.do("POST", f"/channels/{scene.channel}/posts", media={"type": "photo", "file_id": kept["file_id"]})
    async with hands.session.get(f"{hands.sandbox.url}/sandbox/files/{kept['file_id']}") as answer:
        assert (answer.content_type, await answer.read()) == ("image/png", b"\x89PNG")
