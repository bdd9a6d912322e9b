"""The `tgac` command as a person types it: what they can mend is told in one line, with the right exit code."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tgac.kit.config import write_env
from tgac.kit.secrets import new_master_key
from tgsandbox import start

TOKEN = "123456789:" + "A" * 35
GOOD = {
    "ADMIN_TG_USERNAME": "anna",
    "TELEGRAM_BOT_TOKEN": TOKEN,
    "TELEGRAM_API_BASE": "http://127.0.0.1:1",
    "SESSION_SECRET_KEY": new_master_key(),
    "DB_URL": "sqlite:///data/t.sqlite3",
}


def tgac(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in `folder` with nothing else set."""
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "tgac", *words]
    return subprocess.run(
        command, cwd=folder, env=known | environment, capture_output=True, text=True, timeout=60, check=False
    )


def said_in_one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("tgac: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://u:hunter2@127.0.0.1:1/x", "no database at DB_URL"),
        ("postgresql://u:hunter2@127.0.0.1:port/x", "not an address"),
        ("postgresql://u:hunter2@127.0.0.1:1", "names no database"),
        ("sqlite:////proc/nowhere/t.sqlite3", "cannot be made"),
        ("sqlite:////tmp", "no database at DB_URL"),
        ("sqlite:///:memory:", "must name a file"),
    ],
)
def test_a_database_that_is_not_there_is_told_in_one_line(tmp_path: Path, url: str, words: str) -> None:
    write_env(tmp_path / ".env", GOOD | {"DB_URL": url})
    line = said_in_one_line(tgac(tmp_path, "up"))
    assert words in line
    assert "hunter2" not in line


def test_a_user_is_not_looked_for_before_there_are_tables(tmp_path: Path) -> None:
    write_env(tmp_path / ".env", GOOD)
    assert "tgac db upgrade" in said_in_one_line(tgac(tmp_path, "user", "token", "--username", "anna"))


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        write_env(tmp_path / ".env", GOOD | {"PORT": port})
        assert port in said_in_one_line(tgac(tmp_path, "up"))
        assert port in said_in_one_line(tgac(tmp_path, "sandbox", "--port", port))


@pytest.mark.parametrize(
    "words",
    [
        ("user", "bind", "--username", "anna", "--telegram-id", "-5"),
        ("user", "bind", "--username", "anna", "--telegram-id", "99999999999999999999"),
        ("sandbox", "--port", "99999"),
    ],
)
def test_a_number_that_cannot_be_is_a_wrong_use(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert tgac(tmp_path, *words).returncode == 2


async def test_a_mistyped_token_leaves_nothing_behind(tmp_path: Path) -> None:
    sandbox = await start()
    try:
        base = {"TELEGRAM_API_BASE": sandbox.url}
        words: Any = ("init", "--admin", "@anna", "--token", TOKEN)
        line = said_in_one_line(await asyncio.to_thread(tgac, tmp_path, *words, **base))
    finally:
        await sandbox.stop()
    assert "TELEGRAM_BOT_TOKEN" in line
    assert os.listdir(tmp_path) == []
