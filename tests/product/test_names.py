"""The package's name for installers is not that of its module: that one is a stranger's."""

import re
import shutil
import subprocess
import sys
import tomllib

import pytest

from grader.errors import DISTRIBUTION, EXTRAS, MissingExtraError
from tests.support.own_bank import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INSTALLS = re.compile(
    r"\b(?:pip[\d.]*|pipx|uvx?|poetry|pdm|rye|hatch|conda|mamba|easy_install)\s+"
    r"(?:(?:-\S+|--\S+|tool|pip)\s+)*(?:install|add|run|inject|download|wheel)?\s*(?P<rest>[^`|;&#)]*)"
)


def strangers(text):
    """What in a text has somebody install the stranger's ``grader``."""
    joined = re.sub(r"\\\n", " ", text)
    joined = re.sub(r"(\b(?:install|add)(?:\s+-\S+)*)\s*\n\s*", r"\1 ", joined)  # wrapped prose
    found = []
    for line in joined.splitlines():
        for command in INSTALLS.finditer(line):
            names = [
                re.split(r"[\[=<>~!@;,:]", w.strip("'\".,:"))[0] for w in command["rest"].split()
            ]
            found += [command[0] for name in names if name.lower() == "grader"]
    return found


@pytest.mark.parametrize(
    "command",
    [
        "pip install {}",
        "run  pip install '{}[xlsx]'  to use this",
        'python -m pip install -U "{}[ray]>=0.1"',
        "pip3 install --upgrade --quiet {}==0.1.0",
        "uv add {}",
        "uv pip install {}",
        "uv tool install {}",
        "uvx {} --help",
        "pipx install {}",
        "poetry add {}@latest",
        "conda install -c conda-forge {}",
        "pip install pandas {}",
        "`pip install\n{}` does it",
        "pip install \\\n  {}",
        "f\"pip install '{}[{{extra}}]'\"",
    ],
)
def test_every_way_to_install_the_stranger_is_seen(command):
    assert strangers(command.format("grader"))
    assert not strangers(command.format("answer-grader"))


def test_no_text_of_ours_tells_anybody_to_install_the_stranger():
    command = [shutil.which("git"), "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    assert ROOT / "README.md" in files
    found = {}
    for file in files:
        data = file.read_bytes() if file.is_file() else b""
        if b"\0" not in data and strangers(data.decode("utf-8", "replace")):
            found[file.name] = strangers(data.decode("utf-8", "replace"))
    assert found == {}


def test_the_distribution_is_named_once_and_the_dev_extra_refers_to_it():
    assert PROJECT["name"] == DISTRIBUTION == "answer-grader"
    assert PROJECT["scripts"] == {"grade": "grader.cli.main:run"}
    own = [r for r in PROJECT["optional-dependencies"]["dev"] if "grader" in r]
    assert [r.split("[")[0] for r in own] == [DISTRIBUTION]


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_missing_extra_names_a_command_that_works_wherever_grader_came_from(extra):
    """Packages of the index, not an extra of a package that is not there yet."""
    wanted = PROJECT["optional-dependencies"][extra]
    message = str(MissingExtraError("it", extra))
    command = message.partition("run: ")[2]
    assert re.findall(r'"([^"]+)"', command) == wanted
    assert command.startswith("pip install ")
    assert f"{DISTRIBUTION}[{extra}]" in message
    assert not strangers(message)


def test_every_extra_that_code_asks_for_is_known():
    sources = "".join(f.read_text(encoding="utf-8") for f in (ROOT / "grader").rglob("*.py"))
    asked = set(re.findall(r'MissingExtraError\([^()]*?"([\w-]+)"\)', sources))
    assert asked
    assert asked <= set(EXTRAS)


def test_the_module_and_the_command_keep_their_names():
    done = subprocess.run(
        [sys.executable, "-m", "grader", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("grade ")
