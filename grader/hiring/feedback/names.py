"""Names of files that every system takes, one for each candidate. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_MOST_BYTES = 100  # of 255, so that there is room for what is added, on every file system
_NAMELESS = "candidate"
# What Windows takes for a device, whatever the ending.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def file_stems(names: Iterable[str]) -> list[str]:
    """A file's name for each candidate, without ending; no two are alike.

    Letters and digits of any script are kept, all else is a hyphen. Names that differ in capitals
    alone are the same to some systems, and are numbered as equal ones are.
    """
    taken: set[str] = set()
    found = []
    for name in names:
        stem = first = _safe(name)
        number = 1
        while _compared(stem) in taken:
            number += 1
            stem = f"{first}-{number}"
        taken.add(_compared(stem))
        found.append(stem)
    return found


def _compared(stem: str) -> str:
    return unicodedata.normalize("NFKD", stem).casefold()


def _safe(name: str) -> str:
    text = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", name)).strip("-")
    text = text.encode()[:_MOST_BYTES].decode(errors="ignore").strip("-")
    if not text:
        return _NAMELESS
    return f"{_NAMELESS}-{text}" if _DEVICE.fullmatch(text) else text
