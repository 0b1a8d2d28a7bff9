"""The command as a user runs it: a real process."""

import os
import subprocess
import sys

from tests.support.own_bank import ROOT

GRADE = [sys.executable, "-c", "from grader.cli.main import run; run()"]

EXAMPLE = str(ROOT / "examples" / "vanishing-gradient.txt")

ANSWER = "While training, each unit is set to zero at random with some probability p."


def grade(*args, stdin=None, env=None, encoding="utf-8"):
    return subprocess.run(
        [*GRADE, *map(str, args)],
        input=stdin,
        capture_output=True,
        encoding=encoding,
        env={**os.environ, **(env or {})},
        timeout=120,
        check=False,
    )


def refused(done, *texts):
    """One clear line on standard error, exit 2, nothing on standard output."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    for text in texts:
        assert text in lines[0]
