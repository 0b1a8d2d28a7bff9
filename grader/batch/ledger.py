"""What a run has graded: an SQLite file beside the output, which outlives the process.

Two tables anyone may look at when no run is writing them: ``question`` (each version of a
question that was graded, with its signature) and ``graded`` (a grade for each distinct
answer). What is wanted now lies in temporary tables, which die with the process.

The open ledger is also the lock: SQLite holds the file until the connection is closed or its
process is gone.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.engine.scoring import sign
from grader.errors import LedgerError
from grader.graded_columns import grade_cells
from grader.records import Failure, Grade, Question
from grader.tables.columns import ADDED, NEEDS_REVIEW

SUFFIX = ".ledger"
_APPLICATION = 0x67726164  # "grad": tells our files from other SQLite files
_VERSION = 1

_TABLES = f"""
CREATE TABLE question (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, signature TEXT NOT NULL,
  versions TEXT NOT NULL, UNIQUE (digest, signature)
);
CREATE INDEX question_name ON question (name);
CREATE TABLE graded (
  question INTEGER NOT NULL REFERENCES question (id), answer TEXT NOT NULL,
  passed INTEGER NOT NULL, provisional INTEGER NOT NULL, {", ".join(ADDED)},
  PRIMARY KEY (question, answer)
);
CREATE TABLE output (size INTEGER, changed_ns INTEGER);
"""
# Made where they are wanted, also in a ledger that is older than they are.
_JOBS = """
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
_WANTED = """
CREATE TEMP TABLE wanted (
  question INTEGER NOT NULL, answer TEXT NOT NULL, text TEXT, rows INTEGER NOT NULL,
  PRIMARY KEY (question, answer)
);
CREATE TEMP TABLE asked (
  question INTEGER PRIMARY KEY, label TEXT, slug TEXT, reference TEXT, prompt TEXT
);
CREATE TEMP TABLE failed (
  question INTEGER NOT NULL, answer TEXT NOT NULL, reason TEXT, message TEXT,
  PRIMARY KEY (question, answer)
);
CREATE TEMP TABLE refused (name TEXT, reason TEXT, rows INTEGER, PRIMARY KEY (name, reason));
"""
_TODO = """
FROM wanted AS w LEFT JOIN graded AS g ON g.question = w.question AND g.answer = w.answer
"""
_NEXT = f"""
SELECT w.question, w.answer, w.text, a.slug, a.reference, a.prompt {_TODO}
JOIN asked AS a ON a.question = w.question
WHERE g.answer IS NULL AND (w.question, w.answer) > (?, ?)
ORDER BY w.question, w.answer LIMIT ?
"""
_ANEW = f"""
SELECT q.versions, json_group_array(DISTINCT old.versions), COUNT(DISTINCT w.answer) {_TODO}
JOIN question AS q ON q.id = w.question
JOIN question AS old ON old.name = q.name AND old.id <> q.id
JOIN graded AS og ON og.question = old.id AND og.answer = w.answer
WHERE g.answer IS NULL GROUP BY q.id
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a question was asked for: a slug, or a reference with its prompt."""

    slug: str
    reference: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Key:
    """One distinct answer to one version of a question."""

    question: int
    answer: str
    """SHA-256 of the text, as hex."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has before it."""

    rows: int
    distinct: int
    to_grade: int
    anew: Mapping[str, int]
    """Answers that were graded before, by what has changed since."""


class Ledger:
    """The grades of one output. Use ``open_ledger``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    # ── what is wanted ──────────────────────────────────────────────────────

    def want_nothing(self) -> None:
        """Forget what was wanted and what failed; grades are kept."""
        for table in ("wanted", "asked", "failed", "refused"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608  # names of our own

    def question(self, question: Question, versions: Mapping[str, str], asked: Asked) -> int:
        """The number of a version of a question, which is noted if it is new."""
        label = "" if question.reference_only else question.id
        name = label or question.digest
        values = (name, question.digest, sign(dict(versions)), json.dumps(dict(versions)))
        self._db.execute(
            "INSERT OR IGNORE INTO question (name, digest, signature, versions) "
            "VALUES (?, ?, ?, ?)",
            values,
        )
        [(number,)] = self._db.execute(
            "SELECT id FROM question WHERE digest = ? AND signature = ?", values[1:3]
        )
        self._db.execute(
            "INSERT OR IGNORE INTO asked VALUES (?, ?, ?, ?, ?)",
            (number, label, asked.slug, asked.reference, asked.prompt),
        )
        return int(number)

    def want(self, answers: Iterable[tuple[Key, str]]) -> None:
        """Note answers that are to be graded, each as often as it stands in the table."""
        self._db.executemany(
            "INSERT INTO wanted VALUES (?, ?, ?, 1) "
            "ON CONFLICT (question, answer) DO UPDATE SET rows = rows + 1",
            ((key.question, key.answer, text) for key, text in answers),
        )

    def refuse(self, name: str, reason: str) -> None:
        """Count a row that can't be graded, by the question it names and the reason."""
        self._db.execute(
            "INSERT INTO refused VALUES (?, ?, 1) "
            "ON CONFLICT (name, reason) DO UPDATE SET rows = rows + 1",
            (name, reason),
        )

    def plan(self) -> Plan:
        """What is to be done, once everything that is wanted has been noted."""
        [(rows, distinct)] = self._db.execute("SELECT COALESCE(SUM(rows), 0), COUNT(*) FROM wanted")
        [(refused,)] = self._db.execute("SELECT COALESCE(SUM(rows), 0) FROM refused")
        [(to_grade,)] = self._db.execute(f"SELECT COUNT(*) {_TODO} WHERE g.answer IS NULL")
        return Plan(rows + refused, distinct, to_grade, self._anew())

    def todo(self, size: int, chars: int) -> Iterator[list[tuple[Key, str, Asked]]]:
        """What is still to be graded, question by question, in chunks.

        Args:
            size: the most answers in a chunk.
            chars: a chunk that holds this many characters takes no more.
        """
        last = Key(-1, "")
        while True:
            rows = self._db.execute(_NEXT, (last.question, last.answer, size)).fetchall()
            chunk: list[tuple[Key, str, Asked]] = []
            for question, answer, text, *asked in rows:
                chunk.append((Key(question, answer), text, Asked(*asked)))
                if sum(len(text) for _, text, _ in chunk) >= chars:
                    break
            if not chunk:
                return
            yield chunk
            last = chunk[-1][0]

    def _anew(self) -> dict[str, int]:
        """Answers that an earlier version of their question was graded with."""
        anew: dict[str, int] = {}
        for now, then, answers in self._db.execute(_ANEW):
            earlier = [_changed(json.loads(now), json.loads(old)) for old in json.loads(then)]
            fewest = min(earlier, key=len)
            changed = ", ".join(fewest)
            anew[changed] = anew.get(changed, 0) + answers
        return anew

    # ── what was graded ─────────────────────────────────────────────────────

    def store(self, results: Sequence[tuple[Key, Grade | Failure]]) -> None:
        """Keep grades for good, all of them or none; failures are kept for this run alone.

        A grade whose judge could not be relied on is provisional: the next run makes it anew.
        """
        grades = [(key, r) for key, r in results if isinstance(r, Grade)]
        failures = [(key, r) for key, r in results if isinstance(r, Failure)]
        marks = ", ".join("?" * (4 + len(ADDED)))
        with self.together():
            self._db.executemany(
                f"INSERT OR REPLACE INTO graded VALUES ({marks})",  # noqa: S608  # question marks
                (
                    (*_plain(key), grade.passed, _is_provisional(grade), *cells.values())
                    for key, grade in grades
                    for cells in [grade_cells(grade)]
                ),
            )
        self._db.executemany(
            "INSERT OR REPLACE INTO failed VALUES (?, ?, ?, ?)",
            ((key.question, key.answer, f.reason, f.message) for key, f in failures),
        )

    def cells(self, key: Key) -> dict[str, Any] | None:
        """The added cells of a graded or failed answer; None if it is neither."""
        found = self._db.execute(
            f"SELECT {', '.join(ADDED)} FROM graded WHERE question = ? AND answer = ?",  # noqa: S608
            _plain(key),
        ).fetchone()
        if found is not None:
            cells = dict(zip(ADDED, found, strict=True))
            return cells | {NEEDS_REVIEW: bool(cells[NEEDS_REVIEW])}
        failure = self._db.execute(
            "SELECT reason, message FROM failed WHERE question = ? AND answer = ?",
            _plain(key),
        ).fetchone()
        return None if failure is None else dict(grade_cells(Failure("", *failure)))

    def counts(self) -> tuple[int, int, int]:
        """Answers wanted that are graded, ask for a person, failed: each counted once."""
        [(graded, review)] = self._db.execute(
            "SELECT COUNT(*), COALESCE(SUM(grade_needs_review), 0) "
            "FROM wanted JOIN graded USING (question, answer)"
        )
        [(failed,)] = self._db.execute("SELECT COUNT(*) FROM failed")
        return graded, review, failed

    def wrote(self, output: Path) -> bool:
        """Whether the output is as the last run on this ledger left it."""
        status = output.stat()
        row = status.st_size, status.st_mtime_ns
        return row in self._db.execute("SELECT size, changed_ns FROM output").fetchall()

    def about_to_place(self, file: Path) -> None:
        """Note the finished file that is moved to the output's place next.

        What is there now stays noted too: the move may fail.
        """
        status = file.stat()
        self._db.execute("INSERT INTO output VALUES (?, ?)", (status.st_size, status.st_mtime_ns))

    def has_jobs(self) -> bool:
        """Whether batch jobs of the judge are noted."""
        return bool(self.query("SELECT 1 FROM job LIMIT 1"))

    def is_empty(self) -> bool:
        """Whether it holds no grade and no job."""
        some = "SELECT 1 FROM graded UNION ALL SELECT 1 FROM job LIMIT 1"
        return self._db.execute(some).fetchone() is None

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a question that the summary or the notes on jobs ask."""
        return self._db.execute(sql, values).fetchall()

    def note(self, sql: str, rows: Iterable[Sequence[Any]] = ((),)) -> None:
        """Write rows of the notes on jobs."""
        self._db.executemany(sql, rows)

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that is written in the block is kept, or nothing."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _plain(key: Key) -> tuple[int, str]:
    return key.question, key.answer


def _is_provisional(grade: Grade) -> bool:
    judge = grade.judge
    return judge is not None and (judge.status == "failed" or not judge.reliable)


def ledger_file(output: Path) -> Path:
    """Where the ledger of an output lies."""
    return output.with_name(output.name + SUFFIX)


def answer_key(question: int, text: str) -> Key:
    """The key of an answer's text."""
    return Key(question, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())


@contextmanager
def open_ledger(file: Path | None) -> Iterator[Ledger]:
    """The ledger in a file, made if there is none; locked until the block is left.

    Args:
        file: where it lies; None for one that is forgotten at the end.

    Raises:
        LedgerError: another run holds it, it is damaged or no ledger, a newer version wrote
            it, or it can't be written.
    """
    with _naming(file):
        # A cluster's actor goes from thread to thread, though never works in two at once.
        connection = sqlite3.connect(
            file or "", timeout=0, isolation_level=None, check_same_thread=False
        )
        blank = False
        try:
            _prepare(connection, file)
            ledger = Ledger(connection)
            try:
                yield ledger
            finally:
                blank = ledger.is_empty()
        finally:
            connection.close()
            if blank and file is not None:
                file.unlink(missing_ok=True)


def _prepare(db: sqlite3.Connection, file: Path | None) -> None:
    db.execute("PRAGMA temp_store = FILE")
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("PRAGMA journal_mode = WAL")
    # With a write-ahead log a killed process loses nothing, and a power cut at most the end.
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("BEGIN EXCLUSIVE")
    application, version = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    [(tables,)] = db.execute("SELECT COUNT(*) FROM sqlite_master")
    if tables and application != _APPLICATION:
        raise LedgerError(
            f"{file}: is not one of grader's ledgers: move it away, or name another output"
        )
    if version > _VERSION:
        raise LedgerError(
            f"{file}: was written by a newer grader (ledger version {version}, this one knows "
            f"{_VERSION}): update answer-grader, or name another output"
        )
    if not tables:
        for statement in _TABLES.split(";")[:-1]:
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {_APPLICATION}")
        db.execute(f"PRAGMA user_version = {_VERSION}")
    else:
        db.execute("DELETE FROM graded WHERE provisional")
    db.execute("COMMIT")
    [(health,)] = db.execute("PRAGMA quick_check(1)")
    if health != "ok":
        raise sqlite3.DatabaseError(health)
    db.executescript(_JOBS)
    db.executescript(_WANTED)


@contextmanager
def _naming(file: Path | None) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        problem = str(error)
        if "locked" in problem:
            raise LedgerError(
                f"{file}: another run is writing this output: wait for it, or name another output"
            ) from error
        raise LedgerError(
            f"{file or 'the temporary ledger'}: can't be written: {problem}: make room, or look "
            "at the permissions, and run the same command again: what was graded is kept"
        ) from error
    except sqlite3.DatabaseError as error:
        raise LedgerError(
            f"{file}: is damaged ({str(error).splitlines()[0]}): delete it to grade everything "
            "anew, or name another output"
        ) from error


def _changed(now: Mapping[str, str], then: Mapping[str, str]) -> list[str]:
    """What differs between two versions, in words."""
    names = {"question": "the rubric", "grader": "grader's version", "review_below": "review_below"}
    keys = [k for k in sorted({*now, *then}) if now.get(k) != then.get(k)]
    return [names.get(key, f"the {key}") for key in keys]
