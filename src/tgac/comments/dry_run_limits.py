"""How a dry run keeps limits: each comment stands where the limits leave room after those before it. Pure."""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Final

from tgac.comments.decide import Decision, Plan
from tgac.comments.limits import Cap, Scope, Where
from tgac.tasks.config import QuietHours
from tgac.tasks.timing import after_quiet

_TURNS: Final = 100
"""So often a moment is moved on; then it is far beyond any limit's end."""


class Book:
    """The moments of the comments so far. A limit that grows counts as grown: a dry run is about the usual day."""

    def __init__(self) -> None:
        self._moments: defaultdict[tuple[Scope, int], list[datetime]] = defaultdict(list)

    def place(
        self, decision: Decision, where: Where, caps: Sequence[Cap], *, quiet: QuietHours | None, zone: tzinfo
    ) -> Decision:
        """The decision with the comment at the first moment that has room; the limit as its reason where there is none
        before it expires."""
        plan = decision.outcome
        assert isinstance(plan, Plan)
        at, held = plan.send_at, None
        for _ in range(_TURNS):
            moved, full = max((self._room(where, cap, at) for cap in caps), key=lambda one: one[0], default=(at, None))
            if moved == at:
                break
            at, held = after_quiet(moved, quiet, zone), full
            if at > plan.expires_at:
                break  # it can only become later
        if held is not None and at > plan.expires_at:
            return Decision(held.reason(held.most), decision.values)
        for scope in {cap.scope for cap in caps}:
            insort(self._moments[scope, where.key(scope)], at)
        if held is None:
            return decision
        values = decision.values | {"send_at": at.isoformat(), "held_by": held.code}
        return Decision(replace(plan, send_at=at), values)

    def _room(self, where: Where, cap: Cap, at: datetime) -> tuple[datetime, Cap | None]:
        moments = self._moments[cap.scope, where.key(cap.scope)]
        before = bisect_right(moments, at)
        if before < cap.most:
            return at, None
        free = moments[before - cap.most] + timedelta(seconds=cap.seconds)
        return (free, cap) if free > at else (at, None)
