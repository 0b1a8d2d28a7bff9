"""Rubrics and contrast sets: loading them, and joining a rubric with its bank entry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from grader.bank.entries import patch_sources, references
from grader.bank.records import BankEntry, ContrastSet, Rubric
from grader.bank.yaml_records import load_record
from grader.errors import AnswerError, DataFileError
from grader.reading.rendering import rendered
from grader.reading.text import sentences, words
from grader.records import KeyPoint, Question, Reference

CONTRAST_SUFFIX = ".contrast.yaml"
_CLAIM_MIN_WORDS = 3


def load_rubric(file: Path) -> Rubric:
    """The rubric in a file.

    Raises:
        DataFileError: the file breaks the format.
    """
    return load_record(file, Rubric)


def load_contrast(file: Path) -> ContrastSet:
    """The contrast set in a file; its ids are checked by ``check_contrast``.

    Raises:
        DataFileError: the file breaks the format.
    """
    return load_record(file, ContrastSet)


def check_contrast(contrast: ContrastSet, rubric: Rubric, file: Path) -> None:
    """Hold a contrast set to its rubric.

    Raises:
        DataFileError: it names another question, or its ids are not the rubric's.
    """
    for fault in contrast_faults(contrast, rubric, file):
        raise fault


def contrast_faults(contrast: ContrastSet, rubric: Rubric, file: Path) -> Iterator[DataFileError]:
    """All that ``check_contrast`` would refuse, not only the first."""
    if contrast.question != rubric.question:
        yield DataFileError(
            f"is for '{contrast.question}', not '{rubric.question}'", file=file, key="question"
        )
    pairs = (
        ("key_points", set(contrast.key_points), {k.id for k in rubric.key_points}),
        ("misconceptions", set(contrast.misconceptions), {m.id for m in rubric.misconceptions}),
    )
    for key, here, there in pairs:
        odd = sorted(here ^ there)
        if odd:
            yield DataFileError(
                f"must name the rubric's {key}, each once; missing or unknown: {', '.join(odd)}",
                file=file,
                key=key,
            )


def build_question(entry: BankEntry, rubric: Rubric, file: Path) -> Question:
    """The question that grading sees: the entry with the rubric's corrections applied.

    Raises:
        DataFileError: the rubric is for another question.
        CorrectionError: a correction matches no claim, or several. ``file`` is the
            rubric's, for the messages.
    """
    if rubric.question != entry.id:
        raise other_question(entry, rubric, file)
    sources = patch_sources(entry, rubric, file)
    question = Question(
        id=entry.id,
        prompt=entry.prompt,
        references=references(entry, sources),
        open_ended=rubric.open_ended,
        scale=rubric.scale,
        key_points=rubric.key_points,
        misconceptions=rubric.misconceptions,
        digest="",
    )
    return seal(question)


def other_question(entry: BankEntry, rubric: Rubric, file: Path) -> DataFileError:
    """What is raised for a rubric that is not its bank entry's."""
    problem = f"is for '{rubric.question}', not '{entry.id}'"
    return DataFileError(problem, file=file, key="question")


def seal(question: Question) -> Question:
    """The question with its digest set from all that it says."""
    left_out = {"digest"} if question.drafted_by else {"digest", "drafted_by"}
    content = json.dumps(question.model_dump(exclude=left_out), sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return question.model_copy(update={"digest": digest})


def question_from_reference(reference: str, prompt: str) -> Question:
    """A question without a rubric: every sentence of the reference is a key point.

    Where none has three words, as in "push" or "By reference.", each is one all the same: it
    claims something together with the question, which whoever reads it has before them.

    Raises:
        AnswerError: the reference holds no word.
    """
    reference, prompt = rendered(reference).text, rendered(prompt).text
    said = [s.text for s in sentences(reference)]
    claims = [s for s in said if len(words(s)) >= _CLAIM_MIN_WORDS]
    # The question is not put in front: with it an answer that only repeats the question scores
    # .59 and "push" .50; without it .19 and .81.
    claims = claims or said
    if not claims:
        raise AnswerError("the reference holds no sentence to take a key point from")
    question = Question(
        id="custom",
        prompt=prompt or claims[0],
        references=(Reference(origin="model", text=reference),),
        key_points=tuple(
            KeyPoint(id=f"reference-{i}", points=1, claim=claim)
            for i, claim in enumerate(claims, start=1)
        ),
        reference_only=True,
        digest="",
    )
    return seal(question)


def question_from_rubric(rubric: Rubric, prompt: str, file: Path) -> Question:
    """A question of one's own: a rubric without a bank entry.

    Raises:
        DataFileError: the rubric has corrections, but there is no source to correct.
    """
    entry = BankEntry(
        id=rubric.question,
        prompt=prompt or rubric.question.replace("-", " "),
        topic="custom",
        level="mid",
    )
    return build_question(entry, rubric, file)
