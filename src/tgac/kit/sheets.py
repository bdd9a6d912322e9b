"""CSV that people send and take away: read with bounds and line numbers, written so that no cell runs as a formula.

What spreadsheets run: https://owasp.org/www-community/attacks/CSV_Injection
"""

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tgac.kit.errors import Invalid
from tgac.kit.web.i18n import _

MAX_ROWS: Final = 10_000
MAX_BYTES: Final = 10 * 1024 * 1024
MAX_CELL: Final = 131_072
"""The csv module's own limit: https://docs.python.org/3/library/csv.html#csv.field_size_limit"""
_SEPARATORS: Final = (";", ",", "\t")
_RUNS: Final = r"[=+\-@\t\r\n＝＋－＠]"
_TO_GUARD: Final = re.compile(rf"'*{_RUNS}")
_GUARDED: Final = re.compile(rf"'+{_RUNS}")
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_RUSSIAN_WORD: Final = re.compile(r"[А-ЯЁ]?[а-яё]+|[А-ЯЁ]+")
_WORD: Final = re.compile(r"\w+")
_RUSSIAN_SIGNS: Final = frozenset("«»—–…№“”„’\xa0")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a sheet: its number (of the file's physical lines, from 1) and its cells by column."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line that could not be read, and why."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a CSV holds: the columns in their order, the lines that could be read, and those that could not."""

    columns: tuple[str, ...]
    rows: list[Row]
    bad: list[BadRow]


def read_sheet(content: bytes, *, known: Sequence[str], needed: Collection[str] = ()) -> Sheet:
    """Read a CSV whose first line names its columns, all of them `known`; `needed` ones must be there.

    UTF-8, UTF-16, or Windows-1251 where it plainly is that; `;`, `,` or tab between cells; cells may hold line breaks;
    empty lines are skipped. Raises Invalid (field `file`) for what makes the whole of it unreadable.
    """
    if len(content) > MAX_BYTES:
        raise _refused(_("A table has at most %(n)s MB.", n=MAX_BYTES // 1024**2), code="table_too_large")
    text = _decoded(content)
    if not text.strip():
        raise _refused(_("The file is empty."), code="table_empty")
    lines = _lines(text, _separator(text, known))
    header = next(lines, (1, [""]))[1]
    columns = _columns(header, known=known, needed=needed)
    sheet = Sheet(columns, [], [])
    for line, cells in lines:
        if len(sheet.rows) + len(sheet.bad) >= MAX_ROWS:
            raise _refused(_("A table has at most %(n)s lines.", n=MAX_ROWS), code="too_many_lines")
        _take(sheet, line, cells)
    return sheet


def write_sheet(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV in UTF-8 with a mark that spreadsheets know; `read_sheet` gives back the very same cells."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([guard_cell(cell) for cell in row] for row in rows)
    return codecs.BOM_UTF8 + written.getvalue().encode()


def guard_cell(text: str) -> str:
    """The cell as it may stand in a file: with `'` before what a spreadsheet would run."""
    return f"'{text}" if _TO_GUARD.match(text) else text


def plain_cell(cell: str) -> str:
    """The text that `guard_cell` made the cell of."""
    return cell[1:] if _GUARDED.match(cell) else cell


def _take(sheet: Sheet, line: int, cells: list[str]) -> None:
    if len(cells) == len(sheet.columns):
        sheet.rows.append(Row(line, dict(zip(sheet.columns, map(plain_cell, cells), strict=True))))
        return
    words = _("This line has %(n)s cells, the first line has %(m)s.", n=len(cells), m=len(sheet.columns))
    sheet.bad.append(BadRow(line, words))


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Each line that is not empty, with the number of the physical line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _refused(_unreadable(error, line), code="table_unreadable") from error
        if any(cell.strip() for cell in cells):
            yield line, cells


def _unreadable(error: csv.Error, line: int) -> str:
    """What is wrong with a line. Python tells it in words alone: Modules/_csv.c of CPython."""
    if "field limit" in str(error):
        return _("Line %(line)s cannot be read: a cell has more than %(n)s characters.", line=line, n=MAX_CELL)
    return _("Line %(line)s cannot be read: a quotation mark is missing, or there is one too many.", line=line)


def _separator(text: str, known: Sequence[str]) -> str:
    """The sign that makes the most known columns of the first line."""
    first = text.lstrip("\r\n").splitlines()[0]

    def columns(separator: str) -> int:
        return len({_name(cell) for cell in first.split(separator)} & set(known))

    return max(_SEPARATORS, key=columns)


def _columns(header: list[str], *, known: Sequence[str], needed: Collection[str]) -> tuple[str, ...]:
    columns = tuple(map(_name, header))
    listed = ", ".join(known)
    for number, column in enumerate(columns):
        if column not in known:
            words = _("There is no column “%(name)s”. The columns are: %(known)s.", name=column[:40], known=listed)
            raise _refused(words, code="unknown_column")
        if column in columns[:number]:
            raise _refused(_("The column “%(name)s” stands there twice.", name=column), code="double_column")
    missing = [name for name in needed if name not in columns]
    if missing:
        raise _refused(_("The column “%(name)s” is missing.", name=missing[0]), code="missing_column")
    return columns


def _name(cell: str) -> str:
    return cell.strip().strip('"').strip().lower()


def _decoded(content: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None) or _unmarked(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = _as_russian(content) if encoding == "utf-8" else "\0"
    if "\0" in text:
        raise _refused(_("The file's letters cannot be read. Save it as CSV in UTF-8."), code="table_unreadable")
    return text


def _unmarked(content: bytes) -> str:
    """UTF-16 shows itself in the names of the columns, which are Latin: every other byte is zero."""
    start = content[:8]
    if len(start) >= 4 and not any(start[1::2]) and all(start[0::2]):
        return "utf-16-le"
    return "utf-16-be" if len(start) >= 4 and not any(start[0::2]) and all(start[1::2]) else "utf-8"


def _as_russian(content: bytes) -> str:
    """The text when it plainly is Russian in Windows-1251, else a NUL.

    Any byte is some letter there, so it is looked whether the words are words: of one script, a capital only at their
    beginning, mostly small letters. Other Cyrillic tables come out as capitals or as signs.
    """
    text = content.decode("cp1251", "replace")
    foreign = {sign for sign in text if not sign.isascii()}
    letters = {sign for sign in foreign if "а" <= sign.lower() <= "я" or sign in "Ёё"}
    if not letters or foreign - letters - _RUSSIAN_SIGNS:
        return "\0"
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    small = sum(word[1:].islower() or len(word) == 1 for word in words)
    plain = all(_RUSSIAN_WORD.fullmatch(part) for word in words for part in re.split(r"[\d_]+", word) if part)
    return text if plain and small * 2 > len(words) else "\0"


def _refused(words: str, *, code: str) -> Invalid:
    return Invalid(words, code=code, field="file")
