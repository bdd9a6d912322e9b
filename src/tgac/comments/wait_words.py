"""What a comment waits for of its readers, as it stands at this moment."""

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

from tgac.comments.models import Comment
from tgac.comments.talk import wait_of
from tgac.kit.web.i18n import _, ngettext, show_moment
from tgac.tasks.config import WaitFor
from tgac.tasks.time_words import span_words
from tgac.tasks.wait_words import awaited
from tgac.tasks.waiting import Standing


def waiting_sentence(comment: Comment, waits: Standing, zone: tzinfo) -> str:
    """“It waits for: 2 of 5 comments by readers. At the latest at 18:40 it goes out all the same.” "" where the wait is
    over."""
    wait = wait_of(comment)
    if wait is None or comment.wait_until is None or waits.state != "open":
        return ""
    said = _("It waits for: %(what)s.", what=", ".join(_missing(wait, waits)))
    told = {"at": show_moment(comment.wait_until, zone)}
    if wait.otherwise == "send":
        return f"{said} {_('At the latest at %(at)s it goes out all the same.', **told)}"
    return f"{said} {_('At %(at)s it is given up.', **told)}"


def wait_facts(decision: Mapping[str, Any], until: str) -> list[tuple[str, str]]:
    """What a decision says of the wait: label and value; `until` is its last moment, readable."""
    if not decision.get("wait_for"):
        return []
    waited = decision.get("waited") or {}
    said = str(waited["said"]) if waited else ""
    what = awaited(WaitFor.model_validate(decision["wait_for"]))
    return [(_("Waits for"), what), (_("Waits until"), until), (_("Comments by readers by then"), said)]


def waits_json(comment: Comment, waits: Standing | None) -> dict[str, Any] | None:
    """The same for programs: what is waited for, what has come, and until when."""
    wait = wait_of(comment)
    if wait is None or waits is None:
        return None
    asked = {"reader_comments": wait.reader_comments, "silence_s": wait.silence_s, "question": wait.question}
    said = {"said": waits.said, "asked": waits.asked, "state": waits.state, "at": waits.at}
    return asked | {"otherwise": wait.otherwise, "until": comment.wait_until} | said


def _missing(wait: WaitFor, waits: Standing) -> Iterator[str]:
    if wanted := wait.reader_comments:
        yield ngettext(
            "%(said)s of %(n)s comment by readers", "%(said)s of %(n)s comments by readers", wanted, said=waits.said
        )
    if wait.question and not waits.asked:
        yield _("a reader's question")
    if wait.silence_s:
        yield _("silence for %(span)s", span=span_words(wait.silence_s))
