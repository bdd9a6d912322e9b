"""What the tasks of a simulated project order: between them everything that a task can have done with a comment."""

from typing import Any

type Order = dict[str, Any]

TALK = {"reader_comments": 2, "silence_s": 300, "deadline_s": 3600, "otherwise": "skip"}
EVERY = ((4, 0), (2, 1), (4, 2), (4, 3), (1, 0))
"""Each task's channels: every so many, beginning with which. Under one post the first of them comes first."""
LABEL = "Written by AI"
OFFENDING = "evil.example.org"
"""What a model says at times and must never stand anywhere."""


def orders(media_id: int) -> list[Order]:
    """Five tasks: one that pins and asks polls, one whose comments are deleted after a time and carry a file, one that
    follows edits, one that a language model writes, and one that a person approves."""
    plain = [{"name": name, "text": f"{{Hello|Hi}} from {name}"} for name in ("A", "B")]
    poll = {"name": "P", "text": "{Which|What} first?", "poll": {"options": ["This", "That"]}}
    carried = {"name": "F", "text": "See {this|that}", "media": {"media_id": media_id}}
    followed = {"name": "E", "text": "{Of|On} “{{ post.text }}”"}
    return [
        {
            "content": {"variants": [*plain, poll], "pin": True},
            "timing": {"delay": {"min_s": 180, "max_s": 420}, "quiet_hours": {"from": "23:00", "to": "08:00"}},
            "limits": {"per_channel_hour": 1, "per_bot_day": 12, "pause_s": 200, "ramp_up_days": 0},
        },
        {
            "content": {"variants": [carried, *plain]},
            "timing": {"delay": {"min_s": 0, "max_s": 30}, "expire_after_s": 600},
            "filter": {"any_words": ["sale"]},
            "after": {"delete_after_s": 1200},
        },
        {
            "content": {"variants": [followed]},
            "timing": {"delay": {"min_s": 60, "max_s": 300}, "wait_for": TALK},
            "filter": {"no_words": ["sale"]},
            "after": {"follow_edits": "render"},
        },
        {
            "content": {"variants": plain, "kind": "llm", "label": LABEL, "llm": {"goal": "question"}},
            "timing": {"delay": {"min_s": 0, "max_s": 60}, "wait_for": {"question": True, "deadline_s": 900}},
        },
        {
            "content": {"variants": plain},
            "timing": {"delay": {"min_s": 3600, "max_s": 7200}, "quiet_hours": {"from": "01:30", "to": "03:30"}},
            "filter": {"share": 0.5},
            "approval": {"mode": "all", "expire_s": 1800},
            "after": {"delete_with_post": False},
        },
    ]
