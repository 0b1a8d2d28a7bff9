"""A grade for a person's eyes."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.records import (
    Grade,
    JudgeReport,
    KeyPointResult,
    MisconceptionResult,
    Question,
    Verdict,
)

_MARKS: dict[Verdict, tuple[str, str]] = {
    "covered": ("✓", "green"),
    "partial": ("◐", "yellow"),
    "missing": ("+", "dim"),
    "contradicted": ("✗", "red"),
}
_BAR_WIDTH = 20


def print_grade(
    grade: Grade, question: Question, *, explain: bool, console: Console | None = None
) -> None:
    """Print a grade; colours only where the output is a terminal that wants them."""
    console = console or Console(highlight=False)
    whole = question.reference_only
    headline = _headline(grade, whole=whole)
    parts: list[RenderableType] = [Text(question.prompt, style="bold"), headline, Text()]
    said = [k for k in grade.key_points if k.verdict != "missing"]
    parts += [_key_point(k, explain=explain, whole=whole) for k in said]
    if grade.asserted:
        parts += [Text(), Text("Wrong", style="bold red")]
        parts += [_misconception(m) for m in grade.asserted]
    missing = [k for k in grade.key_points if k.verdict == "missing"]
    if missing:
        parts += [Text(), Text("To add", style="bold")]
        parts += [_key_point(k, explain=explain, whole=whole) for k in missing]
    if grade.needs_review:
        reasons = "; ".join(grade.review_reasons)
        parts += [Text(), Text(f"A person should look at this: {reasons}.", style="yellow")]
    if grade.judge and grade.offline:
        parts += [Text(), _judge(grade.judge, grade.offline)]
    if explain:
        parts += [Text(), _versions(grade)]
    console.print(Group(*parts))


def _headline(grade: Grade, *, whole: bool) -> Text:
    """Score and what it is made of: points, or (``whole``) the comparison with a reference."""
    filled = round(grade.score * _BAR_WIDTH)
    style = "green" if grade.passed else "red"
    line = Text(f"{grade.score:.2f} ", style=f"bold {style}")
    line.append("█" * filled, style=style)
    line.append("░" * (_BAR_WIDTH - filled), style="dim")
    made_of = (
        "against the reference" if whole else f"{grade.points:g} of {grade.max_points:g} points"
    )
    line.append(f" {made_of}, ")
    line.append("pass" if grade.passed else "no pass", style=style)
    line.append(f", {grade.confidence:.0%} sure")
    return line


def _key_point(result: KeyPointResult, *, explain: bool, whole: bool) -> RenderableType:
    mark, style = _MARKS[result.verdict]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(ratio=1)
    grid.add_column(justify="right", no_wrap=True)
    body = Text(result.claim)
    if result.evidence:
        said = "said the other way round" if result.verdict == "contradicted" else result.verdict
        body.append(f"\n{said}: ", style=style)
        body.append(f"“{_one_line(result.evidence.text)}”", style="italic")
    if explain:
        body.append(f"\n{result.verdict}, probability {result.probability:.2f}", style="dim")
    worth = "" if whole else f"{result.points:g}/{result.max_points:g}"
    points = Text(worth, style=style)
    grid.add_row(Text(mark, style=style), body, points)
    return grid


def _misconception(result: MisconceptionResult) -> RenderableType:
    body = Text()
    if result.evidence:
        body.append(f"“{_one_line(result.evidence.text)}”", style="italic")
    body.append(f"\n−{result.cost:g}: {result.claim}", style="red")
    body.append(f"\nRight is: {result.correction}")
    body.append(f"\nWhy: {result.why} ", style="dim")
    body.append(f"({result.authority})", style="dim")
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
        told += f", {report.prompt_tokens:,} + {report.completion_tokens:,} tokens"
        told += "" if report.cost is None else f", cost {report.cost:.4f}"
    return Text(f"Judge {told}; without it {offline.score:.2f}", style="dim")


def _versions(grade: Grade) -> Text:
    named = "  ".join(f"{name} {value}" for name, value in grade.versions.items())
    flags = ", ".join(grade.flags) or "none"
    return Text(f"flags {flags}\nsignature {grade.signature}  {named}", style="dim")


def _one_line(text: str) -> str:
    return " ".join(text.split())
