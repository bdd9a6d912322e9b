"""The pages of recalls, and the buttons that take a comment back or let it follow its post."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from tgac.comments import recalls
from tgac.comments.following import answer_edit
from tgac.comments.models import Comment, Recall, RecallItem
from tgac.comments.queries import comments_numbered
from tgac.comments.recalls_api import EditAnswer, RecallAsked
from tgac.comments.showing import shown_comments
from tgac.comments.views import CommentView, plain
from tgac.kit.act import Act
from tgac.kit.errors import AppError, Invalid
from tgac.kit.tenancy import RIGHTS, Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import N_, _
from tgac.kit.web.pages import Notice, go, page
from tgac.kit.web.paging import Page, next_address, paged
from tgac.tasks.models import Task
from tgac.tasks.queries import find_task

router = APIRouter(prefix="/projects/{project_id}", include_in_schema=False)

SPANS: Final = (
    (60, N_("the last hour")),
    (360, N_("the last 6 hours")),
    (1440, N_("the last day")),
    (2880, N_("the last 2 days")),
)
"""Minutes and their words. Telegram lets bots delete for two days; longer only with a right in the group."""


@router.post("/comments/{comment_id}/take-back")
async def take_back(request: Request, act: WriteAct, comment_id: RowId) -> Response:
    """Have it deleted and show it."""
    comment = await recalls.take_back_comment(act, comment_id)
    return go(request, _place(comment), Notice(_("The bot deletes it in Telegram.")))


@router.post("/comments/{comment_id}/follow")
async def follow(request: Request, act: WriteAct, comment_id: RowId) -> Response:
    """Let it follow its post or leave it, and show it."""
    form = await read_form(request, EditAnswer)
    if form.data is None:
        raise Invalid(_("Choose one of the values offered."), fields=form.errors)
    comment = await answer_edit(act, comment_id, form.data.answer)
    words = _("The bot edits it in Telegram.") if form.data.answer == "edit" else _("It stays as it is.")
    return go(request, _place(comment), Notice(words))


@router.get("/tasks/{task_id}/recalls")
async def recalls_page(request: Request, act: ReadAct, asked: Page, task_id: RowId) -> HTMLResponse:
    """Take back what the task sent lately; what was taken back before."""
    require(act, Right.LOOK)
    return await _recalls_page(request, act, asked, task_id, form=blank(minutes=60))


@router.post("/tasks/{task_id}/recalls")
async def recall(
    request: Request, act: ReadAct, asked: Page, tools: ToolsDep, principal: PrincipalDep, *, task_id: RowId
) -> Response:
    """Take back and show how it goes; where there is nothing to take back, the page says so."""
    require(act, Right.EDIT)
    form = await read_form(request, RecallAsked)
    if form.data is None:
        return await _recalls_page(request, act, asked, task_id, form=form, status=422)
    try:
        async with tools.acting(principal, act.project_id) as writing:
            made = await recalls.recall_comments(writing, task_id, minutes=form.data.minutes)
    except AppError as error:
        if error.code not in ("nothing_to_recall", "too_many"):
            raise
        form.errors["minutes"] = error.message
        return await _recalls_page(request, act, asked, task_id, form=form, status=error.status)
    return go(request, f"/projects/{act.project_id}/recalls/{made.id}")


@router.get("/recalls/{recall_id}")
async def recall_page(request: Request, act: ReadAct, asked: Page, recall_id: RowId) -> HTMLResponse:
    """How a recall goes, and what became of each comment."""
    require(act, Right.LOOK)
    found = await recalls.find_recall(act, recall_id)
    items, following = await paged(act, recalls.items_of(found.id), RecallItem.id, page=asked)
    comments = await comments_numbered(act, [one.comment_id for one in items])
    shown = {one.row.id: one for one in await shown_comments(act, comments)}
    return page(
        request,
        "comments/recall.html",
        block="happening",
        recall=found,
        task=await act.session.get_one(Task, found.task_id),
        progress=(await recalls.progress_of(act, [found]))[found.id],
        items=[_line(shown[one.comment_id], one) for one in items],
        root=f"/projects/{act.project_id}",
        next_url=next_address(request, following),
    )


async def _recalls_page(
    request: Request, act: Act, asked: Page, task_id: int, *, form: Filled[Any], status: int = 200
) -> HTMLResponse:
    task = await find_task(act, task_id)
    found, following = await paged(act, recalls.recalls_of(task.id), Recall.id, page=asked)
    return page(
        request,
        "comments/recalls.html",
        status=status,
        task=task,
        recalls=found,
        progress=await recalls.progress_of(act, found),
        spans=[(str(minutes), _(word)) for minutes, word in SPANS],
        form=form,
        may_edit=act.role is not None and Right.EDIT in RIGHTS[act.role],
        root=f"/projects/{act.project_id}",
        next_url=next_address(request, following),
    )


def _line(view: CommentView, item: RecallItem) -> tuple[CommentView, str, str, str]:
    """A comment with its words, and what became of it."""
    return view, plain(view.row.text), item.state, recalls.said_of(item)


def _place(comment: Comment) -> str:
    return f"/projects/{comment.project_id}/posts/{comment.post_id}#comment-{comment.id}"
