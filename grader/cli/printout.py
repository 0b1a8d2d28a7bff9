"""A grade for people to read."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.cli.terminal import show
from grader.engine.feedback import reason_in_words, score_in_digits
from grader.reading.text import counted
from grader.records import (
    Grade,
    JudgeReport,
    KeyPointResult,
    MisconceptionResult,
    Question,
    Verdict,
)

_MARKS: dict[Verdict, tuple[str, str, str]] = {
    "covered": ("✓", "green", "covered"),
    "partial": ("◐", "yellow", "covered in part"),
    "missing": ("+", "dim", "missing"),
    "contradicted": ("✗", "red", "the answer contradicts this"),
}
"""Of each verdict: its sign, its colour, and what is written before the words that decided it."""
_BAR_WIDTH = 20


def print_grade(
    grade: Grade, question: Question, *, explain: bool, console: Console | None = None
) -> None:
    """Print a grade; colours only where the output is a terminal that wants them."""
    whole = question.reference_only
    prompt = Text(question.prompt, style="bold")
    parts: list[RenderableType] = [prompt, _headline(grade, whole=whole), _bar(grade)]
    said = [k for k in grade.key_points if k.verdict != "missing"]
    width = 0 if whole else max(len(_worth(k)) for k in grade.key_points)
    parts += [Text(), _key_points(said, width, explain=explain)] if said else []
    if grade.asserted:
        parts += [Text(), Text("Known errors that it states", style="bold red")]
        parts += [_misconception(m) for m in grade.asserted]
    missing = [k for k in grade.key_points if k.verdict == "missing"]
    if missing:
        parts += [Text(), Text("To add", style="bold")]
        parts += [_key_points(missing, width, explain=explain)]
    if grade.needs_review:
        reasons = "; ".join(map(reason_in_words, grade.review_reasons))
        parts += [Text(), Text(f"Needs review by a person: {reasons}.", style="yellow")]
    if grade.drafted:
        drafted = f"The rubric was drafted from the reference by {grade.drafted.drafted_by}."
        parts += [Text(), Text(f"{drafted} --save-rubrics DIR keeps it.", style="dim")]
    if grade.judge and grade.offline:
        parts += [Text(), _judge(grade.judge, grade.offline)]
    if explain:
        parts += [Text(), _versions(grade)]
    show(*parts, console=console)


def _headline(grade: Grade, *, whole: bool) -> Text:
    """Score and what it is made of: points, or (``whole``) the comparison with a reference."""
    filled = round(grade.score * _BAR_WIDTH)
    style = "green" if grade.passed else "red"
    line = Text(f"{score_in_digits(grade)} ", style=f"bold {style}")
    line.append("█" * filled, style=style)
    line.append("░" * (_BAR_WIDTH - filled), style="dim")
    points = f"{grade.points:g} of {_points(grade.max_points)}"
    made_of = "against the reference" if whole else points
    line.append(f" {made_of}, ")
    line.append("pass" if grade.passed else "no pass", style=style)
    return line


def _bar(grade: Grade) -> Text:
    """From where an answer passes, and how sure that decision is."""
    decision = "a pass" if grade.passed else "no pass"
    sure = f"The grader is {grade.confidence:.0%} sure that it is {decision}."
    told = f"The pass mark is {grade.pass_mark:g}. {sure}"
    if any(k.verdict != "partial" and 0 < k.points < k.max_points for k in grade.key_points):
        told += " A point that it is not sure of earns a part."
    return Text(told, style="dim")


def _points(number: float) -> str:
    return f"{number:g} {'point' if number == 1 else 'points'}"


def _worth(result: KeyPointResult) -> str:
    return f"{result.points:g}/{result.max_points:g}"


def _key_points(results: Iterable[KeyPointResult], width: int, *, explain: bool) -> RenderableType:
    """Key points below one another, with what each earned in a column at the right.

    That column is left out where its ``width`` is 0: with a reference alone a sentence has no
    points of its own.
    """
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=1)
    grid.add_column(ratio=1)
    if width:
        grid.add_column(justify="right", no_wrap=True, width=width)
    for result in results:
        mark, style, said = _MARKS[result.verdict]
        body = Text(result.claim)
        if result.evidence:
            body.append(f"\n{said}: ", style=style)
            body.append(f"“{_one_line(result.evidence.text)}”", style="italic")
        if explain:
            told = f"\n{result.verdict}, probability {result.probability:.2f}"
            body.append(f"{told}{_similar(result.similarity)}", style="dim")
        worth = [Text(_worth(result), style=style)] if width else []
        grid.add_row(Text(mark, style=style), body, *worth)
    return grid


def _misconception(result: MisconceptionResult) -> RenderableType:
    body = Text()
    if result.evidence:
        body.append(f"“{_one_line(result.evidence.text)}”", style="italic")
    body.append(f"\n−{_points(result.cost)} for the error: {result.claim}", style="red")
    body.append(f"\nCorrect: {result.correction}")
    body.append(f"\nWhy: {result.why}", style="dim")
    body.append(f"\nSource: {result.authority}", style="dim")
    return Padding(body, (0, 0, 0, 2))


def _judge(report: JudgeReport, offline: Grade) -> Text:
    told = f"{', '.join(report.models)}: {report.status.replace('_', ' ')}"
    if report.reason:
        told += f" ({report.reason})"
    if report.agreement is not None:
        told += f", {report.agreement:.0%} of its votes for these verdicts"
    if len(report.scores) > 1:
        told += f", scores by run {', '.join(f'{score:.2f}' for score in report.scores)}"
    if report.calls or report.cached:
        kept = f" ({report.cached_tokens:,} of them cached)" if report.cached_tokens else ""
        tokens = f"{report.prompt_tokens:,}{kept} + {counted(report.completion_tokens, 'token')}"
        told += f", {tokens}"
        told += "" if report.cost is None else f", cost {report.cost:.4f}"
    return Text(f"Judge {told}; without it {offline.score:.2f}", style="dim")


def _versions(grade: Grade) -> Text:
    named = "  ".join(f"{name} {value}" for name, value in grade.versions.items())
    flags = ", ".join(grade.flags) or "none"
    near = (
        f"nearest reference{_similar(grade.similarity)}\n" if grade.similarity is not None else ""
    )
    return Text(f"{near}flags {flags}\nsignature {grade.signature}  {named}", style="dim")


def _similar(cosine: float | None) -> str:
    return "" if cosine is None else f", similarity {cosine:.2f}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
