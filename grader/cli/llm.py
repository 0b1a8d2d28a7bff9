"""The options of the judge, shared by the commands that grade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grader.errors import InputError

if TYPE_CHECKING:
    from grader.judge.judge import Judge
    from grader.settings import Settings

Llm = Annotated[
    bool,
    typer.Option("--llm", help="Let a language model check every point as well (docs/llm.md)."),
]
LlmModel = Annotated[
    list[str] | None,
    typer.Option("--llm-model", help="The model to ask; given several times, a jury."),
]
LlmBaseUrl = Annotated[
    str | None,
    typer.Option("--llm-base-url", help="An OpenAI-compatible endpoint, if not OpenAI's."),
]
LlmRuns = Annotated[int | None, typer.Option("--llm-runs", help="How often each model is asked.")]


def llm_settings(
    *, llm: bool, model: list[str] | None, base_url: str | None, runs: int | None
) -> dict[str, Any]:
    """The judge's options as settings.

    Raises:
        InputError: there are some, but not ``--llm``.
    """
    given: Mapping[str, Any] = {
        "llm_model": ",".join(model or ()) or None,
        "llm_base_url": base_url,
        "llm_runs": runs,
    }
    if not llm and any(value is not None for value in given.values()):
        raise InputError("options for the judge were given, but not the judge: add  --llm")
    return dict(given)


@contextmanager
def judging(settings: Settings, *, llm: bool) -> Iterator[Judge | None]:
    """The judge, where one is asked for, closed at the end.

    Raises:
        SettingsError, JudgeSetupError: it can't be asked.
    """
    if not llm:
        yield None
        return
    from grader.judge.judge import Judge

    with Judge(settings=settings) as judge:
        yield judge


def tell_of(judge: Judge | None) -> None:
    """Say after a run, on standard error, whether the judge could be relied on."""
    if judge and judge.canaries.judged:
        watch = judge.canaries
        told = f"grade: {watch.passed} of {watch.judged} canaries passed"
        verdict = "" if watch.reliable else ": the judge is unreliable, do not trust its verdicts"
        typer.echo(told + verdict, err=True)
