"""Which methods the sandbox emulates. Every other method of the tables answers 400 "method is not emulated"."""

from collections.abc import Callable

from tgsandbox.bot_api import chats, editing, me, send
from tgsandbox.bot_api.call import Answer, Call

METHODS: dict[str, Callable[[Call], Answer]] = {
    "getMe": me.get_me,
    "logOut": me.log_out,
    "close": me.close,
    "setMyName": me.set_my_name,
    "getMyName": me.get_my_name,
    "setMyDescription": me.set_my_description,
    "getMyDescription": me.get_my_description,
    "setMyShortDescription": me.set_my_short_description,
    "getMyShortDescription": me.get_my_short_description,
    "setMyCommands": me.set_my_commands,
    "getMyCommands": me.get_my_commands,
    "deleteMyCommands": me.delete_my_commands,
    "setMyProfilePhoto": me.set_my_profile_photo,
    "removeMyProfilePhoto": me.remove_my_profile_photo,
    "getUserProfilePhotos": me.get_user_profile_photos,
    "getFile": me.get_file,
    "answerCallbackQuery": me.answer_callback_query,
    "getManagedBotToken": me.get_managed_bot_token,
    "replaceManagedBotToken": me.replace_managed_bot_token,
    "getChat": chats.get_chat,
    "getChatMember": chats.get_chat_member,
    "getChatAdministrators": chats.get_chat_administrators,
    "getChatMemberCount": chats.get_chat_member_count,
    "leaveChat": chats.leave_chat,
    "sendMessage": send.send_message,
    "sendRichMessage": send.send_rich_message,
    "sendPhoto": send.send_photo,
    "sendAnimation": send.send_animation,
    "sendDocument": send.send_document,
    "sendVideo": send.send_video,
    "sendPoll": send.send_poll,
    "sendChatAction": send.send_chat_action,
    "editMessageText": editing.edit_message_text,
    "editMessageCaption": editing.edit_message_caption,
    "editMessageReplyMarkup": editing.edit_message_reply_markup,
    "deleteMessage": editing.delete_message,
    "deleteMessages": editing.delete_messages,
    "pinChatMessage": editing.pin_chat_message,
    "unpinChatMessage": editing.unpin_chat_message,
    "setMessageReaction": editing.set_message_reaction,
}
AWAITED = ("getUpdates", "setWebhook", "deleteWebhook", "getWebhookInfo")
EMULATED = (*METHODS, *AWAITED)
