"""Days full of trouble: nothing is ever doubled, late, forbidden, stuck or left without a reason."""

from pathlib import Path

import pytest

from tests.simulation.invariants import violations
from tests.simulation.met import met
from tests.simulation.month import Month
from tests.simulation.stage import a_stage, rows
from tgac.comments.models import Comment

A_DOZEN = range(12)


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the dead leave no cleaner behind
@pytest.mark.filterwarnings("ignore:.*non-checked-in connection")
@pytest.mark.parametrize("seed", A_DOZEN)
async def test_nothing_that_must_not_happen_happens_in_some_hours(seed: int, tmp_path: Path) -> None:
    async with a_stage("sqlite", tmp_path, seed=seed, channels=3) as stage:
        month = Month(stage, days=0.15, posts_a_day=15, trouble=8)
        await month.run()
        assert await violations(month) == []
        assert len(month.published) > 5
        assert {comment.state for comment in await rows(stage, Comment)} > {"skipped"}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:.*non-checked-in connection")
@pytest.mark.parametrize("seed", A_DOZEN)
async def test_nothing_that_must_not_happen_happens_in_a_day(seed: int, tmp_path: Path) -> None:
    async with a_stage("sqlite", tmp_path, seed=seed, channels=5) as stage:
        month = Month(stage, days=1, posts_a_day=12, trouble=4)
        await month.run()
        assert await violations(month) == []
        assert stage.deaths > 0
        assert sum(post.must_be_seen for post in month.published) > len(month.published) / 2
        happened = await met(month)
        assert happened["sent"], "nothing was sent"
        assert happened["skipped"], "nothing was skipped"
        assert happened["readers heard"], "nothing left because its readers had talked"
        assert happened["pinned"] + happened["edited"] + happened["deleted"], "nothing was done to any comment"
