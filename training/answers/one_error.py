"""Answers that are right but for one known error, and what two people gave them, blind.

    python -m training.answers.one_error draw           # writes one-error/drawn.txt, once
    python -m training.answers.one_error sheet          # prints what a marker sees: no verdicts
    python -m training.answers.one_error check          # holds answers and marks to their format

``one-error/SLUG.yaml`` holds answers written for this, in the format of ``bank/SLUG.yaml``;
``drawn.txt`` all that were marked, in the order of the sheet; ``marks-1.yaml`` and ``marks-2.yaml``
the marks: by the number in the sheet, points of 100 and whether it passes. What the answers state
and cover is in their own files, so that a marker sees none of it.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from grader.bank.catalog import Catalog
from grader.records import KeyPoint, Misconception, full_marks
from grader.settings import Settings
from training.answers.marked import (
    HERE,
    FieldRubric,
    MarkedAnswer,
    MarkedQuestion,
    faults,
    read,
    squeezed,
)

FOLDER = HERE / "one-error"
DRAWN = FOLDER / "drawn.txt"
WANTED = 200
LEARNT_FROM = range(1, 16)  # of the bank's answers; a16 is for choosing, the rest is holdout
EARNED_AT_LEAST = 0.55
PARTIAL = 0.5
FIELD_COST = 1.0  # rubrics of other fields don't weigh their errors


class Marks(BaseModel):
    """One person's marks, by the number in the sheet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    marker: str
    marks: dict[int, tuple[Annotated[float, Field(ge=0, le=100)], bool]]


class Claims(NamedTuple):
    """What a rubric of the bank or of another field asks and knows to be wrong."""

    prompt: str
    reference: str
    """Shown to markers of other fields, whose claims are terse; empty for the bank."""
    key_points: tuple[KeyPoint, ...]
    misconceptions: tuple[Misconception, ...]


@dataclass(frozen=True, slots=True)
class OneError:
    """An answer with exactly one known error."""

    key: str
    """Where it lies: ``bank/dropout/a01``."""
    claims: Claims
    answer: MarkedAnswer

    @property
    def question(self) -> str:
        """The question's key, without its source."""
        return self.key.split("/", 1)[1].rsplit("/", 1)[0]

    @property
    def full(self) -> float:
        """The points that make a score of 1."""
        return full_marks(self.claims.key_points)

    @property
    def error(self) -> Misconception:
        """The one known error that the answer states."""
        stated = next(iter(self.answer.stated))
        return next(m for m in self.claims.misconceptions if m.id == stated)

    def earned(self, *, excluding: bool) -> float:
        """The share of full marks that the key points earn, bonus and all, at most 1.

        Args:
            excluding: whether points that can't hold beside the error are lost.
        """
        lost = self.error.against if excluding else ()
        answer = self.answer
        points = sum(
            k.points * (1.0 if k.id in answer.covered else PARTIAL)
            for k in self.claims.key_points
            if k.id not in lost and (k.id in answer.covered or k.id in answer.partial)
        )
        return min(1.0, points / self.full)


def names(name: str) -> set[str]:
    """The questions or fields that nothing is fitted on."""
    lines = (HERE / name / "held-out.txt").read_text("utf-8").splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def bank_claims(catalog: Catalog, slug: str) -> Claims:
    """What the bank asks."""
    entry, rubric, _ = catalog.load(slug)
    return Claims(entry.prompt, "", rubric.key_points, rubric.misconceptions)


def field_claims(rubric: FieldRubric) -> Claims:
    """What a rubric of another field asks, as records of the bank's kind."""
    return Claims(
        rubric.prompt,
        rubric.reference,
        tuple(KeyPoint(id=k.id, points=k.points, claim=k.claim) for k in rubric.key_points),
        tuple(
            Misconception(
                id=m.id,
                claim=m.claim,
                cost=FIELD_COST,
                correction=m.correction,
                why=m.correction,
                authority=m.authority or "none given",
                against=tuple(m.against),
            )
            for m in rubric.misconceptions
        ),
    )


def all_answers() -> dict[str, OneError]:
    """Every marked answer with exactly one known error that may be learnt from, by its key."""
    catalog = Catalog.from_settings(Settings())
    held_questions, held_fields = names("bank"), names("fields")
    found = []
    for folder in ("bank", "one-error"):
        for file in sorted((HERE / folder).glob("*.yaml")):
            if file.stem in held_questions or file.stem.startswith("marks-"):
                continue
            claims = bank_claims(catalog, file.stem)
            found += [
                OneError(f"{folder}/{file.stem}/{a.id}", claims, a)
                for a in read(file, MarkedQuestion).answers
                if folder == "one-error" or int(a.id[1:]) in LEARNT_FROM
            ]
    for file in sorted(HERE.glob("fields/*/*.yaml")):
        if file.parent.name not in held_fields:
            rubric = read(file, FieldRubric)
            found += [
                OneError(f"fields/{rubric.field}/{file.stem}/{a.id}", field_claims(rubric), a)
                for a in rubric.answers
            ]
    return {one.key: one for one in found if len(one.answer.stated) == 1}


def drawn(answers: dict[str, OneError]) -> list[OneError]:
    """The answers that were marked, in the order of the sheet.

    Raises:
        KeyError: one of them is no longer there.
    """
    return [answers[key] for key in DRAWN.read_text("utf-8").split()]


def draw(answers: dict[str, OneError], chance: random.Random) -> list[str]:
    """The keys of those to mark: all of the bank's, and of the other fields one a question."""
    fit = {k: one for k, one in answers.items() if is_right_but_for_it(one)}
    own = [key for key in fit if not key.startswith("fields/")]
    others = [key for key in fit if key.startswith("fields/")]
    chance.shuffle(others)
    one_each = list({fit[key].question: key for key in others}.values())
    chosen = own + one_each[: WANTED - len(own)]
    chance.shuffle(chosen)
    return chosen


def is_right_but_for_it(one: OneError) -> bool:
    """Whether enough is right, and nothing else is wrong than what the same words say."""
    text = squeezed(one.answer.text)
    quotes = [(v, *_span(text, q)) for v, _, q in one.answer.quotes()]
    error = [(start, end) for v, start, end in quotes if v == "stated"]
    wrong = [(start, end) for v, start, end in quotes if v == "contradicted"]
    alone = all(any(a < d and c < b for c, d in error) for a, b in wrong)
    return alone and one.earned(excluding=False) >= EARNED_AT_LEAST


def _span(text: str, quote: str) -> tuple[int, int]:
    start = text.index(squeezed(quote))
    return start, start + len(squeezed(quote))


def sheet(chosen: list[OneError]) -> Iterator[str]:
    """What a marker sees of each answer: no verdicts, and no word about which error it makes."""
    for number, one in enumerate(chosen, 1):
        yield f"## {number}"
        yield f"Q: {one.claims.prompt}"
        if one.claims.reference:
            yield f"Model answer: {squeezed(one.claims.reference)}"
        yield "Asked: " + "; ".join(
            f"({'bonus ' if k.bonus else ''}{k.points:g}) {k.claim}" for k in one.claims.key_points
        )
        yield f"ANSWER: {squeezed(one.answer.text)}"
        yield ""


def problems(answers: dict[str, OneError]) -> Iterator[str]:
    """What is wrong with the answers written for this, and with the marks."""
    catalog = Catalog.from_settings(Settings())
    for file in sorted(FOLDER.glob("*.yaml")):
        if file.stem.startswith("marks-"):
            missing = set(range(1, WANTED + 1)) ^ set(read(file, Marks).marks)
            if missing:
                yield f"{file.name}: marks missing or too many: {sorted(missing)}"
            continue
        claims = bank_claims(catalog, file.stem)
        points = {k.id for k in claims.key_points}
        errors = {m.id for m in claims.misconceptions}
        found = read(file, MarkedQuestion).answers
        yield from (f"{file.name}: {fault}" for fault in faults(found, points, errors))
        keys = [f"one-error/{file.stem}/{a.id}" for a in found]
        yield from (
            f"{key}: not right but for one error"
            for key in keys
            if key not in answers or not is_right_but_for_it(answers[key])
        )


def main(what: str) -> int:
    """Draw, print the sheet or check; 1 if there is a fault."""
    answers = all_answers()
    if what == "draw":
        DRAWN.write_text("\n".join(draw(answers, random.Random(13))) + "\n", "utf-8")
    elif what == "sheet":
        print("\n".join(sheet(drawn(answers))))
    else:
        found = list(problems(answers))
        print("\n".join([*found, f"{len(found)} faults"]))
        return int(bool(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
