"""What is sent about bots."""

from pydantic import BaseModel, ConfigDict, Field

from tgac.kit.web.deps import MAX_ID


class BotToken(BaseModel):
    """A bot's token, as @BotFather gives it."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(min_length=1, max_length=100, repr=False)


class BotProxy(BaseModel):
    """The proxy that a bot is to go through; null for none."""

    model_config = ConfigDict(extra="forbid")

    proxy_id: int | None = Field(ge=1, le=MAX_ID)


class BotProxyForm(BotProxy):
    """The same from a page, where nothing chosen means none."""

    proxy_id: int | None = Field(default=None, ge=1, le=MAX_ID)
