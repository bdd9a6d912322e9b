"""From post to comment, through the real gateway and the sandbox."""

from tests.support.world import World


async def test_a_post_gets_its_comment_under_it(world: World) -> None:
    await world.add_task("Rules of {{ channel.title }}")
    post = await world.post("Hello")
    await world.work()
    (comment,) = await world.comments()
    (said,) = await world.said()
    assert (comment.state, comment.reason) == ("sent", "sent")
    assert said["text"] == "Rules of City news"
    assert said["reply_to_message"]["message_id"] == post["thread_ids"][0]
    assert said["message_id"] == comment.message_id
