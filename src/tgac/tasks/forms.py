"""What is sent about tasks. The document itself is read by `check_config`, which names every key that is wrong."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict

from tgac.bots.filters import BotFilter
from tgac.kit.web.deps import MAX_ID
from tgac.tasks.queries import TaskStatus

type BotId = Annotated[int, Strict(), Field(ge=1, le=MAX_ID)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewTask(_Body):
    """A task that is ordered."""

    name: Annotated[str, Field(max_length=1000)]
    mode: Literal["NEW_POSTS"] = "NEW_POSTS"
    config: Any = Field(default_factory=dict)


class TaskChange(_Body):
    """What is to change; `version` is the one that was looked at."""

    name: Annotated[str, Field(max_length=1000)] | None = None
    mode: Literal["NEW_POSTS"] = "NEW_POSTS"
    config: Any = None
    version: int | None = None


class Toggle(_Body):
    """What the task's status shall be."""

    status: TaskStatus


class Deletion(_Body):
    """The name of the task that is deleted for good, typed by a person."""

    name: str


class Assign(_Body):
    """The bots that shall serve the task: by number, or all that match."""

    bot_ids: Annotated[list[BotId], Field(max_length=1000)] | None = None
    filters: BotFilter | None = None


class PreviewAsked(_Body):
    """What to show: a post's text (else the newest post's) and a document (else the task's)."""

    post_text: Annotated[str, Field(max_length=4096)] | None = None
    config: Any = None
