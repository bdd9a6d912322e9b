import pytest

from tgac.kit.web.i18n import LANGUAGES
from tgac.locale import catalogue


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_everything_said_is_translated(language: str) -> None:
    assert list(catalogue.lacking(language)) == [], "run `python -m tgac.locale` and fill in the msgstr"


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_translations_keep_the_placeholders(language: str) -> None:
    faults = [error for message in catalogue.translations(language) for error in message.check()]
    assert faults == []


def test_every_language_but_english_has_a_catalogue() -> None:
    assert {"en", *catalogue.LANGUAGES} == set(LANGUAGES)
