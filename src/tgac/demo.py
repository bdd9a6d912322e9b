"""`tgac demo`: everything against the sandbox, with an example project where posts keep arriving. Nothing is kept."""

import asyncio
import itertools
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from tgac.bots.service import connect_bot
from tgac.channels.service import connect_channel
from tgac.kit.clock import Clock
from tgac.kit.config import load_config
from tgac.kit.db import schema
from tgac.kit.secrets import new_master_key
from tgac.kit.tenancy import EVERYONE, Principal
from tgac.kit.tools import Tools
from tgac.people.projects import create_project
from tgac.people.service import bind_user, ensure_first_admin
from tgac.processes.all_in_one import run_all
from tgac.processes.shared import end_task, stop_on_signals, tools_for
from tgac.tasks.service import assign_bots, create_task, toggle_task
from tgsandbox import Sandbox, start

ADMIN: Final = "anna"
CHANNELS: Final = (
    ("City news", "city_news"),
    ("Кулинарный дневник", "cooking_diary"),
    ("Tech weekly", "tech_weekly"),
)
BOTS: Final = (("City helper", "city_helper_bot"), ("Second desk", "second_desk_bot"))
TEXT: Final = (
    "{Questions about|Something to add on} <b>{{ channel.title }}</b>? {Write below|Tell us here}.\n"
    "<i>{Be kind to each other|Please keep it friendly}.</i>"
)
POSTS: Final[tuple[tuple[int, dict[str, Any]], ...]] = (
    (0, {"text": "The new tram line opens on Monday. First ride at 05:40, free for everyone until noon."}),
    (1, {"text": "Борщ по-домашнему: свёкла, терпение и ложка уксуса. Рецепт внутри. #рецепты"}),
    (2, {"text": "Compilers got faster again this year. Here is why it matters for you. #tools"}),
    (0, {"text": "Saturday in pictures", "album": ["photo", "photo", "photo"]}),
    (
        2,
        {
            "text": "Our yearly survey is open",
            "keyboard": [[{"text": "Take part", "url": "https://example.org/survey"}]],
        },
    ),
    (1, {"text": "Сырники, которые не разваливаются", "media": "photo"}),
    (0, {"text": "Water will be switched off in the old town on Tuesday from 9 to 12."}),
)


@dataclass
class Demo:
    """What stands in the emulated Telegram."""

    session: aiohttp.ClientSession
    url: str
    channels: list[int]
    owner_id: int = 0

    async def ask(self, path: str, **body: Any) -> Any:
        """One of the sandbox's controls."""
        async with self.session.post(f"{self.url}/sandbox{path}", json=body) as answer:
            told = await answer.json()
        if not told["ok"]:
            raise RuntimeError(f"the sandbox refused {path}: {told['error']}")
        return told["result"]

    async def add_admin(self, chat_id: int, bot_id: int, right: str) -> None:
        """Make a bot an administrator of a chat, as its owner would."""
        body = {"status": "administrator", "rights": {right: True}}
        async with self.session.put(f"{self.url}/sandbox/chats/{chat_id}/members/{bot_id}", json=body) as answer:
            answer.raise_for_status()


async def run_demo(*, port: int, sandbox_port: int, post_every_s: float) -> None:
    """Run until SIGINT or SIGTERM; prints where to look and how to sign in."""
    sandbox = await start("127.0.0.1", sandbox_port)
    try:
        with tempfile.TemporaryDirectory(prefix="tgac-demo-") as folder:
            async with aiohttp.ClientSession() as session:
                await _run(sandbox, session, Path(folder), port=port, post_every_s=post_every_s)
    finally:
        await sandbox.stop()


async def _run(
    sandbox: Sandbox, session: aiohttp.ClientSession, folder: Path, *, port: int, post_every_s: float
) -> None:
    demo = Demo(session, sandbox.url, [])
    service = await demo.ask("/bots", name="tgac", username="tgac_service_bot")
    config = load_config(
        None,
        admin_tg_username=ADMIN,
        telegram_bot_token=service["token"],
        telegram_api_base=sandbox.url,
        telegram_link_base=sandbox.url,
        base_url=f"http://127.0.0.1:{port}",
        port=port,
        db_url=f"sqlite:///{folder}/demo.sqlite3",
        session_secret_key=new_master_key(),
        review_days=0,  # nobody sits there to approve
    )
    async with tools_for(config) as tools:
        await schema.upgrade(tools.db)
        await _furnish(tools, demo)
        stopping = stop_on_signals()
        posting = asyncio.create_task(_post_on(demo, tools.clock, post_every_s, stopping))
        _greet(config.base_url, sandbox.url)
        try:
            await run_all(tools, stopping)
        finally:
            await end_task(posting)


async def _furnish(tools: Tools, demo: Demo) -> None:
    """An admin with a project, two bots, three channels with their groups, and a task for them."""
    demo.owner_id = (await demo.ask("/users", first_name="Anna", username=ADMIN))["id"]
    await demo.ask("/users", first_name="Reader Rita", username="rita_reads")
    async with tools.acting(None, EVERYONE) as act:
        await ensure_first_admin(act)
        user = await bind_user(act, ADMIN, telegram_id=demo.owner_id)
        anna = Principal(user.id, user.username, is_admin=True, language=None)
    async with tools.acting(anna, EVERYONE) as act:
        project = await create_project(act, "Example network")
    bots = [await demo.ask("/bots", name=name, username=username) for name, username in BOTS]
    connected = [await connect_bot(tools, anna, project_id=project.id, token=bot["token"]) for bot in bots]
    channel_ids = [await _add_channel(tools, demo, anna, project.id, number, bots) for number in range(len(CHANNELS))]
    config = {
        "targets": {"channels": channel_ids},
        "content": {"variants": [{"name": "A", "text": TEXT}], "label": None},
        "timing": {"delay": {"min_s": 5, "max_s": 15}},
    }
    async with tools.acting(anna, project.id) as act:
        task = await create_task(act, "Welcome under every post", config=config)
        await assign_bots(act, task.id, [bot.id for bot in connected])
        await toggle_task(act, task.id, "ON")


async def _add_channel(
    tools: Tools, demo: Demo, anna: Principal, project_id: int, number: int, bots: list[dict[str, Any]]
) -> int:
    title, username = CHANNELS[number]
    made = await demo.ask("/channels", title=title, username=username, owner_id=demo.owner_id, group=True)
    demo.channels.append(made["id"])
    for bot in bots:
        await demo.add_admin(made["id"], bot["id"], "can_post_messages")
        await demo.add_admin(made["group_id"], bot["id"], "can_delete_messages")
    return (await connect_channel(tools, anna, project_id=project_id, ref=f"@{username}")).channel.id


async def _post_on(demo: Demo, clock: Clock, every_s: float, stopping: asyncio.Event) -> None:
    """Publish example posts for as long as the demo runs; a post that fails ends it."""
    try:
        for channel, post in itertools.cycle(POSTS if every_s > 0 else ()):
            await clock.sleep(every_s * random.uniform(0.5, 1.5))
            await demo.ask(f"/channels/{demo.channels[channel]}/posts", **post)
    except RuntimeError:
        stopping.set()
        raise


def _greet(panel: str, telegram: str) -> None:
    sys.stdout.write(
        f"""
  The panel:              {panel}
  The emulated Telegram:  {telegram}

  To sign in: open the panel, press the button that opens Telegram. The emulated
  Telegram opens as Anna, who owns the example project: press START, pick the
  number that the panel shows, and type the code that the bot sends into the panel.

  Posts keep arriving; publish your own in the emulated Telegram. Ctrl-C stops it all.

"""
    )
    sys.stdout.flush()
