"""What people and programs are shown of a comment that waits for its readers."""

import html
from datetime import timedelta
from typing import Any

from tgac.comments.models import ReaderComment
from tgac.comments.tests.desk import DECISION, Desk, desk
from tgac.kit.web.answers import stamp

__all__ = ["desk"]


async def test_a_comment_that_waits_for_readers_says_how_far_they_are(desk: Desk) -> None:
    wait = {"reader_comments": 5, "silence_s": None, "question": True, "deadline_s": 2400, "otherwise": "send"}
    until = desk.clock.now() + timedelta(minutes=40)
    post = await desk.post(root_id=140, root_group_id=-1002)
    held: dict[str, Any] = {
        "reason": "waits_for_readers",
        "reason_data": {"sentence": "It waits for its readers.", "values": {}},
    }
    decision = DECISION | {"wait_for": wait, "wait_until": until.isoformat()}
    comment = await desk.comment(post, decision=decision, wait_until=until, expires_at=until, **held)
    for number, root_id in ((150, 140), (151, 140), (152, 199)):
        thread = {"group_id": -1002, "root_id": root_id, "message_id": number}
        await desk.put(ReaderComment(project_id=1, said_at=desk.clock.now(), asks_at=None, **thread))
    told = await desk.data(f"/comments/{comment.id}")
    assert told["sentence"].startswith(
        "It waits for: 2 of 5 comments by readers, a reader's question. At the latest at "
    )
    names = ("reader_comments", "said", "asked", "state", "until")

    assert [told["waits"][name] for name in names] == [5, 2, False, "open", stamp(until)]
    page = html.unescape((await desk.get(f"/projects/1/posts/{post.id}")).text)
    assert told["sentence"] in page
    assert "5 comments by readers, a reader's question" in page
