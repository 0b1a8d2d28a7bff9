"""Examples for a drafted rubric: of marked answers, or of the rubric itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from grader.authoring.lint import example_score
from grader.authoring.marked_answers import MarkedAnswer
from grader.bank.records import Example, ExampleKind, Rubric
from grader.grading import Grader
from grader.judge.canaries import EMPTY_HANDED, OFF_THE_POINT
from grader.reading.lexicon import FUNCTION_WORDS
from grader.reading.text import fold, words
from grader.records import Failure, Grade, Question, Verdict

MOST = 12
"""Of marked answers: as many as a person reads at one sitting; evenly spread over the marks."""
_AROUND = 0.1
_HELD_OUT = 4  # one in
_STRONG, _HALF = 0.8, 0.3
_KIND = "The kind is guessed from the mark."
_VERDICTS = "The verdicts are the grader's own: correct them."


class _Made(NamedTuple):
    """An answer that is made of a rubric, with what it says."""

    kind: ExampleKind
    answer: str
    covered: frozenset[str] = frozenset()
    asserted: tuple[str, ...] = ()


def examples_of_marks(
    grader: Grader, question: Question, marked: Sequence[MarkedAnswer]
) -> list[Example]:
    """Examples of marked answers, from the lowest mark to the highest; one in four is held out.

    Their range is the mark, give or take a tenth; their verdicts are what the grader finds.
    Answers that can't be graded are left out.
    """
    chosen = chosen_of(marked)
    grades = grader.grade_many([m.text for m in chosen], question)
    pairs = [(m, g) for m, g in zip(chosen, grades, strict=True) if not isinstance(g, Failure)]
    held_out = _held_out(len(pairs))
    return [
        _of_mark(n, m, grade, holdout=n in held_out) for n, (m, grade) in enumerate(pairs, start=1)
    ]


def chosen_of(marked: Sequence[MarkedAnswer]) -> list[MarkedAnswer]:
    """Those of marked answers that become examples, by their marks."""
    return _spread(sorted(marked, key=lambda m: (m.mark, m.row)))


def _of_mark(number: int, marked: MarkedAnswer, grade: Grade, *, holdout: bool) -> Example:
    kind: ExampleKind = "strong" if marked.mark >= _STRONG else "half"
    row = f"Row {marked.row}. " if marked.row else ""
    return Example(
        id=f"marked-{number}",
        kind=kind if marked.mark >= _HALF else "vague",
        holdout=holdout,
        answer=marked.text,
        verdicts={k.id: k.verdict for k in grade.key_points},
        misconceptions=tuple(m.id for m in grade.asserted),
        score=_range(marked.mark),
        note=f"{row}Marked {marked.mark:.2f}. {_VERDICTS} {_KIND}",
    )


def examples_made_of(rubric: Rubric, reference: str) -> list[Example]:
    """Examples made of a rubric and its reference, each answer once; one in four is held out."""
    distinct = {fold(made.answer): made for made in reversed(list(_made_of(rubric, reference)))}
    made = list(reversed(distinct.values()))
    held_out = _held_out(len(made))
    numbers: dict[str, int] = {}
    examples = []
    for n, one in enumerate(made, start=1):
        numbers[one.kind] = numbers.get(one.kind, 0) + 1
        id_ = f"{one.kind.replace('_', '-')}-{numbers[one.kind]}"
        examples.append(_example(rubric, one, id_, holdout=n in held_out))
    return examples


def _made_of(rubric: Rubric, reference: str) -> Iterator[_Made]:
    points = rubric.key_points
    everything = frozenset(k.id for k in points)
    yield _Made("strong", reference, everything)
    yield _Made("strong", _joined(k.claim for k in points), everything)
    if all(k.also_accept for k in points):
        yield _Made("strong", _joined(k.also_accept[0] for k in points), everything)
    yield _Made("verbose", f"{EMPTY_HANDED} {reference}", everything)
    middle = len(points) // 2
    for half in (points[:middle], points[middle:], points[::2]) if middle else ():
        yield _Made("half", _joined(k.claim for k in half), frozenset(k.id for k in half))
    yield _Made("vague", EMPTY_HANDED)
    yield _Made("off_topic", OFF_THE_POINT)
    terms = _terms(k.claim for k in points)
    if terms:
        yield _Made("keyword_list", ", ".join(terms))
    wrong = rubric.misconceptions
    if wrong:
        ids = tuple(m.id for m in wrong)
        yield _Made("source_error", _joined(m.claim for m in wrong), asserted=ids)


def _example(rubric: Rubric, made: _Made, id_: str, *, holdout: bool) -> Example:
    verdicts: dict[str, Verdict] = {
        k.id: "covered" if k.id in made.covered else "missing" for k in rubric.key_points
    }
    example = Example(
        id=id_,
        kind=made.kind,
        holdout=holdout,
        answer=made.answer,
        verdicts=verdicts,
        misconceptions=made.asserted,
        score=(0, 1),
        note="Made of the rubric: put a real answer in its place when there is one.",
    )
    return example.model_copy(update={"score": _range(example_score(rubric, example))})


def _range(score: float) -> tuple[float, float]:
    return round(max(0.0, score - _AROUND), 2), round(min(1.0, score + _AROUND), 2)


def _held_out(number: int) -> set[int]:
    """One in four, evenly spread, counted from 1."""
    wanted = round(number / _HELD_OUT)
    return {(i + 1) * number // wanted for i in range(wanted)}


def _spread(marked: Sequence[MarkedAnswer]) -> list[MarkedAnswer]:
    if len(marked) <= MOST:
        return list(marked)
    return [marked[i * (len(marked) - 1) // (MOST - 1)] for i in range(MOST)]


def _joined(texts: Iterable[str]) -> str:
    return " ".join(text.rstrip(". ") + "." for text in texts)


def _terms(texts: Iterable[str]) -> list[str]:
    found = (w for text in texts for w in words(text) if w.lower() not in FUNCTION_WORDS)
    return list(dict.fromkeys(found))
