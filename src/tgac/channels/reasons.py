"""Why a channel cannot be served: every code with its sentence."""

from typing import Final

from tgac.kit.web.i18n import N_, _

BAD_REF: Final = "bad_ref"
TELEGRAM_UNKNOWN: Final = "telegram_unknown"
NO_BOTS: Final = "no_bots"
BOT_REFUSED: Final = "bot_refused"
CHAT_NOT_FOUND: Final = "chat_not_found"
NOT_A_CHANNEL: Final = "not_a_channel"
BOT_NOT_IN_CHANNEL: Final = "bot_not_in_channel"
NO_GROUP: Final = "no_group"
GROUP_MISMATCH: Final = "group_mismatch"
BOT_NOT_IN_GROUP: Final = "bot_not_in_group"
BOT_ANONYMOUS: Final = "bot_anonymous"
NOT_YOUR_CHANNEL: Final = "not_your_channel"
OWNER_LOST: Final = "owner_lost"
BOT_FULL: Final = "bot_full"
UNCLAIMED: Final = "unclaimed"
CLAIMER_NOT_ADMIN: Final = "claimer_not_admin"
CLAIMER_LEFT: Final = "claimer_left"
REFUSED_BY_TELEGRAM: Final = "refused_by_telegram"

SENTENCES: Final = {
    BAD_REF: N_("Write the channel's @name, its link, a link to one of its posts, or its id (-100…)."),
    TELEGRAM_UNKNOWN: N_("Sign in with Telegram once: only then can it be seen that the channel is yours."),
    NO_BOTS: N_("There is no active bot in this project. Connect one first."),
    BOT_REFUSED: N_("%(bot)s is shut out by Telegram. Look at its page."),
    CHAT_NOT_FOUND: N_("%(bot)s sees no such channel. Check the name; if it is right, add the bot as an admin."),
    NOT_A_CHANNEL: N_("This is not a channel."),
    BOT_NOT_IN_CHANNEL: N_("%(bot)s is not an admin of this channel. Add it."),
    NO_GROUP: N_("No discussion group is linked to this channel. Link one in the channel's settings in Telegram."),
    GROUP_MISMATCH: N_("The discussion group does not name this channel as its own. Link it again in Telegram."),
    BOT_NOT_IN_GROUP: N_("%(bot)s is not an admin of the channel's discussion group. Add it there."),
    BOT_ANONYMOUS: N_(
        "%(bot)s is an anonymous admin of the discussion group. Switch that off: it must write as itself."
    ),
    NOT_YOUR_CHANNEL: N_("You are not an admin of this channel in Telegram."),
    OWNER_LOST: N_("Whoever connected this channel is no longer its admin in Telegram."),
    BOT_FULL: N_("%(bot)s serves as many channels as a bot may."),
    UNCLAIMED: N_("A bot was added here. A member of this project who is the channel's admin must confirm it."),
    CLAIMER_NOT_ADMIN: N_("Whoever named this channel is not its admin in Telegram. An admin of it must confirm it."),
    REFUSED_BY_TELEGRAM: N_("Telegram refused a comment of %(bot)s here. It is looked at again."),
    CLAIMER_LEFT: N_("Whoever connected this channel has left the project. An admin of the channel must confirm it."),
}
REASON_WORDS: Final = {
    TELEGRAM_UNKNOWN: N_("The claiming member must sign in with Telegram"),
    NO_BOTS: N_("No bot in the project"),
    BOT_REFUSED: N_("The bot is shut out"),
    CHAT_NOT_FOUND: N_("No bot sees the channel"),
    NOT_A_CHANNEL: N_("Not a channel"),
    BOT_NOT_IN_CHANNEL: N_("No bot in the channel"),
    NO_GROUP: N_("No discussion group"),
    GROUP_MISMATCH: N_("The group names another channel"),
    BOT_NOT_IN_GROUP: N_("No bot in the group"),
    BOT_ANONYMOUS: N_("The bot is anonymous in the group"),
    OWNER_LOST: N_("The claiming person is no admin any more"),
    BOT_FULL: N_("The bot has no room"),
    UNCLAIMED: N_("Nobody has claimed it"),
    CLAIMER_NOT_ADMIN: N_("The claiming person is no admin"),
    CLAIMER_LEFT: N_("The claiming member has left"),
    REFUSED_BY_TELEGRAM: N_("Telegram refused a comment"),
}
"""What may be missing at a channel, in few words; the two codes without any only answer a form."""
ORDER: Final = (
    BOT_REFUSED,
    CHAT_NOT_FOUND,
    BOT_NOT_IN_CHANNEL,
    NOT_A_CHANNEL,
    NO_GROUP,
    BOT_NOT_IN_GROUP,
    GROUP_MISMATCH,
    BOT_ANONYMOUS,
)
"""What a bot may meet, by how far it came: where several bots fail, the one that came farthest is told."""
MENDED_IN_CHANNEL: Final = frozenset({CHAT_NOT_FOUND, BOT_NOT_IN_CHANNEL})
"""Adding the bot to the channel mends these."""
MENDED_IN_GROUP: Final = frozenset({BOT_NOT_IN_GROUP, BOT_ANONYMOUS})
"""Adding the bot to the group mends these."""
MENDED_BY_CLAIM: Final = frozenset({UNCLAIMED, CLAIMER_NOT_ADMIN, CLAIMER_LEFT, OWNER_LOST, TELEGRAM_UNKNOWN})
"""A member of the project who is the channel's admin mends these by confirming it."""


def sentence(code: str, bot: str | None = None) -> str:
    """What a person reads about `code`; `bot` is the username of the bot that it is about."""
    return _(SENTENCES[code], bot=f"@{bot}" if bot else _("The bot"))
