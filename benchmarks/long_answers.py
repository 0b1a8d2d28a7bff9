"""Whether an answer is read as well where it stands among answers to other questions.

    python -m benchmarks.long_answers [--answers 200]

Answers of ``dev-fields`` (``benchmarks.marked_answers``), drawn by seed, alone and with two others,
to other questions, before, around or behind them: about 200 words. What is said of the others'
subjects changes no verdict.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from benchmarks.marked_answers import Marked, cases
from grader.grading import Grader
from grader.settings import Settings

SEED = 1


def among_others(marked: Sequence[Marked], answers: int) -> Iterator[tuple[Marked, str]]:
    """Drawn answers, each with the text in which it stands among two others."""
    chance = random.Random(SEED)
    for case in chance.sample(marked, answers):
        others = [m for m in marked if m.question.id != case.question.id]
        texts = [m.answer.text for m in chance.sample(others, 2)]
        texts.insert(chance.randrange(3), case.answer.text)
        yield case, " ".join(t if t[-1] in ".!?" else f"{t}." for t in texts)


def line(name: str, grader: Grader, given: Iterable[tuple[Marked, str]]) -> str:
    """The share of verdicts that are right, and of covered points that are called contradicted."""
    pairs = Counter(
        (case.verdicts[k.id], k.verdict)
        for case, text in given
        for k in grader.grade(text, case.question).key_points
    )
    right = sum(n for (true, said), n in pairs.items() if true == said) / pairs.total()
    covered = sum(n for (true, _), n in pairs.items() if true == "covered")
    turned = pairs["covered", "contradicted"] / covered
    return f"{name}: {right:.3f} of {pairs.total()} verdicts right, {turned:.3f} of {covered} "


def main() -> None:
    """Print a line for the answers alone and one for the same among others."""
    parser = argparse.ArgumentParser(description="Answers alone and among others.")
    parser.add_argument("--answers", type=int, default=200)
    args = parser.parse_args()
    grader = Grader(Settings())
    given = list(among_others(cases(grader, "dev-fields"), args.answers))
    said = "covered points called contradicted"
    print(line("alone", grader, ((case, case.answer.text) for case, _ in given)) + said)
    print(line("among others", grader, given) + said)


if __name__ == "__main__":
    main()
