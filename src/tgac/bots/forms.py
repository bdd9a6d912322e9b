"""What is sent about bots."""

from pydantic import BaseModel, ConfigDict, Field


class BotToken(BaseModel):
    """A bot's token, as @BotFather gives it."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(min_length=1, max_length=100, repr=False)
