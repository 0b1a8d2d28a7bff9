"""How many of the verdicts that candidates are told hold, on the holdout.

    python -m benchmarks.feedback

The answers are ``seen`` of ``benchmarks.marked_answers``: nothing was trained, fitted or tuned on
them; ``training.fit_feedback`` says what a verdict must reach to be told.
"""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.marked_answers import cases
from grader.grading import Grader
from grader.hiring.feedback.bar import Bar, load_bar
from grader.settings import Settings
from training.fit_feedback import Told, told
from training.fit_intervals import graded


def table(verdicts: Iterable[Told], bar: Bar) -> list[str]:
    """A line a kind of verdict: how many are told, and how many of those are right."""
    given = list(verdicts)
    lines = ["verdict         given   told  right of those"]
    for kind, lowest in bar.bars.items():
        own = [one for one in given if one.verdict == kind]
        kept = [one for one in own if lowest is not None and one.probability >= lowest]
        right = f"{sum(one.right for one in kept) / len(kept):.1%}" if kept else "–"
        lines.append(f"{kind:14} {len(own):6} {len(kept):6}  {right}")
    return lines


def main() -> None:
    grader = Grader(Settings())
    found = graded(grader, cases(grader, "seen"))
    given = (one for m, grade in found for one in told(grade, m.verdicts, m.answer.stated))
    print("\n".join(table(given, load_bar())))


if __name__ == "__main__":
    main()
