"""What a file is, its content says; what would be too large unpacked is refused by its header."""

import pytest
from tests.support.photos import gif, jpeg, mp4, png

from tgac.kit.carried import MAX_OTHER, MAX_PHOTO, recognise
from tgac.kit.errors import Invalid


@pytest.mark.parametrize(
    ("content", "kind", "mime_type"),
    [
        (jpeg(640, 480), "photo", "image/jpeg"),
        (png(640, 480), "photo", "image/png"),
        (gif(320, 240, frames=3), "animation", "image/gif"),
        (mp4(320, 240), "animation", "video/mp4"),
        (b"%PDF-1.7 words %%EOF\n", "document", "application/pdf"),
        ("Правила".encode(), "document", "text/plain"),
    ],
)
def test_a_file_is_known_by_what_is_in_it(content: bytes, kind: str, mime_type: str) -> None:
    found = recognise(content, "invoice.exe")
    assert (found.kind, found.mime_type) == (kind, mime_type)
    assert not found.name.endswith(".exe")


def test_a_picture_may_be_sent_as_it_is() -> None:
    assert recognise(jpeg(10, 9000), "a.jpg", as_document=True).kind == "document"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_unknown"),
        (b"\x89PNG\r\n\x1a\n", "file_unknown"),
        (jpeg(640, 480)[:-2], "file_unknown"),
        (png(640, 480)[:-5], "file_unknown"),
        (png(640, 480).replace(b"IDAT", b"IDAX"), "file_unknown"),
        (gif(320, 240)[:-1], "file_unknown"),
        (b"MZ\x90\0\x03", "file_unknown"),
        (b"PK\x03\x04", "file_unknown"),
        (b"<html>", "file_unknown"),
        (b"<svg onload=alert(1)>", "file_unknown"),
        (b"\xff\xfe\xfd", "file_unknown"),
        (png(9000, 9000), "file_dimensions"),
        (png(100, 3000), "file_dimensions"),
        (png(0, 10), "file_dimensions"),
        (gif(60_000, 60_000), "file_dimensions"),
        (gif(2000, 2000, frames=200), "file_dimensions"),
        (mp4(320, 240, sound=True), "not_an_animation"),
        (mp4(320, 240, coded=b"hvc1"), "not_an_animation"),
        (jpeg(640, 480)[:-2] + b"\0" * MAX_PHOTO + b"\xff\xd9", "file_too_large"),
        (b"%PDF-" + b"x" * MAX_OTHER + b"%%EOF", "file_too_large"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_name_of_the_field(content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        recognise(content, "a.jpg")
    assert (refused.value.code, refused.value.field) == (code, "file")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a.jpg", "a.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\x\\фото.JPEG", "фото.JPEG"),
        ('a"\r\nX: y.jpg', "a_X_ y.jpg"),
        ("", "file.jpg"),
        ("a.pdf", "a.pdf.jpg"),
    ],
)
def test_a_name_is_plain_and_its_ending_true(said: str, kept: str) -> None:
    assert recognise(jpeg(640, 480), said).name.casefold() == kept.casefold()
