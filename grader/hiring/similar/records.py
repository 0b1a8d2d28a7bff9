"""Frozen records of what two answers share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from grader.hiring.similar.shingles import Span

if TYPE_CHECKING:
    import pandas as pd

By = Literal["words", "meaning", "words and meaning"]
COLUMNS: Mapping[str, type] = MappingProxyType(
    {
        "question": str,
        "first": str,
        "second": str,
        "first_row": int,
        "second_row": int,
        "alike_by": str,
        "shared_words": int,
        "meaning": float,
        "chance": float,
        "expected": float,
        "shared": str,
        "same_meaning": str,
        "first_answer": str,
        "second_answer": str,
    }
)
"""Of the table that pairs are written as, one row a pair."""
_FRAME = {int: "Int64", float: "float64", str: "object"}
_OPEN, _CLOSE = "[[", "]]"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two answers."""

    candidate: str
    row: int
    """As a spreadsheet numbers it."""
    answer: str
    marked: tuple[Span, ...]
    """Where the shared words stand in it; of answers alike by meaning alone the sentences that say
    alike."""

    @property
    def quotes(self) -> tuple[str, ...]:
        """The marked stretches."""
        return tuple(self.answer[start:end] for start, end in self.marked)

    @property
    def shown(self) -> str:
        """The answer with what is marked between double brackets."""
        parts, at = [], 0
        for start, end in self.marked:
            parts += [self.answer[at:start], _OPEN, self.answer[start:end], _CLOSE]
            at = end
        return "".join([*parts, self.answer[at:]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two answers to a question that share more than chance."""

    question: str
    """The slug; of a question that has a reference alone, its text."""
    first: Side
    second: Side
    by: By
    shared_words: int
    """Words of the first answer that stand in the second in the same order, three at least, and not
    in question or reference."""
    meaning: float | None
    """How near their sentences are, -1 to 1, after what question and reference account for; None
    where an answer is too short, or formulas."""
    chance: float
    """The chance that two independent answers are so alike."""
    expected: float
    """How many such pairs would be expected in the whole table if all were independent."""
    same_meaning: tuple[tuple[str, str], ...]
    """The sentences that say alike, of the first and of the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """What is alike in a graded table, the least likely by chance first."""

    table: str
    """Its name."""
    pairs: tuple[Pair, ...]
    answers: int
    """That were compared."""
    compared: int
    """Pairs of them."""
    expected: float
    """Pairs that would have been told of by chance alone, at most."""
    left_out: int
    """Pairs beyond the most that were asked for."""
    notes: tuple[str, ...]
    """What the user should hear."""

    def rows(self) -> list[dict[str, Any]]:
        """A row a pair, with the keys of ``COLUMNS``; None where there is no value."""
        return [_row(pair) for pair in self.pairs]

    def frame(self) -> pd.DataFrame:
        """The same as a pandas frame."""
        import pandas as pd

        frame = pd.DataFrame(self.rows(), columns=list(COLUMNS))
        return frame.astype({name: _FRAME[kind] for name, kind in COLUMNS.items()})


def _row(pair: Pair) -> dict[str, Any]:
    values = (
        pair.question,
        pair.first.candidate,
        pair.second.candidate,
        pair.first.row,
        pair.second.row,
        pair.by,
        pair.shared_words,
        None if pair.meaning is None else round(pair.meaning, 4),
        pair.chance,
        pair.expected,
        quoted(pair.first.quotes) if "words" in pair.by else "",
        "; ".join(f"{quoted([a])} ~ {quoted([b])}" for a, b in pair.same_meaning),
        pair.first.shown,
        pair.second.shown,
    )
    return dict(zip(COLUMNS, values, strict=True))


def quoted(texts: tuple[str, ...] | list[str]) -> str:
    """Texts in quotation marks, each in one line."""
    return ", ".join(f"“{' '.join(text.split())}”" for text in texts)
