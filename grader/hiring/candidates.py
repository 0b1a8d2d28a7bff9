"""Candidates of a graded table: what they have in all, and who is told apart from whom.

A total is the sum of scores, each times its question's weight. Its interval comes from how sure
the grader is of each answer (``uncertainty``). Two candidates are told apart if their intervals do
not overlap. That is stricter than a test of their difference at the same level (Schenker and
Gentleman, The American Statistician 55 (2001) 182), and errs towards saying too little. The ranks
that a candidate may have are those that these comparisons leave open; as Goldstein and
Spiegelhalter found of league tables (J. R. Stat. Soc. A 159 (1996) 385), they are often many.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from grader.errors import InputError
from grader.hiring.graded_table import read_graded_table
from grader.hiring.lacking import Lack, asked_beside, lack_of
from grader.hiring.records import Graded, GradedTable, check_one_answer_each
from grader.hiring.uncertainty import IntervalRule, error_of, load_rule, margin
from grader.hiring.weights import weights_of
from grader.reading.text import counted
from grader.tables.columns import listed
from grader.tables.table import ReadAs

if TYPE_CHECKING:
    import pandas as pd

Blank = Literal["zero", "skip"]
SCORE = "grade_score:"
"""What the column of each question's score begins with."""
_DIGITS = 4  # scores have so many
_ALIKE = 9  # digits: totals that differ beyond, by the order of additions, are equal
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One candidate over all questions."""

    name: str
    cells: Mapping[str, str]
    """The table's own cells that are the same in all of the candidate's rows, by column."""
    rank: int | None = None
    """From 1; candidates of equal totals share the better one. None without a whole total."""
    rank_from: int | None = None
    """The best rank that the intervals leave open."""
    rank_to: int | None = None
    """The worst."""
    told_apart: bool | None = None
    """Whether the interval lies above that of the next in rank; None for the last."""
    points: float
    """Scores times weights."""
    max_points: float
    share: float | None
    """``points`` of ``max_points``, 0 to 1; None where nothing counts."""
    low: float | None
    high: float | None
    """The interval of ``share``."""
    scores: Mapping[str, float | None]
    """By question, 0 to 1; None where there is no mark."""
    graded: int
    passed: int
    blank: int
    """Questions that were left blank."""
    missing: int
    """Questions of the table that the candidate has no row for."""
    not_gradable: int
    """Answers that could not be graded for another reason than being blank."""
    to_review: int
    """Answers that wait for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """All candidates, the best first; those without a rank come last."""

    candidates: tuple[Candidate, ...]
    weights: Mapping[str, float]
    """What each question is worth."""
    columns: tuple[str, ...]
    """The table's own columns that say something of a candidate."""
    level: float
    """The share of intervals that hold the right total."""
    notes: tuple[str, ...]
    """What the user should hear."""

    @property
    def ranked(self) -> tuple[Candidate, ...]:
        """Those that have a rank."""
        return tuple(one for one in self.candidates if one.rank is not None)

    def rows(self) -> list[dict[str, Any]]:
        """A row a candidate, as ``grade candidates`` writes it; what is not known is None."""
        return [
            {**{c: one.cells[c] for c in self.columns}, **_cells(one)} for one in self.candidates
        ]

    def frame(self) -> pd.DataFrame:
        """The same as a frame, whose ranks and counts are nullable integers."""
        import pandas as pd

        frame = pd.DataFrame(self.rows(), columns=[*self.columns, *added_columns(self.weights)])
        return frame.astype(
            {name: _FRAME[kind] for name, kind in added_columns(self.weights).items()}
        )


def rank_candidates(
    table: Path | pd.DataFrame,
    *,
    candidate: str | Sequence[str] | None = None,
    weights: Mapping[str, float] | None = None,
    weight_column: str | None = None,
    blank: Blank | None = None,
    mapping: Sequence[str] = (),
    read_as: ReadAs | None = None,
) -> Ranking:
    """Rank the candidates of what ``grade batch`` or ``grade_frame`` made.

    Args:
        table: a file in any format, or a frame.
        candidate: the column that names the candidate, or several that do so together; without
            it they are found by what they are called.
        weights: what each question is worth; without them and ``weight_column`` the points that
            its rubric gives.
        weight_column: the column of weights, one number a question.
        blank: what a question is without an answer: 0 points, or left out of the total. If
            not given, candidates with one get no rank.
        mapping: ``PART=COLUMN`` for columns with other names, as ``grade batch`` was told.
        read_as: what is known of a file; the rest is found.

    Raises:
        TableError: it is not a graded table, a candidate has two answers to a question, or it
            contradicts itself.
        InputError: weights or ``blank`` won't do.
    """
    graded = read_graded_table(table, candidate=candidate, mapping=mapping, read_as=read_as)
    return rank(
        graded, weights_of(graded, weights, weight_column), blank=blank, leave=weight_column
    )


def rank(
    table: GradedTable,
    weights: Mapping[str, float],
    *,
    blank: Blank | None = None,
    rule: IntervalRule | None = None,
    leave: str | None = None,
) -> Ranking:
    """Rank the candidates of a graded table.

    Args:
        table: what was graded.
        weights: what each question is worth; one that is not there is left out.
        blank: see ``rank_candidates``.
        rule: what makes the intervals; the shipped one, if not given.
        leave: a column that says nothing of candidates.

    Raises:
        TableError: a candidate has two answers to a question.
        InputError: ``blank`` is neither of its words.
    """
    if blank not in {None, "zero", "skip"}:
        raise InputError(f"blank = {blank!r}: choose from zero, skip")
    check_one_answer_each(table)
    rule = rule or load_rule()
    people = table.by_candidate
    columns = _of_people(table, people.values(), leave)
    beside = asked_beside(people.values(), weights)
    found = [
        (_candidate(rows, weights, columns, blank, rule), lack_of(rows, weights, beside))
        for rows in people.values()
    ]
    whole = [one for one, lack in found if _is_whole(one, lack, blank)]
    ranked = _ranked(sorted(whole, key=lambda one: -_rounded(one)))
    unranked = [(one, lack) for one, lack in found if not _is_whole(one, lack, blank)]
    rest = [one for one, _ in unranked]
    if not table.people:
        columns = ("candidate", *columns)
        ranked, rest = ([_named(one) for one in some] for some in (ranked, rest))
    return Ranking(
        candidates=(*ranked, *rest),
        weights=dict(weights),
        columns=columns,
        level=rule.level,
        notes=(*table.notes, *_notes(table, weights, unranked, blank)),
    )


# ── one candidate ───────────────────────────────────────────────────────────


def _candidate(
    rows: Sequence[Graded],
    weights: Mapping[str, float],
    columns: Sequence[str],
    blank: Blank | None,
    rule: IntervalRule,
) -> Candidate:
    by_question = {row.question_id: row for row in rows if row.question_id in weights}
    scores = {q: _score(by_question.get(q), blank) for q in weights}
    counts = {q: score for q, score in scores.items() if score is not None}
    points = sum(weights[q] * score for q, score in counts.items())
    most = sum(weights[q] for q in counts)
    errors = [weights[q] ** 2 * error_of(by_question[q], rule) for q in counts if q in by_question]
    share = points / most if most else None
    around = margin(errors, rule.level) / most if most else 0.0
    own = by_question.values()
    return Candidate(
        name=rows[0].candidate,
        cells={column: rows[0].cells[column].strip() for column in columns},
        points=round(points, _DIGITS),
        max_points=round(most, _DIGITS),
        share=share,
        low=None if share is None else max(0.0, share - around),
        high=None if share is None else min(1.0, share + around),
        scores={q: None if s is None else round(s, _DIGITS) for q, s in scores.items()},
        graded=sum(row.score is not None for row in own),
        passed=sum(bool(row.passed) for row in own),
        blank=sum(row.blank for row in own),
        missing=len(weights) - len(by_question),
        # Of all rows: an answer whose question was mistyped is no answer that is missing.
        not_gradable=sum(row.score is None and not row.blank for row in rows),
        to_review=sum(row.needs_review for row in own),
    )


def _score(row: Graded | None, blank: Blank | None) -> float | None:
    """What counts for a question: its score, or 0 where there is no answer and that is zero."""
    if row is not None and row.score is not None:
        return _exact(row, row.score)
    left_out = row is None or row.blank
    return 0.0 if blank == "zero" and left_out else None


def _exact(row: Graded, score: float) -> float:
    """The score before it was rounded, so that points add up and equal totals are equal."""
    if row.points is None or row.max_points is None:
        return score
    share = row.points / row.max_points
    return share if abs(share - score) < 10**-_DIGITS else score


def _is_whole(one: Candidate, lack: Lack, blank: Blank | None) -> bool:
    """Whether a total is of all that it should be of."""
    if one.share is None or blank == "skip":
        return one.share is not None
    return not lack.mark and (blank == "zero" or not lack.answer)


def _named(one: Candidate) -> Candidate:
    return replace(one, cells={"candidate": one.name, **one.cells})


# ── all of them ─────────────────────────────────────────────────────────────


def _of_people(
    table: GradedTable, people: Iterable[Sequence[Graded]], leave: str | None
) -> tuple[str, ...]:
    """The columns that hold one thing a candidate, and are not what was asked or answered."""
    free = [c for c in table.columns if c not in table.parts.values() and c != leave]
    groups = list(people)
    return tuple(
        column
        for column in free
        if all(len({row.cells[column].strip() for row in rows}) == 1 for rows in groups)
    )


def _rounded(one: Candidate) -> float:
    assert one.share is not None
    return round(one.share, _ALIKE)


def _ranked(ordered: Sequence[Candidate]) -> list[Candidate]:
    """Candidates with whole totals, the best first, with their ranks."""
    everyone = len(ordered)
    lows, highs = ([getattr(one, end) for one in ordered] for end in ("low", "high"))
    by_low, by_high, by_total = sorted(lows), sorted(highs), sorted(map(_rounded, ordered))
    return [
        replace(
            one,
            rank=1 + everyone - bisect_right(by_total, _rounded(one)),
            rank_from=1 + everyone - bisect_right(by_low, high),
            rank_to=everyone - bisect_left(by_high, low),
            told_apart=low > highs[at + 1] if at + 1 < everyone else None,
        )
        for at, (one, low, high) in enumerate(zip(ordered, lows, highs, strict=True))
    ]


def _notes(
    table: GradedTable,
    weights: Mapping[str, float],
    unranked: Sequence[tuple[Candidate, Lack]],
    blank: Blank | None,
) -> Iterable[str]:
    unknown = [question for question in table.by_question if question not in weights]
    if unknown:
        yield (
            f"{table.name}: {listed(unknown)} is left out of the totals: nobody has a grade for "
            "it, so that nothing says what it is worth"
        )
    gaps = [one for one, lack in unranked if lack.answer]
    lost = [one for one, lack in unranked if lack.mark]
    if gaps and blank is None:
        yield (
            f"{table.name}: {_have(len(gaps))} no rank, for want of an answer that is blank or "
            f"missing ({_some(gaps)}): count it as 0 with --blank zero, or leave it out of the "
            "total with --blank skip"
        )
    if lost and blank != "skip":
        yield (
            f"{table.name}: {_have(len(lost))} no rank, for want of a mark where an answer could "
            f"not be graded ({_some(lost)}): give its row a grade_score and empty its grade_error, "
            "or leave such answers out of the totals with --blank skip"
        )


def _have(number: int) -> str:
    return f"{counted(number, 'candidate')} {'has' if number == 1 else 'have'}"


def _some(people: Sequence[Candidate]) -> str:
    names = ", ".join(one.name for one in people[:_SHOWN])
    rest = len(people) - _SHOWN
    return f"{names} and {rest} more" if rest > 0 else names


# ── as a table ──────────────────────────────────────────────────────────────

_KINDS: Mapping[str, type] = {
    "grade_rank": int,
    "grade_rank_from": int,
    "grade_rank_to": int,
    "grade_told_apart": bool,
    "grade_points": float,
    "grade_max_points": float,
    "grade_percent": float,
    "grade_percent_from": float,
    "grade_percent_to": float,
    "grade_graded": int,
    "grade_passed_answers": int,
    "grade_blank": int,
    "grade_missing": int,
    "grade_not_gradable": int,
    "grade_to_review": int,
}
_FRAME = {int: "Int64", bool: "boolean", float: "float64"}


def added_columns(questions: Iterable[str]) -> dict[str, type]:
    """The columns that say how candidates did, and what each holds."""
    return {**_KINDS, **{f"{SCORE}{question}": float for question in questions}}


def _cells(one: Candidate) -> dict[str, Any]:
    values = (
        one.rank,
        one.rank_from,
        one.rank_to,
        one.told_apart,
        one.points,
        one.max_points,
        _percent(one.share),
        _percent(one.low),
        _percent(one.high),
        one.graded,
        one.passed,
        one.blank,
        one.missing,
        one.not_gradable,
        one.to_review,
    )
    named = dict(zip(_KINDS, values, strict=True))
    return {**named, **{f"{SCORE}{question}": score for question, score in one.scores.items()}}


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)
