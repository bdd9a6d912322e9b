"""Texts for a profile proposed by a language model: nothing is stored, a person reads them first."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, ConfigDict

from tgac.bots.queries import find_bot
from tgac.kit.errors import Conflict, Unavailable
from tgac.kit.llm.types import Answer, LlmFailed
from tgac.kit.tenancy import Principal, Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _
from tgac.profiles.document import LONGEST, Texts, clean_text
from tgac.profiles.queries import find_profile

PATIENCE_S: Final = 30.0
LINK: Final = re.compile(r"https?:|tg:|www\.|@\w|(?<![\w.])[\w-]+\.(?:[a-z]{2,}|рф)(?:/|\b)|t\.me", re.IGNORECASE)
_SYSTEM: Final = (
    "You write the profile of a Telegram bot that comments on posts of its owner's own channels."
    " `about` says what the bot is for, `language` in which language to write, `texts` what it says of itself so far."
    " name: at most 64 characters. short_description: at most 120. description: at most 512."
    " Plain text, no links, no @mentions, no hashtags. The bot never pretends to be a person."
)


class Suggested(BaseModel):
    """The shape of the model's answer."""

    model_config = ConfigDict(extra="forbid")

    name: str
    short_description: str
    description: str


@dataclass(slots=True)
class Suggestion:
    """Proposed texts by field; `left_out` says of the others why they will not do."""

    texts: Texts = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    ms: int = 0


async def suggest_texts(
    tools: Tools, author: Principal, *, project_id: int, bot_id: int, language: str, about: str
) -> Suggestion:
    """Have texts proposed for one language of a bot's profile. Nothing is changed.

    Raises NotFound, Refused, Conflict (`llm_off`), Unavailable (`llm_failed`).
    """
    async with tools.reading(author, project_id) as act:
        require(act, Right.EDIT)
        bot, profile = await find_bot(act, bot_id), await find_profile(act, bot_id)
    if not tools.llm.is_on:
        raise Conflict(llm_off_words(), code="llm_off")
    so_far = (profile.wish if profile else {}).get(language, {"name": bot.name})
    data = {"about": about, "language": language or "the language of `about`", "texts": so_far}
    try:
        answer = await tools.llm.ask(_SYSTEM, data, Suggested, timeout_s=PATIENCE_S)
    except LlmFailed as failed:
        words = _("The language model gave no usable answer: %(problem)s. Try again.", problem=str(failed))
        raise Unavailable(words, code="llm_failed") from None
    return _checked(answer, language)


def llm_off_words() -> str:
    """That there is no model, and what to set."""
    return _("Suggestions are off: set OPENAI_API_KEY in the environment, and OPENAI_BASE_URL for another provider.")


def _checked(answer: Answer[Suggested], language: str) -> Suggestion:
    """What a model says is held to the rules as what anybody says, and may lead nowhere."""
    made = Suggestion(tokens_in=answer.tokens_in, tokens_out=answer.tokens_out, ms=answer.ms)
    fields: Collection[str] = LONGEST
    for name in fields:
        text = getattr(answer.value, name)
        try:
            made.texts[name] = clean_text(name, _without_links(text), language=language)
        except ValueError as error:
            made.left_out[name] = str(error)
    return made


def _without_links(text: str) -> str:
    if LINK.search(text):
        raise ValueError(_("The proposed text held a link or a mention and was dropped."))
    return text
