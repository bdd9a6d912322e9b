"""The `tgac` command. Exit codes: 0 done, 1 failed, 2 used wrongly."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from tgac.demo import run_demo
from tgac.kit.config import Config, ConfigError, load_config, write_env
from tgac.kit.db import schema
from tgac.kit.db.session import DatabaseUnfit
from tgac.kit.errors import AppError
from tgac.kit.log import log, set_up_logs
from tgac.kit.secrets import new_master_key
from tgac.kit.telegram.faults import Fault
from tgac.kit.telegram.gateway import Gateway
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools
from tgac.people.service import (
    add_user,
    bind_user,
    block_user,
    create_api_token,
    ensure_first_admin,
    make_bind_link,
)
from tgac.processes.all_in_one import run_all
from tgac.processes.api import run_api
from tgac.processes.bot import run_bots
from tgac.processes.shared import stop_on_signals, tools_for
from tgac.processes.work import run_observer, run_scheduler, run_worker
from tgac.version import VERSION
from tgsandbox.__main__ import CannotListen
from tgsandbox.__main__ import serve as serve_sandbox

type Process = Callable[[Tools, asyncio.Event], Awaitable[None]]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The comment desk for Telegram channels you run.",
)
db_app = typer.Typer(no_args_is_help=True, help="The database's schema.")
user_app = typer.Typer(no_args_is_help=True, help="People, from the server's shell.")
app.add_typer(db_app, name="db")
app.add_typer(user_app, name="user")

Username = Annotated[str, typer.Option("--username", help="Telegram username, with or without @.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Where the panel listens.")]
SandboxPort = Annotated[int, typer.Option(min=0, max=65535, help="Where the emulated Telegram listens, on 127.0.0.1.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


def main() -> None:
    """Run the command; what a person can mend is told in one line."""
    try:
        app()
    except (ConfigError, DatabaseUnfit, AppError, CannotListen) as error:
        sys.exit(_failed(str(error)))


def _failed(sentence: str) -> int:
    sys.stderr.write(f"tgac: {sentence}\n")
    return 1


def _config() -> Config:
    config = load_config()
    set_up_logs(level=config.log_level, form=config.log_format)
    return config


def _tell(value: dict[str, object], sentence: str, *, as_json: bool) -> None:
    sys.stdout.write((json.dumps(value) if as_json else sentence) + "\n")


async def _with_tools[T](work: Callable[[Tools], Awaitable[T]]) -> T:
    async with tools_for(_config()) as tools:
        await tools.db.require_answer()
        return await work(tools)


async def _with_schema[T](work: Callable[[Tools], Awaitable[T]]) -> T:
    async def after_a_look(tools: Tools) -> T:
        await _require_schema(tools)
        return await work(tools)

    return await _with_tools(after_a_look)


async def _require_schema(tools: Tools) -> None:
    if not await schema.is_at_head(tools.db):
        raise ConfigError("the database is not at the newest schema; run `tgac db upgrade`")


def _run_process(process: Process, *, upgrade: bool = False) -> None:
    async def work(tools: Tools) -> None:
        if upgrade:
            await schema.upgrade(tools.db)
        await _require_schema(tools)
        async with tools.acting(None, EVERYONE) as act:
            await ensure_first_admin(act)
        if await schema.holds_rows(tools.db) is False:
            log().warning("role_passes_row_security", mend="DB_URL should name a role without SUPERUSER and BYPASSRLS")
        await process(tools, stop_on_signals())

    asyncio.run(_with_tools(work))


@app.command()
def init(
    admin: Annotated[str, typer.Option("--admin", prompt="Your Telegram username", help="The first admin.")],
    token: Annotated[str, typer.Option("--token", prompt="The service bot's token", help="From @BotFather.")],
) -> None:
    """Write a .env with fresh keys, make the database, print the link that binds the first admin (15 minutes)."""
    if Path(".env").exists():
        sys.exit(_failed(".env is there already; `tgac user bind` ties the admin to a Telegram id"))
    admin = admin.removeprefix("@")
    values = {"ADMIN_TG_USERNAME": admin, "TELEGRAM_BOT_TOKEN": token, "SESSION_SECRET_KEY": new_master_key()}
    given = load_config(None, **{name.lower(): value for name, value in values.items()})
    bot_username = asyncio.run(_name_of_service_bot(given))
    write_env(Path(".env"), values)

    async def work(tools: Tools) -> str:
        await schema.upgrade(tools.db)
        async with tools.acting(None, EVERYONE) as act:
            await ensure_first_admin(act)
            return await make_bind_link(act, bot_username=bot_username)

    link = asyncio.run(_with_tools(work))
    sys.stdout.write(f"Written: .env\nStart it: tgac up\nThen open this within 15 minutes, as @{admin}: {link}\n")


async def _name_of_service_bot(config: Config) -> str:
    """Asked before anything is written, so that a mistyped token leaves nothing behind. Raises ConfigError."""
    telegram = Gateway(config.telegram_api_base)
    try:
        return (await telegram.get_me(config.telegram_bot_token)).username or ""
    except Fault as fault:
        raise ConfigError(f"Telegram does not answer to TELEGRAM_BOT_TOKEN: {fault.description}") from None
    finally:
        await telegram.aclose()


@app.command()
def up() -> None:
    """Everything in one process; brings the database to the newest schema first."""
    _run_process(run_all, upgrade=True)


@app.command()
def api() -> None:
    """The panel and the JSON API."""
    _run_process(run_api)


@app.command()
def bot() -> None:
    """The process that takes in updates."""
    _run_process(run_bots)


@app.command()
def worker() -> None:
    """The process that plans and sends."""
    _run_process(run_worker)


@app.command()
def observer() -> None:
    """The process that looks whether comments still stand."""
    _run_process(run_observer)


@app.command()
def scheduler() -> None:
    """The process that starts periodic work; a second one waits for the first to end."""
    _run_process(run_scheduler)


@app.command()
def demo(
    port: Port = 8080,
    sandbox_port: SandboxPort = 8081,
    post_every_s: Annotated[float, typer.Option(help="Seconds between example posts; 0 for none.")] = 20.0,
) -> None:
    """Everything against an emulated Telegram, with an example project. Nothing is kept."""
    set_up_logs(level="WARNING", form="text")
    asyncio.run(run_demo(port=port, sandbox_port=sandbox_port, post_every_s=post_every_s))


@app.command()
def sandbox(
    port: SandboxPort = 8081,
    no_limits: Annotated[bool, typer.Option("--no-limits", help="Without Telegram's rate limits, for load.")] = False,
) -> None:
    """The emulated Telegram alone."""
    asyncio.run(serve_sandbox("127.0.0.1", port, limits=not no_limits))


@app.command()
def version(as_json: AsJson = False) -> None:
    """Which tgac this is."""
    _tell({"version": VERSION}, f"tgac {VERSION}", as_json=as_json)


@db_app.command("upgrade")
def db_upgrade() -> None:
    """To the newest schema."""
    asyncio.run(_with_tools(lambda tools: schema.upgrade(tools.db)))


@db_app.command("downgrade")
def db_downgrade(revision: Annotated[str, typer.Argument(help="A revision, or `base`.")]) -> None:
    """Back to an older schema."""
    asyncio.run(_with_tools(lambda tools: schema.downgrade(tools.db, revision)))


@db_app.command("check")
def db_check(as_json: AsJson = False) -> None:
    """Whether the schema is the newest; exit code 1 when not."""
    good = asyncio.run(_with_tools(lambda tools: schema.is_at_head(tools.db)))
    _tell({"at_head": good}, "at the newest schema" if good else "not at the newest schema", as_json=as_json)
    raise typer.Exit(0 if good else 1)


@user_app.command("add")
def user_add(username: Username) -> None:
    """Invite a user; they sign in with Telegram under this username."""

    async def work(tools: Tools) -> None:
        async with tools.acting(None, EVERYONE) as act:
            await add_user(act, username)

    asyncio.run(_with_schema(work))


@user_app.command("block")
def user_block(username: Username) -> None:
    """Shut a user out; every session and token of theirs ends at once."""

    async def work(tools: Tools) -> None:
        async with tools.acting(None, EVERYONE) as act:
            await block_user(act, username)

    asyncio.run(_with_schema(work))


@user_app.command("bind")
def user_bind(
    username: Username,
    telegram_id: Annotated[int, typer.Option("--telegram-id", min=1, max=2**52 - 1, help="The numeric id.")],
) -> None:
    """Tie a user to a Telegram id: the first admin, or recovery."""

    async def work(tools: Tools) -> None:
        async with tools.acting(None, EVERYONE) as act:
            await ensure_first_admin(act)
            await bind_user(act, username, telegram_id=telegram_id)

    asyncio.run(_with_schema(work))


@user_app.command("token")
def user_token(username: Username, as_json: AsJson = False) -> None:
    """Print a fresh API token of the user, once."""

    async def work(tools: Tools) -> str:
        async with tools.acting(None, EVERYONE) as act:
            return await create_api_token(act, username)

    token = asyncio.run(_with_schema(work))
    _tell({"token": token}, token, as_json=as_json)
