"""Fit how alike answers are that were written independently, on marked answers that are no holdout.

    python -m training.fit_similar

Independent are any two of the marked answers to a question of the bank (``answers/bank``, a01 to
a16). Copies are made of them: half of an answer is replaced by half of another, of which every
sixth word is changed. Retold answers (``answers/retold.yaml``) were written by somebody who had
read the original.

By words: shingles are counted that both answers have and question, references and rubric have not.
From the second shared one on, each further one is a trial that succeeds with the same chance; of
that chance the upper end is kept (Clopper and Pearson, Biometrika 26 (1934) 404). How often there
are two is taken to grow with the product of the answers' lengths, as for local matches of other
sequences (Karlin and Altschul, PNAS 87 (1990) 2264). The size of shingles is the one that finds
most copies.

By meaning: the tail of the likeness of independent answers beyond its 99th percentile is taken for
exponential, its mean at the upper end of its interval. The number of directions that question and
reference account for is the one that finds most retold answers.

Both at the chance that a question with 30 answers asks for. Nothing is fitted to false pairs of
real candidates, who may have learnt from the same book.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from scipy.stats import beta, chi2

from grader.bank.catalog import Catalog
from grader.engine.encoders.onnx import OnnxEncoder
from grader.hiring.similar.find import accounted_by
from grader.hiring.similar.meaning import (
    Sentences,
    directions_of,
    encoded,
    is_read,
    likeness,
    meaning_of,
    prose,
    sentences_of,
)
from grader.hiring.similar.rule import MeaningRule, WordsRule
from grader.hiring.similar.shingles import Vocabulary, words_of
from grader.reading.text import sentences, words
from grader.settings import Settings
from training.answers.marked import HERE, HOLDOUT_FROM, MarkedAnswer, MarkedQuestion, read
from training.checksums import write_checksums

EXPECTED = 0.05
"""Pairs of a table that may be expected to be told of by chance."""
CLASS = 30
LOOK = EXPECTED / 2 / (CLASS * (CLASS - 1) / 2)
"""The chance that a pair of a question with so many answers must stay below in each look."""
DOUBT = 0.05
START = 2
SIZES = (3, 4, 5)
"""Two words that follow each other, as *of the*, say nothing when they are quoted."""
DIRECTIONS = (0, 2, 4, 8, 16)
TAIL = 0.99
NEAR = 0.95
USUAL = 0.05
"""The share of answers that may be too short, or too little prose, to be compared by meaning."""
EVERY = 6
FORMULAS = frozenset({"formula", "formula-turned"})
BRIEF = frozenset({"short", "empty", "fragments"})
RETOLD = HERE / "retold.yaml"
OUT = Path(__file__).parents[1] / "grader" / "models" / "similar"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's answers, and what it accounts for."""

    question: str
    answers: tuple[MarkedAnswer, ...]
    accounted: tuple[str, ...]


class Retold(NamedTuple):
    """An answer told again."""

    question: str
    id: str
    text: str


def questions(*, holdout: bool) -> Iterator[Asked]:
    """The questions of the bank with their marked answers, holdout or not."""
    catalog = Catalog.from_settings(Settings())
    for file in sorted((HERE / "bank").glob("*.yaml")):
        marked = read(file, MarkedQuestion)
        own = (a for a in marked.answers if (int(a.id[1:]) >= HOLDOUT_FROM) is holdout)
        question = catalog.question(marked.question)
        yield Asked(marked.question, tuple(own), tuple(accounted_by(question)))


def retold(file: Path) -> list[Retold]:
    """Answers told again."""
    return [Retold(**one) for one in yaml.safe_load(file.read_text("utf-8"))]


def patched(own: str, source: str, chance: random.Random) -> str:
    """An answer of which half comes from another, every sixth word of it changed."""
    kept, taken = ([s.text for s in sentences(text)] for text in (own, source))
    copied = chance.sample(taken, max(1, len(taken) // 2))
    left = kept[: len(kept) // 2]
    return " ".join([*left, *(changed(sentence) for sentence in copied)])


def changed(sentence: str) -> str:
    """A text with every sixth word changed."""
    parts = sentence.split()
    return " ".join("this" if at % EVERY == EVERY - 1 else w for at, w in enumerate(parts))


# ── words ───────────────────────────────────────────────────────────────────


def shared_counts(asked: Iterable[Asked], size: int) -> tuple[list[int], list[int], int]:
    """Of each pair of independent answers the shared shingles, and the product of both numbers."""
    shared, possible, alone = [], [], 0
    for one in asked:
        vocabulary = Vocabulary(size, one.accounted)
        own = [set(vocabulary.own(words_of(a.text)).tolist()) for a in one.answers]
        for first, second in combinations(own, 2):
            shared.append(len(first & second))
            possible.append(len(first) * len(second))
            alone += len(first) + len(second)
    return shared, possible, alone


def words_rule(asked: Sequence[Asked], size: int) -> WordsRule:
    """The chance of sharing shingles of a size."""
    shared, possible, alone = shared_counts(asked, size)
    beyond = [number - START for number in shared if number >= START]
    further = sum(beyond)
    ratio = float(beta.ppf(1 - DOUBT, further + 1, len(beyond)))
    return WordsRule(
        size=size,
        common=_rounded(2 * sum(shared) / alone),
        start=float(START),
        rate=_rounded(len(beyond) / sum(possible)),
        ratio=_rounded(ratio),
    )


def copies_found(asked: Sequence[Asked], rule: WordsRule, look: float) -> float:
    """The share of copies that are told of."""
    chance = random.Random(0)
    hits, of = 0, 0
    for one in asked:
        texts = [a.text for a in one.answers if len(words(a.text)) >= CLASS]
        if len(texts) < 2:
            continue
        own, source = chance.sample(texts, 2)
        vocabulary = Vocabulary(rule.size, one.accounted)
        first, second = (
            set(vocabulary.own(words_of(text)).tolist())
            for text in (patched(own, source, chance), source)
        )
        found = rule.chance(
            np.array([float(len(first & second))]), np.array([float(len(first) * len(second))])
        )
        hits, of = hits + bool(found[0] <= look), of + 1
    return hits / of


# ── meaning ─────────────────────────────────────────────────────────────────


class Pairs(NamedTuple):
    """How near pairs are, as wholes and by their sentences."""

    wholes: np.ndarray
    likeness: np.ndarray


def lowest(asked: Sequence[Asked]) -> tuple[int, float]:
    """How many words, and how much prose, nearly all answers have that are meant to."""
    long = [len(words(a.text)) for one in asked for a in one.answers if a.kind not in BRIEF]
    plain = [prose(a.text) for one in asked for a in one.answers if a.kind not in FORMULAS]
    return int(np.quantile(long, USUAL)), _rounded(float(np.quantile(plain, USUAL)))


def measured(
    asked: Sequence[Asked],
    again: Sequence[Retold],
    read_as: Mapping[str, Sentences],
    vectors: Mapping[str, np.ndarray],
    rule: MeaningRule,
) -> tuple[Pairs, Pairs]:
    """How near independent answers are, and retold ones to their originals."""
    apart: list[tuple[float, float]] = []
    alike: list[tuple[float, float]] = []
    for one in asked:
        told = [s for text in one.accounted for s in read_as[text].said]
        axes = directions_of(np.stack([vectors[s] for s in told]), rule)
        known = {
            a.id: meaning_of(read_as[a.text], vectors, axes)
            for a in one.answers
            if is_read(a.text, rule)
        }
        for first, second in combinations(known.values(), 2):
            whole = float(first.whole @ second.whole)
            apart.append((whole, likeness(first, second)))
        for other in again:
            if other.question == one.question and other.id in known:
                told_again = meaning_of(read_as[other.text], vectors, axes)
                original = known[other.id]
                whole = float(original.whole @ told_again.whole)
                alike.append((whole, likeness(original, told_again)))
    return Pairs(*np.array(apart).T), Pairs(*np.array(alike).T)


def meaning_rule(apart: Pairs, blank: MeaningRule) -> MeaningRule:
    """The tail of independent answers."""
    near = float(np.quantile(apart.wholes, NEAR))
    passing = apart.likeness[apart.wholes >= near]
    start = float(np.quantile(apart.likeness, TAIL))
    beyond = passing[passing >= start] - start
    scale = 2 * beyond.sum() / chi2.ppf(DOUBT, 2 * len(beyond))
    return replace(
        blank,
        near=_rounded(near),
        start=_rounded(start),
        share=_rounded(len(beyond) / len(apart.likeness)),
        scale=_rounded(float(scale)),
    )


def retold_found(alike: Pairs, rule: MeaningRule, look: float) -> float:
    """The share of retold answers that are told of."""
    hits = (alike.wholes >= rule.near) & (rule.chance(alike.likeness) <= look)
    return float(hits.mean())


# ── what is kept ────────────────────────────────────────────────────────────


def _rounded(number: float) -> float:
    return float(f"{number:.3g}")


def fit(asked: Sequence[Asked], again: Sequence[Retold], encoder: OnnxEncoder) -> dict[str, Any]:
    """The rule, and how it was come by."""
    by_size = {size: words_rule(asked, size) for size in SIZES}
    copies = {size: copies_found(asked, rule, LOOK) for size, rule in by_size.items()}
    size = max(SIZES, key=lambda n: (copies[n], n))
    texts = [a.text for one in asked for a in one.answers] + [r.text for r in again]
    texts += [text for one in asked for text in one.accounted]
    read_as = {text: sentences_of(text) for text in texts}
    vectors = encoded(read_as.values(), encoder)
    least, plain = lowest(asked)
    rules, found, pairs, compared = {}, {}, 0, 0
    for directions in DIRECTIONS:
        blank = MeaningRule(
            directions=directions,
            near=0.0,
            start=0.0,
            share=0.0,
            scale=1.0,
            words=least,
            prose=plain,
            encoder=encoder.name,
        )
        apart, alike = measured(asked, again, read_as, vectors, blank)
        rules[directions] = meaning_rule(apart, blank)
        found[directions] = retold_found(alike, rules[directions], LOOK)
        pairs, compared = len(apart.likeness), len(alike.likeness)
    directions = max(DIRECTIONS, key=lambda n: found[n])
    answers = sum(len(one.answers) for one in asked)
    return {
        "expected": EXPECTED,
        "words": asdict(by_size[size]),
        "meaning": asdict(rules[directions]),
        "copies_found": copies,
        "retold_found": found,
        "retold": compared,
        "pairs_by_meaning": pairs,
        "fitted_by": "training/fit_similar.py",
        "fitted_on": f"{answers} marked answers to {len(asked)} questions, holdout left out",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    made = fit(list(questions(holdout=False)), retold(RETOLD), OnnxEncoder())
    print(json.dumps(made, indent=1))
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "similar.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    write_checksums(args.out)


if __name__ == "__main__":
    main()
