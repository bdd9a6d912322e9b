"""Archives made to do harm; each is refused with its own words."""

import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable

import pytest

from tgac.kit.archives import MAX_MEMBERS, MAX_PACKED, MAX_REAL, is_zip, read_zip
from tgac.kit.errors import Invalid


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def with_mode(mode: int) -> bytes:
    made, info = io.BytesIO(), zipfile.ZipInfo("link")
    info.external_attr = mode << 16
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(info, b"/etc/passwd")
    return made.getvalue()


def with_flag(flag: int) -> bytes:
    content = bytearray(packed({"a": b"x"}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", content, content.index(mark) + place, flag)
    return bytes(content)


def twice() -> bytes:
    content = packed({"aa.txt": b"1", "bb.txt": b"2"})
    return content.replace(b"bb.txt", b"aa.txt")


def overlapping() -> bytes:
    """Two entries of the list that point at the same file."""
    content = packed({"a.txt": b"x" * 100})
    begin, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entry = content[begin:end]
    tail = bytearray(content[end:])
    struct.pack_into("<HHI", tail, 8, 2, 2, 2 * len(entry))
    return content[:end] + entry + bytes(tail)


def lying() -> bytes:
    """It says of itself that it unpacks to ten bytes."""
    content = bytearray(packed({"a.txt": b"y" * 1000}))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", content, content.index(mark) + place, 10)
    return bytes(content)


def large() -> bytes:
    """Unpacks to more than fits, each file less than a hundredfold."""
    block = b"".join(struct.pack(">I", number * 2_654_435_761 % 2**32) for number in range(50_000))
    part = (block[:1000] + b"\0" * 60_000) * 180
    return packed({f"{number}.bin": part for number in range(5)})


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "no zip": (lambda: b"PK\x03\x04 and then nothing", "bad_archive"),
    "cut off": (lambda: packed({"a": b"x" * 500})[:-30], "bad_archive"),
    "too large": (lambda: b"PK\x03\x04" + b"\0" * MAX_PACKED, "archive_too_large"),
    "too many": (lambda: packed({f"{n}": b"" for n in range(MAX_MEMBERS + 1)}), "archive_too_many"),
    "far too many": (lambda: packed({f"{n}": b"" for n in range(3 * MAX_MEMBERS)}), "bad_archive"),
    "a bomb": (lambda: packed({"a": b"\0" * 20_000_000}), "archive_bomb"),
    "large inside": (large, "archive_too_large"),
    "overlapping": (overlapping, "archive_bomb"),
    "a lie about its size": (lying, "bad_archive"),
    "a path": (lambda: packed({"../../etc/passwd": b"x"}), "archive_folders"),
    "a path of Windows": (lambda: packed({"..\\x": b"x"}), "archive_folders"),
    "a drive": (lambda: packed({"C:x": b"x"}), "archive_folders"),
    "a folder": (lambda: packed({"photos/": b""}), "archive_folders"),
    "a link": (lambda: with_mode(stat.S_IFLNK | 0o777), "bad_archive"),
    "a pipe": (lambda: with_mode(stat.S_IFIFO), "bad_archive"),
    "a password": (lambda: with_flag(1), "archive_encrypted"),
    "an archive inside": (lambda: packed({"a.dat": packed({"b": b"c"})}), "bad_archive"),
    "the same name twice": (twice, "bad_archive"),
    "the same name but for its letters": (lambda: packed({"A.jpg": b"1", "a.jpg": b"2"}), "bad_archive"),
    "a strange packing": (lambda: packed({"a": b"x" * 99}, zipfile.ZIP_BZIP2), "bad_archive"),
    "a name that hides": (lambda: packed({"a\u202egpj.exe": b"x"}), "bad_archive"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_refused_with_its_reason(kind: str) -> None:
    made, code = HOSTILE[kind]
    with pytest.raises(Invalid) as caught:
        read_zip(made())
    assert (caught.value.code, caught.value.field) == (code, "file")


def test_files_come_by_their_names() -> None:
    content = packed({"bots.csv": b"bot\n", "Фото.jpg": b"\xff\xd8", "__MACOSX/._bots.csv": b"x", ".DS_Store": b"y"})
    assert is_zip(content)
    assert read_zip(content) == {"bots.csv": b"bot\n", "Фото.jpg": b"\xff\xd8"}


def test_names_written_by_windows_in_dos_letters_are_understood() -> None:
    name = "фото.jpg".encode("cp866")
    assert list(read_zip(packed({"12345678": b"x"}).replace(b"12345678", name))) == ["фото.jpg"]


def test_what_unpacks_to_just_the_limit_is_taken() -> None:
    part = (random.Random(7).randbytes(15_000) + b"\0" * 1_033_576)[: 1024**2]
    content = packed({f"{n}": part for n in range(50)})
    assert sum(map(len, read_zip(content).values())) == MAX_REAL


def test_each_limit_lets_pass_what_reaches_it_and_nothing_more() -> None:
    """Ten megabytes packed, fifty real, two hundred files, a hundred times the packed size."""
    empty = len(packed({"a": b""}, zipfile.ZIP_STORED))
    full = packed({"a": random.Random(7).randbytes(MAX_PACKED - empty)}, zipfile.ZIP_STORED)
    assert len(full) == MAX_PACKED
    assert len(read_zip(full)["a"]) == MAX_PACKED - empty
    assert refusal(full + b"x") == "archive_too_large"
    assert len(read_zip(packed({f"{n}": b"" for n in range(MAX_MEMBERS)}))) == MAX_MEMBERS
    assert refusal(packed({f"{n}": b"" for n in range(MAX_MEMBERS + 1)})) == "archive_too_many"
    part = (random.Random(7).randbytes(15_000) + b"\0" * 1_033_576)[: 1024**2]
    assert refusal(packed({f"{n}": part for n in range(50)} | {"last": b"x"})) == "archive_too_large"


def test_a_file_may_be_a_hundred_times_as_large_as_it_was_packed_and_no_larger() -> None:
    content = random.Random(7).randbytes(20_000)
    while ratio_of(made := packed({"a": content})) <= 100:
        taken, content = made, content + b"\0" * 20_000
    assert ratio_of(taken) > 97
    assert list(read_zip(taken)) == ["a"]
    assert refusal(made) == "archive_bomb"


def ratio_of(content: bytes) -> float:
    member = zipfile.ZipFile(io.BytesIO(content)).infolist()[0]
    return member.file_size / member.compress_size


def refusal(content: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        read_zip(content)
    return caught.value.code
