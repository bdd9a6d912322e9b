"""What people with bad intentions, broken programs and the world's writing systems send: data, and what is too long
to be written down."""

import json
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LONG = (
    "x" * 300,
    "x" * 5_000,
    "x" * 200_000,
    "ё" * 100_000,
    "😀" * 50_000,
    "\u0301" * 100_000,
    "\u202e" * 100_000,
    "{" * 50_000,
    "{a|b}" * 20_000,
    "{{" * 50_000,
    "<b>" * 30_000,
    "&" * 100_000,
    " " * 200_000,
    "\n" * 100_000,
    "a," * 100_000,
    "http://x:1\n" * 20_000,
    "9" * 100_000,
    "\\" * 100_000,
    "%" * 100_000,
    "(a+)+$" * 80,
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    2**64,
    -(2**63) - 1,
    10**400,
    -0.0,
    0.5,
    1e308,
    -1e308,
    5e-324,
    [],
    {},
    [[]],
    [None],
    [True],
    {"a": 1},
    {"": {}},
    {"__proto__": 1},
    [1] * 20_000,
    ["x"] * 5_000,
    [{}] * 5_000,
    {f"k{n}": n for n in range(5_000)},
    json.loads("[" * 30 + "]" * 30),
    json.loads('{"a":' * 30 + "1" + "}" * 30),
)
"""Values of every type, thrown at fields of every other."""
TELLING = "<script>alert(1)</script>"
"""What no page may ever show as it came."""


@cache
def strings() -> tuple[str, ...]:
    """Every string, the short ones of the file before the long ones."""
    by_sort: dict[str, list[str]] = json.loads((HERE / "strings.json").read_text())
    return (*(one for sort in by_sort.values() for one in sort), *LONG)


@cache
def bodies() -> dict[str, bytes]:
    """Whole bodies of JSON by what is wrong with them."""
    told: dict[str, str] = json.loads((HERE / "bodies.json").read_text())
    made = {what: body.encode("utf-8", "surrogatepass") for what, body in told.items()}
    return made | {
        "nothing": b"",
        "not UTF-8": b'{"name": "\xff\xfe"}',
        "UTF-16": '{"name": "x"}'.encode("utf-16"),
        "overlong UTF-8": b'{"name": "\xc0\x80"}',
        "deep lists": b'{"name": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        "deep documents": b'{"name": ' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}",
        "deep and open": b'{"name": ' + b"[" * 100_000,
        "41 levels": b'{"name": ' + b"[" * 41 + b"]" * 41 + b"}",
        "many digits": b'{"name": ' + b"9" * 200_000 + b"}",
        "many keys": b"{" + b",".join(b'"k%d":1' % n for n in range(60_000)) + b"}",
        "many keys twice": b"{" + b",".join([b'"k":1'] * 60_000) + b"}",
        "a huge list": b'{"name": [' + b"1," * 300_000 + b"1]}",
        "too large": b'{"name": "' + b"x" * 1_100_000 + b'"}',
    }
