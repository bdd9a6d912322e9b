"""A language model as the rest of the product sees it: one question, one checked answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic import BaseModel


class LlmFailed(Exception):
    """No answer that could be used; the text is for people and holds no secret.

    `code` is off (no key), host (not an address that may be asked), refused (by the endpoint), busy (it asks to wait),
    slow, unreachable, declined (by the model) or unreadable. `tokens_in` and `tokens_out` were paid all the same.
    """

    def __init__(self, code: str, text: str, *, tokens_in: int = 0, tokens_out: int = 0) -> None:
        super().__init__(text)
        self.code = code
        self.tokens_in = tokens_in
        self.tokens_out = tokens_out


@dataclass(frozen=True, slots=True)
class Answer[M: BaseModel]:
    """What the model said, checked against the schema, and what it cost: tokens of every try, milliseconds in all."""

    value: M
    tokens_in: int
    tokens_out: int
    ms: int


class Llm(Protocol):
    """The door to a language model."""

    @property
    def is_on(self) -> bool:
        """Whether there is a key."""
        ...

    async def ask[M: BaseModel](
        self, system: str, data: Mapping[str, Any], schema: type[M], *, timeout_s: float = 30.0
    ) -> Answer[M]:
        """Ask once, for an answer of the shape of `schema` (without defaults: models fill in what is required).

        `system` is ours; `data` may come from anybody and is never an instruction. What the answer says is no more to
        be trusted than `data` is: whoever uses it checks it. Raises LlmFailed.
        """
        ...


class _Off:
    """No model is set up."""

    @property
    def is_on(self) -> bool:
        return False

    async def ask[M: BaseModel](
        self, system: str, data: Mapping[str, Any], schema: type[M], *, timeout_s: float = 30.0
    ) -> Answer[M]:
        raise LlmFailed("off", "no language model is set up")


OFF: Final[Llm] = _Off()
