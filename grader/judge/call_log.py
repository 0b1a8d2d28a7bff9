"""A file of all that was sent to the judge and came back; keys are in none of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.errors import OutputError

_OWNER_ONLY = 0o600


class CallLog:
    """JSON lines, one a call, added to the end of a file that only its owner may read."""

    def __init__(self, file: Path) -> None:
        """Open the file.

        Raises:
            OutputError: it can't be written.
        """
        self._file = file
        try:
            handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _OWNER_ONLY)
            file.chmod(_OWNER_ONLY)
        except OSError as error:
            raise OutputError(f"{file}: can't be written: {error.strerror}") from error
        self._stream = os.fdopen(handle, "a", encoding="utf-8")

    def write(self, entry: Mapping[str, Any]) -> None:
        """Add a line.

        Raises:
            OutputError: the disk is full, for one.
        """
        line = {"time": datetime.now(UTC).isoformat(), **entry}
        try:
            self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._stream.flush()
        except OSError as error:
            raise OutputError(f"{self._file}: can't be written: {error.strerror}") from error

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
