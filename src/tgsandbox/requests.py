"""HTTP requests of bots → raw parameters and files: query, JSON, form and multipart."""

import json
from typing import Any

from aiohttp import web

from tgsandbox.model import Upload
from tgsandbox.refusals import refuse

MAX_BODY = 50 * 1024 * 1024


async def read_request(request: web.Request) -> tuple[dict[str, Any], dict[str, Upload]]:
    """What came with the request, of whatever shape. Raises `Refused` (400 or 413)."""
    raw: dict[str, Any] = dict(request.query)
    uploads: dict[str, Upload] = {}
    if not request.body_exists:
        return raw, uploads
    try:
        await _read_body(request, raw, uploads)
    except web.HTTPRequestEntityTooLarge:
        raise refuse("too_large") from None
    except UnicodeDecodeError:
        raise refuse("not_utf8") from None
    return raw, uploads


async def _read_body(request: web.Request, raw: dict[str, Any], uploads: dict[str, Upload]) -> None:
    if request.content_type == "application/json":
        raw.update(_json_object(await request.read()))
        return
    if request.content_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            uploads[name] = Upload(value.filename, value.content_type, value.file.read())
        else:
            raw[name] = value if isinstance(value, str) else bytes(value).decode()


def _json_object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        parsed = json.loads(body)
    except UnicodeDecodeError:
        raise
    except ValueError:
        raise refuse("bad_body") from None
    if not isinstance(parsed, dict):
        raise refuse("bad_body")
    return parsed
