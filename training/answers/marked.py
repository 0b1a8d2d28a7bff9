"""Marked answers as they lie in the files: records, reading, and what holds them to a rubric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

HERE = Path(__file__).parent
FOLDERS = ("bank", "choosing", "in-earnest", "further", "plain")
"""Of answers to the questions of the bank."""
OF_FIELDS = "plain-fields"
"""Of further answers by rubrics of other fields, a folder a field."""
HOLDOUT_FROM = 17  # a17 to a24 of a bank question
DEV = 16
"""Answer a16 of every question is for choosing, never for learning."""

Part = Literal["taught", "dev", "dev unseen", "held out"]

Kind = Literal[
    "strong", "turned", "half", "short", "formula", "formula-turned", "fragments", "known-error",
    "denied", "both", "poor-english", "dictated", "empty", "neighbour",
]  # fmt: skip
BANK_KINDS: dict[str, int] = {
    "turned": 5, "half": 3, "short": 3, "formula": 1, "formula-turned": 1, "fragments": 2,
    "known-error": 2, "denied": 2, "both": 1, "poor-english": 1, "dictated": 1, "empty": 1,
    "neighbour": 1,
}  # fmt: skip
"""How many answers of each kind a bank question has at least; 24 in all."""

Quotes = dict[str, str | list[str]]
T = TypeVar("T", bound=BaseModel)
Text = Annotated[str, Field(min_length=1)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MarkedAnswer(_Record):
    """An answer, and by verdict each claim with the words that decide it; the rest is missing."""

    id: str = Field(pattern=r"^a\d\d$")
    kind: Kind
    text: Text
    covered: Quotes = {}
    partial: Quotes = {}
    contradicted: Quotes = {}
    stated: Quotes = {}

    def quotes(self) -> Iterator[tuple[str, str, str]]:
        """(verdict, claim's id, quote) of all that is written down."""
        for verdict in ("covered", "partial", "contradicted", "stated"):
            for claim, quoted in getattr(self, verdict).items():
                for quote in [quoted] if isinstance(quoted, str) else quoted:
                    yield verdict, claim, quote


class MarkedQuestion(_Record):
    """The answers to one question of the bank."""

    question: str
    answers: list[MarkedAnswer]


class FieldKeyPoint(_Record):
    """A key point of a rubric of another field."""

    id: Slug
    points: float = Field(gt=0)
    claim: Text
    also_accept: list[str] = []
    partial: list[str] = []


class FieldMisconception(_Record):
    """A known-wrong claim of such a rubric, and the key points that it excludes."""

    id: Slug
    claim: Text
    correction: Text
    against: list[str]
    authority: str = ""


class FieldContrast(_Record):
    """Statements that decide a claim by themselves."""

    covered: list[str] = []
    contradicted: list[str] = []
    near: list[str] = []
    stated: list[str] = []
    denied: list[str] = []


class FieldRubric(_Record):
    """A rubric of another field with its answers and contrast set."""

    field: str
    question: str
    prompt: Text
    reference: Text
    key_points: list[FieldKeyPoint] = Field(min_length=4, max_length=6)
    misconceptions: list[FieldMisconception] = Field(min_length=2, max_length=3)
    answers: list[MarkedAnswer] = Field(min_length=12, max_length=12)
    contrast: dict[str, FieldContrast]


class MinimalPair(_Record):
    """A right statement, and the same with its facts turned round."""

    id: str = Field(pattern=r"^p\d\d$")
    formula: bool = False
    right: Text
    wrong: Text
    about: list[str] = Field(min_length=1)
    stated: list[str] = []


class MinimalPairs(_Record):
    """The pairs of one question of the bank: a test, never learnt from."""

    question: str
    pairs: list[MinimalPair]


def read(file: Path, kind: type[T]) -> T:
    """The record in a file.

    Raises:
        ValueError: the file breaks the format.
    """
    try:
        return kind.model_validate(yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValidationError) as error:
        raise ValueError(f"{file}: {error}") from error


def squeezed(text: str) -> str:
    """A text with every run of white space made one blank."""
    return " ".join(text.split())


def faults(answers: list[MarkedAnswer], points: set[str], errors: set[str]) -> Iterator[str]:
    """What is wrong with answers: ids, quotes, verdicts given twice, texts alike."""
    seen: list[tuple[str, frozenset[tuple[str, ...]]]] = []
    for number, answer in enumerate(answers, 1):
        if answer.id != f"a{number:02d}":
            yield f"{answer.id}: should be a{number:02d}"
        for fault in _faults_of_marks(answer, points, errors):
            yield f"{answer.id}: {fault}"
        words = answer.text.lower().split()
        if answer.kind == "short" and not 8 <= len(words) <= 48:
            yield f"{answer.id}: short, but {len(words)} words"
        grams = frozenset(zip(*(words[i:] for i in range(6)), strict=False))
        for name, other in seen:
            if len(grams & other) > 0.3 * min(len(grams), len(other)) > 0:
                yield f"{answer.id} and {name} share too many words"
        seen.append((answer.id, grams))


def _faults_of_marks(answer: MarkedAnswer, points: set[str], errors: set[str]) -> Iterator[str]:
    text = squeezed(answer.text)
    for verdict, claim, quote in answer.quotes():
        if claim not in (errors if verdict == "stated" else points):
            yield f"{verdict}: no claim '{claim}'"
        if not squeezed(quote) or squeezed(quote) not in text:
            yield f"{verdict}: {claim}: the quote isn't in the text: {quote!r}"
    given = Counter(c for v in ("covered", "partial", "contradicted") for c in getattr(answer, v))
    for claim, times in given.items():
        if times > 1:
            yield f"{claim} has {times} verdicts"


def names(file: Path) -> frozenset[str]:
    """The lines of a file that are not comments; of a missing one none."""
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return frozenset(line.strip() for line in lines if line.strip() and line[0] != "#")


def field_files(part: Part) -> list[Path]:
    """Rubrics of other fields, as the lists beside them divide them.

    Args:
        part: those to learn from, those kept for choosing of fields that are learnt (``dev``) and
            of fields that are not (``dev unseen``), or those of the fields never seen, less those
            whose questions were learnt in another field.
    """
    unseen = names(HERE / "fields" / "held-out.txt")
    dev = names(HERE / "fields" / "choosing.txt")
    aside = names(HERE / "fields" / "set-aside.txt")
    found: dict[Part, list[Path]] = {p: [] for p in ("taught", "dev", "dev unseen", "held out")}
    for file in sorted(HERE.glob("fields/*/*.yaml")):
        field = file.parent.name
        if f"{field}/{file.stem}" in aside:
            continue
        if field in unseen:
            found["held out"].append(file)
        elif field in dev:
            found["dev unseen"].append(file)
        elif f"{field}/{file.stem}" in dev:
            found["dev"].append(file)
        else:
            found["taught"].append(file)
    return found[part]
