"""A pair of alike answers with its words marked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from grader.hiring.similar.meaning import matching, sentences_of
from grader.hiring.similar.records import By, Pair, Side
from grader.hiring.similar.shingles import Worded, shared_spans, shingles, worded, words_of

if TYPE_CHECKING:
    from grader.hiring.records import Graded
    from grader.hiring.similar.compare import Looked
    from grader.hiring.similar.rule import Rule
    from grader.hiring.similar.shingles import Span


def pair_of(
    rows: tuple[Graded, Graded],
    looked: Looked,
    accounted: tuple[str, ...],
    rule: Rule,
    compared: int,
) -> Pair:
    """What is told of two answers.

    Args:
        rows: the answers.
        looked: what was found of their texts.
        accounted: what question and reference say.
        rule: what is chance.
        compared: pairs of the whole table.
    """
    first, second = (worded(row.answer) for row in rows)
    known = _shingles_of(accounted, rule.words.size)
    spans = shared_spans(first, second, known, rule.words.size)
    by = _by(looked)
    alike = [] if by == "words" else _alike(rows, looked, rule)
    if by == "meaning":
        marked = tuple(tuple(sorted({pair[side] for pair in alike})) for side in (0, 1))
    else:
        marked = spans
    sides = [
        Side(row.candidate, row.row, row.answer, where)
        for row, where in zip(rows, marked, strict=True)
    ]
    return Pair(
        question=rows[0].question_id,
        first=sides[0],
        second=sides[1],
        by=by,
        shared_words=_number(first, spans[0]),
        meaning=looked.likeness,
        chance=looked.chance,
        expected=looked.chance * compared,
        same_meaning=tuple(
            (rows[0].answer[a[0] : a[1]], rows[1].answer[b[0] : b[1]]) for a, b in alike
        ),
    )


@lru_cache(maxsize=4)
def _shingles_of(texts: tuple[str, ...], size: int) -> frozenset[tuple[str, ...]]:
    return frozenset(shingle for text in texts for shingle in shingles(words_of(text), size))


def _by(looked: Looked) -> By:
    words, meaning = (chance <= looked.bar for chance in (looked.by_words, looked.by_meaning))
    if words and meaning:
        return "words and meaning"
    return "words" if words else "meaning"


def _alike(rows: tuple[Graded, Graded], looked: Looked, rule: Rule) -> list[tuple[Span, Span]]:
    """Where the sentences stand that say alike."""
    if looked.meanings is None:
        return []
    units = [sentences_of(row.answer).units for row in rows]
    if any(len(m.words) != len(u) for m, u in zip(looked.meanings, units, strict=True)):
        return []  # the same words as in the text that was read, set off otherwise
    return [
        ((units[0][i].start, units[0][i].end), (units[1][j].start, units[1][j].end))
        for i, j in matching(*looked.meanings, rule.meaning.start)
    ]


def _number(text: Worded, spans: Sequence[Span]) -> int:
    """How many words stand in the stretches."""
    return sum(start <= a and b <= end for a, b in text.spans for start, end in spans)
