"""Pairs from the bank itself: (claim, text, label) from contrast sets and training examples.

Labels as in ``pairs``. What is labelled:

- a statement against the claim it was written for;
- against other claims of the question, alone and among statements that are not near to these:
  it does not say them (``NOT_ENTAILED``, since a right statement may well contradict a
  misconception);
- a contradicted statement against misconceptions, and an asserted misconception against key
  points, only as "does not say": a wrong statement may assert another error by the way;
- of the examples that are no holdout two thirds, by the stretch of the answer nearest to each
  claim and by the answer around it; the last third is kept for the heads (``fit_verifier``);
- the claims' own wordings, turned round in one word or said again (``flips``).

Statements stand alone, beside another, or in a composed answer of up to five, since that is
what the verifier reads: all of a short answer, and much of a long one.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from grader.bank.catalog import Catalog
from grader.bank.records import ContrastSet, Example, Rubric
from grader.bank.rubrics import load_contrast
from grader.engine.as_read import question_as_read
from grader.engine.features import PreparedQuestion, nearest_units
from grader.engine.pairs import READ_WORDS, words_around
from grader.reading.canonical import read
from training import flips
from training.pairs import CONTRADICTED, ENTAILED, HALF, NEUTRAL, NOT_ENTAILED, Pair

if TYPE_CHECKING:
    from grader.engine.encoders.base import Encoder, Vectors

HELD_BACK = 0.08
TAUGHT_THIRDS = 2
CHANGES = 3
SHORT_WORDS = 14
RESAID_SHARE = OWN_SHARE = 0.5
COMPANIONS = (0, 0, 0, 0, 1, 1, 2, 3, 4)
WRONG_SHARE = 0.3
RIVALS = 4
NEAR_CLAIMS = 2
"""A statement may say, by the way, one of the claims that it is nearest to."""
_OWN = {
    "covered": ENTAILED,
    "contradicted": CONTRADICTED,
    "near": NEUTRAL,
    "asserted": ENTAILED,
    "denied": CONTRADICTED,
}
_EXAMPLE = {
    "covered": ENTAILED,
    "partial": HALF,
    "contradicted": CONTRADICTED,
    "missing": NEUTRAL,
}
_CHANGES = (
    (flips.turned_round, CONTRADICTED),
    (flips.turned_round, CONTRADICTED),
    (flips.negated, CONTRADICTED),
    (flips.denied, CONTRADICTED),
    (flips.said_again, ENTAILED),
    (flips.said_again, ENTAILED),
    (flips.said_again, ENTAILED),
    (flips.affirmed, ENTAILED),
)


@dataclass(frozen=True)
class Statement:
    """One statement of a contrast set, with the number of its claim in the rubric."""

    text: str
    kind: str
    claim: int


@dataclass(frozen=True)
class Domain:
    """All that pairs of one question are drawn from."""

    statements: Sequence[Statement]
    held_back: Sequence[Statement]
    vectors: Vectors
    prepared: PreparedQuestion
    wordings: Sequence[Sequence[str]]
    fixed: Sequence[Pair]


def load_domains(
    catalog: Catalog, slugs: Sequence[str], encoder: Encoder, seed: int
) -> list[Domain]:
    """The questions that have a contrast set."""
    domains = []
    for slug in slugs:
        file = catalog.contrast_file(slug)
        if file is None:
            continue
        _, rubric, _ = catalog.load(slug)
        prepared = PreparedQuestion(question_as_read(catalog.question(slug)), encoder)
        statements = list(_statements(rubric, load_contrast(file)))
        random.Random(f"{seed}-{slug}").shuffle(statements)
        cut = round(len(statements) * HELD_BACK)
        wordings = [(k.claim, *k.also_accept) for k in rubric.key_points]
        wordings += [(m.claim, *m.also_phrased) for m in rubric.misconceptions]
        domains.append(
            Domain(
                statements=statements[cut:],
                held_back=statements[:cut],
                vectors=encoder.encode([s.text for s in statements[cut:]]),
                prepared=prepared,
                wordings=wordings,
                fixed=list(_example_pairs(rubric, prepared, encoder)),
            )
        )
    return domains


def domain_pairs(domains: Sequence[Domain], seed: int, most: int) -> list[Pair]:
    """One epoch's pairs; another seed gives other wordings, neighbours and negatives."""
    chance = random.Random(seed)
    pairs = [pair for domain in domains for pair in _question_pairs(domain, chance)]
    chance.shuffle(pairs)
    return pairs[:most]


def held_back_pairs(domains: Sequence[Domain]) -> list[Pair]:
    """Statements that training never sees, against their own claim."""
    return [
        (domain.wordings[s.claim][0], s.text, _OWN[s.kind])
        for domain in domains
        for s in domain.held_back
    ]


def is_taught(slug: str, example: Example) -> bool:
    """Whether the cross-encoder is trained on an example, rather than the heads fitted on it."""
    number = int(hashlib.sha256(f"{slug}/{example.id}".encode()).hexdigest(), 16)
    return not example.holdout and number % 3 < TAUGHT_THIRDS


def _statements(rubric: Rubric, contrast: ContrastSet) -> Iterator[Statement]:
    for i, key_point in enumerate(rubric.key_points):
        sets = contrast.key_points[key_point.id]
        for kind in ("covered", "contradicted", "near"):
            yield from (Statement(text, kind, i) for text in getattr(sets, kind))
    for i, misconception in enumerate(rubric.misconceptions, start=len(rubric.key_points)):
        sets_m = contrast.misconceptions[misconception.id]
        for kind in ("asserted", "denied"):
            yield from (Statement(text, kind, i) for text in getattr(sets_m, kind))


def _question_pairs(domain: Domain, chance: random.Random) -> Iterator[Pair]:
    yield from domain.fixed
    yield from _flipped_pairs(domain, chance)
    right = [s for s in domain.statements if s.kind in {"covered", "near"}]
    wrong = [s for s in domain.statements if s.kind == "contradicted"]
    similar = domain.vectors @ domain.prepared.wording_vectors.T
    by_claim = np.maximum.reduceat(similar, domain.prepared.starts, axis=1)
    stops = [*domain.prepared.starts[1:], len(domain.prepared.wordings)]
    order = np.argsort(-by_claim).tolist()
    for i, statement in enumerate(domain.statements):
        text = _in_company(statement, right, wrong, chance)
        own = statement.claim
        start = int(domain.prepared.starts[own])
        nearest = int(similar[i, start : stops[own]].argmax())
        label = _OWN[statement.kind]
        yield domain.wordings[own][0], text, label
        if nearest:
            yield domain.wordings[own][nearest], statement.text, label
        rivals = [c for c in order[i] if c != own][:RIVALS]
        if not rivals:
            continue
        claim = chance.choice(rivals)
        crossing = (claim < domain.prepared.n_key_points) != (own < domain.prepared.n_key_points)
        if crossing and statement.kind in {"contradicted", "denied"}:
            continue
        plain = not crossing and statement.kind in {"covered", "near"}
        wording = chance.choice(domain.wordings[claim])
        silent = [
            other
            for other, near in zip(domain.statements, order, strict=True)
            if other.kind in {"covered", "near"} and claim not in near[:NEAR_CLAIMS]
        ]
        text = _in_company(replace(statement, kind="near"), silent, (), chance)
        yield wording, text, NEUTRAL if plain else NOT_ENTAILED


def _flipped_pairs(domain: Domain, chance: random.Random) -> Iterator[Pair]:
    """Each wording of each claim, and short statements that say it, changed in a word or two."""
    right = [s for s in domain.statements if s.kind in {"covered", "near"}]
    said = [s for s in right if s.kind == "covered" and len(s.text.split()) <= SHORT_WORDS]
    for number, wordings in enumerate(domain.wordings):
        texts = [*wordings, *(s.text for s in said if s.claim == number)]
        for text in texts:
            for _ in range(CHANGES):
                change, label = chance.choice(_CHANGES)
                changed = change(text, chance)
                if changed is None:
                    continue
                if chance.random() < RESAID_SHARE:
                    changed = flips.said_again(changed, chance) or changed
                claim = text if text in wordings and chance.random() < OWN_SHARE else wordings[0]
                statement = Statement(changed, "near", number)
                yield claim, _in_company(statement, right, (), chance), label


def _in_company(
    statement: Statement,
    right: Sequence[Statement],
    wrong: Sequence[Statement],
    chance: random.Random,
) -> str:
    """The statement alone, or among others on other claims, in any order.

    Beside one that is near to its claim and says nothing of it only right ones stand: a wrong
    one might contradict that claim by the way.
    """
    texts = [statement.text]
    for _ in range(chance.choice(COMPANIONS)):
        may_be_wrong = statement.kind != "near" and chance.random() < WRONG_SHARE
        other = chance.choice(wrong if may_be_wrong else right)
        fits = len(" ".join((*texts, other.text)).split()) <= READ_WORDS
        if other.claim != statement.claim and fits:
            texts.append(other.text)
    chance.shuffle(texts)
    return " ".join(texts)


def _example_pairs(rubric: Rubric, prepared: PreparedQuestion, encoder: Encoder) -> Iterator[Pair]:
    for example in rubric.examples:
        if not is_taught(rubric.question, example):
            continue
        reading = read(example.answer)
        texts, whole = reading.said, reading.whole
        best = nearest_units(prepared, encoder.encode(texts))
        labels = [(k.claim, _EXAMPLE[example.verdicts[k.id]]) for k in rubric.key_points]
        labels += [
            (m.claim, ENTAILED if m.id in example.misconceptions else NOT_ENTAILED)
            for m in rubric.misconceptions
        ]
        for i, (claim, label) in enumerate(labels):
            for text in dict.fromkeys((texts[best[i]], words_around(whole, texts[best[i]]))):
                yield claim, text, label
