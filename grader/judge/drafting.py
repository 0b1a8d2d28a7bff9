"""A rubric drafted by a model where there is only a reference: the steps, without the asking.

The model reads the question and the reference, never an answer. What it writes is checked: every
claim quotes the reference, the judge finds every key point covered by the reference itself, and
neither a key point nor a misconception in an answer that says nothing. It is told what is wrong
and writes anew, a few times; what is wrong even then is left out.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from grader.bank.rubrics import seal
from grader.bank.slugs import slugs_of
from grader.errors import JudgeReplyError
from grader.judge import draft_prompt
from grader.judge.ballots import votes_of
from grader.judge.canaries import EMPTY_HANDED
from grader.judge.prompt import Request
from grader.judge.quotes import find_quote
from grader.judge.sending import Case, Planned, Sending
from grader.reading.text import fold, words
from grader.records import SILENT, KeyPoint, Misconception, Question, Vote

if TYPE_CHECKING:
    from grader.judge.draft_schema import DraftedError, DraftedPoint, DraftReply

_ID_WORDS = 5
_AUTHORITY = "The reference answer"
_NO_QUOTE = "the claim quotes nothing that stands in the reference: {}"
_NOT_COVERED = "the reference itself does not make the claim: {}"
_FOR_NOTHING = "an answer that says nothing of the matter is credited with: {}"
_ASSERTED = "the reference itself would be taken to assert the misconception: {}"
_ACCUSED = "an answer that says nothing of the matter would be taken to assert: {}"


class Call(Protocol):
    """One call that is to be made."""

    @property
    def request(self) -> Request:
        """What is asked."""
        ...

    @property
    def key(self) -> str:
        """Of its reply in the cache."""
        ...

    def read(self, text: str) -> Any:
        """Check a reply, or raise ``JudgeReplyError``."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A rubric as the model wrote it, and what is wrong with it, by the ids of its points."""

    question: Question
    faults: dict[str, str]


Steps = Generator[tuple[Call, ...], tuple[str, ...], Question]
"""Calls to be made side by side; their replies' texts, in order, are sent in return."""


def drafting(question: Question, sending: Sending, model: str, rounds: int) -> Steps:
    """The steps to a question with a drafted rubric.

    Args:
        question: made of a reference alone.
        sending: makes requests.
        model: who drafts.
        rounds: the most drafts.

    Raises:
        JudgeReplyError: every key point of the last draft is wrong.
    """
    before, faults = "", tuple[str, ...]()
    while True:
        call = sending.plan_draft(question, model, before, faults)
        (before,) = yield (call,)
        reply = call.read(before)
        drafted = with_rubric(question, reply, f"{model}, prompt {draft_prompt.VERSION}")
        draft = Draft(drafted, dict(_unquoted(drafted, reply, question)))
        checks = check_calls(drafted, sending, model)
        texts = yield checks
        for fault in _found_by(drafted, checks, texts):
            draft.faults.setdefault(*fault)
        faults, rounds = tuple(draft.faults.values()), rounds - 1
        if not faults or not rounds:
            return without_faulty(draft)


def check_calls(question: Question, sending: Sending, model: str) -> tuple[Planned, Planned]:
    """What the judge is asked to check a draft: of the reference, and of an empty answer."""
    texts = (question.references[0].text, EMPTY_HANDED)
    of_reference, of_nothing = (sending.plan(Case(text, question), model, 0) for text in texts)
    return of_reference, of_nothing


def with_rubric(question: Question, reply: DraftReply, drafted_by: str) -> Question:
    """The question with the rubric of a reply."""
    claims = [*(k.claim for k in reply.key_points), *(m.claim for m in reply.misconceptions)]
    ids = slugs_of(claims, _ID_WORDS, "point")
    of_points, of_errors = ids[: len(reply.key_points)], ids[len(reply.key_points) :]
    key_points = tuple(map(_key_point, of_points, reply.key_points))
    against = [
        tuple(of_points[n - 1] for n in dict.fromkeys(e.against)) for e in reply.misconceptions
    ]
    misconceptions = tuple(map(_misconception, of_errors, reply.misconceptions, against))
    return seal(
        question.model_copy(
            update={
                "key_points": key_points,
                "misconceptions": misconceptions,
                "reference_only": False,
                "drafted_by": drafted_by,
            }
        )
    )


def without_faulty(draft: Draft) -> Question:
    """The question with those points alone that nothing is wrong with.

    Raises:
        JudgeReplyError: no key point is left.
    """
    question, faults = draft.question, draft.faults
    if not faults:
        return question
    key_points = tuple(k for k in question.key_points if k.id not in faults)
    if not key_points:
        raise JudgeReplyError(
            f"no rubric could be drafted from the reference: {next(iter(faults.values()))}",
            lasting=True,
        )
    left = tuple(
        m.model_copy(update={"against": tuple(id_ for id_ in m.against if id_ not in faults)})
        for m in question.misconceptions
        if m.id not in faults
    )
    return seal(question.model_copy(update={"key_points": key_points, "misconceptions": left}))


def _key_point(id_: str, point: DraftedPoint) -> KeyPoint:
    accepted = _distinct(point.also_accept, [point.claim])
    return KeyPoint(
        id=id_,
        points=point.points,
        claim=point.claim,
        also_accept=accepted,
        partial=_distinct(point.worth_half, [point.claim, *accepted]),
    )


def _misconception(id_: str, error: DraftedError, against: tuple[str, ...]) -> Misconception:
    return Misconception(
        id=id_,
        claim=error.claim,
        cost=error.cost,
        correction=error.correction,
        why=error.why,
        authority=_AUTHORITY,
        against=against,
    )


def _distinct(texts: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Texts that say something, each once, without those that are known."""
    seen = {fold(text) for text in known}
    found = []
    for text in texts:
        if words(text) and fold(text) not in seen:
            seen.add(fold(text))
            found.append(text)
    return tuple(found)


def _unquoted(
    drafted: Question, reply: DraftReply, question: Question
) -> Iterator[tuple[str, str]]:
    reference = question.references[0].text
    for key_point, point in zip(drafted.key_points, reply.key_points, strict=True):
        if find_quote(point.quote, reference) is None:
            yield key_point.id, _NO_QUOTE.format(point.claim)


def _found_by(
    drafted: Question, checks: Sequence[Planned], texts: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """What the judge's verdicts on reference and empty answer say against points, by their ids."""
    of_reference, of_nothing = (
        {vote.point: vote for vote in votes_in(call, text)}
        for call, text in zip(checks, texts, strict=True)
    )
    for point in drafted.key_points:
        if not _is(of_reference[point.id], "covered"):
            yield point.id, _NOT_COVERED.format(point.claim)
        elif _counts(of_nothing[point.id]):
            yield point.id, _FOR_NOTHING.format(point.claim)
    for wrong in drafted.misconceptions:
        if _counts(of_reference[wrong.id]):
            yield wrong.id, _ASSERTED.format(wrong.claim)
        elif _counts(of_nothing[wrong.id]):
            yield wrong.id, _ACCUSED.format(wrong.claim)


def votes_in(call: Planned, text: str) -> tuple[Vote, ...]:
    """The votes in a reply's text."""
    return votes_of(
        call.read(text), call.checklist, call.case.answer, call.masked, call.request.model, call.run
    )


def _is(vote: Vote, verdict: str) -> bool:
    return not vote.void and vote.verdict == verdict


def _counts(vote: Vote) -> bool:
    return not vote.void and vote.verdict not in SILENT
