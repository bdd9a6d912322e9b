import struct

import pytest
from tests.support.photos import jpeg

from tgac.kit.errors import Invalid
from tgac.kit.images import MAX_BYTES, Size, require_photo


def code(content: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        require_photo(content)
    assert caught.value.field == "photo"
    return caught.value.code


def test_a_jpeg_is_measured() -> None:
    assert require_photo(jpeg(640, 480)) == Size(640, 480)
    assert require_photo(jpeg(640, 480, frame=0xC2)) == Size(640, 480)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
        b"GIF89a" + b"\0" * 50,
        b"\xff\xd8\xff\xd9",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        jpeg(640, 480)[:-2],
        jpeg(640, 480, frame=0xC3),
        jpeg(640, 480, depth=12),
        jpeg(640, 480, colours=4),
        jpeg(640, 480).replace(struct.pack(">H", 16), b"\xff\xff", 1),
    ],
)
def test_what_is_no_plain_jpeg_is_refused(content: bytes) -> None:
    assert code(content) == "not_a_jpeg"


@pytest.mark.parametrize(("width", "height"), [(159, 400), (65_500, 65_500), (5_001, 5_000), (200, 4_001), (640, 0)])
def test_pictures_that_telegram_does_not_show_or_that_burst_when_unpacked_are_refused(width: int, height: int) -> None:
    assert code(jpeg(width, height)) == "photo_dimensions"


def test_a_heavy_picture_is_refused() -> None:
    assert code(jpeg(640, 480) + b"\0" * MAX_BYTES) == "photo_too_large"
