"""Frozen records: the question that grading sees, and the grade that it returns.

All refuse unknown keys, are immutable and turn into plain data with ``to_dict``. What else
stands in files of the bank is in ``bank.records``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from grader.plain_data import Versions, how_many, in_short, plain

Verdict = Literal["covered", "partial", "missing", "contradicted"]
MisconceptionVerdict = Literal["asserted", "absent"]
Flag = Literal[
    "too_short",
    "off_topic",
    "keyword_list",
    "copied_prompt",
    "copied_reference",
    "injection",
    "not_prose",
    "other_language",
    "repetitive",
    "hidden_characters",
    "contradicts_itself",
    "judge_failed",
    "judge_disagrees",
    "judge_quote_void",
    "judge_unreliable",
]
JudgeStatus = Literal["judged", "failed", "not_sent"]

SILENT = frozenset({"missing", "absent"})
"""Verdicts that no words of the answer prove."""
VERDICTS: tuple[Verdict, ...] = ("covered", "partial", "missing", "contradicted")

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Points = Annotated[float, Field(gt=0, le=100)]


class Record(BaseModel):
    """Base of all records: immutable, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers, ready for JSON."""
        return self.model_dump(mode="json")

    def __str__(self) -> str:
        return repr(self)


def refuse_repeats(what: str, values: Iterable[str]) -> None:
    """Refuse values that stand twice.

    Raises:
        ValueError: one does.
    """
    repeated = sorted(value for value, n in Counter(values).items() if n > 1)
    if repeated:
        raise ValueError(f"duplicate {what}: {', '.join(repeated)}")


# ── the rubric ──────────────────────────────────────────────────────────────


class Scale(Record):
    """How verdicts become a mark."""

    pass_score: Share = Field(default=0.6, description="The score from which an answer passes.")
    partial_credit: Share = Field(
        default=0.5, description="The share of its points that a partial key point earns."
    )


class KeyPoint(Record):
    """One atomic claim that an answer should make, and what it is worth."""

    id: Slug
    points: Points
    claim: Text
    also_accept: tuple[Text, ...] = Field(
        default=(), description="Genuinely different statements that earn the same points."
    )
    partial: tuple[Text, ...] = Field(
        default=(), description="Statements that are worth half: vaguer, or only a part."
    )
    bonus: bool = Field(
        default=False,
        description="Asks more than the question does: it can make up for other points, and "
        "full marks don't need it.",
    )


class Misconception(Record):
    """A claim known to be wrong, and what asserting it costs."""

    id: Slug
    claim: Text
    also_phrased: tuple[Text, ...] = Field(
        default=(), description="Other wordings in which candidates assert it."
    )
    cost: Points = Field(description="How grave it is, in points: it takes off a fitted multiple.")
    correction: Text = Field(description="What is right, as said to the candidate.")
    why: Text = Field(description="Why the claim is wrong.")
    authority: Text = Field(description="Textbook section or paper that settles it.")
    against: tuple[Slug, ...] = Field(
        default=(),
        description="Ids of the key points that can't hold where this does: an answer that says "
        "both contradicts itself, and does not earn them.",
    )


def full_marks(key_points: Iterable[KeyPoint]) -> float:
    """The points that make a score of 1: the sum of all but those that are a bonus."""
    return sum(k.points for k in key_points if not k.bonus)


# ── a question ready for grading ────────────────────────────────────────────


class Reference(Record):
    """A reference answer; ``origin`` is ``model`` or the id of a corrected source."""

    origin: Text
    text: Text


class Question(Record):
    """A bank entry with its rubric, corrections applied: all that grading may see."""

    id: Slug
    prompt: Text
    references: tuple[Reference, ...]
    open_ended: bool = False
    reference_only: bool = Field(
        default=False,
        description="Made from a reference answer, without a rubric: each sentence is a key "
        "point, and a fitted combination makes the score.",
    )
    drafted_by: str = Field(
        default="",
        description="The model, and the version of its prompt, that drafted the rubric from the "
        "reference answer; empty where people wrote it, or there is none.",
    )
    scale: Scale = Scale()
    key_points: tuple[KeyPoint, ...]
    misconceptions: tuple[Misconception, ...] = ()
    digest: str = Field(description="SHA-256 of all of the above, as hex.")

    def __repr__(self) -> str:
        held = how_many(key_points=len(self.key_points), misconceptions=len(self.misconceptions))
        points = f"max_points={self.max_points:g}"
        return in_short("Question", repr(self.id), held, points, f"prompt={self.prompt!r}")

    @property
    def is_named(self) -> bool:
        """Whether its id tells it from others: what is made of a reference has no name."""
        return not (self.reference_only or self.drafted_by)

    @property
    def max_points(self) -> float:
        """The sum of all key points but those that are a bonus."""
        return full_marks(self.key_points)


# ── results ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Evidence:
    """A verbatim span of the answer as given: ``text`` is ``answer[start:end]``.

    Of an answer in HTML it holds the tags and entities that stand within.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class KeyPointResult:
    """What the answer does with one key point."""

    id: str
    claim: str
    verdict: Verdict
    points: float
    """Points earned: what may be expected, in quarters of them, where the verdict is not sure."""
    max_points: float
    probability: float
    """The verifier's probability of this verdict, 0 to 1."""
    evidence: Evidence | None
    """The words that decided; none for ``missing``."""
    bonus: bool = False
    """Whether full marks don't need it."""
    similarity: float | None = None
    """The cosine, -1 to 1, of the words that decided with the claim or the nearest of its other
    wordings. It decides nothing; none where it was not the verifier that found such words."""


@dataclass(frozen=True, slots=True)
class MisconceptionResult:
    """What the answer does with one misconception."""

    id: str
    claim: str
    verdict: MisconceptionVerdict
    cost: float
    """Points that it takes off: the ``cost`` in the rubric, times a fitted factor; 0 if absent."""
    probability: float
    evidence: Evidence | None
    correction: str
    why: str
    authority: str


@dataclass(frozen=True, slots=True)
class Vote:
    """What one run of the judge said of one point."""

    point: str
    """The id of the key point or misconception."""
    model: str
    run: int
    verdict: Verdict | MisconceptionVerdict
    quote: str | None
    """As the judge gave it; none with ``missing`` and ``absent``."""
    evidence: Evidence | None
    """Where the quote stands in the answer."""
    void: bool
    """The quote is not in the answer, or proves nothing, as all others of the same reply if it is
    a verdict without one: the offline verdict counts instead."""


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """What came of asking the judge about one answer."""

    status: JudgeStatus
    reason: str
    """Why the answer was not sent, or why every run failed; empty otherwise."""
    models: tuple[str, ...]
    prompt: str
    """The version of the prompt."""
    runs: int
    """Runs asked for, of each model."""
    seed: int
    """What the order of the points was shuffled by."""
    temperature: float
    """What was asked of the models."""
    sending: str = ""
    """The hash of the settings that decide what is sent, to whom, and how long replies may be."""
    votes: tuple[Vote, ...] = ()
    failures: tuple[Failure, ...] = ()
    """One for each run that failed."""
    scores: tuple[float, ...] = ()
    """The score by each run's votes alone, in the order of the votes."""
    agreement: float | None = None
    """The share of votes for the final verdicts, weighed by points, 0 to 1."""
    reliable: bool = True
    """Whether no canary had passed in this run so far; if one has, the votes don't count."""
    calls: int = 0
    """Calls made, failed ones included."""
    cached: int = 0
    """Replies that were taken from the cache instead."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompts' tokens those that the endpoint had kept from calls before."""
    cost: float | None = None
    """By the prices in the settings; none where one is not known."""
    risk: float | None = None
    """The chance that the grade is off by a quarter or passes or fails wrongly, by the fitted rule;
    none where the judge's word does not count."""

    def __repr__(self) -> str:
        """One line; ``votes`` and ``failures`` hold the rest."""
        models = f"models={'+'.join(self.models)}"
        held = how_many(votes=len(self.votes), failures=len(self.failures), calls=self.calls)
        why = f"reason={self.reason!r}" if self.reason else ""
        return in_short("JudgeReport", repr(self.status), models, held, why)

    @property
    def versions(self) -> dict[str, str]:
        """What the judge adds to the versions of a grade, by name."""
        return {
            "judge": "+".join(self.models),
            "judge_prompt": self.prompt,
            "judge_runs": str(self.runs),
            "judge_seed": str(self.seed),
            "judge_temperature": str(self.temperature),
            "judge_sending": self.sending,
        }

    @property
    def spread(self) -> float:
        """The highest score of a run less the lowest."""
        return round(max(self.scores) - min(self.scores), 4) if self.scores else 0.0


@dataclass(frozen=True, slots=True)
class Grade:
    """One graded answer."""

    question_id: str
    score: float
    """Points over maximum, 0 to 1, or what a calibration makes of it; decides ``passed``."""
    linear_score: float
    """Points over maximum, before any calibration; with a reference only a fitted number."""
    points: float
    max_points: float
    pass_mark: float
    """The score from which it passes, 0 to 1: the rubric's or that of the settings."""
    passed: bool
    confidence: float
    """The chance that ``passed`` is what a careful marker says, 0 to 1."""
    needs_review: bool
    review_reasons: tuple[str, ...]
    flags: tuple[Flag, ...]
    key_points: tuple[KeyPointResult, ...]
    misconceptions: tuple[MisconceptionResult, ...]
    feedback: str
    signature: str
    """Hash of everything that made this grade: rubric, models, settings, versions."""
    versions: Mapping[str, str]
    """What the signature is made of, by name."""
    similarity: float | None = None
    """The cosine of the answer with the nearest reference, corrected, -1 to 1; of each the mean
    vector of its sentences, by their words. It decides nothing. None without a reference."""
    offline: Grade | None = None
    """The grade without the judge, where one was asked for."""
    judge: JudgeReport | None = None
    """What the judge said, where one was asked for."""
    drafted: Question | None = None
    """The question with the rubric that the judge's model drafted from the reference, if it did."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "versions", Versions(self.versions))

    def __repr__(self) -> str:
        """One line; ``to_dict`` has everything."""
        return in_short(
            "Grade",
            f"score={self.score:.2f}",
            f"question={self.question_id!r}",
            f"passed={self.passed}",
            f"confidence={self.confidence:.2f}",
            f"flags=[{' '.join(self.flags)}]" if self.flags else "",
            "needs_review=True" if self.needs_review else "",
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: the points with their verdicts and quotes."""
        from grader.notebook import grade_html

        return grade_html(self)

    @property
    def missing(self) -> tuple[str, ...]:
        """Claims of the key points that the answer does not cover."""
        return tuple(k.claim for k in self.key_points if k.verdict != "covered")

    @property
    def asserted(self) -> tuple[MisconceptionResult, ...]:
        """The misconceptions that the answer asserts."""
        return tuple(m for m in self.misconceptions if m.verdict == "asserted")

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers, ready for JSON."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self)}


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that could not be graded: a record of its own, never a number."""

    question_id: str
    reason: str
    """One word of a fixed set: the error's class, such as ``UnknownQuestionError``."""
    message: str

    def __repr__(self) -> str:
        """One line; ``message`` holds all of it."""
        asked = f"question={self.question_id!r}"
        return in_short("Failure", asked, f"{self.reason}: {self.message}")

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self)}
