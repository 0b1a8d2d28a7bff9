"""The report: one HTML file, no network, nothing in it that an answer could run.

What is the same for all readers is written here as HTML; the table of answers is drawn by
``report.js`` from data that travels as JSON. A content security policy allows exactly that
script and that style, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from grader.engine.feedback import reason_in_words
from grader.reading.text import counted
from grader.records import VERDICTS
from grader.report.detail import Detail, Span
from grader.report.graded import Graded
from grader.report.statistics import (
    BINS,
    Coverage,
    QuestionStatistics,
    histogram,
    question_statistics,
)

_ERRORS_SHOWN = 5


def report_page(rows: Sequence[Graded], title: str) -> str:
    """The whole page. Everything that came with the table is escaped."""
    questions = question_statistics(rows)
    style, script = _part("report.css"), _part("report.js")
    styles = _Styles()
    return Template(_part("report.html")).substitute(
        title=escape(title),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        summary=_summary(rows),
        scores=_scores(rows, styles),
        questions=_questions(questions),
        coverage="".join(_question(q, styles) for q in questions),
        options="".join(
            f'<option value="{i}">{escape(q.prompt)}</option>' for i, q in enumerate(questions)
        ),
        data=_embedded(_data(rows, questions)),
        widths=styles.hashes(),
    )


class _Styles:
    """The style attributes of bars, which the page's policy must name by hash."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    def bar(self, property_: str, share: float) -> str:
        """A style attribute that makes a bar as long as a share."""
        text = f"{property_}:{share:.0%}"
        self._seen[text] = None
        return f'style="{text}"'

    def hashes(self) -> str:
        """All that were handed out."""
        return " ".join(f"'{_hash(text)}'" for text in self._seen)


def _part(name: str) -> str:
    return files("grader.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"sha256-{digest}"


def _embedded(data: object) -> str:
    """JSON that can't end the script element that it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _summary(rows: Sequence[Graded]) -> str:
    details = [row.detail for row in rows if row.detail is not None]
    passed = sum(d.passed for d in details)
    review = sum(d.needs_review for d in details)
    return (
        f"{counted(len(rows), 'answer')} by "
        f"{counted(len({row.candidate for row in rows}), 'candidate')}: {passed} passed, "
        f"{review} {'needs' if review == 1 else 'need'} review by a person, "
        f"{len(rows) - len(details)} not gradable."
    )


def _scores(rows: Sequence[Graded], styles: _Styles) -> str:
    counts = histogram(row.detail.score for row in rows if row.detail is not None)
    most = max(1, *counts)
    bars = "".join(
        f'<li><span>{n}</span><span class="bar" {styles.bar("height", 0.8 * n / most)}></span>'
        f"<span>{b / BINS:.1f}–{(b + 1) / BINS:.1f}</span></li>"
        for b, n in enumerate(counts)
    )
    return f'<ul class="histogram" aria-label="How many answers got which score">{bars}</ul>'


def _questions(questions: Sequence[QuestionStatistics]) -> str:
    heads = ("Answers", "Mean score", "Pass rate", "Discrimination", "Need review")
    head = "".join(f'<th scope="col">{h}</th>' for h in heads)
    body = "".join(
        f'<tr><th scope="row" class="text">{escape(q.prompt)}</th><td>{q.answers}</td>'
        f"<td>{q.mean:.2f}</td><td>{q.pass_rate:.0%}</td><td>{_shown(q.discrimination)}</td>"
        f"<td>{q.for_review}</td></tr>"
        for q in questions
    )
    return (
        f'<table><thead><tr><th scope="col" class="text">Question</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _question(question: QuestionStatistics, styles: _Styles) -> str:
    rows = "".join(_covered(c, styles) for c in question.coverage)
    errors = "".join(
        f"<p>{e.times} × <strong>{escape(e.claim)}</strong> Correct: {escape(e.correction)} "
        f'<span class="dim">Source: {escape(e.authority)}</span></p>'
        f"<blockquote>{escape(e.quote)}</blockquote>"
        for e in question.errors[:_ERRORS_SHOWN]
    )
    name = escape(question.prompt)
    return (
        f'<h3>{name}</h3><div class="wide" tabindex="0" role="region" '
        f'aria-label="Key points of {name}"><table><thead><tr>'
        '<th scope="col" class="text">Key point</th><th scope="col">Covered</th>'
        f'<th scope="col" class="text">Verdicts</th></tr></thead><tbody>{rows}</tbody>'
        f"</table></div>{errors}"
    )


def _covered(coverage: Coverage, styles: _Styles) -> str:
    parts = list(zip(VERDICTS, coverage.shares, strict=True))
    told = ", ".join(f"{verdict} {share:.0%}" for verdict, share in parts)
    bars = "".join(
        f'<i class="{v}" {styles.bar("width", share)}></i>' for v, share in parts if share
    )
    return (
        f'<tr><th scope="row" class="text">{escape(coverage.claim)}</th>'
        f"<td>{coverage.shares[0]:.0%}</td>"
        f'<td><div class="stack" role="img" aria-label="{told}">{bars}</div></td></tr>'
    )


def _data(rows: Sequence[Graded], questions: Sequence[QuestionStatistics]) -> dict[str, Any]:
    first: dict[tuple[str, str], Detail] = {}
    for row in rows:
        if row.detail is not None:
            first.setdefault(row.key, row.detail)
    numbers = {key: i for i, key in enumerate(first)}
    return {
        "questions": [
            {
                "name": q.prompt,
                "claims": [c.claim for c in q.coverage],
                "errors": [m.claim for m in detail.misconceptions],
            }
            for detail, q in zip(first.values(), questions, strict=True)
        ],
        "rows": [_row(row, numbers) for row in rows],
    }


def _row(row: Graded, numbers: dict[tuple[str, str], int]) -> dict[str, Any]:
    shared = {"row": row.row, "candidate": row.candidate, "answer": row.answer, "error": row.error}
    if row.detail is None:
        nothing: dict[str, Any] = {"question": -1, "score": None, "confidence": None}
        return shared | nothing | {"passed": False, "review": [], "spans": [], "verdicts": []}
    d = row.detail
    wrong = d.asserted
    verdicts = [[k.verdict, i] for i, k in enumerate(d.key_points)]
    results = (*d.key_points, *(m for _, m in wrong))
    return shared | {
        "question": numbers[row.key],
        "score": d.score,
        "confidence": d.confidence,
        "passed": d.passed,
        "review": [reason_in_words(reason) for reason in d.review_reasons],
        "verdicts": verdicts + [["asserted", -1 - i] for i, _ in wrong],
        "spans": [
            [*_offsets(row.answer, r.evidence), r.verdict, r.claim] for r in results if r.evidence
        ],
    }


def _offsets(answer: str, span: Span) -> Iterable[int]:
    """Where a span begins and ends as JavaScript counts: in UTF-16 units."""
    return (len(answer[:end].encode("utf-16-le")) // 2 for end in (span.start, span.end))


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
