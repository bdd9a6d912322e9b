"""What has to be translated, and whether it is. `python -m tgac.locale` brings the `.po` files up to date."""

import ast
import re
from collections.abc import Collection, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

PACKAGE: Final = Path(__file__).parents[1]
LANGUAGES: Final = ("ru",)
_METHODS: Final = [
    ("**/tests/**", "ignore"),
    ("**.py", "tgac.locale.catalogue:from_python"),
    ("**/templates/**.html", "jinja2"),
]
_KEYWORDS: Final = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
_CHATTER: Final = re.compile(
    rb'^"(?:Project-Id|Report-Msgid|POT-Creation|PO-Revision|Last-Trans|Language-Team|Generated)[^\n]*\n', re.MULTILINE
)
"""Header lines that change with every run and tell nobody anything."""


def po_path(language: str) -> Path:
    """Where the translations into `language` stand."""
    return Path(__file__).parent / language / "LC_MESSAGES" / "messages.po"


def from_python(
    file: IO[bytes], keywords: Collection[str], _tags: object, **_options: object
) -> Iterator[tuple[int, str, list[str], list[str]]]:
    """The literals handed to `_` and its kin. Babel's own reader would take `x` out of `_(fault["x"])` as well."""
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in keywords:
            said = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if said:
                yield node.lineno, node.func.id, said, []


def extracted() -> Catalog:
    """Every msgid of the package's Python and HTML, with the files it stands in (not the lines: they would churn)."""
    found = Catalog(project="tgac", charset="utf-8")
    options = {"**/templates/**.html": {"silent": "false", "trimmed": "true"}}
    for name, _line, message, comments, context in extract_from_dir(
        PACKAGE, method_map=_METHODS, options_map=options, keywords=_KEYWORDS
    ):
        found.add(message, None, [(f"src/tgac/{name}", 0)], auto_comments=comments, context=context)
    return found


def translations(language: str) -> Catalog:
    """The translations into `language`, as committed."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, project="tgac", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def lacking(language: str) -> Iterator[str]:
    """The msgids that have no translation into `language`, or one that is only a guess (fuzzy)."""
    there = translations(language)
    for message in extracted():
        known = there.get(message.id) if message.id else None
        if message.id and (known is None or known.fuzzy or not _whole(known.string)):
            yield message.id if isinstance(message.id, str) else message.id[0]


def _whole(text: str | list[str] | tuple[str, ...] | None) -> bool:
    return all(text) if isinstance(text, list | tuple) else bool(text)


def update(language: str) -> list[str]:
    """Add what is missing to the `.po` file, drop what nobody says any more; gives the msgids still to translate."""
    catalogue = translations(language)
    catalogue.update(extracted(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.fuzzy = False
    catalogue.header_comment = f"# {catalogue.locale_identifier}: translations of tgac's interface."
    path = po_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = BytesIO()
    write_po(written, catalogue, sort_output=True, include_lineno=False, width=120)
    path.write_bytes(_CHATTER.sub(b"", written.getvalue()))
    return list(lacking(language))
