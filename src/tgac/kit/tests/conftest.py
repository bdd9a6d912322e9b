"""The floor's fixtures: a real database of each kind, keys, a clock that stands still, and tools made of them."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.clock import ManualClock
from tests.support.databases import fresh_url, remembering

from tgac.kit.config import load_config
from tgac.kit.db.session import Database
from tgac.kit.secrets import new_master_key
from tgac.kit.telegram.gateway import Gateway
from tgac.kit.tenancy import EVERYONE, Principal, Role
from tgac.kit.tools import Tools
from tgac.people.models import Project, User

ANNA = Principal(1, "anna", is_admin=False, language=None)
VERA = Principal(2, "vera", is_admin=False, language=None)


@pytest.fixture
async def tools(database: str, tmp_path: Path) -> AsyncIterator[Tools]:
    """Tools without a Telegram behind them. Anna has project 1, Vera has project 2."""
    config = load_config(
        None,
        admin_tg_username="anna",
        telegram_bot_token="123456789:" + "A" * 35,
        telegram_api_base="http://127.0.0.1:1",
        db_url=await fresh_url(database, tmp_path),
        session_secret_key=new_master_key(),
    )
    db = remembering(Database(config.db_url))
    telegram = Gateway(config.telegram_api_base)
    made = Tools(config, ManualClock(), db, config.keys, telegram, _find_role, random.Random(7))
    async with made.acting(None, EVERYONE) as act:
        for who in (ANNA, VERA):
            act.session.add(User(id=who.user_id, username=who.username, created_at=act.now))
        await act.flush()
        for who in (ANNA, VERA):
            act.session.add(Project(id=who.user_id, user_id=who.user_id, name=who.username, created_at=act.now))
    yield made
    await telegram.aclose()
    await db.aclose()


async def _find_role(session: AsyncSession, principal: Principal, project_id: int) -> Role | None:
    """Here everybody owns the project of their own number."""
    return Role.OWNER if principal.user_id == project_id else None
