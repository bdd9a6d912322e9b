"""Posts of channels and their way into the discussion group."""

from tgsandbox.delivery import announce_message
from tgsandbox.messages import Draft, new_group_id, store
from tgsandbox.model import SERVICE_ID, SERVICE_USER, Chat, Json, Stored
from tgsandbox.world import World

_NOT_FORWARDED = {"reply_markup", "edit_date", "message_id", "chat", "date", "sender_chat", "author_signature", "from"}


def publish(world: World, channel: Chat, author: int, drafts: list[Draft]) -> tuple[list[Stored], list[Stored]]:
    """Publish a post (several drafts are one album) → (the posts, their auto-forwards, lowest first).

    A post with an inline keyboard has no comments, so it is not forwarded. Between the channel and the group there is
    no order: `settings.forward_first` chooses which is told first.
    """
    group_id = {"media_group_id": new_group_id(world)} if len(drafts) > 1 else {}
    head = {"sender_chat": channel.brief}
    posts = [store(world, channel, author, head=head, draft=Draft(d.content | group_id, d.reply_to)) for d in drafts]
    copies = forward_into_group(world, posts)
    first, second = (copies, posts) if world.settings.forward_first else (posts, copies)
    for stored in [*first, *second]:
        announce_message(world, stored)
    return posts, copies


def forward_into_group(world: World, posts: list[Stored]) -> list[Stored]:
    """Store the auto-forwards of posts; none without a linked group or with an inline keyboard."""
    group = world.linked(posts[0].chat)
    if group is None or any("reply_markup" in post.body for post in posts):
        return []
    copies = [_copy(world, post, group) for post in posts]
    for copy in copies[1:]:
        copy.thread = copies[0].id
    return copies


def _copy(world: World, post: Stored, group: Chat) -> Stored:
    channel = post.chat
    origin = {"type": "channel", "chat": channel.brief, "message_id": post.id, "date": post.body["date"]}
    content = {name: value for name, value in post.body.items() if name not in _NOT_FORWARDED}
    if not world.settings.album_group_on_forward:
        content.pop("media_group_id", None)
    content = {"forward_origin": origin, "is_automatic_forward": True} | content
    head: Json = {"from": SERVICE_USER, "sender_chat": channel.brief}
    post.copy = store(world, group, SERVICE_ID, head=head, draft=Draft(content))
    return post.copy
