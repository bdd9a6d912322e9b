"""The fixtures of whole lines, for this slice too."""

from tests.conftest import database, world

__all__ = ["database", "world"]
