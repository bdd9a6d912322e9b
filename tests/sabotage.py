"""`make sabotage`: does what guards the line catch what is broken on purpose?

Each sabotage is a few words changed in a copy of the source. Then what should notice is run on the copy: a small
simulation, or the tests named. One that is not noticed, or that does not fit the source any more, is a failure.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMENTS = "src/tgac/comments"
SEEDS = 4
SIMULATION = ["--days", "0.5", "--channels", "4", "--posts-a-day", "12", "--trouble", "4"]
GATE, SEND, CAPS, DECISION, PACE, HEARD = (
    f"{COMMENTS}/tests/test_{name}.py" for name in ("gate", "send", "caps", "decision", "pace", "heard_beside")
)
FOUND = ("VIOLATED", "FAILED ")
"""What a simulation and pytest say where something is wrong."""


@dataclass(frozen=True)
class Sabotage:
    """`edits`: what stands once in the file, and what is put in its place. Without `tests`, a simulation looks."""

    name: str
    file: str
    edits: tuple[tuple[str, str], ...]
    tests: tuple[str, ...] = ()


SABOTAGES = (
    Sabotage(
        "resend what a lost worker had",
        f"{COMMENTS}/intend.py",
        (
            ('if comment.state == "planned"]', 'if comment.state in ("planned", "sending")]'),
            (
                '    if comment.state == "sending":\n        return _look',
                '    if comment.state == "":\n        return _look',
            ),
            ('    if comment.state != "planned":\n', '    if comment.state not in ("planned", "sending"):\n'),
        ),
    ),
    Sabotage(
        "take a lost answer for nothing sent",
        f"{COMMENTS}/outcomes.py",
        (
            (
                "isinstance(fault, faults.NotSent):\n        return Verdict",
                "isinstance(fault, faults.NotSent | faults.Ambiguous):\n        return Verdict",
            ),
        ),
    ),
    Sabotage(
        "a channel whose bots are let in again not looked at",
        "src/tgac/channels/membership.py",
        (("    check_soon(act, channel)\n", ""),),
    ),
    Sabotage(
        "updates lost when the database is away",
        f"{COMMENTS}/arrive.py",
        (
            (
                "        raise\n    except Exception as error:  # noqa: BLE001  taken",
                "        return\n    except Exception as error:  #",
            ),
        ),
        ("tests/test_database_away.py",),
    ),
    Sabotage(
        "pinned though no task wants it",
        f"{COMMENTS}/afterwards.py",
        (("    if pin:\n", "    if True:\n"),),
    ),
    Sabotage(
        "deleted before its time",
        f"{COMMENTS}/afterwards.py",
        (("due = act.now + timedelta(seconds=delete_after_s)", "due = act.now"),),
    ),
    Sabotage(
        "said to be deleted, and not deleted",
        f"{COMMENTS}/afterwards.py",
        (("told = await call(tools.telegram.delete_message(asked.token, **place))", "told = None"),),
    ),
    Sabotage(
        "sent though nobody has approved it",
        f"{COMMENTS}/plan.py",
        (('if in_review or approval.mode == "all":', "if in_review:"),),
    ),
    Sabotage(
        "a model's words without their label",
        "src/tgac/tasks/text/model_text.py",
        (('let_out(f"{escape(clean)}\\n\\n{escape(label)}"', "let_out(escape(clean)"),),
    ),
    Sabotage(
        "followed in our books alone",
        f"{COMMENTS}/following.py",
        (("told = await call(tools.telegram.edit_message(token, **place, html=text.html, look=look))", "told = None"),),
        (f"{COMMENTS}/tests/test_following.py",),
    ),
    Sabotage(
        "the installation's stop ignored",
        f"{COMMENTS}/gate.py",
        (("if holding.stopped_at else None", "if False else None"),),
        (f"{COMMENTS}/tests/test_failing.py",),
    ),
    Sabotage(
        "a look at a channel begun anew after each 429",
        "src/tgac/channels/verify.py",
        (("    return kept.look\n", "    return Look()\n"),),
        ("src/tgac/channels/tests/test_checks.py",),
    ),
    Sabotage(
        "answers from before a demotion believed",
        "src/tgac/channels/verify.py",
        (("kept is None or kept.version != version or", "kept is None or"),),
        ("src/tgac/channels/tests/test_checks.py",),
    ),
    Sabotage(
        "readers' edits not heard",
        f"{COMMENTS}/arrive.py",
        (('    "edited_message",\n', ""),),
        (HEARD,),
    ),
    Sabotage(
        "readers who come in the same moment not heard",
        f"{COMMENTS}/talk.py",
        (("        act.enqueue(HearReaders(", "        (HearReaders("),),
        (HEARD,),
    ),
    Sabotage(
        "quiet hours ignored when it leaves",
        f"{COMMENTS}/gate.py",
        (("_quiet(act, scene, config) or _pace", "_pace"),),
        ("tests/test_held_up.py",),
    ),
    Sabotage(
        "caps ignored",
        f"{COMMENTS}/gate.py",
        (("isinstance(gate, Ready) and (full", "not isinstance(gate, Ready) and (full"),),
        (CAPS,),
    ),
    Sabotage(
        "the project's stop ignored",
        f"{COMMENTS}/gate.py",
        (("if project.stopped_at is not None:", "if False:"),),
        (GATE,),
    ),
    Sabotage(
        "what a pause held back left to wait",
        "src/tgac/people/projects.py",
        (("        act.enqueue(PauseEnded(project.id))\n", ""),),
        (GATE,),
    ),
    Sabotage(
        "a suspended channel written in",
        f"{COMMENTS}/gate.py",
        (('if scene.channel.state != "active":', "if False:"),),
        (GATE,),
    ),
    Sabotage(
        "sent after it has expired",
        f"{COMMENTS}/gate.py",
        (("act.now > comment.expires_at", "False"),),
        (GATE, SEND),
    ),
    Sabotage(
        "Telegram's limits ignored",
        f"{COMMENTS}/gate.py",
        (("if len(times) >= limit.count", "if len(times) >= 10_000"),),
        (PACE,),
    ),
    Sabotage(
        "an answer of an older attempt believed",
        f"{COMMENTS}/settle.py",
        (("comment.fence != intent.fence or ", ""),),
        (SEND,),
    ),
    Sabotage(
        "a call begun by a process that had stood still",
        f"{COMMENTS}/send.py",
        (("- intent.began >= START_WITHIN_S", "- intent.began >= 1e9"),),
        (SEND,),
    ),
    Sabotage(
        "two tasks under one post",
        f"{COMMENTS}/decide.py",
        (("if thread.taken >= _room(thread, order):", "if False:"),),
        (DECISION,),
    ),
    Sabotage(
        "what no witness is trusted for written again",
        f"{COMMENTS}/evidence.py",
        (("if await _is_trusted(act, comment, witness_id):", "if True:"),),
        (f"{COMMENTS}/tests/test_witness.py",),
    ),
    Sabotage(
        "the guard between projects off",
        "src/tgac/kit/tenancy.py",
        (('raise OutOfScope("a statement without a scope")', "return"),),
        ("src/tgac/kit/tests/test_tenancy.py",),
    ),
)


def _lay(sabotage: Sabotage, copy: Path) -> None:
    """Raises ValueError where it does not fit."""
    file = copy / sabotage.file
    text = file.read_text()
    for old, new in sabotage.edits:
        if text.count(old) != 1:
            raise ValueError(f"{old!r} stands {text.count(old)} times in {sabotage.file}")
        text = text.replace(old, new)
    file.write_text(text)


def _orders(sabotage: Sabotage) -> list[list[str]]:
    """What looks for it, one after the other until one finds it."""
    if sabotage.tests:
        return [["pytest", "-q", "-x", "-p", "no:cacheprovider", *sabotage.tests]]
    return [["tests.simulation", "--seed", str(seed), *SIMULATION] for seed in range(1, SEEDS + 1)]


def _look(sabotage: Sabotage) -> str:
    """What came of it, as a sentence; empty when it was caught."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("src", "tests"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        for part in ("pyproject.toml", "conftest.py"):
            shutil.copy(ROOT / part, copy / part)
        try:
            _lay(sabotage, copy)
        except ValueError as error:
            return f"does not fit: {error}"
        for order in _orders(sabotage):
            ended = subprocess.run(
                [sys.executable, "-m", *order],
                cwd=copy,
                env=os.environ | {"PYTHONPATH": f"{copy / 'src'}:{copy}"},
                capture_output=True,
                text=True,
                check=False,
            )
            if ended.returncode == 1 and any(word in ended.stdout for word in FOUND):
                return ""
            if ended.returncode != 0:
                return f"could not be looked at: {ended.stdout[-500:]}{ended.stderr[-500:]}"
    return "NOT CAUGHT"


def main() -> int:
    """0 when every sabotage was caught."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--only", default="", help="those whose name holds this")
    only = words.parse_args().only
    missed = 0
    for sabotage in SABOTAGES:
        if only in sabotage.name:
            told = _look(sabotage)
            missed += bool(told)
            sys.stdout.write(f"{sabotage.name}: {told or 'caught'}\n")
            sys.stdout.flush()
    return min(1, missed)


if __name__ == "__main__":
    sys.exit(main())
