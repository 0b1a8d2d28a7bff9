"""What the report says beside its ranking, on the page and on standard error."""

import json
import re

import pytest

from grader.errors import TableError
from grader.hiring.feedback.bar import load_bar
from grader.hiring.graded_table import read_graded_table
from grader.report.page import notes_of, ranking_of, report_page
from tests.support.command import grade as command
from tests.support.command import refused
from tests.support.graded import grade, question, row, write

RELU = question("relu", 1, 2)
DROPOUT = question("dropout", 3, 4)
DEARER = question("relu", 2, 2)
BY_HAND = {"grade_score": "0.9", "grade_points": ""}
TWICE = [row("Ada", RELU, grade(RELU, "cc")), row("Ada", RELU, grade(RELU, "cm"), **BY_HAND)]
MIXED = [row("Ada", RELU, grade(RELU, "cc"), **BY_HAND), row("Ben", DEARER, grade(DEARER, "cc"))]
CHANGED = "marks changed by hand since grading count as they stand"


def table(folder, *rows):
    return read_graded_table(write(folder / "graded.csv", rows), quoting=True)


def answers(name, relu, dropout):
    return row(name, RELU, grade(RELU, relu)), row(name, DROPOUT, grade(DROPOUT, dropout))


def ranks(page):
    """The rank of each candidate on a page."""
    names = re.findall(r'data-candidate="([^"]*)"', page)
    return dict(zip(names, re.findall(r'data-label="Rank">([^<]*)<', page), strict=True))


# ── notes ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rows", "why"),
    [(TWICE, "has answered relu in row 2 already"), (MIXED, "of relu is 4, in row 2 it is 3")],
)
def test_a_table_that_can_not_be_ranked_keeps_its_notes(tmp_path, rows, why):
    graded = table(tmp_path, *rows)
    page = report_page(graded, "Report", ranking_of(graded))
    assert re.search(rf"<p>There is no ranking: [^<]*{why}[^<]*\.</p>", page)
    assert CHANGED in page
    done = command("report", "graded.csv", "-o", "r.html")
    assert done.returncode == 0, done.stderr
    first, second = done.stderr.splitlines()[:2]
    assert re.match(rf"grade: there is no ranking: graded.csv: .*{why}", first)
    assert second.startswith(f"grade: graded.csv: {CHANGED}")


def test_the_notes_of_a_ranking_stand_on_the_page_once_and_are_told(tmp_path):
    graded = table(tmp_path, *answers("Ada", "cc", "cc"), row("Ben", RELU))
    page = report_page(graded, "Report", ranking_of(graded))
    assert page.count("count it as 0 with --blank zero") == 1
    done = command("report", "graded.csv", "-o", "r.html")
    assert "grade: graded.csv: 1 candidate has no rank" in done.stderr
    assert "no ranking" not in done.stderr


def test_a_bar_that_was_fitted_to_another_verifier_is_told(tmp_path):
    own = load_bar().verifier
    strange = row("Ada", RELU, grade(RELU, "cc", verifier="another"))
    known = row("Ben", RELU, grade(RELU, "cc", verifier=own))
    said = f"was graded by another, but how sure a finding must be to be told is known for {own}"
    for rows, told in (((strange, known), True), ((known,), False)):
        graded = table(tmp_path, *rows)
        assert (said in report_page(graded, "Report", ranking_of(graded))) == told
        assert (said in command("report", "graded.csv", "-o", "r.html", "--force").stderr) == told


@pytest.mark.parametrize(("status", "told"), [("judged", True), ("failed", False)])
def test_a_bar_that_was_fitted_without_a_judge_is_told(tmp_path, status, told):
    made = grade(RELU, "cc")
    detail = made.to_dict() | {"judge": {"status": status, "models": ["some-model"]}}
    graded = table(tmp_path, row("Ada", RELU, made, grade_detail=json.dumps(detail)))
    notes = notes_of(graded, ranking_of(graded))
    said = "a language model (some-model) judged 1 answer, but how sure a finding must be"
    assert any(said in note for note in notes) == told


# ── weights ─────────────────────────────────────────────────────────────────


def test_a_report_ranks_by_the_weights_that_it_is_told(tmp_path):
    people = [*answers("Ada", "cc", "mm"), *answers("Ben", "mm", "cc")]
    worth = {"relu": "5", "dropout": "1"}
    graded = table(tmp_path, *({**one, "w": worth[one["question_id"]]} for one in people))
    for told, wanted in (
        ({}, {"Ben": "1", "Ada": "2"}),
        ({"weights": {"relu": 5, "dropout": 1}}, {"Ada": "1", "Ben": "2"}),
        ({"weight_column": "w"}, {"Ada": "1", "Ben": "2"}),
    ):
        assert ranks(report_page(graded, "Report", ranking_of(graded, **told))) == wanted
    options = ("--weight", "relu=5", "--weight", "dropout=1", "-o")
    assert command("candidates", "graded.csv", *options, "c.csv").returncode == 0
    assert command("report", "graded.csv", *options, "r.html").returncode == 0
    ranked = (tmp_path / "c.csv").read_text(encoding="utf-8").splitlines()[1:]
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert list(ranks(page)) == [line.split(",")[0] for line in ranked] == ["Ada", "Ben"]


def test_the_way_out_of_points_that_are_mixed_is_one_that_a_report_has(tmp_path):
    graded = table(tmp_path, *MIXED)
    assert "--weight QUESTION=NUMBER" in ranking_of(graded)
    done = command("report", "graded.csv", "-o", "r.html", "--weight", "relu=1")
    assert done.returncode == 0, done.stderr
    assert "no ranking" not in done.stderr
    assert ranks((tmp_path / "r.html").read_text(encoding="utf-8")) == {"Ben": "1", "Ada": "2"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--weight", "relu"], "--weight relu: write QUESTION=NUMBER"),
        (["--weight", "relu=1"], "'dropout' has no weight"),
        (["--weight-column", "w"], "no column 'w' of weights"),
    ],
)
def test_weights_that_will_not_do_are_refused_and_nothing_written(tmp_path, options, message):
    write(tmp_path / "graded.csv", answers("Ada", "cc", "cc"))
    refused(command("report", "graded.csv", "-o", "r.html", *options), message)
    assert not (tmp_path / "r.html").exists()


def test_weights_do_not_hide_that_a_candidate_stands_twice(tmp_path):
    graded = table(tmp_path, *TWICE)
    assert "has answered relu" in ranking_of(graded, weights={"relu": 1})
    with pytest.raises(TableError, match="has no question 'x' to weigh"):
        ranking_of(graded, weights={"x": 1})
