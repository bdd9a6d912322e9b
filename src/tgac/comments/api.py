"""Comments and posts in JSON."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from tgac.comments import review, service
from tgac.comments.facts import version_of
from tgac.comments.forms import Resolution, Shown, Wish, Words
from tgac.comments.models import Comment
from tgac.comments.queries import State, Wanted, comments_like, find_comment, find_post, posts_like
from tgac.comments.showing import shown_comments, shown_posts, timeline
from tgac.comments.views import CommentView, Moment, PostView
from tgac.comments.wait_words import waits_json
from tgac.kit.act import Act
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import MAX_ID, ReadAct, RowId, WriteAct
from tgac.kit.web.paging import Page, paged
from tgac.posts.models import Post

router = APIRouter(prefix="/api/v1/projects/{project_id}", tags=["comments"])

Number = Annotated[int | None, Query(ge=1, le=MAX_ID)]


@router.get("/comments")
async def list_comments(
    act: ReadAct,
    page: Page,
    *,
    state: State | None = None,
    task_id: Number = None,
    channel_id: Number = None,
    bot_id: Number = None,
) -> JSONResponse:
    """The project's comments, newest first."""
    require(act, Right.LOOK)
    wanted = Wanted(state, task_id, channel_id, bot_id)
    comments, following = await paged(act, comments_like(page.q, wanted), Comment.id, page=page)
    shown = await shown_comments(act, comments, with_orders=False)
    return ok({"items": [comment_json(one) for one in shown], "next": following})


@router.get("/comments/{comment_id}")
async def show_comment(act: ReadAct, comment_id: RowId) -> JSONResponse:
    """One comment."""
    require(act, Right.LOOK)
    return await _told(act, await find_comment(act, comment_id))


@router.post("/comments/{comment_id}/cancel")
async def cancel_comment(act: WriteAct, comment_id: RowId) -> JSONResponse:
    """A planned comment is not sent."""
    return await _told(act, await service.cancel_comment(act, comment_id))


@router.post("/comments/{comment_id}/approve")
async def approve_comment(act: WriteAct, comment_id: RowId, body: Shown | None = None) -> JSONResponse:
    """A comment that waits for approval goes out, as it was shown under this version."""
    return await _told(act, await review.approve_comment(act, comment_id, _version(body)))


@router.post("/comments/{comment_id}/edit")
async def edit_comment(act: WriteAct, comment_id: RowId, body: Words) -> JSONResponse:
    """A comment that waits for approval gets another text, and goes on waiting."""
    return await _told(act, await review.edit_comment(act, comment_id, body.text, body.version))


@router.post("/comments/{comment_id}/another")
async def another_comment(act: WriteAct, comment_id: RowId, body: Shown | None = None) -> JSONResponse:
    """A comment that waits for approval is written anew by its task, and goes on waiting."""
    return await _told(act, await review.another_comment(act, comment_id, _version(body)))


@router.post("/comments/{comment_id}/skip")
async def skip_comment(act: WriteAct, comment_id: RowId, body: Shown | None = None) -> JSONResponse:
    """A comment that waits for approval does not go out."""
    return await _told(act, await review.skip_comment(act, comment_id, _version(body)))


@router.get("/review/me")
async def show_my_review(act: ReadAct) -> JSONResponse:
    """Whether the service bot shows one each comment that waits for approval."""
    return ok({"telegram": await review.is_asked_in_telegram(act)})


@router.put("/review/me")
async def set_my_review(act: WriteAct, body: Wish) -> JSONResponse:
    """Let the service bot show one each comment that waits for approval, or not."""
    return ok({"telegram": await review.ask_in_telegram(act, body.telegram)})


@router.post("/comments/{comment_id}/resolve")
async def resolve_comment(act: WriteAct, comment_id: RowId, body: Resolution) -> JSONResponse:
    """What a person found where Telegram's answer was lost."""
    return await _told(act, await service.resolve_comment(act, comment_id, body))


@router.get("/posts")
async def list_posts(act: ReadAct, page: Page, channel_id: Number = None) -> JSONResponse:
    """The posts that were seen, newest first, each with its outcomes."""
    require(act, Right.LOOK)
    posts, following = await paged(act, posts_like(page.q, channel_id), Post.id, page=page)
    return ok(
        {"items": [post_json(one) for one in await shown_posts(act, posts, with_orders=False)], "next": following}
    )


@router.get("/posts/{post_id}")
async def show_post(act: ReadAct, page: Page, post_id: RowId) -> JSONResponse:
    """One post: its comments with their decisions, and what happened, oldest first. `next` leads to earlier steps."""
    require(act, Right.LOOK)
    (post,) = await shown_posts(act, [await find_post(act, post_id)])
    comments = [comment_json(one) for one in post.comments]
    moments, earlier = await timeline(act, post, page)
    happened = {"timeline": [event_json(one) for one in moments], "next": earlier}
    return ok(post_json(post) | {"comments": comments} | happened)


def _version(body: Shown | None) -> str | None:
    return body.version if body else None


async def _told(act: Act, comment: Comment) -> JSONResponse:
    (shown,) = await shown_comments(act, [comment])
    return ok(comment_json(shown))


def comment_json(view: CommentView) -> dict[str, Any]:
    """A comment for programs."""
    row = view.row
    return {
        "id": row.id,
        "task_id": row.task_id,
        "post_id": row.post_id,
        "channel_id": row.channel_id,
        "bot_id": row.bot_id,
        "n": row.n,
        "state": row.state,
        "reason": row.reason,
        "sentence": view.sentence,
        "text": row.text,
        "send_at": row.send_at,
        "sent_at": row.sent_at,
        "expires_at": row.expires_at,
        "approve_by": row.approve_by,
        "waits": waits_json(row, view.waits),
        "version": version_of(row),
        "message_id": row.message_id,
        "link": view.link or None,
        "edit": {"state": row.edit["state"], "text": row.edit["html"]} if row.edit else None,
        "notes": view.notes,
        "decision": row.decision,
        "attempts": row.fence,
        "created_at": row.created_at,
        "changed_at": row.changed_at,
    }


def post_json(view: PostView) -> dict[str, Any]:
    """A post for programs, with what became of it."""
    row = view.row
    told = [(one.row.id, one.row.task_id, one.row.state, one.row.reason, one.sentence) for one in view.comments]
    return {
        "id": row.id,
        "channel_id": row.channel_id,
        "message_id": row.message_id,
        "root_id": row.root_id,
        "text": row.text,
        "media": row.media,
        "forwarded": row.forwarded,
        "has_keyboard": row.has_keyboard,
        "published_at": row.published_at,
        "seen_at": row.seen_at,
        "edited_at": row.edited_at,
        "gone_at": row.gone_at,
        "link": view.link or None,
        "outcomes": [
            dict(zip(("comment_id", "task_id", "state", "reason", "sentence"), one, strict=True)) for one in told
        ],
        "note": view.note or None,
    }


def event_json(moment: Moment) -> dict[str, Any]:
    """A line of a timeline for programs."""
    told: dict[str, Any] = {"at": moment.at, "kind": moment.kind, "sentence": moment.sentence, "data": {}}
    event = moment.event
    if event is None:
        return told
    names = ("id", "user_id", "post_id", "comment_id", "task_id", "bot_id", "channel_id", "data")
    return told | {name: getattr(event, name) for name in names}
