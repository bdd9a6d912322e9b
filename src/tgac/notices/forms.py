"""What pages of notices send, held to its rules."""

from pydantic import AwareDatetime, BaseModel


class PutAside(BaseModel):
    """Every notice that began by this moment, with its offset."""

    until: AwareDatetime
