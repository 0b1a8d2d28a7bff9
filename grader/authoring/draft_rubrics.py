"""Draft rubrics with examples, from a question and a reference answer.

With a judge its model writes key points, wordings and misconceptions; without one the sentences
of the reference are the key points. Marked answers become examples; where there are none, the
examples are made of the rubric itself. What comes out loads, and ``grade bank lint`` says what
is left to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from grader.authoring.draft_examples import chosen_of, examples_made_of, examples_of_marks
from grader.authoring.marked_answers import MarkedAnswer
from grader.bank.entries import load_entry
from grader.bank.question_files import BANK, RUBRICS, entry_text, rubric_text
from grader.bank.records import BankEntry, Rubric
from grader.bank.rubrics import build_question, question_from_reference
from grader.bank.slugs import free_slug, slug_of, slugs_of
from grader.bank.yaml_records import read_text
from grader.errors import AnswerError, InputError, JudgeError, OutputError
from grader.files import make_folder, write_whole
from grader.grading import Grader
from grader.judge.sending import Case
from grader.reading.text import fold
from grader.records import KeyPoint, Question

if TYPE_CHECKING:
    from grader.judge.forecast import Forecast
    from grader.judge.judge import Judge

_SLUG_WORDS, _ID_WORDS = 8, 5
_ENTRIES, _TEXTS = {".yaml"}, {".txt", ".md"}
_BY_MODEL = "Key points and misconceptions were drafted by {} from the reference alone."
_BY_HAND = "The sentences of the reference stand as key points: no model was asked (--llm)."
_NOTES = MappingProxyType(
    {
        "key_points": "One fact each; leave out what the question does not ask for, and give each "
        "its points.\nalso_accept: genuinely different wordings that earn the same; partial: worth "
        "half.",
        "misconceptions": "Known errors, each with id, claim, also_phrased, cost, correction, why, "
        "authority,\nand against: the key points that can't hold where the error does.",
        "examples": "Answers with the verdicts that they should get: correct them, then run grade "
        "bank test.",
    }
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A question that is to have a rubric."""

    entry: BankEntry
    reference: str


@dataclass(frozen=True, slots=True)
class RubricDraft:
    """A drafted rubric with its entry."""

    entry: BankEntry
    rubric: Rubric
    drafted_by: str
    """The model with the version of its prompt; empty for a template."""
    problem: str = ""
    """Why the model drafted none, where it was to."""


def subject_of(prompt: str, reference: str, taken: Iterable[str] = ()) -> Subject:
    """A question of one's own.

    Args:
        prompt: its text.
        reference: an answer to it.
        taken: slugs of other questions.
    """
    slug = free_slug(slug_of(prompt, _SLUG_WORDS) or "question", set(taken))
    references = (reference.strip(),)
    entry = BankEntry(id=slug, prompt=prompt, topic="drafted", level="mid", references=references)
    return Subject(entry, references[0])


def read_subjects(folder: Path, taken: Iterable[str] = ()) -> list[Subject]:
    """The questions of a folder, by name: bank entries, or texts.

    An entry (``.yaml``) is one that ``grade bank import`` wrote, or one's own: its first
    reference counts, else the claims of its first source. A text (``.txt``, ``.md``) has the
    question in its first line, and the reference below.

    Raises:
        InputError: the folder holds none, or a file breaks its format or has no reference.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    files = [f for f in sorted(folder.iterdir()) if f.suffix in _ENTRIES | _TEXTS]
    if not files:
        raise InputError(
            f"{folder}: holds no question: entries in .yaml (grade bank import writes them), or "
            ".txt with the question in the first line and its reference below"
        )
    known, subjects = set(taken), list[Subject]()
    for file in files:
        found = _entry_in(file) if file.suffix in _ENTRIES else _text_in(file, known)
        known.add(found.entry.id)
        subjects.append(found)
    return subjects


def _entry_in(file: Path) -> Subject:
    entry = load_entry(file)
    claims = [" ".join(source.claims) for source in entry.sources]
    reference = next(iter((*entry.references, *claims)), "")
    if not reference:
        raise InputError(f"{file}: has neither a reference nor a source to draft a rubric from")
    return Subject(entry, reference)


def _text_in(file: Path, taken: Iterable[str]) -> Subject:
    prompt, _, reference = read_text(file).strip().partition("\n")
    if not reference.strip():
        raise InputError(
            f"{file}: has one line: write the question there, and a reference answer below"
        )
    return subject_of(prompt.lstrip("# ").strip(), reference, taken)


def draft_rubrics(
    subjects: Sequence[Subject],
    grader: Grader,
    judge: Judge | None = None,
    marked: Sequence[MarkedAnswer] = (),
) -> list[RubricDraft]:
    """A rubric with examples for each question, in order.

    Args:
        subjects: the questions.
        grader: gives marked answers their verdicts; has the judge, if there is one.
        judge: drafts the rubrics, all side by side; without it they are templates.
        marked: answers that people marked. One that names no question belongs to the only one.

    Raises:
        AnswerError: a reference holds no sentence.
        InputError: marked answers name none of the questions.
        JudgeSetupError: the judge can't be asked at all.
    """
    bare = [_bare(subject) for subject in subjects]
    by_question = _by_question(subjects, marked)
    made: Sequence[Question | JudgeError] = judge.rubrics(bare) if judge else bare
    return [
        _draft(subject, question, drafted, grader, answers)
        for subject, question, drafted, answers in zip(
            subjects, bare, made, by_question, strict=True
        )
    ]


def forecast(
    subjects: Sequence[Subject], grader: Grader, judge: Judge, marked: Sequence[MarkedAnswer] = ()
) -> Forecast:
    """What the judge would take at most to draft, and to judge the marked answers; sends nothing.

    Arguments and errors are those of ``draft_rubrics``.
    """
    bare = [_bare(subject) for subject in subjects]
    known, by_question = judge.foreseen(bare), _by_question(subjects, marked)
    cases = []
    for subject, question, made, answers in zip(subjects, bare, known, by_question, strict=True):
        cases.append(Case("", question))
        asked = _graded(subject.entry, _rubric_of(subject, made)) if made.drafted_by else question
        texts = dict.fromkeys(m.text for m in chosen_of(answers) if grader.is_gradable(m.text))
        cases += [Case(text, asked) for text in texts]
    return judge.forecast(cases)


def _by_question(
    subjects: Sequence[Subject], marked: Sequence[MarkedAnswer]
) -> list[list[MarkedAnswer]]:
    """The marked answers of each question.

    Raises:
        InputError: there are some, and all are to other questions.
    """
    found = [answers_to(subject, subjects, marked) for subject in subjects]
    if marked and not any(found):
        raise InputError(
            "the marked answers belong to none of the questions: name their slugs in a column "
            "'question_id', or their texts in 'question'"
        )
    return found


def answers_to(
    subject: Subject, subjects: Sequence[Subject], marked: Sequence[MarkedAnswer]
) -> list[MarkedAnswer]:
    """The marked answers that belong to a question."""
    names = {fold(name) for name in (subject.entry.id, subject.entry.prompt, subject.reference)}
    only = len(subjects) == 1
    return [m for m in marked if fold(m.question) in names or (only and not m.question)]


def _bare(subject: Subject) -> Question:
    try:
        return question_from_reference(subject.reference, subject.entry.prompt)
    except AnswerError as error:
        raise AnswerError(f"{subject.entry.id}: {error}") from error


def _draft(
    subject: Subject,
    bare: Question,
    made: Question | JudgeError,
    grader: Grader,
    marked: Sequence[MarkedAnswer],
) -> RubricDraft:
    entry, problem = subject.entry, "" if isinstance(made, Question) else str(made)
    question = made if isinstance(made, Question) else bare
    rubric = _rubric_of(subject, question)
    if marked:
        examples = examples_of_marks(grader, _graded(entry, rubric), marked)
    else:
        examples = examples_made_of(rubric, subject.reference)
    whole = Rubric.model_validate({**rubric.model_dump(), "examples": examples})
    return RubricDraft(entry, whole, question.drafted_by, problem)


def _rubric_of(subject: Subject, question: Question) -> Rubric:
    """The rubric of a question, still without examples."""
    return Rubric(
        question=subject.entry.id,
        version=1,
        key_points=question.key_points if question.drafted_by else _sentences(question),
        misconceptions=question.misconceptions,
    )


def _graded(entry: BankEntry, rubric: Rubric) -> Question:
    """The question that marked answers are graded by."""
    return build_question(entry, rubric, Path(f"{entry.id}.yaml"))


def _sentences(question: Question) -> tuple[KeyPoint, ...]:
    """The sentences of the reference as key points with ids that say something."""
    ids = slugs_of([k.claim for k in question.key_points], _ID_WORDS, "point")
    return tuple(
        k.model_copy(update={"id": id_}) for k, id_ in zip(question.key_points, ids, strict=True)
    )


def check_new(folder: Path) -> None:
    """Refuse a folder that holds something already, before a model is asked.

    Raises:
        OutputError: it does, or is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file: name a new folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError(f"{folder}: is not empty: name a new folder")


def write_drafts(drafts: Iterable[RubricDraft], folder: Path) -> list[Path]:
    """Write entries into ``bank`` and rubrics into ``rubrics`` of a folder; the rubrics' files.

    Raises:
        OutputError: the folder holds something already, or can't be written.
    """
    check_new(folder)
    return [_write(draft, folder) for draft in drafts]


def _write(draft: RubricDraft, folder: Path) -> Path:
    file = folder / RUBRICS / f"{draft.entry.id}.yaml"
    for path, text in _texts(draft, folder / BANK / file.name, file):
        make_folder(path.parent)
        write_whole(path, text)
    return file


def _texts(draft: RubricDraft, entry: Path, rubric: Path) -> Iterator[tuple[Path, str]]:
    head = _BY_MODEL.format(draft.drafted_by) if draft.drafted_by else _BY_HAND
    yield entry, entry_text(draft.entry)
    yield rubric, rubric_text(draft.rubric, {"": f"A draft: read it to the end. {head}", **_NOTES})
