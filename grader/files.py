"""Files: one text read, one written whole or not at all, and where the user's own lie."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from grader.errors import AnswerError, InputError, OutputError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_SHOWN = 60
_MOST_BYTES_A_CHAR = 4
_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


def expanded(path: str | Path) -> Path:
    """A path with the user's home folder for ``~``.

    Raises:
        ValueError: it begins with ``~``, and there is no such folder, as in many containers.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ValueError(
            "there is no home folder for '~' to stand for: write the path in full"
        ) from error


@contextmanager
def placed(file: Path, placing: Callable[[Path], None] = lambda _: None) -> Iterator[Path]:
    """A path to write to, moved to the file's place when the block is left without an exception.

    So no half of it is ever seen. A link stays one, and a file keeps who may read it.

    Args:
        file: what is written.
        placing: called with the finished file before it is moved.

    Raises:
        OutputError: it can't be written; what was there before is as it was.
    """
    with _naming(file):
        target = file.resolve()
        aside = target.with_name(f".{target.name}.partial")
        try:
            yield aside
            _settle(aside)
            if target.exists():
                aside.chmod(target.stat().st_mode)
            placing(aside)
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)


def check_output(file: Path, *, force: bool) -> None:
    """Refuse an output that must not or can't be written, before any work is done.

    Raises:
        OutputError: it exists, is a folder, or its folder is missing or read-only.
    """
    if file.is_dir():
        raise OutputError(f"{file}: is a folder: name a file to write")
    if file.exists() and not file.is_file():
        raise OutputError(f"{file}: is not a file that can be replaced: choose another name")
    if file.exists() and not force:
        raise OutputError(f"{file}: exists already: choose another name, or add --force")
    if not file.parent.is_dir():
        raise OutputError(f"{file}: there is no folder {file.parent}: make it first")
    if not os.access(file.parent, os.W_OK):
        raise OutputError(f"{file}: can't be written: no permission in {file.parent}")


def check_folder(folder: Path) -> None:
    """Refuse a folder that can't be written, before any work is done; it need not be there.

    Raises:
        OutputError: it is a file, or it or the folder to make it in is read-only.
    """
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise OutputError(f"{folder}: can't be written: {there} is a file, not a folder")
    if not os.access(there, os.W_OK):
        raise OutputError(f"{folder}: can't be written: no permission in {there}")


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where they are not.

    Raises:
        OutputError: it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: can't be written: {error.strerror}") from error


def check_new_folder(folder: Path) -> None:
    """Refuse a folder that can't be made, or has something in it, before any work is done.

    Raises:
        OutputError: it is a file, or not empty, or the folder that it is to lie in is missing or
            read-only.
    """
    target = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file: name a folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError(f"{folder}: is not empty: name a new folder, or empty this one")
    if target == Path.cwd():
        raise OutputError(f"{folder}: is the folder that you are in: name one within it")
    if not target.parent.is_dir():
        raise OutputError(f"{folder}: there is no folder {folder.parent}: make it first")
    if not os.access(target.parent, os.W_OK):
        raise OutputError(f"{folder}: can't be written: no permission in {target.parent}")


@contextmanager
def placed_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into, moved to its place when the block is left without an exception.

    Args:
        folder: what is made; if it is there, it must be empty.

    Raises:
        OutputError: it can't be written; nothing of it is left then.
    """
    with _naming(folder):
        target = folder.resolve()
        aside = target.with_name(f".{target.name}.partial")
        shutil.rmtree(aside, ignore_errors=True)  # of a run that was killed
        aside.mkdir()
        try:
            yield aside
            if target.is_dir():
                aside.chmod(target.stat().st_mode)
                target.rmdir()
            aside.replace(target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def write_whole(file: Path, content: str | bytes) -> None:
    """Write a file in one go, ``placed``.

    Raises:
        OutputError: it can't be written; what was there before is as it was.
    """
    with placed(file) as aside:
        aside.write_bytes(content.encode() if isinstance(content, str) else content)


def _settle(file: Path) -> None:
    """Have the bytes on the disk before the name points to them."""
    with file.open("rb") as stream:
        os.fsync(stream.fileno())


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        way_out = ": make room and run the same command again" if error.errno in _FULL else ""
        raise OutputError(
            f"{file}: can't be written: {error.strerror or error}{way_out}"
        ) from error


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
