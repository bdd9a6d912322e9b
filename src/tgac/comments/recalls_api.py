"""Recalls and followed edits in JSON."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from tgac.comments import recalls
from tgac.comments.api import comment_json
from tgac.comments.following import answer_edit
from tgac.comments.models import Comment, Recall, RecallItem
from tgac.comments.showing import shown_comments
from tgac.kit.act import Act
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import ReadAct, RowId, WriteAct
from tgac.kit.web.paging import Page, paged
from tgac.tasks.queries import find_task

router = APIRouter(prefix="/api/v1/projects/{project_id}", tags=["comments"])


class RecallAsked(BaseModel):
    """How far back: comments that were sent within so many minutes."""

    model_config = ConfigDict(extra="forbid")

    minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60)]


class EditAnswer(BaseModel):
    """Whether the comment follows its edited post."""

    model_config = ConfigDict(extra="forbid")

    answer: Literal["edit", "leave"]


@router.post("/comments/{comment_id}/take-back")
async def take_back(act: WriteAct, comment_id: RowId) -> JSONResponse:
    """A comment that was sent is deleted in Telegram; what came of it stands in its state and timeline."""
    return await _told(act, await recalls.take_back_comment(act, comment_id))


@router.post("/comments/{comment_id}/follow")
async def follow(act: WriteAct, comment_id: RowId, body: EditAnswer) -> JSONResponse:
    """A comment whose post was edited is edited as well, or left as it is."""
    return await _told(act, await answer_edit(act, comment_id, body.answer))


@router.get("/tasks/{task_id}/recalls")
async def list_recalls(act: ReadAct, page: Page, task_id: RowId) -> JSONResponse:
    """The task's recalls, newest first, each with its progress."""
    require(act, Right.LOOK)
    task = await find_task(act, task_id)
    found, following = await paged(act, recalls.recalls_of(task.id), Recall.id, page=page)
    progress = await recalls.progress_of(act, found)
    return ok({"items": [recall_json(one, progress[one.id]) for one in found], "next": following})


@router.post("/tasks/{task_id}/recalls", status_code=201)
async def recall(act: WriteAct, task_id: RowId, body: RecallAsked) -> JSONResponse:
    """Take back what the task sent within the last minutes; each comment's outcome stands in the recall."""
    made = await recalls.recall_comments(act, task_id, minutes=body.minutes)
    await act.flush()
    return ok(recall_json(made, (await recalls.progress_of(act, [made]))[made.id]), status=201)


@router.get("/recalls/{recall_id}")
async def show_recall(act: ReadAct, page: Page, recall_id: RowId) -> JSONResponse:
    """A recall with its progress and its comments, newest first, each with its outcome."""
    require(act, Right.LOOK)
    found = await recalls.find_recall(act, recall_id)
    items, following = await paged(act, recalls.items_of(found.id), RecallItem.id, page=page)
    told = [{"comment_id": one.comment_id, "state": one.state, "sentence": recalls.said_of(one)} for one in items]
    progress = (await recalls.progress_of(act, [found]))[found.id]
    return ok(recall_json(found, progress) | {"items": told, "next": following})


def recall_json(recall: Recall, progress: recalls.Progress) -> dict[str, Any]:
    """A recall for programs."""
    return {
        "id": recall.id,
        "task_id": recall.task_id,
        "since": recall.since,
        "until": recall.until,
        "total": progress.total,
        "deleted": progress.deleted,
        "stays": progress.stays,
        "waiting": progress.waiting,
    }


async def _told(act: Act, comment: Comment) -> JSONResponse:
    (shown,) = await shown_comments(act, [comment])
    return ok(comment_json(shown))
