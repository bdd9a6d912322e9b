"""A task's content becomes one comment for one post. The same dice give the same text."""

import random

from tgac.kit.telegram.types import Poll
from tgac.tasks.config import Content, Variant
from tgac.tasks.facts import Scene

from .compose import compose, count_texts
from .egress import Button, Outgoing, let_out
from .faults import TextError

TRIES = 9


def render(
    content: Content, scene: Scene, dice: random.Random, *, previous_text: str | None = None, skip: int = 0
) -> Outgoing:
    """One comment out of `content`, fit to leave; TextError where none of nine picks is.

    `previous_text` is the HTML of the comment before this one: up to eight other picks are tried so as not to repeat
    it, then it is repeated. `skip` (an earlier comment's `tried`) throws so many picks away first: with the same dice
    the same variant and the same choices come again.
    """
    repeated: Outgoing | None = None
    fault: TextError | None = None
    for turn in range(max(_tries(content), skip + 1)):
        try:
            text = _render_once(content, scene, dice, turn=turn)
        except TextError as error:
            fault = fault or error
            continue
        if turn < skip:
            continue
        if text.html != previous_text:
            return text
        repeated = text
    if repeated:
        return repeated
    assert fault is not None
    raise fault


def _tries(content: Content) -> int:
    """How many picks may be made; one where every other would be the same."""
    only = content.variants[0] if len(content.variants) == 1 else None
    try:
        return 1 if only and count_texts(only.text) == 1 else TRIES
    except TextError:
        return 1


def poll_of(variant: Variant, label: str | None) -> Poll | None:
    """The poll of a variant, if it has one; the label stands above it, since a question has no last line."""
    poll = variant.poll
    return Poll(poll.options, poll.anonymous, poll.multiple, label or "") if poll else None


def choose_variant(content: Content, dice: random.Random) -> Variant:
    """A variant, as likely as it is heavy."""
    return dice.choices(content.variants, weights=[variant.weight for variant in content.variants])[0]


def _render_once(content: Content, scene: Scene, dice: random.Random, *, turn: int) -> Outgoing:
    variant = choose_variant(content, dice)
    poll = poll_of(variant, content.label)
    text = compose(variant.text, scene, dice, label=content.label if poll is None else None)
    buttons = tuple(tuple(Button(button.text, button.url) for button in row) for row in variant.buttons)
    form = poll or variant.media_id
    return let_out(text.html, allowed=text.allowed, variant=variant.name, buttons=buttons, tried=turn, form=form)
