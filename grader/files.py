"""Files that are written whole or not at all, and where the user's own lie."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.errors import OutputError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


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
