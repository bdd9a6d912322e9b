"""Every address of the sandbox."""

from aiohttp import web

from tgsandbox import control_machine, control_messages, control_people, page
from tgsandbox.controls import Control, Handler, handler_of
from tgsandbox.endpoint import Endpoint
from tgsandbox.inputs import Missing
from tgsandbox.world import World

CONTROLS: list[tuple[str, str, Handler]] = [
    ("POST", "/users", control_people.add_user),
    ("PUT", "/users/{user_id}", control_people.change_user),
    ("POST", "/bots", control_people.add_bot),
    ("PUT", "/bots/{bot_id}", control_people.change_bot),
    ("POST", "/bots/{bot_id}/revoke", control_people.revoke_token),
    ("POST", "/managed", control_people.add_managed),
    ("POST", "/channels", control_people.add_channel),
    ("POST", "/groups", control_people.add_group),
    ("PUT", "/chats/{chat_id}", control_people.change_chat),
    ("PUT", "/channels/{chat_id}/group", control_people.set_group),
    ("PUT", "/chats/{chat_id}/members/{user_id}", control_people.put_member),
    ("POST", "/channels/{chat_id}/posts", control_messages.add_post),
    ("POST", "/chats/{chat_id}/messages", control_messages.add_message),
    ("GET", "/chats/{chat_id}/messages", control_messages.list_messages),
    ("PUT", "/chats/{chat_id}/messages/{message_id}", control_messages.change_message),
    ("DELETE", "/chats/{chat_id}/messages/{message_id}", control_messages.delete_message),
    ("POST", "/chats/{chat_id}/messages/{message_id}/reactions", control_messages.react),
    ("PUT", "/private/{bot_id}/{user_id}", control_people.put_private),
    ("POST", "/private/{bot_id}/{user_id}/messages", control_messages.add_private),
    ("GET", "/private/{bot_id}/{user_id}/messages", control_messages.list_private),
    ("POST", "/callbacks", control_messages.press),
    ("GET", "/settings", control_people.get_settings),
    ("PUT", "/settings", control_people.put_settings),
    ("POST", "/faults", control_machine.add_fault),
    ("DELETE", "/faults", control_machine.clear_faults),
    ("POST", "/limits", control_machine.set_limits),
    ("GET", "/calls", control_machine.list_calls),
    ("PUT", "/calls", control_machine.put_calls),
    ("POST", "/files", control_machine.upload_file),
    ("GET", "/files/{file_id}", control_machine.show_file),
    ("POST", "/reset", control_machine.reset),
    ("GET", "/state", page.state),
    ("GET", "/view/{chat_id}", page.view_chat),
    ("GET", "/view/{bot_id}/{user_id}", page.view_private),
]


def add_routes(app: web.Application, world: World, endpoint: Endpoint) -> None:
    """Bot API, files, controls and the page, in the order in which they are tried."""
    app.router.add_route("*", "/bot{token:[^/]+}/{method}", endpoint.handle)
    app.router.add_get("/file/bot{token:[^/]+}/{kind}/{file_id}", endpoint.download)
    for method, path, act in CONTROLS:
        app.router.add_route(method, f"/sandbox{path}", handler_of(world, endpoint, act))
    app.router.add_route("*", "/sandbox/{rest:.*}", handler_of(world, endpoint, _no_such_control))
    app.router.add_route("*", "/bot{rest:[^/]*:.*}", endpoint.lost)
    page.add_routes(app)


def _no_such_control(control: Control) -> None:
    raise Missing(f"there is no control {control.request.method} {control.request.path}")
