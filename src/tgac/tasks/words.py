"""What the pages of tasks say of the document's values, in the reader's language."""

from collections.abc import Iterator, Mapping
from typing import Final

from tgac.kit.web.i18n import N_, _, ngettext
from tgac.settings.forms import PRESET_WORDS
from tgac.tasks.config import MEDIA, PRESETS, After, Delay, Filter, Preset, TaskConfig, WaitFor
from tgac.tasks.limit_words import limit_words
from tgac.tasks.time_words import WEEKDAYS, days_words, delay_words, share_words, span_words
from tgac.tasks.wait_words import awaited

MEDIA_WORDS: Final = {
    "text": N_("Text alone"),
    "photo": N_("Photo"),
    "video": N_("Video"),
    "animation": N_("Animation"),
    "audio": N_("Audio"),
    "voice": N_("Voice message"),
    "video_note": N_("Video message"),
    "document": N_("File"),
    "poll": N_("Poll"),
    "other": N_("Anything else"),
}
_VARIABLES: Final = {
    "post.text": N_("the post's text"),
    "post.link": N_("the post's address"),
    "post.hashtags": N_("the post's hashtags"),
    "channel.title": N_("the channel's title"),
    "channel.username": N_("the channel's name without @"),
    "bot.name": N_("the bot's name"),
    "date": N_("the day of the comment"),
    "time": N_("the time of the comment"),
    "weekday": N_("the weekday of the comment"),
}


def presets(own: Mapping[str, Preset]) -> list[tuple[str, str, str]]:
    """The presets, those of the project last: key, name, and what they mean."""
    usual = [(key, _(PRESET_WORDS[key]), preset_words(one)) for key, one in PRESETS.items()]
    return [*usual, *((name, name, preset_words(one)) for name, one in own.items())]


def preset_words(preset: Preset) -> str:
    """What a preset says, in a line; nothing of what goes without saying."""
    return "; ".join(piece for piece in _preset_pieces(preset) if piece)


def _preset_pieces(preset: Preset) -> Iterator[str]:
    quiet, wait = preset.quiet_hours, preset.wait_for
    yield delay_words(preset.delay)
    yield _("quiet from %(begin)s to %(end)s", begin=quiet.from_, end=quiet.to) if quiet else ""
    yield _("only on %(days)s", days=days_words(preset.weekdays)) if len(preset.weekdays) < len(WEEKDAYS) else ""
    yield _("%(share)s of the posts", share=share_words(preset.share)) if preset.share < 1 else ""
    yield _("waits for %(what)s", what=awaited(wait)) if wait.is_on else ""
    yield _("with “typing…”") if preset.typing else ""
    yield (
        ngettext("%(n)s comment under a post", "%(n)s comments under a post", preset.per_post)
        if (preset.per_post > 1)
        else ""
    )
    yield from limit_words(preset.model_dump())
    yield _("expires after %(span)s", span=span_words(preset.expire_after_s))


def media_choices() -> list[tuple[str, str]]:
    """What a post can carry: key and word."""
    return [(key, _(MEDIA_WORDS[key])) for key in MEDIA]


def lifted_choices() -> list[tuple[str, str]]:
    """The limits that a task can lift: path and words."""
    return [
        ("limits.per_channel_hour", _("Comments in a channel, in an hour")),
        ("limits.per_channel_day", _("Comments in a channel, in a day")),
        ("limits.per_bot_hour", _("Comments by a bot, in an hour")),
        ("limits.per_bot_day", _("Comments by a bot, in a day")),
        ("limits.per_post_together", _("Comments of all tasks under one post")),
        ("limits.threads_per_bot", _("Threads a bot is active in")),
    ]


def weekday_choices() -> list[tuple[str, str]]:
    """The days of the week: number (Monday is 0) and short name."""
    return [(str(number), _(word)) for number, word in enumerate(WEEKDAYS)]


def variable_choices() -> list[tuple[str, str]]:
    """The variables of texts: name and what it stands for."""
    return [(name, _(word)) for name, word in _VARIABLES.items()]


def rules_of(config: TaskConfig) -> Iterator[tuple[str, str]]:
    """What holds for a task beyond its sentence: pairs of name and value."""
    timing, content = config.timing, config.content
    yield _("Preset"), _(PRESET_WORDS[timing.preset]) if timing.preset in PRESETS else timing.preset
    yield _("Delay"), delay_words(timing.window)
    if timing.quiet_hours:
        yield _("Quiet hours"), f"{timing.quiet_hours.from_}–{timing.quiet_hours.to}"
    if timing.time_zone:
        yield _("Time zone"), timing.time_zone
    yield from _wait_rules(timing.awaits)
    yield _("At the latest"), _("%(span)s after the window", span=span_words(timing.expiry_s))
    if content.label:
        yield _("Label"), content.label
    yield _("Notification"), _("without a sound") if content.silent else _("with a sound")
    if content.quote:
        yield _("Quote"), _("the post's first line")
    if content.pin:
        yield _("Pinned"), _("as soon as it is sent")
    yield from _later_rules(config.after)
    if timing.types:
        yield _("Before it"), _("“typing…” for four seconds")
    yield from _filter_rules(config.filter)


def _wait_rules(wait: WaitFor) -> Iterator[tuple[str, str]]:
    if wait.is_on:
        yield _("Waits for"), awaited(wait)
        then = _("it is sent all the same") if wait.otherwise == "send" else _("it is not sent")
        yield _("Waits at most"), _("%(span)s; then %(then)s", span=span_words(wait.deadline_s), then=then)


FOLLOWING: Final = {
    "no": N_("the comment stays as it is"),
    "ask": N_("somebody is asked"),
    "render": N_("the comment follows by itself"),
}


def _later_rules(after: After) -> Iterator[tuple[str, str]]:
    if after.follow_edits != "no":
        yield _("When the post is edited"), _(FOLLOWING[after.follow_edits])
    if after.delete_after_s is not None:
        yield _("Deleted"), delay_words(Delay.once(after.delete_after_s))
    gone = _("the comment is deleted as well") if after.delete_with_post else _("the comment stays")
    yield _("When the post is gone"), gone


def following_choices() -> list[tuple[str, str]]:
    """What becomes of a comment whose post is edited: key and words."""
    return [(key, _(word)) for key, word in FOLLOWING.items()]


def _filter_rules(wanted: Filter) -> Iterator[tuple[str, str]]:
    yield from _text_rules(wanted)
    if wanted.media:
        yield _("Posts with"), ", ".join(_(MEDIA_WORDS[one]) for one in wanted.media)
    if wanted.min_length is not None:
        yield _("At least"), ngettext("%(n)s character", "%(n)s characters", wanted.min_length)
    if wanted.max_length is not None:
        yield _("At most"), ngettext("%(n)s character", "%(n)s characters", wanted.max_length)
    if not wanted.forwarded:
        yield _("Forwarded posts"), _("left out")
    if len(wanted.days) < len(WEEKDAYS):
        yield _("Weekdays"), days_words(wanted.days)
    if wanted.part < 1:
        yield _("Share of posts"), share_words(wanted.part)


def _text_rules(wanted: Filter) -> Iterator[tuple[str, str]]:
    if wanted.any_words:
        yield _("Posts with one of"), ", ".join(wanted.any_words)
    if wanted.no_words:
        yield _("Posts without"), ", ".join(wanted.no_words)
    if wanted.hashtags:
        yield _("Hashtags"), " ".join(f"#{tag}" for tag in wanted.hashtags)
    if wanted.regex is not None:
        yield _("Pattern"), wanted.regex
    if wanted.languages:
        yield _("Languages"), ", ".join(wanted.languages)
