"""What may be set, and to what."""

from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tgac.kit.web.i18n import N_, _

Preset = Literal["safe", "balanced", "boost"]
"""The presets of timing, by name; what they mean stands in `tasks/config/`."""
STANDARD: Final[Preset] = "balanced"
PRESET_WORDS: Final = {"safe": N_("Safe"), "balanced": N_("Balanced"), "boost": N_("Boost")}


def _zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(_("There is no such time zone. Write one such as Europe/Moscow.")) from None


TimeZone = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_zone)]
Quota = Annotated[int, Field(ge=0, le=1000)]
ReviewDays = Annotated[int, Field(ge=0, le=30)]
Tokens = Annotated[int, Field(ge=0, le=10**9)]
CommentsPerPost = Annotated[int, Field(ge=1, le=10)]
CommentsAtMost = Annotated[int, Field(ge=1, le=1_000_000)]
Threads = Annotated[int, Field(ge=1, le=10_000)]


class ForProject(BaseModel):
    """What a project may have otherwise than the installation; None: as the installation has it."""

    model_config = ConfigDict(extra="forbid")

    collision_limit_per_post: CommentsPerPost | None = None
    per_hour: CommentsAtMost | None = None
    per_day: CommentsAtMost | None = None
    active_threads_per_bot: Threads | None = None
    review_days: ReviewDays | None = None
    llm_tokens_per_day: Tokens | None = None
    preset: Preset | None = None


class ForInstallation(ForProject):
    """What an admin may set; None: as the environment has it, or the standard."""

    default_quota_projects: Quota | None = None
    time_zone: TimeZone | None = None
