"""The Grader: the one place where bank, models and scoring meet."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from grader.bank.catalog import Catalog
from grader.bank.rubrics import question_from_reference
from grader.engine.engine import QUESTIONS_KEPT, Answer, Engine
from grader.errors import InputError, TableError
from grader.records import Failure, Grade, Question
from grader.rows import by_part, check_chunk, rows_ahead
from grader.settings import Settings, changed, load_settings
from grader.tables.answer_cells import answer_text
from grader.tables.cells import as_text
from grader.tables.columns import ANSWER, QUESTION, QUESTION_ID, REFERENCE

if TYPE_CHECKING:
    import pandas as pd

    from grader.engine.encoders.base import Encoder
    from grader.engine.findings import Verifier
    from grader.judge.forecast import Forecast
    from grader.judge.judge import Case, Judge
    from grader.judge.second_opinion import SecondOpinion

STREAM_CHUNK = 32


class Grader:
    """Grades answers. Safe to share between threads; models are loaded at first use.

    Example:
        >>> from grader import Grader
        >>> grade = Grader().grade("Gradients shrink on the way back …", q="vanishing-gradient")
        >>> 0 <= grade.score <= 1
        True
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        encoder: Encoder | None = None,
        verifier: Verifier | None = None,
        judge: Judge | None = None,
        **overrides: Any,
    ) -> None:
        """Make a grader.

        Args:
            settings: everything settable; without it ``grader.toml`` and the environment.
            encoder: an encoder of your own, instead of the one that the settings name.
            verifier: a verifier of your own.
            judge: a language model that checks every point as well; the offline grade stands
                beside what it says. Close it when done.
            overrides: single settings by name, such as ``bank=Path("my-bank")``.

        Raises:
            SettingsError: a setting is unknown or out of range.
            TableError: the judge's table of marked answers asks for a question that can't be had.
        """
        self.settings = changed(settings or load_settings(), **overrides)
        self.catalog = Catalog.from_settings(self.settings)
        self._judge = judge
        self._engine = Engine(self.settings, encoder, verifier)
        self._named = lru_cache(QUESTIONS_KEPT)(self._find_question)
        self._from_reference = lru_cache(QUESTIONS_KEPT)(question_from_reference)
        self._opinion = self._beside(judge) if judge is not None else None

    def question(self, q: str) -> Question:
        """The question of a slug, alias or prompt, corrections applied.

        Raises:
            UnknownQuestionError: there is none; carries suggestions.
            InputError: several have that prompt.
            DataFileError: one of its files breaks the format.
        """
        return self._named(q)

    def _find_question(self, q: str, reference: str = "") -> Question:
        return self.catalog.question(self.catalog.resolve(q, reference))

    # ── grading ─────────────────────────────────────────────────────────────

    def grade(
        self,
        answer: str,
        q: str | Question | None = None,
        *,
        reference: str | None = None,
        prompt: str = "",
    ) -> Grade:
        """Grade one answer.

        Args:
            answer: free text.
            q: a slug or alias of the bank, or a ``Question`` of your own.
            reference: a reference answer; its sentences are the key points then.
            prompt: the question's text, with ``reference``.

        Raises:
            AnswerError: the answer is empty or too long.
            UnknownQuestionError, DataFileError: the question can't be had.
            InputError: neither or both of ``q`` and ``reference`` are given.
            JudgeSetupError: the judge can't be asked at all. Any other failure of the judge
                raises nothing: the offline grade stands and tells of it.
        """
        question = self._asked(q, reference, prompt)
        self.check_answer(answer)
        return self._grade_distinct([Answer(answer, question)])[0]

    def grade_many(self, answers: Iterable[str], q: str | Question) -> list[Grade | Failure]:
        """Grade answers to one question, in order; a bad answer is a ``Failure`` in its place.

        Raises:
            UnknownQuestionError, DataFileError: the question can't be had.
            InputError: ``answers`` is a single text.
        """
        if isinstance(answers, str | bytes):
            raise InputError("grade_many takes a list of answers: grade one text with grade")
        question = self.question(q) if isinstance(q, str) else q
        return self.grade_all([(text, question) for text in answers])

    def grade_all(
        self, items: Iterable[tuple[str, Question | InputError]]
    ) -> list[Grade | Failure]:
        """Grade (answer, question) pairs, in order.

        An error in the place of a question becomes that row's ``Failure``; identical
        answers to the same question are graded once.

        Raises:
            JudgeSetupError: the judge can't be asked at all.
        """
        rows = list(items)
        results: list[Grade | Failure | None] = [None] * len(rows)
        pending: dict[tuple[str, str], list[int]] = {}
        distinct: list[Answer] = []
        for i, (text, question) in enumerate(rows):
            try:
                if isinstance(question, InputError):
                    raise question
                self.check_answer(text)
            except InputError as error:
                name = "" if isinstance(question, InputError) else question.id
                results[i] = Failure(name, type(error).__name__, str(error))
                continue
            places = pending.setdefault((question.digest, text), [])
            if not places:
                distinct.append(Answer(text, question))
            places.append(i)
        for grade, places in zip(self._grade_distinct(distinct), pending.values(), strict=True):
            for i in places:
                results[i] = grade
        return [result for result in results if result is not None]

    def forecast(self, items: Iterable[tuple[str, Question | InputError]]) -> Forecast:
        """What the judge would take to check what ``grade_all`` would grade; nothing is sent.

        Raises:
            InputError: there is no judge.
        """
        if self._opinion is None:
            raise InputError("there is no judge to make a forecast for")
        return self._opinion.forecast(self._distinct(items), STREAM_CHUNK)

    def _distinct(self, items: Iterable[tuple[str, Question | InputError]]) -> Iterator[Answer]:
        """What can be graded, each once; of what was seen only hashes are kept."""
        seen: set[bytes] = set()
        for text, question in items:
            if isinstance(question, InputError) or not self.is_gradable(text):
                continue
            mark = hashlib.sha256(f"{question.digest}\0{text}".encode(errors="replace")).digest()
            if mark not in seen:
                seen.add(mark)
                yield Answer(text, question)

    @property
    def has_judge(self) -> bool:
        """Whether a language model checks every point as well."""
        return self._judge is not None

    def judge_cases(self, items: Iterable[tuple[str, Question | InputError]]) -> list[Case]:
        """What ``grade_all`` would give to the judge: graded offline, nothing is sent.

        Pairs that can't be graded are left out.
        """
        answers = [
            Answer(text, question)
            for text, question in items
            if isinstance(question, Question) and self.is_gradable(text)
        ]
        return self._opinion.cases_of(answers) if self._opinion else []

    def forecast_rows(self, rows: Iterable[Mapping[str, Any]], *, q: str | None = None) -> Forecast:
        """The same for the rows of a table."""
        return self.forecast(self._item(row, q) for row in rows)

    def grade_rows(
        self, rows: Sequence[Mapping[str, Any]], *, q: str | None = None
    ) -> list[Grade | Failure]:
        """Grade rows of a table, in order; a row that can't be graded is a ``Failure``.

        Args:
            rows: each with ``answer``, and ``question_id`` or ``reference`` (and, with it,
                perhaps ``question``). Case, blanks and hyphens of these names don't matter.
            q: the question of rows that name none.
        """
        return self.grade_all([self._item(row, q) for row in rows])

    def _item(self, row: Mapping[str, Any], q: str | None) -> tuple[str, Question | InputError]:
        try:
            cells = by_part(row, q)
            text = answer_text(cells.get(ANSWER), blanks_too=self.settings.blanks_count)
            return text, self.row_question(cells, q)
        except InputError as error:
            return "", error

    def row_question(self, row: Mapping[str, Any], q: str | None = None) -> Question | InputError:
        """The question that a row of a table asks for, or the error that its failure will tell.

        Args:
            row: with ``question_id`` or ``reference`` (and, with it, perhaps ``question``). A
                question of the bank goes before a reference, which tells of several with the
                same prompt the one that is meant.
            q: the question if the row names none.
        """
        name, reference, prompt = (
            as_text(row.get(column)).strip() for column in (QUESTION_ID, REFERENCE, QUESTION)
        )
        if not (name or reference or q):
            return TableError(f"the row has no {QUESTION_ID} and no {REFERENCE}")
        try:
            if reference and not (name and self.catalog.knows(name)):
                return self.custom_question(reference, prompt)
            return self._named(name or q or "", reference)
        except InputError as error:
            return error

    def grade_frame(self, frame: pd.DataFrame, *, q: str | None = None) -> pd.DataFrame:
        """Grade a pandas table with the columns of ``grade_rows``.

        Returns:
            A copy with the ``grade_`` columns added, index and other columns untouched.
            Numbers are empty where a row failed; ``grade_needs_review`` is a nullable
            boolean.

        Raises:
            TableError: the needed columns are missing, or one of them stands twice.
        """
        from grader.rows import frame_rows, with_grades

        return with_grades(frame, self.grade_rows(frame_rows(frame, q), q=q))

    def grade_stream(
        self, rows: Iterable[Mapping[str, Any]], *, q: str | None = None, chunk: int = STREAM_CHUNK
    ) -> Iterator[Grade | Failure]:
        """Grade rows as they come, in order and in constant memory.

        Args:
            rows: as for ``grade_rows``; never more than a chunk is read ahead.
            q: the question of rows that name none.
            chunk: how many rows are graded side by side; 1 gives each its grade at once, at
                the price of speed.

        Raises:
            InputError: ``chunk`` is less than 1.
        """
        check_chunk(chunk)
        rest = iter(rows)
        with self.drafting_once():
            while ahead := list(islice(rest, chunk)):
                yield from self.grade_rows(ahead, q=q)

    async def grade_async(
        self,
        answer: str,
        q: str | Question | None = None,
        *,
        reference: str | None = None,
        prompt: str = "",
    ) -> Grade:
        """``grade``, in a thread of its own; raises the same."""
        return await asyncio.to_thread(self.grade, answer, q, reference=reference, prompt=prompt)

    async def grade_many_async(
        self, answers: Iterable[str], q: str | Question
    ) -> list[Grade | Failure]:
        """``grade_many``, in a thread of its own; raises the same."""
        return await asyncio.to_thread(self.grade_many, answers, q)

    async def grade_frame_async(self, frame: pd.DataFrame, *, q: str | None = None) -> pd.DataFrame:
        """``grade_frame``, in a thread of its own; raises the same."""
        return await asyncio.to_thread(self.grade_frame, frame, q=q)

    async def grade_stream_async(
        self,
        rows: AsyncIterable[Mapping[str, Any]],
        *,
        q: str | None = None,
        chunk: int = STREAM_CHUNK,
    ) -> AsyncIterator[Grade | Failure]:
        """``grade_stream`` of rows that come asynchronously; raises the same."""
        check_chunk(chunk)
        with self.drafting_once():
            async for ahead in rows_ahead(rows, chunk):
                for result in await asyncio.to_thread(self.grade_rows, ahead, q=q):
                    yield result

    def custom_question(self, reference: str, prompt: str = "") -> Question:
        """A question whose key points are the sentences of a reference answer.

        Raises:
            AnswerError: the reference holds no sentence.
        """
        return self._from_reference(reference, prompt)

    # ── parts ───────────────────────────────────────────────────────────────

    def load(self) -> None:
        """Load the models now, side by side, rather than at the first grade.

        Raises:
            ModelError, EncoderError, MissingExtraError: a model can't be had.
        """
        self._engine.load()

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded at first use."""
        return self._engine.encoder

    @property
    def verifier(self) -> Verifier:
        """The verifier, loaded at first use."""
        return self._engine.verifier

    def _asked(self, q: str | Question | None, reference: str | None, prompt: str) -> Question:
        if (q is None) == (reference is None):
            raise InputError("give either q (a slug of the bank) or reference (a text)")
        if reference is not None:
            return self.custom_question(reference, prompt)
        assert q is not None
        return self.question(q) if isinstance(q, str) else q

    def check_answer(self, answer: str) -> None:
        """Refuse an answer that can't be graded.

        Raises:
            AnswerError: it is no text, empty or too long.
        """
        self._engine.check(answer)

    def is_gradable(self, answer: str) -> bool:
        """Whether ``check_answer`` lets an answer pass."""
        with suppress(InputError):
            self.check_answer(answer)
            return True
        return False

    def _grade_distinct(self, answers: Sequence[Answer]) -> list[Grade]:
        """Grade offline, then let the judge check all answers side by side."""
        if self._opinion is None:
            return self._engine.grade(answers)
        return self._opinion.grades_of(answers)

    def _beside(self, judge: Judge) -> SecondOpinion:
        from grader.judge.second_opinion import SecondOpinion

        marked = judge.marked.by_question(self.row_question) if judge.marked else {}
        return SecondOpinion(judge, self._engine, self.catalog, marked)

    def with_rubrics(self, questions: Sequence[Question]) -> list[Question]:
        """Questions with the rubrics that the judge drafts where there is only a reference.

        Without a judge, or where none could be drafted, a question comes back as it is.
        """
        if self._judge is None:
            return list(questions)
        pairs = zip(self._judge.rubrics(questions), questions, strict=True)
        return [made if isinstance(made, Question) else question for made, question in pairs]

    def drafting_once(self) -> AbstractContextManager[None]:
        """A run, in which the judge tries once to draft a rubric for a question."""
        return nullcontext() if self._judge is None else self._judge.drafting_once()

    def identity(self, question: Question) -> dict[str, str]:
        """What a grade of this question is made of from here on, by name, the judge included.

        Grades of equal identity need not be made again.
        """
        return self._engine.versions(question) | (self._judge.versions if self._judge else {})
