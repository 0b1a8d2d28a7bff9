"""A report of many answers: its size, and how long a browser takes to open it.

    python -m benchmarks.report [--answers 10000]

The bank's examples are graded once and repeated under other names, as the answers of candidates
to the same five questions; opening is timed in headless Chromium from the navigation to the drawn
table.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from grader.graded_columns import grade_cells
from grader.grading import Grader
from grader.hiring.graded_table import read_graded_table
from grader.report.page import ranking_of, report_page
from grader.settings import Settings
from grader.tables.columns import ADDED

QUESTIONS = 5


def main() -> None:
    """Write a graded table, make the page, open it and print the figures."""
    parser = argparse.ArgumentParser(description="Size and speed of a report.")
    parser.add_argument("--answers", type=int, default=10_000)
    answers = parser.parse_args().answers
    with tempfile.TemporaryDirectory() as folder:
        table, page = Path(folder) / "graded.csv", Path(folder) / "report.html"
        write_table(table, answers)
        started = time.perf_counter()
        graded = read_graded_table(table, quoting=True)
        text = report_page(graded, "Report", ranking_of(graded))
        page.write_text(text, encoding="utf-8")
        made = time.perf_counter() - started
        print(f"{answers:,} answers: {page.stat().st_size / 1e6:.1f} MB, made in {made:.1f} s")
        print(f"opened in {open_in_browser(page):.2f} s")


def write_table(table: Path, answers: int) -> None:
    """Repeat the grades of some examples until there are enough rows."""
    grader = Grader(Settings())
    slugs = grader.catalog.slugs()[:QUESTIONS]
    examples = {slug: grader.catalog.load(slug)[1].examples for slug in slugs}
    asked = [(one.answer, grader.question(slug)) for slug in slugs for one in examples[slug]]
    grades = iter(grader.grade_all(asked))
    rows = {slug: [(one.answer, next(grades)) for one in examples[slug]] for slug in slugs}
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, ["candidate", "question_id", "answer", *ADDED])
        writer.writeheader()
        for n in range(answers):
            person, slug = n // QUESTIONS, slugs[n % QUESTIONS]
            text, grade = rows[slug][person % len(rows[slug])]
            own = {"candidate": f"candidate {person}", "question_id": slug, "answer": text}
            writer.writerow({**own, **grade_cells(grade)})


def open_in_browser(page: Path) -> float:
    """Seconds until the table of answers stands."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        tab = browser.new_page()
        started = time.perf_counter()
        tab.goto(page.as_uri())
        tab.locator("#answers tbody tr").first.wait_for()
        seconds = time.perf_counter() - started
        browser.close()
    return seconds


if __name__ == "__main__":
    main()
