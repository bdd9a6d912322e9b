"""ZIP files that people send: nothing is believed that they say of themselves, and nothing is ever written to a disk.

The rules are SECURITY.md's "Input", row "ZIP". What can hide in one: https://www.bamsoftware.com/hacks/zipbomb/
"""

import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from typing import Final

from tgac.kit.errors import Invalid
from tgac.kit.web.i18n import _

MAX_PACKED: Final = 10 * 1024 * 1024
MAX_REAL: Final = 50 * 1024 * 1024
MAX_MEMBERS: Final = 200
MAX_RATIO: Final = 100
_PIECE: Final = 64 * 1024
_BEGINNINGS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_ENTRY: Final = b"PK\x01\x02"
_LOCAL_HEADER: Final = 30
_NESTED: Final = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"(\xb5/\xfd")
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED: Final = 0x1 | 0x40
_UTF8: Final = 0x800
_LITTER: Final = ("__MACOSX/", ".DS_Store")
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def is_zip(content: bytes) -> bool:
    """Whether the bytes claim to be a ZIP."""
    return content.startswith(_BEGINNINGS)


def read_zip(content: bytes) -> dict[str, bytes]:
    """Every file of the archive by its name. What macOS adds to archives is left out.

    Raises Invalid (field `file`) with the reason; it is never taken in half.
    """
    if len(content) > MAX_PACKED:
        raise _refused(_("An archive has at most %(n)s MB.", n=MAX_PACKED // 1024**2), code="archive_too_large")
    if not is_zip(content) or content.count(_ENTRY) > 2 * MAX_MEMBERS:
        raise _refused(_("This is no ZIP archive, or it holds too many files."), code="bad_archive")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _unpacked(archive)
    except _BROKEN:
        raise _refused(_("The archive is damaged."), code="bad_archive") from None


def _unpacked(archive: zipfile.ZipFile) -> dict[str, bytes]:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise _refused(_("An archive holds at most %(n)s files.", n=MAX_MEMBERS), code="archive_too_many")
    _require_apart(members, end=archive.start_dir)
    files: dict[str, bytes] = {}
    taken: set[str] = set()
    room = MAX_REAL
    for member in members:
        name = _name(member)
        if name.startswith(_LITTER):
            continue
        _require_plain(member, name)
        if name.casefold() in taken:
            raise _refused(_("The archive holds two files called “%(name)s”.", name=name), code="bad_archive")
        taken.add(name.casefold())
        files[name] = _read(archive, member, name, room=room)
        room -= len(files[name])
    return files


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, *, room: int) -> bytes:
    """What is really in it, counted as it comes out: the sizes in the archive are its author's claims."""
    unpacked = bytearray()
    with archive.open(member) as stream:
        while piece := stream.read(_PIECE):
            unpacked += piece
            if len(unpacked) > room:
                raise _refused(
                    _("Unpacked, an archive has at most %(n)s MB.", n=MAX_REAL // 1024**2), code="archive_too_large"
                )
            if len(unpacked) > max(_PIECE, member.compress_size * MAX_RATIO):
                raise _refused(_("“%(name)s” is packed too tightly to be believed.", name=name), code="archive_bomb")
    if unpacked.startswith(_NESTED):
        raise _refused(_("“%(name)s” is an archive itself. Put its files in directly.", name=name), code="bad_archive")
    return bytes(unpacked)


def _require_apart(members: list[zipfile.ZipInfo], *, end: int) -> None:
    """No two files share bytes of the archive: that is how a small one becomes endless."""
    free = 0
    for member in sorted(members, key=lambda one: one.header_offset):
        if member.header_offset < free:
            raise _refused(_("Files of the archive lie over each other."), code="archive_bomb")
        free = member.header_offset + _LOCAL_HEADER + len(_raw_name(member)) + member.compress_size
    if free > end:
        raise _refused(_("The archive is damaged."), code="bad_archive")


def _require_plain(member: zipfile.ZipInfo, name: str) -> None:
    """A plain file with a plain name, that needs no password."""
    if member.flag_bits & _ENCRYPTED:
        raise _refused(_("The archive asks for a password. Make one without."), code="archive_encrypted")
    if member.is_dir() or "/" in name or "\\" in name or ":" in name or name in (".", ".."):
        words = _("“%(name)s” is in a folder. Put all files at the top of the archive.", name=name[:80])
        raise _refused(words, code="archive_folders")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise _refused(_("“%(name)s” is a link or no plain file.", name=name[:80]), code="bad_archive")
    if not name.isprintable() or not 1 <= len(name) <= 200 or member.compress_type not in _METHODS:
        raise _refused(_("A file of the archive has a name or a packing that cannot be used."), code="bad_archive")


def _name(member: zipfile.ZipInfo) -> str:
    """The name as its author saw it: where it is not marked as UTF-8, macOS means that all the same, Windows DOS."""
    raw = _raw_name(member)
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        name = raw.decode("cp866")
    return unicodedata.normalize("NFC", name)


def _raw_name(member: zipfile.ZipInfo) -> bytes:
    """As it stands in the archive; zipfile has read it by the mark."""
    return member.orig_filename.encode("utf-8" if member.flag_bits & _UTF8 else "cp437")


def _refused(words: str, *, code: str) -> Invalid:
    return Invalid(words, code=code, field="file")
