"""What can go wrong, said so that a person can mend it. The face of an error is chosen in `kit/web/answers.py`."""

from collections.abc import Mapping
from types import MappingProxyType


class AppError(Exception):
    """An expected failure.

    `code` is a stable name listed in `docs/api.md`; `message` is a sentence for people; `status` is the HTTP status;
    `field` names the input that is wrong (dotted path); `fields` maps several of them to their messages; `ids` numbers
    the rows that it is about, where a program goes on with them.
    """

    code = "error"
    status = 400
    ids: Mapping[str, int] = MappingProxyType({})

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.field = field or (next(iter(fields)) if fields else None)
        self.fields = dict(fields) if fields else {}


class Invalid(AppError):
    """The input does not fit; 422 with the field."""

    code = "invalid"
    status = 422


class SignInNeeded(AppError):
    """Nobody is signed in; 401."""

    code = "sign_in_needed"
    status = 401


class Refused(AppError):
    """Signed in, but not allowed; 403."""

    code = "refused"
    status = 403


class NotFound(AppError):
    """Not there, or not yours: one answer for both; 404."""

    code = "not_found"
    status = 404


class Conflict(AppError):
    """It clashes with what is there; 409."""

    code = "conflict"
    status = 409


class TooLarge(AppError):
    """The body is larger than allowed; 413."""

    code = "too_large"
    status = 413


class TooMuch(AppError):
    """Too many requests; 429. `retry_after` in seconds."""

    code = "too_much"
    status = 429

    def __init__(self, message: str, *, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(AppError):
    """Something outside (Telegram, the way to it) does not answer; 503."""

    code = "unavailable"
    status = 503
