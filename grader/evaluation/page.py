"""An evaluation as one HTML page that needs no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import isnan
from string import Template
from typing import TYPE_CHECKING

from grader.reading.text import counted
from grader.tables.columns import ANSWER

if TYPE_CHECKING:
    from grader.evaluation.summary import Evaluation, Group, Judging

_ALT = {
    "scatter": "Score against mark, one dot an answer; on the line they are equal",
    "reliability": "Share of right pass decisions against confidence; on the line it means "
    "what it says",
    "risk-coverage": "Mean error of the grades kept, surest first",
}
_COLUMNS = (
    ("question", "answers"),
    ("n", "n"),
    ("r", "pearson"),
    ("rank r", "spearman"),
    ("QWK", "qwk"),
    ("kappa", "kappa"),
    ("decisions right", "accuracy"),
    ("RMSE", "rmse"),
    ("weighted RMSE", "weighted_rmse"),
    ("bias", "bias"),
)
_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Grades and marks</title>
<style>
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .4rem; border-bottom: 1px solid var(--line); text-align: right;
  vertical-align: top; }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
thead th { border-bottom-width: 2px; } .all tbody tr:first-child { background: var(--soft); }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; flex: 1 1 18rem; } figure svg { width: 100%; height: auto; }
figcaption { font-size: .9rem; }
small { display: block; font-size: .75rem; white-space: nowrap; }
.wide { overflow-x: auto; } .answer { white-space: pre-wrap; overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } }
</style>
</head>
<body>
<main>
<h1>Grades and marks</h1>
<p>$summary</p>
<h2>Agreement</h2>
<div class="wide all">$agreement</div>
<p>$note</p>
$judging<h2>Pictures</h2>
<div class="pictures">$pictures</div>
<h2>The worst disagreements</h2>
<div class="wide">$worst</div>
</main>
</body>
</html>
""")


def evaluation_page(evaluation: Evaluation, pictures: Mapping[str, bytes]) -> str:
    """The page; ``pictures`` are SVG. Text from the table is escaped."""
    a, ranges = evaluation.overall.agreement, evaluation.overall.intervals
    low, high = ranges["pearson"]
    left_out = f"{evaluation.failed} not gradable, {evaluation.unmarked} without a mark."
    return _PAGE.substitute(
        summary=f"{counted(a.n, 'marked answer')}. Correlation {shown(a.pearson)} (95 % interval "
        f"{shown(low)} to {shown(high)}), root mean squared error {a.rmse:.2f}, "
        f"{a.accuracy:.0%} of the pass decisions as people made them. {left_out}",
        agreement=_agreement([evaluation.overall, *evaluation.questions]),
        note="The small figures are 95 % intervals. "
        f"Expected calibration error of the confidence: {evaluation.calibration_error:.3f}. "
        "Weighted RMSE counts ten equal bins of the mark alike. Bias above 0: kinder than the "
        "markers.",
        judging=_judging(evaluation.judging),
        pictures="".join(_figure(name, svg) for name, svg in pictures.items()),
        worst=_worst(evaluation),
    )


def judging_note(judging: Judging) -> str:
    """What the judge's figures are of, and what they cost."""
    cost = judging.cost_a_grade
    price = "cost unknown" if cost is None else f"cost per grade {cost:.6f}"
    return (
        f"{counted(judging.judge.agreement.n, 'answer')} that the judge has judged, "
        f"{judging.not_judged} "
        f"others left out; calls: {judging.calls}, replies from the cache: {judging.cached}, "
        f"{price}"
    )


def shown(value: float) -> str:
    """A measure with two digits; a dash where it is not defined."""
    return "–" if isnan(value) else f"{round(value, 2) + 0:.2f}"  # + 0: no negative zero


def _judging(judging: Judging | None) -> str:
    if judging is None:
        return ""
    rows = [_agreement_row(group, with_intervals=True) for group in judging.groups]
    table = _table([head for head, _ in _COLUMNS], rows)
    note = f"<p>{judging_note(judging)}.</p>\n"
    return f'<h2>Offline, judge and fused</h2>\n<div class="wide">{table}</div>\n{note}'


def _agreement(groups: Sequence[Group]) -> str:
    overall, *questions = groups
    rows = [
        _agreement_row(overall, with_intervals=True),
        *(_agreement_row(group, with_intervals=False) for group in questions),
    ]
    return _table([head for head, _ in _COLUMNS], rows)


def _agreement_row(group: Group, *, with_intervals: bool) -> list[str]:
    row = [escape(group.name), str(group.agreement.n)]
    for _, field in _COLUMNS[2:]:
        cell = shown(getattr(group.agreement, field))
        if with_intervals:
            low, high = group.intervals[field]
            cell += f"<small>{shown(low)} to {shown(high)}</small>"
        row.append(cell)
    return row


def _worst(evaluation: Evaluation) -> str:
    rows = [
        [
            str(answer.marked.row),
            f"{answer.marked.mark:.2f}",
            f"{answer.grade.score:.2f}",
            escape(answer.marked.question),
            f'<div class="answer">{escape(answer.marked.cells[ANSWER])}</div>',
        ]
        for answer in evaluation.worst
    ]
    return _table(["row", "mark", "score", "question", "answer"], rows, text=(3, 4))


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]], text: Sequence[int] = ()) -> str:
    """``rows`` hold HTML; the columns in ``text`` are aligned left."""

    def kind(i: int) -> str:
        return ' class="text"' if i in text else ""

    head = "".join(f'<th scope="col"{kind(i)}>{h}</th>' for i, h in enumerate(heads))
    body = "".join(
        f"<tr>{''.join(f'<td{kind(i)}>{cell}</td>' for i, cell in enumerate(row))}</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _figure(name: str, svg: bytes) -> str:
    drawing = svg.decode("utf-8")
    drawing = drawing[drawing.index("<svg") :]
    caption = _ALT[name]
    labelled = drawing.replace("<svg", f'<svg role="img" aria-label="{caption}"', 1)
    return f"<figure>{labelled}<figcaption>{caption}.</figcaption></figure>"
