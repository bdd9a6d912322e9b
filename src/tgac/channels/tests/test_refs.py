import pytest

from tgac.channels.refs import read_ref
from tgac.kit.errors import Invalid

T_ME = "https://t.me"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@city_news", "@city_news"),
        (" city_news\n", "@city_news"),
        ("https://t.me/city_news", "@city_news"),
        ("http://t.me/city_news/", "@city_news"),
        ("t.me/city_news/17?comment=3", "@city_news"),
        ("https://t.me/s/city_news", "@city_news"),
        ("T.ME/City_News", "@City_News"),
        ("telegram.me/city_news", "@city_news"),
        ("-1001234567890", -1001234567890),
        ("https://t.me/c/1234567890/17", -1001234567890),
        ("t.me/c/1", -1000000000001),
    ],
)
def test_every_usual_way_to_name_a_channel_is_understood(text: str, named: int | str) -> None:
    assert read_ref(text, link_base=T_ME) == named


def test_links_of_this_installation_are_understood_too() -> None:
    assert read_ref("http://127.0.0.1:8081/c/7/3", link_base="http://127.0.0.1:8081") == -1000000000007


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "city news",
        "@abc",
        "1234567890",
        "-1234567890",
        "-100" + "1" * 40,
        "-１００１２３４５６７８９０",
        "https://t.me/+AbCdEfGhIjK",
        "https://t.me/joinchat/AbCdEfGhIjK",
        "https://evil.example/city_news",
        "https://t.me.evil.example/city_news",
        "@city_news\x00",
        "@город",
        "a" * 33,
    ],
)
def test_anything_else_is_told_beside_the_field(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_ref(text, link_base=T_ME)
    assert (caught.value.code, caught.value.field) == ("bad_ref", "ref")
