"""An audit as one HTML page that prints: no network, no script, nothing that a table could run.

What stands on the page of the law is in ``fairness.html``, so that it can be read there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from math import isfinite
from string import Template

from grader.hiring.error_rates import ErrorRate, ErrorTable
from grader.hiring.fairness import Audit
from grader.hiring.fairness_plot import ratio_picture
from grader.hiring.impact import Basis, Comparison, GroupRate, Interval
from grader.hiring.speech import Movement
from grader.reading.text import counted

_HITS: dict[Basis, str] = {"selection": "Selected", "scoring": "Above the median"}
_SMALLEST = 0.001
_OF_ERRORS = (
    "Of everybody whose answers people have marked, too. A false fail is a person whom the marks "
    "pass and the grader does not; a false pass the other way round. p is Fisher's exact test "
    "against all other groups together. Score less mark is a mean: above 0 the grader is kinder "
    "than the markers. Marks may be unfair themselves: these figures say only where the grader "
    "departs from them. No rule cited here asks for them."
)
_OF_MOVEMENT = (
    "Right answers of the question bank, graded as they stand and as somebody else would have said "
    "them; of names and pronouns, the same answer as told by two people. Scores go from 0 to 1. "
    "Size is the change whichever way it goes. Turned: how many pass one way and not the other. No "
    "rule cited here asks for this."
)


def audit_page(audit: Audit, title: str) -> str:
    """The whole page. Everything that came with the table is escaped.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    text = files("grader.hiring").joinpath("fairness.html").read_text(encoding="utf-8")
    return Template(text).substitute(
        title=escape(title),
        summary=f"{escape(audit.table)}: {counted(audit.people, 'person', 'people')}, "
        f"{counted(audit.answers, 'answer')}.",
        assumed="".join(f"<li>{escape(note)}</li>" for note in assumptions(audit)),
        selected=escape(selected_in_words(audit)),
        median=escape(median_in_words(audit)),
        selection="".join(_comparison(c) for c in audit.of("selection")),
        scoring="".join(_comparison(c) for c in audit.of("scoring")),
        small=_small(audit),
        findings=_findings(audit),
        errors=_errors(audit.errors),
        movement="" if audit.movement is None else _movement(audit.movement),
    )


# ── in words ────────────────────────────────────────────────────────────────


def selected_in_words(audit: Audit) -> str:
    """Who counts as selected."""
    if audit.by_column is not None:
        return f"A person is selected if the column '{audit.by_column}' says so."
    return (
        f"A person is taken to be selected if their score is {audit.pass_mark:g} or more: no "
        "column says who was."
    )


def median_in_words(audit: Audit) -> str:
    """What the scoring rates are above."""
    if audit.median is None:
        return "Nobody has a score."
    return f"The median score of the full sample of applicants is {audit.median:.3f}."


def assumptions(audit: Audit) -> list[str]:
    """What the reader must know, the least that there is to say included."""
    return list(audit.notes) or ["Nothing but what is said below."]


def verdict(group: GroupRate) -> str:
    """What 29 CFR 1607.4(D) has to say about a group's selection rate."""
    if group.below is None:
        return "excluded" if group.excluded else "no rate above 0"
    if group.p is None:
        return "met"
    by_chance = not group.significant or bool(group.one_person)
    if group.below:
        return "not met; small numbers may explain it" if by_chance else "not met, significant"
    return "met, but the difference is significant" if group.significant else "met"


def shown_p(p: float | None) -> str:
    """A p-value with three digits."""
    if p is None:
        return "–"
    return "< .001" if p < _SMALLEST else f"{p:.3f}".removeprefix("0")


def _range(interval: Interval, form: str) -> str:
    low, high = interval
    return f"{low:{form}} to {high:{form}}" if isfinite(high) else f"{low:{form}} or more"


def percent(share: float) -> str:
    """A share with a digit after the point."""
    return f"{share:.1%}".replace("%", " %")


def shown_ratio(ratio: float | None) -> str:
    """An impact ratio with three digits; a dash where there is none."""
    return "–" if ratio is None else f"{ratio:.3f}"


# ── tables ──────────────────────────────────────────────────────────────────


def _table(label: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """``rows`` hold HTML; the first cell of each is its heading."""
    first, *others = (escape(head) for head in heads)
    head = f'<th scope="col" class="text">{first}</th>' + "".join(
        f'<th scope="col">{name}</th>' for name in others
    )
    body = "".join(
        f'<tr><th scope="row" class="text">{name}</th>{"".join(cells)}</tr>'
        for name, *cells in rows
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(label)}"><table><thead>'
        f"<tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(value: object, below: str = "", *, words: bool = False) -> str:
    kind = ' class="words"' if words else ""
    return (
        f"<td{kind}>{escape(str(value))}{f'<small>{escape(below)}</small>' if below else ''}</td>"
    )


def _comparison(comparison: Comparison) -> str:
    selection = comparison.basis == "selection"
    heads = [comparison.by, "People", _HITS[comparison.basis], f"{comparison.basis.title()} rate"]
    heads += ["Impact ratio", "p", *(["Four-fifths"] if selection else [])]
    rows = [_group_row(group, selection=selection) for group in comparison.groups]
    name = escape(comparison.by)
    unknown = (
        f"<p>{counted(comparison.unknown, 'individual')} of unknown category not included in the "
        "calculations above.</p>"
    )
    label = f"{comparison.basis.title()} rates by {comparison.by}"
    return f"<h3>{name}</h3>{_table(label, heads, rows)}{unknown}{_figure(comparison)}"


def _group_row(group: GroupRate, *, selection: bool) -> list[str]:
    ratio = "" if group.ratio_interval is None else _range(group.ratio_interval, ".2f")
    small = ", under 2 %" if group.small else ""
    return [
        escape(group.group),
        _cell(group.count.n, f"{percent(group.share)}{small}"),
        _cell(group.count.hits),
        _cell(percent(group.rate), _range(group.interval, ".0%")),
        _cell("excluded" if group.excluded else shown_ratio(group.ratio), ratio),
        _cell(shown_p(group.p)),
        *([_cell(verdict(group), words=True)] if selection else []),
    ]


def _figure(comparison: Comparison) -> str:
    if not any(group.ratio_interval is not None for group in comparison.groups):
        return ""
    svg = ratio_picture(comparison, "svg").decode("utf-8")
    caption = escape(
        f"Impact ratios of the {comparison.basis} rates by {comparison.by}, with 95 % intervals; "
        "the dashed line is four-fifths"
    )
    drawing = svg[svg.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{caption}"', 1)
    return f"<figure>{drawing}<figcaption>{caption}.</figcaption></figure>"


def _small(audit: Audit) -> str:
    """Which categories are under 2 %, and what was done with them."""
    names = list(
        dict.fromkeys(f"{c.by}: {g.group}" for c in audit.comparisons for g in c.groups if g.small)
    )
    rule = (
        "<p>An independent auditor may exclude a category of less than 2 % of the data from the "
        "impact ratios, and must then give the reason, the number of applicants and the rate. The "
        "share is taken here of the people whose category is known.</p>"
    )
    if not names:
        return f"{rule}<p>No category is that small.</p>"
    listed = "".join(f"<li>{escape(name)}</li>" for name in names)
    if audit.justification:
        said = f"Excluded, for this reason: {audit.justification}"
    else:
        said = "Under 2 %, and included all the same, since no reason for excluding them was given:"
    return f"{rule}<p>{escape(said)}</p><ul>{listed}</ul>"


def _findings(audit: Audit) -> str:
    found = [
        f"<li>{escape(finding_in_words(c, g))}</li>"
        for c in audit.of("selection")
        for g in c.groups
        if g.below or g.significant
    ]
    if found:
        return f"<ul>{''.join(found)}</ul>"
    return "<p>Every group's selection rate is at least four-fifths of the highest.</p>"


def finding_in_words(comparison: Comparison, group: GroupRate) -> str:
    """A group's rate against the highest, as a sentence."""
    assert group.ratio is not None
    where = f"{comparison.by}: '{group.group}' {percent(group.rate)}"
    size = f"{'less than' if group.below else 'at least'} four-fifths of '{comparison.highest}'"
    chance = f"p = {shown_p(group.p)}".replace("= <", "<")
    turned = "; one person more and one fewer would turn the order round" * bool(group.one_person)
    return f"{where}, {size} (ratio {group.ratio:.3f}, {chance}){turned}: {verdict(group)}."


def _errors(tables: Sequence[ErrorTable]) -> str:
    if not tables:
        return ""
    heads = ("People", "False fails", "p", "False passes", "p", "Score less mark")
    parts = []
    for table in tables:
        rows = [
            [
                escape(group.group),
                _cell(group.people),
                *_error_cells(group.false_fails),
                *_error_cells(group.false_passes),
                _cell(
                    f"{group.bias:+.3f}",
                    "" if group.bias_interval is None else _range(group.bias_interval, "+.2f"),
                ),
            ]
            for group in table.groups
        ]
        parts.append(
            f"<h3>{escape(table.by)}</h3>"
            + _table(f"Errors by {table.by}", (table.by, *heads), rows)
            + f"<p>{counted(table.unknown, 'individual')} of unknown category not included.</p>"
        )
    return f"<h2>Errors by group, by people's own marks</h2><p>{_OF_ERRORS}</p>{''.join(parts)}"


def _error_cells(error: ErrorRate) -> list[str]:
    if error.rate is None:
        return [_cell("–"), _cell("–")]
    counts = f"{error.count.hits} of {error.count.n}, {_range(error.interval, '.0%')}"
    return [_cell(percent(error.rate), counts), _cell(shown_p(error.p))]


def _movement(movement: Movement) -> str:
    heads = ("Said in another way", "Answers", "Mean change", "Mean size", "Largest", "Turned")
    rows = [
        [
            escape(way.way),
            _cell(way.answers),
            _cell(f"{way.mean_change:+.3f}"),
            _cell(f"{way.mean_size:.3f}"),
            _cell(
                f"{way.largest.change:+.2f}",
                f"{way.largest.question_id}: {way.largest.before:.2f} to {way.largest.after:.2f}",
            ),
            _cell(way.turned),
        ]
        for way in movement.ways
    ]
    told = f"{_OF_MOVEMENT} Mean size of all changes: {movement.mean_size:.3f}."
    table = _table("Ways of speaking", heads, rows)
    return f"<h2>When only the way of speaking changes</h2><p>{told}</p>{table}"
