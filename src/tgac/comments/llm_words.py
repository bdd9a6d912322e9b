"""What a comment's history says of the language model that was asked, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from tgac.comments.reasons import sentence
from tgac.kit.web.i18n import _


def model_words(llm: Mapping[str, Any]) -> str:
    """Which model was asked, what it said and what that cost; "" where none was."""
    if not llm.get("model"):
        return ""
    tokens = int(llm.get("tokens_in", 0)) + int(llm.get("tokens_out", 0))
    cost = f", ${llm['cost_usd']}" if llm.get("cost_usd") is not None else ""
    said = _("It said: %(answer)s", answer=llm["answer"]) if llm.get("answer") else ""
    refused = llm.get("refused") or {}
    first = _("First it said: %(answer)s", answer=refused["answer"]) if refused else ""
    told = " ".join(one for one in (first, sentence(refused), said) if one)
    return f"{llm['model']} ({_('tokens: %(n)s', n=tokens)}{cost}). {told}".strip()
