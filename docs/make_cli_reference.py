"""Write docs/cli.md: what every command prints for --help. A test holds it fresh.

python docs/make_cli_reference.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMANDS: list[list[str]] = [
    [],
    ["answer"],
    ["batch"],
    ["candidates"],
    ["feedback"],
    ["report"],
    ["fairness"],
    ["similar"],
    ["eval"],
    ["calibrate"],
    ["bank"],
]
COMMANDS += [
    ["bank", command]
    for command in (
        "list search show stats export page lint audit test index new import draft improve".split()
    )
]
COMMANDS += [["cache"], ["cache", "info"], ["cache", "clear"]]
RUN = "from grader.cli.main import run; run()"


def main() -> None:
    """Run every command with --help."""
    parts = ["# The command line\n"]
    for command in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-c", RUN, *command, "--help"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "COLUMNS": "88", "NO_COLOR": "1"},
        )
        title = " ".join(["grade", *command])
        parts.append(f"## {title}\n\n```text\n{done.stdout.strip()}\n```\n")
    (Path(__file__).parent / "cli.md").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
