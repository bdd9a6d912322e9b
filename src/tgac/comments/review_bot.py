"""Approval in Telegram: the service bot shows those who want it each comment that waits, with buttons.

The buttons carry the version that the message shows; a reply to the message is other words for that version. Whoever
decides is looked up anew at each press: a stranger's or a former member's does nothing. After any decision, wherever
it was made, every message about the comment says what was done, and by whom.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Final, cast

from sqlalchemy import select

from tgac.comments import review
from tgac.comments.facts import media_of, version_of
from tgac.comments.files import with_content
from tgac.comments.jobs import ShowReview
from tgac.comments.models import Comment, ReviewMessage
from tgac.comments.reasons import sentence
from tgac.comments.showing import shown_comments
from tgac.comments.views import CommentView, plain
from tgac.kit.act import Act
from tgac.kit.carried import Kind
from tgac.kit.errors import AppError, NotFound, Refused
from tgac.kit.log import log
from tgac.kit.queue.jobs import Cancel, Done, Outcome, Snooze
from tgac.kit.telegram.faults import Fault, NotModified, NotSent, SlowDown
from tgac.kit.telegram.types import Button, CallbackQuery, File, Keyboard, Look, Message
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, RIGHTS, Principal, Right, Role
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import DEFAULT, N_, _, show_moment, using, zone_of
from tgac.people.models import Member, User
from tgac.people.queries import the_project, user_by_telegram_id
from tgac.people.service_bot import Reply, Say, Seen, language_of
from tgac.tasks.media import media_named
from tgac.tasks.text.html import utf16_length
from tgac.tasks.text.rich import blocks_if_long

PREFIX: Final = "review"
_PRESS: Final = re.compile(
    r"review:(?P<project>\d{1,18}):(?P<comment>\d{1,18}):(?P<version>[0-9a-f]{16}):(?P<verb>[avs])"
)
_ROOM: Final = 3900
"""UTF-16 units of a message that are filled: Telegram takes 4,096."""
_RICH_ROOM: Final = 31_000
"""The same of a rich message, which takes 32,768."""
_POST_ROOM: Final = 900
_ROUNDS: Final = 5
_DID: Final = {"approved": N_("Approved by @%(who)s."), "skipped": N_("Skipped by @%(who)s.")}

type Verb = Callable[[Act, int, str | None], Awaitable[Comment]]
_VERBS: Final[Mapping[str, tuple[Verb, str]]] = {
    "a": (review.approve_comment, N_("Approved.")),
    "v": (review.another_comment, N_("Here is another one. It goes on waiting.")),
    "s": (review.skip_comment, N_("Skipped. It will not be sent.")),
}


@dataclass(frozen=True, slots=True)
class _Page:
    """A comment as one person is to see it; `message_id` is where they see it already. `file` is to be sent before it,
    `media_id` stands there already; where it cannot be sent, `poorer` is what they see."""

    user_id: int
    chat_id: int
    message_id: int | None
    html: str
    keyboard: Keyboard
    caption: str = ""
    file: File | None = None
    media_id: int | None = None
    poorer: tuple[str, Keyboard] = ("", ())


@dataclass(frozen=True, slots=True)
class _Shown:
    """A comment at one moment, for everybody who is asked; `mark` changes with whatever is shown."""

    mark: tuple[str, str]
    pages: tuple[_Page, ...]
    media_id: int | None = None

    @property
    def version(self) -> str:
        return self.mark[1]


async def show_review(tools: Tools, job: ShowReview) -> Outcome:
    """Handles ShowReview. What changes meanwhile is shown before it ends, so the newest words stand at the end."""
    mark = None
    for _round in range(_ROUNDS):
        shown = await _look(tools, job)
        if shown is None:
            return Cancel("the comment was deleted")
        if shown.mark == mark:
            return Done()
        mark = shown.mark
        for page in shown.pages:
            try:
                beside = await _send_file(tools, job, page, media_id=shown.media_id)
                await _show(tools, job, beside, version=shown.version)
            except SlowDown as fault:
                return Snooze(fault.retry_after)
            except NotSent:
                return Snooze(60.0)
    return Done()


async def _look(tools: Tools, job: ShowReview) -> _Shown | None:
    async with tools.reading(None, job.project_id) as act:
        comment = await act.session.scalar(select(Comment).where(Comment.id == job.comment_id))
        if comment is None:
            return None
        known = select(ReviewMessage).where(ReviewMessage.comment_id == comment.id)
        messages = {one.user_id: one for one in await act.session.scalars(known)}
        number, pages = media_of(comment), []
        files = await media_named(act, {number} if number is not None else set())
        kept = next(iter(files.values()), None)
        file = File(cast(Kind, kept.kind), "", kept.name, kept.mime_type) if kept else None
        for user, language in await _reviewers(act):
            message = messages.get(user.id)
            if message is None and (language is None or comment.state != review.WAITING):
                continue
            with using(user.language or language or DEFAULT):
                (view,) = await shown_comments(act, [comment])
                html, keyboard = await _words(act, view, is_beside=file is not None)
                poorer = await _words(act, view, is_beside=False)
                caption = _("File of the comment about which you are asked: %(name)s", name=kept.name if kept else "")
            assert user.telegram_id is not None
            page = _Page(user.id, user.telegram_id, message.message_id if message else None, html, keyboard)
            there = message.media_id if message else None
            is_new = file is not None and there != number and comment.state == review.WAITING
            pages.append(
                replace(page, caption=escape(caption), file=file if is_new else None, media_id=there, poorer=poorer)
            )
        return _Shown((comment.state, version_of(comment)), tuple(pages), number)


async def _reviewers(act: Act) -> list[tuple[User, str | None]]:
    """Those who may decide, each with the language in which they want to be asked in Telegram (None: they do not)."""
    may = [role for role in Role if Right.REVIEW in RIGHTS[role]]
    asked = (
        select(User, Member.reviews_in)
        .join(Member, Member.user_id == User.id)
        .where(Member.role.in_(may), User.state == "active", User.telegram_id.is_not(None))
        .order_by(User.id)
    )
    return [(row[0], row[1]) for row in await act.session.execute(asked)]


async def _send_file(tools: Tools, job: ShowReview, page: _Page, *, media_id: int | None) -> _Page:
    """Send the comment's file to the person where it does not stand there yet: the page as it is after that."""
    if page.file is None:
        return page
    async with tools.uploads:
        return await _give_file(tools, job, page, media_id=media_id)


async def _give_file(tools: Tools, job: ShowReview, page: _Page, *, media_id: int | None) -> _Page:
    look = await with_content(tools, job.project_id, Look(file=page.file), media_id)
    if look is None:
        return replace(page, html=page.poorer[0], keyboard=page.poorer[1])
    try:
        token = tools.config.telegram_bot_token
        await tools.telegram.send_message(token, chat_id=page.chat_id, html=page.caption, look=look)
    except (SlowDown, NotSent):
        raise
    except Fault as fault:
        log().warning("review_file_not_shown", comment=job.comment_id, user=page.user_id, fault=str(fault))
        return replace(page, html=page.poorer[0], keyboard=page.poorer[1])
    return replace(page, media_id=media_id)


async def _show(tools: Tools, job: ShowReview, page: _Page, *, version: str) -> None:
    token = tools.config.telegram_bot_token
    look = Look(page.keyboard, link_preview=False, rich=blocks_if_long(page.html))
    try:
        if page.message_id is not None:
            await tools.telegram.edit_message(
                token, chat_id=page.chat_id, message_id=page.message_id, html=page.html, look=look
            )
            number = page.message_id
        else:
            number = (
                await tools.telegram.send_message(token, chat_id=page.chat_id, html=page.html, look=look)
            ).message_id
    except NotModified:
        number = page.message_id or 0
    except (SlowDown, NotSent):
        raise
    except Fault as fault:  # the bot is blocked, or the message was deleted: the panel's queue is still there
        log().warning("review_not_shown", comment=job.comment_id, user=page.user_id, fault=str(fault))
        return
    await _note(tools, job, page, number=number, version=version)


async def _note(tools: Tools, job: ShowReview, page: _Page, *, number: int, version: str) -> None:
    """Which version stands in which message: what a reply to it means."""
    async with tools.acting(None, job.project_id) as act:
        known = select(ReviewMessage).where(
            ReviewMessage.comment_id == job.comment_id, ReviewMessage.user_id == page.user_id
        )
        message = await act.session.scalar(known)
        if message is None:
            message = ReviewMessage(comment_id=job.comment_id, user_id=page.user_id, chat_id=page.chat_id)
            act.session.add(message)
        message.message_id, message.version, message.media_id = number, version, page.media_id


async def _words(act: Act, view: CommentView, *, is_beside: bool) -> tuple[str, Keyboard]:
    """What a person reads, in the language in use: all of the comment, as much of the post as has room. `is_beside`:
    its file stands in a message of its own."""
    comment, waits = view.row, view.row.state == review.WAITING
    project = await the_project(act)
    place = f"{escape(act.config.base_url)}/projects/{act.project_id}/review"
    head = [f"<b>{escape(_('Waits for approval') if waits else outcome_words(comment))}</b>"]
    head.append(f"{escape(view.channel.title)} · {escape(view.task.name)}")
    carried = view.carried
    tail = ["\n".join(f"<i>{escape(label)}:</i> {escape(value)}" for label, value in carried)] if carried else []
    tail += [escape(" ".join(view.manners))] if waits and view.manners else []
    if waits and comment.approve_by is not None:
        until = show_moment(comment.approve_by, zone_of(project.time_zone))
        sends = comment.decision.get("unanswered") == "send"
        ends = _("Without an answer it goes out then.") if sends else _("Without an answer it is not sent.")
        tail += [
            f"{escape(_('Answer until'))} {escape(until)}. {escape(ends)}",
            escape(_("For other words, reply to this message with them.")),
        ]
    text = comment.text or ""
    has_file = media_of(comment) is not None
    is_whole = (is_beside or not has_file) and _length([text, *head, *tail]) < _RICH_ROOM - _POST_ROOM
    if not is_whole:
        text = escape(_("This comment cannot be shown here as a whole. Look at it in the panel:")) + f" {place}"
    said = f"<i>{escape(_('Comment'))}{escape(f' @{view.bot.username}') if view.bot else ''}:</i>\n{text}"
    room = _ROOM - _length([*head, *tail, said])
    room = min(_POST_ROOM, room) if room > 200 else _POST_ROOM
    post = view.post.text or _("Without text: %(media)s", media=view.post.media or "—")
    excerpt = f"<blockquote>{escape(_cut(post, room))}</blockquote>"
    html = "\n\n".join(["\n".join(head), excerpt, said, *tail])
    return html, _keyboard(view, is_whole=is_whole) if waits else ()


def outcome_words(comment: Comment) -> str:
    """What became of a comment that waited, and by whom."""
    decided = comment.decision.get("review") or {}
    if decided.get("did") in _DID and comment.state not in ("cancelled", "expired"):
        return _(_DID[decided["did"]], who=decided.get("who", ""))
    if comment.reason is None:
        return _("Nobody answered in time: it goes out, as the task says.")
    return sentence(comment.reason_data)


def _length(parts: list[str]) -> int:
    return sum(utf16_length(plain(part)) + 2 for part in parts)


def _cut(text: str, room: int) -> str:
    return text if utf16_length(text) <= room else text[: max(room // 2, 40)].rstrip() + "…"


def _keyboard(view: CommentView, *, is_whole: bool) -> Keyboard:
    """What cannot be seen here is not approved here."""

    def button(word: str, verb: str) -> Button:
        return Button(word, data=f"{PREFIX}:{view.row.project_id}:{view.row.id}:{view.version}:{verb}")

    skip = button(_("Skip"), "s")
    return ((button(_("Approve"), "a"),), (button(_("Another variant"), "v"), skip)) if is_whole else ((skip,),)


async def take_review_press(tools: Tools, press: CallbackQuery) -> list[Reply]:
    """Answers a press under a comment that waits. Who is no member with the right hears nothing."""
    asked = _PRESS.fullmatch(press.data)
    person = await _person(tools, press.from_user.id)
    if asked is None or person is None:
        return [Seen(press.id)]
    verb, done = _VERBS[asked["verb"]]
    with using(person.language or language_of(press.from_user)):
        try:
            async with tools.acting(person, int(asked["project"])) as act:
                await verb(act, int(asked["comment"]), asked["version"])
        except (NotFound, Refused):
            return [Seen(press.id)]
        except AppError as error:
            return [Seen(press.id, error.message)]
        return [Seen(press.id, _(done))]


async def take_review_reply(tools: Tools, message: Message) -> list[Reply]:
    """Answers a reply to a message that shows a comment: its text becomes the comment's. Empty for other messages."""
    who = message.from_user
    assert who is not None
    async with tools.reading(None, EVERYONE) as act:
        asked = select(ReviewMessage).where(
            ReviewMessage.chat_id == message.chat.id, ReviewMessage.message_id == message.reply_to_message_id
        )
        shown = await act.session.scalar(asked)
    person = await _person(tools, who.id)
    if shown is None or person is None or shown.user_id != person.user_id:
        return []
    with using(person.language or language_of(who)):
        try:
            async with tools.acting(person, shown.project_id) as act:
                await review.edit_comment(act, shown.comment_id, html_of(message), shown.version)
        except (NotFound, Refused):
            return []
        except AppError as error:
            return [Say(who.id, escape(error.message))]
        return [Say(who.id, escape(_("Changed. The message above shows it; it goes on waiting.")))]


async def _person(tools: Tools, telegram_id: int) -> Principal | None:
    """The user behind a Telegram account, if they may be here at all."""
    async with tools.reading(None, NO_PROJECT) as act:
        user = await user_by_telegram_id(act.session, telegram_id)
        if user is None or user.state != "active":
            return None
        return Principal(user.id, user.username, user.is_admin, user.language)


_TAGS: Final = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "spoiler": "tg-spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}


def html_of(message: Message) -> str:
    """A message's text with the looks that its writer gave it, as Telegram's HTML."""
    units = message.text.encode("utf-16-le")
    opens: dict[int, list[str]] = {}
    closes: dict[int, list[str]] = {}
    for entity in sorted(message.entities, key=lambda one: (one.get("offset", 0), -one.get("length", 0))):
        begin, end = entity.get("offset", 0), entity.get("offset", 0) + entity.get("length", 0)
        tag = _TAGS.get(entity.get("type", ""))
        if entity.get("type") == "text_link":
            opens.setdefault(begin, []).append(f'<a href="{escape(entity.get("url", ""))}">')
            closes.setdefault(end, []).insert(0, "</a>")
        elif tag:
            opens.setdefault(begin, []).append(f"<{tag}>")
            closes.setdefault(end, []).insert(0, f"</{tag}>")
    marks = sorted({0, len(units) // 2, *opens, *closes})
    said = []
    for begin, end in zip(marks, [*marks[1:], marks[-1]], strict=True):
        said += [*closes.get(begin, ()), *opens.get(begin, ())]
        said.append(escape(units[2 * begin : 2 * end].decode("utf-16-le", "replace")))
    return "".join(said)
