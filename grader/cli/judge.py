"""The judge at the command line: opened where it is asked for, and what is told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from grader.reading.text import counted

if TYPE_CHECKING:
    from grader.batch.llm_jobs import Finished, Submitted, Waiting
    from grader.judge.forecast import Forecast
    from grader.judge.judge import Judge
    from grader.records import Grade
    from grader.settings import Settings

_REASONS_SHOWN = 5


@contextmanager
def open_judge(settings: Settings, *, asked: bool) -> Iterator[Judge | None]:
    """The judge, where one is asked for, closed at the end.

    Raises:
        SettingsError, JudgeSetupError: it can't be asked.
    """
    if not asked:
        yield None
        return
    from grader.judge.judge import Judge

    with Judge(settings=settings) as judge:
        judge.begin_run()
        yield judge


def tell_of(judge: Judge | None) -> None:
    """Say after a run, on standard error, what the judge took and whether it can be relied on."""
    if judge is None:
        return
    total = judge.budget.total
    kept = f" ({total.cached_tokens:,} of them cached)" if total.cached_tokens else ""
    prompt = f"{total.prompt_tokens:,}{kept}"
    typer.echo(
        f"judge: {_tokens(total.calls, prompt, total.completion_tokens)}, "
        f"replies from the cache: {total.cached:,}, {_cost(judge.budget.cost)}",
        err=True,
    )
    sent = judge.canaries
    if sent.judged:
        verdict = "" if sent.reliable else ": the judge is unreliable, do not trust its verdicts"
        canaries = counted(sent.judged, "canary", "canaries")
        typer.echo(f"judge: {sent.passed} of {canaries} passed{verdict}", err=True)


def tell_of_failure(grade: Grade) -> None:
    """Say on standard error that a grade is without the judge that was asked for, and why."""
    report = grade.judge
    if report is None:
        return
    if not report.reliable:
        why = "the judge is unreliable: it let an answer pass that must not"
    elif report.status == "judged":
        if not report.failures:
            return
        first = report.failures[0]
        typer.echo(
            f"grade: the judge failed in {len(report.failures)} of its runs: "
            f"{first.reason}: {_one_line(first.message)}",
            err=True,
        )
        return
    else:
        asked = "failed" if report.status == "failed" else "was not asked"
        why = f"the judge {asked}: {_one_line(report.reason)}"
    typer.echo(f"grade: {why}: the score is the offline one", err=True)


def tell_of_failures(grades: Iterable[Grade]) -> None:
    """Say on standard error why the judge failed at grades of a table, the most frequent first."""
    reasons = Counter(
        f"{failure.reason}: {_one_line(failure.message)}"
        for grade in grades
        if grade.judge
        for failure in grade.judge.failures
    )
    for reason, times in reasons.most_common(_REASONS_SHOWN):
        typer.echo(f"judge: failed {_times(times)}: {reason}", err=True)


def print_forecast(forecast: Forecast) -> None:
    """Say what a run would take."""
    taken = _tokens(forecast.calls, f"{forecast.prompt_tokens:,}", forecast.completion_tokens)
    everyone = forecast.answers + forecast.sure
    share = f" of {everyone:,} ({forecast.answers / everyone:.0%})" if forecast.sure else ""
    drafts = f"rubrics to draft: {forecast.drafts:,}, " if forecast.drafts else ""
    typer.echo(
        f"answers to send: {forecast.answers:,}{share}, {drafts}{taken} (about), "
        f"replies from the cache: {forecast.cached:,}, {_cost(forecast.cost)}"
    )


def tell_of_jobs(came: Submitted | Waiting | Finished) -> None:
    """Say how far the batch jobs are."""
    from grader.batch.llm_jobs import Finished, Submitted

    if isinstance(came, Submitted):
        ids = ", ".join(job.id for job in came.jobs)
        left_out = f", {came.left_out:,} left out by the limits" if came.left_out else ""
        typer.echo(
            f"submitted: {counted(came.requests, 'request')} in {_jobs(len(came.jobs))} ({ids}), "
            f"{_cost(came.most_cost)} at most, "
            f"{counted(came.asked_now, 'call')} made at once{left_out}: "
            "collect with the same command and --resume"
        )
    elif isinstance(came, Finished):
        typer.echo(
            f"judge: by batch jobs: {counted(came.spent.calls, 'call')}, {_cost(came.spent.cost)}",
            err=True,
        )
    else:
        states = "; ".join(
            f"{job.id}: {s.status}, {s.completed:,} of {s.total:,} done, {s.failed:,} failed"
            for job, s in came.states
        )
        typer.echo(f"waiting for {_jobs(len(came.states))}: {states}: ask again later")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _jobs(count: int) -> str:
    return counted(count, "job")


def _tokens(calls: int, prompt: str, completion: int) -> str:
    return f"calls: {calls:,}, tokens: {prompt} + {completion:,}"


def _cost(cost: float | None) -> str:
    return "cost unknown: name prices with --llm-prices" if cost is None else f"cost {cost:.4f}"
