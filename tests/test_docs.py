"""The papers say what is so: paths, settings, commands, calls, codes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from fastapi import FastAPI

from tests.support.routes import routes_of
from tgac.comments.queries import State
from tgac.kit.config import Config
from tgac.kit.errors import AppError
from tgac.kit.telegram.faults import Fault
from tgac.wiring import ROUTERS, include

ROOT = Path(__file__).parents[1]
TGAC = ROOT / "src" / "tgac"
PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
API = "docs/api.md"


def paper(name: str) -> str:
    return (ROOT / name).read_text()


def test_the_papers_are_there() -> None:
    names = {str(path.relative_to(ROOT)) for path in PAPERS}
    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", API} <= names


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", path.read_text())
    broken = [one for one in targets if "://" not in one and not (path.parent / one).exists()]
    assert broken == []


def test_paths_in_the_architecture_exist() -> None:
    named = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*|\.importlinter)`", paper("ARCHITECTURE.md")))
    assert len(named) > 15
    assert [one for one in sorted(named) if not any((base / one).exists() for base in (ROOT, TGAC))] == []


def test_every_slice_stands_in_the_architecture() -> None:
    slices = [path.name for path in TGAC.iterdir() if (path / "__init__.py").exists() and path.name != "locale"]
    assert [name for name in slices if f"{name}/" not in paper("ARCHITECTURE.md")] == []


def settings(text: str) -> set[str]:
    return set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))


def test_every_setting_stands_in_the_example() -> None:
    assert settings(paper(".env.example")) == {name.upper() for name in Config.model_fields}


def test_the_example_tells_the_defaults() -> None:
    shown = dict(re.findall(r"^# ?([A-Z][A-Z0-9_]+)=(.*)$", paper(".env.example"), re.MULTILINE))
    fields = {name.upper(): field for name, field in Config.model_fields.items()}
    required = {name for name, field in fields.items() if field.is_required()}
    assert set(shown) == set(fields) - required, "what is required stands without #"
    told = {name: str(field.default) for name, field in fields.items() if name in shown and field.default is not None}
    assert {name: shown[name] for name in told} == {name: _as_env(value) for name, value in told.items()}


def _as_env(value: str) -> str:
    return value.lower() if value in {"True", "False"} else value


def test_every_target_of_make_is_told() -> None:
    makefile = paper("Makefile")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    told = set(re.findall(r"^([a-z]+):.*?## ", makefile, re.MULTILINE))
    assert targets == told
    named = set(re.findall(r"\bmake ([a-z]+)\b", paper("README.md") + paper("CONTRIBUTING.md")))
    assert named & {"test", "demo"} == {"test", "demo"}
    assert set(re.findall(r"^make ([a-z]+)", paper("CONTRIBUTING.md"), re.MULTILINE)) <= targets


# --- docs/api.md ---


def codes_told() -> set[str]:
    return set(re.findall(r"^\| `([a-z0-9_]+)` \|", paper(API), re.MULTILINE))


def test_every_code_is_told() -> None:
    assert sorted(set(codes_used()) - codes_told()) == [], f"add them to {API}, each with a sentence"


def codes_used() -> Iterator[str]:
    """Every code of an error or a reason that stands in the source."""
    for kind in (*_below(AppError), *_below(Fault)):
        yield str(kind.code)  # type: ignore[attr-defined]
    for path in sorted(TGAC.rglob("*.py")):
        if "tests" not in path.parts:
            yield from _codes_in(ast.parse(path.read_text()), path.name)


def _below(kind: type[Exception]) -> Iterator[type[Exception]]:
    for one in kind.__subclasses__():
        if one.__module__.startswith("tgac."):
            yield one
            yield from _below(one)


def _codes_in(tree: ast.Module, name: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "code":
            yield from _words(node.value)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Reason", "TextError"} and node.args:
            yield from _words(node.args[0])
        elif isinstance(node, ast.AnnAssign) and name == "reasons.py" and node.value:
            yield from _words(node.value)


def _words(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def test_every_state_of_a_comment_is_told() -> None:
    assert set(get_args(State.__value__)) <= codes_told()


def test_every_call_is_told() -> None:
    app = FastAPI()
    include(app, *ROUTERS)
    roots = ("/api/v1", "/auth", "/healthz", "/readyz")
    calls = {str(route) for route in routes_of(app) if route.path.startswith(roots)}
    told = {_in_full(one) for one in re.findall(r"^\| `([A-Z]+ [^`]+)` \|", paper(API), re.MULTILINE)}
    assert sorted(calls - told - {"GET /api/v1/openapi.json"}) == [], f"add them to {API}"
    assert sorted(told - calls) == [], f"{API} tells of calls that are not there"


def _in_full(call: str) -> str:
    method, _, path = call.partition(" ")
    path = re.sub(r"^P\b", "/projects/{project_id}", path)
    return call if path.startswith(("/auth", "/healthz", "/readyz")) else f"{method} /api/v1{path}"
