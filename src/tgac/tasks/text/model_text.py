"""What a language model wrote, held to more rules than what a person wrote: it may have obeyed the post.

Nothing in it may be clickable but the links and names of the task's list, exactly as they stand there; also not after
spaces, brackets or words like “dot” are taken back, or after letters that only look alike are made one. What fails
is not mended: the template is used.
"""

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher
from html import escape
from typing import Final

from tgac.kit.web.i18n import N_
from tgac.tasks.config import Llm

from .egress import Outgoing, keys_in, let_out
from .faults import TextError
from .html import to_plain, utf16_length

LABELS: Final = {"en": "Written by AI", "ru": "Написано нейросетью"}
"""The last line of what a model wrote, where the task has none of its own."""
_TOO_LIKE: Final = 0.9
_KEPT_FORMAT: Final = "\u200d"
_FILLERS: Final = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_DOT: Final = r"(?:\.|dot|точка|тчк)"
_BRACKETED: Final = re.compile(rf"\s*[\[({{<|]\s*{_DOT}\s*[\])}}>|]\s*", re.IGNORECASE)
_SPELT: Final = re.compile(r"(?<=\w)\s+(?:dot|точка|тчк)\s+(?=\w)", re.IGNORECASE)
_SPACED: Final = re.compile(
    r"\s+\.\s*(?=(?:com|net|org|info|io|me|ru|su|top|xyz|link|click|site|online|shop|app|dev|рф|ком|example)(?!\w))",
    re.IGNORECASE,
)
_SIGNS: Final = (
    (re.compile(r"\bh(?:xx|\*\*|tt)ps?\s*(?:\[:\]|:)\s*(?:/\s*/|\\\\)\s*", re.IGNORECASE), "https://"),
    (re.compile(r"\s*[\[({<]\s*(?:at|собака)\s*[\])}>]\s*", re.IGNORECASE), "@"),
    (re.compile(r"(?<![\w/])/\s+(?=\w)"), "/"),
    (re.compile(r"@\s+(?=\w)"), "@"),
    (re.compile(r"(?<=\w)\s*/\s*(?=\w)"), "/"),
)
_DOTS: Final = str.maketrans(
    dict.fromkeys("。．｡․﹒・·∙•‧ꓸ۔", ".") | dict.fromkeys("∕⁄／⧸╱", "/") | {"＠": "@", "﹫": "@"}
)
_TAG: Final = re.compile(r"(?<![\w&])[#＃$＄][^\W\d]\w*")
_NUMBER: Final = re.compile(r"(?:\d[\s().+-]{0,3}){9,}")
_WALLET: Final = re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]{24,}\b")
_ALIKE: Final = str.maketrans("aceopxykmtbhn3046@$", "асеорхукмтвнпзоачас")


def check_written(
    text: str, llm: Llm, *, label: str, earlier: Iterable[str], told: str, media: int | None = None
) -> Outgoing:
    """The model's text with its label, fit to leave; TextError with what is wrong first.

    `earlier` are texts (HTML) that it may not repeat; `told` is what ordered the model, which it may not recite;
    `media` is the file beside which it stands.
    """
    clean = strip_unseen(text).strip()
    if not clean:
        raise TextError("text_empty", N_("The text is empty."))
    if utf16_length(clean) > llm.max_length:
        raise TextError("text_too_long", N_("The text is longer than %(limit)d characters."), limit=llm.max_length)
    _hold_signs(clean, llm)
    _hold_words(clean, llm, told)
    _hold_repeat(clean, earlier, label)
    allowed = frozenset(key for link in llm.allowed_links for key in keys_in(link)) | keys_in(label)
    return let_out(f"{escape(clean)}\n\n{escape(label)}", allowed=allowed, variant="LLM", form=media)


def strip_unseen(text: str) -> str:
    """Without characters that nobody sees; what joins emoji together stays."""
    return "".join(char for char in text.replace("\t", " ") if not _is_unseen(char))


def _is_unseen(char: str) -> bool:
    if char in (_KEPT_FORMAT, "\n", "\ufe0f"):
        return False
    variation = "\ufe00" <= char <= "\ufe0e" or "\U000e0100" <= char <= "\U000e01ef"
    return variation or char in _FILLERS or unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _hold_signs(clean: str, llm: Llm) -> None:
    """Nothing to click or to call but what is allowed, however it is written."""
    rest = _without_allowed(clean, llm.allowed_links)
    for seen in (rest, _plain_signs(rest)):
        for key in sorted(keys_in(seen)):
            raise TextError(
                "text_link", N_("The link or name %(what)s is not written out in the text."), what=key[:100]
            )
        for pattern in (_TAG, _NUMBER, _WALLET):
            if found := pattern.search(seen):
                raise TextError("text_contact", N_("%(what)s is a tag, a number or an account."), what=found[0][:40])


def _without_allowed(text: str, links: Iterable[str]) -> str:
    """Without the allowed links, where one stands exactly and ends there."""
    for link in sorted(links, key=len, reverse=True):
        text = re.sub(rf"(?<![^\s(«“„]){re.escape(link)}(?=[.,;:!?)»”]*(?:\s|\Z))", " ", text)
    return text


def _plain_signs(text: str) -> str:
    """The same as somebody would read it who wants to get there."""
    text = unicodedata.normalize("NFKC", text.translate(_DOTS)).translate(_DOTS)
    text = _SPELT.sub(".", _BRACKETED.sub(".", text))
    for pattern, sign in _SIGNS:
        text = pattern.sub(sign, text)
    return _SPACED.sub(".", text)


def _hold_words(clean: str, llm: Llm, told: str) -> None:
    bones, joined = _bones(clean), _joined(clean)
    for word in llm.forbidden:
        if _bones(word) in bones or (_joined(word) and _joined(word) in joined):
            raise TextError("llm_forbidden", N_("It speaks of what the task forbids: %(what)s."), what=word[:60])
    said = " ".join(_without_allowed(clean, llm.allowed_links).split()).casefold()
    rules = " ".join(told.split()).casefold()
    if any(said[at : at + 40] in rules for at in range(0, max(len(said) - 39, 0), 5)):
        raise TextError("llm_recites", N_("It recites what the model was told."))


def _bones(text: str) -> str:
    """Letters that look alike made one, so that a word is found in any disguise of letters."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in plain if not unicodedata.combining(char)).translate(_ALIKE)


def _joined(text: str) -> str:
    return "".join(char for char in _bones(text) if char.isalnum())


def _hold_repeat(clean: str, earlier: Iterable[str], label: str) -> None:
    words = _words(clean)
    for html in earlier:
        body = _words(to_plain(html).removesuffix(label))
        if words == body or SequenceMatcher(None, words, body, autojunk=False).ratio() >= _TOO_LIKE:
            raise TextError("llm_repeat", N_("It repeats an earlier comment."))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
