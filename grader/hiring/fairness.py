"""An audit of what grades do to groups: selection and scoring rates, ratios, errors.

The words and the sums are those of New York City's Local Law 144 (6 RCNY § 5-300 ff.) and of the
federal four-fifths rule (29 CFR 1607.4(D)); the page says which sentence each figure follows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import isfinite
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from grader.errors import TableError
from grader.hiring.audited import Asked, People, Person, people_of
from grader.hiring.error_rates import ErrorTable, error_table
from grader.hiring.graded_table import read_graded_table
from grader.hiring.impact import Basis, Comparison, Count, GroupRate, compare
from grader.tables.columns import listed

if TYPE_CHECKING:
    import pandas as pd

    from grader.hiring.speech import Movement
    from grader.tables.table import ReadAs

TIMES = " × "
"""What stands between the columns, and between the groups, of an intersection."""
COLUMNS: Mapping[str, type] = MappingProxyType(
    {
        "basis": str,
        "by": str,
        "group": str,
        "people": int,
        "share": float,
        "hits": int,
        "rate": float,
        "rate_low": float,
        "rate_high": float,
        "impact_ratio": float,
        "ratio_low": float,
        "ratio_high": float,
        "compared_with": str,
        "p_value": float,
        "four_fifths": str,
        "one_person": bool,
        "under_2_percent": bool,
        "excluded": bool,
        "unknown": int,
    }
)
"""Of the table that an audit is written as, one row a group and rate."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What a graded table says about groups of people."""

    table: str
    """Its name."""
    people: int
    answers: int
    pass_mark: float
    by_column: str | None
    """The column that says who was selected; None where the pass mark decides."""
    median: float | None
    """Of the scores of all people, those of unknown group included; None if nobody has one."""
    comparisons: tuple[Comparison, ...]
    errors: tuple[ErrorTable, ...]
    """Empty without people's marks."""
    justification: str
    """Why groups under 2 % are excluded from the ratios; empty if they are not."""
    notes: tuple[str, ...]
    questions: tuple[str, ...] = ()
    """The slugs of the table's questions."""
    movement: Movement | None = None
    """How far grades move when only the way of speaking does; None if that was not tried."""

    def of(self, basis: Basis) -> tuple[Comparison, ...]:
        """The comparisons of one kind of rate."""
        return tuple(c for c in self.comparisons if c.basis == basis)

    def rows(self) -> list[dict[str, Any]]:
        """One a group and rate, with the keys of ``COLUMNS``; None where there is no value."""
        rates = [_rate_row(c, g) for c in self.comparisons for g in c.groups]
        return [*rates, *(row for table in self.errors for row in _error_rows(table))]

    def to_frame(self) -> pd.DataFrame:
        """The same as a pandas table."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=list(COLUMNS))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        bias = [
            {
                "by": table.by,
                "group": group.group,
                "people": group.people,
                "bias": group.bias,
                "low": None if group.bias_interval is None else group.bias_interval[0],
                "high": None if group.bias_interval is None else group.bias_interval[1],
            }
            for table in self.errors
            for group in table.groups
        ]
        return {
            "table": self.table,
            "people": self.people,
            "answers": self.answers,
            "pass_mark": self.pass_mark,
            "selected_by_column": self.by_column,
            "median": self.median,
            "justification": self.justification,
            "rates": self.rows(),
            "bias": bias,
            "movement": None if self.movement is None else self.movement.to_dict(),
            "notes": list(self.notes),
        }


def audit_table(
    table: Path | pd.DataFrame,
    asked: Asked,
    *,
    candidate: str | Sequence[str] | None = None,
    justification: str = "",
    mapping: Sequence[str] = (),
    read_as: ReadAs | None = None,
) -> Audit:
    """Audit what ``grade batch`` or ``grade_frame`` made of a table.

    Args:
        table: a file in any format, or a frame, with columns that say what group people are of.
        asked: these columns, and what else is known.
        candidate: the column, or the columns, that tell people apart; found if not given.
        justification: why groups under 2 % of the data are excluded from the impact ratios, in
            the words of the independent auditor, whose decision that is (6 RCNY § 5-301(d));
            without it none is.
        mapping: ``PART=COLUMN`` for columns with other names, as ``grade batch`` was told.
        read_as: what is known of a file; the rest is found.

    Raises:
        TableError: it is not a graded table, a column or a cell won't do, or there are no two
            groups to compare.
        MissingExtraError: SciPy is not installed.
    """
    read = read_graded_table(table, candidate=candidate, mapping=mapping, read_as=read_as)
    found = audit(people_of(read, asked), read.name, justification=justification, marked=asked.mark)
    return replace(found, questions=tuple(read.by_question))


def audit(
    people: People, name: str, *, justification: str = "", marked: str | None = None
) -> Audit:
    """Audit people; see ``audit_table``.

    Args:
        people: all of them.
        name: of the table that they come from.
        justification: see ``audit_table``.
        marked: the column of people's marks, if their errors are to be counted.

    Raises:
        TableError: there are no two groups to compare.
        MissingExtraError: SciPy is not installed.
    """
    notes = [*people.notes, *_lone_groups(people, name)]
    scores = [p.score for p in people.people if p.score is not None]
    middle = median(scores) if scores else None
    cuts = [c for n in range(1, len(people.groups) + 1) for c in combinations(people.groups, n)]
    comparisons = []
    for basis, hit in _bases(middle):
        for cut in cuts:
            counts, unknown = _counts(people.people, cut, hit)
            comparisons.append(
                compare(
                    TIMES.join(cut),
                    basis,
                    counts,
                    unknown=unknown,
                    exclude_small=bool(justification.strip()),
                )
            )
    return Audit(
        table=name,
        people=len(people.people),
        answers=people.answers,
        pass_mark=people.pass_mark,
        by_column=people.by_column,
        median=middle,
        comparisons=tuple(comparisons),
        errors=() if marked is None else tuple(_errors(people, cuts)),
        justification=justification.strip(),
        notes=(*notes, *_hanging(comparisons, name)),
    )


def with_movement(audit: Audit, movement: Movement) -> Audit:
    """The audit with how far grades move when only the way of speaking does."""
    return replace(audit, movement=movement)


# ── counting ────────────────────────────────────────────────────────────────

_Hit = Callable[[Person], bool | None]


def _bases(middle: float | None) -> Iterable[tuple[Basis, _Hit]]:
    """Each kind of rate, and what tells whether a person is a hit; None: not among them."""
    yield "selection", lambda person: person.selected
    if middle is not None:
        yield "scoring", lambda person: None if person.score is None else person.score > middle


def _counts(
    people: Sequence[Person], cut: Sequence[str], hit: _Hit
) -> tuple[dict[str, Count], int]:
    """Hits of all by group, and how many are of an unknown one."""
    found: dict[str, list[bool]] = defaultdict(list)
    unknown = 0
    for person in people:
        one = hit(person)
        if one is None:
            continue
        group = group_of(person, cut)
        if group is None:
            unknown += 1
        else:
            found[group].append(one)
    return {group: Count(sum(hits), len(hits)) for group, hits in found.items()}, unknown


def group_of(person: Person, cut: Sequence[str]) -> str | None:
    """The group of a person by one column or several; None where one of them is not known."""
    own = [person.groups[column] for column in cut]
    return TIMES.join(own) if all(own) else None


def _errors(people: People, cuts: Sequence[Sequence[str]]) -> Iterable[ErrorTable]:
    for cut in cuts:
        pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
        unknown = 0
        for person in people.people:
            group = group_of(person, cut)
            if person.marked is None:
                continue
            if group is None:
                unknown += 1
            else:
                pairs[group].append(person.marked)
        yield error_table(TIMES.join(cut), pairs, people.pass_mark, unknown)


# ── what must be said ───────────────────────────────────────────────────────


def _lone_groups(people: People, name: str) -> list[str]:
    """A line on each column that parts nobody.

    Raises:
        TableError: none of them does.
    """
    found = {
        column: sorted({p.groups[column] for p in people.people} - {""}) for column in people.groups
    }
    if not any(len(groups) > 1 for groups in found.values()):
        told = "; ".join(
            f"'{column}' has {listed(groups) if groups else 'no cell that says one'}"
            for column, groups in found.items()
        )
        raise TableError(f"{name}: there are no two groups to compare: {told}")
    return [
        f"{name}: '{column}' has "
        + (f"the one group {listed(groups)}" if groups else "no cell that says a group")
        + ": there is nothing to compare it with"
        for column, groups in found.items()
        if len(groups) < 2  # noqa: PLR2004 # two to compare
    ]


def _hanging(comparisons: Sequence[Comparison], name: str) -> Iterable[str]:
    """A line on each table whose ratios hang on a group of less than 2 %."""
    for c in comparisons:
        top = next((g for g in c.groups if g.group == c.highest), None)
        if top is not None and top.small:
            yield (
                f"{name}: {c.by}: all impact ratios of the {c.basis} rates hang on '{top.group}', "
                f"{top.count.n} of {c.known} people and so under 2 %: an independent auditor may "
                "exclude it and must say why (6 RCNY § 5-301(d)): --exclude-small REASON"
            )


# ── as a table ──────────────────────────────────────────────────────────────


def _row(**cells: Any) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS) | cells


def _rate_row(comparison: Comparison, group: GroupRate) -> dict[str, Any]:
    low, high = group.ratio_interval or (None, None)
    four_fifths = None if group.below is None else ("not met" if group.below else "met")
    return _row(
        basis=comparison.basis,
        by=comparison.by,
        group=group.group,
        people=group.count.n,
        share=group.share,
        hits=group.count.hits,
        rate=group.rate,
        rate_low=group.interval[0],
        rate_high=group.interval[1],
        impact_ratio=group.ratio,
        ratio_low=low,
        ratio_high=high if high is not None and isfinite(high) else None,
        compared_with=comparison.highest,
        p_value=group.p,
        # The rule is about selection; Local Law 144 sets no bar for scores.
        four_fifths=four_fifths if comparison.basis == "selection" else None,
        one_person=group.one_person if comparison.basis == "selection" else None,
        under_2_percent=group.small,
        excluded=group.excluded,
        unknown=comparison.unknown,
    )


def _error_rows(table: ErrorTable) -> Iterable[dict[str, Any]]:
    for group in table.groups:
        kinds = {"false fails": group.false_fails, "false passes": group.false_passes}
        for basis, found in kinds.items():
            yield _row(
                basis=basis,
                by=table.by,
                group=group.group,
                people=found.count.n,
                hits=found.count.hits,
                rate=found.rate,
                rate_low=found.interval[0],
                rate_high=found.interval[1],
                compared_with="all others",
                p_value=found.p,
                unknown=table.unknown,
            )
