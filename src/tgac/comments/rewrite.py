"""Another text for a comment that waits: the task's words once more, for the same post, with other dice."""

import random
from zoneinfo import ZoneInfo

from tgac.comments.decide import write_text
from tgac.comments.facts import bot_facts, channel_facts, post_facts
from tgac.comments.models import Comment
from tgac.comments.orders import config_of
from tgac.comments.queries import scenery_of
from tgac.comments.reasons import BOT_NOT_ACTIVE, TASK_UNREADABLE
from tgac.kit.act import Act
from tgac.kit.errors import Conflict
from tgac.kit.web.i18n import _
from tgac.tasks.facts import Scene
from tgac.tasks.text.egress import Outgoing
from tgac.tasks.text.faults import TextError


async def another_text(act: Act, comment: Comment) -> tuple[Outgoing, int]:
    """The text, and the seed that gives it again. Raises Conflict where there is no other."""
    task, channel, post, project, bot = await scenery_of(act, comment)
    config = config_of(task.config)
    if config is None:
        raise Conflict(TASK_UNREADABLE.sentence)
    if bot is None:
        raise Conflict(BOT_NOT_ACTIVE.sentence)
    zone = config.timing.zone or ZoneInfo(project.time_zone)
    facts = post_facts(act.config.telegram_link_base, post, channel)
    moment = (comment.send_at or act.now).astimezone(zone)
    scene = Scene(facts, channel_facts(channel), bot_facts(bot), moment, facts.language or "en")
    seed = random.Random(f"{comment.decision.get('seed')}:another").getrandbits(32)
    try:
        written = write_text(config, scene, seed=seed, previous_text=comment.text)
    except TextError as error:
        raise Conflict(error.sentence) from None
    if written.html == comment.text:
        raise Conflict(_("The task has no other words for this post."), code="no_variant")
    return written, seed
