"""What a run found: by question, what is missed most, what needs a person, what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from grader.batch.ledger import Ledger

_MISSED_SHOWN = 5
_JUDGE_SHOWN = 5


@dataclass(frozen=True, slots=True)
class QuestionSummary:
    """How the answers to one question did; without a slug those graded by a reference."""

    slug: str
    answers: int
    passed: int
    review: int
    mean_score: float


@dataclass(frozen=True, slots=True)
class Missed:
    """A key point that is often not covered; a bonus is not missed."""

    slug: str
    claim: str
    missed: int
    answers: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of rows, not of distinct answers."""

    questions: tuple[QuestionSummary, ...]
    missed: tuple[Missed, ...]
    """The five that most answers lack."""
    review: tuple[tuple[str, int], ...]
    """Answers by the reason why a person should look; one may have several."""
    failures: tuple[tuple[str, int], ...]
    """Rows by the reason why they were not graded."""
    blank: tuple[tuple[str, int], ...] = ()
    """Rows that have no answer, by question, whether they were graded as zero or not at all."""
    judge: tuple[tuple[str, int], ...] = ()
    """Rows by the reason why the judge failed, in the endpoint's words; the five most frequent."""

    @property
    def failed(self) -> int:
        """Rows that were not graded."""
        return sum(rows for _, rows in self.failures)

    @property
    def rows(self) -> int:
        """All rows that were written."""
        return self.failed + self.graded

    @property
    def graded(self) -> int:
        """Rows that were graded."""
        return sum(q.answers for q in self.questions)

    @property
    def passed(self) -> int:
        """Rows that reach the pass mark."""
        return sum(q.passed for q in self.questions)

    @property
    def mean_score(self) -> float:
        """Of all that were graded, 0 where nothing was."""
        total = sum(q.mean_score * q.answers for q in self.questions)
        return total / self.graded if self.graded else 0.0

    @property
    def blanks(self) -> int:
        """Rows that have no answer."""
        return sum(rows for _, rows in self.blank)

    @property
    def for_review(self) -> int:
        """Rows that ask for a person."""
        return sum(q.review for q in self.questions)


def sum_up(ledger: Ledger) -> Summary:
    """The summary of what the ledger's run wanted."""
    return shortened(count(ledger))


def count(ledger: Ledger) -> Summary:
    """The same with every key point in ``missed``, those that no answer lacks included.

    Such counts of parts of a table can be merged.
    """
    return Summary(
        questions=tuple(QuestionSummary(*row) for row in ledger.by_question()),
        missed=tuple(Missed(*row) for row in ledger.missed()),
        review=tuple((reason, rows) for reason, rows in ledger.review()),
        failures=tuple((reason, rows) for reason, rows in ledger.failures()),
        blank=tuple((slug, rows) for slug, rows in ledger.blank()),
        judge=tuple((reason, rows) for reason, rows in ledger.judge_failures()),
    )


def merge(one: Summary, other: Summary) -> Summary:
    """The counts of two parts of a table as those of both."""
    questions = {q.slug: q for q in one.questions}
    for q in other.questions:
        questions[q.slug] = _both(questions[q.slug], q) if q.slug in questions else q
    points = {(m.slug, m.claim): m for m in one.missed}
    for m in other.missed:
        had = points.get((m.slug, m.claim), Missed(m.slug, m.claim, 0, 0))
        points[m.slug, m.claim] = Missed(
            m.slug, m.claim, had.missed + m.missed, had.answers + m.answers
        )
    return Summary(
        questions=tuple(questions.values()),
        missed=tuple(points.values()),
        review=tuple((Counter(dict(one.review)) + Counter(dict(other.review))).items()),
        failures=tuple((Counter(dict(one.failures)) + Counter(dict(other.failures))).items()),
        blank=tuple((Counter(dict(one.blank)) + Counter(dict(other.blank))).items()),
        judge=tuple((Counter(dict(one.judge)) + Counter(dict(other.judge))).items()),
    )


def shortened(counts: Summary) -> Summary:
    """What people want to see of counts, the most frequent first."""
    missed = sorted(counts.missed, key=lambda m: (-m.missed, m.slug, m.claim))
    return Summary(
        questions=tuple(sorted(counts.questions, key=lambda q: q.slug)),
        missed=tuple(m for m in missed[:_MISSED_SHOWN] if m.missed),
        review=_most_first(counts.review),
        failures=_most_first(counts.failures),
        blank=_most_first(counts.blank),
        judge=_most_first(counts.judge)[:_JUDGE_SHOWN],
    )


def _both(one: QuestionSummary, other: QuestionSummary) -> QuestionSummary:
    answers = one.answers + other.answers
    return QuestionSummary(
        slug=one.slug,
        answers=answers,
        passed=one.passed + other.passed,
        review=one.review + other.review,
        mean_score=(one.mean_score * one.answers + other.mean_score * other.answers) / answers,
    )


def _most_first(counts: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts, key=lambda pair: (-pair[1], pair[0])))
