"""A language model that answers, fails, and says what it must not, as the dice fall."""

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Any

from pydantic import BaseModel

from tests.simulation.orders import OFFENDING
from tgac.kit.llm.types import Answer, LlmFailed

ANSWERS = (
    *("What do you make of it, reader {n}?", "Who of you was there? ({n})", "Shall we look at that again, {n}?"),
    *(f"Read it on {OFFENDING}/{{n}}", f"See https://{OFFENDING} {{n}}", "Too long {n} " * 60, ""),
)


class Model:
    """The door to it; `dice` are the simulation's."""

    is_on = True

    def __init__(self, dice: Random) -> None:
        self._dice = dice

    async def ask[M: BaseModel](
        self, system: str, data: Mapping[str, Any], schema: type[M], *, timeout_s: float = 30.0
    ) -> Answer[M]:
        await asyncio.sleep(0)  # the process may die here: perhaps it was paid
        if self._dice.random() < 0.2:
            raise LlmFailed(self._dice.choice(("slow", "busy", "declined")), "no answer", tokens_in=100)
        text = self._dice.choice(ANSWERS).format(n=self._dice.randrange(10_000))
        return Answer(schema.model_validate({"text": text}), 100, 50, 900)
