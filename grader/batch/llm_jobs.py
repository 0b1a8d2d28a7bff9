"""Grading a table with a judge that is asked by batch jobs: submit now, collect later.

The jobs are noted in the output's ledger. Nothing is graded until all of them are over: the
replies are in the judge's cache then, and the run is an ordinary one that makes no call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from grader.batch.ledger import Ledger, ledger_file
from grader.batch.runner import Run, Watch, open_run
from grader.batch.summary import Summary
from grader.errors import InputError, JudgeError, JudgeRequestError, JudgeSetupError
from grader.grading import Grader
from grader.judge.canaries import CanarySchedule
from grader.judge.client import may_mend
from grader.judge.job_files import Drafted, JobFile, JobRequest, Spent
from grader.judge.job_replies import Collected, JobState, error_of
from grader.judge.json_modes import Rung
from grader.judge.judge import Judge
from grader.judge.provider_jobs import Job, Jobs
from grader.judge.sending import Planned
from grader.tables.table import ReadAs
from grader.tables.writers import STDOUT

_UPLOADED, _RUNNING, _COLLECTED, _SETTLED = "uploaded", "running", "collected", "settled"
_JOBS = "SELECT id, endpoint, model, rung, input_file, submitted FROM job"


@dataclass(frozen=True, slots=True)
class Submitted:
    """Jobs that were submitted."""

    jobs: tuple[Job, ...]
    requests: int
    left_out: int
    """Requests beyond the limits of calls or cost."""
    asked_now: int
    """Calls that were made at once, at the full price."""
    most_cost: float | None
    """What the jobs cost at most; None where a price is not known."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Jobs that are not over."""

    states: tuple[tuple[Job, JobState], ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """A table that was graded from the replies of jobs."""

    summary: Summary
    spent: Spent
    """What the jobs took; a cost of None where a price is not known."""


def grade_by_jobs(
    grader: Grader,
    judge: Judge,
    inputs: Sequence[str],
    output: Path,
    *,
    resume: bool,
    q: str | None = None,
    mapping: Sequence[str] = (),
    force: bool = False,
    read_as: ReadAs | None = None,
    output_delimiter: str | None = None,
    watch: Watch | None = None,
) -> Submitted | Waiting | Finished:
    """Submit what the judge is to be asked, or collect what was submitted.

    Args:
        grader: with the judge; the rest, too, is as for ``grade_file``.
        judge: the same one.
        inputs: the tables.
        output: the graded table; written once no job is under way.
        resume: collect the jobs that the output's ledger names. Requests that failed are
            submitted again, up to ``llm_batch_rounds`` times.
        q: the question of rows that name none.
        mapping: ``PART=COLUMN`` for columns with other names.
        force: replace an output that exists.
        read_as: what is known of the tables.
        output_delimiter: of a CSV that is written.
        watch: is told how it goes.

    Raises:
        InputError: as ``grade_file``; or there is no job to resume, or one to be resumed.
        JudgeSetupError: the key is refused, or the endpoint has no batch jobs.
        JudgeError: the endpoint can't be asked now; what was collected is kept.
    """
    if output == STDOUT:
        raise InputError("batch jobs are noted beside the output: name a file with -o")
    jobs = judge.jobs()
    with open_run(
        grader,
        inputs,
        output,
        q,
        mapping,
        force=force,
        read_as=read_as,
        output_delimiter=output_delimiter,
        watch=watch,
    ) as run:
        notes = _Notes(run.ledger, output)
        _check(notes, output, resume=resume)
        _begin_uploaded(jobs, notes)
        waiting = _collect(jobs, notes)
        if waiting:
            return Waiting(tuple(waiting))
        run.plan()
        given_up = notes.given_up(judge.settings.llm_batch_rounds)
        if not notes.settled:
            submitted = _submit(judge, jobs, run, notes, given_up)
            if submitted.jobs:
                return submitted
            notes.settle()
        judge.settle(given_up)
        summary = run.finish(output)
        spent = notes.spent()
        notes.forget()
        return Finished(summary, spent)


def _check(notes: _Notes, output: Path, *, resume: bool) -> None:
    known = bool(notes.jobs())
    if known and not resume:
        raise InputError(
            f"{ledger_file(output)}: batch jobs are under way already: collect them with "
            "--resume, or delete it to ask again"
        )
    if resume and not known:
        raise InputError(
            f"{output}: no batch job is under way: submit one with the same command without "
            "--resume"
        )


def _begin_uploaded(jobs: Jobs, notes: _Notes) -> None:
    """The jobs of files that an earlier run uploaded: it ended before it noted their beginning."""
    for uploaded in notes.jobs(_UPLOADED):
        job = jobs.find(uploaded)
        if job:
            notes.begun(uploaded, job)
        else:
            _begin(jobs, notes, uploaded)


def _begin(jobs: Jobs, notes: _Notes, uploaded: Job) -> Job:
    try:
        job = jobs.begin(uploaded)
    except (JudgeSetupError, JudgeRequestError):
        notes.refused(uploaded)
        raise
    notes.begun(uploaded, job)
    return job


def _collect(jobs: Jobs, notes: _Notes) -> list[tuple[Job, JobState]]:
    """Collect each job that is over; those that are not."""
    waiting = []
    for job in notes.jobs(_RUNNING):
        state = jobs.state(job)
        if state.over:
            notes.collected(job, state, jobs.collect(job, state, notes.requests(job)))
        else:
            waiting.append((job, state))
    return waiting


def _submit(
    judge: Judge, jobs: Jobs, run: Run, notes: _Notes, given_up: Mapping[str, JudgeError]
) -> Submitted:
    with TemporaryDirectory() as folder:
        drafted = jobs.draft(
            _planned(judge, run), Path(folder), given_up=given_up, spent=notes.spent()
        )
        submitted = tuple(_submitted(jobs, notes, drafted))
    return Submitted(
        submitted,
        drafted.requests,
        drafted.left_out,
        jobs.budget.total.calls,
        drafted.most_cost,
    )


def _submitted(jobs: Jobs, notes: _Notes, drafted: Drafted) -> Iterator[Job]:
    """Submit file after file; whatever is paid for is in the notes before it is begun."""
    if drafted.files:
        notes.asked_now(jobs.budget.total.calls, jobs.budget.cost)
    for file in drafted.files:
        uploaded = jobs.upload(file)
        notes.uploaded(uploaded, file)
        yield _begin(jobs, notes, uploaded)


def _planned(judge: Judge, run: Run) -> Iterator[Planned]:
    """What the run would ask, with the canaries that it would mix in."""
    schedule = CanarySchedule(judge.settings.llm_canary_rate)
    for case in run.cases():
        yield from judge.planned([case], schedule)


class _Notes:
    """What the ledger knows of the jobs."""

    def __init__(self, ledger: Ledger, output: Path) -> None:
        self._ledger = ledger
        self._output = output

    @property
    def settled(self) -> bool:
        """Whether it was decided that no more jobs will be submitted."""
        return any(self.jobs(_SETTLED))

    def jobs(self, state: str | None = None) -> list[Job]:
        """All jobs, or those in a state, in the order of their submission."""
        where = "" if state is None else "WHERE state = ?"
        rows = self._ledger.query(f"{_JOBS} {where} ORDER BY rowid", (state,) if state else ())
        return [Job(i, e, m, Rung(r), f, s) for i, e, m, r, f, s in rows]

    def requests(self, job: Job) -> list[JobRequest]:
        """The requests of a job."""
        columns = "SELECT key, key_points, misconceptions FROM job_request WHERE job = ?"
        return [JobRequest(*row) for row in self._ledger.query(columns, (job.id,))]

    def given_up(self, rounds: int) -> dict[str, JudgeError]:
        """Requests that no job will mend, with their last errors."""
        failed = "SELECT key, reason, message FROM job_request JOIN job ON job.id = job "
        rows = self._ledger.query(f"{failed} WHERE reason IS NOT NULL ORDER BY job.rowid")
        times: dict[str, int] = {}
        errors: dict[str, JudgeError] = {}
        for key, reason, message in rows:
            times[key] = times.get(key, 0) + 1
            errors[key] = error_of(reason, message)
        return {k: e for k, e in errors.items() if times[k] >= rounds or not may_mend(e)}

    def spent(self) -> Spent:
        """What the jobs have taken so far."""
        sums = "SELECT COALESCE(SUM(calls), 0), TOTAL(cost), COUNT(*) - COUNT(cost) FROM job_spent"
        [(calls, cost, unknown)] = self._ledger.query(sums)
        return Spent(calls, None if unknown else cost)

    def asked_now(self, calls: int, cost: float | None) -> None:
        """Note calls that were made at once."""
        self._ledger.note("INSERT INTO job_spent VALUES (?, ?)", [(calls, cost)])

    def uploaded(self, job: Job, file: JobFile) -> None:
        """Note a file that was uploaded, with its requests."""
        row = (job.id, self._output.name, job.endpoint, job.model, job.rung, job.submitted)
        requests = [(job.id, r.key, r.key_points, r.misconceptions) for r in file.requests]
        with self._ledger.together():
            self._ledger.note(
                "INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
                [(*row, _UPLOADED, job.input_file)],
            )
            self._ledger.note("INSERT INTO job_request VALUES (?, ?, ?, ?, NULL, NULL)", requests)
            self._ledger.note("INSERT INTO job_spent VALUES (?, 0)", [(len(requests),)])

    def begun(self, uploaded: Job, job: Job) -> None:
        """Note that an uploaded file's job was begun."""
        with self._ledger.together():
            self._ledger.note(
                "UPDATE job SET id = ?, state = ? WHERE id = ?", [(job.id, _RUNNING, uploaded.id)]
            )
            self._ledger.note(
                "UPDATE job_request SET job = ? WHERE job = ?", [(job.id, uploaded.id)]
            )

    def refused(self, uploaded: Job) -> None:
        """Drop the notes on an uploaded file: no job will come of it."""
        calls = -len(self.requests(uploaded))
        with self._ledger.together():
            self._ledger.note("DELETE FROM job WHERE id = ?", [(uploaded.id,)])
            self._ledger.note("DELETE FROM job_request WHERE job = ?", [(uploaded.id,)])
            self._ledger.note("INSERT INTO job_spent VALUES (?, 0)", [(calls,)])

    def collected(self, job: Job, state: JobState, collected: Collected) -> None:
        """Note what came of a job."""
        failures = [
            (type(error).__name__, str(error), job.id, key)
            for key, error in collected.failures.items()
        ]
        with self._ledger.together():
            self._ledger.note(
                "UPDATE job SET state = ?, output_file = ?, error_file = ? WHERE id = ?",
                [(_COLLECTED, state.output_file, state.error_file, job.id)],
            )
            self._ledger.note(
                "UPDATE job_request SET reason = ?, message = ? WHERE job = ? AND key = ?", failures
            )
            self._ledger.note("INSERT INTO job_spent VALUES (0, ?)", [(collected.cost,)])

    def settle(self) -> None:
        """Note that no more jobs will be submitted."""
        self._ledger.note("UPDATE job SET state = ?", [(_SETTLED,)])

    def forget(self) -> None:
        """Drop all notes, once the output is written."""
        with self._ledger.together():
            for table in ("job", "job_request", "job_spent"):
                self._ledger.note(f"DELETE FROM {table}")  # noqa: S608  our own names
