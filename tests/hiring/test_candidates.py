"""``grade candidates``: totals, ranks, intervals, and what can be said of none of them."""

import csv
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.batch.runner import grade_file
from grader.errors import InputError, TableError
from grader.grading import Grader
from grader.hiring.candidates import rank, rank_candidates
from grader.hiring.graded_table import read_graded_table
from grader.hiring.uncertainty import (
    IntervalRule,
    error_by_reference,
    error_by_verdicts,
    error_of,
    load_rule,
    margin,
)
from grader.hiring.weights import weights_of
from grader.settings import Settings
from tests.support.command import grade as command
from tests.support.command import refused
from tests.support.graded import MEASURE, grade, question, row, write
from tests.support.own_bank import ROOT
from tests.support.word_for_word import WordForWord

RELU = question("relu", 2, 1, costs=(1,))
DROPOUT = question("dropout", 3, 4)
PLAIN = IntervalRule(level=0.95, by_verdicts=1.0, by_confidence=1.0)


def table(tmp_path, *rows, **options):
    return read_graded_table(write(tmp_path / "graded.csv", rows), **options)


def ranking(tmp_path, *rows, weights=None, column=None, **options):
    graded = table(tmp_path, *rows)
    found = weights_of(graded, weights, column)
    return rank(graded, found, rule=PLAIN, leave=column, **options)


def answers(name, relu, dropout, **more):
    """Two rows of a candidate: letters of verdicts; None for a blank, '' for no row at all."""
    asked = ((RELU, relu), (DROPOUT, dropout))
    return [
        row(name, q, None if said is None else grade(q, said, **more))
        for q, said in asked
        if said != ""
    ]


def by_name(found):
    return {one.name: one for one in found.candidates}


# ── totals and ranks ────────────────────────────────────────────────────────


def test_points_add_up_and_decide_the_rank(tmp_path):
    people = [*answers("Ben", "cm", "mc"), *answers("Ada", "cc", "cc"), *answers("Cem", "mm", "cm")]
    found = ranking(tmp_path, *people)
    assert [(c.rank, c.name, c.points, c.max_points) for c in found.candidates] == [
        (1, "Ada", 10, 10),
        (2, "Ben", 6, 10),
        (3, "Cem", 3, 10),
    ]
    ben = by_name(found)["Ben"]
    assert ben.share == pytest.approx(0.6, abs=1e-4)
    assert ben.scores == {
        "relu": pytest.approx(2 / 3, abs=1e-4),
        "dropout": pytest.approx(4 / 7, abs=1e-4),
    }
    assert (ben.graded, ben.passed, ben.blank, ben.missing, ben.to_review) == (2, 1, 0, 0, 0)
    assert found.weights == {"relu": 3, "dropout": 7}


def test_equal_totals_share_the_better_rank(tmp_path):
    people = [
        r
        for name, said in zip("abcd", ("cc", "cm", "cm", "mm"), strict=True)
        for r in answers(name, said, "cc")
    ]
    assert [c.rank for c in ranking(tmp_path, *people).candidates] == [1, 2, 2, 4]


def test_weights_say_what_a_question_is_worth(tmp_path):
    people = [*answers("Ada", "cc", "mm"), *answers("Ben", "mm", "cc")]
    assert [c.name for c in ranking(tmp_path, *people).candidates] == ["Ben", "Ada"]
    found = ranking(tmp_path, *people, weights={"relu": 2, "dropout": 1})
    assert [(c.name, c.points, c.max_points) for c in found.candidates] == [
        ("Ada", 2, 3),
        ("Ben", 1, 3),
    ]
    left_out = ranking(tmp_path, *people, weights={"relu": 1, "dropout": 0})
    assert [c.share for c in left_out.candidates] == [1, 0]
    worth = {"relu": "5", "dropout": "1,5"}
    rows = [{**one, "worth": worth[one["question_id"]]} for one in people]
    in_column = ranking(tmp_path, *rows, column="Worth")
    assert in_column.weights == {"relu": 5, "dropout": 1.5}
    assert in_column.columns == ("candidate",), "a weight says nothing of a candidate"


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ({"relu": 1}, TableError, "'dropout' has no weight"),
        ({"relu": 1, "dropout": 1, "lstm": 1}, TableError, "has no question 'lstm' to weigh"),
        ({"relu": -1, "dropout": 1}, InputError, "the weight of relu is -1"),
        ({"relu": math.nan, "dropout": 1}, InputError, "the weight of relu is nan"),
        ({"relu": 0, "dropout": 0}, InputError, "all weights are 0"),
    ],
)
def test_weights_that_will_not_do_are_refused(tmp_path, weights, error, message):
    with pytest.raises(error, match=message):
        ranking(tmp_path, *answers("Ada", "cc", "cc"), weights=weights)


def test_a_column_of_weights_must_have_one_a_question(tmp_path):
    rows = [*answers("Ada", "cc", "cc"), *answers("Ben", "cc", "cc")]
    for worth, message in (
        ("1112", "row 5: column 'w' of dropout is 2, in row 3 it is 1"),
        ("11 1", "row 4: column 'w' is empty"),
        ("1x11", "row 3: column 'w' is 'x' and must be a number"),
    ):
        weighed = [{**one, "w": w.strip()} for one, w in zip(rows, worth, strict=True)]
        with pytest.raises(TableError, match=message):
            ranking(tmp_path, *weighed, column="w")
    with pytest.raises(TableError, match="no column 'v' of weights: it has 'candidate'"):
        ranking(tmp_path, *rows, column="v")
    with pytest.raises(InputError, match="given twice"):
        ranking(tmp_path, *rows, column="w", weights={"relu": 1})


def test_a_question_that_is_worth_two_things_needs_weights(tmp_path):
    other = question("relu", 2, 2)
    rows = [row("Ada", RELU, grade(RELU, "cc")), row("Ben", other, grade(other, "cc"))]
    with pytest.raises(TableError, match="row 3: grade_max_points of relu is 4, in row 2 it is 3"):
        ranking(tmp_path, *rows)
    assert ranking(tmp_path, *rows, weights={"relu": 1}).candidates[1].share == 1


def test_a_question_that_people_alone_marked_counts_once_its_worth_is_known(tmp_path):
    def marked(name, score, **more):
        said = {"answer": "Gates.", "grade_error": "", "grade_score": score}
        return {**row(name, question("lstm", 1)), **said, **more}

    rows = [*answers("Ada", "cc", "cc"), marked("Ada", "0"), *answers("Ben", "cc", "cm")]
    with pytest.raises(TableError, match=r"row 4: nothing says what lstm is worth") as refused:
        ranking(tmp_path, *rows, marked("Ben", "1"))
    assert "write its grade_max_points" in str(refused.value)
    rows.append(marked("Ben", "1", grade_max_points="10"))
    found = ranking(tmp_path, *rows)
    assert found.weights == {"relu": 3, "dropout": 7, "lstm": 10}
    assert [(c.rank, c.name, c.points) for c in found.candidates] == [
        (1, "Ben", 16),
        (2, "Ada", 10),
    ]
    weighed = ranking(tmp_path, *rows, weights={"relu": 1, "dropout": 0, "lstm": 1})
    assert [(c.name, c.share) for c in weighed.candidates] == [("Ben", 1), ("Ada", 0.5)]


# ── answers that are not there ──────────────────────────────────────────────

GAPS = [
    *answers("Ada", "cc", None),
    *answers("Ben", "cc", ""),
    *answers("Cem", "cm", "cm"),
    row("Dee", RELU, grade(RELU, "cc")),
    {**row("Dee", DROPOUT), "answer": "#NAME?", "grade_error": "AnswerError: lost"},
]


def test_without_a_word_on_blanks_nobody_is_ranked_by_a_part(tmp_path):
    found = ranking(tmp_path, *GAPS)
    assert [(c.name, c.rank) for c in found.candidates] == [
        ("Cem", 1),
        ("Ada", None),
        ("Ben", None),
        ("Dee", None),
    ]
    ada, ben, dee = (by_name(found)[name] for name in ("Ada", "Ben", "Dee"))
    assert (ada.blank, ada.missing, ada.not_gradable, ada.points, ada.max_points) == (1, 0, 0, 3, 3)
    assert (ben.blank, ben.missing, ben.not_gradable) == (0, 1, 0)
    assert (dee.blank, dee.missing, dee.not_gradable) == (0, 0, 1)
    blank, lost = found.notes
    assert "2 candidates have no rank, for want of an answer" in blank
    assert "(Ada, Ben): count it as 0 with --blank zero" in blank
    assert "1 candidate has no rank, for want of a mark" in lost


def test_blanks_can_count_as_zero_but_a_failure_never_does(tmp_path):
    found = ranking(tmp_path, *GAPS, blank="zero")
    assert [(c.name, c.rank, c.points, c.max_points) for c in found.candidates] == [
        ("Cem", 1, 5, 10),
        ("Ada", 2, 3, 10),
        ("Ben", 2, 3, 10),
        ("Dee", None, 3, 3),
    ]
    assert by_name(found)["Ada"].scores["dropout"] == 0
    [note] = found.notes
    assert "Dee" in note


def test_an_answer_whose_question_was_mistyped_is_not_missing(tmp_path):
    lost = {
        **row("Ada", question("dropuot", 1)),
        "answer": "Units.",
        "grade_error": "U: no question",
    }
    rows = [*answers("Ada", "cc", ""), lost, *answers("Ben", "cm", "cm")]
    found = ranking(tmp_path, *rows, blank="zero")
    assert [(c.name, c.rank, c.not_gradable) for c in found.candidates] == [
        ("Ben", 1, 0),
        ("Ada", None, 1),
    ]
    assert list(found.weights) == ["relu", "dropout"]
    weighed = ranking(tmp_path, *rows, blank="zero", weights={"relu": 1, "dropout": 1})
    assert weighed.ranked[0].max_points == 2
    in_column = [{**one, "w": "1"} for one in rows]
    assert list(ranking(tmp_path, *in_column, column="w").weights) == ["relu", "dropout"]


def test_a_blank_that_a_batch_graded_as_zero_is_whole(tmp_path):
    from grader.engine.assembly import assemble_blank

    zero = assemble_blank(DROPOUT, MEASURE, {"question": DROPOUT.digest})
    rows = [row("Ada", RELU, grade(RELU, "cc")), row("Ada", DROPOUT, zero, answer="")]
    found = ranking(tmp_path, *rows, row("Ben", RELU, grade(RELU, "cc")))
    ada, ben = found.candidates
    assert (ada.rank, ada.blank, ada.share, ben.rank) == (1, 1, 0.3, None)
    [note] = found.notes
    assert "1 candidate has no rank" in note
    assert "(Ben)" in note


def test_what_is_not_there_can_be_left_out(tmp_path):
    found = ranking(tmp_path, *GAPS, blank="skip")
    assert [(c.name, c.rank, c.share) for c in found.candidates] == [
        ("Ada", 1, 1),
        ("Ben", 1, 1),
        ("Dee", 1, 1),
        ("Cem", 4, 0.5),
    ]
    assert found.notes == ()
    with pytest.raises(InputError, match="choose from zero, skip"):
        ranking(tmp_path, *GAPS, blank="none")


def test_a_question_that_nobody_has_a_grade_for_is_left_out_and_told(tmp_path):
    found = ranking(
        tmp_path, *answers("Ada", "cc", None), *answers("Ben", "mm", None), blank="zero"
    )
    assert found.weights == {"relu": 3}
    assert "'dropout' is left out of the totals" in found.notes[0]
    nothing = ranking(tmp_path, *answers("Ada", None, None))
    assert nothing.ranked == ()
    assert nothing.candidates[0].share is None


def test_a_candidate_twice_is_refused(tmp_path):
    with pytest.raises(TableError, match=r"row 3: 'Ada' .* has answered relu in row 2 already"):
        ranking(tmp_path, row("Ada", RELU, grade(RELU, "cc")), row("Ada", RELU, grade(RELU, "cc")))


def test_a_question_that_is_worth_nothing_keeps_nobody_from_a_rank(tmp_path):
    leave_out = {"relu": 1, "dropout": 0}
    for blank in (None, "zero", "skip"):
        found = ranking(tmp_path, *GAPS, weights=leave_out, blank=blank)
        assert [(c.name, c.rank) for c in found.candidates] == [
            ("Ada", 1),
            ("Ben", 1),
            ("Dee", 1),
            ("Cem", 4),
        ]
        assert found.notes == ()
    assert by_name(found)["Cem"].scores["dropout"] == pytest.approx(3 / 7, abs=1e-4)
    nothing = ranking(tmp_path, *GAPS, *answers("Eve", "", "cc"), weights=leave_out)
    assert by_name(nothing)["Eve"].rank is None
    assert (
        "1 candidate has no rank, for want of an answer that is blank or missing (Eve)"
        in (nothing.notes[0])
    )


def test_a_question_that_nobody_could_be_graded_on_keeps_nobody_from_a_rank(tmp_path):
    def lost(name):
        asked = row(name, question("lstm", 1))
        return {**asked, "answer": "Gates.", "grade_error": "U: no question 'lstm'"}

    people = [*answers("Ada", "cc", "cc"), *answers("Ben", "cm", "cm"), *answers("Cem", "cc", "")]
    found = ranking(tmp_path, *people, *map(lost, ("Ada", "Ben", "Cem")), blank="zero")
    assert [(c.name, c.rank, c.not_gradable) for c in found.candidates] == [
        ("Ada", 1, 1),
        ("Ben", 2, 1),
        ("Cem", 3, 1),
    ]
    [note] = found.notes
    assert "'lstm' is left out of the totals" in note
    undecided = ranking(tmp_path, *people, *map(lost, ("Ada", "Ben", "Cem")))
    assert [c.rank for c in undecided.candidates] == [1, 2, None]
    assert ["for want of" in note for note in undecided.notes] == [False, True]
    assert "(Cem): count it as 0 with --blank zero" in undecided.notes[1]


# ── intervals ───────────────────────────────────────────────────────────────


def test_an_interval_is_made_of_what_each_verdict_could_be_off_by(tmp_path):
    result = grade(RELU, "cp", sure=0.9, errors=("e1",))
    [graded] = table(tmp_path, row("Ada", RELU, result)).rows
    # covered: 2 of 2 may be 0; partial: .5 of 1 may be 0 or 1; the error may have cost nothing
    off = 0.1 * 2**2 + 0.1 * 0.5**2 + 0.1 * 1**2
    assert error_by_verdicts(graded.detail) == pytest.approx(off / 3**2)
    [ada] = ranking(tmp_path, row("Ada", RELU, result)).candidates
    half = 1.959964 * math.sqrt(off) / 3
    assert ada.low == pytest.approx(max(0, 1.5 / 3 - half), abs=1e-4)
    assert ada.high == pytest.approx(min(1, 1.5 / 3 + half), abs=1e-4)


def test_errors_of_several_answers_add_up_by_their_weights(tmp_path):
    rows = answers("Ada", "cm", "cm", sure=0.99)
    first, second = (error_of(one, PLAIN) for one in table(tmp_path, *rows).rows)
    [ada] = ranking(tmp_path, *rows).candidates
    half = margin([3**2 * first, 7**2 * second], 0.95) / 10
    assert (ada.high - ada.low) / 2 == pytest.approx(half)


def test_without_a_detail_the_confidence_makes_the_interval(tmp_path):
    known = {**row("Ada", RELU, grade(RELU, "cm", sure=0.95)), "grade_detail": ""}
    [ada] = ranking(tmp_path, known).candidates
    half = 1.959964 * math.sqrt(0.05) * 2 / 3
    assert (ada.share, ada.low) == pytest.approx((2 / 3, 2 / 3 - half), abs=1e-4)


def test_a_persons_mark_and_a_blank_are_certain(tmp_path):
    rows = [{**row("Ada", RELU, grade(RELU, "cm")), "grade_score": "0.9"}]
    [ada] = ranking(
        tmp_path, *rows, *answers("Ada", "", None), weights={"relu": 1, "dropout": 1}, blank="zero"
    ).candidates
    assert ada.low == ada.share == ada.high == pytest.approx(0.45)


def test_a_decision_near_the_pass_mark_leaves_the_interval_to_the_verdicts(tmp_path):
    """Its confidence says on which side of the mark it is, not how far off the score is."""
    [near] = table(tmp_path, row("Ada", RELU, grade(RELU, "cm", sure=0.9))).rows
    doubted = replace(near, confidence=0.51)
    doubted = replace(doubted, detail=near.detail.model_copy(update={"confidence": 0.51}))
    assert error_of(doubted, PLAIN) == error_of(near, PLAIN) == error_by_verdicts(near.detail)


def test_a_story_is_taken_by_its_confidence(tmp_path):
    from grader.engine.assembly import Verdicts, assemble

    story = RELU.model_copy(update={"open_ended": True})
    sure = grade(RELU, "cc", sure=1.0)
    parts = Verdicts(key_points=sure.key_points, misconceptions=sure.misconceptions, flags=())
    told = assemble(story, parts, MEASURE, sure.versions)
    [graded] = table(tmp_path, row("Ada", RELU, told)).rows
    assert graded.confidence == 0.5
    assert error_of(graded, PLAIN) == pytest.approx(0.5)


def test_an_answer_to_a_reference_has_the_spread_of_its_pass_chances(tmp_path, grader):
    result = grader.grade("It boils at 100.", reference="Water boils at 100 degrees Celsius.")
    [graded] = table(tmp_path, row("Ada", RELU, result)).rows
    assert error_of(graded, PLAIN) == error_by_reference()
    assert 0.1 < math.sqrt(error_by_reference()) < 0.5


def test_the_shipped_rule_is_whole():
    rule = load_rule()
    assert rule.level == 0.95
    assert rule.by_verdicts > 0
    assert rule.by_confidence > 0


def test_who_is_told_apart_is_who_has_an_interval_of_their_own(tmp_path):
    people = [
        *answers("Ada", "cc", "cc", sure=0.9999),
        *answers("Ben", "cc", "cm", sure=0.9999),
        *answers("Cem", "cm", "cm", sure=0.8),
        *answers("Dee", "mm", "cm", sure=0.8),
    ]
    found = ranking(tmp_path, *people).candidates
    assert [c.told_apart for c in found] == [True, False, False, None]
    assert [(c.rank_from, c.rank_to) for c in found] == [(1, 1), (2, 4), (2, 4), (2, 4)]


shares = st.lists(
    st.tuples(st.sampled_from(["cc", "cm", "mc", "mm"]), st.floats(0.5, 1)), min_size=1, max_size=8
)


@settings(max_examples=50)
@given(shares)
def test_ranks_and_intervals_hold_together(tmp_path_factory, people):
    folder = tmp_path_factory.mktemp("ranks")
    rows = [
        row(f"c{i}", RELU, grade(RELU, said, sure=round(sure, 4)))
        for i, (said, sure) in enumerate(people)
    ]
    found = ranking(folder, *rows).candidates
    assert len(found) == len(people)
    for one in found:
        assert 0 <= one.low <= one.share <= one.high <= 1
        assert 1 <= one.rank_from <= one.rank <= one.rank_to <= len(people)
    for above, below in pairwise(found):
        assert above.share >= below.share
        assert above.rank <= below.rank
        assert above.told_apart == (above.low > below.high)
        assert above.told_apart is False or above.rank < below.rank


# ── a table in, a table out ─────────────────────────────────────────────────


def test_what_is_the_same_in_all_rows_of_a_candidate_comes_along(tmp_path):
    rows = [
        {"Timestamp": "9:12", "office": "Rome", "note": note, **one}
        for one, note in zip(answers("Ada", "cc", "cc"), ("a", "b"), strict=True)
    ]
    found = ranking(tmp_path, *rows)
    assert found.columns == ("Timestamp", "office", "candidate")
    [first] = found.rows()
    assert [first[name] for name in found.columns] == ["9:12", "Rome", "Ada"]
    assert first["grade_percent"] == 100
    assert first["grade_score:relu"] == 1


def test_rows_that_name_nobody_are_candidates_of_their_own(tmp_path):
    rows = [{k: v for k, v in one.items() if k != "candidate"} for one in answers("", "cc", "")]
    found = ranking(tmp_path, *rows, *rows)
    assert [one["candidate"] for one in found.rows()] == ["row 2", "row 3"]


@pytest.mark.parametrize("name", ["c.csv", "c.tsv", "c.jsonl", "c.parquet", "c.xlsx", "c.csv.gz"])
def test_every_format_holds_the_same(tmp_path, name):
    write(tmp_path / "graded.csv", GAPS)
    done = command("candidates", "graded.csv", "-o", name, "--blank", "zero")
    assert done.returncode == 0, done.stderr
    read = {
        "csv": pd.read_csv,
        "gz": pd.read_csv,
        "tsv": lambda file: pd.read_csv(file, sep="\t"),
        "jsonl": lambda file: pd.read_json(file, lines=True),
        "parquet": pd.read_parquet,
        "xlsx": pd.read_excel,
    }[name.rpartition(".")[2]]
    written = read(tmp_path / name)
    frame = rank_candidates(tmp_path / "graded.csv", blank="zero").frame()
    assert list(written) == list(frame)
    assert written["candidate"].tolist() == ["Cem", "Ada", "Ben", "Dee"]
    for column in ("grade_rank", "grade_percent", "grade_blank", "grade_score:dropout"):
        assert written[column].tolist() == pytest.approx(
            frame[column].astype("float64").tolist(), nan_ok=True
        ), column


def test_the_command_says_what_there_is_to_know(tmp_path):
    write(tmp_path / "graded.csv", GAPS)
    done = command("candidates", "graded.csv", "-o", "c.csv")
    assert done.returncode == 0, done.stderr
    assert "c.csv: 4 candidates, 1 ranked; points: relu 3, dropout 7" in done.stderr
    assert "grade: graded.csv: 2 candidates have no rank" in done.stderr
    told = command("candidates", "graded.csv", "-o", "-", "--blank", "skip")
    assert "3 of 3 are not told apart from the next: their intervals overlap" in told.stderr
    assert next(csv.reader(told.stdout.splitlines()))[0] == "candidate"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--weight", "relu"], "--weight relu: write QUESTION=NUMBER"),
        (["--weight", "relu=much"], "--weight relu=much: write QUESTION=NUMBER"),
        (["--weight", "relu=1", "--weight", "relu=2"], "relu has a weight already"),
        (["--weight", "relu=1"], "'dropout' has no weight"),
        (["--candidate", "person"], "has no column 'person'"),
        (["--map", "answer=Response"], "has no column 'Response'"),
    ],
)
def test_what_is_given_wrongly_is_one_line_and_nothing_written(tmp_path, options, message):
    write(tmp_path / "graded.csv", answers("Ada", "cc", "cc"))
    refused(command("candidates", "graded.csv", "-o", "c.csv", *options), message)
    assert not (tmp_path / "c.csv").exists()


def test_outputs_and_tables_that_will_not_do_are_refused(tmp_path):
    write(tmp_path / "graded.csv", answers("Ada", "cc", "cc"))
    (tmp_path / "c.csv").write_text("precious")
    refused(command("candidates", "graded.csv", "-o", "c.csv"), "exists already", "--force")
    refused(command("candidates", "graded.csv", "-o", "c.doc"), "its ending names no format")
    marked = ROOT / "examples" / "marked.csv"
    refused(command("candidates", marked, "-o", "d.csv"), "is it a table that 'grade batch' wrote")
    assert command("candidates", "graded.csv", "-o", "c.csv", "--force").returncode == 0
    again = command("candidates", "c.csv", "-o", "e.csv")
    refused(again, "has no column 'grade_score': is it a table that 'grade batch' wrote")


SHEETS = [
    ("canvas_quiz", [], ("name",), ["Ada A"]),
    ("google_forms_quiz", [], ("Username",), ["a@example.org", "b@example.org"]),
    ("microsoft_forms_quiz", [], ("ID",), ["1", "2"]),
    (
        "moodle_responses",
        ["q:dropout=Response 1", "q:relu=Response 2"],
        ("Email address",),
        ["a@example.org", "b@example.org"],
    ),
    ("surveymonkey_two_header_rows", [], ("Respondent ID",), ["11"]),
    ("semicolon_questions_with_commas", [], ("Kandidat",), ["Ada", "Ben"]),
    (
        "open_edx_ora",
        ["answer=Response", "question_id=q"],
        ("Anonymized Student ID",),
        ["a1", "a2", "a3", "a4", "a5", "a7", "a8"],
    ),
    ("question_and_answer_columns", [], ("student",), ["ada"]),
]
"""Sheets as other programs export them: how to grade them, and who their candidates are."""


@pytest.mark.parametrize(("name", "mapping", "people", "names"), SHEETS)
def test_sheets_of_other_programs_come_out_as_candidates(tmp_path, name, mapping, people, names):
    sheet = Path(__file__).parent / "sheets" / f"{name}.csv"
    own = Grader(Settings(), verifier=WordForWord())
    grade_file(own, [str(sheet)], tmp_path / "g.csv", mapping=mapping)
    again = [part for part in mapping if not part.startswith("q:")]
    graded = read_graded_table(tmp_path / "g.csv", mapping=again)
    found = rank(graded, weights_of(graded), blank="zero")
    assert (graded.people, sorted(c.name for c in found.ranked)) == (people, names)
    lost = {row.candidate for row in graded.rows if row.error and not row.blank}
    assert {c.name for c in found.candidates} - set(names) == lost
