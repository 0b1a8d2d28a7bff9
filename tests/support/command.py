"""The command as a user runs it: a real process."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support import forked
from tests.support.own_bank import ROOT

GRADE = [sys.executable, "-c", "from grader.cli.main import run; run()"]

EXAMPLE = str(ROOT / "examples" / "vanishing-gradient.txt")

ANSWER = "While training, each unit is set to zero at random with some probability p."


READ_AT_THE_START = ("PYTHON", "LC_", "LANG", "TERM", "COLUMNS", "NO_COLOR", "FORCE_COLOR")
"""By Python and by what draws on terminals."""


def grade(*args, stdin=None, env=None, encoding="utf-8"):
    """The command with these arguments, to its end."""
    given, env = list(map(str, args)), env or {}
    if any(name.startswith(READ_AT_THE_START) for name in env):
        return subprocess.run(
            [*GRADE, *given],
            input=stdin,
            capture_output=True,
            encoding=encoding,
            env={**os.environ, **env},
            timeout=forked.TIMEOUT,
            check=False,
        )
    said = (stdin or "").encode(encoding)
    code, out, err = forked.run(given, str(Path.cwd()), {**os.environ, **env}, said)
    return subprocess.CompletedProcess(given, code, out.decode(encoding), err.decode(encoding))


def refused(done, *texts):
    """One clear line on standard error, exit 2, nothing on standard output."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    for text in texts:
        assert text in lines[0]
