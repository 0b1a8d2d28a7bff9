"""The encoding of a text file: by its byte order mark, as UTF-8, or else guessed."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from grader.batch.formats import open_bytes
from grader.errors import TableError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK = 1 << 20
# What spreadsheets and forms write where it is not UTF-8; among all 99 of Python a short file
# would look like several.
_PLAUSIBLE = ["cp1252", "cp1250", "cp1251", "mac_roman", "shift_jis", "gb18030", "euc_kr", "big5"]


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec's name, and whether it is a guess that the user should hear of."""

    name: str
    guessed: bool = False


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
        decoder = codecs.getincrementaldecoder("utf-8")()
        while True:
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError:
                return _guess(file, block)
            if not block:
                return Encoding("utf-8")
            block = stream.read(_BLOCK)


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


def _guess(file: Path, block: bytes) -> Encoding:
    """Guess from the block that is not UTF-8: it holds the telling bytes."""
    from charset_normalizer import from_bytes

    found = [] if b"\0" in block else list(from_bytes(block, cp_isolation=_PLAUSIBLE))
    tied: set[str] = set()
    if found:
        best = (found[0].chaos, found[0].coherence)
        tied = {m.encoding for m in found if (m.chaos, m.coherence) == best}
        tied |= set(found[0].could_be_from_charset)
    for name in _PLAUSIBLE:
        if name in tied:
            return Encoding(name, guessed=True)
    raise TableError(
        f"{file}: is not UTF-8 and no other encoding is plain: save it as UTF-8, or add "
        "--encoding cp1252 (or another)"
    )
