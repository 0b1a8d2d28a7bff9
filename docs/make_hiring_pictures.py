"""Write the pictures of docs/hiring.md: the report, a candidate's page and the audit, in a browser.

python docs/make_hiring_pictures.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
EXAMPLE = ROOT / "examples" / "hiring"


def main() -> None:
    """Go the way of the page, and take its pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_pages(folder)
        take_pictures(folder)


def make_pages(folder: Path) -> None:
    """What docs/hiring.md makes."""
    graded, settled, read = (folder / f"{n}.csv" for n in ("graded", "settled", "read"))
    ranking, decided = folder / "ranking.csv", folder / "decided.csv"
    grade("batch", EXAMPLE / "answers.csv", "-o", graded)
    title = ("--title", "Junior engineer, November")
    grade("report", graded, "-o", folder / "report.html", "--blank", "zero", *title)
    run(EXAMPLE / "type_marks.py", graded, EXAMPLE / "marks.csv", settled)
    run(EXAMPLE / "type_marks.py", graded, EXAMPLE / "marks.csv", read, "--all")
    grade("candidates", read, "-o", ranking, "--blank", "zero")
    run(EXAMPLE / "invite.py", read, ranking, "10", decided)
    grade("feedback", settled, "-o", folder / "feedback")
    groups = ("--group", "Sex", "--group", "Ethnicity", "--selected", "Invited")
    grade("fairness", decided, *groups, "-o", folder / "audit.html")


def grade(*args: str | Path) -> None:
    """Run a command of grader."""
    run("-m", "grader", *args)


def run(*args: str | Path) -> None:
    """Run Python."""
    subprocess.run([sys.executable, *args], check=True)


def take_pictures(folder: Path) -> None:
    """Four of them, in a light browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1000, "height": 860})
        page.goto((folder / "report.html").as_uri())
        shoot(page, "hiring-report")
        page.get_by_label("Words in name or answer").fill("xavier precision fraction")
        page.locator("#answers tbody th button").first.click()
        scroll_to(page, "#answers")
        shoot(page, "hiring-answer")
        page.goto((folder / "feedback" / "zainab-ali-example-org.html").as_uri())
        scroll_to(page, "h2 >> nth=1")
        shoot(page, "hiring-feedback")
        page.goto((folder / "audit.html").as_uri())
        scroll_to(page, "h2:has-text('Selection rates')")
        shoot(page, "hiring-audit")
        browser.close()


def scroll_to(page: Page, selector: str) -> None:
    """Have the window begin there."""
    page.locator(selector).evaluate("e => e.scrollIntoView()")


def shoot(page: Page, name: str) -> None:
    """What the window shows."""
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
