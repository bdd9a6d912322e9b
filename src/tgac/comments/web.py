"""The pages of posts and comments."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from tgac.comments import service
from tgac.comments.forms import Resolution
from tgac.comments.models import Comment
from tgac.comments.queries import (
    State,
    Wanted,
    comments_like,
    find_comment,
    find_post,
    name_of_channel,
    names_of_wanted,
    posts_like,
)
from tgac.comments.showing import shown_comments, shown_posts, timeline, zone_here
from tgac.comments.views import STATES, plain, why
from tgac.kit.act import Act
from tgac.kit.errors import Invalid
from tgac.kit.tenancy import RIGHTS, Right, require
from tgac.kit.web.deps import MAX_ID, ReadAct, RowId, WriteAct
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page
from tgac.kit.web.paging import Page, Paging, next_address, paged
from tgac.posts.models import Post

router = APIRouter(prefix="/projects/{project_id}", include_in_schema=False)

Number = Annotated[int | None, Query(ge=1, le=MAX_ID)]
_NOT_A_TAB: Final = ("sending",)
"""Over in a moment."""


@router.get("/posts")
async def posts_page(
    request: Request,
    act: ReadAct,
    asked: Page,
    channel_id: str = "",
    channel: Annotated[str, Query(max_length=100)] = "",
) -> HTMLResponse:
    """The posts that were seen, each with its outcomes; a channel is told by its number, or as it is called."""
    require(act, Right.LOOK)
    is_number = channel_id.isascii() and channel_id.isdecimal() and len(channel_id) < 19
    chosen = int(channel_id) if is_number else None
    called = channel.replace("\0", "").strip()
    posts, following = await paged(act, posts_like(asked.q, chosen, called), Post.id, page=asked)
    return page(
        request,
        "comments/posts.html",
        block="rows",
        posts=await shown_posts(act, posts, with_orders=False),
        channel=called or (await name_of_channel(act, chosen) if chosen else ""),
        is_filtered=bool(asked.q or called or chosen),
        asked=asked,
        root=_root(act),
        next_url=next_address(request, following),
    )


@router.get("/posts/{post_id}")
async def post_page(request: Request, act: ReadAct, asked: Page, post_id: RowId) -> HTMLResponse:
    """One post: what became of it, and what happened; earlier steps stand behind a link."""
    require(act, Right.LOOK)
    return await _post_page(request, act, post_id, form=blank(), asked=asked)


@router.get("/comments")
async def comments_page(
    request: Request, act: ReadAct, asked: Page, state: str = "", task_id: Number = None, bot_id: Number = None
) -> HTMLResponse:
    """The project's comments, by state; or those of one task or bot."""
    require(act, Right.LOOK)
    chosen = _state(state)
    wanted = Wanted(chosen, task_id, bot_id=bot_id)
    comments, following = await paged(act, comments_like(asked.q, wanted), Comment.id, page=asked)
    shown = await shown_comments(act, comments, with_orders=False)
    kept = {name: str(one) for name, one in (("task_id", task_id), ("bot_id", bot_id)) if one}
    here = f"{_root(act)}/comments"
    return page(
        request,
        "comments/list.html",
        block="rows",
        comments=[(one, plain(one.row.text)) for one in shown],
        tabs=_tabs(here, chosen, {"q": asked.q, **kept}),
        whose=await names_of_wanted(act, wanted),
        kept=kept | ({"state": chosen} if chosen else {}),
        asked=asked,
        root=_root(act),
        next_url=next_address(request, following),
    )


@router.get("/comments/{comment_id}")
async def comment_page(request: Request, act: ReadAct, comment_id: RowId) -> Response:
    """A comment is shown under its post."""
    require(act, Right.LOOK)
    return go(request, _place(await find_comment(act, comment_id)))


@router.post("/comments/{comment_id}/cancel")
async def cancel_comment(request: Request, act: WriteAct, comment_id: RowId) -> Response:
    """Cancel it and show it."""
    comment = await service.cancel_comment(act, comment_id)
    return go(request, _place(comment), Notice(_("The comment is cancelled. It will not be sent.")))


@router.post("/comments/{comment_id}/resolve")
async def resolve_comment(request: Request, act: WriteAct, comment_id: RowId) -> Response:
    """Write down what a person found and show it; what is wrong with the link is said beside it."""
    form = await read_form(request, Resolution)
    if form.data is not None:
        try:
            comment = await service.resolve_comment(act, comment_id, form.data)
        except Invalid as error:
            form.refuse(error)
        else:
            return go(request, _place(comment), Notice(_("Thank you. It is written down.")))
    comment = await find_comment(act, comment_id)
    return await _post_page(request, act, comment.post_id, form=form, status=422)


async def _post_page(
    request: Request, act: Act, post_id: int, *, form: Filled[Any], asked: Paging | None = None, status: int = 200
) -> HTMLResponse:
    (post,) = await shown_posts(act, [await find_post(act, post_id)])
    zone, kept_days = await zone_here(act), act.config.log_retention_days
    moments, earlier = await timeline(act, post, asked or Paging())
    here = f"{_root(act)}/posts/{post_id}"
    return page(
        request,
        "comments/post.html",
        block="happening",
        status=status,
        post=post,
        comments=[(one, why(one.row.decision, zone)) for one in post.comments],
        moments=moments,
        earlier_url=f"{here}?cursor={earlier}" if earlier else "",
        newest_url=here if asked and asked.cursor else "",
        kept_days=kept_days if post.row.seen_at < act.now - timedelta(days=kept_days) else None,
        form=form,
        may_review=act.role is not None and Right.REVIEW in RIGHTS[act.role],
        root=_root(act),
    )


def _state(asked: str) -> State | None:
    """The state that an address asks for; None for any other word."""
    known: dict[str, State] = {name: name for name in get_args(State.__value__)}
    return known.get(asked)


def _tabs(here: str, chosen: State | None, kept: Mapping[str, str]) -> list[dict[str, object]]:
    """A link for every state, with what else is asked for."""
    words = {"": _("All")} | {state: _(look.word) for state, look in STATES.items() if state not in _NOT_A_TAB}
    return [
        {"href": f"{here}{_query(state=state, **kept)}", "word": word, "current": state == (chosen or "")}
        for state, word in words.items()
    ]


def _query(**values: str) -> str:
    given = {name: value for name, value in values.items() if value}
    return f"?{urlencode(given)}" if given else ""


def _root(act: Act) -> str:
    return f"/projects/{act.project_id}"


def _place(comment: Comment) -> str:
    return f"/projects/{comment.project_id}/posts/{comment.post_id}#comment-{comment.id}"
