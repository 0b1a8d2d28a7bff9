"""From a graded table to pairs of candidates whose answers share more than chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from grader.bank.catalog import Catalog
from grader.errors import InputError, TableError
from grader.hiring.graded_table import read_graded_table
from grader.hiring.records import Graded, GradedTable, check_one_answer_each
from grader.hiring.similar.compare import Looked, compare
from grader.hiring.similar.mark import pair_of
from grader.hiring.similar.records import Pair, Similar
from grader.hiring.similar.rule import Rule, load_rule
from grader.hiring.similar.shingles import words_of
from grader.reading.text import counted
from grader.records import Question
from grader.settings import Settings, load_settings
from grader.tables.columns import QUESTION, REFERENCE
from grader.tables.table import ReadAs

if TYPE_CHECKING:
    import pandas as pd

    from grader.engine.encoders.base import Encoder

MOST = 10_000
"""Pairs that are told of, unless more are asked for: a hundred like answers make 4,950."""
_TWO = 2


class _Found(NamedTuple):
    """Two answers that are alike, and the comparison that they are of."""

    chance: float
    asked: _Asked
    first: Graded
    second: Graded
    looked: Looked


@dataclass(frozen=True, slots=True)
class _Asked:
    """The answers to one question."""

    question: str
    texts: tuple[tuple[Graded, ...], ...]
    """Answers by their words: those that are the same word for word together."""
    accounted: tuple[str, ...]
    """What question and reference say."""

    @property
    def answers(self) -> int:
        return sum(map(len, self.texts))

    @property
    def pairs(self) -> int:
        return self.answers * (self.answers - 1) // 2


def similar_answers(
    table: Path | pd.DataFrame,
    *,
    candidate: str | Sequence[str] | None = None,
    expected: float | None = None,
    most: int = MOST,
    words_only: bool = False,
    mapping: Sequence[str] = (),
    read_as: ReadAs | None = None,
    settings: Settings | None = None,
    encoder: Encoder | None = None,
) -> Similar:
    """Find the pairs of candidates whose answers to a question share more than chance.

    Args:
        table: what ``grade batch`` or ``grade_frame`` made: a file in any format, or a frame.
        candidate: the column that names the candidate, or several that do so together; found if
            not given.
        expected: tell of pairs until so many of them may be expected by chance in the whole
            table; what the shipped rule says, if not given.
        most: the most pairs to tell of, the least likely first.
        words_only: compare words and leave meaning out: no model is loaded.
        mapping: ``PART=COLUMN`` for columns with other names, as ``grade batch`` was told.
        read_as: what is known of a file; the rest is found.
        settings: where questions of one's own are, and threads; ``grader.toml`` and the
            environment, if not given.
        encoder: in place of the bundled one, to which the rule is fitted.

    Raises:
        TableError: it is not a graded table, contradicts itself, or has no two answers to
            compare.
        InputError: ``expected`` or ``most`` is not a number that it can be.
        MissingExtraError: SciPy is not installed.
    """
    _check(expected, most)
    settings = settings or load_settings()
    read = read_graded_table(table, candidate=candidate, mapping=mapping, read_as=read_as)
    check_one_answer_each(read)
    asked = _asked(read, Catalog.from_settings(settings))
    rule = load_rule()
    expected = rule.expected if expected is None else expected
    compared = sum(one.pairs for one in asked)
    # Two looks, by words and by meaning, share what may be expected by chance.
    bar = expected / _TWO / compared
    too_many = not words_only and rule.meaning.least > bar
    reader = None if words_only or too_many else encoder or _bundled(settings.threads)
    found, left_out = _found(asked, rule, bar, reader, most)
    pairs = tuple(_pair(one, rule, compared) for one in found)
    least = _TWO * compared * rule.meaning.least if too_many else None
    return Similar(
        table=read.name,
        pairs=pairs,
        answers=sum(one.answers for one in asked),
        compared=compared,
        expected=expected,
        left_out=left_out,
        notes=(*read.notes, *_notes(read, left_out, most, least, words_only=words_only)),
    )


def _check(expected: float | None, most: int) -> None:
    """Refuse numbers that won't do.

    Raises:
        InputError: one won't.
    """
    if expected is not None and not 0 < expected < float("inf"):
        raise InputError(f"expected = {expected:g}: must be a number above 0, such as 0.05")
    if most < 1:
        raise InputError(f"most = {most}: must be 1 or more")


def _bundled(threads: int) -> Encoder:
    from grader.engine.encoders.onnx import OnnxEncoder

    return OnnxEncoder(threads=threads)


# ── what is compared ────────────────────────────────────────────────────────


def _asked(table: GradedTable, catalog: Catalog) -> list[_Asked]:
    """The questions that two candidates or more have answered.

    Raises:
        TableError: there are none.
    """
    people = table.by_candidate
    if len(people) == 1:
        raise TableError(
            f"{table.name}: '{next(iter(people))}' is the only candidate: there is nobody to "
            "compare with: if these are several people, name the column that tells them apart "
            "with --candidate COLUMN"
        )
    written = [row for row in table.rows if row.answer.strip() and words_of(row.answer)]
    if not written:
        raise TableError(
            f"{table.name}: has no answers to compare: every one is blank: if they stand in "
            "another column, name it with --map answer=COLUMN"
        )
    by_question: dict[str, list[Graded]] = {}
    for row in written:
        by_question.setdefault(row.question_id, []).append(row)
    asked = [
        _Asked(question, _texts(rows), _accounted(table, rows, catalog))
        for question, rows in by_question.items()
        if len(rows) > 1
    ]
    if not asked:
        raise TableError(
            f"{table.name}: no question was answered by two candidates: there is nothing to compare"
        )
    return asked


def _texts(rows: Sequence[Graded]) -> tuple[tuple[Graded, ...], ...]:
    found: dict[tuple[str, ...], list[Graded]] = {}
    for row in rows:
        found.setdefault(words_of(row.answer), []).append(row)
    return tuple(map(tuple, found.values()))


def _accounted(table: GradedTable, rows: Sequence[Graded], catalog: Catalog) -> tuple[str, ...]:
    """What anybody may say since question, reference and rubric do.

    A question of the bank has it all there; else the table tells of it.
    """
    slug = rows[0].question_id
    in_bank = catalog.knows(slug)
    known = accounted_by(catalog.question(catalog.resolve(slug))) if in_bank else []
    columns = [table.parts[part] for part in (QUESTION, REFERENCE) if part in table.parts]
    cells = {row.cells[column].strip() for row in rows for column in columns}
    detail = next((row.detail for row in rows if row.detail is not None), None)
    claims = (
        []
        if detail is None
        else [
            *(k.claim for k in detail.key_points),
            *(text for m in detail.misconceptions for text in (m.claim, m.correction)),
        ]
    )
    texts = [*known, rows[0].question, *sorted(cells), *claims]
    return tuple(dict.fromkeys(text for text in texts if text))


def accounted_by(question: Question) -> list[str]:
    """Prompt, references and all that the rubric says."""
    return [
        question.prompt,
        *(reference.text for reference in question.references),
        *(text for k in question.key_points for text in (k.claim, *k.also_accept)),
        *(text for m in question.misconceptions for text in (m.claim, m.correction)),
    ]


# ── what is found ───────────────────────────────────────────────────────────


def _found(
    asked: Sequence[_Asked], rule: Rule, bar: float, encoder: Encoder | None, most: int
) -> tuple[list[_Found], int]:
    """The pairs that are no likelier than the bar, the least likely first, and how many more."""
    kept: list[_Found] = []
    total = 0
    for one in asked:
        looked = compare(
            [rows[0].answer for rows in one.texts],
            [len(rows) for rows in one.texts],
            one.accounted,
            rule,
            bar,
            encoder,
        )
        for like in sorted(looked, key=lambda like: like.chance):
            firsts, seconds = one.texts[like.first], one.texts[like.second]
            same = like.first == like.second
            number = len(firsts) * (len(firsts) - 1) // 2 if same else len(firsts) * len(seconds)
            total += number
            pairs = combinations(firsts, 2) if same else product(firsts, seconds)
            kept += _some(pairs, one, like, most)
        kept = sorted(kept, key=lambda f: (f.chance, f.first.row, f.second.row))[:most]
    return kept, total - len(kept)


def _some(
    pairs: Iterator[tuple[Graded, Graded]], asked: _Asked, like: Looked, most: int
) -> Iterator[_Found]:
    for _, (a, b) in zip(range(most), pairs, strict=False):
        if a.row < b.row:
            yield _Found(like.chance, asked, a, b, like)
        else:
            yield _Found(like.chance, asked, b, a, like.turned)


def _pair(found: _Found, rule: Rule, compared: int) -> Pair:
    return pair_of(
        (found.first, found.second),
        found.looked,
        found.asked.accounted,
        rule,
        compared,
    )


def _notes(
    table: GradedTable, left_out: int, most: int, least: float | None, *, words_only: bool
) -> Iterator[str]:
    if not table.people:
        yield f"{table.name}: no column tells people apart: each row was taken for one person"
    if left_out:
        yield (
            f"{table.name}: {counted(left_out, 'pair')} beyond the {most:,} least likely "
            "ones are not told: for more add --most NUMBER"
        )
    if words_only:
        yield f"{table.name}: compared by words alone: what was told in other words is not found"
    if least is not None:
        yield (
            f"{table.name}: compared by words alone: among so many pairs some mean the same by "
            "chance; to compare meaning as well, give fewer answers at a time, or allow more pairs "
            f"by chance: --expected {ceil(least)} at least"
        )
