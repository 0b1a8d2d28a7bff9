"""Grades of whole answers whose every claim was marked by people, and of minimal pairs.

    python -m benchmarks.marked_answers SET

Sets: ``dev`` (answers to the bank's questions), ``dev-fields`` and ``dev-unseen`` (rubrics of
fields that were learnt, and that were not), never learnt from, for choosing and fitting;
``in-earnest`` (answers to the bank's questions as candidates give them, not written to mislead),
for choosing, and for fitting what comes after the verdicts; ``seen`` (a17 to a24 of the questions
that were learnt), ``unseen`` (all answers to the 16 questions that were not), ``fields`` (fields
never seen), ``pairs``, ``all-claims``. The last five are holdouts.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grader.bank.rubrics import seal
from grader.engine import scoring
from grader.engine.costs import points_off
from grader.engine.engine import Answer, Engine
from grader.grading import Grader
from grader.records import VERDICTS, Evidence, Grade, KeyPoint, Misconception, Question, Verdict
from grader.settings import Settings
from training.answers.marked import (
    DEV,
    HERE,
    HOLDOUT_FROM,
    FieldRubric,
    MarkedAnswer,
    MarkedQuestion,
    MinimalPairs,
    field_files,
    names,
    read,
)

MARGIN = 0.15
MISSING: Verdict = "missing"
SAID: tuple[Verdict, ...] = ("covered", "partial", "contradicted")
RIGHT_KINDS = ("strong", "short", "poor-english", "dictated", "formula", "denied")
WEIGHING = ("dev", "dev-fields", "dev-unseen")
FITTING = (*WEIGHING, "in-earnest")
SETS = (*FITTING, "seen", "unseen", "fields", "pairs", "all-claims")


@dataclass(frozen=True, slots=True)
class Marked:
    """An answer, its question and what people say of it."""

    question: Question
    answer: MarkedAnswer

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdict of every key point by id."""
        marks = self.answer
        given = dict.fromkeys((k.id for k in self.question.key_points), MISSING)
        for verdict in SAID:
            given |= dict.fromkeys(getattr(marks, verdict), verdict)
        return given

    @property
    def score(self) -> float:
        """What the marks add up to, by the rule of grading."""
        return score_by(self.question, self.verdicts, self.answer.stated)

    @property
    def passed(self) -> bool:
        """Whether that is enough."""
        return self.score >= self.question.scale.pass_score


def score_by(question: Question, verdicts: Mapping[str, Verdict], stated: Container[str]) -> float:
    """What verdicts add up to, by the rule of grading, 0 to 1.

    Args:
        question: with its key points.
        verdicts: of every key point by its id.
        stated: the ids of the misconceptions that an answer asserts.
    """
    said = [m for m in question.misconceptions if m.id in stated]
    excluded = {point for m in said for point in m.against}
    earned = sum(
        k.points * scoring.credit(verdicts[k.id], question.scale)
        for k in question.key_points
        if k.id not in excluded
    )
    most = question.max_points
    return max(0.0, min(most, earned) - sum(points_off(m.cost) for m in said)) / most


def field_question(rubric: FieldRubric) -> Question:
    """The question that a rubric of another field asks; each error costs a point."""
    question = Question(
        id=rubric.question,
        prompt=rubric.prompt,
        references=(),
        key_points=tuple(KeyPoint(**k.model_dump()) for k in rubric.key_points),
        misconceptions=tuple(
            Misconception(
                id=m.id,
                claim=m.claim,
                cost=1,
                correction=m.correction,
                why=m.correction,
                authority=m.authority or rubric.field,
                against=tuple(m.against),
            )
            for m in rubric.misconceptions
        ),
        digest="",
    )
    return seal(question)


def bank_cases(grader: Grader, *, unseen: bool, ids: range) -> Iterator[Marked]:
    """Answers to questions of the bank."""
    held = names(HERE / "bank" / "held-out.txt")
    for slug in grader.catalog.slugs():
        file = HERE / "bank" / f"{slug}.yaml"
        if file.exists() and (slug in held) == unseen:
            question = grader.question(slug)
            for answer in read(file, MarkedQuestion).answers:
                if int(answer.id[1:]) in ids:
                    yield Marked(question, answer)


def choosing_cases(grader: Grader) -> Iterator[Marked]:
    """Answers to questions of the bank that were written for choosing, with a16 of each."""
    yield from bank_cases(grader, unseen=False, ids=range(DEV, DEV + 1))
    yield from _further_cases(grader, "choosing")


def _further_cases(grader: Grader, folder: str) -> Iterator[Marked]:
    for file in sorted(HERE.glob(f"{folder}/*.yaml")):
        marked = read(file, MarkedQuestion)
        question = grader.question(marked.question)
        yield from (Marked(question, answer) for answer in marked.answers)


def field_cases(part: str) -> Iterator[Marked]:
    """Answers in other fields."""
    for file in field_files(part):
        rubric = read(file, FieldRubric)
        question = field_question(rubric)
        yield from (Marked(question, answer) for answer in rubric.answers)


def cases(grader: Grader, name: str) -> list[Marked]:
    """The answers of a set."""
    holdout = range(HOLDOUT_FROM, 25)
    found = {
        "dev": lambda: choosing_cases(grader),
        "in-earnest": lambda: _further_cases(grader, "in-earnest"),
        "dev-fields": lambda: field_cases("dev"),
        "dev-unseen": lambda: field_cases("dev unseen"),
        "seen": lambda: bank_cases(grader, unseen=False, ids=holdout),
        "unseen": lambda: bank_cases(grader, unseen=True, ids=range(1, 25)),
        "fields": lambda: field_cases("held out"),
    }
    return list(found[name]())


def fitting_cases(grader: Grader) -> list[Marked]:
    """All answers that may be fitted on."""
    return [case for name in FITTING for case in cases(grader, name)]


def measures(marked: Sequence[Marked], grades: Sequence[Grade]) -> dict[str, object]:
    """All figures of a set of whole answers."""
    due = np.array([m.score for m in marked])
    got = np.array([g.score for g in grades])
    table = np.zeros((4, 4), dtype=int)
    errors: Counter[tuple[bool, bool]] = Counter()
    quotes: Counter[bool] = Counter()
    for case, grade in zip(marked, grades, strict=True):
        for k in grade.key_points:
            true = case.verdicts[k.id]
            table[VERDICTS.index(true), VERDICTS.index(k.verdict)] += 1
            if k.verdict == true and k.evidence:
                quoted = getattr(case.answer, true)[k.id]
                quotes[overlaps(case.answer.text, k.evidence, quoted)] += 1
        for m in grade.misconceptions:
            errors[m.id in case.answer.stated, m.verdict == "asserted"] += 1
    f1 = 2 * table.diagonal() / np.maximum(1, table.sum(0) + table.sum(1))
    covered, contradicted = VERDICTS.index("covered"), VERDICTS.index("contradicted")
    wrong = [g.passed != m.passed for m, g in zip(marked, grades, strict=True)]
    caught = sum(w and g.needs_review for w, g in zip(wrong, grades, strict=True))
    return {
        "answers": len(marked),
        "r": round(float(np.corrcoef(due, got)[0, 1]), 3),
        "rmse": round(float(np.sqrt(((due - got) ** 2).mean())), 3),
        "verdicts right": round(table.diagonal().sum() / table.sum(), 3),
        "macro F1": round(float(f1.mean()), 3),
        "F1": dict(zip(VERDICTS, f1.round(3).tolist(), strict=True)),
        "contradicted found": _share(table[contradicted, contradicted], table[contradicted].sum()),
        "right called contradicted": _share(table[covered, contradicted], table[covered].sum()),
        "misconceptions found": _share(
            errors[True, True], errors[True, True] + errors[True, False]
        ),
        "misconceptions right": _share(
            errors[True, True], errors[True, True] + errors[False, True]
        ),
        "quotes overlap": _share(quotes[True], quotes.total()),
        "wrong pass decisions": sum(wrong),
        "review": _share(sum(g.needs_review for g in grades), len(grades)),
        "wrong decisions caught": _share(caught, sum(wrong)),
        "right answers pass, by kind": _by_kind(marked, grades, right=True),
        "wrong answers pass, by kind": _by_kind(marked, grades, right=False),
    }


def overlaps(text: str, evidence: Evidence, quoted: str | list[str]) -> bool:
    """Whether evidence shares a word's length with one of the marked quotes."""
    for quote in [quoted] if isinstance(quoted, str) else quoted:
        pattern = r"\s+".join(map(re.escape, quote.split()))
        for match in re.finditer(pattern, text):
            if min(match.end(), evidence.end) - max(match.start(), evidence.start) > 0:
                return True
    return False


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.3f})" if whole else "0 of 0"


def _by_kind(marked: Sequence[Marked], grades: Sequence[Grade], *, right: bool) -> dict[str, str]:
    """Of the answers that should pass (or should not), by kind, the share that does."""
    passed: dict[str, list[bool]] = {}
    for case, grade in zip(marked, grades, strict=True):
        if case.passed == right:
            passed.setdefault(case.answer.kind, []).append(grade.passed)
    return {kind: _share(sum(p), len(p)) for kind, p in sorted(passed.items())}


def print_pairs(grader: Grader, engine: Engine) -> None:
    """Whether the right one of a minimal pair is ahead by the margin and not accused."""
    told: Counter[tuple[bool, bool]] = Counter()
    for file in sorted(HERE.glob("pairs/*.yaml")):
        record = read(file, MinimalPairs)
        question = grader.question(record.question)
        for pair in record.pairs:
            right, wrong = engine.grade(
                [Answer(pair.right, question), Answer(pair.wrong, question)]
            )
            good = right.score >= wrong.score + MARGIN and not right.asserted
            told[pair.formula, good] += 1
    for formula in (False, True):
        n = told[formula, True] + told[formula, False]
        print("formulas" if formula else "words", _share(told[formula, True], n))


def print_all_claims(grader: Grader, engine: Engine) -> None:
    """How many questions are passed by all claims together with all misconceptions."""
    passed = []
    for slug in grader.catalog.slugs():
        question = grader.question(slug)
        if question.misconceptions:
            claims = [c.claim for c in (*question.key_points, *question.misconceptions)]
            [grade] = engine.grade([Answer(" ".join(claims), question)])
            passed.append(grade.passed)
    print("all claims and all misconceptions pass", _share(sum(passed), len(passed)))


def main() -> None:
    """Print the figures of a set."""
    parser = argparse.ArgumentParser(description="Grades against marked answers.")
    parser.add_argument("set", choices=SETS)
    args = parser.parse_args()
    settings = Settings()
    grader = Grader(settings)
    engine = Engine(settings)
    if args.set == "pairs":
        print_pairs(grader, engine)
    elif args.set == "all-claims":
        print_all_claims(grader, engine)
    else:
        marked = cases(grader, args.set)
        grades = [g for m in marked for g in engine.grade([Answer(m.answer.text, m.question)])]
        for name, value in measures(marked, grades).items():
            print(f"{name}: {value}")


if __name__ == "__main__":
    main()
