"""Which posts a task comments: pure, and every "no" with its reason."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from datetime import tzinfo
from functools import lru_cache

from tgac.kit.web.i18n import N_

from .config import Filter
from .facts import PostFacts, Reason
from .languages import guess_language
from .patterns import is_found


def why_not(post: PostFacts, wanted: Filter, *, task_id: int, zone: tzinfo) -> Reason | None:
    """Why the task leaves this post out; None where it takes it. `zone` says which weekday it is.

    The share is decided by a hash of task and post: asked again, the answer is the same.
    """
    for look in _LOOKS:
        if reason := look(post, wanted):
            return reason
    return _not_this_weekday(post, wanted, zone) or _not_in_share(post, wanted, task_id)


def share_of(task_id: int, post_id: int) -> float:
    """Where this post stands among the task's posts, evenly spread over [0, 1)."""
    digest = hashlib.sha256(f"{task_id}:{post_id}".encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def _keyboard(post: PostFacts, _wanted: Filter) -> Reason | None:
    """Telegram offers no comments under a post with buttons."""
    return Reason("post_has_keyboard", N_("Posts with buttons have no comments.")) if post.has_keyboard else None


def _forwarded(post: PostFacts, wanted: Filter) -> Reason | None:
    if wanted.forwarded or not post.forwarded:
        return None
    return Reason("filter_forwarded", N_("The post is a forward."))


def _length(post: PostFacts, wanted: Filter) -> Reason | None:
    length = len(post.text)
    if wanted.min_length is not None and length < wanted.min_length:
        params = {"length": length, "limit": wanted.min_length}
        return Reason("filter_short", N_("The post has %(length)d characters; at least %(limit)d are wanted."), params)
    if wanted.max_length is not None and length > wanted.max_length:
        params = {"length": length, "limit": wanted.max_length}
        return Reason("filter_long", N_("The post has %(length)d characters; at most %(limit)d are wanted."), params)
    return None


def _media(post: PostFacts, wanted: Filter) -> Reason | None:
    carried = post.media or frozenset({"text"})
    if not wanted.media or not carried.isdisjoint(wanted.media):
        return None
    params = {"media": ", ".join(sorted(carried)), "wanted": ", ".join(wanted.media)}
    return Reason("filter_media", N_("The post carries %(media)s; wanted: %(wanted)s."), params)


def _hashtags(post: PostFacts, wanted: Filter) -> Reason | None:
    carried = {_folded(tag.removeprefix("#")) for tag in post.hashtags}
    if not wanted.hashtags or any(_folded(tag) in carried for tag in wanted.hashtags):
        return None
    params = {"wanted": " ".join(f"#{tag}" for tag in wanted.hashtags)[:200]}
    return Reason("filter_hashtags", N_("The post has none of these hashtags: %(wanted)s."), params)


def _any_words(post: PostFacts, wanted: Filter) -> Reason | None:
    if not wanted.any_words or next(_said(post.text, wanted.any_words), None):
        return None
    params = {"wanted": ", ".join(wanted.any_words)[:200]}
    return Reason("filter_words", N_("The post has none of these words: %(wanted)s."), params)


def _no_words(post: PostFacts, wanted: Filter) -> Reason | None:
    word = next(_said(post.text, wanted.no_words), None)
    return Reason("filter_no_words", N_("The post has the word “%(word)s”."), {"word": word}) if word else None


def _regex(post: PostFacts, wanted: Filter) -> Reason | None:
    if wanted.regex is None or is_found(wanted.regex, post.text):
        return None
    return Reason("filter_regex", N_("The post does not match the pattern %(regex)s."), {"regex": wanted.regex[:200]})


def _language(post: PostFacts, wanted: Filter) -> Reason | None:
    """What cannot be told is no language that was asked for, and is told apart from another one."""
    if not wanted.languages:
        return None
    guessed, listed = guess_language(post.text), ", ".join(wanted.languages)
    if guessed is None:
        sentence = N_("The post's language cannot be told from its text; wanted: %(wanted)s.")
        return Reason("filter_language_unknown", sentence, {"wanted": listed})
    if guessed in wanted.languages:
        return None
    params = {"language": guessed, "wanted": listed}
    return Reason("filter_language", N_("The post seems to be in %(language)s; wanted: %(wanted)s."), params)


_LOOKS: tuple[Callable[[PostFacts, Filter], Reason | None], ...] = (
    _keyboard,
    _forwarded,
    _media,
    _length,
    _hashtags,
    _any_words,
    _no_words,
    _regex,
    _language,
)


def _not_this_weekday(post: PostFacts, wanted: Filter, zone: tzinfo) -> Reason | None:
    weekday = post.published_at.astimezone(zone).weekday()
    if weekday in wanted.days:
        return None
    return Reason("filter_weekday", N_("The post appeared on a weekday that is left out."), {"weekday": weekday})


def _not_in_share(post: PostFacts, wanted: Filter, task_id: int) -> Reason | None:
    stands = share_of(task_id, post.id)
    if stands < wanted.part:
        return None
    params = {"stands": round(stands, 4), "share": wanted.part}
    return Reason("filter_share", N_("The post is not in the share that is commented (%(share)s)."), params)


def _said(text: str, words: Iterable[str]) -> Iterator[str]:
    """Those of `words` that stand in `text` as whole words, whatever their case; `word*` takes any ending."""
    folded = _folded(text)
    return (word for word in words if _pattern(word).search(folded))


@lru_cache(maxsize=2048)
def _pattern(word: str) -> re.Pattern[str]:
    stem = word.removesuffix("*")
    body = r"\s+".join(re.escape(part) for part in _folded(stem).split())
    return re.compile(rf"(?<!\w){body}" + ("" if stem != word else r"(?!\w)"))


def _folded(text: str) -> str:
    """One spelling for all cases; ё and е are one letter to Russian readers."""
    return unicodedata.normalize("NFC", text.casefold()).replace("ё", "е")
