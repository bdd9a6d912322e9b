"""`python -m bench`: seconds from post to comment, comments a second, memory and idle processor time."""

import asyncio
import json
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import measures
from bench.stage import a_stage, tgac_up
from tgac.processes.shared import tools_for

BACKLOG = 1200
AT_ONCE = 64


async def run(folder: Path) -> dict[str, Any]:
    """Everything, one after the other; under four minutes."""
    found: dict[str, Any] = {"python": platform.python_version()}
    async with a_stage(folder) as stage:
        async with tools_for(stage.config) as tools:
            before = await measures.backlog(stage, tools, BACKLOG)
            async with tgac_up(stage, folder):
                found["tgac_at_saturation"] = await measures.drained(stage, before, BACKLOG)
        found["bare_aiogram_loop"] = await measures.bare_loop(stage, BACKLOG, at_once=AT_ONCE)
        async with tgac_up(stage, folder) as process:
            await measures.until_it_works(stage)
            found["at_rest"] = await measures.at_rest(process, 20)
            found["at_10_posts_per_s"] = await measures.post_to_comment(stage, per_s=10, seconds=20)
            found["at_100_posts_per_s"] = await measures.post_to_comment(stage, per_s=100, seconds=20)
            found["after_load"] = await measures.at_rest(process, 5)
    fast, bare = found["tgac_at_saturation"]["per_s"], found["bare_aiogram_loop"]["per_s"]
    found["share_of_the_bare_loop"] = round(fast / bare, 3)
    return found


def table(found: dict[str, Any]) -> str:
    """The figures for people."""
    lines = []
    for name, value in found.items():
        shown = ", ".join(f"{key} {one}" for key, one in value.items()) if isinstance(value, dict) else value
        lines.append(f"{name.replace('_', ' '):<26}{shown}")
    return "\n".join(lines)


def main() -> None:
    """Run and print."""
    with tempfile.TemporaryDirectory(prefix="tgac-bench-") as folder:
        found = asyncio.run(run(Path(folder)))
    sys.stdout.write(f"{table(found)}\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
