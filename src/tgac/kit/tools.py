"""What every process hands to its handlers: configuration, time, database, keys, Telegram, a language model, chance."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Self

from sqlalchemy.ext.asyncio import AsyncSession

from tgac.kit.act import Act, finishing
from tgac.kit.clock import Clock
from tgac.kit.config import Config
from tgac.kit.db.session import Database
from tgac.kit.errors import NotFound
from tgac.kit.llm.types import OFF, Llm
from tgac.kit.queue.together import Together
from tgac.kit.queue.wake import Bell
from tgac.kit.secrets import Keys
from tgac.kit.telegram.calls import Telegram
from tgac.kit.tenancy import Principal, Role, Scope
from tgac.kit.web.i18n import _

UPLOADS_AT_ONCE: Final = 3
type FindRole = Callable[[AsyncSession, Principal, int], Awaitable[Role | None]]


@dataclass
class Tools:
    """Handed in, never imported: so tests and the simulation hand in their own clock, dice and Telegram."""

    config: Config
    clock: Clock
    db: Database
    keys: Keys
    telegram: Telegram
    find_role: FindRole
    dice: random.Random = field(default_factory=random.SystemRandom)
    llm: Llm = OFF
    bell: Bell = field(default_factory=Bell)
    batches: dict[Any, Together[Any, Any]] = field(default_factory=dict)
    uploads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(UPLOADS_AT_ONCE))
    """Whoever gives a file to Telegram holds it: so many files are in this process's memory at once."""
    memory: dict[Any, Any] = field(default_factory=dict)
    """What this process remembers between jobs. Whoever keeps something here can do without it."""

    @asynccontextmanager
    async def acting(self, author: Principal | None, scope: Scope) -> AsyncIterator[Act]:
        """An act that writes. `author` None is the system; a person without a role in the project gets NotFound."""
        async with self.db.writing(scope) as session, finishing(await self._act(session, author, scope)) as act:
            yield act
        if act.has_jobs:
            self.bell.ring()

    @asynccontextmanager
    async def reading(self, author: Principal | None, scope: Scope) -> AsyncIterator[Act]:
        """An act that only looks: what it changes is thrown away."""
        async with self.db.reading(scope) as session:
            yield await self._act(session, author, scope)

    def together[T, R](self, do: Callable[[Self, int, Sequence[T]], Awaitable[Sequence[R]]]) -> Together[T, R]:
        """`do(tools, project_id, several)` as something to be asked for one by one: `together(do)(project_id, one)`.

        Those who ask at the same moment share a transaction; what fails for all of them is done for each alone.
        """
        return self.batches.setdefault((do, id(self)), Together(partial(do, self)))

    async def _act(self, session: AsyncSession, author: Principal | None, scope: Scope) -> Act:
        role = None
        if author is not None and isinstance(scope, int):
            role = await self.find_role(session, author, scope)
            if role is None:
                raise NotFound(_("There is nothing here, or it is not yours."))
        return Act(session, scope, self.clock.now(), self.config, self.keys, author, role)
