"""Public exams with human marks, graded by their reference answers: rows of features.

Sets (folder of public data): ``saf_english.csv``, ``beetle.csv``, ``scientsbank.csv``,
``stita.csv``. Where a question has several references the one nearest to the answer counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from grader.bank.rubrics import question_from_reference
from grader.engine.as_read import question_as_read
from grader.engine.features import PreparedQuestion
from grader.engine.findings import Verifier
from grader.engine.reference_scorer import reference_features
from grader.errors import AnswerError
from grader.reading.canonical import read
from grader.reading.text import normalise, words

if TYPE_CHECKING:
    from grader.engine.encoders.base import Encoder, Vectors

SETS = ("saf_english", "beetle", "scientsbank", "stita")
UNSEEN = {"saf_english": "test_uq", "beetle": "test_uq", "scientsbank": "test_ud", "stita": "all"}
"""The part of each set that it is judged on: unseen questions, domains, or all of it."""
FITTED = {"saf_english": "train", "beetle": "train", "scientsbank": "train", "stita": "all"}


@dataclass(frozen=True)
class Exam:
    """One answer of an exam with its human mark, 0 to 1."""

    name: str
    split: str
    question_id: str
    prompt: str
    references: tuple[str, ...]
    answer: str
    mark: float


class CachedEncoder:
    """An encoder that encodes each text once: exams repeat references and short answers."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    @property
    def name(self) -> str:
        """That of the encoder behind it."""
        return self._encoder.name

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, as the encoder gives them."""
        new = [t for t in dict.fromkeys(texts) if t not in self._known]
        if new:
            self._known.update(zip(new, self._encoder.encode(new), strict=True))
        return np.array([self._known[t] for t in texts], dtype=np.float32).reshape(len(texts), -1)


def load_exams(folder: Path, most: int, seed: int) -> list[Exam]:
    """Answers of the parts that are fitted or judged on, at most ``most`` a set and part."""
    return [exam for name in SETS for exam in _load_set(folder, name, most, seed)]


def _load_set(folder: Path, name: str, most: int, seed: int) -> Iterator[Exam]:
    frame = pd.read_csv(folder / f"{name}.csv", keep_default_na=False)
    for split in sorted({UNSEEN[name], FITTED[name]}):
        part = frame[(frame.split == split) & frame.answer.map(lambda a: bool(words(a)))]
        for row in part.sample(min(most, len(part)), random_state=seed).itertuples():
            references = tuple(r for r in row.reference.split(" ||| ") if words(r))
            yield Exam(
                name, split, row.question_id, row.question, references, row.answer, row.score
            )


def features_of(
    exams: Sequence[Exam], encoder: Encoder, verifier: Verifier
) -> tuple[np.ndarray, list[Exam]]:
    """Rows of ``reference.NAMES``, and the exams that could be graded."""
    prepared: dict[tuple[str, str], PreparedQuestion] = {}
    rows, graded = [], []
    for exam in exams:
        reference = _nearest(exam, encoder)
        key = (reference, exam.prompt)
        try:
            if key not in prepared:
                question = question_from_reference(reference, exam.prompt)
                prepared[key] = PreparedQuestion(question_as_read(question), encoder)
        except AnswerError:
            continue  # a reference of one or two words has no sentence to judge by
        reading = read(exam.answer)
        vectors = encoder.encode(reading.said)
        findings = verifier.verify(prepared[key], reading.whole, reading.said, vectors)
        rows.append(reference_features(prepared[key], reading.whole, vectors, findings))
        graded.append(exam)
    return np.array(rows), graded


def _nearest(exam: Exam, encoder: Encoder) -> str:
    if len(exam.references) == 1:
        return exam.references[0]
    vectors = encoder.encode([normalise(exam.answer), *exam.references])
    return exam.references[int((vectors[1:] @ vectors[0]).argmax())]
