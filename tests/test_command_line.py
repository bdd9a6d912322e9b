"""The `tgac` command as a person types it: what they can mend is told in one line, with the right exit code."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from tgac.kit.config import write_env
from tgac.kit.secrets import new_master_key
from tgsandbox import start

type Command = Callable[..., subprocess.CompletedProcess[str]]

TOKEN = "123456789:" + "A" * 35
GOOD = {
    "ADMIN_TG_USERNAME": "anna",
    "TELEGRAM_BOT_TOKEN": TOKEN,
    "TELEGRAM_API_BASE": "http://127.0.0.1:1",
    "SESSION_SECRET_KEY": new_master_key(),
    "DB_URL": "sqlite:///data/t.sqlite3",
}


FORKS = """
import gc, json, os, sys
from tgac.cli import main
gc.freeze()
for asked in sys.stdin:
    folder, words, environment, *told = json.loads(asked)
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, name in enumerate((os.devnull, *told)):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
    sys.argv = ["tgac", *words]
    sys.exit(main())
"""
"""Knows the command and becomes it as often as one asks: to start it anew takes two seconds of the processor.

What was there before a fork is none of the child's garbage: its collector need not go through it, which would copy it.
"""


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """The command in a process of its own, with nothing set but what is given."""
    told = [str(tmp_path_factory.mktemp("told") / name) for name in ("out", "errors")]
    with subprocess.Popen([sys.executable, "-c", FORKS], stdin=PIPE, stdout=PIPE, text=True) as mother:
        assert mother.stdin is not None
        assert mother.stdout is not None
        asking, answers = mother.stdin, mother.stdout

        def tgac(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
            asking.write(json.dumps([str(folder), words, _known() | environment, *told]) + "\n")
            asking.flush()
            return subprocess.CompletedProcess(words, int(answers.readline()), *(Path(one).read_text() for one in told))

        yield tgac
        asking.close()


def _known() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


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
def test_a_database_that_is_not_there_is_told_in_one_line(forks: Command, tmp_path: Path, url: str, words: str) -> None:
    write_env(tmp_path / ".env", GOOD | {"DB_URL": url})
    line = said_in_one_line(forks(tmp_path, "up"))
    assert words in line
    assert "hunter2" not in line


def test_a_user_is_not_looked_for_before_there_are_tables(forks: Command, tmp_path: Path) -> None:
    write_env(tmp_path / ".env", GOOD)
    assert "tgac db upgrade" in said_in_one_line(forks(tmp_path, "user", "token", "--username", "anna"))


def test_a_port_that_is_taken_is_told_in_one_line(forks: Command, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        write_env(tmp_path / ".env", GOOD | {"PORT": port})
        assert port in said_in_one_line(forks(tmp_path, "up"))
        assert port in said_in_one_line(forks(tmp_path, "sandbox", "--port", port))


@pytest.mark.parametrize(
    "words",
    [
        ("user", "bind", "--username", "anna", "--telegram-id", "-5"),
        ("user", "bind", "--username", "anna", "--telegram-id", "99999999999999999999"),
        ("sandbox", "--port", "99999"),
    ],
)
def test_a_number_that_cannot_be_is_a_wrong_use(forks: Command, tmp_path: Path, words: tuple[str, ...]) -> None:
    assert forks(tmp_path, *words).returncode == 2


async def test_a_mistyped_token_leaves_nothing_behind(forks: Command, tmp_path: Path) -> None:
    sandbox = await start()
    try:
        base = {"TELEGRAM_API_BASE": sandbox.url}
        words: Any = ("init", "--admin", "@anna", "--token", TOKEN)
        line = said_in_one_line(await asyncio.to_thread(forks, tmp_path, *words, **base))
    finally:
        await sandbox.stop()
    assert "TELEGRAM_BOT_TOKEN" in line
    assert os.listdir(tmp_path) == []


def test_the_module_is_the_command(tmp_path: Path) -> None:
    """Started as a person starts it."""
    command = [sys.executable, "-m", "tgac", "up"]
    done = subprocess.run(command, cwd=tmp_path, env=_known(), capture_output=True, text=True, timeout=60, check=False)
    assert "ADMIN_TG_USERNAME" in said_in_one_line(done)
