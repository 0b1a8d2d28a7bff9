"""The records of the files of a bank: entry, rubric, contrast set.

They refuse unknown keys; their JSON Schemas are generated from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from grader.plain_data import how_many, in_short
from grader.records import (
    KeyPoint,
    Misconception,
    Record,
    Scale,
    Share,
    Slug,
    Text,
    Verdict,
    full_marks,
    refuse_repeats,
)

Level = Literal["junior", "mid", "senior"]
ExampleKind = Literal[
    "strong",
    "telegraphic",
    "half",
    "vague",
    "reversed",
    "source_error",
    "keyword_list",
    "off_topic",
    "poor_english",
    "neighbour",
    "verbose",
]


class Source(Record):
    """What one published answer claims, its errors included, in our own words."""

    id: Text = Field(description="Where it comes from, as article:place, e.g. 003:Q6.")
    where: Text = Field(description="The same for people: article title and place in it.")
    claims: tuple[Text, ...] = Field(
        min_length=1, description="Each separate claim of the answer, right or wrong."
    )


class BankEntry(Record):
    """One question: its prompt, the answers that sources give and our own."""

    id: Slug
    prompt: Text
    aliases: tuple[Text, ...] = Field(
        default=(), description="Other names people would type for the question."
    )
    topic: Slug
    level: Level
    sources: tuple[Source, ...] = ()
    references: tuple[Text, ...] = Field(
        default=(), description="Model answers of our own, 80 to 200 words each."
    )

    def __repr__(self) -> str:
        held = how_many(sources=len(self.sources), references=len(self.references))
        return in_short("BankEntry", repr(self.id), held, f"prompt={self.prompt!r}")

    @model_validator(mode="after")
    def _unique(self) -> Self:
        refuse_repeats("source id", (s.id for s in self.sources))
        refuse_repeats("alias", self.aliases)
        return self


class Correction(Record):
    """A patch to a source answer: it replaces one claim of one source."""

    id: Slug
    source: Text = Field(description="Id of the bank entry's source.")
    claim: Text = Field(description="The source's claim, word for word as in the bank entry.")
    now: Text = Field(description="What is right, and replaces the claim.")
    why: Text
    authority: Text
    severity: Annotated[int, Field(ge=1, le=3)] = Field(
        description="How far the claim misleads, from 1 (imprecise) to 3 (plainly wrong)."
    )


class Example(Record):
    """An answer with its expected mark: the rubric's own test."""

    id: Slug
    kind: ExampleKind
    holdout: bool = Field(default=False, description="Never trained or tuned on.")
    answer: Text
    verdicts: dict[Slug, Verdict] = Field(description="The verdict of every key point.")
    misconceptions: tuple[Slug, ...] = Field(
        default=(), description="Misconceptions that the answer asserts."
    )
    score: tuple[Share, Share] = Field(description="Lowest and highest acceptable score.")
    note: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.score[0] > self.score[1]:
            raise ValueError("score must be [lowest, highest]")
        refuse_repeats("misconception", self.misconceptions)
        return self


class Rubric(Record):
    """What a good answer to one question says, and what it must not say."""

    question: Slug
    version: Annotated[int, Field(ge=1)]
    open_ended: bool = Field(
        default=False,
        description="Asks for one's own experience: no answer is the right one, "
        "so that grades by this rubric always ask for a person.",
    )
    scale: Scale = Scale()
    key_points: tuple[KeyPoint, ...] = Field(min_length=1)
    misconceptions: tuple[Misconception, ...] = ()
    corrections: tuple[Correction, ...] = ()
    examples: tuple[Example, ...] = ()

    def __repr__(self) -> str:
        held = how_many(
            key_points=len(self.key_points),
            misconceptions=len(self.misconceptions),
            corrections=len(self.corrections),
            examples=len(self.examples),
        )
        return in_short("Rubric", repr(self.question), f"version={self.version}", held)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse_repeats("key point id", (k.id for k in self.key_points))
        refuse_repeats("misconception id", (m.id for m in self.misconceptions))
        refuse_repeats("correction id", (c.id for c in self.corrections))
        refuse_repeats("example id", (e.id for e in self.examples))
        if all(k.bonus for k in self.key_points):
            raise ValueError("every key point is a bonus: full marks need one that is not")
        problems = [problem for m in self.misconceptions for problem in self._against_problems(m)]
        problems += [problem for e in self.examples for problem in self._label_problems(e)]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _against_problems(self, misconception: Misconception) -> Iterator[str]:
        unknown = set(misconception.against) - {k.id for k in self.key_points}
        if unknown:
            names = ", ".join(sorted(unknown))
            yield f"misconception '{misconception.id}': against unknown key point: {names}"

    def _label_problems(self, example: Example) -> Iterator[str]:
        odd = {k.id for k in self.key_points} ^ set(example.verdicts)
        if odd:
            yield (
                f"example '{example.id}': verdicts must name every key point once; "
                f"missing or unknown: {', '.join(sorted(odd))}"
            )
        unknown = set(example.misconceptions) - {m.id for m in self.misconceptions}
        if unknown:
            yield f"example '{example.id}': unknown misconception: {', '.join(sorted(unknown))}"

    @property
    def max_points(self) -> float:
        """The sum of all key points but those that are a bonus."""
        return full_marks(self.key_points)


class KeyPointContrast(Record):
    """Statements around one key point."""

    covered: tuple[Text, ...] = Field(description="Say it, in really different words.")
    contradicted: tuple[Text, ...] = Field(description="Say the opposite, same vocabulary.")
    near: tuple[Text, ...] = Field(description="Come near it and do neither.")


class MisconceptionContrast(Record):
    """Statements around one misconception."""

    asserted: tuple[Text, ...]
    denied: tuple[Text, ...]


class ContrastSet(Record):
    """Statements that teach and test the verifier; grading never reads them."""

    question: Slug
    key_points: dict[Slug, KeyPointContrast]
    misconceptions: dict[Slug, MisconceptionContrast] = Field(default={})

    def __repr__(self) -> str:
        held = how_many(key_points=len(self.key_points), misconceptions=len(self.misconceptions))
        return in_short("ContrastSet", repr(self.question), held)
