"""What is sent to the pages above all slices."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class TypedName(BaseModel):
    """The name of a project, typed by hand to delete it."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
