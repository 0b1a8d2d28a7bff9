import csv
import json
from dataclasses import replace

import pandas as pd
import pytest

from grader.batch.runner import grade_file
from grader.errors import TableError
from grader.hiring.graded_table import read_graded_table
from grader.hiring.records import check_one_answer_each
from grader.hiring.uncertainty import error_of, load_rule
from tests.support.graded import grade, question, row, write
from tests.support.own_bank import ROOT

RELU = question("relu", 2, 1, costs=(1,))
DROPOUT = question("dropout", 3)
A_THIRD_LEFT = grade(RELU, "cm")


def table_of(tmp_path, *rows, **options):
    return read_graded_table(write(tmp_path / "graded.csv", rows), **options)


def changed(**cells):
    return {**row("Ada", RELU, A_THIRD_LEFT), **cells}


# ── what a batch wrote ──────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["g.csv", "g.jsonl", "g.xlsx", "g.parquet"])
def test_what_a_batch_wrote_is_read_back_from_every_format(grader, tmp_path, name):
    said = "While training, each unit is set to zero at random with some probability p."
    (tmp_path / "in.csv").write_text(
        f'candidate,How does dropout work\nAda,"{said}"\nBen,\n', encoding="utf-8"
    )
    given = ["q:dropout=How does dropout work"]
    grade_file(grader, [str(tmp_path / "in.csv")], tmp_path / name, mapping=given)
    table = read_graded_table(tmp_path / name, quoting=True)
    ada, ben = table.rows
    own = grader.grade(said, q="dropout")
    assert (ada.candidate, ada.question_id, ada.answer) == ("Ada", "dropout", said)
    assert (ada.score, ada.points, ada.max_points) == (own.score, own.points, own.max_points)
    assert (ada.passed, ada.confidence, ada.needs_review) == (
        own.passed,
        own.confidence,
        own.needs_review,
    )
    assert not ada.by_hand
    assert [k.probability for k in ada.detail.key_points] == [k.probability for k in own.key_points]
    assert (ben.score, ben.passed, ben.blank, ben.question_id) == (None, None, True, "dropout")
    assert (table.people, table.notes) == (("candidate",), ())


def test_a_frame_is_read_as_the_file_is(grader):
    frame = pd.DataFrame({"name": ["Ada", "Ben"], "answer": ["Units drop out.", None]})
    table = read_graded_table(grader.grade_frame(frame, q="dropout"))
    ada, ben = table.rows
    assert (ada.candidate, ada.question_id, ada.row) == ("Ada", "dropout", 1)
    assert ada.score is not None
    assert ben.blank
    assert table.by_candidate == {"Ada": [ada], "Ben": [ben]}


def test_a_failure_has_the_question_that_others_call_so(tmp_path):
    named = {"question_id": "ReLU activation"}
    table = table_of(tmp_path, row("Ada", RELU, A_THIRD_LEFT, **named), row("Ben", RELU, **named))
    assert list(table.by_question) == ["relu"]
    assert [r.question_id for r in table.rows] == ["relu", "relu"]


def test_answers_to_a_reference_have_the_question_that_was_asked(tmp_path):
    text = (
        "id,question,reference,answer\n1,When does water boil?,It boils at 100 degrees.,At 100.\n"
    )
    text += "2,When does it freeze?,It freezes at zero degrees.,At zero.\n"
    (tmp_path / "in.csv").write_text(text, encoding="utf-8")
    from grader import Grader

    grade_file(Grader(), [str(tmp_path / "in.csv")], tmp_path / "g.csv")
    table = read_graded_table(tmp_path / "g.csv")
    assert list(table.by_question) == ["When does water boil?", "When does it freeze?"]


# ── marks that a person changed ─────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cells", "score", "points"),
    [
        ({"grade_score": "1"}, 1, 3),
        ({"grade_score": "0,5"}, 0.5, 1.5),
        ({"grade_points": "3"}, 1, 3),
        ({"grade_score": "1", "grade_points": "3"}, 1, 3),
    ],
)
def test_a_mark_that_a_person_changed_counts_and_is_told(tmp_path, cells, score, points):
    table = table_of(tmp_path, changed(**cells))
    [found] = table.rows
    assert (found.score, found.points, found.max_points) == (score, points, 3)
    assert (found.by_hand, found.confidence) == (True, None)
    [note] = table.notes
    assert note.endswith(
        "graded.csv: marks changed by hand since grading count as they stand: row 2"
    )


def test_who_passes_follows_a_changed_mark_unless_a_person_says_otherwise(tmp_path):
    for cells, passed in (
        ({"grade_score": "0.5"}, False),
        ({"grade_score": "0.6"}, True),
        ({"grade_score": "0.65", "grade_passed": "False"}, False),
    ):
        [found] = table_of(tmp_path, changed(**cells)).rows
        assert (found.passed, found.by_hand) == (passed, True), cells


def test_a_mark_that_a_person_left_as_it_is_is_theirs_if_they_say_so(tmp_path):
    unsure = replace(A_THIRD_LEFT, needs_review=True)
    for cells, confirmed in (
        ({"grade_needs_review": "True"}, False),
        ({"grade_needs_review": "FALSE"}, True),
        ({"grade_confidence": ""}, True),
    ):
        table = table_of(tmp_path, {**row("Ada", RELU, unsure), **cells})
        [found] = table.rows
        assert found.score == unsure.score
        assert not found.by_hand, cells
        assert (found.confidence is None) == confirmed, cells
        assert error_of(found, load_rule()) > 0 or confirmed
        told = "graded.csv: marks that a person looked at and left count as theirs: row 2"
        assert any(note.endswith(told) for note in table.notes) == confirmed


def test_a_mark_in_the_place_of_a_failure_is_a_persons(tmp_path):
    [found] = table_of(tmp_path, row("Ada", RELU, grade_error="", grade_score="0.5")).rows
    assert (found.score, found.by_hand, found.max_points) == (0.5, True, None)


def test_rounding_by_a_spreadsheet_is_no_correction(tmp_path):
    [found] = table_of(tmp_path, changed(grade_score="0.67", grade_points="2.00")).rows
    assert found.score == A_THIRD_LEFT.score
    assert found.confidence == A_THIRD_LEFT.confidence
    assert not found.by_hand


def test_a_verdict_that_a_person_turned_counts(tmp_path):
    [found] = table_of(tmp_path, changed(grade_needs_review="FALSCH", grade_passed="FAUX")).rows
    assert (found.passed, found.by_hand, found.confidence) == (False, True, None)
    assert found.score == A_THIRD_LEFT.score


SCALED = (("Ada", "mm", "0.1"), ("Ben", "mc", "0.2"), ("Cem", "cm", "0.75"), ("Dee", "cc", "1"))
"""By candidate the verdicts, and what a scale of one's own makes of their points."""


def without_details(scaled=SCALED):
    lost = {"grade_detail": ""}
    return [row(n, RELU, grade(RELU, said), grade_score=s, **lost) for n, said, s in scaled]


def test_scores_on_a_scale_of_ones_own_are_the_graders_without_a_detail_too(tmp_path):
    table = table_of(tmp_path, *without_details())
    assert [r.score for r in table.rows] == [0.1, 0.2, 0.75, 1]
    assert [r.points for r in table.rows] == [0, 1, 2, 3]
    assert not any(r.by_hand or r.confidence is None for r in table.rows)
    [note] = table.notes
    assert note.endswith(
        "graded.csv: the scores of 3 answers are not what their points make, as after "
        "--calibration (rows 2, 3, 4): the scores count"
    )


def test_scores_that_no_scale_can_have_made_are_refused_without_a_detail(tmp_path):
    for scores in (("0.1", "0.8", "0.75", "1"), ("0.1", "0.2", "0.75", "0.5")):
        changed_by_hand = [(n, said, s) for (n, said, _), s in zip(SCALED, scores, strict=True)]
        with pytest.raises(TableError, match=r"row \d: grade_score is .* changed by hand"):
            table_of(tmp_path, *without_details(changed_by_hand))
    twice = [*without_details(), *without_details([("Eve", "cm", "0.9")])]
    with pytest.raises(TableError, match=r"row 6: grade_score is 0.9, .* make 0.67"):
        table_of(tmp_path, *twice)
    known = row("Eve", RELU, A_THIRD_LEFT)
    with pytest.raises(TableError, match=r"row 3: grade_score is 0.2, .* make 0.33"):
        table_of(tmp_path, *without_details(), known)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"grade_score": "67"}, "row 2: grade_score is '67' and must be a number from 0 to 1"),
        ({"grade_score": "good"}, "row 2: grade_score is 'good' and must be"),
        ({"grade_points": "-1"}, "row 2: grade_points is '-1' and must be a number"),
        ({"grade_points": "4"}, "row 2: grade_points is 4 of 3"),
        ({"grade_score": "0.9", "grade_points": "1"}, "grade_points 1 of 3 make 0.33"),
        ({"grade_max_points": "0"}, "grade_max_points is 0"),
        ({"grade_needs_review": "perhaps"}, "grade_needs_review is 'perhaps'"),
        ({"grade_error": "AnswerError: x"}, "has both a grade and a grade_error"),
        ({"grade_score": "", "grade_points": ""}, "has neither a grade_score nor a grade_error"),
    ],
)
def test_what_can_not_be_a_grade_is_refused_in_one_line(tmp_path, cells, message):
    with pytest.raises(TableError, match=r"graded\.csv: row 2") as refused:
        table_of(tmp_path, changed(**cells))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


# ── tables of other versions ────────────────────────────────────────────────


def test_an_older_table_says_in_its_detail_who_passed(tmp_path):
    file = write(tmp_path / "g.csv", [changed()])
    with file.open(newline="", encoding="utf-8") as stream:
        [cells] = csv.DictReader(stream)
    cells.pop("grade_passed", None)
    pd.DataFrame([cells]).to_csv(file, index=False)
    [found] = read_graded_table(file).rows
    assert found.passed is A_THIRD_LEFT.passed is True


def test_a_table_that_was_not_graded_is_refused():
    with pytest.raises(
        TableError, match="no column 'grade_score': is it a table that 'grade batch'"
    ):
        read_graded_table(ROOT / "examples" / "marked.csv")


def test_grades_of_two_versions_are_told(tmp_path):
    other = grade(RELU, "cc", grader="9.9")
    table = table_of(tmp_path, changed(), row("Ben", RELU, other))
    assert "answers to relu were graded by more than one version" in table.notes[0]


def test_a_detail_that_is_lost_matters_only_to_those_who_quote(tmp_path):
    rows = [changed(), row("Ben", RELU, A_THIRD_LEFT, grade_detail='{"question_id": "re')]
    table = table_of(tmp_path, *rows)
    assert table.rows[1].detail is None
    assert table.rows[1].score == A_THIRD_LEFT.score
    assert "1 grade without a whole grade_detail" in table.notes[0]
    with pytest.raises(TableError, match="row 3: grade_detail is damaged"):
        table_of(tmp_path, *rows, quoting=True)


def test_a_detail_with_more_than_is_known_is_read(tmp_path):
    detail = json.loads(changed()["grade_detail"]) | {"new": 1}
    [found] = table_of(tmp_path, changed(grade_detail=json.dumps(detail)), quoting=True).rows
    assert found.detail.score == A_THIRD_LEFT.score


# ── whose answer it is ──────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cells", "people", "name"),
    [
        (
            {"Timestamp": "9:12", "Email Address": "a@x.org", "Name": "Ada"},
            ["Email Address"],
            "a@x.org",
        ),
        ({"ID": "7", "E-Mail": "anonymous", "Name": ""}, ["ID"], "7"),
        ({"Last name": "Byron", "First name": "Ada"}, ["First name", "Last name"], "Ada Byron"),
        ({"Candidate_ID": "c7", "name": "Ada"}, ["Candidate_ID"], "c7"),
        ({"Kandidat": "Ada  B"}, ["Kandidat"], "Ada B"),
        ({"who": "Ada", "mark": "3"}, ["who"], "Ada"),
        ({}, [], "row 2"),
    ],
)
def test_candidates_are_found_by_what_their_columns_are_called(tmp_path, cells, people, name):
    one = {k: v for k, v in changed().items() if k != "candidate"}
    table = table_of(tmp_path, {**cells, **one})
    assert (list(table.people), table.rows[0].candidate) == (people, name)


def test_a_column_that_is_told_goes_before_all_others(tmp_path):
    assert table_of(tmp_path, changed(who="7"), candidate="WHO").rows[0].candidate == "7"
    both = table_of(tmp_path, changed(who="7"), candidate=["candidate", "who"])
    assert both.rows[0].candidate == "Ada 7"
    with pytest.raises(TableError, match="has no column 'person': it has 'candidate'"):
        table_of(tmp_path, changed(), candidate="person")


def test_a_choice_that_may_be_wrong_is_told(tmp_path):
    rows = [changed(email="a@x.org"), changed(email="b@x.org", candidate="")]
    assert (
        "by column 'email', since 'candidate' is not filled" in table_of(tmp_path, *rows).notes[0]
    )
    cells = {k: v for k, v in changed().items() if k != "candidate"}
    assert "'who', the first that is free" in table_of(tmp_path, {"who": "A", **cells}).notes[0]


def test_rows_that_name_nobody_are_told_and_counted_one_by_one(tmp_path):
    named = [changed(candidate=name) for name in ("Ada", "", "Anonymous")]
    for options in ({}, {"candidate": "candidate"}):
        table = table_of(tmp_path, *named, **options)
        assert [one.candidate for one in table.rows] == ["Ada", "row 3", "row 4"]
        [note] = table.notes
        assert note.endswith(
            "graded.csv: 2 rows name nobody in column 'candidate' (rows 3, 4): each counts as a "
            "candidate of its own: write there whose they are, or for another column add "
            "--candidate COLUMN"
        )
    [note] = table_of(tmp_path, changed(), changed(candidate="-")).notes
    assert "1 row names nobody in column 'candidate' (row 3): it counts as a candidate" in note


def test_the_column_that_names_most_is_taken_where_none_names_all(tmp_path):
    people = (("7", "", "Ada"), ("", "", "Ben"), ("", "", "Cem"), ("8", "", ""))
    rows = [changed(candidate=number, email=mail, name=name) for number, mail, name in people]
    table = table_of(tmp_path, *rows)
    assert [one.candidate for one in table.rows] == ["Ada", "Ben", "Cem", "row 5"]
    chosen, unnamed = table.notes
    assert "by column 'name', since 'candidate' is not filled in every row" in chosen
    assert "1 row names nobody in column 'name' (row 5)" in unnamed


def test_a_candidate_with_two_answers_to_a_question_is_refused(tmp_path):
    table = table_of(tmp_path, changed(), row("Ada", DROPOUT), row("Ada", DROPOUT))
    with pytest.raises(TableError, match=r"row 4: 'Ada' .* has answered dropout in row 3 already"):
        check_one_answer_each(table)
    check_one_answer_each(table_of(tmp_path, changed(), row("Ada", DROPOUT), row("Ben", DROPOUT)))


def test_candidates_that_differ_in_capitals_alone_are_told(tmp_path):
    table = table_of(tmp_path, changed(), changed(candidate="ada"))
    assert "'Ada', 'ada' are taken for different candidates" in table.notes[0]
