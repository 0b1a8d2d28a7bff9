"""How far a batch is: a bar on a terminal, plain lines elsewhere, JSON for tools."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from grader.batch.ledger import Plan
from grader.batch.runner import Listener, Progress, Stage
from grader.batch.summary import Summary

Cost = Callable[[], float | None]
ProgressStyle = Literal["auto", "json"]
_LINE_EVERY, _JSON_EVERY = 10.0, 1.0  # seconds


class Pace:
    """Rate and time left of the present stage, from when its first report came."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun = clock()
        self._stage: Stage | None = None
        self._start = 0

    def measure(self, progress: Progress) -> tuple[float | None, float | None]:
        """Answers a second and seconds left; None while it is too early to say."""
        now = self._clock()
        if progress.stage != self._stage:
            # The first chunk also loads the models: it tells nothing of the rate.
            self._stage, self._begun, self._start = progress.stage, now, progress.done
            return None, None
        rate = (progress.done - self._start) / max(now - self._begun, 1e-6)
        left = None if progress.total is None or not rate else progress.total - progress.done
        return rate, None if left is None else left / rate


@contextmanager
def showing(style: ProgressStyle, check: Callable[[], None], cost: Cost) -> Iterator[Listener]:
    """A listener that shows a run on standard error.

    Args:
        style: ``auto`` for a bar or plain lines, ``json`` for one object a line.
        check: called after every report; may raise to stop the run.
        cost: what the judge has cost so far; None where there is none, or no price is known.
    """
    console = Console(stderr=True)
    if style == "json":
        yield _json_listener(check, cost)
    elif console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Bar(*columns, TextColumn("{task.fields[how]}"), console=console) as bar:
            yield _bar_listener(bar, check, cost)
    else:
        yield _line_listener(check, cost)


def describe(
    progress: Progress, pace: tuple[float | None, float | None], cost: float | None
) -> str:
    """Rate, time left, answers to review, failures, cost: what there is to say."""
    rate, left = pace
    parts = [
        f"{rate:,.0f} a second" if rate else "",
        f"{_spell(left)} left" if left is not None else "",
        f"{progress.review:,} to review" if progress.review else "",
        f"{progress.failed:,} not gradable" if progress.failed else "",
        f"cost {cost:.4f}" if cost else "",
    ]
    return ", ".join(part for part in parts if part)


def _spell(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _bar_listener(bar: Bar, check: Callable[[], None], cost: Cost) -> Listener:
    pace = Pace()
    task = bar.add_task("reading", total=None, how="")

    def show(progress: Progress) -> None:
        bar.update(
            task,
            description=progress.stage,
            completed=progress.done,
            total=progress.total,
            how=describe(progress, pace.measure(progress), cost()),
        )
        check()

    return Listener(progress=show, plan=_tell_plan, note=_say)


def _line_listener(check: Callable[[], None], cost: Cost) -> Listener:
    pace = Pace()
    last = time.monotonic()

    def show(progress: Progress) -> None:
        nonlocal last
        how = describe(progress, pace.measure(progress), cost())
        if time.monotonic() - last >= _LINE_EVERY:
            last = time.monotonic()
            of = "" if progress.total is None else f" of {progress.total:,}"
            typer.echo(f"{progress.stage}: {progress.done:,}{of}{how and ', ' + how}", err=True)
        check()

    return Listener(progress=show, plan=_tell_plan, note=_say)


def _json_listener(check: Callable[[], None], cost: Cost) -> Listener:
    pace = Pace()
    last = 0.0

    def show(progress: Progress) -> None:
        nonlocal last
        rate, left = pace.measure(progress)
        over = progress.done == progress.total
        if over or time.monotonic() - last >= _JSON_EVERY:
            last = time.monotonic()
            _emit("progress", **asdict(progress), per_second=rate, seconds_left=left, cost=cost())
        check()

    return Listener(
        progress=show,
        plan=lambda plan: _emit("plan", **asdict(plan)),
        note=lambda text: _emit("note", text=text),
    )


def emit_summary(summary: Summary, output: str) -> None:
    """The summary as the last line of ``--progress json``."""
    _emit("summary", output=output, **asdict(summary))


def _emit(event: str, **values: object) -> None:
    typer.echo(json.dumps({"event": event, **values}, ensure_ascii=False), err=True)


def _say(text: str) -> None:
    typer.echo(f"grade: {text}", err=True)


def _tell_plan(plan: Plan) -> None:
    kept = plan.distinct - plan.to_grade
    if kept:
        before = "1 answer was" if kept == 1 else f"{kept:,} answers were"
        _say(f"{before} graded before, {plan.to_grade:,} still to be graded")
    for changed, answers in plan.anew.items():
        again = "1 answer is" if answers == 1 else f"{answers:,} answers are"
        _say(f"{again} graded again, since this has changed: {changed}")
