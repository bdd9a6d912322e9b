"""Users, and what they get in with: the verbs of admins, of the command line and of each user for themselves."""

import re
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select, update

from tgac.journal.service import note
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid, NotFound, Refused
from tgac.kit.secrets import Secret, hash_secret, new_secret
from tgac.kit.telegram.links import start_link
from tgac.kit.tenancy import NO_PROJECT, Principal, TokenScope
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import LANGUAGES, _
from tgac.people.auth import TOKEN_PREFIX
from tgac.people.forms import MAX_TELEGRAM_ID, NewToken
from tgac.people.models import ApiToken, BindLink, KnownDevice, LoginFlow, LoginSession, NoticesWanted, User
from tgac.people.queries import (
    bound_admin,
    invited_user,
    projects_of,
    user_by_telegram_id,
    user_named,
    user_numbered,
    waiting_admin,
)
from tgac.people.sign_in import Person, State

BIND_PREFIX: Final = "bind_"
BIND_LINK_LIVES: Final = timedelta(minutes=15)
TOKENS_A_USER: Final = 50
_USERNAME: Final = re.compile(r"[a-z0-9_]{4,32}")


def author_of(act: Act) -> Principal:
    """Who acts. The deps let nobody else come here."""
    assert act.principal is not None, "this act has no author"
    return act.principal


# --- Users. ---


async def ensure_first_admin(act: Act) -> User:
    """The admin of ADMIN_TG_USERNAME, made as an invited user where there is no bound admin yet.

    While that admin waits for a Telegram account, a corrected name in the settings corrects the name here.
    """
    bound = await bound_admin(act.session)
    if bound is not None:
        return bound
    name = act.config.admin_tg_username.lower()
    admin = await waiting_admin(act.session) or await invited_user(act.session, name)
    if admin is None:
        admin = User(username=name, created_at=act.now, state="invited")
        act.session.add(admin)
    admin.username, admin.is_admin = name, True
    await act.flush()
    return admin


async def add_user(act: Act, username: str, *, quota_projects: int | None = None) -> User:
    """Invite a person by Telegram username, with or without @. Raises Invalid; Conflict for a name that is there."""
    name = username.removeprefix("@").lower()
    if not _USERNAME.fullmatch(name):
        raise Invalid(_("This is not a Telegram username: 4 to 32 letters, digits or _."), field="username")
    await _forbid_taken_name(act, name)
    user = User(username=name, quota_projects=quota_projects, is_admin=False, state="invited", created_at=act.now)
    act.session.add(user)
    await act.flush()
    note(act, "user_added", {"username": name}, subject_id=user.id)
    return user


async def _forbid_taken_name(act: Act, name: str) -> None:
    taken = select(User.id).where(func.lower(User.username) == name).limit(1)
    if (await act.session.scalars(taken)).first() is not None:
        raise Conflict(_("There is a user @%(name)s already.", name=name), field="username")


async def set_quota(act: Act, user_id: int, *, quota_projects: int | None) -> User:
    """How many projects the user may have; None for the installation's default. Raises NotFound."""
    user = await user_numbered(act.session, user_id)
    if user.quota_projects != quota_projects:
        changes = {"quota_projects": [user.quota_projects, quota_projects]}
        note(act, "user_changed", {"username": user.username, "changes": changes}, subject_id=user.id)
    user.quota_projects = quota_projects
    return user


async def choose_notices(act: Act, wanted: NoticesWanted) -> User:
    """How often the author is told in Telegram of what is wrong."""
    user = await user_numbered(act.session, author_of(act).user_id)
    user.notices = wanted
    return user


async def block_user(act: Act, username: str) -> User:
    """The same as `block_user_numbered`, by name: from the server's shell. Raises NotFound."""
    return await block_user_numbered(act, (await user_named(act.session, username)).id)


async def block_user_numbered(act: Act, user_id: int) -> User:
    """Keep the user out: every session, API token, known browser and sign-in under way ends with this act.

    Raises NotFound; Conflict for oneself.
    """
    if act.principal is not None and act.principal.user_id == user_id:
        raise Conflict(_("You cannot block yourself."))
    user = await user_numbered(act.session, user_id)
    if user.state != "blocked":
        note(act, "user_blocked", {"username": user.username}, subject_id=user.id)
    user.state = "blocked"
    await _end_everything(act, user_id)
    return user


async def unblock_user(act: Act, user_id: int) -> User:
    """Let a blocked user sign in again. Raises NotFound."""
    user = await user_numbered(act.session, user_id)
    if user.state == "blocked":
        user.state = "invited" if user.telegram_id is None else "active"
        note(act, "user_unblocked", {"username": user.username}, subject_id=user.id)
    return user


async def _end_everything(act: Act, user_id: int) -> None:
    for table in (LoginSession, ApiToken, KnownDevice):
        await act.session.execute(delete(table).where(table.user_id == user_id))
    await act.session.execute(delete(BindLink).where(BindLink.user_id == user_id))
    await act.session.execute(update(LoginFlow).where(LoginFlow.user_id == user_id).values(state=State.BURNT))


async def bind_user(act: Act, username: str, *, telegram_id: int) -> User:
    """Tie a user to a Telegram account, from the server's shell: the first admin, or somebody who lost theirs.

    Who was bound to another account is signed out everywhere. Raises NotFound; Invalid for what is no person's id;
    Conflict for an account that is taken.
    """
    if not 1 <= telegram_id <= MAX_TELEGRAM_ID:
        raise Invalid(_("This is not a person's Telegram id."), field="telegram_id")
    user = await user_named(act.session, username)
    owner = await user_by_telegram_id(act.session, telegram_id)
    if owner is not None and owner.id != user.id:
        raise Conflict(_("This Telegram account belongs to @%(name)s.", name=owner.username), field="telegram_id")
    if user.telegram_id not in (None, telegram_id):
        await _end_everything(act, user.id)
    user.telegram_id = telegram_id
    user.state = "active" if user.state == "invited" else user.state
    note(act, "user_bound", {"username": user.username}, subject_id=user.id)
    await act.session.execute(delete(BindLink).where(BindLink.user_id == user.id))
    return user


# --- The first admin's link. ---


async def make_bind_link(act: Act, *, bot_username: str) -> str:
    """The one-time link that ties the first admin to a Telegram account, good for 15 minutes; older ones end.

    Raises Conflict where an admin is bound already.
    """
    admin = await ensure_first_admin(act)
    if admin.telegram_id is not None:
        raise Conflict(_("The admin @%(name)s is bound to a Telegram account already.", name=admin.username))
    await act.session.execute(delete(BindLink))
    secret = new_secret()
    row = BindLink(user_id=admin.id, secret_hash=hash_secret(secret), expires_at=act.now + BIND_LINK_LIVES)
    act.session.add(row)
    return start_link(act.config.telegram_link_base, bot_username, payload=BIND_PREFIX + secret)


async def bind_by_link(act: Act, person: Person, *, secret: str) -> User | None:
    """Tie the first admin to this Telegram account: the link and the name of the settings together. None: refused."""
    asked = select(BindLink).where(BindLink.secret_hash == hash_secret(secret), BindLink.expires_at > act.now)
    link = (await act.session.scalars(asked.with_for_update())).one_or_none()
    if link is None or await user_by_telegram_id(act.session, person.telegram_id) is not None:
        return None
    admin = await user_numbered(act.session, link.user_id)
    named = (person.username or "").lower() == admin.username
    if not named or admin.state != "invited" or admin.telegram_id is not None:
        return None
    admin.telegram_id, admin.username, admin.state = person.telegram_id, person.username or admin.username, "active"
    note(act, "user_bound", {"username": admin.username}, subject_id=admin.id, author_id=admin.id)
    await act.session.delete(link)
    return admin


# --- What a user has. ---


async def end_session(act: Act, session_id: int) -> None:
    """Sign one of one's own browsers out. Raises NotFound."""
    mine = delete(LoginSession).where(LoginSession.id == session_id, LoginSession.user_id == author_of(act).user_id)
    _demand_one(browser := (await act.session.scalars(mine.returning(LoginSession.browser))).first())
    note(act, "session_ended", {"browser": browser}, subject_id=author_of(act).user_id)


async def end_other_sessions(act: Act) -> None:
    """Sign all of one's browsers out but the one that asks."""
    author = author_of(act)
    others = delete(LoginSession).where(LoginSession.user_id == author.user_id)
    if author.session_id is not None:
        others = others.where(LoginSession.id != author.session_id)
    for browser in (await act.session.scalars(others.returning(LoginSession.browser))).all():
        note(act, "session_ended", {"browser": browser}, subject_id=author.user_id)


async def end_session_of(act: Act, session_secret: str) -> None:
    """Sign out the browser that holds this secret; nothing happens where it is not signed in."""
    here = delete(LoginSession).where(LoginSession.secret_hash == hash_secret(session_secret))
    ended = (await act.session.execute(here.returning(LoginSession.user_id, LoginSession.browser))).first()
    if ended is not None:
        note(act, "session_ended", {"browser": ended.browser}, subject_id=ended.user_id, author_id=ended.user_id)


async def create_api_token(act: Act, username: str, *, name: str = "command line") -> str:
    """An API token for a user, from the server's shell. It is shown once. Raises NotFound; Refused for the blocked."""
    user = await user_named(act.session, username)
    if user.state == "blocked":
        raise Refused(_("@%(name)s is blocked.", name=user.username))
    return (await _add_token(act, ApiToken(user_id=user.id, name=name, scope=TokenScope.ADMIN)))[1].reveal()


async def create_own_token(tools: Tools, author: Principal, wanted: NewToken) -> tuple[ApiToken, Secret]:
    """An API token for oneself; the secret is shown once. Raises Invalid (`project_ids`), Conflict above 50."""
    only = None if wanted.project_ids is None else sorted(set(wanted.project_ids))
    if not set(only or ()) <= {one.id for one in await projects_of(tools, author)}:
        raise Invalid(_("You have no such project."), field="project_ids")
    async with tools.acting(author, NO_PROJECT) as act:
        await _keep_few_tokens(act, author.user_id)
        row = ApiToken(user_id=author.user_id, name=wanted.name, scope=wanted.scope, project_ids=only)
        return await _add_token(act, row)


async def _keep_few_tokens(act: Act, user_id: int) -> None:
    await user_numbered(act.session, user_id)  # locked: two at once do not pass the limit together
    count = select(func.count(ApiToken.id)).where(ApiToken.user_id == user_id)
    if (await act.session.scalars(count)).one() >= TOKENS_A_USER:
        raise Conflict(_("You have %(n)s API tokens; delete one first.", n=TOKENS_A_USER))


async def _add_token(act: Act, row: ApiToken) -> tuple[ApiToken, Secret]:
    secret = TOKEN_PREFIX + new_secret()
    row.secret_hash, row.created_at = hash_secret(secret), act.now
    act.session.add(row)
    await act.flush()
    note(act, "token_created", {"name": row.name, "scope": row.scope}, subject_id=row.user_id)
    return row, Secret(secret)


async def delete_own_token(act: Act, token_id: int) -> None:
    """End one of one's own API tokens. Raises NotFound."""
    mine = delete(ApiToken).where(ApiToken.id == token_id, ApiToken.user_id == author_of(act).user_id)
    _demand_one(name := (await act.session.scalars(mine.returning(ApiToken.name))).first())
    note(act, "token_deleted", {"name": name}, subject_id=author_of(act).user_id)


async def choose_language(act: Act, code: str) -> None:
    """Speak this language to the user from here on; an unknown code changes nothing."""
    if code in LANGUAGES:
        user = await user_numbered(act.session, author_of(act).user_id)
        user.language = code


def _demand_one(found: object) -> None:
    if found is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
