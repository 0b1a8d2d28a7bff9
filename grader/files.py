"""Files that are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from grader.errors import OutputError


def write_whole(file: Path, content: str | bytes) -> None:
    """Write a file aside and move it into place, so that no half of it is ever seen.

    A link stays one, and a file keeps who may read it.

    Raises:
        OutputError: it can't be written; what was there before is as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        target = file.resolve()
        aside = target.with_name(f".{target.name}.partial")
        try:
            aside.write_bytes(data)
            if target.exists():
                aside.chmod(target.stat().st_mode)
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{file}: can't be written: {error.strerror}") from error
