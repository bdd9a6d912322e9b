"""A damaged setting stops the start with one line that says what to mend; a secret is never in that line."""

import os
from pathlib import Path
from typing import Any

import pytest

from tgac.kit.config import Config, ConfigError, load_config, write_env
from tgac.kit.secrets import new_master_key

TOKEN = "123456789:" + "A" * 35
GOOD = {"ADMIN_TG_USERNAME": "anna", "TELEGRAM_BOT_TOKEN": TOKEN, "SESSION_SECRET_KEY": new_master_key()}


def read(folder: Path, **changes: str | None) -> Config:
    values = {name: value for name, value in (GOOD | changes).items() if value is not None}
    file = folder / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return load_config(file)


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Config.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_three_settings_are_enough(tmp_path: Path) -> None:
    config = read(tmp_path)
    assert config.db_url == "sqlite+aiosqlite:///data/tgac.sqlite3"
    assert (config.host, config.port, config.secure) == ("127.0.0.1", 8080, False)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    assert read(tmp_path, PORT="8000").port == 9000


def test_what_is_set_to_nothing_is_not_set(tmp_path: Path) -> None:
    assert read(tmp_path, PORT="").port == 8080


def test_settings_of_others_are_left_alone(tmp_path: Path) -> None:
    assert read(tmp_path, PATH_OF_SOMETHING_ELSE="x").port == 8080


@pytest.mark.parametrize(
    ("name", "given", "understood"),
    [
        ("DB_URL", "sqlite:///x.sqlite3", "sqlite+aiosqlite:///x.sqlite3"),
        ("DB_URL", "sqlite:////var/x.sqlite3", "sqlite+aiosqlite:////var/x.sqlite3"),
        ("DB_URL", "postgresql://u@h/db", "postgresql+asyncpg://u@h/db"),
        ("DB_URL", "postgresql+asyncpg://u@h/db", "postgresql+asyncpg://u@h/db"),
        ("ADMIN_TG_USERNAME", "@Anna_B", "Anna_B"),
        ("BASE_URL", "https://panel.example.org/", "https://panel.example.org"),
        ("TZ", "Europe/Moscow", "Europe/Moscow"),
    ],
)
def test_usual_ways_of_writing_are_understood(tmp_path: Path, name: str, given: str, understood: str) -> None:
    assert getattr(read(tmp_path, **{name: given}), name.lower()) == understood


DAMAGED: list[tuple[str, str | None, str]] = [
    ("ADMIN_TG_USERNAME", None, "is required"),
    ("ADMIN_TG_USERNAME", "an", "must be a Telegram username"),
    ("ADMIN_TG_USERNAME", "anna b", "must be a Telegram username"),
    ("TELEGRAM_BOT_TOKEN", None, "is required"),
    ("TELEGRAM_BOT_TOKEN", "no-token", "must be a bot token"),
    ("SESSION_SECRET_KEY", None, "is required"),
    ("SESSION_SECRET_KEY", "short", "must be Fernet keys"),
    ("SESSION_SECRET_KEY", ",", "must hold a key"),
    ("BASE_URL", "panel.example.org", "must be an address"),
    ("BASE_URL", "javascript:alert(1)", "must be an address"),
    ("TELEGRAM_API_BASE", "ftp://example.org", "must be an address"),
    ("DB_URL", "mysql://h/db", "must begin with sqlite:/// or postgresql://"),
    ("TZ", "Mars/Olympus", "must be a time zone"),
    ("TELEGRAM_UPDATES", "webhook", "should be 'polling'"),
    ("WORKER_SHARDS", "2", "less than or equal to 1"),
    ("LOG_RETENTION_DAYS", "0", "greater than or equal to 1"),
    ("TZ", "../etc/passwd", "must be a time zone"),
    ("PORT", "no", "valid integer"),
    ("PORT", "70000", "less than or equal to 65535"),
    ("MAX_CHANNELS_PER_BOT", "51", "less than or equal to 50"),
    ("LOG_LEVEL", "LOUD", "should be"),
]


@pytest.mark.parametrize(("name", "value", "words"), DAMAGED, ids=[f"{name}={value}" for name, value, _ in DAMAGED])
def test_a_damaged_setting_is_named_in_one_line(tmp_path: Path, name: str, value: str | None, words: str) -> None:
    with pytest.raises(ConfigError) as told:
        read(tmp_path, **{name: value})
    line = str(told.value)
    assert line.startswith(f"{name} ")
    assert words in line
    assert "\n" not in line


@pytest.mark.parametrize("name", ["TELEGRAM_BOT_TOKEN", "SESSION_SECRET_KEY"])
def test_a_damaged_secret_is_not_shown(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError) as told:
        read(tmp_path, **{name: "hunter2hunter2"})
    assert "hunter2" not in str(told.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"PORT=\xff\xfe\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(file)


@pytest.mark.parametrize("line", ["this is no setting", 'LOG_LEVEL="INFO'])
def test_a_line_that_is_no_setting_stops_the_start(tmp_path: Path, line: str) -> None:
    file = tmp_path / ".env"
    file.write_text(f"PORT=8080\n{line}\n")
    with pytest.raises(ConfigError, match="line 2 is not NAME=value"):
        load_config(file, **{name.lower(): value for name, value in GOOD.items()})


def test_secrets_are_not_in_what_is_shown_of_a_configuration(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, SERVICE_SECRET="hunter2hunter2")) + str(read(tmp_path).model_dump())
    assert TOKEN not in shown
    assert GOOD["SESSION_SECRET_KEY"] not in shown
    assert "hunter2" not in shown


def test_a_configuration_does_not_change(tmp_path: Path) -> None:
    config: Any = read(tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        config.port = 1


def test_several_keys_open_what_the_older_one_sealed(tmp_path: Path) -> None:
    older = read(tmp_path).keys
    newer = read(tmp_path, SESSION_SECRET_KEY=f"{new_master_key()}, {GOOD['SESSION_SECRET_KEY']}").keys
    assert newer.verify("x", b"data", older.sign("x", b"data"))
    assert not older.verify("x", b"data", newer.sign("x", b"data"))


def test_a_written_file_is_its_owners_alone_and_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    write_env(file, GOOD)
    assert os.stat(file).st_mode & 0o777 == 0o600
    assert load_config(file).admin_tg_username == "anna"
    with pytest.raises(FileExistsError):
        write_env(file, GOOD)
