"""What a comment carries beside its words, and what is done around it, in the reader's language: for whoever has to
judge a comment that is not there yet."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tgac.kit.web.i18n import N_, _
from tgac.tasks.config import After, Content, Delay
from tgac.tasks.text.quote import first_words
from tgac.tasks.time_words import delay_words

KINDS: Final = {"photo": N_("Photo"), "animation": N_("Animation"), "document": N_("Document")}


def carried_words(decision: Mapping[str, Any], quote: str) -> Iterator[tuple[str, str]]:
    """Label and value of all that readers see beside the words. `decision` is a comment's, or has its `poll`, `media`
    and `buttons`; `quote` are the words of the post that are quoted."""
    if quote:
        yield _("Quote"), quote
    if media := decision.get("media"):
        name = media.get("name") or _("not there any more")
        yield _(KINDS.get(media.get("kind") or "", N_("File"))), name
    if poll := decision.get("poll"):
        kind = _("Anonymous poll") if poll.get("anonymous", True) else _("Poll")
        several = f" ({_('several answers')})" if poll.get("multiple") else ""
        yield f"{kind}{several}", " / ".join(poll["options"])
        if about := poll.get("about"):
            yield _("Above it"), about
    rows: Sequence[Sequence[Mapping[str, str]]] = decision.get("buttons") or ()
    for row in rows:
        for one in row:
            yield _("Button"), f"[{one['text']}] {one['url']}"


def quoted(content: Content, post_text: str) -> str:
    """What a comment quotes of its post; "" for nothing."""
    return first_words(post_text)[1] if content.quote else ""


def manner_words(content: Content, after: After) -> Iterator[str]:
    """What is done with each comment of a task, a sentence each; nothing of what goes without saying."""
    if not content.silent:
        yield _("Readers hear it.")
    if content.pin:
        yield _("It is pinned.")
    if after.delete_after_s is not None:
        yield _("It is deleted %(span)s.", span=delay_words(Delay.once(after.delete_after_s)))
