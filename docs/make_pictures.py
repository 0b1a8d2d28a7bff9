"""Write docs/images: the report on examples/interview.csv, as a browser shows it.

python docs/make_pictures.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
SIZE = {"width": 1000, "height": 720}


def main() -> None:
    """Grade, report, and take two pictures."""
    with tempfile.TemporaryDirectory() as folder:
        graded, page = Path(folder) / "graded.csv", Path(folder) / "report.html"
        grade("batch", ROOT / "examples" / "interview.csv", "-o", graded)
        grade("report", graded, "-o", page)
        take_pictures(page)


def grade(*args: str | Path) -> None:
    """Run a command of grader."""
    subprocess.run([sys.executable, "-m", "grader", *args], check=True)


def take_pictures(file: Path) -> None:
    """The head of the page in a light browser, one opened answer in a dark one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=SIZE)
        page.goto(file.as_uri())
        page.screenshot(path=IMAGES / "report-questions.png")
        page.emulate_media(color_scheme="dark")
        page.get_by_label("Words in name or answer").fill("jo random error")
        page.locator("#answers tbody th button").first.click()
        page.locator("#answers").evaluate("e => e.scrollIntoView()")
        page.screenshot(path=IMAGES / "report-answers.png")
        browser.close()


if __name__ == "__main__":
    main()
