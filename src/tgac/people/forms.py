"""What people and programs send to this slice, held to its rules."""

from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tgac.kit.names import Name
from tgac.kit.tenancy import Role, TokenScope
from tgac.kit.web.deps import MAX_ID
from tgac.people.models import NoticesWanted
from tgac.settings.forms import Quota, TimeZone

MAX_TELEGRAM_ID: Final = 2**52  # https://core.telegram.org/bots/api#user: at most 52 significant bits


def _without_at(value: object) -> object:
    return value.strip().removeprefix("@") if isinstance(value, str) else value


ProjectName = Annotated[Name, Field(min_length=1, max_length=100)]
TokenName = Annotated[Name, Field(min_length=1, max_length=64)]
Username = Annotated[str, BeforeValidator(_without_at), Field(pattern=r"^[A-Za-z0-9_]{4,32}\z")]
TelegramId = Annotated[int, Field(ge=1, le=MAX_TELEGRAM_ID)]
Number = Annotated[str, Field(pattern=r"^[0-9]{2}\z")]
Code = Annotated[str, Field(max_length=12)]
Opaque = Annotated[str, Field(min_length=1, max_length=128)]


class Form(BaseModel):
    """What is not asked for is refused."""

    model_config = ConfigDict(extra="forbid")


class SessionForm(Form):
    """The browser's wish to be signed in; `login_token` is the public one, `code` the six digits if they are asked."""

    login_token: Opaque
    code: Code | None = None


class ExchangeForm(Form):
    """What a bot elsewhere has heard: the link presented, and the number pressed, or that it was not the person."""

    login_token: Opaque
    telegram_id: TelegramId
    chat_id: TelegramId
    update_id: Annotated[int, Field(ge=0, le=2**63 - 1)]
    username: Username | None = None
    number: Number | None = None
    not_me: bool = False


class NewUser(Form):
    """A person to be let in; without a quota the installation's default holds."""

    username: Username
    quota_projects: Quota | None = None


class UserQuota(Form):
    """How many projects a user may have; null for the installation's default."""

    quota_projects: Quota | None


class QuotaField(Form):
    """The same on the page, where an empty field is the installation's default."""

    quota_projects: Quota | None = None


class NewToken(Form):
    """A personal API token, named by its owner; without projects it is for every one."""

    name: TokenName
    scope: TokenScope = TokenScope.ADMIN
    project_ids: Annotated[list[Annotated[int, Field(ge=1, le=MAX_ID)]], Field(min_length=1, max_length=100)] | None = (
        None
    )


class NoticesForm(Form):
    """How often one is told in Telegram of what is wrong."""

    notices: NoticesWanted


class NewProject(Form):
    """A project to be made."""

    name: ProjectName


class ProjectSettings(Form):
    """What stays as it is when left out."""

    name: ProjectName | None = None
    time_zone: TimeZone | None = None


class CodeForm(Form):
    """The page's form for the six digits; empty where none are asked for."""

    code: Code | None = None


class NewInvitation(Form):
    """A role to be taken by whoever holds the link; with a username, by that person alone."""

    role: Role
    username: Username | None = None


class NewRole(Form):
    """Another role for a member."""

    role: Role


class InvitationSecret(Form):
    """The last part of an invitation's link."""

    secret: Opaque
