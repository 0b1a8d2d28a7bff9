"""Write every generated file anew.

    python docs/regenerate.py [--pictures]

JSON Schemas, the bank's index and page, the reference of the command, the example sheet and
the printouts of the README and of docs/hiring.md; with ``--pictures`` also the pictures of the
docs, which need chromium.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
STEPS = (
    ("-c", "from grader.bank.schemas import write_schemas; write_schemas()"),
    ("-m", "grader", "bank", "index", "bank"),
    ("-m", "grader", "bank", "index", "bank/general"),
    ("-m", "grader", "bank", "page", "docs/bank.md"),
    ("-m", "grader", "bank", "page", "docs/bank-general.md", "--bank", "general"),
    ("docs/make_cli_reference.py",),
    ("docs/make_example_sheet.py",),
    ("docs/refresh_readme.py",),
)
PICTURES = (("docs/make_pictures.py",), ("docs/make_hiring_pictures.py",))


def main(arguments: list[str]) -> None:
    """Run the steps in order."""
    pictures = PICTURES if "--pictures" in arguments else ()
    for step in (*STEPS, *pictures):
        subprocess.run([sys.executable, *step], cwd=ROOT, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
