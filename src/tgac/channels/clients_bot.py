"""What the service bot says to clients: when they come by a connect link, and when their channel moves on."""

from html import escape
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import select

from tgac.bots.invitations import invitations
from tgac.bots.models import Bot, BotStatus
from tgac.bots.queries import bots_in
from tgac.channels.clients import accept_link, link_behind
from tgac.channels.clients_models import ConnectClient
from tgac.channels.jobs import TellClient
from tgac.channels.models import Channel, ChannelState
from tgac.channels.queries import reasons_of
from tgac.channels.reasons import MENDED_IN_CHANNEL, MENDED_IN_GROUP
from tgac.kit.config import Config
from tgac.kit.log import log
from tgac.kit.queue.jobs import Cancel, Done, Outcome, Snooze
from tgac.kit.telegram.faults import Fault, NotSent, SlowDown
from tgac.kit.telegram.types import Button, Keyboard, Look, User
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _, using
from tgac.people.models import Project
from tgac.people.service_bot import Say, language_of

BOTS_SHOWN: Final = 5
"""A bot is two buttons; who has more is told to ask which."""


async def greet_client(tools: Tools, person: User, secret: str) -> Say:
    """Answers `/start channel_<secret>`: who asks, and the buttons that add the bots. No account is made."""
    async with tools.acting(None, EVERYONE) as act:
        link = await link_behind(act, secret)
        if link is None:
            return Say(person.id, _("This link is revoked or too old. Ask for another one."))
        await accept_link(act, link, telegram_id=person.id, name=person.name, language=language_of(person))
        project = await act.session.get_one(Project, link.project_id)
        name, project_id = project.name, project.id
    async with tools.reading(None, project_id) as act:
        bots = (await bots_in(act, (BotStatus.ACTIVE,)))[:BOTS_SHOWN]
    asks = _("The project “%(project)s” of the panel %(panel)s asks to comment in your channel with a bot of its own.")
    words = [asks % {"project": escape(name), "panel": escape(urlsplit(tools.config.base_url).netloc)}]
    if not bots:
        words.append(_("It has no bot at this moment. Come back by the same link later."))
        return Say(person.id, "\n\n".join(words))
    words += [
        _("You must be an admin of the channel. Add the bot to the channel, then to its discussion group."),
        _("I will tell you here what comes of it."),
        _("You can end this at any moment: take the bot out of the channel or of the group."),
    ]
    return Say(person.id, "\n\n".join(words), _keyboard(tools.config, bots))


async def tell_client(tools: Tools, job: TellClient) -> Outcome:
    """Handles TellClient: what has become of the client's channel, with the button that mends what is missing."""
    async with tools.reading(None, job.project_id) as act:
        channel = await act.session.scalar(select(Channel).where(Channel.id == job.channel_id))
        if channel is None or channel.client_telegram_id is None:
            return Cancel("there is nobody to tell")
        came = select(ConnectClient).where(ConnectClient.telegram_id == channel.client_telegram_id)
        client = (await act.session.scalars(came.order_by(ConnectClient.id.desc()).limit(1))).first()
        if client is None:
            return Cancel("there is nobody to tell")
        with using(client.language):
            why = (await reasons_of(act, [channel])).get(channel.id, "")
            bot = await act.session.scalar(select(Bot).where(Bot.id == channel.reason_bot_id))
            html, keyboard = _told(channel, why), _mending(tools.config, channel, bot)
    try:
        await tools.telegram.send_message(
            tools.config.telegram_bot_token,
            chat_id=channel.client_telegram_id,
            html=html,
            look=Look(keyboard, link_preview=False),
        )
    except SlowDown as fault:
        return Snooze(fault.retry_after)
    except NotSent:
        return Snooze(60.0)
    except Fault as fault:
        log().warning("client_unheard", channel=job.channel_id, error=fault.description)
    return Done()


def _told(channel: Channel, why: str) -> str:
    title = escape(channel.title)
    if channel.state == ChannelState.ACTIVE:
        return _("“%(title)s” is connected: new posts there get comments as the project has planned.") % {
            "title": title
        }
    if channel.state == ChannelState.PENDING:
        return _("“%(title)s” is not connected yet. %(why)s") % {"title": title, "why": escape(why)}
    return _("Nothing is sent in “%(title)s” any more. %(why)s") % {"title": title, "why": escape(why)}


def _mending(config: Config, channel: Channel, bot: Bot | None) -> Keyboard:
    if bot is None:
        return ()
    links = invitations(config, bot)
    if channel.reason in MENDED_IN_CHANNEL:
        return ((Button(_("Add @%(bot)s to the channel", bot=bot.username), url=links.channel),),)
    if channel.reason in MENDED_IN_GROUP:
        return ((Button(_("Add @%(bot)s to the group", bot=bot.username), url=links.group),),)
    return ()


def _keyboard(config: Config, bots: list[Bot]) -> Keyboard:
    rows = []
    for bot in bots:
        links = invitations(config, bot)
        rows.append((Button(_("@%(bot)s: to the channel", bot=bot.username), url=links.channel),))
        rows.append((Button(_("@%(bot)s: to its group", bot=bot.username), url=links.group),))
    return tuple(rows)
