"""The jobs of profiles: bringing a wish to Telegram, and forgetting what nobody needs."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final

from sqlalchemy import delete, select

from tgac.kit.act import Act
from tgac.kit.queue.jobs import Done, Job, Outcome
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools
from tgac.profiles.models import BotProfile, ProfileDraft, ProfilePhoto, ProfileState

KEPT: Final = timedelta(days=1)


@dataclass(frozen=True)
class ApplyProfile(Job):
    """Set in Telegram what differs from this version of a bot's wish."""

    kind: ClassVar[str] = "apply_profile"
    project_id: int
    bot_id: int
    version: int


@dataclass(frozen=True)
class ForgetProfileFiles(Job):
    """Drop files that were looked at and not applied, and photos that no profile wishes for."""

    kind: ClassVar[str] = "forget_profile_files"


def apply_soon(act: Act, profile: BotProfile) -> None:
    """Have this version of the wish brought to Telegram."""
    profile.state, profile.steps, profile.tries = ProfileState.APPLYING, [], 0
    job = ApplyProfile(act.project_id, profile.bot_id, profile.version)
    act.enqueue(job, key=f"profile:{profile.bot_id}:{profile.version}")


async def forget_profile_files(tools: Tools, job: ForgetProfileFiles) -> Outcome:
    """Handles ForgetProfileFiles."""
    async with tools.acting(None, EVERYONE) as act:
        before = act.now - KEPT
        await act.session.execute(delete(ProfileDraft).where(ProfileDraft.created_at < before))
        wished = select(BotProfile.id).where(
            BotProfile.project_id == ProfilePhoto.project_id, BotProfile.photo == ProfilePhoto.sha256
        )
        await act.session.execute(delete(ProfilePhoto).where(ProfilePhoto.created_at < before, ~wished.exists()))
    return Done()
