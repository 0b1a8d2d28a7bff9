"""Shared parts of the tests. Nothing here may reach beyond loopback."""

import ipaddress
import os
import shutil
import socket
import tempfile

import pytest
from hypothesis import HealthCheck, settings

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TERM", "dumb")

from grader.grading import Grader
from grader.settings import Settings
from tests.support import read_once
from tests.support.own_bank import ENTRY, RUBRIC

# Nothing is timed: the machine may be busy with something else.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


read_once.install()


def pytest_configure(config):
    """What texts mean to the networks is kept in one folder for all workers."""
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp()
        os.environ[read_once.FOLDER] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder))


@pytest.fixture
def read_anew(monkeypatch):
    """Nothing is kept from one text to the next."""
    monkeypatch.delenv(read_once.FOLDER)


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


@pytest.fixture
def own_folders(tmp_path):
    """A user's bank and rubrics, with one question."""
    bank, rubrics = tmp_path / "my-bank", tmp_path / "my-rubrics"
    bank.mkdir()
    rubrics.mkdir()
    (bank / "tea.yaml").write_text(ENTRY)
    (rubrics / "tea.yaml").write_text(RUBRIC)
    return bank, rubrics
