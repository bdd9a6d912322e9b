"""What is sent about proxies."""

from pydantic import BaseModel, ConfigDict, Field

from tgac.kit.telegram.types import Scheme
from tgac.proxies.addresses import MAX_PART, Address

MAX_LINES = 1000


class ProxyFields(BaseModel):
    """A proxy. Without `password` the one that is stored stays, as long as scheme, host, port and username do."""

    model_config = ConfigDict(extra="forbid")

    scheme: Scheme
    host: str = Field(min_length=1, max_length=253)
    port: int = Field(ge=1, le=65535)
    username: str = Field(default="", max_length=MAX_PART)
    password: str | None = Field(default=None, max_length=MAX_PART, repr=False)

    @property
    def address(self) -> Address:
        """As it was written."""
        return Address(self.scheme, self.host.strip(), self.port, self.username, self.password or "")


class ProxyList(BaseModel):
    """Proxies, `scheme://user:password@host:port`, one per line."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=500_000, repr=False)
