"""Where a channel stands on its way, from what is known of it. Pure: no database, no clock, no Telegram."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tgac.bots.models import Bot, BotStatus
from tgac.channels import reasons as of_channels
from tgac.channels.models import Channel, ChannelState
from tgac.kit.web.i18n import N_, _
from tgac.onboarding.models import Step, Trial

NO_ROOM: Final = "no_bot_with_room"
ARCHIVED: Final = "archived"
POST_HAS_BUTTONS: Final = "post_has_buttons"
TRIAL_NO_POST: Final = "trial_no_post"
TRIAL_HALTED: Final = "trial_halted"
TRIAL_REFUSED: Final = "trial_refused"
TRIAL_UNKNOWN: Final = "trial_unknown"
TRIAL_STAYS: Final = "trial_stays"

SENTENCES: Final[Mapping[str, str]] = {
    NO_ROOM: N_("No bot has room for this channel."),
    ARCHIVED: N_("The channel is in the archive."),
    POST_HAS_BUTTONS: N_("The newest post has buttons, and Telegram shows no comments under such a post."),
    TRIAL_NO_POST: N_("The test comment waits for a post."),
    TRIAL_HALTED: N_("The test comment waits: the project is paused or stopped."),
    TRIAL_REFUSED: N_("Telegram refused the test comment: %(answer)s"),
    TRIAL_UNKNOWN: N_("Whether the test comment was written is not known. Look under the newest post and delete it."),
    TRIAL_STAYS: N_("The test comment could not be deleted: %(answer)s. Delete it by hand."),
}
"""What this slice says; every other reason is the channel's own (`channels/reasons.py`)."""
STEP_OF: Final[Mapping[str, Step]] = {
    of_channels.NO_BOTS: Step.BOT,
    of_channels.BOT_FULL: Step.BOT,
    of_channels.BOT_REFUSED: Step.BOT,
    of_channels.CHAT_NOT_FOUND: Step.CHANNEL,
    of_channels.NOT_A_CHANNEL: Step.CHANNEL,
    of_channels.BOT_NOT_IN_CHANNEL: Step.CHANNEL,
    of_channels.NO_GROUP: Step.GROUP,
    of_channels.GROUP_MISMATCH: Step.GROUP,
    of_channels.BOT_NOT_IN_GROUP: Step.GROUP,
    of_channels.BOT_ANONYMOUS: Step.RIGHTS,
}
"""At which step the channel's own reasons hold it up; all others are about whose it is."""
_TRIALS: Final[Mapping[str, str]] = {
    Trial.REFUSED: TRIAL_REFUSED,
    Trial.UNKNOWN: TRIAL_UNKNOWN,
    Trial.STAYS: TRIAL_STAYS,
}

type Mark = Literal["done", "here", "todo", "left_out"]


@dataclass(frozen=True, slots=True)
class Standing:
    """The step that a channel is at, and the code of what is missing there; None: nothing, it is being looked at."""

    step: Step
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """What is known of the test comment: `has_post` says whether there is a thread to write it into."""

    wanted: bool
    state: str
    has_post: bool
    halted: bool


def stand(channel: Channel, bot: Bot | None, trial: TrialFacts) -> Standing:
    """Where the channel stands with this bot."""
    if channel.state == ChannelState.ARCHIVED:
        return Standing(Step.CHANNEL, ARCHIVED)
    if bot is None:
        return Standing(Step.BOT, NO_ROOM)
    if bot.status == BotStatus.REVOKED:
        return Standing(Step.BOT, of_channels.BOT_REFUSED)
    if channel.state != ChannelState.ACTIVE:
        return _held_up(channel)
    if channel.last_post_has_buttons:
        return Standing(Step.POSTS, POST_HAS_BUTTONS)
    return _tried(trial) if trial.wanted else Standing(Step.READY)


def _held_up(channel: Channel) -> Standing:
    if channel.reason is None:
        return Standing(Step.CHANNEL)
    return Standing(STEP_OF.get(channel.reason, Step.OWNER), channel.reason)


def _tried(trial: TrialFacts) -> Standing:
    if trial.state in (Trial.REMOVED, Trial.SKIPPED):
        return Standing(Step.READY)
    if trial.state == Trial.NONE and trial.halted:
        return Standing(Step.TRIAL, TRIAL_HALTED)
    if trial.state == Trial.NONE and not trial.has_post:
        return Standing(Step.TRIAL, TRIAL_NO_POST)
    return Standing(Step.TRIAL, _TRIALS.get(trial.state))


def marks(step: str, *, with_trial: bool) -> list[tuple[Step, Mark]]:
    """Every step of the way with how far it is, for a channel that stands at `step`."""
    order = list(Step)
    here = order.index(Step(step))
    way: list[tuple[Step, Mark]] = []
    for number, one in enumerate(order):
        if one == Step.TRIAL and not with_trial:
            way.append((one, "left_out"))
        elif number < here or step == Step.READY:
            way.append((one, "done"))
        else:
            way.append((one, "here" if number == here else "todo"))
    return way


def sentence(reason: str, *, bot: str | None, answer: str = "") -> str:
    """What is missing, for a person; `bot` is the username that it is about, `answer` is Telegram's."""
    if reason in SENTENCES:
        return _(SENTENCES[reason], answer=answer)
    return of_channels.sentence(reason, bot)
