"""Write: what a language model has to say under a post, between planning and sending.

    planned (wanted) → planned (asked; its most is taken off the budget) → the call → planned (written) or the template

The asking is committed before the model is called, and no transaction is open during the call. Whoever is killed in
the middle leaves `asked` behind: the model is not asked again, since it was perhaps paid; the template is used. Only
then is the comment left to the sender, or to a person.

An answer that breaks a rule is told to the model once, with what was wrong; the second is held to the same rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import select

from tgac.channels.models import Channel
from tgac.comments.budget import settle_tokens, take_tokens
from tgac.comments.facts import about, channel_facts, media_of, post_facts
from tgac.comments.jobs import SendComment, WriteComment
from tgac.comments.models import Comment
from tgac.comments.orders import config_of
from tgac.comments.queries import lock_comment, scenery_of
from tgac.comments.reasons import llm_unused, stored
from tgac.comments.review import hold_for_review, is_reviewed
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.db.session import DatabaseAway
from tgac.kit.llm.types import Answer, LlmFailed
from tgac.kit.log import log
from tgac.kit.queue.jobs import Cancel, Done, Outcome
from tgac.kit.tools import Tools
from tgac.people.models import Project
from tgac.settings.service import holding_here
from tgac.tasks.config import Approval, Llm
from tgac.tasks.facts import Reason
from tgac.tasks.models import Task
from tgac.tasks.text.faults import TextError
from tgac.tasks.text.model_text import LABELS, check_written
from tgac.tasks.text.prompt import Said, data_again, data_of, estimate, system_again, system_words

PATIENCE_S: Final = 30.0
EARLIER: Final = 30
"""So many comments of the channel may not be repeated."""
WRITE_AGAIN_S: Final = (0.2, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class Order:
    """A question to the model; made in the transaction that took its cost off the budget."""

    llm: Llm
    system: str
    data: Mapping[str, Any]
    label: str
    earlier: tuple[str, ...]
    day: date
    taken: int
    is_second: bool = False


@dataclass(frozen=True)
class Written:
    """What came of a question: the model's answer, or why there is none; with what it cost either way."""

    text: str | None
    code: str
    problem: str
    tokens_in: int
    tokens_out: int
    ms: int = 0


async def write_comment(tools: Tools, job: WriteComment) -> Outcome:
    """Handles WriteComment."""
    order = await _ask(tools, job)
    while isinstance(order, Order):
        order = await _kept(tools, job, order, await _call(tools, order))
    return order


async def _kept(tools: Tools, job: WriteComment, order: Order, written: Written) -> Order | Outcome:
    for wait_s in WRITE_AGAIN_S:
        try:
            return await _end(tools, job, order, written)
        except DatabaseAway as error:  # nobody else knows what the model said
            log().error("written_not_kept", comment=job.comment_id, error=str(error.orig))
            await tools.clock.sleep(wait_s)
    return await _end(tools, job, order, written)


async def write_given_up(tools: Tools, job: WriteComment) -> None:
    """The last attempt has failed: the template's words go their way."""
    async with tools.acting(None, job.project_id) as act:
        comment = await _locked(act, job)
        if comment is not None and comment.decision["llm"]["state"] in ("wanted", "asked"):
            await _use_template(act, comment, llm_unused("lost", ""), why="lost")


async def _ask(tools: Tools, job: WriteComment) -> Order | Outcome:
    async with tools.acting(None, job.project_id) as act:
        comment = await _locked(act, job)
        if comment is None:
            return Cancel("the comment was deleted, or waits for nothing to be written")
        if comment.decision["llm"]["state"] not in ("wanted", "asked"):
            return Done()
        task, channel, post, project, _bot = await scenery_of(act, comment)
        config = config_of(task.config)
        may_ask = config is not None and _is_on(task, channel, project)
        if why := _why_not(tools, comment, may_ask=may_ask):
            return await _use_template(act, comment, llm_unused(why, ""), why=why)
        assert config is not None
        facts = post_facts(act.config.telegram_link_base, post, channel), channel_facts(channel)
        system, data = system_words(config.content.llm), data_of(*facts)
        most = sum(estimate(config.content.llm, system, data))
        day = await take_tokens(act, most)
        if day is None:
            return await _use_template(act, comment, llm_unused("budget", ""), why="budget")
        label = config.content.label or LABELS.get(facts[0].language or "en", LABELS["en"])
        earlier = await _earlier(act, comment)
        comment.decision = comment.decision | {
            "llm": {"state": "asked", "model": act.config.openai_model, "prompt": {"system": system, "data": data}}
        }
        record(act, "comment_asked", {"name": act.config.openai_model}, **about(comment))
        return Order(config.content.llm, system, data, label, earlier, day, most)


def _is_on(task: Task, channel: Channel, project: Project) -> bool:
    return (
        task.status != "OFF" and project.status == "active" and project.stopped_at is None and channel.state == "active"
    )


def _why_not(tools: Tools, comment: Comment, *, may_ask: bool) -> str | None:
    """Why the model is not asked, if it is not."""
    if comment.decision["llm"]["state"] == "asked":  # somebody did, and has not come back
        return "lost"
    if not may_ask:
        return "not_asked"
    return None if tools.llm.is_on else "off"


async def _call(tools: Tools, order: Order) -> Written:
    try:
        said: Answer[Said] = await tools.llm.ask(order.system, order.data, Said, timeout_s=PATIENCE_S)
    except LlmFailed as failed:
        return Written(None, failed.code, str(failed), failed.tokens_in, failed.tokens_out)
    return Written(said.value.text, "", "", said.tokens_in, said.tokens_out, said.ms)


async def _end(tools: Tools, job: WriteComment, order: Order, written: Written) -> Order | Outcome:
    async with tools.acting(None, job.project_id) as act:
        spent = written.tokens_in + written.tokens_out
        await settle_tokens(act, order.day, taken=order.taken, spent=spent)
        comment = await _locked(act, job)
        if comment is None or comment.decision["llm"]["state"] != "asked":
            return Done()
        told = _told(act, tokens_in=written.tokens_in, tokens_out=written.tokens_out, ms=written.ms)
        summed = _summed(act, comment.decision["llm"], told)
        comment.decision = comment.decision | {"llm": comment.decision["llm"] | summed | {"answer": written.text}}
        if written.text is None:
            return await _use_template(
                act, comment, llm_unused(written.code, written.problem), why=written.code, spent=told
            )
        try:
            checked = check_written(
                written.text,
                order.llm,
                label=order.label,
                earlier=order.earlier,
                told=order.system,
                media=media_of(comment),
            )
        except TextError as error:
            if again := await _again(act, comment, order, written.text, fault=error, spent=told):
                return again
            return await _use_template(act, comment, error.reason, why=error.code, spent=told)
        comment.text = checked.html
        comment.decision = comment.decision | {
            "llm": comment.decision["llm"] | {"state": "written"},
            "variant": checked.variant,
            "allowed": sorted(checked.allowed),
            "label": order.label,
            "poll": None,  # the template's poll has a question of its own
            "written_at": act.now.isoformat(),
        }
        record(act, "comment_written", {"count": spent, **told}, **about(comment))
        return await _hand_on(act, comment)


async def _again(
    act: Act, comment: Comment, order: Order, answer: str, *, fault: TextError, spent: Mapping[str, Any]
) -> Order | None:
    """The second and last question, paid like the first; None where none may be asked."""
    task, channel, _post, project, _bot = await scenery_of(act, comment)
    if order.is_second or not _is_on(task, channel, project):
        return None
    system, data = system_again(order.llm, fault.code), data_again(order.data, answer)
    most = sum(estimate(order.llm, system, data))
    day = await take_tokens(act, most)
    if day is None:
        return None
    refused = {"answer": answer, "why": fault.code} | stored(fault.reason)
    llm = comment.decision["llm"] | {"refused": refused, "prompt": {"system": system, "data": data}}
    comment.decision = comment.decision | {"llm": llm}
    count = spent["tokens_in"] + spent["tokens_out"]
    record(act, "comment_asked_again", stored(fault.reason) | {"count": count, **spent}, **about(comment))
    return replace(order, system=system, data=data, day=day, taken=most, is_second=True)


def _summed(act: Act, llm: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """What this question cost, with the first one's cost where it is the second."""
    before = llm if "refused" in llm else {}
    return _told(act, **{name: told[name] + before.get(name, 0) for name in ("tokens_in", "tokens_out", "ms")})


async def _use_template(
    act: Act, comment: Comment, reason: Reason, *, why: str, spent: Mapping[str, Any] | None = None
) -> Outcome:
    """The words that the comment has already stand; why is kept and told."""
    comment.decision = comment.decision | {"llm": comment.decision["llm"] | {"state": "unused", "why": why}}
    record(act, "comment_unwritten", stored(reason) | {"code": why, **(spent or {})}, **about(comment))
    return await _hand_on(act, comment)


async def _hand_on(act: Act, comment: Comment) -> Outcome:
    """To whoever is to approve it, or to the sender."""
    assert comment.send_at is not None
    comment.changed_at = act.now
    channel = await act.session.get_one(Channel, comment.channel_id)
    in_review = is_reviewed(act, channel, (await holding_here(act)).review_days)
    approval = Approval.model_validate(comment.decision["approval"])
    if in_review or approval.mode == "all":
        hold_for_review(act, comment, approval, in_review=in_review)
        return Done()
    send_at = max(comment.send_at, act.now)
    act.enqueue(SendComment(act.project_id, comment.id), run_after=send_at, key=f"send:{comment.id}")
    return Done()


async def _locked(act: Act, job: WriteComment) -> Comment | None:
    """The comment, while it is planned and a model was to write it."""
    comment = await lock_comment(act, job.comment_id)
    waits = comment is not None and comment.state == "planned" and "llm" in comment.decision
    return comment if waits else None


async def _earlier(act: Act, comment: Comment) -> tuple[str, ...]:
    """What stands, or will stand, in the channel: the newest texts, this comment's own among them where a model wrote
    it before."""
    asked = select(Comment.text).where(Comment.channel_id == comment.channel_id, Comment.text.is_not(None))
    others = asked.where(Comment.id != comment.id).order_by(Comment.id.desc()).limit(EARLIER)
    found = [text for text in await act.session.scalars(others) if text]
    own = [comment.text] if comment.decision.get("written_at") and comment.text else []
    return (*own, *found)


def _told(act: Act, *, tokens_in: int, tokens_out: int, ms: int) -> dict[str, Any]:
    """The figures of a question; US dollars where the prices are set."""
    price_in, price_out = act.config.openai_price_in, act.config.openai_price_out
    is_known = price_in or price_out
    cost = round((tokens_in * price_in + tokens_out * price_out) / 1_000_000, 6) if is_known else None
    return {"tokens_in": tokens_in, "tokens_out": tokens_out, "cost_usd": cost, "ms": ms}
