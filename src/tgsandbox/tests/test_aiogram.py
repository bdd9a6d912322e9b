"""An independent client of the Bot API gets on with the sandbox."""

import pytest
from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramRetryAfter
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from tests.support.photos import jpeg

from tgsandbox.tests.hands import Hands, Scene, post


async def test_aiogram_talks_with_the_sandbox(hands: Hands, scene: Scene) -> None:
    session = AiohttpSession(api=TelegramAPIServer.from_base(hands.sandbox.url))
    async with Bot(scene.token, session=session, default=DefaultBotProperties(parse_mode=ParseMode.HTML)) as bot:
        assert (await bot.get_me()).id == scene.bot
        assert (await bot.get_chat(scene.channel)).linked_chat_id == scene.group
        assert (await bot.get_chat_member(scene.channel, scene.anna)).status == "creator"
        _, root_id = await post(hands, scene)
        published, forward = await bot.get_updates(timeout=1)
        assert published.channel_post
        assert forward.message
        assert forward.message.is_automatic_forward
        keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Go", url="https://example.org")]])
        reply = ReplyParameters(message_id=root_id)
        sent = await bot.send_message(scene.group, "<b>Hi</b>", reply_parameters=reply, reply_markup=keyboard)
        assert sent.reply_to_message
        assert sent.reply_to_message.message_id == root_id
        photo = await bot.send_photo(scene.group, BufferedInputFile(jpeg(640, 480), "a.jpg"), caption="<i>x</i>")
        assert photo.caption_entities
        with pytest.raises(TelegramBadRequest, match="message is not modified"):
            await sent.edit_text("<b>Hi</b>", reply_markup=keyboard)
        with pytest.raises(TelegramForbiddenError, match="can't initiate conversation"):
            await bot.send_message(scene.vera, "x")
        await hands.do("POST", "/faults", kind="flood", value=3, times=1)
        with pytest.raises(TelegramRetryAfter):
            await bot.send_message(scene.group, "x")
