"""Files that are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from grader.errors import OutputError


def write_whole(file: Path, content: str | bytes) -> None:
    """Write a file aside and move it into place, so that no half of it is ever seen.

    Raises:
        OutputError: it can't be written; what was there before is as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    aside = file.with_name(f".{file.name}.partial")
    try:
        try:
            aside.write_bytes(data)
            aside.replace(file)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{file}: can't be written: {error.strerror}") from error
