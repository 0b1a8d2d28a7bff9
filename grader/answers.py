"""Reading one answer or reference from a file or standard input."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import BinaryIO

from grader.errors import AnswerError, InputError

_SHOWN = 60
_MOST_BYTES_A_CHAR = 4
_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


def read_answer(source: str, *, max_chars: int, encoding: str | None = None) -> str:
    """The text of a file, or of standard input for ``-``.

    Args:
        source: a path, or ``-``.
        max_chars: the longest text accepted.
        encoding: the file's encoding; UTF-8 if not given.

    Raises:
        AnswerError: missing, unreadable, too large, binary, empty or in another encoding.
    """
    data = _read(source, max_chars * _MOST_BYTES_A_CHAR)
    name = "standard input" if source == "-" else source
    text = _decode(data, name, encoding)
    if not text.strip():
        raise AnswerError(f"{name}: is empty: there is nothing to grade")
    if len(text) > max_chars:
        raise AnswerError(_too_long(name, max_chars))
    return text


def standard_input() -> BinaryIO:
    """The bytes of standard input.

    Raises:
        InputError: it is closed.
    """
    if sys.stdin is None:
        raise InputError("standard input is closed: name a file")
    return sys.stdin.buffer


def _read(source: str, limit: int) -> bytes:
    if source == "-":
        data = standard_input().read(limit + 1)
    else:
        try:
            with Path(source).open("rb") as file:
                data = file.read(limit + 1)
        except IsADirectoryError as error:
            raise AnswerError(f"{source}: is a folder: give one text file") from error
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.ENAMETOOLONG}:
                raise AnswerError(f"{source}: can't be read: {error.strerror}") from error
            name = source if len(source) <= _SHOWN else f"{source[:_SHOWN]}…"
            raise AnswerError(
                f"{name}: no such file (to grade a text itself, use --text)"
            ) from error
    if len(data) > limit:
        raise AnswerError(_too_long(source, limit // _MOST_BYTES_A_CHAR))
    return data


def _decode(data: bytes, name: str, encoding: str | None) -> str:
    if encoding is None:
        for mark, marked in _MARKS.items():
            if data.startswith(mark):
                raise AnswerError(
                    f"{name}: is {marked.upper()}, not UTF-8: add --encoding {marked}"
                )
        if b"\x00" in data:
            raise AnswerError(f"{name}: is binary, not text: save the answer as plain text")
    try:
        return data.decode(encoding or "utf-8-sig")
    except LookupError as error:
        raise AnswerError(f"unknown encoding '{encoding}': try utf-8, latin-1 or utf-16") from error
    except UnicodeDecodeError as error:
        if encoding:
            raise AnswerError(f"{name}: is not {encoding} (byte {error.start})") from error
        raise AnswerError(
            f"{name}: is not UTF-8 (byte {error.start}): save it as UTF-8, "
            "or add --encoding latin-1"
        ) from error


def _too_long(name: str, limit: int) -> str:
    return f"{name}: is longer than {limit:,} characters: grade one answer at a time"
