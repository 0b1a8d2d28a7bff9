"""The report: one HTML file, no network, nothing in it that an answer could run.

What is the same for all readers is written as HTML (``sections``); the table of answers is drawn
by ``report.js`` from data that travels as JSON. A content security policy allows exactly that
script and that style, by their hashes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from grader.engine.feedback import reason_in_words
from grader.errors import InputError, TableError
from grader.hiring.candidates import Blank, Ranking, rank
from grader.hiring.detail import KeyPoint, Misconception
from grader.hiring.feedback.bar import load_bar, notes_on
from grader.hiring.records import Graded, GradedTable
from grader.hiring.weights import weights_of
from grader.report import sections
from grader.report.findings import find
from grader.report.statistics import question_statistics


def ranking_of(
    table: GradedTable,
    blank: Blank | None = None,
    *,
    weights: Mapping[str, float] | None = None,
    weight_column: str | None = None,
) -> Ranking | str:
    """The candidates of a graded table, or why they can't be ranked.

    A report is of answers first: a table that holds several of a candidate to a question, say,
    makes one all the same.

    Args:
        table: what was graded.
        blank: see ``rank_candidates``, here and below.
        weights: what each question is worth.
        weight_column: the column that says it.

    Raises:
        InputError: the weights that are told won't do.
    """
    try:
        worth = weights_of(table, weights, weight_column)
    except InputError as error:
        if weights is not None or weight_column is not None:
            raise
        return str(error)
    try:
        return rank(table, worth, blank=blank, leave=weight_column)
    except TableError as error:
        return str(error)


def notes_of(table: GradedTable, ranking: Ranking | str | None) -> tuple[str, ...]:
    """What the reader should hear of a table, whether it could be ranked or not."""
    known = ranking.notes if isinstance(ranking, Ranking) else table.notes
    return (*known, *notes_on(load_bar(), table))


def report_page(table: GradedTable, title: str, ranking: Ranking | str | None = None) -> str:
    """The whole page. Everything that came with the table is escaped.

    Args:
        table: what was graded, read to be quoted.
        title: the page's heading.
        ranking: the candidates or why there is no ranking; without it nothing is said of them.
    """
    rows = table.rows
    asked = _asked(rows)
    questions = question_statistics(rows)
    style, script = _part("report.css"), _part("report.js")
    styles = sections.Styles()
    bar = load_bar()
    return Template(_part("report.html")).substitute(
        title=escape(title),
        style=style,
        script=script,
        style_hash=sections.hash_of(style),
        script_hash=sections.hash_of(script),
        summary=sections.summary(rows),
        candidates="" if ranking is None else sections.candidates(ranking),
        notes=sections.notes(notes_of(table, ranking)),
        findings=sections.findings(find(rows, bar), bar),
        scores=sections.scores(rows, styles),
        questions=sections.questions(questions),
        coverage="".join(sections.question(q, styles) for q in questions),
        options="".join(
            f'<option value="{i}">{escape(_name(q))}</option>' for i, q in enumerate(asked.values())
        ),
        data=_embedded(_data(rows, asked)),
        widths=styles.hashes(),
    )


def _part(name: str) -> str:
    return files("grader.report").joinpath(name).read_text(encoding="utf-8")


def _embedded(data: object) -> str:
    """JSON that can't end the script element that it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _asked(rows: Sequence[Graded]) -> dict[tuple[str, str], Graded]:
    """The first answer to each question under each rubric, then to each that has no rubric."""
    first: dict[tuple[str, str], Graded] = {}
    for row in rows:
        if row.detail is not None:
            first.setdefault(row.key, row)
    graded = {row.question_id for row in first.values()}
    for row in rows:
        if row.detail is None and row.question_id not in graded:
            first.setdefault((row.question_id, ""), row)
    return first


def _data(rows: Sequence[Graded], asked: Mapping[tuple[str, str], Graded]) -> dict[str, Any]:
    """What ``report.js`` draws: each question once, each answer with its verdicts."""
    numbers = {key: i for i, key in enumerate(asked)}
    # An answer without a detail says no rubric: it goes with the first answer to its question.
    by_id = {one.question_id: numbers[key] for key, one in reversed(tuple(asked.items()))}
    return {
        "questions": [_question(one) for one in asked.values()],
        "rows": [
            _row(row, by_id[row.question_id] if row.detail is None else numbers[row.key])
            for row in rows
        ],
    }


def _question(first: Graded) -> dict[str, Any]:
    """What is asked, with the points and errors of its rubric."""
    points = () if first.detail is None else first.detail.key_points
    errors = () if first.detail is None else first.detail.misconceptions
    return {
        "name": _name(first),
        "points": [[k.claim, k.max_points, k.bonus] for k in points],
        "errors": [[m.claim, m.correction, m.why, m.authority] for m in errors],
    }


def _name(row: Graded) -> str:
    return row.question or "no question"


def _row(row: Graded, question: int) -> dict[str, Any]:
    """An answer to the question with this number.

    A verdict is its name, its place among key points (for an error, -1 less its place among
    errors), what it earned or cost, its probability, and the ends of its evidence.
    """
    d = row.detail
    verdicts: list[list[Any]] = []
    if d is not None:
        verdicts = [[k.verdict, i, k.points, *_proof(row, k)] for i, k in enumerate(d.key_points)]
        verdicts += [[m.verdict, -1 - i, -m.cost, *_proof(row, m)] for i, m in d.asserted]
    return {
        "row": row.row,
        "candidate": row.candidate,
        "answer": row.answer,
        "error": row.error,
        "question": question,
        "score": row.score,
        "points": row.points,
        "most": row.max_points,
        "confidence": row.confidence,
        "passed": bool(row.passed),
        "hand": row.by_hand,
        "review": _reasons(row),
        "verdicts": verdicts,
    }


def _reasons(row: Graded) -> list[str]:
    """Why a person should look at an answer; nothing once a person says that none need."""
    if not row.needs_review:
        return []
    reasons = [] if row.detail is None else list(map(reason_in_words, row.detail.review_reasons))
    return reasons or ["asked for in the table"]


def _proof(row: Graded, result: KeyPoint | Misconception) -> Iterable[float]:
    """How sure a verdict is, and where its words begin and end as JavaScript counts."""
    yield result.probability
    if result.evidence is not None:
        plain = row.answer.isascii()  # then both count alike
        for end in (result.evidence.start, result.evidence.end):
            yield end if plain else len(row.answer[:end].encode("utf-16-le")) // 2
