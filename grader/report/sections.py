"""The parts of the report that stand still, as HTML.

Everything that came with the table is escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape

from grader.hiring.candidates import Candidate, Ranking
from grader.hiring.feedback.bar import Bar
from grader.hiring.records import Graded
from grader.reading.text import counted
from grader.records import VERDICTS
from grader.report.findings import Finding, Findings, Saying
from grader.report.statistics import BINS, LEVEL, Coverage, QuestionStatistics, histogram

_SHOWN = 50  # candidates that stand open; the rest is folded up
_RANGE = 100  # units of the picture of an interval


class Styles:
    """The style attributes of bars, which the page's policy must name by hash."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    def bar(self, property_: str, share: float) -> str:
        """A style attribute that makes a bar as long, or puts it as far, as a share."""
        text = f"{property_}:{share:.0%}"
        self._seen[text] = None
        return f'style="{text}"'

    def hashes(self) -> str:
        """All that were handed out."""
        return " ".join(f"'{hash_of(text)}'" for text in self._seen)


def hash_of(text: str) -> str:
    """What a content security policy calls a style or a script."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"sha256-{digest}"


def summary(rows: Sequence[Graded]) -> str:
    """What the table holds, in a sentence."""
    graded = [row for row in rows if row.score is not None]
    passed = sum(bool(row.passed) for row in graded)
    review = sum(row.needs_review for row in graded)
    return (
        f"{counted(len(rows), 'answer')} by "
        f"{counted(len({row.candidate for row in rows}), 'candidate')}: {passed} passed, "
        f"{len(graded) - passed} not passed, "
        f"{review} {'needs' if review == 1 else 'need'} review by a person, "
        f"{len(rows) - len(graded)} not gradable."
    )


# ── candidates ──────────────────────────────────────────────────────────────


def candidates(ranking: Ranking | str) -> str:
    """The ranking, or why there is none."""
    if isinstance(ranking, str):
        return f'<h2 id="candidates">Candidates</h2><p>There is no ranking: {escape(ranking)}.</p>'
    heads = (
        ("Candidate", True),
        ("Rank", False),
        ("Total", False),
        (f"{ranking.level:.0%} interval", False),
        ("May be rank", False),
        ("Passed", False),
        ("Blank", False),
        ("To review", False),
    )
    rows = [_candidate(one, heads) for one in ranking.candidates]
    folded = ""
    if len(rows) > _SHOWN:
        more = f"{len(rows) - _SHOWN:,} more"
        folded = (
            f"<details><summary>{more}</summary>{table('More candidates', heads, rows[_SHOWN:])}"
            "</details>"
        )
    return (
        '<h2 id="candidates">Candidates</h2>'
        '<p class="dim">The interval says how far the grader may be off; it decides which ranks '
        "are possible. A name shows the answers.</p>"
        f"{table('Candidates', heads, rows[:_SHOWN])}{folded}"
    )


def notes(heard: Sequence[str]) -> str:
    """What the reader should hear, a line each."""
    lines = "".join(f'<li class="dim">{escape(note)}</li>' for note in heard)
    return f"<ul>{lines}</ul>" if lines else ""


def _candidate(one: Candidate, heads: Sequence[tuple[str, bool]]) -> str:
    name = (
        f'<button type="button" class="link" data-candidate="{escape(one.name)}">'
        f"{escape(one.name)}</button>"
    )
    ranked = one.rank is not None
    cells = (
        str(one.rank) if ranked else "–",
        "–" if one.share is None else f"{one.share:.0%}",
        _interval(one),
        f"{one.rank_from}–{one.rank_to}" if ranked else "–",
        f"{one.passed} of {len(one.scores)}",
        str(one.blank + one.missing),
        str(one.to_review),
    )
    return line(name, heads, cells)


def _interval(one: Candidate) -> str:
    """The interval in numbers and as a picture, whose lengths no style need say."""
    if one.share is None or one.low is None or one.high is None:
        return "–"
    low, high = one.low * _RANGE, one.high * _RANGE
    return (
        f'<span class="range"><svg viewBox="0 0 {_RANGE} 8" aria-hidden="true">'
        f'<rect class="all" y="3" width="{_RANGE}" height="2"/>'
        f'<rect x="{low:.0f}" y="2" width="{max(1, high - low):.0f}" height="4"/>'
        f'<circle cx="{one.share * _RANGE:.0f}" cy="4" r="4"/></svg>'
        f"<span>{one.low:.0%}–{one.high:.0%}</span></span>"
    )


# ── findings ────────────────────────────────────────────────────────────────


def findings(found: Findings, bar: Bar) -> str:
    """What answers get wrong, the surest first, with who said it."""
    lowest = bar.bars.get("asserted")
    parts = "".join(_finding(one) for one in found.sure)
    if not parts:
        parts = "<p>No answer states a known error surely enough to be reported.</p>"
    rest = ""
    if found.unsure and lowest is not None:
        rest = (
            f'<p class="dim">Not counted: {counted(found.unsure, "known error")} that the grader '
            f"is less than {lowest:.0%} sure of. From there up, people agreed with at least "
            f"{bar.level:.0%} of such verdicts; below, too often not. They stand in the answers, "
            "each with its sureness.</p>"
        )
    return f"{parts}{rest}"


def _finding(one: Finding) -> str:
    said = "".join(_saying(saying) for saying in one.said)
    answers = counted(len(one.said), "answer")
    return (
        f'<section class="finding"><h3>{escape(one.claim)}</h3>'
        f'<p class="dim">{escape(one.question)} · {answers} · {one.sure:.0%} sure</p>'
        f"<p><strong>Correct:</strong> {escape(one.correction)} {escape(one.why)} "
        f'<span class="dim">Source: {escape(one.authority)}</span></p><ul>{said}</ul></section>'
    )


def _saying(one: Saying) -> str:
    return (
        f'<li><button type="button" class="link" data-answer="{one.row}">{escape(one.candidate)}'
        f"</button>: <q>{escape(one.quote)}</q></li>"
    )


# ── scores ──────────────────────────────────────────────────────────────────


def scores(rows: Sequence[Graded], styles: Styles) -> str:
    """How many answers got which score, and from where they pass."""
    counts = histogram(row.score for row in rows if row.score is not None)
    most = max(1, *counts)
    bars = "".join(
        f'<li><span>{n}</span><span class="bar" {styles.bar("height", 0.8 * n / most)}></span>'
        f'<span>{b / BINS:.1f}<span class="to">–{(b + 1) / BINS:.1f}</span></span></li>'
        for b, n in enumerate(counts)
    )
    marks = sorted({row.detail.pass_mark for row in rows if row.detail and row.detail.pass_mark})
    lines = "".join(f'<div class="pass" {styles.bar("left", mark)}></div>' for mark in marks)
    told = " and ".join(f"{mark:.2f}" for mark in marks)
    legend = (
        f'<p class="dim">The dashed line: an answer passes from {told} on'
        f"{', as its question says' if len(marks) > 1 else ''}.</p>"
        if marks
        else ""
    )
    return (
        f'<div class="scores"><ul class="histogram" aria-label="How many answers got which score">'
        f"{bars}</ul>{lines}</div>{legend}"
    )


# ── questions ───────────────────────────────────────────────────────────────


def questions(found: Sequence[QuestionStatistics]) -> str:
    """A line a question."""
    heads = (
        ("Question", True),
        ("Answers", False),
        ("Mean score", False),
        ("Pass rate", False),
        ("Discrimination", False),
        ("Need review", False),
    )
    rows = (
        line(
            escape(q.prompt),
            heads,
            (
                str(q.answers),
                f"{q.mean:.2f}",
                f"{q.pass_rate:.0%}",
                "–" if q.discrimination is None else f"{q.discrimination:.2f}",
                str(q.for_review),
            ),
        )
        for q in found
    )
    return table("Questions", heads, rows)


def question(found: QuestionStatistics, styles: Styles) -> str:
    """What a question tells, and how often each of its key points was said."""
    name = escape(found.prompt)
    heads = (("Key point", True), ("Covered", False), ("Verdicts", True))
    rows = (_covered(c, heads, styles) for c in found.coverage)
    return (
        f"<h3>{name}</h3><p>{item_in_words(found)}</p>{table(f'Key points of {name}', heads, rows)}"
    )


def item_in_words(found: QuestionStatistics) -> str:
    """What a question tells of those who answer it, in a sentence or two."""
    passing = f"{found.pass_rate:.0%} of {counted(found.answers, 'answer')} pass."
    r, ends = found.discrimination, found.discrimination_range
    if r is None or ends is None:
        return (
            f"{passing} Too few have answered other questions, too, to say whether it tells the "
            "strong from the weak."
        )
    low, high = ends
    if low > 0:
        said = "Who does well elsewhere does well here: it tells the strong from the weak"
    elif high < 0:
        said = "Who does well elsewhere does worse here: look at its rubric before it counts"
    else:
        said = "Whether it tells the strong from the weak can't be said from so few answers"
    return f"{passing} {said} (correlation {r:.2f}, {LEVEL:.0%} interval {low:.2f} to {high:.2f})."


def _covered(coverage: Coverage, heads: Sequence[tuple[str, bool]], styles: Styles) -> str:
    parts = list(zip(VERDICTS, coverage.shares, strict=True))
    told = ", ".join(f"{verdict} {share:.0%}" for verdict, share in parts)
    bars = "".join(
        f'<i class="{v}" {styles.bar("width", share)}></i>' for v, share in parts if share
    )
    stack = f'<div class="stack" role="img" aria-label="{told}">{bars}</div>'
    return line(escape(coverage.claim), heads, (f"{coverage.shares[0]:.0%}", stack))


# ── tables ──────────────────────────────────────────────────────────────────


def table(name: str, heads: Sequence[tuple[str, bool]], rows: Iterable[str]) -> str:
    """A table that may be laid out as cards: roles say what it is however it is drawn.

    Args:
        name: what it is called, as HTML.
        heads: of each column what it is called, and whether it holds text.
        rows: made by ``line``.
    """
    head = "".join(
        f'<th role="columnheader" scope="col"{_class(text=text)}>{escape(name)}</th>'
        for name, text in heads
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{name}"><table role="table">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(rows)}</tbody></table></div>'
    )


def line(first: str, heads: Sequence[tuple[str, bool]], cells: Sequence[str]) -> str:
    """A row of ``table``: its name and its cells, as HTML."""
    rest = "".join(
        f'<td role="cell" data-label="{escape(name)}"{_class(text=text)}>{cell}</td>'
        for (name, text), cell in zip(heads[1:], cells, strict=True)
    )
    return f'<tr role="row"><th role="rowheader" scope="row" class="text">{first}</th>{rest}</tr>'


def _class(*, text: bool) -> str:
    return ' class="text"' if text else ""
