"""What the recorded judge is worth: agreement, requests for review, and the price of fewer calls.

    python -m benchmarks.judgements.measure [--grades FILE]

Grades the recorded answers offline (``--grades`` keeps these grades for the next time), adds the
recorded judgements as a run with ``--llm`` would, and prints by side of the record:

- how well the offline and the judged scores agree with the answers' labels;
- grades that are wrong, off by a quarter of the scale or passed or failed wrongly; how many ask
  for a person, and how many of the wrong ones do. Answers that are not sent, such as lists of
  terms, keep the offline rule and are counted apart;
- the same for ``--llm-below``: the judge is asked only where the offline grade is less sure.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from benchmarks.judgements.record import MODEL, Judgement, Labelled, labelled, recorded
from grader.engine.assembly import Measure
from grader.engine.confidence import load_doubt
from grader.grading import Grader
from grader.judge import prompt
from grader.judge.fusion import fuse
from grader.judge.judge import Case
from grader.judge.review import load_rule
from grader.judge.sending import Sending
from grader.records import Grade, JudgeReport, Question, Vote
from grader.settings import Settings

BELOW = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0)
MEASURE = Measure(review_below=Settings().review_below, doubt=load_doubt())


@dataclass(frozen=True, slots=True)
class Judged:
    """A recorded answer with its labels, its offline grade and what the judge said."""

    question: Question
    answer: Labelled
    side: str
    marked: float
    """The score of the answer's own labels."""
    offline: Grade
    votes: tuple[Vote, ...]
    held: str
    """Why it would not be sent; empty where it would."""

    @property
    def report(self) -> JudgeReport:
        """What a run with the recorded judge reports."""
        return JudgeReport(
            status="not_sent" if self.held else "judged",
            reason=self.held,
            models=(MODEL,),
            prompt=prompt.VERSION,
            runs=1,
            seed=Settings().llm_seed,
            temperature=0.0,
            votes=() if self.held else self.votes,
        )

    def is_wrong(self, grade: Grade, off_by: float) -> bool:
        """Whether a grade is off by so much, or passes or fails wrongly."""
        passes = self.marked >= self.question.scale.pass_score
        return abs(grade.score - self.marked) >= off_by or grade.passed != passes


def judged(grader: Grader) -> Iterator[Judged]:
    """The record beside the offline grades, in its order.

    Judgements of a rubric that has other points by now are left out.
    """
    sending = Sending(Settings(), (MODEL,), "")
    for slug, group in groupby(recorded(), key=lambda judgement: judgement.question):
        question = grader.question(slug)
        answers = labelled(grader.catalog, slug)
        judgements = [j for j in group if _fits(j, question)]
        grades = grader.grade_many([answers[j.answer].text for j in judgements], question)
        for judgement, grade in zip(judgements, grades, strict=True):
            assert isinstance(grade, Grade)
            answer = answers[judgement.answer]
            yield Judged(
                question,
                answer,
                judgement.side,
                answer.score(question),
                grade,
                judgement.votes(question, answer.text),
                sending.why_held(Case(answer.text, question, grade.flags)),
            )


def _fits(judgement: Judgement, question: Question) -> bool:
    points = {p.id for p in (*question.key_points, *question.misconceptions)}
    return points == set(judgement.ids.values())


def kept(file: Path | None) -> list[Judged]:
    """The same, from a file if it is there; else it is made, and kept in the file if one is named.

    The file is read as a pickle: only name one of your own.
    """
    if file and file.exists():
        found: list[Judged] = pickle.loads(file.read_bytes())  # noqa: S301
        return found
    made = list(judged(Grader(Settings())))
    if file:
        file.write_bytes(pickle.dumps(made))
    return made


# ── tables ──────────────────────────────────────────────────────────────────


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grades", type=Path, help="where the offline grades are kept")
    cases = kept(parser.parse_args().grades)
    for side in ("fit", "holdout"):
        part = [case for case in cases if case.side == side]
        print(f"\n{side}: {len(part)} answers, {sum(not c.held for c in part)} of them sent")
        print_agreement(part)
        print_review(part)
        print_curve(part)


def graded(case: Judged, *, below: float = 1.0) -> Grade:
    """The grade of a run with ``--llm``, or with ``--llm-below``."""
    if case.offline.confidence >= below and below < 1:
        return case.offline
    return fuse(case.offline, case.question, case.report, MEASURE)


def agreement(cases: Sequence[Judged], grades: Sequence[Grade]) -> tuple[float, float]:
    """Pearson's r and the root mean square error of scores beside the labels."""
    marked, given = np.array([c.marked for c in cases]), np.array([g.score for g in grades])
    rmse = float(np.sqrt(((marked - given) ** 2).mean()))
    return float(np.corrcoef(marked, given)[0, 1]), rmse


def print_agreement(cases: Sequence[Judged]) -> None:
    off_by = load_rule().off_by
    print(f"{'':10}{'r':>7}{'RMSE':>7}{'wrong':>7}")
    for name, grades in (
        ("offline", [c.offline for c in cases]),
        ("judged", [graded(c) for c in cases]),
    ):
        r, rmse = agreement(cases, grades)
        wrong = sum(c.is_wrong(g, off_by) for c, g in zip(cases, grades, strict=True))
        print(f"{name:10}{r:7.3f}{rmse:7.3f}{wrong:7}")


def print_review(cases: Sequence[Judged]) -> None:
    off_by = load_rule().off_by
    for name, part in (
        ("sent", [c for c in cases if not c.held]),
        ("sent, no question of one's own experience", [c for c in cases if _is_plain(c)]),
        ("not sent", [c for c in cases if c.held]),
    ):
        grades = [graded(c) for c in part]
        asking = sum(g.needs_review for g in grades)
        wrong = [g for c, g in zip(part, grades, strict=True) if c.is_wrong(g, off_by)]
        print(
            f"{name}: {asking} of {len(part)} ask for a person ({asking / max(1, len(part)):.0%}); "
            f"{len(wrong)} wrong, {sum(g.needs_review for g in wrong)} of them ask"
        )


def _is_plain(case: Judged) -> bool:
    return not case.held and not case.question.open_ended


def print_curve(cases: Sequence[Judged]) -> None:
    off_by = load_rule().off_by
    print(
        f"{'below':>6}{'calls':>7}{'r':>7}{'RMSE':>7}{'wrong':>7}{'asking':>8}{'wrong unasked':>15}"
    )
    for below in (0.0, *BELOW):
        grades = [graded(c, below=below) for c in cases]
        calls = sum(not c.held and (below == 1 or c.offline.confidence < below) for c in cases)
        r, rmse = agreement(cases, grades)
        wrong = [g for c, g in zip(cases, grades, strict=True) if c.is_wrong(g, off_by)]
        print(
            f"{below:6.2f}{calls / len(cases):7.0%}{r:7.3f}{rmse:7.3f}{len(wrong):7}"
            f"{sum(g.needs_review for g in grades) / len(cases):8.0%}"
            f"{sum(not g.needs_review for g in wrong):15}"
        )


if __name__ == "__main__":
    main()
