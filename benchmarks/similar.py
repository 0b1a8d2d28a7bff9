"""What ``grade similar`` finds of planted copies and retold answers, falsely, and in what time.

    python -m benchmarks.similar                     # on holdout answers
    python -m benchmarks.similar --answers 100000    # and the time for so many

Each question of the bank is a class: its marked answers that are holdout (a17 to a24), written
independently. For one number of classes after the other a copy is planted: an answer word for
word, with every sixth word changed, half of it patched into another, or told again by somebody who
had read it (``retold.yaml``, written for this). A false pair is any other that is told of.

The time is that of answers of 60 words put together of the holdout answers' clauses, to four
questions, a hundred of them copied: ``--words-only`` leaves the encoder out. On two slow cores of a
Zen 3, 10,000 answers took 143 s by words and meaning; 100,000 took 77 s, by words alone, as any
table does that is so large that even the same meaning may be chance.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from grader.engine.encoders.onnx import OnnxEncoder
from grader.hiring.similar.compare import Looked, compare
from grader.hiring.similar.rule import Rule, load_rule
from grader.reading.text import words
from grader.settings import THREADS
from training.fit_similar import Asked, changed, patched, questions, retold

RETOLD = Path(__file__).with_name("retold.yaml")
LONG = 30
WORDS = 60
COPIES = 100
QUESTIONS = 4


@dataclass(frozen=True, slots=True)
class Class:
    """The answers to a question, and which two of them belong together; none if none do."""

    kind: str
    asked: Asked
    answers: tuple[str, ...]
    planted: tuple[int, int] | None


def classes(asked: Sequence[Asked]) -> Iterator[Class]:
    """Classes without a copy, and with one of each kind."""
    chance = random.Random(0)
    kinds: dict[str, Callable[[str, str], str]] = {
        "word for word": lambda _, source: source,
        "every sixth word changed": lambda _, source: changed(source),
        "half of it": lambda own, source: patched(own, source, chance),
    }
    again = {one.question: one for one in retold(RETOLD)}
    for one in asked:
        texts = tuple(a.text for a in one.answers)
        yield Class("none planted", one, texts, None)
        long = [at for at, text in enumerate(texts) if len(words(text)) >= LONG]
        if len(long) > 1:
            source, own = chance.sample(long, 2)
            for kind, copy in kinds.items():
                made = (*texts, copy(texts[own], texts[source]))
                yield Class(kind, one, made, (source, len(texts)))
        if one.question in again:
            ids = [a.id for a in one.answers]
            source = ids.index(again[one.question].id)
            yield Class("retold", one, (*texts, again[one.question].text), (source, len(texts)))


def looked(
    one: Class, rule: Rule, encoder: OnnxEncoder | None, expected: float
) -> list[tuple[int, int]]:
    """The pairs that are told of, by the places of their answers."""
    texts = list(dict.fromkeys(one.answers))
    times = [one.answers.count(text) for text in texts]
    number = len(one.answers)
    bar = expected / 2 / (number * (number - 1) / 2)
    found = compare(texts, times, one.asked.accounted, rule, bar, encoder)
    return [_places(like, one.answers, texts) for like in found]


def _places(like: Looked, answers: Sequence[str], texts: Sequence[str]) -> tuple[int, int]:
    first = answers.index(texts[like.first])
    if like.first == like.second:
        return first, answers.index(texts[like.first], first + 1)
    second = answers.index(texts[like.second])
    return min(first, second), max(first, second)


def print_found(rule: Rule, encoder: OnnxEncoder) -> None:
    """Recall and false pairs."""
    told: dict[str, list[tuple[bool, int, int]]] = {}
    for one in classes(list(questions(holdout=True))):
        pairs = looked(one, rule, encoder, rule.expected)
        hit = one.planted is not None and one.planted in pairs
        number = len(one.answers)
        entry = (hit, len(pairs) - hit, number * (number - 1) // 2)
        told.setdefault(one.kind, []).append(entry)
    print(f"at most {rule.expected:g} pairs by chance in each class")
    print(f"{'planted':26} classes  found  false pairs  of pairs")
    for kind, entries in told.items():
        hits, false, of = (sum(column) for column in zip(*entries, strict=True))
        share = "" if kind == "none planted" else f"{hits / len(entries):.0%}"
        print(f"{kind:26} {len(entries):7}  {share:>5}  {false:11}  {of:8,}")


def made_answers(asked: Sequence[Asked], number: int) -> list[Class]:
    """Classes of many answers, put together of clauses, some of them copied."""
    chance = random.Random(0)
    pool = [text for one in asked for a in one.answers for text in a.text.split(",")]
    made = []
    for one in asked[:QUESTIONS]:
        answers = []
        while len(answers) < number // QUESTIONS:
            parts: list[str] = []
            while len(parts) < WORDS:
                parts += chance.choice(pool).split()
            answers.append(" ".join(parts[:WORDS]))
        for at, source in pairwise(chance.sample(range(len(answers)), COPIES // QUESTIONS + 1)):
            answers[at] = changed(answers[source])
        made.append(Class("time", one, tuple(answers), None))
    return made


def print_time(rule: Rule, number: int, encoder: OnnxEncoder | None) -> None:
    """The time for many answers."""
    made = made_answers(list(questions(holdout=True)), number)
    pairs = sum(len(one.answers) * (len(one.answers) - 1) // 2 for one in made)
    bar = rule.expected / 2 / pairs
    if rule.meaning.least > bar:
        encoder = None  # as find.py does
    begun, used = time.perf_counter(), time.process_time()
    found = 0
    for one in made:
        texts = list(dict.fromkeys(one.answers))
        found += len(
            list(compare(texts, [1] * len(texts), one.asked.accounted, rule, bar, encoder))
        )
    seconds, processor = time.perf_counter() - begun, time.process_time() - used
    how = "by words" if encoder is None else "by words and meaning"
    print(
        f"{number:,} answers {how}: {seconds:.0f} s, {processor:.0f} s of processor time, "
        f"{found} of {pairs:,} pairs told of"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--answers", type=int, default=0)
    parser.add_argument("--words-only", action="store_true")
    args = parser.parse_args()
    rule, encoder = load_rule(), OnnxEncoder(threads=THREADS)
    if args.answers:
        print_time(rule, args.answers, None if args.words_only else encoder)
    else:
        print_found(rule, encoder)


if __name__ == "__main__":
    main()
