import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgac.kit import sheets
from tgac.kit.errors import Invalid
from tgac.kit.sheets import MAX_BYTES, MAX_ROWS, Sheet, guard_cell, plain_cell, read_sheet, write_sheet

KNOWN = ("bot", "name", "about")
RUSSIAN = "bot;name\ncity_bot;Городские новости\nnext_bot;Вторая строка, «кавычки» и тире — да\n"


def read(content: bytes | str, needed: tuple[str, ...] = ("bot",)) -> Sheet:
    return read_sheet(content.encode() if isinstance(content, str) else content, known=KNOWN, needed=needed)


def cells(content: bytes | str) -> list[list[str]]:
    return [list(row.cells.values()) for row in read(content).rows]


def refusal(content: bytes | str) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        read(content)
    assert caught.value.field == "file"
    return caught.value.code, caught.value.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251"])
def test_the_usual_encodings_are_read(encoding: str) -> None:
    assert cells(RUSSIAN.encode(encoding))[0] == ["city_bot", "Городские новости"]


@pytest.mark.parametrize("encoding", ["koi8-r", "cp866", "mac-cyrillic", "iso8859-5", "utf-32"])
def test_letters_that_would_have_to_be_guessed_are_refused_with_words(encoding: str) -> None:
    code, message = refusal(re.sub("[«»—]", "", RUSSIAN).encode(encoding))
    assert code == "table_unreadable"
    assert "UTF-8" in message


def test_french_letters_are_not_taken_for_russian_ones() -> None:
    assert refusal("bot;name\nx;café à la crème\n".encode("cp1252"))[0] == "table_unreadable"


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_the_separator_is_seen_in_the_first_line(separator: str) -> None:
    assert cells(f"bot{separator}name\r\na{separator}b\r\n") == [["a", "b"]]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    sheet = read('Bot, NAME \n\na,"two\r\nlines"\n,\nb,c\nd\ne,f\n')
    assert [(row.line, row.cells["bot"]) for row in sheet.rows] == [(3, "a"), (6, "b"), (8, "e")]
    assert sheet.rows[0].cells["name"] == "two\r\nlines"
    assert [row.line for row in sheet.bad] == [7]


@pytest.mark.parametrize(
    ("content", "code", "named"),
    [
        ("", "table_empty", ""),
        (";;\n", "unknown_column", "bot"),
        ("bot;colour\n", "unknown_column", "colour"),
        ("bot;name;Name\n", "double_column", "name"),
        ("name\nx\n", "missing_column", "bot"),
        ('bot;name\na;"open\n', "table_unreadable", "2"),
        ('bot;name\na;"x"y\n', "table_unreadable", "2"),
        ("bot;name\na;b\0\n", "table_unreadable", "UTF-8"),
        (b"bot\n" + b"x" * MAX_BYTES, "table_too_large", "10"),
        ("bot\n" + "x\n" * (MAX_ROWS + 1), "too_many_lines", "10000"),
    ],
)
def test_what_cannot_be_read_is_said(content: bytes | str, code: str, named: str) -> None:
    found, message = refusal(content)
    assert found == code
    assert named in message


def test_ten_thousand_lines_are_read() -> None:
    assert len(read("bot;name\n" + "x;y\n" * MAX_ROWS).rows) == MAX_ROWS


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_a_guarded_cell_gives_its_text_back(text: str) -> None:
    assert plain_cell(guard_cell(text)) == text
    assert not re.match(r"[=+\-@\t\r\n＝＋－＠]", guard_cell(text))


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
            | st.sampled_from(["=1+1", "'=x", "''@y", "-", "\t", "\r", "a\r\nb", '"', ";", "＝cmd"]),
            min_size=3,
            max_size=3,
        ).filter(lambda row: any(cell.strip() for cell in row)),
        max_size=5,
    )
)
def test_what_was_written_is_read_again(rows: list[list[str]]) -> None:
    assert cells(write_sheet(KNOWN, rows)) == rows


def test_no_cell_runs_as_a_formula() -> None:
    written = write_sheet(("bot",), [["=HYPERLINK(1)"], ["＠SUM(1)"], ["plain"]]).decode("utf-8-sig")
    assert written.splitlines() == ["bot", "'=HYPERLINK(1)", "'＠SUM(1)", "plain"]


def test_every_table_that_leaves_is_written_here() -> None:
    """So that no list is ever exported whose cells run as formulas."""
    source = Path(sheets.__file__).parents[1]
    product = [path for path in source.rglob("*.py") if "tests" not in path.parts]
    assert {one.name for one in product if re.search(r"^(import|from) csv\b", one.read_text(), re.M)} == {"sheets.py"}
