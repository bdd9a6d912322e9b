"""The one table from the kind of an event to its sentence, for events of every slice."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from tgac.kit.web.i18n import N_


class Kind(NamedTuple):
    """How a kind of event is shown: its icon and its sentence (a msgid), filled from `_values`."""

    icon: str
    msgid: str


KINDS: Final[Mapping[str, Kind]] = {
    "post_published": Kind("megaphone", N_("Published in the channel.")),
    "post_seen": Kind("eye", N_("Seen in the channel.")),
    "thread_seen": Kind("messages-square", N_("Its thread was seen in the discussion group.")),
    "post_edited": Kind("pencil", N_("The post was edited.")),
    "post_left": Kind("circle-slash", N_("No task was asked. %(left)s")),
    "comment_planned": Kind("clock", N_("Planned for %(at)s. %(because)s")),
    "comment_retry": Kind("refresh", N_("Nothing was sent yet. Next try in %(again_s)s s.")),
    "comment_skipped": Kind("skip-forward", N_("Skipped. %(reason)s")),
    "comment_sending": Kind("send", N_("Sending, attempt %(attempt)s.")),
    "comment_sent": Kind("circle-check", N_("Sent as message %(message_id)s.")),
    "comment_sent_alone": Kind("alert-triangle", N_("Sent as message %(message_id)s. %(reason)s")),
    "comment_unknown": Kind("eye", N_("Needs a look. %(reason)s")),
    "comment_rejected": Kind("circle-x", N_("Rejected. %(reason)s")),
    "comment_deleted": Kind("trash", N_("Deleted. %(reason)s")),
    "comment_expired": Kind("clock", N_("Expired. %(reason)s")),
    "comment_cancelled": Kind("circle-slash", N_("Cancelled. %(reason)s")),
    "comment_confirmed": Kind("circle-check", N_("A person looked: the comment is there.")),
    "comment_dropped": Kind("circle-x", N_("A person looked: the comment is not there.")),
    "comment_seen": Kind("eye", N_("Looked again: the comment is still there.")),
    "comment_gone": Kind("eye-off", N_("Looked again: the comment is no longer there.")),
    "answer_too_late": Kind("clock", N_("An answer of Telegram came too late and changed nothing.")),
    "bot_connected": Kind("bot", N_("@%(username)s was connected.")),
    "bot_removed": Kind("bot", N_("@%(username)s was removed.")),
    "bot_paused": Kind("circle-pause", N_("@%(username)s was paused.")),
    "bot_resumed": Kind("circle-play", N_("@%(username)s was resumed.")),
    "bot_refused": Kind("circle-x", N_("Telegram shut @%(username)s out: %(answer)s")),
    "bot_token_replaced": Kind("key", N_("@%(username)s got another token.")),
    "bot_proxy_changed": Kind("globe", N_("@%(username)s goes through the proxy %(proxy)s.")),
    "bot_proxy_removed": Kind("globe", N_("@%(username)s goes straight, without a proxy.")),
    "proxy_added": Kind("globe", N_("The proxy %(proxy)s was added.")),
    "proxies_imported": Kind("globe", N_("Proxies added from a list: %(count)s.")),
    "proxy_changed": Kind("pencil", N_("The proxy %(proxy)s was changed.")),
    "proxy_removed": Kind("trash", N_("The proxy %(proxy)s was removed.")),
    "proxy_failed": Kind("circle-alert", N_("The proxy %(proxy)s does not lead to Telegram any more: %(answer)s")),
    "proxy_replaced": Kind("refresh", N_("A bot left the failing proxy %(proxy)s and goes through %(by)s.")),
    "channel_connected": Kind("megaphone", N_("The channel “%(title)s” was connected.")),
    "channel_suspended": Kind("circle-pause", N_("The channel “%(title)s” was suspended. %(problem)s")),
    "channel_reopened": Kind("circle-play", N_("The channel “%(title)s” is active again.")),
    "channel_removed": Kind("trash", N_("The channel “%(title)s” was removed.")),
    "task_created": Kind("list-checks", N_("The task “%(name)s” was made.")),
    "task_changed": Kind("pencil", N_("The task “%(name)s” was changed.")),
    "task_on": Kind("circle-play", N_("The task “%(name)s” was switched on.")),
    "task_off": Kind("circle-slash", N_("The task “%(name)s” was switched off.")),
    "task_paused": Kind("circle-pause", N_("The task “%(name)s” was paused.")),
    "task_bots_changed": Kind("bot", N_("The bots of the task “%(name)s” were changed.")),
    "task_deleted": Kind("trash", N_("The task “%(name)s” was deleted.")),
    "project_created": Kind("folder", N_("The project “%(name)s” was made.")),
    "project_changed": Kind("pencil", N_("The project “%(name)s” was changed.")),
    "project_paused": Kind("circle-pause", N_("The project “%(name)s” was paused.")),
    "project_resumed": Kind("circle-play", N_("The project “%(name)s” was resumed.")),
    "project_archived": Kind("archive", N_("The project “%(name)s” was archived.")),
    "project_stopped": Kind("octagon-x", N_("The project “%(name)s” was stopped: nothing leaves.")),
    "settings_changed": Kind("settings", N_("The settings were changed.")),
    "member_invited": Kind("user-plus", N_("@%(username)s was invited: %(role)s.")),
    "member_uninvited": Kind("x", N_("The invitation of @%(username)s was withdrawn.")),
    "member_joined": Kind("user", N_("@%(username)s joined: %(role)s.")),
    "member_changed": Kind("user", N_("@%(username)s was given another role.")),
    "member_removed": Kind("x", N_("@%(username)s was removed.")),
    "member_left": Kind("log-out", N_("@%(username)s left.")),
    "invitation_made": Kind("user-plus", N_("An invitation was made: %(role)s.")),
    "invitation_withdrawn": Kind("x", N_("An invitation was withdrawn: %(role)s.")),
    "user_added": Kind("user-plus", N_("The user @%(username)s was added.")),
    "user_changed": Kind("user", N_("The user @%(username)s was changed.")),
    "user_blocked": Kind("ban", N_("The user @%(username)s was blocked.")),
    "user_unblocked": Kind("check", N_("The user @%(username)s was unblocked.")),
    "user_bound": Kind("link", N_("The user @%(username)s was tied to a Telegram account.")),
    "session_began": Kind("log-in", N_("Signed in: %(browser)s.")),
    "session_ended": Kind("log-out", N_("Signed out: %(browser)s.")),
    "token_created": Kind("key", N_("The API token “%(name)s” was made.")),
    "token_deleted": Kind("key", N_("The API token “%(name)s” was deleted.")),
}
UNKNOWN: Final = Kind("activity", "%(kind)s")
