"""Grading a table with a judge that is asked by batch jobs: submit now, collect later.

The jobs are noted in the output's ledger. Nothing is graded until all of them are over: the
replies are in the judge's cache then, and the run is an ordinary one that makes no call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Unpack

from grader.batch.job_notes import JobNotes
from grader.batch.ledger import ledger_file
from grader.batch.runner import Run, TableOptions, open_run
from grader.batch.summary import Summary
from grader.errors import InputError, JudgeError, JudgeRequestError, JudgeSetupError
from grader.grading import Grader
from grader.judge.canaries import CanarySchedule
from grader.judge.job_files import Drafted, Spent
from grader.judge.job_replies import JobState
from grader.judge.judge import Judge
from grader.judge.provider_jobs import Job, Jobs
from grader.judge.sending import Planned
from grader.tables.writers import STDOUT


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
    **options: Unpack[TableOptions],
) -> Submitted | Waiting | Finished:
    """Submit what the judge is to be asked, or collect what was submitted.

    Args:
        grader: with the judge; the rest, too, is as for ``grade_file``.
        judge: the same one.
        inputs: the tables.
        output: the graded table; written once no job is under way.
        resume: collect the jobs that the output's ledger names. Requests that failed are
            submitted again, up to ``llm_batch_rounds`` times.
        options: see ``TableOptions``.

    Raises:
        InputError: as ``grade_file``; or there is no job to resume, or one to be resumed.
        JudgeSetupError: the key is refused, or the endpoint has no batch jobs.
        JudgeError: the endpoint can't be asked now; what was collected is kept.
    """
    if output == STDOUT:
        raise InputError("batch jobs are noted beside the output: name a file with -o")
    jobs = judge.jobs()
    with open_run(grader, inputs, output, **options) as run:
        notes = run.ledger.jobs
        _check(notes, output, resume=resume)
        _begin_uploaded(jobs, notes)
        waiting = _collect(jobs, notes)
        if waiting:
            return Waiting(tuple(waiting))
        run.plan()
        given_up = notes.given_up(judge.settings.llm_batch_rounds)
        if not notes.settled:
            submitted = _submit(judge, jobs, run, output, given_up)
            if submitted.jobs:
                return submitted
            notes.settle()
        judge.settle(given_up)
        summary = run.finish(output)
        spent = notes.spent()
        notes.forget()
        return Finished(summary, spent)


def _check(notes: JobNotes, output: Path, *, resume: bool) -> None:
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


def _begin_uploaded(jobs: Jobs, notes: JobNotes) -> None:
    """The jobs of files that an earlier run uploaded: it ended before it noted their beginning."""
    for uploaded in notes.jobs("uploaded"):
        job = jobs.find(uploaded)
        if job:
            notes.begun(uploaded, job)
        else:
            _begin(jobs, notes, uploaded)


def _begin(jobs: Jobs, notes: JobNotes, uploaded: Job) -> Job:
    try:
        job = jobs.begin(uploaded)
    except (JudgeSetupError, JudgeRequestError):
        notes.refused(uploaded)
        raise
    notes.begun(uploaded, job)
    return job


def _collect(jobs: Jobs, notes: JobNotes) -> list[tuple[Job, JobState]]:
    """Collect each job that is over; those that are not."""
    waiting = []
    for job in notes.jobs("running"):
        state = jobs.state(job)
        if state.over:
            notes.collected(job, state, jobs.collect(job, state, notes.requests(job)))
        else:
            waiting.append((job, state))
    return waiting


def _submit(
    judge: Judge, jobs: Jobs, run: Run, output: Path, given_up: Mapping[str, JudgeError]
) -> Submitted:
    notes = run.ledger.jobs
    with TemporaryDirectory() as folder:
        drafted = jobs.draft(
            _planned(judge, run), Path(folder), given_up=given_up, spent=notes.spent()
        )
        submitted = tuple(_submitted(jobs, notes, drafted, output.name))
    return Submitted(
        submitted,
        drafted.requests,
        drafted.left_out,
        jobs.budget.total.calls,
        drafted.most_cost,
    )


def _submitted(jobs: Jobs, notes: JobNotes, drafted: Drafted, output: str) -> Iterator[Job]:
    """Submit file after file; whatever is paid for is in the notes before it is begun."""
    if drafted.files:
        notes.asked_now(jobs.budget.total.calls, jobs.budget.cost)
    for file in drafted.files:
        uploaded = jobs.upload(file)
        notes.uploaded(uploaded, file, output)
        yield _begin(jobs, notes, uploaded)


def _planned(judge: Judge, run: Run) -> Iterator[Planned]:
    """What the run would ask, with the canaries that it would mix in."""
    schedule = CanarySchedule(judge.settings.llm_canary_rate)
    for case in run.cases():
        yield from judge.planned([case], schedule)
