"""What people do with comments: they approve, edit, skip and recall them, settle unknown ones, and stop everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from tests.simulation.stage import Place, Stage
from tests.simulation.watch import Watch
from tgac.comments.forms import Resolution
from tgac.comments.models import Comment
from tgac.comments.recalls import recall_comments, take_back_comment
from tgac.comments.review import another_comment, approve_comment, edit_comment, skip_comment
from tgac.comments.service import resolve_comment
from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.tenancy import EVERYONE, Principal
from tgac.settings.service import resume_installation, stop_installation

EDITED = "Said by a person"


@dataclass
class Deeds:
    """The hands of Anna, in each of her projects, and of the installation's admin."""

    stage: Stage
    watch: Watch

    async def review(self, place: Place) -> None:
        """Anna goes through what waits in a channel."""
        dice = self.stage.dice
        async with self.stage.acting(place.project_id) as act:
            for comment in await self._in_state(act, place, "awaiting_approval"):
                deed = dice.choice((approve_comment, approve_comment, skip_comment, another_comment, _reword))
                await _unless_too_late(act, deed, comment.id)

    async def take_back(self, place: Place) -> None:
        """Anna takes one comment back."""
        async with self.stage.acting(place.project_id) as act:
            sent = await self._in_state(act, place, "sent")
            if sent:
                await _unless_too_late(act, take_back_comment, self.stage.dice.choice(sent).id)

    async def recall(self, task_id: int, project_id: int) -> None:
        """Anna takes back what a task has sent within the last hours."""
        async with self.stage.acting(project_id) as act:
            try:
                await recall_comments(act, task_id, minutes=self.stage.dice.choice((30, 240, 1440)))
            except AppError:
                return

    async def settle_unknown(self, place: Place) -> None:
        """Anna looks into the group for a comment whose answer was lost, and says truly whether it is there."""
        async with self.stage.acting(place.project_id) as act:
            for comment in await self._in_state(act, place, "unknown"):
                stands = self._stands(place, comment)
                await resolve_comment(act, comment.id, Resolution(answer="there" if stands else "not_there"))

    async def stop_everything(self) -> None:
        """The admin presses the emergency stop of the installation."""
        async with self.stage.tools.acting(self._admin(), EVERYONE) as act:
            await stop_installation(act)
        self.watch.stopped[0] = self.stage.clock.now()

    async def resume_everything(self) -> None:
        """The admin lets the installation work again."""
        async with self.stage.tools.acting(self._admin(), EVERYONE) as act:
            await resume_installation(act)
        self.watch.stopped.pop(0, None)

    def _admin(self) -> Principal:
        anna = next(iter(self.stage.anna.values()))
        return Principal(anna.user_id, anna.username, is_admin=True, language="en")

    def _stands(self, place: Place, comment: Comment) -> bool:
        """Whether one of that bot's messages came into the group about then."""
        bot = next(one for one in place.bots if one.id == comment.bot_id)
        assert comment.sending_at is not None
        moment, near = comment.sending_at.timestamp(), timedelta(minutes=3).total_seconds()
        said = (one for one in place.group.messages.values() if one.author == bot.telegram_id and one.reply_to)
        return any(abs(one.body["date"] - moment) < near for one in said)

    async def _in_state(self, act: Act, place: Place, state: str) -> Sequence[Comment]:
        asked = select(Comment).where(Comment.channel_id == place.row_id, Comment.state == state)
        return list(await act.session.scalars(asked.order_by(Comment.id)))


async def _reword(act: Act, comment_id: int) -> None:
    await edit_comment(act, comment_id, EDITED)


async def _unless_too_late(act: Act, deed: object, comment_id: int) -> None:
    try:
        await deed(act, comment_id)  # type: ignore[operator]
    except AppError:
        return
