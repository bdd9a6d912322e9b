"""`make migration`: draft a migration for what the models say and the migrations do not."""

import asyncio
import sys
import tempfile

from tgac.kit.db import schema
from tgac.kit.db.session import Database


async def _draft(message: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite+aiosqlite:///{folder}/draft.sqlite3")
        await schema.upgrade(db)
        await schema.draft(db, message)
        await db.aclose()


if __name__ == "__main__":
    asyncio.run(_draft(sys.argv[1]))
