"""The ledger's file: its tables, how an older one is brought up to date, and who may open it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.errors import LedgerError
from grader.tables.columns import ADDED, PASSED

_APPLICATION = 0x67726164  # "grad": tells our files from other SQLite files

KEPT = tuple(name for name in ADDED if name != PASSED)
"""The added cells that ``graded`` has by their names; who passed is in its ``passed``."""
_GRADES = """
CREATE TABLE question (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, signature TEXT NOT NULL,
  versions TEXT NOT NULL, UNIQUE (digest, signature)
);
CREATE INDEX question_name ON question (name);
CREATE TABLE graded (
  question INTEGER NOT NULL REFERENCES question (id), answer TEXT NOT NULL,
  passed INTEGER NOT NULL, provisional INTEGER NOT NULL,
  grade_score, grade_points, grade_max_points, grade_confidence, grade_needs_review, grade_flags,
  grade_missing, grade_misconceptions, grade_feedback, grade_error, grade_detail, grade_signature,
  PRIMARY KEY (question, answer)
);
CREATE TABLE output (size INTEGER, changed_ns INTEGER);
"""
# Version 0.1.0 made them where they were lacking, and left the number of the ledger as it was.
_BATCH_JOBS = """
CREATE TABLE IF NOT EXISTS job (
  id TEXT PRIMARY KEY, output TEXT, endpoint TEXT, model TEXT, rung INTEGER, submitted TEXT,
  state TEXT, input_file TEXT, output_file TEXT, error_file TEXT
);
CREATE TABLE IF NOT EXISTS job_request (
  job TEXT NOT NULL, key TEXT NOT NULL, key_points INTEGER, misconceptions INTEGER,
  reason TEXT, message TEXT, PRIMARY KEY (job, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS job_spent (calls INTEGER, cost REAL);
"""
_SIMILARITY = "ALTER TABLE graded ADD COLUMN grade_similarity;"
MIGRATIONS = {"grades": _GRADES, "batch jobs": _BATCH_JOBS, "similarity": _SIMILARITY}
"""What made the tables of today, in order. A ledger's version is how many it has seen; one that
was published is never changed: what changes the tables is added below."""

_WANTED = """
CREATE TEMP TABLE wanted (
  question INTEGER NOT NULL, answer TEXT NOT NULL, text TEXT, rows INTEGER NOT NULL,
  PRIMARY KEY (question, answer)
);
CREATE TEMP TABLE asked (
  question INTEGER PRIMARY KEY, label TEXT, question_id TEXT, reference TEXT, prompt TEXT
);
CREATE TEMP TABLE failed (
  question INTEGER NOT NULL, answer TEXT NOT NULL, reason TEXT, message TEXT,
  PRIMARY KEY (question, answer)
);
CREATE TEMP TABLE refused (name TEXT, reason TEXT, rows INTEGER, PRIMARY KEY (name, reason));
CREATE TEMP TABLE blank (question INTEGER PRIMARY KEY, rows INTEGER NOT NULL);
"""
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_PRIMARY = 0xFF  # the rest of an error code says more of the same


@contextmanager
def opened(file: Path | None) -> Iterator[sqlite3.Connection]:
    """A connection to a ledger with all of its tables, closed when the block is left.

    Args:
        file: where it lies; None for one that is forgotten at the end.

    Raises:
        LedgerError: another run holds it, it is damaged or not a ledger, a newer version wrote
            it, or it can't be written.
    """
    with _naming(file):
        # A cluster's actor goes from thread to thread, though never works in two at once.
        connection = sqlite3.connect(
            file or "", timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection, file)
            yield connection
        finally:
            connection.close()


@contextmanager
def together(db: sqlite3.Connection) -> Iterator[None]:
    """All that is written in the block is kept, or nothing."""
    db.execute("BEGIN")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _prepare(db: sqlite3.Connection, file: Path | None) -> None:
    db.execute("PRAGMA temp_store = FILE")
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("PRAGMA journal_mode = WAL")
    # With a write-ahead log a killed process loses nothing, and a power cut at most the end.
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("BEGIN EXCLUSIVE")
    _migrate(db, file)
    db.execute("DELETE FROM graded WHERE provisional")
    db.execute("COMMIT")
    [(health,)] = db.execute("PRAGMA quick_check(1)")
    if health != "ok":
        raise sqlite3.DatabaseError(health)
    db.executescript(_WANTED)


def _migrate(db: sqlite3.Connection, file: Path | None) -> None:
    application, version = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    [(tables,)] = db.execute("SELECT COUNT(*) FROM sqlite_master")
    if tables and application != _APPLICATION:
        raise LedgerError(
            f"{file}: is not one of grader's ledgers: move it away, or name another output"
        )
    if version > len(MIGRATIONS):
        raise LedgerError(
            f"{file}: was written by a newer grader (ledger version {version}, this one knows "
            f"{len(MIGRATIONS)}): update answer-grader, or name another output"
        )
    if tables and version == len(MIGRATIONS):
        return
    for script in list(MIGRATIONS.values())[version if tables else 0 :]:
        for statement in script.split(";")[:-1]:
            db.execute(statement)
    db.execute(f"PRAGMA application_id = {_APPLICATION}")
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


@contextmanager
def _naming(file: Path | None) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        # What Python itself finds wrong has no code of SQLite's.
        if getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _BUSY:
            raise LedgerError(
                f"{file}: another run is writing this output: wait for it, or name another output"
            ) from error
        raise LedgerError(
            f"{file or 'the temporary ledger'}: can't be written: {error}: make room, or look "
            "at the permissions, and run the same command again: what was graded is kept"
        ) from error
    except sqlite3.DatabaseError as error:
        raise LedgerError(
            f"{file}: is damaged ({str(error).splitlines()[0]}): delete it to grade everything "
            "anew, or name another output"
        ) from error
