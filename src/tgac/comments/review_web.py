"""The queue of comments that wait for approval, and what is decided there or under a post."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from tgac.comments import review
from tgac.comments.models import Comment
from tgac.comments.queries import count_waiting, waiting_first
from tgac.comments.showing import shown_comments
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid
from tgac.kit.tenancy import RIGHTS, Right, require
from tgac.kit.web.deps import ReadAct, RowId, WriteAct
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page
from tgac.tasks.text.compose import MAX_SOURCE

router = APIRouter(prefix="/projects/{project_id}", include_in_schema=False)

MOST: Final = 25
"""Comments on the page; the others come up as these are answered."""


class Decided(BaseModel):
    """A form under a comment: the version that was shown, and the page to go back to."""

    version: str = ""
    back: str = "review"


class Rewritten(Decided):
    """The form with the comment's words."""

    text: str = ""
    do: str = "save"


class Wished(BaseModel):
    """The form of a reviewer about themselves."""

    wanted: str = ""


type Verb = Callable[[Act, int, str | None], Awaitable[Comment]]


@router.get("/review")
async def review_page(request: Request, act: ReadAct) -> HTMLResponse:
    """What waits, whose time is over first at the top."""
    require(act, Right.LOOK)
    return await _page(request, act)


@router.post("/comments/{comment_id}/approve")
async def approve_comment(request: Request, act: WriteAct, comment_id: RowId) -> Response:
    """Let it go out, as it was shown."""
    return await _decide(request, act, comment_id, review.approve_comment, done=_("Approved."))


@router.post("/comments/{comment_id}/skip")
async def skip_comment(request: Request, act: WriteAct, comment_id: RowId) -> Response:
    """Let it not go out."""
    return await _decide(request, act, comment_id, review.skip_comment, done=_("Skipped. It will not be sent."))


@router.post("/comments/{comment_id}/another")
async def another_comment(request: Request, act: WriteAct, comment_id: RowId) -> Response:
    """Let its task write it anew."""
    done = _("Here is another one. It goes on waiting.")
    return await _decide(request, act, comment_id, review.another_comment, done=done, stays=True)


@router.post("/comments/{comment_id}/edit")
async def edit_comment(request: Request, act: WriteAct, comment_id: RowId) -> Response:
    """Give it other words and, where that was pressed, let it go out with them."""
    require(act, Right.REVIEW)
    form = await read_form(request, Rewritten)
    sent = form.data or Rewritten()
    try:
        comment = await review.edit_comment(act, comment_id, sent.text, sent.version)
        if sent.do == "approve":
            await review.approve_comment(act, comment_id)
    except Invalid as error:
        form.refuse(error)
        return await _page(request, act, form=form, refused=comment_id, status=422)
    except Conflict as error:
        return go(request, _queue(act), Notice(error.message, "warn"))
    if sent.do == "approve":
        return go(request, _queue(act), Notice(_("Changed and approved.")))
    return go(request, f"{_queue(act)}#comment-{comment.id}", Notice(_("Changed. It goes on waiting.")))


@router.post("/review/telegram")
async def ask_in_telegram(request: Request, act: WriteAct) -> Response:
    """Let the service bot show one what waits, or no more."""
    require(act, Right.REVIEW)
    sent = (await read_form(request, Wished)).data or Wished()
    if await review.ask_in_telegram(act, sent.wanted == "yes"):
        return go(request, _queue(act), Notice(_("The service bot shows you in Telegram what waits.")))
    return go(request, _queue(act), Notice(_("The service bot asks you no more.")))


async def _decide(
    request: Request, act: Act, comment_id: int, verb: Verb, *, done: str, stays: bool = False
) -> Response:
    """Carry a decision out; where somebody or something else was faster, say so in the queue."""
    require(act, Right.REVIEW)
    sent = (await read_form(request, Decided)).data or Decided()
    try:
        comment = await verb(act, comment_id, sent.version)
    except Conflict as error:
        return go(request, _queue(act), Notice(error.message, "warn"))
    if sent.back == "post":
        return go(request, f"/projects/{comment.project_id}/posts/{comment.post_id}#comment-{comment.id}", Notice(done))
    return go(request, f"{_queue(act)}#comment-{comment.id}" if stays else _queue(act), Notice(done))


async def _page(
    request: Request, act: Act, *, form: Filled[Any] | None = None, refused: int = 0, status: int = 200
) -> HTMLResponse:
    comments = await shown_comments(act, await waiting_first(act, MOST))
    may_review = act.role is not None and Right.REVIEW in RIGHTS[act.role]
    return page(
        request,
        "comments/review.html",
        block="count",
        status=status,
        comments=comments,
        total=await count_waiting(act),
        form=form or blank(),
        refused=refused,
        in_telegram=await review.is_asked_in_telegram(act) if may_review else None,
        may_review=may_review,
        longest_text=MAX_SOURCE,
        root=f"/projects/{act.project_id}",
    )


def _queue(act: Act) -> str:
    return f"/projects/{act.project_id}/review"
