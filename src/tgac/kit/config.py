"""The only reader of the environment; a damaged setting stops the start with one line that says what to mend."""

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.fernet import Fernet
from pydantic import BeforeValidator, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from tgac.kit.secrets import Keys, Secret

_TOKEN = re.compile(r"\d{5,16}:[A-Za-z0-9_-]{30,50}")
_USERNAME = re.compile(r"[A-Za-z0-9_]{4,32}")


class ConfigError(Exception):
    """The environment cannot be used; the text says which name to mend, in one line."""


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _database(value: object) -> object:
    if not isinstance(value, str):
        return value
    for plain, full in (("sqlite:", "sqlite+aiosqlite:"), ("postgresql:", "postgresql+asyncpg:")):
        if value.startswith(plain):
            return full + value.removeprefix(plain)
    return value


class Config(BaseSettings):
    """Every setting of the installation; the names are those of `.env.example`, in lower case."""

    model_config = SettingsConfigDict(env_file=".env", frozen=True, extra="ignore", env_ignore_empty=True)

    admin_tg_username: str
    telegram_bot_token: Secret
    telegram_api_base: str = "https://api.telegram.org"
    telegram_link_base: str = "https://t.me"
    telegram_deeplink_ttl_min: int = Field(default=10, ge=1, le=60)
    base_url: str = "http://127.0.0.1:8080"
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    db_url: Annotated[str, BeforeValidator(_database)] = "sqlite+aiosqlite:///data/tgac.sqlite3"
    session_secret_key: Annotated[list[Secret], NoDecode, BeforeValidator(_split)]
    service_secret: Secret | None = None
    openai_api_key: Secret | None = None
    openai_base_url: str = "https://api.openai.com/v1"
    openai_model: str = "gpt-4.1-mini"
    openai_price_in: float = Field(default=0.0, ge=0, le=10_000)
    openai_price_out: float = Field(default=0.0, ge=0, le=10_000)
    llm_tokens_per_day: int = Field(default=200_000, ge=0, le=10**9)
    tz: str = "UTC"
    data_dir: Path = Path("data")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    max_channels_per_bot: int = Field(default=50, ge=1, le=50)
    max_bots_per_proxy: int = Field(default=3, ge=1, le=3)
    comment_collision_limit_per_post: int = Field(default=1, ge=1, le=10)
    max_active_threads_per_bot: int = Field(default=50, ge=1, le=10_000)
    bot_error_percent: int = Field(default=5, ge=0, le=100)
    review_days: int = Field(default=3, ge=0, le=30)
    media_quota_mb: int = Field(default=200, ge=0, le=100_000)
    default_quota_projects: int = Field(default=5, ge=1, le=1000)
    max_concurrency: int = Field(default=64, ge=1, le=1000)
    log_retention_days: int = Field(default=7, ge=1, le=3650)
    # Known names that take one value: better refused at the start than quietly ignored.
    telegram_updates: Literal["polling"] = "polling"
    worker_shards: int = Field(default=1, ge=1, le=1)
    allow_private_hosts: bool = False

    @field_validator("admin_tg_username")
    @classmethod
    def _username(cls, value: str) -> str:
        value = value.removeprefix("@")
        if not _USERNAME.fullmatch(value):
            raise ValueError("must be a Telegram username: 4 to 32 letters, digits or _")
        return value

    @field_validator("telegram_bot_token")
    @classmethod
    def _token(cls, value: Secret) -> Secret:
        if not _TOKEN.fullmatch(value.reveal()):
            raise ValueError("must be a bot token from @BotFather, like 123456789:AA…")
        return value

    @field_validator("session_secret_key")
    @classmethod
    def _keys(cls, value: list[Secret]) -> list[Secret]:
        if not value:
            raise ValueError("must hold a key; `tgac init` makes one")
        for key in value:
            try:
                Fernet(key.reveal())
            except ValueError:
                raise ValueError("must be Fernet keys, comma-separated; `tgac init` makes one") from None
        return value

    @field_validator("telegram_api_base", "telegram_link_base", "base_url", "openai_base_url")
    @classmethod
    def _url(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
            raise ValueError("must be an address that begins with http:// or https://")
        return value.rstrip("/")

    @field_validator("db_url")
    @classmethod
    def _db(cls, value: str) -> str:
        if not value.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value

    @field_validator("tz")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("must be a time zone such as Europe/Moscow") from None
        return value

    @property
    def keys(self) -> Keys:
        """The key ring made of SESSION_SECRET_KEY."""
        return Keys(self.session_secret_key)

    @property
    def secure(self) -> bool:
        """Whether people reach the panel by https."""
        return self.base_url.startswith("https://")


class _StopAtBadLine(logging.Handler):
    """python-dotenv warns of a line that it cannot read and goes on without it; here such a line stops the start."""

    def emit(self, record: logging.LogRecord) -> None:
        """Raises ConfigError with the line's number."""
        number = record.args[0] if isinstance(record.args, tuple) and record.args else "?"
        raise ConfigError(f".env cannot be read: line {number} is not NAME=value")


logging.getLogger("dotenv.main").addHandler(_StopAtBadLine())


def load_config(env_file: Path | None = Path(".env"), **values: Any) -> Config:
    """Read `env_file` and the environment (which wins); `values` win over both. Raises ConfigError in one line."""
    try:
        return Config(_env_file=env_file, **values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        what = "is required" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{name} {what[0].lower()}{what[1:]} (set it in .env or in the environment)") from None
    except (SettingsError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{env_file} cannot be read: {error}") from None


def write_env(path: Path, values: Mapping[str, str]) -> None:
    """Write a `.env` that only its owner can read. Raises FileExistsError rather than overwrite one."""
    lines = "".join(f"{name}={value}\n" for name, value in values.items())
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(lines)
