"""Answers graded offline, then by the judge as well; rubrics drafted first where there are none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from grader.engine.engine import Answer, Engine
from grader.errors import JudgeError
from grader.judge.exemplars import Marked, Shelf, shelf_of, shelved
from grader.judge.fusion import fuse
from grader.judge.judge import Case, Judge
from grader.judge.marked_table import Key, key_of
from grader.records import Grade, Question

if TYPE_CHECKING:
    from grader.bank.catalog import Catalog
    from grader.judge.forecast import Forecast


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """A judge beside the engine."""

    judge: Judge
    engine: Engine
    catalog: Catalog
    """Has the examples of the bank's own questions, which may go along with answers."""
    marked: Mapping[Key, tuple[Marked, ...]]
    """Answers that people have marked, by question; they go along in place of these."""
    _shelves: dict[str, Shelf] = field(default_factory=dict)

    def grades_of(self, answers: Sequence[Answer]) -> list[Grade]:
        """The grades of answers, in order; both opinions stand in each.

        Raises:
            JudgeSetupError: the judge can't be asked at all.
        """
        cases, offline = self._graded(answers)
        reports = self.judge.assess(cases)
        fused = [
            fuse(grade, case.question, report, self.engine.measure)
            for grade, case, report in zip(offline, cases, reports, strict=True)
        ]
        return [
            replace(grade, drafted=case.question) if case.question.drafted_by else grade
            for grade, case in zip(fused, cases, strict=True)
        ]

    def cases_of(self, answers: Sequence[Answer]) -> list[Case]:
        """What the judge would be asked about answers, in order; they are graded offline."""
        return self._graded(answers)[0]

    def forecast(self, answers: Iterable[Answer], chunk: int) -> Forecast:
        """What ``grades_of`` would take; nothing is sent.

        Args:
            answers: each of them once.
            chunk: as many are graded offline side by side, where what is sent depends on that.
        """
        settings = self.judge.settings
        if settings.llm_below == 1 and not settings.llm_examples:
            return self.judge.forecast(Case(a.text, a.question) for a in answers)
        rest = iter(answers)
        chunks = iter(lambda: list(islice(rest, chunk)), [])
        return self.judge.forecast(case for some in chunks for case in self._foreseen(some))

    def _foreseen(self, answers: Sequence[Answer]) -> list[Case]:
        """Cases as far as they are known while nothing is asked.

        How sure a grade will be by a rubric that is still to be drafted nobody knows: those
        answers count as ones to be sent.
        """
        rubrics = self.judge.foreseen([answer.question for answer in answers])
        known = [
            Answer(answer.text, rubric)
            for answer, rubric in zip(answers, rubrics, strict=True)
            if not rubric.reference_only
        ]
        graded = iter(self._cases(known, self.engine.grade(known)))
        return [
            Case(a.text, a.question, marked=self._marked_like(a))
            if rubric.reference_only
            else replace(next(graded), question=a.question)
            for a, rubric in zip(answers, rubrics, strict=True)
        ]

    def _graded(self, answers: Sequence[Answer]) -> tuple[list[Case], list[Grade]]:
        rubrics = self.judge.rubrics([answer.question for answer in answers])
        answers = [
            Answer(answer.text, rubric if isinstance(rubric, Question) else answer.question)
            for answer, rubric in zip(answers, rubrics, strict=True)
        ]
        grades = self.engine.grade(answers)
        cases = [
            replace(case, undrafted=rubric) if isinstance(rubric, JudgeError) else case
            for case, rubric in zip(self._cases(answers, grades), rubrics, strict=True)
        ]
        return cases, grades

    def _cases(self, answers: Sequence[Answer], grades: Sequence[Grade]) -> list[Case]:
        """Answers with what the judge is to know of their offline grades, and with examples.

        Raises:
            EncoderError: the encoder fails.
        """
        return [
            Case(a.text, a.question, grade.flags, grade.confidence, self._marked_like(a))
            for a, grade in zip(answers, grades, strict=True)
        ]

    def _marked_like(self, answer: Answer) -> tuple[Marked, ...]:
        """The marked answers that go along with one.

        Raises:
            EncoderError: the encoder fails.
        """
        n, question = self.judge.settings.llm_examples, answer.question
        if not n:
            return ()
        shelf = self._shelves.get(question.digest) or self._shelf(question)
        if shelf is None:
            return ()
        self._shelves[question.digest] = shelf
        return shelf.nearest(answer.text, self.engine.encoder, n)

    def _shelf(self, question: Question) -> Shelf | None:
        """The marked answers to a question: the table's, else the examples of the bank's own."""
        marked = self.marked.get(key_of(question))
        if marked:
            return shelved(marked, self.engine.encoder)
        if not question.is_named or not self.catalog.knows(question.id):
            return None
        if self.catalog.question(question.id).digest != question.digest:
            return None
        rubric = self.catalog.load(question.id)[1]
        return shelf_of(rubric, self.engine.encoder) if rubric.examples else None
