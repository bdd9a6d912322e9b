"""What the environment has set, as an admin may see it: secrets are told only to be there."""

import re
from typing import Final

from tgac.kit.config import Config
from tgac.kit.secrets import Secret

HIDDEN: Final = "••••••"
_CREDENTIALS: Final = re.compile(r"//[^/@\s]*@")


def from_environment(config: Config) -> list[tuple[str, str]]:
    """Name and value of every setting of the environment; what is not set has an empty value."""
    return [(name.upper(), _shown(getattr(config, name))) for name in type(config).model_fields]


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)
    return _CREDENTIALS.sub(f"//{HIDDEN}@", str(value))
