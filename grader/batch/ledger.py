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
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from grader.batch.entries import Asked
from grader.batch.ledger_schema import KEPT, opened, together
from grader.engine.scoring import sign
from grader.graded_columns import grade_cells
from grader.records import Failure, Grade, Question
from grader.tables.columns import ADDED, PASSED, SWITCHES

if TYPE_CHECKING:
    from grader.batch.job_notes import JobNotes

SUFFIX = ".ledger"
Rows = list[tuple[Any, ...]]

_WANTED = "FROM wanted JOIN graded USING (question, answer)"
_TODO = """
FROM wanted AS w LEFT JOIN graded AS g ON g.question = w.question AND g.answer = w.answer
"""
_NEXT = f"""
SELECT w.question, w.answer, w.text, a.question_id, a.reference, a.prompt {_TODO}
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
_BY_QUESTION = f"""
SELECT label, SUM(rows), SUM(rows * passed), SUM(rows * grade_needs_review),
  SUM(rows * grade_score) / SUM(rows)
{_WANTED} JOIN asked USING (question) GROUP BY label
"""
_MISSED = f"""
SELECT label, json_extract(point.value, '$.claim'),
  SUM(rows * (json_extract(point.value, '$.verdict') <> 'covered')), SUM(rows)
{_WANTED} JOIN asked USING (question), json_each(grade_detail, '$.key_points') AS point
WHERE label <> '' AND NOT ifnull(json_extract(point.value, '$.bonus'), 0) GROUP BY 1, 2
"""
_REVIEW = f"""
SELECT CASE WHEN reason.value LIKE 'confidence %' THEN 'low confidence' ELSE reason.value END,
  SUM(rows)
{_WANTED}, json_each(grade_detail, '$.review_reasons') AS reason
GROUP BY 1
"""
_JUDGE = f"""
SELECT reason, SUM(rows) FROM (
  SELECT DISTINCT question, answer, rows,
    json_extract(failure.value, '$.reason') || ': ' || json_extract(failure.value, '$.message')
    AS reason
  {_WANTED}, json_each(grade_detail, '$.judge.failures') AS failure
) GROUP BY reason
"""  # noqa: S608  our own names
_FAILED = """
SELECT reason, SUM(rows) FROM (
  SELECT reason, rows FROM refused
  UNION ALL SELECT reason, rows FROM failed JOIN wanted USING (question, answer)
) GROUP BY reason
"""


class Key(NamedTuple):
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
        for table in ("wanted", "asked", "failed", "refused", "blank"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608  # names of our own

    def question(self, question: Question, versions: Mapping[str, str], asked: Asked) -> int:
        """The number of a version of a question, which is noted if it is new."""
        label = question.id if question.is_named else ""
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
            (number, label, *asked),
        )
        return int(number)

    def want(self, answers: Iterable[tuple[Key, str]]) -> None:
        """Note answers that are to be graded, each as often as it stands in the table."""
        self._db.executemany(
            "INSERT INTO wanted VALUES (?, ?, ?, 1) "
            "ON CONFLICT (question, answer) DO UPDATE SET rows = rows + 1",
            ((*key, text) for key, text in answers),
        )

    def refuse(self, name: str, reason: str) -> None:
        """Count a row that can't be graded, by the question it names and the reason."""
        self._db.execute(
            "INSERT INTO refused VALUES (?, ?, 1) "
            "ON CONFLICT (name, reason) DO UPDATE SET rows = rows + 1",
            (name, reason),
        )

    def note_blank(self, question: int) -> None:
        """Count a row that has no answer to a question, whether or not that is graded."""
        self._db.execute(
            "INSERT INTO blank VALUES (?, 1) ON CONFLICT (question) DO UPDATE SET rows = rows + 1",
            (question,),
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
            rows = self._db.execute(_NEXT, (*last, size)).fetchall()
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
        columns = ("question", "answer", "passed", "provisional", *KEPT)
        into, marks = ", ".join(columns), ", ".join("?" * len(columns))
        with self.together():
            self._db.executemany(
                f"INSERT OR REPLACE INTO graded ({into}) VALUES ({marks})",  # noqa: S608  # our names
                (
                    (*key, grade.passed, _is_provisional(grade), *(cells[n] for n in KEPT))
                    for key, grade in grades
                    for cells in [grade_cells(grade)]
                ),
            )
        self._db.executemany(
            "INSERT OR REPLACE INTO failed VALUES (?, ?, ?, ?)",
            ((*key, f.reason, f.message) for key, f in failures),
        )

    def cells(self, key: Key) -> dict[str, Any] | None:
        """The added cells of an answer that is wanted; None if it is not, or nothing came of it."""
        found = self._db.execute(
            f"SELECT passed, {', '.join(KEPT)} {_WANTED} WHERE question = ? AND answer = ?",
            key,
        ).fetchone()
        if found is not None:
            cells = dict(zip((PASSED, *KEPT), found, strict=True))
            cells |= {name: bool(cells[name]) for name in SWITCHES}
            return {name: cells[name] for name in ADDED}
        failure = self._db.execute(
            "SELECT reason, message FROM failed WHERE question = ? AND answer = ?",
            key,
        ).fetchone()
        return None if failure is None else dict(grade_cells(Failure("", *failure)))

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

    @property
    def is_empty(self) -> bool:
        """Whether it holds no grade and no job."""
        some = "SELECT 1 FROM graded UNION ALL SELECT 1 FROM job LIMIT 1"
        return self._db.execute(some).fetchone() is None

    @property
    def has_jobs(self) -> bool:
        """Whether batch jobs of the judge are noted."""
        return self._db.execute("SELECT 1 FROM job LIMIT 1").fetchone() is not None

    @property
    def jobs(self) -> JobNotes:
        """What is noted of batch jobs of the judge."""
        from grader.batch.job_notes import JobNotes  # with the judge, which few runs have

        return JobNotes(self._db)

    def together(self) -> AbstractContextManager[None]:
        """All that is written in the block is kept, or nothing."""
        return together(self._db)

    # ── what came of it, in rows of the table ───────────────────────────────

    def by_question(self) -> Rows:
        """Slug, answers, passed, for review and mean score of each question."""
        return self._db.execute(_BY_QUESTION).fetchall()

    def missed(self) -> Rows:
        """Slug, claim, answers that lack it, and all answers, of each key point but a bonus."""
        return self._db.execute(_MISSED).fetchall()

    def review(self) -> Rows:
        """Reasons why a person should look, with their answers."""
        return self._db.execute(_REVIEW).fetchall()

    def judge_failures(self) -> Rows:
        """Reasons why the judge failed, with their answers."""
        return self._db.execute(_JUDGE).fetchall()

    def blank(self) -> Rows:
        """Slugs of questions that rows have no answer to, with the number of these rows."""
        return self._db.execute(
            "SELECT label, SUM(rows) FROM blank JOIN asked USING (question) GROUP BY label"
        ).fetchall()

    def failures(self) -> Rows:
        """Reasons why rows were not graded, with their number."""
        return self._db.execute(_FAILED).fetchall()


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
        file: where it lies; None for one that is forgotten at the end. One that holds nothing
            at the end is removed.

    Raises:
        LedgerError: another run holds it, it is damaged or not a ledger, a newer version wrote
            it, or it can't be written.
    """
    blank = False
    try:
        with opened(file) as connection:
            ledger = Ledger(connection)
            try:
                yield ledger
            finally:
                blank = ledger.is_empty
    finally:
        if blank and file is not None:
            file.unlink(missing_ok=True)


def _changed(now: Mapping[str, str], then: Mapping[str, str]) -> list[str]:
    """What differs between two versions, in words."""
    names = {
        "question": "the rubric",
        "grader": "grader's version",
        "review_below": "review_below",
        "pass_mark": "the pass mark",
    }
    keys = [k for k in sorted({*now, *then}) if now.get(k) != then.get(k)]
    return [names.get(key, f"the {key}") for key in keys]
