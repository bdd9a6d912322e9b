"""The benchmark is no test, but it must be able to begin."""

from pathlib import Path

import pytest
from bench.stage import CHANNELS, a_stage


@pytest.mark.slow
async def test_the_benchmark_sets_its_stage(tmp_path: Path) -> None:
    async with a_stage(tmp_path) as stage:
        assert len(stage.places) == CHANNELS
