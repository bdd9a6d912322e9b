"""Files and forms with files in them that do harm, or try to: tables, archives, pictures, exports, multipart bodies.

Each says what must come of it: the code of the refusal, or, where the file is read, the column that is told as bad.
"""

import codecs
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from tests.support.photos import jpeg
from tgac.kit.archives import MAX_MEMBERS, MAX_PACKED
from tgac.kit.sheets import MAX_BYTES, MAX_ROWS
from tgac.kit.tests.test_archives import HOSTILE

TAKEN = "taken"
"""Nothing is wrong with it."""


@dataclass(frozen=True)
class Sent:
    """A file by what is wrong with it; `code` of the refusal or TAKEN, `column` that is told as bad in a taken one."""

    what: str
    content: bytes
    code: str
    column: str = ""


def zipped(table: bytes, **files: bytes) -> bytes:
    """A ZIP of a table and files beside it; `a__b` stands for `a.b`."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bots.csv", table)
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return made.getvalue()


def tables(bot: str) -> Iterator[Sent]:
    """CSV files; `bot` is one that is there."""
    head = "bot,language,description\r\n"
    good = f"{head}{bot},,Hi\r\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251"):
        yield Sent(f"good, in {encoding}", good.replace("Hi", "Привет").encode(encoding), TAKEN)
    for encoding in ("utf-32", "utf-7", "koi8-r", "cp866", "shift_jis"):
        text = good.replace("Hi", "Привет" if encoding != "shift_jis" else "テスト")
        code = TAKEN if encoding == "utf-7" else "table_unreadable"
        yield Sent(f"in {encoding}", text.encode(encoding), code)
    yield Sent("two marks of order", codecs.BOM_UTF8 * 2 + good.encode(), "unknown_column")
    yield Sent("half a character of UTF-16", codecs.BOM_UTF16_LE + good.encode("utf-16-le")[:-1], "table_unreadable")
    yield Sent("a lone surrogate", codecs.BOM_UTF16_LE + b"b\0\x00\xd8", "table_unreadable")
    yield Sent("overlong UTF-8", head.encode() + b"\xc0\xaf,,x\r\n", "table_unreadable")
    yield Sent("a NUL", good.replace("Hi", "H\0i").encode(), "table_unreadable")
    yield Sent("only NULs", b"\0" * 1000, "table_unreadable")
    yield Sent("nothing but blanks", b" \r\n" * 1000, "table_empty")
    yield Sent("no table but a page", b"<!doctype html><script>alert(1)</script>", "unknown_column")
    yield Sent("a program", b"\x7fELF\x02\x01\x01" + b"\0" * 200, "table_unreadable")
    yield from _shapes(bot, head)
    yield from _cells(bot, head)


def _shapes(bot: str, head: str) -> Iterator[Sent]:
    """Tables whose columns and lines are not as they should be."""
    yield Sent("columns twice", b"bot,bot\r\n", "double_column")
    yield Sent("columns twice but for their letters", b"bot,BOT\r\n", "double_column")
    yield Sent("a column of ours", b"bot,project_id\r\n1,2\r\n", "unknown_column")
    yield Sent("100,000 columns", b"bot" + b",x" * 100_000, "unknown_column")
    yield Sent("one line of 5 MB", b"bot," + b"x" * 5_000_000, "table_unreadable")
    yield Sent("a cell of 200 kB", f'{head}{bot},,"{"x" * 120_000}"'.encode(), TAKEN, "description")
    yield Sent("a cell that never ends", f'{head}{bot},,"{"x" * 1_000_000}'.encode(), "table_unreadable")
    yield Sent("a sign after the quotation", f'{head}{bot},,"a"b\r\n'.encode(), "table_unreadable")
    yield Sent("cells too many", f"{head}{bot},,a,b,c\r\n".encode(), TAKEN, "")
    yield Sent("cells too few", f"{head}{bot}\r\n".encode(), TAKEN, "")
    yield Sent(f"{MAX_ROWS + 1:,} lines", head.encode() + f"{bot},,x\r\n".encode() * (MAX_ROWS + 1), "too_many_lines")
    yield Sent(f"{MAX_ROWS:,} lines of one bot", head.encode() + f"{bot},,x\r\n".encode() * MAX_ROWS, TAKEN, "language")
    yield Sent("too large", b"bot\r\n" + b"x" * MAX_BYTES, "table_too_large")


def _cells(bot: str, head: str) -> Iterator[Sent]:
    """Tables whose cells are not as they should be."""
    yield Sent("a bot that is none", f"{head}nobody_bot,,x\r\n".encode(), TAKEN, "bot")
    yield Sent("a bot by a number without end", f"{head}{'9' * 5000},,x\r\n".encode(), TAKEN, "bot")
    yield Sent("a language that is none", f"{head}{bot},../etc,x\r\n".encode(), TAKEN, "language")
    for number, formula in enumerate(("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "=cmd|' /C calc'!A0", "%0A=1")):
        line = f'{head}{bot},,"{formula}"\r\n'
        yield Sent(f"formula {number}", line.encode(), TAKEN)
    yield Sent("a formula as a bot", f"{head}=HYPERLINK(1),,x\r\n".encode(), TAKEN, "bot")
    yield Sent("a photo that was not sent", f"bot,photo\r\n{bot},../../etc/passwd\r\n".encode(), TAKEN, "photo")


def archives(bot: str) -> Iterator[Sent]:
    """ZIP files: those that are refused as archives, and those whose files are not what they say."""
    for what, (made, code) in HOSTILE.items():
        yield Sent(what, made(), code)
    head = f"bot,photo\r\n{bot},a.jpg\r\n".encode()
    yield Sent("no table in it", _zip({"a.jpg": jpeg(200, 200)}), "bad_archive")
    yield Sent("two tables", _zip({"a.csv": b"bot\r\n", "b.csv": b"bot\r\n"}), "bad_archive")
    yield Sent("a table that is an archive", _zip({"a.csv": _zip({"b.csv": b"bot\r\n"})}), "bad_archive")
    yield Sent("a table with a NUL", zipped(b"bot\r\na\0b\r\n"), "table_unreadable")
    yield Sent(
        f"{MAX_MEMBERS} files", _zip({"a.csv": b"bot\r\n"} | {f"{n}": b"" for n in range(MAX_MEMBERS - 1)}), TAKEN
    )
    yield Sent("an archive behind a program", b"MZ" + b"\0" * 100 + zipped(head), "table_unreadable")
    yield Sent("an archive with something behind it", zipped(head, a__jpg=jpeg(200, 200)) + b"<script>", TAKEN)
    yield Sent("a good photo", zipped(head, a__jpg=jpeg(200, 200)), TAKEN)
    for what, photo in pictures().items():
        yield Sent(f"a photo: {what}", zipped(head, a__jpg=photo), TAKEN, "photo")
    yield Sent("a photo of another name", zipped(head, b__jpg=jpeg(200, 200)), TAKEN, "photo")


def pictures() -> Mapping[str, bytes]:
    """What is no JPEG that Telegram would take."""
    good = jpeg(640, 640)
    return {
        "nothing": b"",
        "a PNG": b"\x89PNG\r\n\x1a\n" + b"\0" * 500,
        "a GIF": b"GIF89a" + b"\0" * 500,
        "a drawing with a script": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "a page": b"<html><script>alert(1)</script></html>",
        "only a beginning": good[:3],
        "cut off": good[: len(good) // 2],
        "larger than any screen": jpeg(65_500, 65_500),
        "a line": jpeg(160, 9_000),
        "without height": jpeg(640, 0),
        "too small": jpeg(100, 100),
        "arithmetic": jpeg(640, 640, frame=0xC9),
        "too heavy": good[:-2] + random.Random(7).randbytes(5_300_000) + good[-2:],
    }


def exports() -> Iterator[Sent]:
    """Exports of a channel from Telegram Desktop."""
    message = {"id": 1, "type": "message", "date": "2026-11-01T10:00:00", "date_unixtime": "1793527200", "text": "Hi"}
    good = {"name": "City", "type": "public_channel", "id": 1, "messages": [message]}

    def changed(**fields: object) -> bytes:
        return json.dumps(good | {"messages": [message | fields]}).encode()

    whole = json.dumps(good).encode()
    yield Sent("good", whole, TAKEN)
    yield Sent("good, with a mark of order", codecs.BOM_UTF8 + whole, TAKEN)
    yield Sent("in UTF-16", json.dumps(good).encode("utf-16"), "export_unreadable")
    yield Sent("not JSON", b"<html>", "export_unreadable")
    yield Sent("a list", b"[]", "export_unreadable")
    yield Sent("cut off", whole[:-5], "export_unreadable")
    yield Sent("a NaN", whole.replace(b'"id": 1,', b'"id": NaN,'), "export_unreadable")
    yield Sent("deep", b'{"name": ' + b"[" * 100_000, "export_unreadable")
    yield Sent("deep within a message", whole.replace(b'"Hi"', b"[" * 50_000 + b"]" * 50_000), "export_unreadable")
    yield Sent("keys without end", b'{"a":1' + b',"b":2' * 100_000 + b"}", "export_unreadable")
    yield Sent("a name of 5 MB", json.dumps(good | {"name": "x" * 5_000_000}).encode(), "export_unreadable")
    yield Sent("a text of 5 MB", changed(text="x" * 5_000_000), "export_unreadable")
    yield Sent("a number as text", changed(text=5), "export_unreadable")
    yield Sent("the year 1", changed(date_unixtime="-62135596800", date="0001-01-01T00:00:00"), "export_unreadable")
    yield Sent("a moment without end", changed(date_unixtime="9" * 400), "export_unreadable")
    yield Sent("an id without end", changed(id=10**400), "export_unreadable")
    yield Sent("a NUL in a text", changed(text="a\0b"), TAKEN)
    yield Sent("half a character", changed(text="\ud800"), TAKEN)
    yield Sent("a script", changed(text="<script>alert(1)</script>"), TAKEN)
    yield Sent("an archive", _zip({"result.json": whole}), "export_unreadable")


BOUNDARY = "----hostile"


@cache
def multiparts() -> Mapping[str, tuple[str, bytes]]:
    """Bodies of forms, by what is wrong with them: the content type, and the body."""
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    part = _part('form-data; name="file"; filename="a.csv"', b"bot\r\n")
    end = f"--{BOUNDARY}--\r\n".encode()
    path = _part('form-data; name="file"; filename="../../../../etc/passwd"', b"bot\r\n")
    return {
        "no boundary named": ("multipart/form-data", part + end),
        "an empty boundary": ("multipart/form-data; boundary=", part + end),
        "another boundary": ("multipart/form-data; boundary=other", part + end),
        "a boundary of 5 kB": (f"multipart/form-data; boundary={'x' * 5000}", part + end),
        "nothing": (kind, b""),
        "only an end": (kind, end),
        "no end": (kind, part),
        "cut off within a header": (kind, part[:40]),
        "no name": (kind, _part("form-data", b"x") + end),
        "no disposition": (kind, f"--{BOUNDARY}\r\n\r\nx\r\n".encode() + end),
        "a text in the place of the file": (kind, _part('form-data; name="file"', b"bot\r\n") + end),
        "another field": (kind, _part('form-data; name="photo"; filename="a"', b"bot\r\n") + end),
        "two files": (kind, part + part + end),
        "30 files": (kind, part * 30 + end),
        "2,000 fields": (kind, _part('form-data; name="x"', b"y") * 2000 + part + end),
        "a field of 2 MB": (kind, _part('form-data; name="x"', b"y" * 2_000_000) + part + end),
        "a header of 200 kB": (kind, _part(f'form-data; name="file"; filename="{"x" * 200_000}"', b"bot\r\n") + end),
        "5,000 headers": (kind, part.replace(b"\r\n\r\n", b"\r\n" + b"X: y\r\n" * 5000 + b"\r\n", 1) + end),
        "a NUL in a name": (kind, _part('form-data; name="fi\0le"; filename="a"', b"bot\r\n") + end),
        "half a character in a name": (kind, part.replace(b'"file"', b'"fi\xff\xfele"') + end),
        "forms within a form": (kind, part.replace(b"bot\r\n", part + end) + end),
        "another charset": (f"{kind}; charset=utf-16", part + end),
        "packed": (kind, part.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1) + end),
        "a path": (kind, path + end),
        "11 MB": (kind, part.replace(b"bot\r\n", b"x" * (MAX_PACKED + 2**20)) + end),
    }


def _part(disposition: str, content: bytes) -> bytes:
    return f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"


def _zip(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


LISTS: Mapping[str, Callable[[], str]] = {
    "a mark of order": lambda: "\ufeff@city_news\n",
    "Windows' ends": lambda: "@city_news\r\n\r\n@other_news\r\n",
    "old ends and new ones": lambda: "@a_news\r@b_news\x0b@c_news\x0c@d_news\u2028@e_news\x85@f_news",
    "formulas": lambda: "=1+1\n+1\n-1\n@SUM(A1)\n\t=1\n",
    "scripts": lambda: "<script>alert(1)</script>\n" * 10,
    "paths": lambda: "../../etc/passwd\nfile:///etc/passwd\n",
    "directions": lambda: "\u202e@swen\n\u2066http://x:1\u2069\n",
    "letters that look alike": lambda: "@сіty_news\n@ｃｉｔｙ_news\n",
    "one line of 190,000": lambda: "x" * 190_000,
    "10,001 lines": lambda: "\n".join(f"@news_{n}" for n in range(10_001)),
    "100,000 empty lines": lambda: "\n" * 100_000,
    "the same line 5,000 times": lambda: "@city_news\n" * 5_000,
}
"""What is pasted where one thing per line is asked for."""
