"""What a task waits for of its readers, as pieces of a sentence in the reader's language."""

from tgac.kit.web.i18n import _, ngettext
from tgac.tasks.config import WaitFor
from tgac.tasks.time_words import span_words


def awaited(wait: WaitFor) -> str:
    """“5 comments by readers, a reader's question, 10 minutes of silence”; "" where nothing is waited for."""
    return ", ".join(_awaited(wait))


def wait_sentence(wait: WaitFor) -> str:
    """The same as a sentence, with how long and what then."""
    told = {"what": awaited(wait), "span": span_words(wait.deadline_s)}
    if wait.otherwise == "send":
        return _("Then it waits for: %(what)s. After %(span)s at most it goes out all the same.", **told)
    return _("Then it waits for: %(what)s. After %(span)s at most it is given up.", **told)


def _awaited(wait: WaitFor) -> list[str]:
    count = wait.reader_comments
    found = [ngettext("%(n)s comment by readers", "%(n)s comments by readers", count)] if count else []
    if wait.question:
        found.append(_("a reader's question"))
    if wait.silence_s:
        found.append(_("silence for %(span)s", span=span_words(wait.silence_s)))
    return found
