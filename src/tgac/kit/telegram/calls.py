"""The calls that the product makes, to write against; `gateway.py` makes them."""

from collections.abc import Sequence
from typing import Any, Protocol

from tgac.kit.secrets import Secret
from tgac.kit.telegram.types import PLAIN, ChatFull, Command, Kind, Look, Member, ProfileText, Sent, User, Way


class Telegram(Protocol):
    """The calls the product makes. Each raises a `Fault` (kit/telegram/faults.py) and nothing else of its own.

    Cancelling is allowed at any moment; `nothing_was_sent(error)` tells what is known then.
    `html` is Telegram's HTML (https://core.telegram.org/bots/api#html-style), ≤ 4,096 characters after
    entities, as a caption ≤ 1,024; with `Look.rich` of any length.
    """

    async def reach(self, way: Way) -> float:
        """How many seconds Telegram takes to answer through this proxy, on a fresh connection; asked for no bot."""
        ...

    async def get_me(self, token: Secret) -> User: ...

    async def get_updates(
        self, token: Secret, *, offset: int | None, timeout_s: int, allowed: Sequence[Kind]
    ) -> list[dict[str, Any]]:
        """Raw updates from `offset` on, waiting up to `timeout_s` for the first; asking confirms all below `offset`."""
        ...

    async def get_chat(self, token: Secret, chat_id: int | str) -> ChatFull:
        """The chat by id or by `@username`."""
        ...

    async def get_chat_member(self, token: Secret, *, chat_id: int, user_id: int) -> Member:
        """RefusedMessage with reason `no_such_member` if he was never there."""
        ...

    async def get_chat_administrators(self, token: Secret, *, chat_id: int) -> list[Member]:
        """Every administrator of the group or channel, bots too. Of a channel only its administrators may ask."""
        ...

    async def send_comment(self, token: Secret, *, chat_id: int, root_id: int, html: str, look: Look = PLAIN) -> Sent:
        """Write under the post whose automatic forward is `root_id`. Compare `Sent.replied_to` with it."""
        ...

    async def send_message(self, token: Secret, *, chat_id: int, html: str, look: Look = PLAIN) -> Sent: ...

    async def edit_message(
        self, token: Secret, *, chat_id: int, message_id: int, html: str, look: Look = PLAIN
    ) -> None:
        """NotModified if all is the same already (so the message stands and is ours); RefusedMessage `gone` if not."""
        ...

    async def answer_callback(self, token: Secret, *, callback_id: str, text: str = "", alert: bool = False) -> None:
        """Tell Telegram that the press was seen; `text` ≤ 200 characters."""
        ...

    async def delete_message(self, token: Secret, *, chat_id: int, message_id: int) -> None:
        """Done as well when it is gone already."""
        ...

    async def pin_message(self, token: Secret, *, chat_id: int, message_id: int, silent: bool) -> None:
        """Done as well when it is pinned already. RefusedMessage `may_not_pin` without the right, `gone` without it."""
        ...

    async def stands(self, token: Secret, *, chat_id: int, message_id: int) -> bool:
        """Whether a message of somebody else is still there. Nothing is changed: only its author may edit it."""
        ...

    async def send_typing(self, token: Secret, *, chat_id: int) -> None: ...

    async def delete_webhook(self, token: Secret) -> None:
        """So that polling works; what waits is kept."""
        ...

    async def get_managed_bot_token(self, token: Secret, *, bot_id: int) -> Secret:
        """The token of a bot that was made through a link of the bot behind `token`; RefusedMessage if it was not."""
        ...

    async def get_profile_text(self, token: Secret, what: ProfileText, *, language: str) -> str:
        """What people of that language read ("" for the default): where it has no text of its own, the default's."""
        ...

    async def set_profile_text(self, token: Secret, what: ProfileText, text: str, *, language: str) -> None:
        """ "" takes the language's own text away."""
        ...

    async def get_commands(self, token: Secret, *, language: str) -> tuple[Command, ...]:
        """The language's own commands; none where it has none."""
        ...

    async def set_commands(self, token: Secret, commands: Sequence[Command], *, language: str) -> None: ...

    async def get_photo(self, token: Secret) -> str | None:
        """A name of the bot's profile photo that changes with it, None without one. The picture itself is not told."""
        ...

    async def set_photo(self, token: Secret, jpeg: bytes) -> None: ...

    async def remove_photo(self, token: Secret) -> None: ...
