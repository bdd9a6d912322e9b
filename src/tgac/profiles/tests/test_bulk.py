"""Many profiles from one file."""

import io
import time
import zipfile
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.support.photos import jpeg

from tgac.bots.models import Bot
from tgac.kit.sheets import read_sheet, write_sheet
from tgac.profiles.bulk import COLUMNS, understood
from tgac.profiles.models import BotProfile
from tgac.profiles.tests.conftest import Desk

IMPORT = "/bots/profiles/import"
TABLE = "bot,language,name,description,commands\n@city_bot,,City desk,,start - Begin\ncity_bot,ru,Город,Всё,\n"


async def send(desk: Desk, content: str | bytes, query: str = "", **options: Any) -> Any:
    sent = content.encode() if isinstance(content, str) else content
    return await desk.data("POST", f"{IMPORT}{query}", content=sent, **options)


def zipped(table: str, **files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("bots.csv", table)
        for name, content in files.items():
            archive.writestr(f"{name}.jpg", content)
    return made.getvalue()


async def profiles(desk: Desk) -> int:
    async with desk.world.tools.reading(None, desk.world.project_id) as act:
        return await act.session.scalar(select(func.count()).select_from(BotProfile)) or 0


async def test_a_dry_run_tells_the_differences_and_changes_nothing(desk: Desk) -> None:
    told = await send(desk, TABLE, "?dry_run=1")
    assert (told["applied"], told["changed"], told["unchanged"], told["bad"]) == (False, 1, 0, [])
    (bot,) = told["bots"]
    assert (bot["username"], bot["lines"], bot["was_read"]) == ("city_bot", [2, 3], True)
    found = {(one["language"], one["field"]): (one["old"], one["new"]) for one in bot["differences"]}
    assert found == {
        ("", "name"): ("City", "City desk"),
        ("", "commands"): ("", "start - Begin"),
        ("ru", "name"): ("", "Город"),
        ("ru", "description"): ("", "Всё"),
    }
    await desk.world.work()
    assert (desk.calls(), await profiles(desk)) == ([], 0)


async def test_a_file_is_applied_and_a_repeat_changes_nothing(desk: Desk) -> None:
    await send(desk, TABLE)
    await desk.world.work()
    assert desk.telegram.names == {"": "City desk", "ru": "Город"}
    before = len(desk.calls())
    for query in ("", "?dry_run=1"):
        told = await send(desk, TABLE, query)
        assert (told["changed"], told["unchanged"]) == (0, 1)
    await desk.world.work()
    assert len(desk.calls()) == before


async def test_a_repeat_while_it_is_being_applied_changes_nothing(desk: Desk) -> None:
    await send(desk, TABLE)
    assert (await send(desk, TABLE))["changed"] == 0


async def test_exactly_what_was_previewed_is_applied(desk: Desk) -> None:
    digest = (await send(desk, TABLE, "?dry_run=1"))["digest"]
    desk.telegram.descriptions["ru"] = "Somebody was quicker"
    refused = await desk.error("POST", f"{IMPORT}?digest={digest}", content=TABLE.encode())
    assert refused == (409, "preview_stale", "digest")
    digest = (await send(desk, TABLE, "?dry_run=1"))["digest"]
    other = await desk.error("POST", f"{IMPORT}?digest={digest}", content=TABLE.encode() + b"city_bot,de,Stadt,,\n")
    assert other[1] == "preview_stale"
    await send(desk, TABLE, f"?digest={digest}")
    await desk.world.work()
    assert desk.telegram.descriptions["ru"] == "Всё"


async def test_what_is_left_out_is_told_by_line_and_the_rest_is_done(desk: Desk) -> None:
    table = (
        "bot;language;name;short_description;photo\n"
        f"nobody_bot;;X;;\ncity_bot;;{'x' * 65};Kept;\n"
        "city_bot;;Twice;;\ncity_bot;rus;X;;\ncity_bot;ru;Имя;;me.jpg\ncity_bot;de;D;;;\ncity_bot;fr;;;\n"
    )
    told = await send(desk, table)
    assert [(one["line"], one["column"]) for one in told["bad"]] == [
        (2, "bot"),
        (3, "name"),
        (4, "language"),
        (5, "language"),
        (6, "photo"),
        (7, ""),
    ]
    await desk.world.work()
    assert desk.telegram.short_descriptions == {"": "Kept"}
    assert desk.telegram.names == {"ru": "Имя"}


async def test_photos_come_in_the_archive_beside_the_table(desk: Desk) -> None:
    table = "bot,photo\ncity_bot,Me.JPG\n"
    told = await send(desk, zipped(table, me=jpeg(320, 320), unused=b"nothing"))
    assert told["changed"] == 1
    await desk.world.work()
    assert desk.telegram.photo
    assert (await send(desk, zipped(table, me=jpeg(320, 320))))["changed"] == 0
    bad = await send(desk, zipped(table, me=b"GIF89a"))
    assert [(one["line"], one["column"]) for one in bad["bad"]] == [(2, "photo")]
    await send(desk, "bot,photo\ncity_bot,[clear]\n")
    await desk.world.work()
    assert desk.telegram.photo is None


async def test_what_is_exported_is_imported_without_a_change(desk: Desk) -> None:
    table = 'bot,language,name,description,photo\ncity_bot,,=1+1,\'+x,me.jpg\ncity_bot,ru,,"Две\nстроки",\n'
    await send(desk, zipped(table, me=jpeg(320, 320)))
    await desk.world.work()
    exported = (await desk.ask("GET", "/api/bots/profiles.csv")).content
    sheet = read_sheet(exported, known=COLUMNS)
    assert sheet.columns == COLUMNS
    assert [(row.cells["language"], row.cells["name"], row.cells["description"]) for row in sheet.rows] == [
        ("", "=1+1", "+x"),
        ("ru", "", "Две\nстроки"),
    ]
    assert b"'=1+1" in exported
    told = await send(desk, exported)
    assert (told["changed"], told["bad"]) == (0, [])


async def test_clear_takes_away_and_an_empty_cell_leaves(desk: Desk) -> None:
    await send(desk, TABLE)
    await desk.world.work()
    await send(desk, "bot,language,name,description\ncity_bot,ru,,[clear]\n")
    await desk.world.work()
    assert (desk.telegram.names["ru"], desk.telegram.descriptions["ru"]) == ("Город", "")
    exported = (await desk.ask("GET", "/api/bots/profiles.csv")).content
    assert (await send(desk, exported))["changed"] == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "invalid"),
        (b"bot,colour\n", "unknown_column"),
        (b"name\nx\n", "missing_column"),
        (b"PK\x03\x04broken", "bad_archive"),
        (zipped("bot\n", **{"second.csv": b""}).replace(b"second.csv.jpg", b"second.jpg.csv"), "bad_archive"),
    ],
)
async def test_a_file_that_is_none_is_refused(desk: Desk, content: bytes, code: str) -> None:
    assert await desk.error("POST", IMPORT, content=content) == (422, code, "file")


async def test_bots_of_other_projects_are_no_bots(desk: Desk) -> None:
    assert (await desk.error("POST", IMPORT, "boris", content=TABLE.encode()))[0] == 403
    assert (await desk.error("POST", IMPORT, "vera", content=TABLE.encode()))[0] == 404


async def test_the_page_shows_the_preview_and_applies_it(desk: Desk) -> None:
    files = {"file": ("bots.csv", TABLE.encode() + b"ghost_bot,,x,,\n", "text/csv")}
    page = await desk.ask("POST", "/bots/profiles/preview", files=files)
    assert page.status_code == 200
    assert "Город" in page.text
    assert "ghost_bot" in page.text
    assert desk.calls() == []
    digest = page.text.partition('name="digest" value="')[2][:64]
    assert (await desk.ask("POST", "/bots/profiles/apply", data={"digest": digest})).status_code == 303
    await desk.world.work()
    assert desk.telegram.names["ru"] == "Город"
    assert (await desk.ask("POST", "/bots/profiles/apply", "boris", data={"digest": digest})).status_code == 403


async def test_the_page_says_what_is_wrong_with_the_file(desk: Desk) -> None:
    page = await desk.ask("POST", "/bots/profiles/preview", files={"file": ("a.csv", b"colour\n", "text/csv")})
    assert page.status_code == 422
    assert "colour" in page.text
    assert (await desk.ask("GET", "/bots/profiles")).status_code == 200


async def test_ten_thousand_lines_are_understood_quickly(desk: Desk) -> None:
    world = desk.world
    async with world.tools.acting(world.anna, world.project_id) as act:
        for n in range(1000):
            bot = Bot(telegram_id=5_000_000 + n, username=f"many{n}_bot", name="Many", token_sealed="x")
            bot.created_at = act.now
            act.session.add(bot)
    codes = ["", *(f"{a}{b}" for a in "abc" for b in "xyz")]
    rows = [[f"many{n}_bot", code, "Name", "", "Text " * 50, "start - Go", ""] for n in range(1000) for code in codes]
    table = write_sheet(COLUMNS, rows)
    async with world.tools.reading(world.anna, world.project_id) as act:
        started, here, all_of_it = time.perf_counter(), time.thread_time(), time.process_time()
        bulk = await understood(act, table)
        here, all_of_it = time.thread_time() - here, time.process_time() - all_of_it
    assert (len(bulk.orders), len(bulk.bad)) == (1000, 0)
    assert time.perf_counter() - started < 10, "about one second on a machine of its own"
    assert here < all_of_it / 2, "the loop's own thread hardly works meanwhile: other requests are answered"
