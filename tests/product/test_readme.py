"""Every block of the README, and of the page that leads from a form to a decision, is run."""

import doctest
import importlib.util
import re

import pytest

from tests.support.own_bank import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def refreshed(text):
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "docs" / "refresh_readme.py")
    refresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(refresh)
    return refresh.refreshed(text)


@pytest.mark.newest
def test_every_command_prints_what_the_readme_shows():
    assert refreshed(README) == README, "run: python docs/refresh_readme.py"


@pytest.mark.newest
@pytest.mark.slow
def test_every_command_prints_what_the_way_to_a_decision_shows():
    page = (ROOT / "docs" / "hiring.md").read_text(encoding="utf-8")
    assert refreshed(page) == page, "run: python docs/refresh_readme.py docs/hiring.md"


def test_the_library_example_is_true():
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    for block in blocks:
        example = doctest.DocTestParser().get_doctest(block, {}, "README", None, 0)
        result = doctest.DocTestRunner().run(example)
        assert result.attempted > 0
        assert result.failed == 0


def test_the_installation_commands_are_those_that_ci_runs():
    installs = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert len(installs) == 2
    assert [block for block in installs if f"\n{block}" not in ci] == []


def test_there_is_no_other_kind_of_block():
    kinds = re.findall(r"^```(\w+)$", README, re.MULTILINE)
    assert set(kinds) <= {"bash", "console", "python"}
