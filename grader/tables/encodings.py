"""The encoding of a text file: by its byte order mark, as UTF-8, or else guessed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import TableError
from grader.tables.formats import open_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK = 1 << 20
_WIDE_SAMPLE = 2000
_LATIN = 0.7
_SHOWN = 3
# What spreadsheets and forms write where it is not UTF-8; among all 99 of Python a short file
# would look like several.
_PLAUSIBLE = ["cp1252", "cp1250", "cp1251", "mac_roman", "shift_jis", "gb18030", "euc_kr", "big5"]
_MAC = "mac_roman"
# Of a byte that stands alone in UTF-8: what Windows would have meant by it.
_STRAY = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(128, 256)}
_IS_STRAY = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec's name, and whether it is a guess that the user should hear of."""

    name: str
    guessed: bool = False
    mixed: bool = False
    """UTF-8 but for single bytes, which are read as Windows-1252."""
    other: str = "cp1252"
    """What to name if the guess is wrong."""

    @property
    def errors(self) -> str:
        """How to decode: stray bytes of a mixed file become marks that ``mended`` replaces."""
        return "surrogateescape" if self.mixed else "strict"


def is_stray(text: str) -> bool:
    """Whether a text of a mixed file holds a stray byte."""
    return _IS_STRAY.search(text) is not None


def mended(text: str) -> str:
    """A text of a mixed file with what Windows meant by its stray bytes."""
    return text.translate(_STRAY)


def stray_note(file: Path, numbers: Sequence[int], what: str) -> tuple[str, ...]:
    """What to tell of the rows or lines of a mixed file that hold stray bytes."""
    if not numbers:
        return ()
    some = ", ".join(map(str, numbers[:_SHOWN])) + (", …" if len(numbers) > _SHOWN else "")
    note = (
        f"{file}: is UTF-8 but for {what} {some}, whose other letters are read as Windows-1252: "
        f"if that is wrong, save that {what} as UTF-8"
    )
    return (note,)


def find_encoding(file: Path, named: str | None = None) -> Encoding:
    """The encoding of a file, in constant memory.

    Args:
        file: text, perhaps gzipped.
        named: what the user says; believed if there is such an encoding.

    Raises:
        TableError: the named encoding is unknown, or none fits.
    """
    if named is not None:
        return Encoding(_known(named))
    with open_bytes(file) as stream:
        block = stream.read(_BLOCK)
        for mark, name in _MARKS:
            if block.startswith(mark):
                return Encoding(name)
        if (wide := _without_mark(block)) is not None:
            return Encoding(wide, guessed=True, other="utf-16-be")
        decoder = codecs.getincrementaldecoder("utf-8")()
        while True:
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError:
                break
            if not block:
                return Encoding("utf-8")
            block = stream.read(_BLOCK)
    if _is_mostly_utf8(file):
        return Encoding("utf-8", mixed=True)
    return _guess(file, block)


def _known(name: str) -> str:
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError) as error:
        raise TableError(f"unknown encoding '{name}': try utf-8, cp1252 or utf-16") from error
    if not found._is_text_encoding:  # noqa: SLF001  # as open() asks; there is no public way
        raise TableError(
            f"unknown encoding '{name}': it is not an encoding of text: try utf-8 or cp1252"
        )
    return "utf-8-sig" if found.name == "utf-8" else found.name


def _without_mark(block: bytes) -> str | None:
    """UTF-16 that has lost its mark: every second byte of Latin text is NUL."""
    sample = block[:_WIDE_SAMPLE]
    for name, zeros, others in (
        ("utf-16-le", sample[1::2], sample[::2]),
        ("utf-16-be", sample[::2], sample[1::2]),
    ):
        many = zeros.count(0) > _LATIN * len(zeros)  # the rest may be of other scripts
        if len(zeros) > 1 and many and not others.count(0):
            return name
    return None


def _is_mostly_utf8(file: Path) -> bool:
    """Whether more characters beyond ASCII are UTF-8 than are not.

    What was written in another encoding is hardly ever UTF-8 by chance, for whole lines.
    """
    good = bad = 0
    with open_bytes(file) as stream:
        while line := stream.readline(_BLOCK):
            try:
                good += sum(char > "\x7f" for char in line.decode())
            except UnicodeDecodeError:
                bad += sum("\udc80" <= c <= "\udcff" for c in line.decode("utf-8", _ESCAPE))
    return good >= bad > 0


_ESCAPE = "surrogateescape"


def _guess(file: Path, block: bytes) -> Encoding:
    """Guess from the block that is not UTF-8: it holds the telling bytes."""
    from charset_normalizer import from_bytes

    found = [] if b"\0" in block else list(from_bytes(block, cp_isolation=_PLAUSIBLE))
    tied: set[str] = set()
    if found:
        best = (found[0].chaos, found[0].coherence)
        tied = {m.encoding for m in found if (m.chaos, m.coherence) == best}
        tied |= set(found[0].could_be_from_charset)
    names = [name for name in _PLAUSIBLE if name in tied]
    if b"\r" in block and b"\n" not in block and _MAC in {m.encoding for m in found}:
        names.insert(0, _MAC)  # nothing but an old Mac ends lines so
    if names:
        others = [name for name in [*names[1:], "cp1252", _MAC] if name != names[0]]
        return Encoding(names[0], guessed=True, other=others[0])
    try:
        block.decode("cp1252")
        western = "cp1252"
    except UnicodeDecodeError:
        western = "latin-1"  # which knows every byte
    raise TableError(
        f"{file}: is not UTF-8 and no other encoding is plain: save it as UTF-8, or add "
        f"--encoding {western} (or another)"
    )
