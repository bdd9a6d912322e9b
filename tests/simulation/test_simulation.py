"""Days full of trouble: nothing is ever doubled, late, forbidden, stuck or left without a reason."""

from pathlib import Path

import pytest

from tests.simulation.invariants import violations
from tests.simulation.month import Month
from tests.simulation.stage import a_stage, rows
from tgac.comments.models import Comment

EVERY_DAY = [pytest.param(seed, 0.5) for seed in (0, 1)]
NOW_AND_THEN = [pytest.param(seed, 1, marks=pytest.mark.slow) for seed in range(12)]


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the dead leave no cleaner behind
@pytest.mark.parametrize(("seed", "days"), EVERY_DAY + NOW_AND_THEN)
async def test_nothing_that_must_not_happen_happens(seed: int, days: float, tmp_path: Path) -> None:
    async with a_stage("sqlite", tmp_path, seed=seed, channels=5) as stage:
        month = Month(stage, days=days, posts_a_day=8, trouble=4)
        await month.run()
        assert await violations(month) == []
        assert {"sent", "skipped"} <= {comment.state for comment in await rows(stage, Comment)}
        assert stage.deaths > 0
        assert sum(post.must_be_seen for post in month.published) > len(month.published) / 2
        ends = {comment.decision.get("waited", {}).get("heard") for comment in await rows(stage, Comment)}
        assert True in ends, "nothing left because its readers had talked"
