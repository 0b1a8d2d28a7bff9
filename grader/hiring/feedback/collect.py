"""From a graded table to what each candidate is told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grader.hiring.detail import Detail, KeyPoint, Result, Span, is_of_reference
from grader.hiring.feedback.bar import Bar
from grader.hiring.feedback.hints import hints
from grader.hiring.feedback.records import AnswerFeedback, CandidateFeedback, Finding, Reveal
from grader.hiring.records import Graded, GradedTable, check_one_answer_each, judges_of
from grader.reading.rendering import rendered
from grader.reading.text import normalise


def feedback_of(table: GradedTable, reveal: Reveal, bar: Bar) -> tuple[CandidateFeedback, ...]:
    """What every candidate of a table is told, in the order of the table.

    Args:
        table: what was graded, with all details.
        reveal: how much is told of what was missing.
        bar: how sure a verdict must be.

    Raises:
        TableError: a candidate has two answers to a question. Two people of the same name must
            never read each other's.
    """
    check_one_answer_each(table)
    return tuple(
        CandidateFeedback(
            name=normalise(name),
            answers=tuple(_answer(row, reveal, bar) for row in rows),
            models=judges_of(rows),
            level=bar.level,
        )
        for name, rows in table.by_candidate.items()
    )


def _answer(row: Graded, reveal: Reveal, bar: Bar) -> AnswerFeedback:
    """What is told of one answer; of one that a person marked, nothing of the grader's."""
    question, mark = normalise(row.question), _mark(row) if reveal == "all" else ""
    if row.blank:
        return AnswerFeedback(question=question, status="blank", mark=mark)
    if row.by_hand:
        return AnswerFeedback(question=question, status="by_hand", mark=mark)
    if row.detail is None:
        return AnswerFeedback(question=question, status="not_gradable")
    if is_of_reference(row.detail):
        return AnswerFeedback(question=question, status="by_reference", mark=mark)
    told = [
        *_right(row, row.detail, reveal, bar),
        *_missing(row, row.detail, reveal, bar),
        *_wrong(row, row.detail, reveal, bar),
    ]
    return AnswerFeedback(
        question=question,
        status="told",
        findings=tuple(told),
        unsure=_unsure(row.detail, bar),
        mark=mark,
    )


def _mark(row: Graded) -> str:
    if row.points is None or row.max_points is None:
        return "" if row.score is None else f"{row.score:.0%}"
    return f"{row.points:g} of {counted_points(row.max_points)}"


def counted_points(points: float) -> str:
    """A number of points in words."""
    return f"{points:g} point" if points == 1 else f"{points:g} points"


# ── findings ────────────────────────────────────────────────────────────────


def _right(row: Graded, detail: Detail, reveal: Reveal, bar: Bar) -> Iterator[Finding]:
    """What was said rightly. Without the points, words that are quoted twice stand once."""
    points = [p for p in _sure_points(detail, bar) if p.verdict in {"covered", "partial"}]
    said = [(point, point.evidence) for point in points if point.evidence is not None]
    if reveal == "hints":
        for start, end in _merged((span.start, span.end) for _, span in said):
            yield Finding(kind="right", quote=_quote(row.answer, start, end), text="")
        return
    for point, span in said:
        yield Finding(
            kind="right",
            quote=_quote(row.answer, span.start, span.end),
            text=normalise(point.claim),
            mark=_earned(point) if reveal == "all" else "",
        )


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Stretches that do not overlap, in order; those that do are made one."""
    begun: tuple[int, int] | None = None
    for start, end in sorted(spans):
        if begun is not None and start < begun[1]:
            begun = (begun[0], max(begun[1], end))
            continue
        if begun is not None:
            yield begun
        begun = (start, end)
    if begun is not None:
        yield begun


def _missing(row: Graded, detail: Detail, reveal: Reveal, bar: Bar) -> Iterator[Finding]:
    """What could be added; points that full marks don't need are left out."""
    sure = _sure_points(detail, bar)
    lacking = [point for point in sure if point.verdict == "missing" and not point.bonus]
    if reveal != "hints":
        for point in lacking:
            mark = _earned(point) if reveal == "all" else ""
            yield Finding(kind="missing", quote="", text=normalise(point.claim), mark=mark)
        return
    claims = [point.claim for point in detail.key_points]
    for hint in hints([p.claim for p in lacking], row.question, row.answer, claims):
        yield Finding(kind="missing", quote="", text=hint.told)


def _wrong(row: Graded, detail: Detail, reveal: Reveal, bar: Bar) -> Iterator[Finding]:
    """What does not hold: known errors with their corrections, and what contradicts a point."""
    errors = [m for _, m in detail.asserted if bar.is_sure(m) and m.evidence is not None]
    for error in errors:
        assert error.evidence is not None
        yield Finding(
            kind="wrong",
            quote=_quote(row.answer, error.evidence.start, error.evidence.end),
            text=normalise(error.correction),
            why=normalise(error.why),
            source=normalise(error.authority),
            mark=f"cost {counted_points(error.cost)}" if reveal == "all" and error.cost else "",
        )
    for point in _sure_points(detail, bar):
        if point.verdict != "contradicted" or point.evidence is None:
            continue
        if any(_overlap(point.evidence, e.evidence) for e in errors):
            continue  # said already, with the correction
        yield Finding(
            kind="wrong",
            quote=_quote(row.answer, point.evidence.start, point.evidence.end),
            text="" if reveal == "hints" else normalise(point.claim),
            mark=_earned(point) if reveal == "all" else "",
        )


def _earned(point: KeyPoint) -> str:
    return f"{point.points:g} of {counted_points(point.max_points)}"


# ── sureness ────────────────────────────────────────────────────────────────


def _sure_points(detail: Detail, bar: Bar) -> list[KeyPoint]:
    return [point for point in detail.key_points if _is_told(point, detail, bar)]


def _is_told(point: KeyPoint, detail: Detail, bar: Bar) -> bool:
    """Whether the verdict is sure, and no praise of words that may say something wrong."""
    if not bar.is_sure(point):
        return False
    if point.verdict not in {"covered", "partial"}:
        return True
    doubted = [m.evidence for _, m in detail.asserted]
    doubted += [k.evidence for k in detail.key_points if k.verdict == "contradicted"]
    return not any(_overlap(point.evidence, other) for other in doubted)


def _unsure(detail: Detail, bar: Bar) -> int:
    """How many verdicts are not told, of those that would be."""
    points = [k for k in detail.key_points if not (k.bonus and k.verdict == "missing")]
    results: list[Result] = [k for k in points if not _is_told(k, detail, bar)]
    return len(results) + sum(not bar.is_sure(m) for _, m in detail.asserted)


def _overlap(one: Span | None, other: Span | None) -> bool:
    return one is not None and other is not None and one.start < other.end and other.start < one.end


def _quote(answer: str, start: int, end: int) -> str:
    """The candidate's words as their reader saw them, in one line."""
    if "<" not in answer and "&" not in answer:
        return normalise(answer[start:end])
    seen = rendered(answer)
    signs = zip(seen.text, seen.starts, seen.ends, strict=True)
    return normalise("".join(sign for sign, a, b in signs if a >= start and b <= end))
