"""Send: at most once. The intent is committed before the call, and no transaction is open during it.

    planned → sending(fence n, deadline) → the call → sent
       certain that nothing was sent → planned     refused → rejected     anything else → unknown

Whoever is killed in the middle leaves `sending` behind; after the deadline that becomes `unknown`, never `planned`.
An answer is written only where its fence is still the row's. docs/decisions/0003-at-most-once.md tells why.
"""

import asyncio

from tgac.comments.files import with_content
from tgac.comments.gate import Stop
from tgac.comments.intend import TYPING_S, Intent, Typing, give_up, intend
from tgac.comments.jobs import SendComment
from tgac.comments.outcomes import Verdict, of_fault, of_file_gone, of_late_start, of_no_room, of_sent
from tgac.comments.reasons import LINE_FAILED
from tgac.comments.settle import Answer, settle
from tgac.kit.db.session import DatabaseAway
from tgac.kit.log import log
from tgac.kit.queue.jobs import Outcome, Snooze
from tgac.kit.telegram.faults import Fault
from tgac.kit.telegram.types import Sent
from tgac.kit.tools import Tools

START_WITHIN_S = 5.0
"""A process that was stopped and resumed between its intent and its call must not call any more."""
ROOM_WITHIN_S = 1.0
"""So long a file waits for room in memory between its intent and its call; then the intent is taken back."""
WRITE_AGAIN_S = (0.2, 1.0, 3.0, 10.0, 30.0)
"""Waits between attempts to write an answer down."""


async def send_comment(tools: Tools, job: SendComment) -> Outcome:
    """Send one comment, or say why not, or when to look again."""
    intent = await tools.together(intend)(job.project_id, job.comment_id)
    if isinstance(intent, Typing):
        await _show_typing(tools, intent)
        return Snooze(TYPING_S)
    if not isinstance(intent, Intent):
        return intent
    return await _write(tools, job, Answer(intent, await _call(tools, job, intent)))


async def _show_typing(tools: Tools, typing: Typing) -> None:
    """A courtesy: whatever Telegram says to it, the comment goes its way."""
    try:
        await tools.telegram.send_typing(typing.token, chat_id=typing.group_id)
    except Fault as fault:
        log().info("typing_not_shown", fault=str(fault))


async def send_given_up(tools: Tools, job: SendComment) -> None:
    """The last attempt has failed: the comment ends with that reason."""
    await give_up(tools, job.project_id, job.comment_id, Stop("rejected", LINE_FAILED))


async def _write(tools: Tools, job: SendComment, answer: Answer) -> Outcome:
    """Write the outcome. Nobody else knows what Telegram said, so a database that is away is waited for."""
    for wait_s in WRITE_AGAIN_S:
        try:
            return await tools.together(settle)(job.project_id, answer)
        except DatabaseAway as error:
            log().error("answer_not_written", comment=job.comment_id, error=str(error.orig))
            await tools.clock.sleep(wait_s)
    return await tools.together(settle)(job.project_id, answer)


async def _call(tools: Tools, job: SendComment, intent: Intent) -> Verdict:
    if intent.look.file is None or intent.look.file.file_id:
        return await _ask(tools, job, intent)
    try:
        async with asyncio.timeout(ROOM_WITHIN_S):
            await tools.uploads.acquire()
    except TimeoutError:
        return of_no_room()
    try:
        return await _ask(tools, job, intent)
    finally:
        tools.uploads.release()


async def _ask(tools: Tools, job: SendComment, intent: Intent) -> Verdict:
    try:
        look = await with_content(tools, job.project_id, intent.look, intent.media_id)
    except DatabaseAway:
        return of_late_start()
    if look is None:
        return of_file_gone()
    if tools.clock.monotonic() - intent.began >= START_WITHIN_S:
        return of_late_start()
    try:
        sent = await tools.telegram.send_comment(
            intent.token, chat_id=intent.group_id, root_id=intent.root_id, html=intent.text.html, look=look
        )
    except Fault as fault:
        if fault.unknown:
            log().error("telegram_unknown_refusal", comment=intent.comment_id, fault=str(fault))
        return of_fault(fault, by_file_id=look.file is not None and bool(look.file.file_id))
    taken_back = None if sent.replied_to == intent.root_id else await _take_back(tools, intent, sent)
    return of_sent(sent, root_id=intent.root_id, taken_back=taken_back)


async def _take_back(tools: Tools, intent: Intent, sent: Sent) -> bool:
    """The root was deleted under us and the comment stands in the open group: delete it at once."""
    try:
        await tools.telegram.delete_message(intent.token, chat_id=sent.chat_id, message_id=sent.message_id)
    except Fault as fault:
        log().error("comment_not_taken_back", comment=intent.comment_id, fault=str(fault))
        return False
    return True
