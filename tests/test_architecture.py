"""The house's rules that no linter knows, read from the source itself."""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"
TGAC = SRC / "tgac"

WORKS_FOR_EVERYONE = {
    "bots/imports.py",  # Telegram counts the address, whichever project a token is for
    "bots/managed.py",  # Telegram tells of a bot and a person, not of a project
    "bots/health.py",  # the hourly round
    "bots/service.py",  # one bot account is in one project only
    "channels/clients_bot.py",  # a link is opened before it is known of which project it is
    "channels/recheck.py",
    "cli.py",
    "comments/called_off.py",  # the installation's stop: the list of projects
    "comments/arrive.py",  # an update is a bot's, before it is known which project's
    "comments/review_bot.py",  # a reply names a message, before it is known which project's it shows
    "demo.py",
    "kit/db/pinning.py",
    "kit/db/session.py",  # a migration changes the rows of all projects
    "kit/queue/runner.py",
    "kit/queue/tidy.py",
    "kit/tenancy.py",
    "kit/web/idempotency.py",
    "notices/tell.py",  # the hourly round: the list of projects, each looked at by itself
    "panel/deletion.py",  # the queue is no project's, and a deleted project has no member left
    "panel/health.py",
    "panel/retention.py",  # the list of projects; rows go project by project
    "people/api.py",  # a project that is being made has no number yet
    "people/members.py",  # who is invited has no role in the project yet: the invitation's secret finds it
    "people/members_api.py",
    "people/members_web.py",
    "people/projects.py",
    "people/queries.py",  # one's own projects, pinned to the user
    "people/web.py",
    "processes/bot.py",
    "processes/work.py",
    "profiles/jobs.py",
    "proxies/jobs.py",
    "proxies/ways.py",  # a call says which bot it is of, not which project's
}
"""Who may say EVERYONE. Whoever comes in here shows in a review how the right rows are found."""


@dataclass(frozen=True)
class Source:
    """A file and its tree."""

    path: Path
    tree: ast.Module
    nodes: Sequence[ast.AST]
    """Every node of the tree, gone through once for all tests: to walk over all trees takes half a second."""

    @property
    def name(self) -> str:
        """Where it stands: below `src/tgac` without it, else below the project."""
        return str(self.path.relative_to(TGAC if self.path.is_relative_to(TGAC) else ROOT))

    def where(self, node: ast.AST) -> str:
        return f"{self.name}:{getattr(node, 'lineno', 0)}"


@cache
def all_sources() -> tuple[Source, ...]:
    folders = (SRC, ROOT / "tests", ROOT / "bench")
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return tuple(_read(path) for path in files if "versions" not in path.parts)


def _read(path: Path) -> Source:
    tree = ast.parse(path.read_text())
    return Source(path, tree, tuple(ast.walk(tree)))


@pytest.fixture(scope="module", autouse=True)
def _forgotten_afterwards() -> Iterator[None]:
    """A million nodes are not kept for the other tests: the collector would go through them again and again."""
    yield
    all_sources.cache_clear()


def code() -> Iterator[Source]:
    """What is delivered: no tests, no migrations."""
    for source in all_sources():
        if source.path.is_relative_to(SRC) and not {"tests", "migrations"} & set(source.path.parts):
            yield source


def ours() -> Iterator[Source]:
    """tgac without the emulated Telegram."""
    return (source for source in code() if source.path.is_relative_to(TGAC))


def in_tests() -> Iterator[Source]:
    return (source for source in all_sources() if "tests" in source.path.parts)


def calls(source: Source, *names: str) -> Iterator[ast.Call]:
    """Calls of methods or functions by these names."""
    for node in source.nodes:
        if isinstance(node, ast.Call) and _called(node) in names:
            yield node


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def test_the_sources_are_found() -> None:
    assert len(list(ours())) > 60
    assert len(list(in_tests())) > 30


def test_only_the_act_ends_a_transaction() -> None:
    found = {
        source.name
        for source in ours()
        for node in calls(source, "commit", "rollback")
        if isinstance(node.func, ast.Attribute)
    }
    # Whoever asks for the database's version gives up the snapshot that it has looked at; it never writes.
    assert found == {"kit/act.py", "kit/db/session.py"}


def test_only_the_sign_in_reads_cookies_and_authorization() -> None:
    may = {
        "people/auth.py",
        "kit/llm/client.py",  # what goes out to a language model, not what comes in
        "kit/web/i18n.py",  # the language
        "kit/web/pages.py",  # the notice of the page before
        "kit/web/security.py",  # whether a request needs the forgery check
    }
    found = {
        source.name
        for source in ours()
        for node in source.nodes
        if (isinstance(node, ast.Attribute) and node.attr == "cookies")
        or (isinstance(node, ast.Constant) and str(node.value).lower() in {"authorization", "cookie", "set-cookie"})
    }
    assert found == may
    writers = {source.name for source in ours() for _ in calls(source, "set_cookie", "delete_cookie")}
    assert writers <= may | {"people/web.py"}, "people/web.py keeps the chosen language"


def test_tables_are_used_through_their_classes() -> None:
    found = [
        source.where(node)
        for source in ours()
        for node in source.nodes
        if isinstance(node, ast.Attribute) and node.attr in {"__table__", "metadata"}
    ]
    assert [one for one in found if not one.startswith(("kit/db/", "tables.py"))] == []


def test_rows_are_not_written_past_the_guard() -> None:
    past = ("bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings", "exec_driver_sql", "connection")
    may = ("kit/queue/store.py", "kit/db/")
    found = [source.where(node) for source in ours() for node in calls(source, *past)]
    assert [one for one in found if not one.startswith(may)] == []


def test_raw_sql_stands_in_the_queues_store_alone() -> None:
    found = {
        source.name
        for source in ours()
        for node in source.nodes
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("sqlalchemy")
        and {alias.name for alias in node.names} & {"text", "literal_column", "TextClause", "DDL"}
    }
    assert found <= {"kit/queue/store.py"}


def test_only_the_database_knows_its_dialects() -> None:
    found = {
        source.name
        for source in ours()
        for node in source.nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy.dialects")
    }
    assert {name for name in found if not name.startswith("kit/db/")} == set()


def test_who_works_for_everyone_is_known() -> None:
    found = {
        source.name
        for source in ours()
        for node in source.nodes
        if isinstance(node, ast.Name) and node.id == "EVERYONE"
    }
    assert found - WORKS_FOR_EVERYONE == set(), "say in WORKS_FOR_EVERYONE why this looks over all projects"
    assert WORKS_FOR_EVERYONE - found == set(), "these do so no longer"


def test_a_comment_leaves_by_one_door_and_only_after_the_last_gate() -> None:
    doors = [
        (source, node)
        for source in ours()
        for node in calls(source, "send_comment")
        if isinstance(node.func, ast.Attribute)
    ]
    said = {
        source.name: ast.unparse(next(one.value for one in node.keywords if one.arg == "html"))
        for source, node in doors
    }
    # What leaves is the Outgoing of an Intent, and of the one test comment that a channel gets when it is set up.
    assert said == {"comments/send.py": "intent.text.html", "onboarding/trial.py": "note.text.html"}
    assert len(doors) == len(said)
    makers = {source.name for source in ours() for _ in calls(source, "Outgoing")}
    assert makers == {"tasks/text/egress.py"}


def test_nothing_is_marked_as_safe() -> None:
    found = {
        source.name
        for source in ours()
        for node in source.nodes
        if (isinstance(node, ast.Name) and node.id == "Markup")
        or (isinstance(node, ast.alias) and node.name == "Markup")
    }
    assert found == set()
    marked = [
        f"{path.relative_to(TGAC)}: {line.strip()}"
        for path in TGAC.rglob("*.html")
        for line in path.read_text().splitlines()
        if re.search(r"\|\s*safe\b|autoescape\s+false|javascript:|\son[a-z]+\s*=|<style|\sstyle=", line)
    ]
    assert marked == [], "text is escaped; scripts and styles stand in files"


def test_imports_stand_at_the_top() -> None:
    found = [
        source.where(node)
        for source in all_sources()
        for function in _functions(source)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert found == []


def test_nothing_is_mocked() -> None:
    found = [
        source.where(node)
        for source in in_tests()
        for node in source.nodes
        if (isinstance(node, ast.ImportFrom) and node.module in {"unittest", "unittest.mock", "mock"})
        or (isinstance(node, ast.Import) and any(alias.name.startswith("unittest") for alias in node.names))
        or (isinstance(node, ast.Attribute) and ast.unparse(node) in {"monkeypatch.setattr", "mocker.patch"})
        or (isinstance(node, ast.arg) and node.arg == "mocker")
    ]
    assert found == []


def test_no_test_is_skipped() -> None:
    found = [
        source.where(node)
        for source in in_tests()
        for node in source.nodes
        if isinstance(node, ast.Attribute) and node.attr in {"skip", "skipif", "xfail", "importorskip"}
    ]
    assert found == []


def test_blind_catches_stand_where_work_comes_in() -> None:
    found = {
        source.name
        for source in ours()
        for node in source.nodes
        if isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) == "Exception")
    }
    # A broken job is tried again; a broken update must not hold up those behind it; a broken task takes no other task's
    # outcome; and of what is done together, the one that breaks is done alone.
    expected = {"kit/queue/runner.py", "kit/queue/together.py"}
    assert found == expected | {"comments/arrive.py", "comments/plan.py", "processes/bot.py"}


def test_files_are_short() -> None:
    long = {source.name: len(source.path.read_text().splitlines()) for source in code()}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}


@pytest.mark.parametrize("package", ["tgac", "tgsandbox"])
def test_functions_are_short(package: str) -> None:
    lengths = sorted(_length(node) for source in code() if package in source.path.parts for node in _functions(source))
    assert statistics.median(lengths) <= 9
    assert lengths[round((len(lengths) - 1) * 0.9)] <= 32


def test_what_others_use_is_documented() -> None:
    bare = [
        source.where(node)
        for source in ours()
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
    ]
    assert bare == []
    assert [source.name for source in ours() if source.tree.body and ast.get_docstring(source.tree) is None] == []


def test_nothing_says_that_it_is_yet_to_be_done() -> None:
    found = [
        f"{source.name}:{number}"
        for source in code()
        for number, line in enumerate(source.path.read_text().splitlines(), 1)
        if re.search(r"#.*\b(TODO|FIXME|XXX|HACK)\b", line)
    ]
    assert found == []


def test_the_panel_does_without_what_is_heavy() -> None:
    program = (
        "import sys, tgac.processes.api; sys.exit(bool({'aiogram', 'tgsandbox', 'pytest', 'httpx'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
