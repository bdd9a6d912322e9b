"""What can be wrong with a text, kept apart from the language in which it is told."""

from tgac.kit.web.i18n import _
from tgac.tasks.facts import Param, Reason


class TextError(Exception):
    """This text cannot be read or may not leave.

    `code` is one of `spintax`, `template`, `html`, `text_empty`, `text_too_long`, `text_characters`, `text_link`,
    `text_command`; `msgid` is the English sentence, in which `params` are put with `%`.
    """

    def __init__(self, code: str, msgid: str, **params: Param) -> None:
        super().__init__(code, msgid, params)
        self.code = code
        self.msgid = msgid
        self.params = params

    @property
    def sentence(self) -> str:
        """The sentence in the reader's language."""
        return _(self.msgid, **self.params)

    @property
    def reason(self) -> Reason:
        """The same as a reason that a decision can keep."""
        return Reason(self.code, self.msgid, self.params)
