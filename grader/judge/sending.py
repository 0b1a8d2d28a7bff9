"""What is sent of answers: which of them, masked or not, in which requests. Asks nobody."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grader.engine import scoring
from grader.engine.screening import SUSPECTED, VOIDING, is_too_short
from grader.errors import JudgeError
from grader.judge import draft_prompt, prompt
from grader.judge.budget import estimate_tokens
from grader.judge.cache import cache_key
from grader.judge.canaries import Canary, CanarySchedule
from grader.judge.exemplars import Marked
from grader.judge.json_modes import Rung, request_part
from grader.judge.prompt import Checklist, Request
from grader.judge.redaction import Redacted, Redactor
from grader.reading.rendering import rendered
from grader.reading.text import words
from grader.records import Flag, Question
from grader.settings import Settings

if TYPE_CHECKING:
    from grader.judge.draft_schema import DraftReply
    from grader.judge.schema import Reply


@dataclass(frozen=True, slots=True)
class Case:
    """An answer to be judged, with its question and what the offline grade says of it."""

    answer: str
    question: Question
    flags: tuple[Flag, ...] = ()
    confidence: float = 0.0
    """How sure the offline grade is, 0 to 1."""
    marked: tuple[Marked, ...] = ()
    """Other answers with people's verdicts, to be told along with it."""
    undrafted: JudgeError | None = None
    """Why there is no rubric to judge it by, where one was to be drafted."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One call to come."""

    case: Case
    masked: Redacted
    """What is sent of the answer."""
    checklist: Checklist
    request: Request
    run: int
    key: str
    """Of its reply in the cache."""

    @property
    def question(self) -> Question:
        """What the answer is to."""
        return self.case.question

    @property
    def prompt_tokens(self) -> int:
        """About how many tokens are sent."""
        return tokens_sent(self.request)

    def read(self, text: str) -> Reply:
        """The verdicts in a reply.

        Raises:
            JudgeReplyError: it does not follow the schema.
        """
        from grader.judge.schema import parse_reply

        return parse_reply(
            text, tuple(self.checklist.key_points), tuple(self.checklist.misconceptions)
        )


@dataclass(frozen=True, slots=True)
class DraftCall:
    """One call to come that asks for a rubric."""

    request: Request
    key: str
    """Of its reply in the cache."""

    def read(self, text: str) -> DraftReply:
        """The rubric in a reply.

        Raises:
            JudgeReplyError: it does not follow the schema.
        """
        from grader.judge.draft_schema import parse_draft

        return parse_draft(text)


def tokens_sent(request: Request) -> int:
    """About how many tokens a request has."""
    schema = json.dumps(request_part(Rung.STRICT_SCHEMA, request.form))
    return estimate_tokens(schema + request.text)


class Sending:
    """Turns answers into requests by a run's settings."""

    def __init__(
        self, settings: Settings, models: tuple[str, ...], base_url: str, marked: str = ""
    ) -> None:
        """Load what masks answers.

        Args:
            settings: of the run.
            models: that are asked.
            base_url: of the endpoint.
            marked: the digest of the table of marked answers, if there is one.

        Raises:
            MissingExtraError: answers are to be masked, and a library for it is not installed.
            SettingsError: the region of phone numbers is unknown.
        """
        self._settings = settings
        self._models = models
        self._base_url = base_url
        self._marked = marked
        self._redactor = Redactor(settings.llm_phone_region) if settings.llm_redact else None

    @property
    def signature(self) -> str:
        """Changes with whatever changes what is sent, beyond models, runs and prompt."""
        settings = self._settings
        table = [self._marked] if self._marked else []  # without one it is as it was before
        return scoring.sign(
            [
                *table,
                self._base_url,
                settings.llm_suspected,
                settings.llm_below,
                settings.llm_examples,
                settings.llm_max_output_tokens,
                settings.llm_canary_rate,
                settings.llm_phone_region if settings.llm_redact else None,
            ]
        )

    def why_held(self, case: Case) -> str:
        """Why an answer is not sent; empty where it is."""
        if self.is_sure(case):
            return f"the offline grade is sure enough: confidence {case.confidence:.2f}"
        return self._barred(case)

    def is_sure(self, case: Case) -> bool:
        """Whether an answer is not sent only because its offline grade is sure enough."""
        below = self._settings.llm_below
        return case.confidence >= below and below < 1 and not self._barred(case)

    def _barred(self, case: Case) -> str:
        if case.undrafted is not None:
            return "there is no rubric to judge it by"
        if is_too_short(words(case.answer), case.question):
            return "there is too little to check"
        held = VOIDING | (SUSPECTED if self._settings.llm_suspected == "hold" else frozenset())
        flags = [flag for flag in case.flags if flag in held]
        return f"held: flag {', '.join(flags)}" if flags else ""

    @property
    def runs(self) -> list[tuple[str, int]]:
        """Model and number of each run that an answer takes."""
        return [(model, n) for model in self._models for n in range(self._settings.llm_runs)]

    def planned(self, cases: Iterable[Case], schedule: CanarySchedule) -> Iterator[Planned]:
        """All calls for answers, canaries among them."""
        for case in cases:
            if self.why_held(case):
                continue
            yield from (self.plan(case, model, run) for model, run in self.runs)
            canary = schedule.due(case.question)
            if canary:
                yield from (self.plan(case_of(canary), model, 0) for model in self._models)

    def plan(self, case: Case, model: str, run: int) -> Planned:
        """One call."""
        settings = self._settings
        masked = self._masked(case)
        checklist = prompt.build_checklist(case.question, seed=settings.llm_seed, run=run)
        marked = [self._to_be_told(one, case.question) for one in case.marked]
        messages = prompt.build_messages(case.question, checklist, masked.text, marked)
        request = Request(model, messages, settings.llm_temperature, settings.llm_max_output_tokens)
        return Planned(case, masked, checklist, request, run, self._key(request, run))

    def plan_draft(
        self, question: Question, model: str, before: str = "", faults: Sequence[str] = ()
    ) -> DraftCall:
        """One call for a rubric, of a question made of a reference; see ``draft_prompt``."""
        settings = self._settings
        messages = draft_prompt.build_messages(question, before, faults)
        limits = settings.llm_temperature, settings.llm_max_output_tokens
        request = Request(model, messages, *limits, form="rubric")
        return DraftCall(request, self._key(request, 0))

    def _key(self, request: Request, run: int) -> str:
        return cache_key({**request.content, "run": run, "base_url": self._base_url})

    def _masked(self, case: Case) -> Redacted:
        """What is sent of an answer: what a reader sees of it."""
        seen = rendered(case.answer).text
        if self._redactor is None:
            return Redacted(seen, {})
        return self._redactor.redact(seen, case.question)

    def _to_be_told(self, one: Marked, question: Question) -> Marked:
        """A marked answer as it is sent: candidates' masked, the rubric's own as it stands."""
        if self._redactor is None or one.mark is None:
            return one
        return replace(one, answer=self._redactor.redact(one.answer, question).text)


def case_of(canary: Canary) -> Case:
    """A canary as an answer to be judged."""
    return Case(canary.text, canary.question)
