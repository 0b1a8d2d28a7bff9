"""Put people's marks into a graded table, as they would type them into a spreadsheet.

    python type_marks.py graded.csv marks.csv settled.csv

writes the mean of the marks over the score of every answer that grader asks a person to look at;
with ``--all`` of every answer, with ``--beside`` of none. A column ``mark`` has it in any case.
"""

from __future__ import annotations

import sys

import pandas as pd

ANSWER = ["Email Address", "question_id"]
PASS_MARK = 0.6


def main(graded: str, marks: str, output: str, option: str = "") -> None:
    """Write the graded table with the marks in it, and say what they changed."""
    table = pd.read_csv(graded, dtype=str, keep_default_na=False)
    read = pd.read_csv(marks).set_index(ANSWER)
    table = table.join(read.mean(axis="columns").rename("mark"), on=ANSWER)
    score, mark = pd.to_numeric(table["grade_score"]), table["mark"] / 10
    asked, marked = table["grade_needs_review"] == "True", table["mark"].notna()
    turned = marked & ((score >= PASS_MARK) != (mark >= PASS_MARK))
    failed = turned & (mark >= PASS_MARK)
    for name, some in (("asked for", marked & asked), ("not asked for", marked & ~asked)):
        print(
            f"{name}: {some.sum()} answers; people turn {(turned & some).sum()} of them, "
            f"{(failed & some).sum()} from no pass to pass"
        )
    typed = marked & {"": asked, "--all": marked, "--beside": ~marked}[option]
    table.loc[typed, "grade_score"] = mark[typed].round(4).astype(str)
    table.loc[typed, ["grade_points", "grade_confidence"]] = ""
    table.loc[typed, "grade_needs_review"] = "False"
    table.to_csv(output, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
