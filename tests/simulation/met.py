"""What a simulation has met: what it has not met, it says nothing about."""

from collections import Counter

from tests.simulation.month import Month
from tests.simulation.stage import rows
from tgac.comments.models import Comment, Recall
from tgac.journal.models import Event

TOLD = {
    "bot_slowed": "bots slowed",
    "bot_paused_for_errors": "bots paused for errors",
    "comment_absent": "shown absent by a witness",
    "channel_suspended": "channels suspended",
    "post_edited": "posts edited",
}
CONFIRMED = {"confirmed_by_witness": "confirmed by a witness", "confirmed_by_reply": "confirmed by a reply"}


async def met(month: Month) -> Counter[str]:
    """How often each thing has happened."""
    comments = await rows(month.stage, Comment)
    found = Counter(comment.state for comment in comments)
    for comment in comments:
        found["readers heard"] += comment.decision.get("waited", {}).get("heard") is True
        found["written by a model"] += comment.decision.get("llm", {}).get("state") == "written"
        found["approved"] += bool(comment.decision.get("approved"))
        found["polls"] += bool(comment.decision.get("poll")) and comment.message_id is not None
        found["files"] += bool(comment.decision.get("media")) and comment.message_id is not None
        if comment.reason in CONFIRMED:
            found[CONFIRMED[comment.reason]] += 1
    found.update(TOLD[event.kind] for event in await rows(month.stage, Event) if event.kind in TOLD)
    found["recalls"] = len(await rows(month.stage, Recall))
    found["pinned"], found["edited"] = len(month.watch.pinned), len(month.watch.edited)
    found["deleted by us"] = len(month.watch.deleted)
    found["deaths"] = month.stage.deaths
    return found
