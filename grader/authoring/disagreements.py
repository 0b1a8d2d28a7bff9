"""Where the sources of a question disagree with each other, or with the model answer.

Every source claim, as published, is graded as if it were an answer. One that contradicts a
key point, or asserts a misconception, is set beside the claim of another source (or the
sentence of a model answer) that it disagrees with. The rubric knows what matters, so that
two claims are compared only by what they say of a point that it names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.bank.records import BankEntry
from grader.engine.encoders.base import unit_vectors
from grader.grading import Grader
from grader.reading.text import fold, sentences
from grader.records import Failure, Grade, MisconceptionResult

MODEL = "model"


@dataclass(frozen=True, slots=True)
class Statement:
    """One claim, and whose it is: a source's id, or ``model`` for our own answer."""

    origin: str
    text: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A pair of claims to look at before a source is trusted."""

    question_id: str
    about: str
    """The key point or misconception on which the two differ."""
    claim: Statement
    against: Statement
    probability: float
    """The verifier's probability of its verdict on ``claim``, 0 to 1."""
    corrected: bool
    """Whether a correction of the rubric replaces one of the two already."""


def audit(grader: Grader, slug: str) -> list[Disagreement]:
    """The disagreements among the sources of a question, surest first.

    Raises:
        UnknownQuestionError, DataFileError: the question can't be had.
    """
    entry, rubric, _ = grader.catalog.load(slug)
    said = [*_claims(entry), *_model_sentences(entry)]
    grades = grader.grade_many([s.text for s in said], slug)
    judged = [(s, g) for s, g in zip(said, grades, strict=True) if not isinstance(g, Failure)]
    replaced = {(c.source, fold(c.claim)) for c in rubric.corrections}
    found = [
        Disagreement(
            slug, about, claim, against, probability, bool(replaced & {_key(claim), _key(against)})
        )
        for claim, grade in judged
        if claim.origin != MODEL
        for about, probability, against in _opposed(grader, claim, grade, judged)
    ]
    return sorted(found, key=lambda d: -d.probability)


def _claims(entry: BankEntry) -> list[Statement]:
    return [Statement(source.id, claim) for source in entry.sources for claim in source.claims]


def _model_sentences(entry: BankEntry) -> list[Statement]:
    return [Statement(MODEL, s.text) for text in entry.references for s in sentences(text)]


def _key(statement: Statement) -> tuple[str, str]:
    return statement.origin, fold(statement.text)


def _opposed(
    grader: Grader,
    claim: Statement,
    grade: Grade,
    judged: Sequence[tuple[Statement, Grade]],
) -> Iterator[tuple[str, float, Statement]]:
    """What a claim is wrong about by the rubric, and who says otherwise."""
    others = [(s, g) for s, g in judged if s.origin != claim.origin]
    for i, point in enumerate(grade.key_points):
        covering = [(g.key_points[i], s) for s, g in others if g.key_points[i].verdict == "covered"]
        if point.verdict == "contradicted" and _likely(point.probability) and covering:
            _, best = max(covering, key=lambda pair: pair[0].probability)
            yield point.id, point.probability, best
    for i, wrong in enumerate(grade.misconceptions):
        chance = _asserted(wrong)
        right = [s for s, g in others if not _likely(_asserted(g.misconceptions[i]))]
        if _likely(chance) and right:
            yield wrong.id, chance, _nearest(grader, wrong.correction, right)


def _asserted(result: MisconceptionResult) -> float:
    """The chance that a misconception is asserted, be it sure enough to say so or not."""
    return result.probability if result.verdict == "asserted" else 1 - result.probability


def _likely(probability: float) -> bool:
    """More likely than not: the likeliest of four verdicts need not be."""
    return probability > 1 - probability


def _nearest(grader: Grader, text: str, others: Sequence[Statement]) -> Statement:
    vectors = unit_vectors(grader.encoder, [text, *(s.text for s in others)])
    return others[int((vectors[1:] @ vectors[0]).argmax())]
