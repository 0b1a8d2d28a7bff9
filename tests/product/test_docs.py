"""The tables of the documentation say what the code says, and its examples are true."""

import dataclasses
import doctest
import re

from grader.authoring.new_question import KINDS
from grader.bank.catalog import Catalog
from grader.bank.records import BankEntry, Correction, Example, Rubric, Source
from grader.batch.ledger import Plan
from grader.batch.runner import Progress
from grader.batch.summary import Missed, QuestionSummary, Summary
from grader.engine.feedback import FLAGS
from grader.errors import InputError, JudgeError
from grader.records import KeyPoint, Misconception, Scale
from grader.settings import Settings
from grader.tables.columns import ADDED
from tests.support.own_bank import ROOT


def page(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def rows_below(text, head):
    """The cells of each row of the table whose head begins so."""
    head = re.escape(f"| {head} |")
    (table,) = re.findall(rf"^{head}.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    return [[c.strip() for c in re.split(r"(?<!\\)\|", r)[1:-1]] for r in table.splitlines()]


def names_in(text):
    return set(re.findall(r"`(\w+)`", text))


def fields_of(*records):
    return {field.name for record in records for field in dataclasses.fields(record)}


def test_every_added_column_is_told_in_its_order():
    assert tuple(name.strip("`") for name, _ in rows_below(page("batch.md"), "column")) == ADDED


def test_every_flag_is_told_in_its_own_words():
    told = {name.strip("`"): phrase for name, phrase in rows_below(page("batch.md"), "flag")}
    assert told == FLAGS


def test_every_key_of_a_runs_progress_is_told():
    events = rows_below(page("batch.md"), "`event`")
    told = {event.split("`")[1]: names_in(keys) for event, keys in events}
    told["progress"] -= {"reading", "grading", "writing"}
    assert told["progress"] == fields_of(Progress) | {"per_second", "seconds_left", "cost"}
    assert told["plan"] == fields_of(Plan)
    assert told["note"] == {"text"}
    assert told["summary"] == fields_of(Summary, QuestionSummary, Missed) | {"output"}


def test_the_questions_that_always_ask_for_a_person_are_named():
    catalog = Catalog.from_settings(Settings())
    asking = [slug for slug in catalog.slugs() if catalog.load(slug)[1].open_ended]
    assert len(asking) == 3
    assert set(asking) <= set(re.findall(r"`([\w-]+)`", page("batch.md")))


def test_every_key_of_an_entry_and_a_rubric_is_told():
    text = page("rubrics.md")
    records = (BankEntry, Source, Rubric, Scale, KeyPoint, Misconception, Correction, Example)
    assert {key for record in records for key in record.model_fields} - names_in(text) == set()
    kinds = {name.strip("`"): what for name, what in rows_below(text, "`kind` of an example")}
    assert kinds == KINDS


def test_every_setting_is_told_with_its_default_and_its_option():
    *rows, (judge, *_) = rows_below(page("settings.md"), "setting")
    own = {f.name: f.default for f in dataclasses.fields(Settings) if f.name[:4] != "llm_"}
    assert [name.strip("`") for name, *_ in rows] == list(own)
    assert judge == "`llm_…`"
    for name, default, option, _ in rows:
        value = own[name.strip("`")]
        if value not in {None, ""}:
            assert default.strip("`") == str(value)
        command_line = f"  --{name.strip('`').replace('_', '-')} "
        assert bool(option) == (command_line in page("cli.md")), name


def test_the_errors_that_programs_meet_are_told():
    told = names_in(page("library.md"))
    assert {kind.__name__ for kind in InputError.__subclasses__()} <= told
    assert JudgeError.__name__ in told


def test_the_examples_of_the_library_are_true():
    blocks = re.findall(r"```python\n(.*?)```", page("library.md"), re.DOTALL)
    example = doctest.DocTestParser().get_doctest("".join(blocks), {}, "library", None, 0)
    result = doctest.DocTestRunner().run(example)
    assert result.attempted > 0
    assert result.failed == 0
