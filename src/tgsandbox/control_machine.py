"""Controls of the machine: faults, limits, the record of calls, files, starting over."""

import base64

from aiohttp import web

from tgsandbox.controls import Control
from tgsandbox.faults import KINDS, is_whole_port, read_fault
from tgsandbox.inputs import BadInput, Kinds, Missing
from tgsandbox.media import KINDS as KINDS_OF_FILES
from tgsandbox.media import keep
from tgsandbox.model import Json, Upload

CLOSED_S = 5.0


def add_fault(control: Control) -> Json:
    optional: Kinds = {
        "method": str,
        "bot_id": int,
        "chat_id": (int, str),
        "times": int,
        "probability": (int, float),
        "seed": int,
        "value": (int, float),
    }
    body = control.read({"kind": str}, optional)
    if body["kind"] not in KINDS:
        raise BadInput("kind", f"is one of {', '.join(KINDS)}")
    if body.get("value", 0) < 0:
        raise BadInput("value", "is not negative")
    if is_whole_port(body):
        control.endpoint.close_port(float(body.get("value", CLOSED_S)), spare=control.request)
    else:
        control.endpoint.faults.add(read_fault(body))
    return body


def clear_faults(control: Control) -> bool:
    control.endpoint.faults.clear()
    return True


def list_calls(control: Control) -> list[Json]:
    method = control.request.query.get("method")
    after, bot_id = control.query_number("after") or 0, control.query_number("bot_id")
    return list(control.endpoint.calls.shown(after=after, bot_id=bot_id, method=method))


def put_calls(control: Control) -> Json:
    cap = control.read({"cap": int})["cap"]
    if not 1 <= cap <= 10_000_000:
        raise BadInput("cap", "is between 1 and 10000000")
    control.endpoint.calls.cap = cap
    return {"cap": cap}


def set_limits(control: Control) -> Json:
    control.endpoint.limits.enabled = control.read({"enabled": bool})["enabled"]
    return {"enabled": control.endpoint.limits.enabled}


async def reset(control: Control) -> bool:
    """An empty world: nobody, no faults, no record; the switch of the limits stays as it is."""
    await control.endpoint.reset()
    return True


def show_file(control: Control) -> web.Response:
    file = control.world.files.get(control.request.match_info["file_id"])
    if file is None or not file.content:
        raise Missing("there is no such file, or the sandbox has no bytes of it", field="file_id")
    return web.Response(body=file.content, content_type=file.mime_type)


def upload_file(control: Control) -> Json:
    """Keep a file (its bytes in base64 in `content`) that posts can then name by its id."""
    body = control.read({"type": str, "content": str}, {"name": str, "mime_type": str})
    if body["type"] not in KINDS_OF_FILES:
        raise BadInput("type", f"is one of {', '.join(KINDS_OF_FILES)}")
    try:
        content = base64.b64decode(body["content"], validate=True)
    except ValueError:
        raise BadInput("content", "is not base64") from None
    upload = Upload(body.get("name", body["type"]), body.get("mime_type", ""), content)
    return {"file_id": keep(control.world, body["type"], upload).id}
