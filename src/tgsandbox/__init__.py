"""An emulator of Telegram for demos, tests and load: the Bot API over HTTP, channels with their discussion groups."""

from tgsandbox.server import Sandbox, start

__all__ = ["Sandbox", "start"]
