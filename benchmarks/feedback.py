"""How many of the verdicts that candidates are told hold, on the holdout.

    python -m benchmarks.feedback

Nothing was trained, fitted or tuned on examples marked ``holdout``; ``training.fit_feedback``
says what a verdict must reach to be told.
"""

from __future__ import annotations

from collections.abc import Iterable

from grader.authoring.examples import run_trials
from grader.grading import Grader
from grader.hiring.feedback.bar import Bar, load_bar
from grader.settings import Settings
from training.fit_feedback import Told, told


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
    trials = run_trials(grader, grader.catalog.slugs(), holdout=True)
    print("\n".join(table((one for trial in trials for one in told(trial)), load_bar())))


if __name__ == "__main__":
    main()
