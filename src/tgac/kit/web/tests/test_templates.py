import re
from pathlib import Path

import pytest

from tgac.kit.web import pages

FORBIDDEN = {
    "an inline handler": r"\bhx-on\b|\son[a-z]+\s*=",
    "a script in an attribute": r"\bjs:|javascript:",
    "an inline script": r"<script(?![^>]*\ssrc=)",
    "an inline style": r"<style|\sstyle\s*=",
    "unescaped text": r"\|\s*safe\b|\bMarkup\b|autoescape\s+false",
    "a trigger filter": r"hx-trigger=\"[^\"]*\[",
    "another host's file": r"(?:(?:src|srcset|poster)\s*=\s*|<link[^>]*href\s*=\s*|url\(\s*)[\"']?(?:https?:)?//",
    "a file of its own instead of static_url": r"(?:src|href)\s*=\s*[\"']/static/",
}
TEMPLATES = sorted(path for folder in pages.template_folders() for path in folder.rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_keeps_to_what_the_csp_allows(path: Path) -> None:
    text = path.read_text()
    found = [f"{what}: {hit[0]}" for what, pattern in FORBIDDEN.items() for hit in re.finditer(pattern, text)]
    assert found == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_form_that_changes_something_carries_the_token(path: Path) -> None:
    forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", path.read_text(), re.DOTALL | re.IGNORECASE)
    assert [form[:80] for form in forms if "csrf_field()" not in form] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_names_only_icons_that_are_built(path: Path) -> None:
    names = re.findall(r"(?:\bicon\(|icon_name=)\"([a-z-]+)\"", path.read_text())
    assert all(pages.icon_url(name) for name in names)


def test_every_template_compiles() -> None:
    for name in pages.environment.list_templates(extensions=["html"]):
        pages.environment.get_template(name)


@pytest.mark.parametrize(
    "sample", ['<a onclick="x()">', "<p hx-on:click=x>", "<script>1</script>", '<b style="x">', "{{ a|safe }}"]
)
def test_the_check_sees_what_it_looks_for(sample: str) -> None:
    assert any(re.search(pattern, sample) for pattern in FORBIDDEN.values())
