"""The Grader: the one place where bank, models and scoring meet."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import OrderedDict
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import metadata
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast

from grader.bank.catalog import Catalog
from grader.bank.rubrics import question_from_reference
from grader.engine import scoring
from grader.engine.feedback import write_feedback
from grader.errors import AnswerError, InputError, SettingsError, TableError, UnknownQuestionError
from grader.graded_columns import grade_cells
from grader.reading.canonical import Reading, read
from grader.reading.rendering import rendered
from grader.reading.text import counted, sentences
from grader.records import Calibration, Failure, Grade, Question
from grader.settings import Settings, changed, load_settings
from grader.tables.answer_cells import answer_text
from grader.tables.cells import as_text
from grader.tables.columns import (
    ADDED,
    ANSWER,
    NEEDS_REVIEW,
    NUMBERS,
    QUESTION,
    QUESTION_ID,
    REFERENCE,
    check_parts,
    find_parts,
    is_alike,
)
from grader.version import __version__

if TYPE_CHECKING:
    import pandas as pd

    from grader.engine.encoders.base import Encoder, Vectors
    from grader.engine.features import PreparedQuestion
    from grader.engine.reference_scorer import ReferenceScorer
    from grader.engine.screening import Thresholds
    from grader.engine.verifier import Verifier
    from grader.judge.forecast import Forecast
    from grader.judge.judge import Case, Judge

T = TypeVar("T")
_QUESTIONS_KEPT = 512
STREAM_CHUNK = 32


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to be graded, with the question that it answers."""

    text: str
    question: Question


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
        """
        self.settings = changed(settings or load_settings(), **overrides)
        self.catalog = Catalog.from_settings(self.settings)
        self._encoder = encoder
        self._verifier = verifier
        self._judge = judge
        self._questions: OrderedDict[str, Question] = OrderedDict()
        self._prepared: OrderedDict[str, PreparedQuestion] = OrderedDict()
        self._names: OrderedDict[str, bool] = OrderedDict()
        self._lock = threading.Lock()
        self._encoder_lock = threading.Lock()
        self._verifier_lock = threading.Lock()

    # ── what is asked ───────────────────────────────────────────────────────

    def question(self, q: str) -> Question:
        """The question of a slug, alias or prompt, corrections applied.

        Raises:
            UnknownQuestionError: there is none; carries suggestions.
            DataFileError: one of its files breaks the format.
        """
        return self._kept(
            self._questions, q, lambda: self.catalog.question(self.catalog.resolve(q))
        )

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
            raise InputError("grade_many takes a list of answers: grade one text with  grade")
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
                results[i] = _failure(question, error)
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
        if self._judge is None:
            raise InputError("there is no judge to make a forecast for")
        from grader.judge.judge import Case

        return self._judge.forecast(
            Case(text, question) for text, question in self._distinct(items)
        )

    def _distinct(
        self, items: Iterable[tuple[str, Question | InputError]]
    ) -> Iterator[tuple[str, Question]]:
        """What can be graded, each once; of what was seen only hashes are kept."""
        seen: set[bytes] = set()
        for text, question in items:
            if isinstance(question, InputError) or not self._is_gradable(text):
                continue
            mark = hashlib.sha256(f"{question.digest}\0{text}".encode(errors="replace")).digest()
            if mark not in seen:
                seen.add(mark)
                yield text, question

    @property
    def has_judge(self) -> bool:
        """Whether a language model checks every point as well."""
        return self._judge is not None

    def judge_cases(self, items: Iterable[tuple[str, Question | InputError]]) -> list[Case]:
        """What ``grade_all`` would give to the judge: graded offline, nothing is sent.

        Pairs that can't be graded are left out.
        """
        from grader.judge.judge import Case

        answers = [
            Answer(text, question)
            for text, question in items
            if isinstance(question, Question) and self._is_gradable(text)
        ]
        grades = self._grade_chunk(answers)
        return [Case(a.text, a.question, g.flags) for a, g in zip(answers, grades, strict=True)]

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
            cells = _by_part(row, q)
            return answer_text(cells.get(ANSWER)), self.row_question(cells, q)
        except InputError as error:
            return "", error

    def row_question(self, row: Mapping[str, Any], q: str | None = None) -> Question | InputError:
        """The question that a row of a table asks for, or the error that its failure will tell.

        Args:
            row: with ``question_id`` or ``reference`` (and, with it, perhaps ``question``). A
                question of the bank goes before a reference.
            q: the question if the row names none.
        """
        name, reference, prompt = (
            as_text(row.get(column)).strip() for column in (QUESTION_ID, REFERENCE, QUESTION)
        )
        if not (name or reference or q):
            return TableError(f"the row has no {QUESTION_ID} and no {REFERENCE}")
        try:
            if reference and not (name and self._knows(name)):
                return self.custom_question(reference, prompt)
            return self.question(name or q or "")
        except InputError as error:
            return error

    def _knows(self, name: str) -> bool:
        """Whether the bank has a question of that name; asked once, since it takes a search."""
        return self._kept(self._names, name, lambda: self._resolves(name))

    def _resolves(self, name: str) -> bool:
        try:
            self.catalog.resolve(name)
        except UnknownQuestionError:
            return False
        return True

    def grade_frame(self, frame: pd.DataFrame, *, q: str | None = None) -> pd.DataFrame:
        """Grade a pandas table with the columns of ``grade_rows``.

        Returns:
            A copy with the ``grade_`` columns added, index and other columns untouched.
            Numbers are empty where a row failed; ``grade_needs_review`` is a nullable
            boolean.

        Raises:
            TableError: the needed columns are missing, or one of them stands twice.
        """
        import pandas as pd

        parts = _frame_parts([str(name) for name in frame.columns], q)
        read = frame.iloc[:, list(parts.values())]
        cells = read.astype(object).where(read.notna(), "").set_axis(list(parts), axis=1)
        records = cast("list[dict[str, Any]]", cells.to_dict("records"))
        results = self.grade_rows(records, q=q)
        added = pd.DataFrame([grade_cells(r) for r in results], index=frame.index, columns=ADDED)
        for name in NUMBERS:
            added[name] = pd.to_numeric(added[name])
        review = added[NEEDS_REVIEW]
        added[NEEDS_REVIEW] = review.where(review != "", None).astype("boolean")
        return pd.concat([frame, added], axis=1)

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
        _check_chunk(chunk)
        rest = iter(rows)
        while ahead := list(islice(rest, chunk)):
            yield from self.grade_rows(ahead, q=q)

    # ── the same for code that runs in an event loop, which goes on meanwhile ──

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
        _check_chunk(chunk)
        async for ahead in _ahead(rows, chunk):
            for result in await asyncio.to_thread(self.grade_rows, ahead, q=q):
                yield result

    def custom_question(self, reference: str, prompt: str = "") -> Question:
        """A question whose key points are the sentences of a reference answer.

        Raises:
            AnswerError: the reference holds no sentence.
        """
        return self._kept(
            self._questions,
            f"\0{prompt}\0{reference}",
            lambda: question_from_reference(reference, prompt),
        )

    # ── parts ───────────────────────────────────────────────────────────────

    def load(self) -> None:
        """Load the models now, side by side, rather than at the first grade.

        Raises:
            ModelError, EncoderError, MissingExtraError: a model can't be had.
        """
        with ThreadPoolExecutor(1) as pool:
            verifier = pool.submit(lambda: self.verifier)
            _ = self.encoder, self._thresholds, verifier.result()

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded at first use."""
        with self._encoder_lock:
            if self._encoder is None:
                from grader.engine.encoders.choose import build_encoder

                self._encoder = build_encoder(self.settings.encoder, threads=self.settings.threads)
            return self._encoder

    @property
    def verifier(self) -> Verifier:
        """The verifier, loaded at first use."""
        with self._verifier_lock:
            if self._verifier is None:
                from grader.engine.verifier import TrainedVerifier

                self._verifier = TrainedVerifier(threads=self.settings.threads)
            return self._verifier

    @property
    def _thresholds(self) -> Thresholds:
        from grader.engine.screening import load_thresholds

        return load_thresholds()

    @cached_property
    def _calibration(self) -> Calibration | None:
        from grader.engine.calibration import load_calibration

        file = self.settings.calibration
        if file is None:
            return None
        calibration = load_calibration(file)
        here = {"encoder": self.encoder.name, "verifier": self.verifier.name}
        for name, version in here.items():
            if calibration.versions.get(name) != version:
                raise SettingsError(
                    f"{file}: was fitted to the scores of another {name}: fit it again with "
                    "grade calibrate"
                )
        return calibration

    @property
    def _reference_scorer(self) -> ReferenceScorer:
        from grader.engine.reference_scorer import load_reference_scorer

        return load_reference_scorer()

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
        if not isinstance(answer, str):
            raise AnswerError(f"the answer must be text, not {type(answer).__name__}")
        if len(answer) > self.settings.max_answer_chars:
            raise AnswerError(
                f"the answer has {len(answer):,} characters, more than "
                f"{self.settings.max_answer_chars:,}: shorten it or raise max_answer_chars"
            )
        if not sentences(rendered(answer).text):
            raise AnswerError("the answer is empty: there is nothing to grade")

    def _is_gradable(self, answer: str) -> bool:
        try:
            self.check_answer(answer)
        except InputError:
            return False
        return True

    def _grade_distinct(self, answers: Sequence[Answer]) -> list[Grade]:
        """Grade offline, then let the judge check all answers side by side."""
        grades = self._grade_chunk(answers)
        if self._judge is None:
            return grades
        from grader.judge.fusion import fuse
        from grader.judge.judge import Case

        cases = [
            Case(answer.text, answer.question, grade.flags)
            for answer, grade in zip(answers, grades, strict=True)
        ]
        reports = self._judge.assess(cases)
        return [
            fuse(
                grade,
                case.question,
                report,
                review_below=self.settings.review_below,
                calibration=self._calibration,
            )
            for grade, case, report in zip(grades, cases, reports, strict=True)
        ]

    def _grade_chunk(self, answers: Sequence[Answer]) -> list[Grade]:
        """Encode all units of all answers in one go, then judge answer by answer."""
        from grader.engine.encoders.vectors import unit_vectors

        readings = [read(answer.text) for answer in answers]
        distinct = list(dict.fromkeys(text for reading in readings for text in reading.said))
        rows = {text: i for i, text in enumerate(distinct)}
        vectors = unit_vectors(self.encoder, distinct)
        return [
            self._grade_one(answer, reading, vectors[[rows[text] for text in reading.said]])
            for answer, reading in zip(answers, readings, strict=True)
        ]

    def _grade_one(self, answer: Answer, reading: Reading, vectors: Vectors) -> Grade:
        from grader.engine.calibration import calibrated
        from grader.engine.reference_scorer import reference_features
        from grader.engine.screening import screen

        question = answer.question
        prepared = self._prepare(question)
        flags = screen(answer.text, prepared, vectors, self._thresholds)
        findings = self.verifier.verify(prepared, reading.whole, reading.said, vectors)
        key_points = scoring.judge_key_points(question, findings, reading.units, flags)
        misconceptions = scoring.judge_misconceptions(question, findings, reading.units, flags)
        total = scoring.add_up(key_points, misconceptions)
        story = question.open_ended
        sure = scoring.confidence(key_points, misconceptions, open_ended=story)
        if question.reference_only and not scoring.is_void(flags):
            features = reference_features(prepared, reading.whole, vectors, findings)
            total = scoring.of_share(self._reference_scorer.score(features), total.max_points)
            sure = self._reference_scorer.confidence(total.score, question.scale.pass_score)
        bar = self.settings.review_below
        reasons = scoring.review_reasons(sure, bar, flags, open_ended=story)
        versions = self._versions(question)
        score = total.score
        if self._calibration is not None:
            score = calibrated(score, self._calibration)
        return Grade(
            question_id=question.id,
            score=score,
            linear_score=total.score,
            points=total.points,
            max_points=total.max_points,
            passed=score >= question.scale.pass_score,
            confidence=sure,
            needs_review=bool(reasons),
            review_reasons=reasons,
            flags=flags,
            key_points=key_points,
            misconceptions=misconceptions,
            feedback=write_feedback(key_points, misconceptions),
            signature=scoring.sign(versions),
            versions=versions,
        )

    def _prepare(self, question: Question) -> PreparedQuestion:
        from grader.engine.features import PreparedQuestion

        return self._kept(
            self._prepared, question.digest, lambda: PreparedQuestion(question, self.encoder)
        )

    def identity(self, question: Question) -> dict[str, str]:
        """What a grade of this question is made of from here on, by name, the judge included.

        Grades of equal identity need not be made again.
        """
        return self._versions(question) | (self._judge.versions if self._judge else {})

    def _versions(self, question: Question) -> dict[str, str]:
        versions = {
            "grader": __version__,
            "question": question.digest[:12],
            "encoder": self.encoder.name,
            "verifier": self.verifier.name,
            "runtime": _runtime(),
            "screening": scoring.sign(repr(self._thresholds)),
            "review_below": str(self.settings.review_below),
        }
        if question.reference_only:
            versions["reference"] = self._reference_scorer.name
        if self._calibration is not None:
            from grader.engine.calibration import calibration_name

            versions["calibration"] = calibration_name(self._calibration)
        return versions

    def _kept(self, store: OrderedDict[str, T], key: str, make: Callable[[], T]) -> T:
        """A value from a bounded store, made once; the least recently used leaves first."""
        with self._lock:
            if key in store:
                store.move_to_end(key)
                return store[key]
        value = make()
        with self._lock:
            store[key] = value
            if len(store) > _QUESTIONS_KEPT:
                store.popitem(last=False)
        return value


def _frame_parts(columns: Sequence[str], q: str | None) -> dict[str, int]:
    """The place of the column of each part.

    Raises:
        TableError: one is missing or stands twice.
    """
    parts = find_parts(columns, q=q)
    for column in parts.values():
        if columns.count(column) > 1:
            raise TableError(f"the frame: column '{column}' stands twice: rename one of the two")
    check_parts(parts, columns, "the frame", q=q)
    return {part: columns.index(column) for part, column in parts.items()}


def _by_part(row: Mapping[str, Any], q: str | None) -> dict[str, Any]:
    """The cells of a row that play a part.

    Raises:
        TableError: two may be the answer.
    """
    if not isinstance(row, Mapping):
        raise TableError(f"a row must be a mapping with '{ANSWER}', not {type(row).__name__}")
    keys = tuple(key for key in row if isinstance(key, str))
    parts = find_parts(keys, q=q)
    if ANSWER not in parts and len(alike := [k for k in keys if is_alike(k, ANSWER)]) > 1:
        raise TableError(f"the row has {' and '.join(alike)}: name the answer '{ANSWER}'")
    return {part: row[column] for part, column in parts.items()}


def _check_chunk(chunk: int) -> None:
    if chunk < 1:
        raise InputError(f"a chunk of {counted(chunk, 'row')}: it must be 1 or more")


async def _ahead(items: AsyncIterable[T], size: int) -> AsyncIterator[list[T]]:
    chunk: list[T] = []
    async for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


@lru_cache(maxsize=1)
def _runtime() -> str:
    """What runs the models: other versions may round otherwise."""
    return ", ".join(f"{name} {metadata.version(name)}" for name in ("onnxruntime", "tokenizers"))


def _failure(question: Question | InputError, error: InputError) -> Failure:
    name = "" if isinstance(question, InputError) else question.id
    return Failure(name, type(error).__name__, str(error))
