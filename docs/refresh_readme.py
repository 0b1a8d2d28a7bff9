"""Run every ``$`` command of a page and write its output below it.

    python docs/refresh_readme.py                  the README and docs/hiring.md
    python docs/refresh_readme.py docs/hiring.md   this page alone

``tests/product/test_readme.py`` holds both to what this would write.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/hiring.md")
# How far a run has come, which depends on the machine.
_PROGRESS = re.compile(r"(reading|grading|writing): ")
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def refreshed(text: str) -> str:
    """A page's text with the present output below each command."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(ROOT / "examples", Path(scratch) / "examples")
        binary = Path(scratch) / "bin"
        binary.mkdir()
        for name, code in (("grade", '-m grader "$@"'), ("python", '"$@"')):
            (binary / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {code}\n')
            (binary / name).chmod(0o755)
        return _BLOCK.sub(lambda m: f"```console\n{_run_all(m[1], Path(scratch))}```", text)


def _run_all(block: str, folder: Path) -> str:
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    return "\n".join(f"{c}\n{_run(c.removeprefix('$ '), folder)}" for c in commands)


def _run(command: str, folder: Path) -> str:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": "96", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    lines = [line.rstrip() for line in done.stdout.splitlines() if not _PROGRESS.match(line)]
    return "".join(f"{line}\n" for line in lines)


def main(pages: list[str]) -> None:
    """Rewrite the pages in place."""
    for page in pages or PAGES:
        file = ROOT / page
        file.write_text(refreshed(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
