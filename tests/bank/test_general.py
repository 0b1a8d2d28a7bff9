"""The second bank: whole, honest about its holdout, and none of the fields kept for a test."""

import csv
import json

from grader.authoring.lint import lint
from grader.bank.catalog import Catalog
from grader.grading import Grader
from grader.settings import Settings
from tests.support.command import grade, refused
from tests.support.own_bank import ROOT
from training.answers.marked import HERE, FieldRubric, names, read, squeezed

CATALOG = Catalog.from_settings(Settings(bank="general"))
FIELDS = HERE / "fields"


def test_there_is_nothing_to_mend():
    assert [str(finding) for finding in lint(CATALOG, CATALOG.slugs())] == []


def test_every_question_has_its_rubric_and_every_rubric_its_question():
    rubrics = {file.stem for file in (ROOT / "rubrics" / "general").glob("*.yaml")}
    assert rubrics == set(CATALOG.slugs())


def test_no_question_is_of_a_field_that_is_kept_for_the_test_of_fields_never_seen():
    topics = {summary.topic for summary in CATALOG.summaries()}
    assert topics <= {folder.name for folder in FIELDS.iterdir() if folder.is_dir()}
    assert not topics & names(FIELDS / "held-out.txt")


def test_what_is_marked_holdout_is_none_of_the_answers_that_training_reads():
    taught = {
        squeezed(answer.text)
        for file in FIELDS.glob("*/*.yaml")
        for answer in read(file, FieldRubric).answers
    }
    for slug in CATALOG.slugs():
        for example in CATALOG.load(slug)[1].examples:
            known = squeezed(example.answer) in taught
            assert known != example.holdout, f"{slug}/{example.id}"


def test_nothing_is_left_to_be_written():
    for folder in ("bank", "rubrics"):
        for file in (ROOT / folder / "general").iterdir():
            assert "TODO" not in file.read_text(encoding="utf-8"), file


def test_the_option_chooses_it_in_every_command(tmp_path):
    rows = tmp_path / "in.csv"
    rows.write_text(
        "question_id,answer\n"
        "seasons,The axis of the Earth is tilted by 23.4 degrees. In summer the days are longer.\n"
        "dropout,It is.\n"
    )
    done = grade("batch", rows, "-o", tmp_path / "out.csv", "--bank", "general")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out.csv").open(encoding="utf-8") as stream:
        first, second = csv.DictReader(stream)
    assert float(first["grade_score"]) > 0
    assert "the bank 'deep-learning' has it" in second["grade_error"]
    listed = grade("bank", "list", "--bank", "general")
    assert "seasons" in listed.stdout
    assert "dropout" not in listed.stdout
    shown = grade("bank", "show", "seasons", "--diff", "--bank", "general")
    assert "nearer to it" in shown.stdout


def test_the_same_answer_has_the_same_grade_from_python_the_option_and_the_environment():
    text = "The axis is tilted by 23 degrees and the days are longer in summer."
    by_option = grade("--text", text, "--q", "seasons", "--bank", "general", "--json")
    environ = {"GRADER_BANK": "general"}
    assert by_option.stdout == grade("--text", text, "--q", "seasons", "--json", env=environ).stdout
    assert json.loads(by_option.stdout) == Grader(bank="general").grade(text, "seasons").to_dict()


def test_a_question_of_the_other_bank_says_where_it_is():
    refused(
        grade("--text", "It is the tilt.", "--q", "seasons"), "'general' has it", "--bank general"
    )


def test_nobody_writes_into_a_bundled_bank(tmp_path):
    done = grade("bank", "new", "tides", "--bank", "general", "--rubrics", tmp_path / "rubrics")
    refused(done, "name your own folders")
    assert list(tmp_path.iterdir()) == []
