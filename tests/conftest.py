"""Shared parts of the tests. Nothing here may reach beyond loopback."""

import ipaddress
import os
import socket
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TERM", "dumb")

from grader.grading import Grader
from grader.settings import Settings

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Any connection to another host than this one is an error."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"a test tried to reach {host}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch, tmp_path):
    """No setting leaks in from the environment or a grader.toml above."""
    for name in list(os.environ):
        if name.startswith("GRADER_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def grader():
    """A grader with everything bundled, shared by all tests: it is immutable in use."""
    return Grader(Settings())


ENTRY = """\
id: tea
prompt: How is black tea made?
aliases: [black tea]
topic: kitchen
level: junior
sources:
  - id: "book:1"
    where: A cook book, page 1
    claims:
      - Tea is boiled for an hour.
      - Milk is optional.
references:
  - Pour boiling water over the leaves, let them steep for three minutes, then take them out.
"""

RUBRIC = """\
question: tea
version: 1
key_points:
  - id: boiling-water
    points: 2
    claim: Boiling water is poured over the tea leaves.
    also_accept: [The leaves are covered with water at 100 degrees.]
  - id: steep
    points: 1
    claim: The leaves steep for a few minutes.
misconceptions:
  - id: boil-long
    claim: Tea must be boiled for an hour.
    cost: 1
    correction: It steeps for three minutes.
    why: Long boiling makes it bitter.
    authority: ISO 3103
corrections:
  - id: not-an-hour
    source: "book:1"
    claim: Tea is boiled for an hour.
    now: Tea steeps for three minutes.
    why: It turns bitter.
    authority: ISO 3103
    severity: 3
examples:
  - id: good
    kind: strong
    answer: Pour boiling water on the leaves and wait three minutes.
    verdicts: {boiling-water: covered, steep: covered}
    score: [0.9, 1.0]
"""


@pytest.fixture
def own_folders(tmp_path):
    """A user's bank and rubrics, with one question."""
    bank, rubrics = tmp_path / "my-bank", tmp_path / "my-rubrics"
    bank.mkdir()
    rubrics.mkdir()
    (bank / "tea.yaml").write_text(ENTRY)
    (rubrics / "tea.yaml").write_text(RUBRIC)
    return bank, rubrics
