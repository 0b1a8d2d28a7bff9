"""Replies on disk, so that nothing is paid for twice.

The standard library's SQLite, which survives a kill at any moment: the best-known library for
this, diskcache, keeps pickles, which run code when read (CVE-2025-69872, without a fix).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.errors import OutputError, SettingsError
from grader.files import expanded

OFF = "off"
_FILE = "replies.sqlite"
_OWNER_ONLY, _OWNER_READS = 0o700, 0o600
_WAIT_FOR_OTHERS = 30.0
_TABLES = """
    CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS learnt (
      key TEXT PRIMARY KEY, rung INTEGER NOT NULL, refused TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS paces (key TEXT PRIMARY KEY, seconds REAL NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What the cache holds."""

    file: Path
    replies: int
    size: int
    """Bytes on disk."""


def cache_folder(setting: str) -> Path:
    """Where the setting ``llm_cache`` puts the cache; by default where the system wants it.

    Raises:
        SettingsError: the user has no home folder, as in many containers.
    """
    from platformdirs import user_cache_path

    try:
        folder = expanded(setting) if setting else user_cache_path("grader", appauthor=False)
    except (RuntimeError, ValueError):
        folder = Path("~")
    if folder.parts[:1] == ("~",):  # what some versions of platformdirs leave as it is
        raise SettingsError(
            "there is no home folder to keep the judge's replies in: name a folder with "
            f"--llm-cache FOLDER, or set HOME, or keep none: --llm-cache {OFF}"
        )
    return folder


def cache_key(request: Mapping[str, Any]) -> str:
    """The hash of all that decides a reply."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


class ReplyCache:
    """Replies by request, and what a model at an endpoint takes.

    Used from one thread at a time; several processes may share the file. Replies quote
    answers: the folder is for its owner's eyes alone.
    """

    def __init__(self, folder: Path) -> None:
        """Open or make the cache.

        Raises:
            OutputError: the folder can't be written, or the file is no cache.
        """
        self.file = folder / _FILE
        with self._naming():
            folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
            self.file.touch(mode=_OWNER_READS)
            self.file.chmod(_OWNER_READS)
            self._db = sqlite3.connect(
                self.file,
                timeout=_WAIT_FOR_OTHERS,
                isolation_level=None,  # each statement is a transaction
                check_same_thread=False,
            )
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_TABLES)

    def get(self, key: str) -> str | None:
        """A reply's text, if it is there."""
        with self._naming():
            row = self._db.execute("SELECT text FROM replies WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def put(self, key: str, text: str) -> None:
        """Keep a reply."""
        with self._naming():
            self._db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (key, text))

    def learnt(self, endpoint: str) -> tuple[int, list[str]] | None:
        """The rung that has worked for an endpoint's model, and the parameters it refused."""
        sql = "SELECT rung, refused FROM learnt WHERE key = ?"
        with self._naming():
            row = self._db.execute(sql, (endpoint,)).fetchone()
        return (row[0], row[1].split()) if row else None

    def keep_learnt(self, endpoint: str, rung: int, refused: Iterable[str]) -> None:
        """Remember them for the next run."""
        values = endpoint, rung, " ".join(sorted(refused))
        with self._naming():
            self._db.execute("INSERT OR REPLACE INTO learnt VALUES (?, ?, ?)", values)

    def pace(self, endpoint: str) -> float:
        """The seconds that the fastest call of an earlier run took; 0 where none is known."""
        sql = "SELECT seconds FROM paces WHERE key = ?"
        with self._naming():
            row = self._db.execute(sql, (endpoint,)).fetchone()
        return row[0] if row else 0.0

    def keep_pace(self, endpoint: str, seconds: float) -> None:
        """Remember it for the next run."""
        with self._naming():
            self._db.execute("INSERT OR REPLACE INTO paces VALUES (?, ?)", (endpoint, seconds))

    def info(self) -> CacheInfo:
        """What is there."""
        with self._naming():
            (replies,) = self._db.execute("SELECT count(*) FROM replies").fetchone()
            files = self.file.parent.glob(f"{_FILE}*")
            return CacheInfo(self.file, replies, sum(file.stat().st_size for file in files))

    def clear(self) -> int:
        """Forget everything; how many replies there were."""
        with self._naming():
            gone = self._db.execute("DELETE FROM replies").rowcount
            self._db.execute("DELETE FROM learnt")
            self._db.execute("DELETE FROM paces")
            self._db.execute("VACUUM")
        return gone

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise OutputError(
                f"{self.file}: can't be used as the judge's cache: {error}: "
                f"delete it, or choose another folder or '{OFF}' with --llm-cache"
            ) from error
