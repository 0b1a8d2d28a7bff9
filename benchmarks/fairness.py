"""How far the grade of a right answer moves when only the way of speaking does.

    python -m benchmarks.fairness [--answers N]

Right answers are the bank's model answers and the examples that its rubrics call strong, spread
evenly over the questions. Each is graded as it stands and in clumsy English, in dialect spelling,
in the other spelling of English, dictated, and as told by two people of other names and pronouns
(``grader/hiring/rewriting.py``). ``size`` is the mean of the change, whichever way it goes; the
goal is .03 at most.
"""

from __future__ import annotations

import argparse

from grader.grading import Grader
from grader.hiring.speech import move_speech
from grader.settings import Settings

GOAL = 0.03


def main() -> None:
    """Grade and print."""
    parser = argparse.ArgumentParser(description="Moves by the way of speaking.")
    parser.add_argument("--answers", type=int, default=20, help="right answers to say otherwise")
    args = parser.parse_args()
    movement = move_speech(Grader(Settings()), args.answers)
    print(f"{'way of speaking':28}{'n':>5}{'change':>9}{'size':>8}{'largest':>9}{'turned':>8}")
    for way in movement.ways:
        print(
            f"{way.way:28}{way.answers:5}{way.mean_change:+9.3f}{way.mean_size:8.3f}"
            f"{way.largest.change:+9.2f}{way.turned:8}"
        )
    met = "met" if movement.mean_size <= GOAL else "not met"
    print(f"{'all':28}{len(movement.moves):5}{'':9}{movement.mean_size:8.3f}   goal {GOAL}: {met}")


if __name__ == "__main__":
    main()
