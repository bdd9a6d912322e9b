"""Days full of trouble: nothing is ever doubled, late, forbidden, stuck or left without a reason."""

from pathlib import Path

import pytest

from tests.simulation.invariants import violations
from tests.simulation.month import Month
from tests.simulation.stage import a_stage, rows
from tgac.comments.models import Comment

UNEXPLAINED = pytest.mark.xfail(reason="one post of channel 3 is never seen; whose fault it is has to be found out")
MARKS = {0: [pytest.mark.slow, UNEXPLAINED], 1: []}
SEEDS = [pytest.param(seed, marks=MARKS.get(seed, [pytest.mark.slow])) for seed in range(12)]


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the dead leave no cleaner behind
@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_that_must_not_happen_happens(seed: int, tmp_path: Path) -> None:
    async with a_stage("sqlite", tmp_path, seed=seed, channels=5) as stage:
        month = Month(stage, days=1, posts_a_day=8, trouble=4)
        await month.run()
        assert await violations(month) == []
        assert {"sent", "skipped"} <= {comment.state for comment in await rows(stage, Comment)}
        assert stage.deaths > 0
        ends = {comment.decision.get("waited", {}).get("heard") for comment in await rows(stage, Comment)}
        assert True in ends, "nothing left because its readers had talked"
