"""A question and an answer to a grade, offline: prepare, read, verify, assemble."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import metadata
from typing import TYPE_CHECKING

from grader.engine import scoring
from grader.engine.as_read import question_as_read
from grader.engine.costs import factor
from grader.errors import AnswerError, SettingsError
from grader.reading.canonical import Reading, read, says_nothing
from grader.records import Flag, Grade, Question
from grader.settings import Settings
from grader.version import __version__

if TYPE_CHECKING:
    from grader.engine.assembly import Measure
    from grader.engine.calibration import Calibration
    from grader.engine.encoders.base import Encoder, Vectors
    from grader.engine.features import PreparedQuestion
    from grader.engine.findings import Findings, Verifier
    from grader.engine.reference_scorer import ReferenceScorer
    from grader.engine.screening import Thresholds

QUESTIONS_KEPT = 512
"""As many questions are kept ready; the least recently used leaves first."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to be graded, with the question that it answers."""

    text: str
    question: Question


class Engine:
    """Grades answers offline. Safe to share between threads; models are loaded at first use."""

    def __init__(
        self, settings: Settings, encoder: Encoder | None = None, verifier: Verifier | None = None
    ) -> None:
        """Make an engine.

        Args:
            settings: which models, how many threads, when a person is asked.
            encoder: one of your own, instead of the one that the settings name.
            verifier: one of your own.
        """
        self._settings = settings
        self._encoder = encoder
        self._verifier = verifier
        self._encoder_lock = threading.Lock()
        self._verifier_lock = threading.Lock()
        self._prepared = lru_cache(QUESTIONS_KEPT)(self._prepare)
        self._references = lru_cache(QUESTIONS_KEPT)(self._encode_references)

    # ── models ──────────────────────────────────────────────────────────────

    def load(self) -> None:
        """Load the models now, side by side, rather than at the first grade.

        Raises:
            ModelError, EncoderError, MissingExtraError: a model can't be had.
        """
        with ThreadPoolExecutor(1) as pool:
            verifier = pool.submit(self._load_verifier)
            _ = self.encoder, self._thresholds, verifier.result()

    def _load_verifier(self) -> None:
        from grader.engine.verifier import TrainedVerifier

        if isinstance(self.verifier, TrainedVerifier):
            self.verifier.load()

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded at first use."""
        with self._encoder_lock:
            if self._encoder is None:
                from grader.engine.encoders.choose import build_encoder

                threads = self._settings.threads
                self._encoder = build_encoder(self._settings.encoder, threads=threads)
            return self._encoder

    @property
    def verifier(self) -> Verifier:
        """The verifier, loaded at first use."""
        with self._verifier_lock:
            if self._verifier is None:
                from grader.engine.verifier import TrainedVerifier

                self._verifier = TrainedVerifier(threads=self._settings.threads)
            return self._verifier

    @property
    def _thresholds(self) -> Thresholds:
        from grader.engine.screening import load_thresholds

        return load_thresholds()

    @property
    def _reference_scorer(self) -> ReferenceScorer:
        from grader.engine.reference_scorer import load_reference_scorer

        return load_reference_scorer()

    @cached_property
    def _calibration(self) -> Calibration | None:
        from grader.engine.calibration import load_calibration

        file = self._settings.calibration
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

    @cached_property
    def measure(self) -> Measure:
        """How verdicts count, by the settings.

        Raises:
            SettingsError, DataFileError: the calibration won't do.
        """
        from grader.engine.assembly import Measure
        from grader.engine.confidence import load_doubt

        return Measure(
            review_below=self._settings.review_below,
            doubt=load_doubt(),
            calibration=self._calibration,
            pass_mark=self._settings.pass_mark,
        )

    # ── grading ─────────────────────────────────────────────────────────────

    def check(self, answer: str) -> None:
        """Refuse an answer that can't be graded.

        Raises:
            AnswerError: it is no text, empty or too long.
        """
        if not isinstance(answer, str):
            raise AnswerError(f"the answer must be text, not {type(answer).__name__}")
        most = self._settings.max_answer_chars
        if len(answer) > most:
            raise AnswerError(
                f"the answer has {len(answer):,} characters, more than "
                f"{most:,}: shorten it or raise max_answer_chars"
            )
        if not self._settings.blanks_count and says_nothing(answer):
            raise AnswerError("the answer is empty: there is nothing to grade")

    def grade(self, answers: Sequence[Answer]) -> list[Grade]:
        """Encode all sentences of all answers in one go, then grade answer by answer."""
        from grader.engine.encoders.base import unit_vectors

        readings = [read(answer.text) for answer in answers]
        distinct = list(dict.fromkeys(text for reading in readings for text in reading.said))
        rows = {text: i for i, text in enumerate(distinct)}
        vectors = unit_vectors(self.encoder, distinct)
        return [
            self._grade_one(answer, reading, vectors[[rows[text] for text in reading.said]])
            for answer, reading in zip(answers, readings, strict=True)
        ]

    def versions(self, question: Question) -> dict[str, str]:
        """What a grade of this question is made of, by name."""
        versions = {
            "grader": __version__,
            "question": question.digest[:12],
            "encoder": self.encoder.name,
            "verifier": self.verifier.name,
            "runtime": _runtime(),
            "screening": scoring.sign(repr(self._thresholds)),
            "confidence": self.measure.doubt.name,
            "costs": f"times {factor():g}",
            "review_below": str(self._settings.review_below),
        }
        if question.reference_only:
            versions["reference"] = self._reference_scorer.name
        if question.drafted_by:
            versions["rubric_draft"] = question.drafted_by
        if self._calibration is not None:
            from grader.engine.calibration import calibration_name

            versions["calibration"] = calibration_name(self._calibration)
        if self._settings.pass_mark is not None:
            versions["pass_mark"] = str(self._settings.pass_mark)
        return versions

    def _grade_one(self, answer: Answer, reading: Reading, vectors: Vectors) -> Grade:
        from grader.engine.assembly import Verdicts, assemble, assemble_blank
        from grader.engine.screening import screen
        from grader.engine.similarity import nearest_reference, text_vector, with_similarity

        question = answer.question
        if not reading.said:
            return assemble_blank(question, self.measure, self.versions(question))
        prepared = self._prepared(question)
        flags = screen(answer.text, prepared, vectors, self._thresholds)
        findings = self.verifier.verify(prepared, reading.whole, reading.said, vectors)
        key_points = scoring.verdicts_on_key_points(question, findings, reading.units, flags)
        verdicts = Verdicts(
            key_points=with_similarity(key_points, prepared, vectors, findings.best),
            misconceptions=scoring.verdicts_on_misconceptions(
                question, findings, reading.units, flags
            ),
            flags=flags,
        )
        fitted = self._fitted(prepared, reading, vectors, findings, flags)
        return assemble(
            question,
            verdicts,
            self.measure,
            self.versions(question),
            fitted=fitted,
            similarity=nearest_reference(text_vector(reading, vectors), self._references(question)),
        )

    def _fitted(
        self,
        prepared: PreparedQuestion,
        reading: Reading,
        vectors: Vectors,
        findings: Findings,
        flags: Sequence[Flag],
    ) -> tuple[scoring.Score, float] | None:
        """Score and confidence by a reference alone; None where verdicts make them."""
        from grader.engine.reference_scorer import reference_features

        question = prepared.question
        if not question.reference_only or scoring.is_void(flags):
            return None
        features = reference_features(prepared, reading.whole, vectors, findings)
        most = sum(k.points for k in question.key_points)
        total = scoring.of_share(self._reference_scorer.score(features), most)
        return total, self._reference_scorer.confidence(total.score, self.measure.bar(question))

    def _prepare(self, question: Question) -> PreparedQuestion:
        from grader.engine.features import PreparedQuestion

        return PreparedQuestion(question_as_read(question), self.encoder)

    def _encode_references(self, question: Question) -> Vectors:
        from grader.engine.similarity import reference_vectors

        return reference_vectors(question, self.encoder)


@lru_cache(maxsize=1)
def _runtime() -> str:
    """What runs the models: other versions may round otherwise."""
    return ", ".join(f"{name} {metadata.version(name)}" for name in ("onnxruntime", "tokenizers"))
