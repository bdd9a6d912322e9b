"""How profiles and their photos are found."""

from sqlalchemy import select

from tgac.kit.act import Act
from tgac.kit.errors import Conflict, NotFound
from tgac.kit.web.i18n import _
from tgac.profiles.models import BotProfile, ProfileDraft, ProfilePhoto


async def find_profile(act: Act, bot_id: int, *, lock: bool = False) -> BotProfile | None:
    """What is known and wished of the bot's profile; None where nothing ever was."""
    asked = select(BotProfile).where(BotProfile.bot_id == bot_id)
    return await act.session.scalar(asked.with_for_update() if lock else asked)


async def profiles_by_bot(act: Act) -> dict[int, BotProfile]:
    """Every profile of the project, by its bot."""
    return {one.bot_id: one for one in await act.session.scalars(select(BotProfile))}


async def photo_content(act: Act, sha256: str) -> bytes:
    """The JPEG itself. Raises NotFound."""
    content = await act.session.scalar(select(ProfilePhoto.content).where(ProfilePhoto.sha256 == sha256))
    if content is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return content


async def photos_known(act: Act) -> set[str]:
    """The hashes of the project's photos."""
    return set(await act.session.scalars(select(ProfilePhoto.sha256)))


async def draft_content(act: Act, digest: str) -> bytes:
    """The file that the act's author has looked at. Raises Conflict when it is gone or another came after it."""
    assert act.principal is not None
    mine = (ProfileDraft.user_id == act.principal.user_id) & (ProfileDraft.digest == digest)
    content = await act.session.scalar(select(ProfileDraft.content).where(mine))
    if content is None:
        raise Conflict(_("This preview is no longer kept. Choose the file again."), code="preview_gone")
    return content
