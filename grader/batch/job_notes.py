"""The ledger's notes on batch jobs of the judge: what was submitted, and what came of it."""

from __future__ import annotations

import sqlite3
from typing import Literal

from grader.batch.ledger_schema import together
from grader.errors import JudgeError
from grader.judge.client import may_mend
from grader.judge.job_files import JobFile, JobRequest, Spent
from grader.judge.job_replies import Collected, JobState, error_of
from grader.judge.json_modes import Rung
from grader.judge.provider_jobs import Job

Stage = Literal["uploaded", "running", "collected", "settled"]
_JOBS = "SELECT id, endpoint, model, rung, input_file, submitted FROM job"


class JobNotes:
    """What a ledger knows of batch jobs. Use ``Ledger.jobs``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @property
    def settled(self) -> bool:
        """Whether it was decided that no more jobs will be submitted."""
        return any(self.jobs("settled"))

    def jobs(self, stage: Stage | None = None) -> list[Job]:
        """All jobs, or those in a stage, in the order of their submission."""
        where = "" if stage is None else "WHERE state = ?"
        rows = self._db.execute(f"{_JOBS} {where} ORDER BY rowid", (stage,) if stage else ())
        return [Job(i, e, m, Rung(r), f, s) for i, e, m, r, f, s in rows]

    def requests(self, job: Job) -> list[JobRequest]:
        """The requests of a job."""
        columns = "SELECT key, key_points, misconceptions FROM job_request WHERE job = ?"
        return [JobRequest(*row) for row in self._db.execute(columns, (job.id,))]

    def given_up(self, rounds: int) -> dict[str, JudgeError]:
        """Requests that no job will mend, with their last errors."""
        failed = "SELECT key, reason, message FROM job_request JOIN job ON job.id = job "
        rows = self._db.execute(f"{failed} WHERE reason IS NOT NULL ORDER BY job.rowid")
        times: dict[str, int] = {}
        errors: dict[str, JudgeError] = {}
        for key, reason, message in rows:
            times[key] = times.get(key, 0) + 1
            errors[key] = error_of(reason, message)
        return {k: e for k, e in errors.items() if times[k] >= rounds or not may_mend(e)}

    def spent(self) -> Spent:
        """What the jobs have taken so far."""
        sums = "SELECT COALESCE(SUM(calls), 0), TOTAL(cost), COUNT(*) - COUNT(cost) FROM job_spent"
        [(calls, cost, unknown)] = self._db.execute(sums)
        return Spent(calls, None if unknown else cost)

    def asked_now(self, calls: int, cost: float | None) -> None:
        """Note calls that were made at once."""
        self._db.execute("INSERT INTO job_spent VALUES (?, ?)", (calls, cost))

    def uploaded(self, job: Job, file: JobFile, output: str) -> None:
        """Note a file that was uploaded for an output, with its requests."""
        row = (job.id, output, job.endpoint, job.model, job.rung, job.submitted)
        requests = [(job.id, r.key, r.key_points, r.misconceptions) for r in file.requests]
        with together(self._db):
            self._db.execute(
                "INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
                (*row, "uploaded", job.input_file),
            )
            self._db.executemany(
                "INSERT INTO job_request VALUES (?, ?, ?, ?, NULL, NULL)", requests
            )
            self._db.execute("INSERT INTO job_spent VALUES (?, 0)", (len(requests),))

    def begun(self, uploaded: Job, job: Job) -> None:
        """Note that an uploaded file's job was begun."""
        with together(self._db):
            self._db.execute(
                "UPDATE job SET id = ?, state = ? WHERE id = ?", (job.id, "running", uploaded.id)
            )
            self._db.execute("UPDATE job_request SET job = ? WHERE job = ?", (job.id, uploaded.id))

    def refused(self, uploaded: Job) -> None:
        """Drop the notes on an uploaded file: no job will come of it."""
        calls = -len(self.requests(uploaded))
        with together(self._db):
            self._db.execute("DELETE FROM job WHERE id = ?", (uploaded.id,))
            self._db.execute("DELETE FROM job_request WHERE job = ?", (uploaded.id,))
            self._db.execute("INSERT INTO job_spent VALUES (?, 0)", (calls,))

    def collected(self, job: Job, state: JobState, collected: Collected) -> None:
        """Note what came of a job."""
        failures = [
            (type(error).__name__, str(error), job.id, key)
            for key, error in collected.failures.items()
        ]
        with together(self._db):
            self._db.execute(
                "UPDATE job SET state = ?, output_file = ?, error_file = ? WHERE id = ?",
                ("collected", state.output_file, state.error_file, job.id),
            )
            self._db.executemany(
                "UPDATE job_request SET reason = ?, message = ? WHERE job = ? AND key = ?", failures
            )
            self._db.execute("INSERT INTO job_spent VALUES (0, ?)", (collected.cost,))

    def settle(self) -> None:
        """Note that no more jobs will be submitted."""
        self._db.execute("UPDATE job SET state = ?", ("settled",))

    def forget(self) -> None:
        """Drop all notes, once the output is written."""
        with together(self._db):
            for table in ("job", "job_request", "job_spent"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608  our own names
