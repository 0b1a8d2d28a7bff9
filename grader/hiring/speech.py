"""How far the grade moves when only the way of speaking does.

Right answers of the bank are graded as they stand and as somebody else would have said them. What
is compared is always the same answer, so that no two people's ability comes into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from grader.errors import InputError
from grader.grading import Grader
from grader.hiring.rewriting import NAMES, SWAPPED, WAYS, introduced, other_pronouns
from grader.records import Failure

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Said:
    """An answer in two ways."""

    question_id: str
    way: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Move:
    """What became of a grade."""

    question_id: str
    way: str
    before: float
    """The score, 0 to 1, of the answer as it stood."""
    after: float
    """Of the same answer, said otherwise."""
    turned: bool
    """Whether it passes one way and not the other."""
    text: str
    """What was graded the second time."""

    @property
    def change(self) -> float:
        """-1 to 1: below 0 the other way of speaking costs marks."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class WayMoved:
    """All moves of one way of speaking."""

    way: str
    answers: int
    mean_change: float
    mean_size: float
    """Of the change, whichever way it goes."""
    largest: Move
    turned: int
    """How many pass decisions are another."""


@dataclass(frozen=True, slots=True)
class Movement:
    """How far grades move when only the way of speaking does."""

    moves: tuple[Move, ...]

    @property
    def mean_size(self) -> float:
        """Of all changes, whichever way they go."""
        return fmean(abs(move.change) for move in self.moves)

    @property
    def ways(self) -> tuple[WayMoved, ...]:
        """Summed up, one a way of speaking."""
        names = dict.fromkeys(move.way for move in self.moves)
        return tuple(_summed(n, [m for m in self.moves if m.way == n]) for n in names)

    def to_frame(self) -> pd.DataFrame:
        """One row a move."""
        import pandas as pd

        return pd.DataFrame([asdict(move) | {"change": move.change} for move in self.moves])

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {"mean_size": self.mean_size, "ways": [asdict(way) for way in self.ways]}


def _summed(way: str, moves: Sequence[Move]) -> WayMoved:
    return WayMoved(
        way=way,
        answers=len(moves),
        mean_change=fmean(m.change for m in moves),
        mean_size=fmean(abs(m.change) for m in moves),
        largest=max(moves, key=lambda m: abs(m.change)),
        turned=sum(m.turned for m in moves),
    )


def move_speech(grader: Grader, answers: int, questions: Sequence[str] | None = None) -> Movement:
    """Grade right answers of the bank in several ways of speaking.

    Args:
        grader: with the bank; it should have no judge, which would be paid for each way.
        answers: how many, spread evenly over the questions.
        questions: slugs or aliases; all of the bank if not given. Those without a right answer in
            the bank, and open-ended ones, are passed over.

    Raises:
        InputError: none of the questions has a right answer that can be graded.
        UnknownQuestionError, DataFileError: a question can't be had.
    """
    right = list(right_answers(grader, questions))
    if not right:
        raise InputError("none of these questions has a right answer in the bank to say otherwise")
    step = max(1.0, len(right) / max(1, answers))
    chosen = [right[int(i * step)] for i in range(min(answers, len(right)))]
    said = [one for i, (slug, text) in enumerate(chosen) for one in ways_to_say(slug, text, i)]
    moves = tuple(_moves(grader, said))
    if not moves:
        raise InputError("none of the bank's right answers to these questions could be graded")
    return Movement(moves)


def right_answers(
    grader: Grader, questions: Sequence[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Slug and answer: the bank's own model answers and the examples that a rubric calls strong.

    Raises:
        UnknownQuestionError: there is no such question.
        DataFileError: a file breaks the format.
    """
    catalog = grader.catalog
    for name in catalog.slugs() if questions is None else questions:
        slug = catalog.resolve(name)
        entry, rubric, _ = catalog.load(slug)
        if not rubric.open_ended:
            strong = (e.answer for e in rubric.examples if e.kind == "strong")
            yield from ((slug, text) for text in (*entry.references, *strong))


def ways_to_say(slug: str, text: str, number: int) -> Iterator[Said]:
    """One answer in each way that changes it.

    Args:
        slug: of its question.
        text: the answer.
        number: which of the pairs of names is used, so that they take turns.
    """
    for way, rewrite in WAYS.items():
        after = rewrite(text)
        if after != text:
            yield Said(slug, way, text, after)
    one, other = NAMES[number % len(NAMES)]
    yield Said(slug, SWAPPED, introduced(text, one), introduced(other_pronouns(text), other))


def _moves(grader: Grader, said: Iterable[Said]) -> Iterator[Move]:
    said = list(said)
    items = [
        (text, grader.question(one.question_id)) for one in said for text in (one.before, one.after)
    ]
    grades = grader.grade_all(items)
    for one, before, after in zip(said, grades[::2], grades[1::2], strict=True):
        if isinstance(before, Failure) or isinstance(after, Failure):
            continue  # too long once introduced: there is no grade to compare
        yield Move(
            one.question_id,
            one.way,
            before.score,
            after.score,
            before.passed != after.passed,
            one.after,
        )
