"""Grading a rubric's own examples: does the grader give the marks that people gave?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.authoring.lint import example_score
from grader.bank.catalog import Catalog
from grader.bank.records import Example, Rubric
from grader.errors import DataFileError
from grader.grading import Grader
from grader.records import Failure, Grade, Question


@dataclass(frozen=True, slots=True)
class Trial:
    """An example and the grade it got."""

    question_id: str
    example: Example
    marked: float
    """The score of the example's own labels."""
    grade: Grade

    @property
    def in_range(self) -> bool:
        """Whether the score lies in the expected range."""
        low, high = self.example.score
        return low - 1e-9 <= self.grade.score <= high + 1e-9

    @property
    def verdict_pairs(self) -> list[tuple[str, str]]:
        """(expected, given) verdict of every key point."""
        return [(self.example.verdicts[k.id], k.verdict) for k in self.grade.key_points]

    @property
    def wrong_verdicts(self) -> list[str]:
        """What differs, in words: ``id: expected → given``."""
        differing = [
            f"{k.id}: {self.example.verdicts[k.id]} → {k.verdict}"
            for k in self.grade.key_points
            if k.verdict != self.example.verdicts[k.id]
        ]
        given = {m.id for m in self.grade.asserted}
        expected = set(self.example.misconceptions)
        differing += [f"{m}: known error, expected and not found" for m in sorted(expected - given)]
        return differing + [
            f"{m}: known error, found and not expected" for m in sorted(given - expected)
        ]


def run_trials(grader: Grader, slugs: Iterable[str], *, holdout: bool | None = None) -> list[Trial]:
    """Grade the examples of the questions named.

    Args:
        grader: what grades; its catalog holds the questions.
        slugs: which questions.
        holdout: only the examples so marked, or only the others; all if None.

    Raises:
        UnknownQuestionError: there is no such question.
        DataFileError: a question can't be had, or an example can't be graded.
    """
    trials: list[Trial] = []
    for slug in slugs:
        rubric, file, examples = _examples(grader.catalog, slug, holdout)
        question: Question = grader.question(slug)
        grades = grader.grade_many([e.answer for e in examples], question)
        for example, grade in zip(examples, grades, strict=True):
            if isinstance(grade, Failure):
                raise DataFileError(f"example '{example.id}': {grade.message}", file=file)
            trials.append(Trial(slug, example, example_score(rubric, example), grade))
    return trials


def _examples(
    catalog: Catalog, slug: str, holdout: bool | None
) -> tuple[Rubric, Path, Sequence[Example]]:
    _, rubric, file = catalog.load(slug)
    return rubric, file, [e for e in rubric.examples if holdout in (None, e.holdout)]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How a set of trials came out."""

    n: int
    in_range: float
    verdicts: float
    """Share of key-point verdicts that are right."""
    mean_error: float
    """Mean absolute difference of scores."""


def accuracy(trials: Sequence[Trial]) -> Accuracy:
    """Sum up trials, at least one."""
    pairs = [pair for trial in trials for pair in trial.verdict_pairs]
    return Accuracy(
        n=len(trials),
        in_range=sum(t.in_range for t in trials) / len(trials),
        verdicts=sum(expected == given for expected, given in pairs) / len(pairs),
        mean_error=sum(abs(t.grade.score - t.marked) for t in trials) / len(trials),
    )


def by_kind(trials: Sequence[Trial]) -> dict[str, Accuracy]:
    """``accuracy`` for each kind of example, sorted by name."""
    kinds = sorted({t.example.kind for t in trials})
    return {kind: accuracy([t for t in trials if t.example.kind == kind]) for kind in kinds}
