"""Additions to a rubric that people's marks ask for, each tried on all answers that they marked.

Where people gave more than the grade, the answer may say a key point in words that the rubric does
not know: a wording to accept, or one that is worth half. Where they gave less, what was credited
may be worth half, or be a known error. Each such addition is tried by itself: every marked answer
is graded anew with it, and what doesn't bring the grades nearer to the marks on the whole is not
proposed. So no number in this is set by hand. Whether a wording is right, a person decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from grader.authoring.marked_answers import MarkedAnswer
from grader.bank.records import BankEntry, Rubric
from grader.bank.rubrics import build_question
from grader.bank.slugs import free_slug, slug_of
from grader.engine.encoders.base import unit_vectors
from grader.engine.scoring import credit
from grader.errors import InputError
from grader.grading import Grader
from grader.reading.rendering import rendered
from grader.reading.text import fold, sentences
from grader.records import Failure, Grade, KeyPoint, Misconception, Question

Kind = Literal["also_accept", "partial", "misconception"]
_ID_WORDS = 5
_SMALLEST_COST = 0.5
_TO_SAY = "To be written: say what is right."
_WHY = "To be written: say why it is wrong."
_AUTHORITY = "To be written: name a source."


@dataclass(frozen=True, slots=True)
class Effect:
    """What an addition does to the grade of one answer."""

    row: int
    mark: float
    before: float
    """The score, 0 to 1, with the rubric as it is."""
    after: float


@dataclass(frozen=True, slots=True)
class Addition:
    """One thing that a rubric could say as well."""

    kind: Kind
    point: str
    """The id of the key point, or that of the new misconception."""
    text: str
    """Word for word as an answer says it."""
    cost: float = 0.0
    """Of a misconception."""
    correction: str = _TO_SAY
    against: tuple[str, ...] = ()
    """Key points that it excludes."""

    def made_to(self, rubric: Rubric) -> Rubric:
        """The rubric with it."""
        if self.kind == "misconception":
            new = Misconception(
                id=self.point,
                claim=self.text,
                cost=self.cost,
                correction=self.correction,
                why=_WHY,
                authority=_AUTHORITY,
                against=self.against,
            )
            return rubric.model_copy(update={"misconceptions": (*rubric.misconceptions, new)})
        points = tuple(self._made_to(k) if k.id == self.point else k for k in rubric.key_points)
        return rubric.model_copy(update={"key_points": points})

    def _made_to(self, point: KeyPoint) -> KeyPoint:
        wordings = (*getattr(point, self.kind), self.text)
        return point.model_copy(update={self.kind: wordings})


@dataclass(frozen=True, slots=True)
class Proposal:
    """An addition that brings grades nearer to marks, with the answers that ask for it."""

    addition: Addition
    asked_by: tuple[Effect, ...]
    """Those whose grades it brings nearer to their marks, the most first."""
    against: tuple[Effect, ...]
    """Those whose grades it takes farther from them."""
    error_before: float
    """The mean distance of all grades from their marks, 0 to 1."""
    error_after: float

    @property
    def gain(self) -> float:
        """By how much the mean distance shrinks."""
        return self.error_before - self.error_after


@dataclass(frozen=True, slots=True)
class _Doubtful:
    """An answer whose grade is not its mark."""

    marked: MarkedAnswer
    grade: Grade

    @property
    def gap(self) -> float:
        """What people gave more than the grade."""
        return self.marked.mark - self.grade.score

    def nearer_by(self, change: float) -> bool:
        """Whether a change of the score would bring it nearer to the mark."""
        return abs(self.gap - change) < abs(self.gap)


def improve(
    grader: Grader, slug: str, marked: Sequence[MarkedAnswer], *, worst: int
) -> list[Proposal]:
    """What the rubric of a question could say as well, the most helpful first.

    Args:
        grader: grades, without a judge.
        slug: the question.
        marked: answers to it that people marked; those that can't be graded are left out.
        worst: how many of the answers that are farthest off are looked at; all of them are
            graded anew for each of their proposals.

    Raises:
        UnknownQuestionError, DataFileError: the question can't be had.
        InputError: none of the answers can be graded.
    """
    entry, rubric, file = grader.catalog.load(slug)
    question = build_question(entry, rubric, file)
    graded = _graded(grader, question, marked)
    if not graded:
        raise InputError(f"{slug}: none of the marked answers can be graded")
    off = sorted((d for d in graded if d.gap), key=lambda d: (-abs(d.gap), d.marked.row))
    known = set(_wordings(rubric))
    tried: dict[tuple[Kind, str, str], Proposal] = {}
    for doubtful in off[:worst]:
        for addition in _additions(grader, question, rubric, doubtful):
            key = addition.kind, addition.point, fold(addition.text)
            if key not in tried and fold(addition.text) not in known:
                tried[key] = _tried(grader, entry, rubric, file, addition, graded)
    helpful = [p for p in tried.values() if p.gain > 0]
    best: dict[tuple[str, str], Proposal] = {}
    for p in sorted(helpful, key=lambda p: (-p.gain, p.addition.point, p.addition.text)):
        # The same words can't earn all and half.
        best.setdefault((p.addition.point, fold(p.addition.text)), p)
    return list(best.values())


def with_all(rubric: Rubric, additions: Sequence[Addition]) -> Rubric:
    """The rubric with all additions, as a new version of it; ids of misconceptions stay apart."""
    for addition in additions:
        rubric = _apart(addition, rubric).made_to(rubric)
    return rubric.model_copy(update={"version": rubric.version + bool(additions)})


def _apart(addition: Addition, rubric: Rubric) -> Addition:
    if addition.kind != "misconception":
        return addition
    taken = {m.id for m in rubric.misconceptions}
    return replace(addition, point=free_slug(addition.point, taken))


def _graded(grader: Grader, question: Question, marked: Sequence[MarkedAnswer]) -> list[_Doubtful]:
    grades = grader.grade_many([m.text for m in marked], question)
    pairs = zip(marked, grades, strict=True)
    return [_Doubtful(m, g) for m, g in pairs if not isinstance(g, Failure)]


def _wordings(rubric: Rubric) -> Iterator[str]:
    for k in rubric.key_points:
        yield from map(fold, (k.claim, *k.also_accept, *k.partial))
    for m in rubric.misconceptions:
        yield from map(fold, (m.claim, *m.also_phrased))


def _additions(
    grader: Grader, question: Question, rubric: Rubric, doubtful: _Doubtful
) -> Iterator[Addition]:
    """What would mend one answer's grade, if the verifier takes it up."""
    said = [s.text for s in sentences(rendered(doubtful.marked.text).text)]
    if doubtful.gap > 0:
        yield from _earning(grader, question, doubtful, said)
    else:
        yield from _costing(question, rubric, doubtful, said)


def _earning(
    grader: Grader, question: Question, doubtful: _Doubtful, said: Sequence[str]
) -> Iterator[Addition]:
    """Wordings of key points that the answer has not got in full: its nearest sentence to each."""
    results = {r.id: r for r in doubtful.grade.key_points}
    most = question.max_points
    for point in question.key_points:
        result = results[point.id]
        if result.verdict == "covered":
            continue
        nearest = _nearest(grader, (point.claim, *point.also_accept), said)
        half = point.points * question.scale.partial_credit
        if doubtful.nearer_by((point.points - result.points) / most):
            yield Addition("also_accept", point.id, nearest)
        if result.verdict != "partial" and doubtful.nearer_by((half - result.points) / most):
            yield Addition("partial", point.id, nearest)


def _nearest(grader: Grader, wordings: Sequence[str], said: Sequence[str]) -> str:
    vectors = unit_vectors(grader.encoder, [*wordings, *said])
    similar = vectors[len(wordings) :] @ vectors[: len(wordings)].T
    return said[int(np.argmax(similar.max(axis=1)))]


def _costing(
    question: Question, rubric: Rubric, doubtful: _Doubtful, said: Sequence[str]
) -> Iterator[Addition]:
    """Halves of what was credited, and what else the answer says as known errors."""
    most, used = question.max_points, set[str]()
    claims = {k.id: k.claim for k in question.key_points}
    excluded: dict[str, str] = {}
    for result in doubtful.grade.key_points:
        if result.evidence is None:
            continue
        quote = rendered(result.evidence.text).text
        if result.verdict == "contradicted":
            excluded[fold(quote)] = result.id
            continue
        used.add(fold(quote))
        half = result.max_points * credit("partial", question.scale)
        lost = (half - result.points) / most
        if result.verdict == "covered" and doubtful.nearer_by(lost):
            yield Addition("partial", result.id, quote)
    cost = max(_SMALLEST_COST, round(-doubtful.gap * most * 2) / 2)
    taken = {m.id for m in rubric.misconceptions}
    for sentence in said:
        if fold(sentence) not in used:
            id_ = free_slug(slug_of(sentence, _ID_WORDS) or "error", taken)
            against = tuple(filter(None, [excluded.get(fold(sentence))]))
            correction = claims[against[0]] if against else _TO_SAY
            yield Addition("misconception", id_, sentence, cost, correction, against)


def _tried(
    grader: Grader,
    entry: BankEntry,
    rubric: Rubric,
    file: Path,
    addition: Addition,
    graded: Sequence[_Doubtful],
) -> Proposal:
    """The effect of an addition on every marked answer."""
    question = build_question(entry, addition.made_to(rubric), file)
    again = _graded(grader, question, [d.marked for d in graded])
    effects = [
        Effect(before.marked.row, before.marked.mark, before.grade.score, after.grade.score)
        for before, after in zip(graded, again, strict=True)
    ]
    nearer = {e: abs(e.mark - e.before) - abs(e.mark - e.after) for e in effects}
    return Proposal(
        addition,
        tuple(sorted((e for e in effects if nearer[e] > 0), key=lambda e: (-nearer[e], e.row))),
        tuple(sorted((e for e in effects if nearer[e] < 0), key=lambda e: (nearer[e], e.row))),
        float(np.mean([abs(e.mark - e.before) for e in effects])),
        float(np.mean([abs(e.mark - e.after) for e in effects])),
    )
