"""What the reader learns of rubrics: composed statements, examples and marked answers.

Nothing marked as holdout is read here: not the examples, not the answers a17 to a24, not the
questions of ``answers/bank/held-out.txt``, not the fields of ``answers/fields/held-out.txt``.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from grader.bank.catalog import Catalog
from grader.bank.rubrics import load_contrast
from grader.reading.canonical import read as read_answer
from grader.reading.formulas import plainly
from grader.reading.text import normalise
from training import flips
from training.answers.marked import (
    DEV,
    HERE,
    HOLDOUT_FROM,
    OF_FIELDS,
    FieldRubric,
    MarkedAnswer,
    MarkedQuestion,
    Part,
    field_files,
    names,
    read,
)
from training.reader.batches import (
    CONTRADICTED,
    COVERED,
    MISSING,
    NOT_COVERED,
    PARTIAL,
    Asked,
    Reading,
)

KINDS = {
    "covered": COVERED,
    "contradicted": CONTRADICTED,
    "near": MISSING,
    "half": PARTIAL,
    "stated": COVERED,
    "asserted": COVERED,
    "denied": CONTRADICTED,
}
_VERDICTS = {
    "covered": COVERED,
    "contradicted": CONTRADICTED,
    "missing": MISSING,
    "partial": PARTIAL,
}
_SIZES = (1, 1, 2, 2, 3, 3, 4, 5, 6)
_OTHER_WORDING = 0.4
_AMONG_OTHERS = 0.2
"""So many whole answers stand before or behind one to another question."""
BESIDE = 4
"""So many claims at most are asked beside those that a composed answer decides: the rest are
missing again and again, which is soon learnt and takes most of the tokens."""
_BY_RULE = (
    (flips.turned_round, "contradicted"),
    (flips.negated, "contradicted"),
    (flips.denied, "contradicted"),
    (flips.said_again, "covered"),
    (flips.affirmed, "covered"),
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A text that decides one claim."""

    text: str
    kind: str
    claim: int


@dataclass(frozen=True, slots=True)
class Subject:
    """A rubric as the reader learns it; key points come first among the claims.

    ``wordings`` holds for each claim the claim itself and other ways of putting it.
    """

    name: str
    wordings: tuple[tuple[str, ...], ...]
    key_points: int
    statements: tuple[Statement, ...]
    answers: tuple[tuple[str, Reading], ...]
    """Whole answers by id, with all claims."""


def bank_subjects(catalog: Catalog) -> Iterator[Subject]:
    """The questions of the bank that may be learnt from."""
    unseen = names(HERE / "bank" / "held-out.txt")
    for slug in catalog.slugs():
        if slug not in unseen:
            yield bank_subject(catalog, slug)


def bank_subject(catalog: Catalog, slug: str) -> Subject:
    """One question with its contrast set, examples that are no holdout, and marked answers."""
    _, rubric, _ = catalog.load(slug)
    sets = load_contrast(catalog.contrast_file(slug))
    ids = [k.id for k in rubric.key_points]
    errors = [m.id for m in rubric.misconceptions]
    statements: list[Statement] = []
    for i, k in enumerate(rubric.key_points):
        own = sets.key_points[k.id]
        statements += _statements(own.covered, "covered", i)
        statements += _statements(own.contradicted, "contradicted", i)
        statements += _statements(own.near, "near", i)
        statements += _statements(k.partial, "half", i)
    for i, m in enumerate(rubric.misconceptions, len(ids)):
        said = sets.misconceptions[m.id]
        statements += _statements(said.asserted, "asserted", i)
        statements += _statements(said.denied, "denied", i)
    wordings = [(k.claim, *k.also_accept) for k in rubric.key_points]
    wordings += [(m.claim, *m.also_phrased) for m in rubric.misconceptions]
    claims = [w[0] for w in wordings]
    answers = []
    for e in rubric.examples:
        if not e.holdout:
            labels = [_VERDICTS[e.verdicts[i]] for i in ids]
            labels += [COVERED if i in e.misconceptions else MISSING for i in errors]
            asked = tuple(Asked(c, y) for c, y in zip(claims, labels, strict=True))
            answers.append((f"example-{e.id}", Reading(e.answer, asked)))
    for folder in ("bank", "further", "plain"):
        file = HERE / folder / f"{slug}.yaml"
        if file.exists():
            marked = read(file, MarkedQuestion).answers
            answers += [
                (f"{folder}-{a.id}", reading_of(a, ids, errors, claims))
                for a in marked
                if is_taught(a)
            ]
    return Subject(slug, tuple(wordings), len(ids), tuple(statements), tuple(answers))


def field_subject(rubric: FieldRubric) -> Subject:
    """A rubric of another field, with further answers in plain words where there are any."""
    ids = [k.id for k in rubric.key_points]
    errors = [m.id for m in rubric.misconceptions]
    wordings: list[tuple[str, ...]] = [(k.claim, *k.also_accept) for k in rubric.key_points]
    wordings += [(m.claim,) for m in rubric.misconceptions]
    claims = [w[0] for w in wordings]
    statements: list[Statement] = []
    for i, name in enumerate([*ids, *errors]):
        for kind in ("covered", "contradicted", "near", "stated", "denied"):
            statements += _statements(getattr(rubric.contrast[name], kind), kind, i)
    for i, k in enumerate(rubric.key_points):
        statements += _statements(k.partial, "half", i)
    name = f"{rubric.field}/{rubric.question}"
    answers = [(a.id, reading_of(a, ids, errors, claims)) for a in rubric.answers]
    further = HERE / OF_FIELDS / f"{name}.yaml"
    if further.exists():
        plain = read(further, MarkedQuestion).answers
        answers += [(f"plain-{a.id}", reading_of(a, ids, errors, claims)) for a in plain]
    return Subject(name, tuple(wordings), len(ids), tuple(statements), tuple(answers))


def field_subjects(part: Part = "taught") -> Iterator[Subject]:
    """Rubrics of other fields."""
    return (field_subject(read(file, FieldRubric)) for file in field_files(part))


def is_taught(answer: MarkedAnswer) -> bool:
    """Whether an answer to a bank question is neither holdout nor kept for choosing."""
    return int(answer.id[1:]) < min(HOLDOUT_FROM, DEV)


def reading_of(
    answer: MarkedAnswer, key_points: Sequence[str], errors: Sequence[str], claims: Sequence[str]
) -> Reading:
    """A marked answer with every claim, and where the words that decide it stand."""
    verdicts: dict[str, int] = {}
    for verdict, label in (
        ("covered", COVERED),
        ("partial", PARTIAL),
        ("contradicted", CONTRADICTED),
        ("stated", COVERED),
    ):
        verdicts |= {f"{verdict == 'stated'}{c}": label for c in getattr(answer, verdict)}
    spans: dict[str, list[tuple[int, int]]] = {}
    for verdict, claim, quote in answer.quotes():
        key = f"{verdict == 'stated'}{claim}"
        spans.setdefault(key, []).extend(_find(answer.text, quote))
    keys = [f"False{k}" for k in key_points] + [f"True{m}" for m in errors]
    return Reading(
        answer.text,
        tuple(
            Asked(claim, verdicts.get(key, MISSING), tuple(spans.get(key, ())))
            for key, claim in zip(keys, claims, strict=True)
        ),
    )


def as_read(reading: Reading) -> Reading:
    """The same as grading reads it: sentences set off and formulas written in one way.

    A span that is not found again letter by letter becomes the sentences that it touched.
    """
    shown = read_answer(reading.answer)
    places, at = [], 0
    for unit, said in zip(shown.units, shown.said, strict=True):
        if at >= len(shown.whole):
            break
        places.append((unit.start, unit.end, at, at + len(said)))
        at += len(said) + 1

    def moved(start: int, end: int) -> Iterator[tuple[int, int]]:
        there = _find(shown.whole, normalise(reading.answer[start:end]))
        touched = [(a, b) for first, last, a, b in places if first < end and last > start]
        yield from there or touched

    asked = tuple(
        replace(
            a,
            claim=plainly(a.claim),
            spans=tuple(place for span in a.spans for place in moved(*span)),
        )
        for a in reading.asked
    )
    return replace(reading, answer=shown.whole, asked=asked)


def _find(text: str, quote: str) -> list[tuple[int, int]]:
    start = text.find(quote)
    return [(start, start + len(quote))] if start >= 0 else []


def _statements(texts: Iterable[str], kind: str, claim: int) -> list[Statement]:
    return [Statement(text, kind, claim) for text in texts]


def turned(subject: Subject, chance: random.Random) -> Iterator[Statement]:
    """Each claim once turned round by a rule or said again by one, as likely."""
    for i, wordings in enumerate(subject.wordings):
        wording = chance.choice(wordings)
        kind = chance.choice(("contradicted", "covered"))
        rule = chance.choice([rule for rule, makes in _BY_RULE if makes == kind])
        text = rule(wording, chance)
        if text:
            if i >= subject.key_points:
                kind = {"contradicted": "denied", "covered": "stated"}[kind]
            yield Statement(text, kind, i)


def compose(
    subject: Subject, near: Sequence[frozenset[int]], chance: random.Random, share: float
) -> Iterator[Reading]:
    """Statements joined to answers of one to six, with their own claims and others.

    Args:
        subject: the rubric.
        near: for each statement the claims that it may say by the way: of these nothing is
            claimed unless it is the statement's own.
        chance: what is drawn.
        share: of the statements to use.
    """
    left = list(range(len(subject.statements)))
    chance.shuffle(left)
    left = left[: max(6, round(len(left) * share))]
    while left:
        size = chance.choice(_SIZES)
        part: list[int] = []
        rest: list[int] = []
        for i in left:
            claims = {subject.statements[j].claim for j in part}
            fits = len(part) < size and subject.statements[i].claim not in claims
            (part if fits else rest).append(i)
        left = rest
        chance.shuffle(part)
        yield _composed(subject, part, near, chance)


def _composed(
    subject: Subject, part: Sequence[int], near: Sequence[frozenset[int]], chance: random.Random
) -> Reading:
    texts, said, spans, at = [], [], {}, 0
    joint = chance.choice((" ", " ", " ", "\n", "\n- "))
    for i in part:
        said.append(subject.statements[i].text)
        text = said[-1].strip()
        if text[-1] not in ".!?;:" and joint == " ":
            text += "."
        spans[subject.statements[i].claim] = (at, at + len(text))
        texts.append(text)
        at += len(text) + len(joint)
    own = {subject.statements[i].claim: subject.statements[i].kind for i in part}
    doubtful = frozenset().union(*(near[i] for i in part)) - own.keys()
    wrong = any(kind in {"contradicted", "asserted", "stated"} for kind in own.values())
    asked = []
    for c, kind in own.items():
        spanned = () if kind == "near" else (spans[c],)
        asked.append(Asked(_worded(subject, c, chance, said), KINDS[kind], spanned))
    others = [c for c in range(len(subject.wordings)) if c not in own and c not in doubtful]
    for c in chance.sample(others, min(BESIDE, len(others))):
        label = NOT_COVERED if wrong and c >= subject.key_points else MISSING
        asked.append(Asked(subject.wordings[c][0], label))
    chance.shuffle(asked)
    return Reading(joint.join(texts), tuple(asked))


def other_wordings(subject: Subject, claim: int) -> list[str]:
    """What may stand in a claim's place: wordings that are accepted, statements that cover it."""
    said = [s.text for s in subject.statements if s.claim == claim and KINDS[s.kind] == COVERED]
    return [*subject.wordings[claim][1:], *said]


def _worded(
    subject: Subject, claim: int, chance: random.Random, besides: Collection[str] = ()
) -> str:
    if chance.random() < _OTHER_WORDING:
        others = [text for text in other_wordings(subject, claim) if text not in besides]
        if others:
            return chance.choice(others)
    return subject.wordings[claim][0]


def reworded(subject: Subject, reading: Reading, chance: random.Random) -> Reading:
    """A whole answer beside its claims in other words, so that these aren't learnt by heart."""
    asked = [replace(a, claim=_worded(subject, i, chance)) for i, a in enumerate(reading.asked)]
    return replace(reading, asked=tuple(asked))


def one_turned(
    subject: Subject, reading: Reading, near: Sequence[frozenset[int]], chance: random.Random
) -> Reading | None:
    """An answer with the words that cover one of its points changed for some that contradict it.

    Claims that these words decide too or that the new ones may touch are not asked, nor are errors
    that were absent.

    Args:
        subject: the rubric, all of whose claims are asked, in their order.
        reading: the answer.
        near: for each statement the claims that it may say by the way.
        chance: what is drawn.

    Returns:
        The changed answer, or None where no point is covered by words in one place.
    """
    wrong = [i for i, s in enumerate(subject.statements) if KINDS[s.kind] == CONTRADICTED]
    places = {
        i: [j for j in wrong if subject.statements[j].claim == i]
        for i, a in enumerate(reading.asked[: subject.key_points])
        if a.label == COVERED and len(a.spans) == 1
    }
    points = [i for i, found in places.items() if found]
    if not points:
        return None
    point = chance.choice(points)
    which = chance.choice(places[point])
    text = subject.statements[which].text.strip()
    start, end = reading.asked[point].spans[0]
    if reading.answer[end : end + 1] in {".", "!", "?", ";", ":", ","}:
        text = text.rstrip(".")
    by = len(text) - (end - start)
    asked = []
    for i, a in enumerate(reading.asked):
        if i == point:
            asked.append(replace(a, label=CONTRADICTED, spans=((start, start + len(text)),)))
        elif i in near[which] or any(s < end and e > start for s, e in a.spans):
            continue
        elif i < subject.key_points or a.label != MISSING:
            moved = tuple((s + by, e + by) if s >= end else (s, e) for s, e in a.spans)
            asked.append(replace(a, spans=moved))
    answer = f"{reading.answer[:start]}{text}{reading.answer[end:]}"
    return replace(reading, answer=answer, asked=tuple(asked))


def among_others(reading: Reading, other: str, chance: random.Random) -> Reading:
    """An answer, now and then beside one to another question: that changes no verdict."""
    draw = chance.random()
    if draw >= _AMONG_OTHERS:
        return reading
    if draw < _AMONG_OTHERS / 2:
        return replace(reading, answer=f"{reading.answer}\n{other}")
    by = len(other) + 1
    asked = [
        replace(a, spans=tuple((start + by, end + by) for start, end in a.spans))
        for a in reading.asked
    ]
    return replace(reading, answer=f"{other}\n{reading.answer}", asked=tuple(asked))
