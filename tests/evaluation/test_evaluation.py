import csv
import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from grader import Grader, Judge
from grader.errors import InputError, TableError
from grader.evaluation.agreement import MEASURES, agreement, intervals, weighted_rmse
from grader.evaluation.fitting import AT_LEAST, fit_calibration
from grader.evaluation.marked import grade_marked, read_marked
from grader.evaluation.page import evaluation_page
from grader.evaluation.plots import draw
from grader.evaluation.reliability import calibration_error, reliability, risk_coverage
from grader.evaluation.summary import evaluate
from grader.settings import Settings
from tests.support.command import grade
from tests.support.llm_server import serving, verdicts
from tests.support.own_bank import ROOT

MARKED = ROOT / "examples" / "marked.csv"
shares = st.floats(0, 1, allow_subnormal=False)
pairs = st.lists(st.tuples(shares, shares), min_size=2, max_size=30).map(np.array)
HOSTILE = "<script>alert(1)</script> Dropout \" onload='x' zeroes units."


@pytest.fixture(scope="module")
def graded(grader):
    marked, unmarked = read_marked(MARKED, "mark", 10)
    return grade_marked(grader, marked, unmarked)


def table(tmp_path, rows, name="t.csv"):
    file = tmp_path / name
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    return file


# ── measures ────────────────────────────────────────────────────────────────


@given(pairs)
def test_ranks_correlate_as_scipy_says(both):
    marks, scores = both.T
    mine = agreement(marks, scores, 0.6).spearman
    if np.ptp(marks) == 0 or np.ptp(scores) == 0:
        assert math.isnan(mine)
    else:
        assert mine == pytest.approx(stats.spearmanr(marks, scores).statistic, abs=1e-6)


@given(pairs)
def test_measures_stay_in_range_and_perfect_is_perfect(both):
    marks, scores = both.T
    a = agreement(marks, scores, 0.6)
    assert 0 <= a.accuracy <= 1
    assert 0 <= a.rmse <= 1
    assert 0 <= a.weighted_rmse <= 1
    assert -1 <= a.bias <= 1
    same = agreement(marks, marks, 0.6)
    assert (same.rmse, same.weighted_rmse, same.bias, same.accuracy) == (0, 0, 0, 1)


def test_rare_marks_weigh_as_much_as_common_ones():
    marks = np.array([1.0] * 99 + [0.0])
    scores = np.array([1.0] * 99 + [0.6])
    assert weighted_rmse(marks, scores) == pytest.approx(np.sqrt(0.6**2 / 2))


@pytest.mark.parametrize(
    ("marks", "mean", "published"),
    [
        ([0, 1 / 3, 2 / 3, 1], 0.666667, 0.41),  # Beetle
        ([0, 0.5, 1], 0.684985, 0.45),  # DigiKlausur
    ],
)
def test_the_weighted_error_of_the_mean_mark_is_that_which_asag2024_publishes(
    marks, mean, published
):
    # On these sets' few distinct marks it does not depend on how often each was given.
    given = np.repeat(marks, range(1, len(marks) + 1))
    assert round(weighted_rmse(given, np.full(len(given), mean)), 2) == published


def test_an_interval_holds_its_measure_and_is_the_same_each_time():
    chance = np.random.default_rng(0)
    marks = chance.random(80)
    scores = np.clip(marks + chance.normal(0, 0.2, 80), 0, 1)
    measured, ranges = agreement(marks, scores, 0.6), intervals(marks, scores, 0.6)
    assert set(ranges) == set(MEASURES)
    for name, (low, high) in ranges.items():
        assert low < getattr(measured, name) < high, name
    assert intervals(marks, scores, 0.6) == ranges


def test_an_interval_is_that_of_scipys_bootstrap():
    chance = np.random.default_rng(1)
    marks = chance.random(60)
    scores = np.clip(marks + chance.normal(0, 0.2, 60), 0, 1)
    theirs = stats.bootstrap(
        (marks, scores),
        lambda a, b: agreement(a, b, 0.6).pearson,
        paired=True,
        vectorized=False,
        n_resamples=1000,
        method="percentile",
        rng=2,
    ).confidence_interval
    # Other draws: as near as a thousand of them come.
    assert intervals(marks, scores, 0.6)["pearson"] == pytest.approx(tuple(theirs), abs=0.02)


def test_an_interval_that_no_draw_defines_is_no_number():
    ones = np.ones(5)
    assert all(math.isnan(bound) for bound in intervals(ones, ones, 0.6)["pearson"])


@given(pairs)
def test_kappas_are_those_of_scikit_learn(both):
    marks, scores = both.T
    mine = agreement(marks, scores, 0.6)
    tenths = np.rint(marks * 10), np.rint(scores * 10)
    passes = (marks >= 0.6).astype(int), (scores >= 0.6).astype(int)
    for value, (a, b), levels in ((mine.qwk, tenths, 11), (mine.kappa, passes, 2)):
        if len(np.union1d(a, b)) == 1:
            assert math.isnan(value)
        else:
            # Levels that nobody gave must be named, else they leave no distance.
            theirs = cohen_kappa_score(a, b, labels=range(levels), weights="quadratic")
            assert value == pytest.approx(theirs, abs=1e-9)


def test_reliability_and_risk_coverage_by_hand():
    confidence = np.array([0.95, 0.95, 0.55, 0.55])
    right = np.array([1.0, 1.0, 1.0, 0.0])
    bins = reliability(confidence, right)
    assert [(b.n, b.right) for b in bins] == [(2, 0.5), (2, 1.0)]
    assert calibration_error(bins) == pytest.approx(0.05)
    curve = risk_coverage(confidence, np.array([0.0, 0.1, 0.2, 0.6]), right)
    assert curve[4].share == 0.5
    assert curve[4].mean_error == pytest.approx(0.05)
    assert curve[-1].mean_error == pytest.approx(0.225)


# ── marked answers ──────────────────────────────────────────────────────────


def test_the_example_is_graded_and_summed_up(graded):
    result = evaluate(graded, worst=3)
    assert result.overall.agreement.n == len(graded.answers) == 39
    assert result.overall.agreement.pearson > 0.5
    assert {g.name for g in result.questions} == {a.marked.question for a in graded.answers}
    gaps = [abs(a.marked.mark - a.grade.score) for a in result.worst]
    assert len(gaps) == 3
    assert gaps == sorted(gaps, reverse=True)
    json.dumps(result.to_dict(), allow_nan=False)


def test_rows_without_a_mark_and_failures_are_counted_apart(tmp_path, grader):
    rows = [
        ("answer", "question_id", "mark"),
        ("Units are zeroed at random.", "dropout", "0.5"),
        ("It drops units.", "dropout", " "),
        ("", "dropout", "0"),
    ]
    marked, unmarked = read_marked(table(tmp_path, rows), "mark", 1)
    done = grade_marked(grader, marked, unmarked)
    assert (len(done.answers), len(done.failures), done.unmarked) == (1, 1, 1)
    assert done.failures[0][0].row == 4


def test_a_pass_is_what_the_rubric_says_it_is(tmp_path, own_folders):
    bank, rubrics = own_folders
    rubric = rubrics / "tea.yaml"
    rubric.write_text(rubric.read_text() + "scale: {pass_score: 0.3}\n")
    rows = [("answer", "question_id", "mark"), ("The leaves steep for some minutes.", "tea", ".2")]
    marked, unmarked = read_marked(table(tmp_path, rows), "mark", 1)
    done = grade_marked(Grader(bank=bank, rubrics=rubrics), marked, unmarked)
    assert done.passing == pytest.approx([0.3])
    assert done.answers[0].grade.passed
    assert done.answers[0].grade.score < 0.6
    assert evaluate(done, worst=0).overall.agreement.accuracy == 0


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([("answer", "question_id")], "has no column 'mark' of marks"),
        ([("answer", "question_id", "mark"), ("x", "dropout", "")], "no row has a mark"),
        ([("answer", "question_id", "mark"), ("x", "dropout", "B+")], "row 2: mark = 'B+'"),
        ([("answer", "question_id", "mark"), ("x", "dropout", "7")], "row 2: mark = 7: must be"),
        ([("answer", "question_id", "mark"), ("x", "dropout", "-1")], "must be from 0 to 1"),
    ],
)
def test_a_table_that_will_not_do_is_refused(tmp_path, rows, problem):
    with pytest.raises(TableError, match=problem.replace("+", r"\+")):
        read_marked(table(tmp_path, rows), "mark", 1)


def marks_of(tmp_path, marks, most=10, **options):
    """The marks that are read, and how many are none."""
    rows = [
        ("answer", "question_id", "mark"),
        *((f"x{i}", "dropout", m) for i, m in enumerate(marks)),
    ]
    marked, unmarked = read_marked(table(tmp_path, rows), "mark", most, **options)
    return [round(m.mark * most, 9) for m in marked], unmarked


@pytest.mark.parametrize(
    ("marks", "read", "none"),
    [
        (["8,5", "4", "0"], [8.5, 4, 0], 0),
        (["8,5", "-", ",5"], [8.5, 0.5], 1),
        (["8.5", "-", "0"], [8.5, 0], 1),
        (["nan", "NA", "", " ", "–", "N/A", "None", "3"], [3], 7),
        (["1,250", "2,5"], [1.25, 2.5], 0),
    ],
)
def test_marks_are_read_as_the_sheet_writes_them(tmp_path, marks, read, none):
    assert marks_of(tmp_path, marks) == (read, none)


@pytest.mark.parametrize(
    ("marks", "most", "problem"),
    [
        (["8.5", "8,5"], 10, r"t.csv: row 3: mark = '8,5': is not a number"),
        (["3", "absent"], 10, r"row 3: mark = 'absent': is not a number"),
        (["8/ten"], 10, r"row 2: mark = '8/ten'"),
        (["1_0"], 10, r"row 2: mark = '1_0'"),
        (["inf"], 10, r"row 2: mark = 'inf'"),
        (["1,250", "2,000"], 5000, r"row 2: mark = '1,250'.*thousands"),
        (["85,5"], 10, r"row 2: mark = 85,5: must be from 0 to 10"),
    ],
)
def test_a_mark_that_is_not_plain_is_a_line_with_its_place(tmp_path, marks, most, problem):
    with pytest.raises(TableError, match=problem):
        marks_of(tmp_path, marks, most)


def test_both_commands_take_the_ways_out_of_a_table(tmp_path):
    said = "Units are zeroed at random."
    lines = ["Marks|of|May", "reply|question_id|mark", *[f"{said}|dropout|0,5"] * 2]
    file = tmp_path / "t.csv"
    file.write_text("\n".join(lines) + "\n")
    ways = ["--delimiter", "pipe", "--header-row", 2, "--map", "answer=reply"]
    done = grade("eval", file, *ways, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["overall"]["n"] == 2
    done = grade("calibrate", file, *ways, "-o", tmp_path / "own.json")
    assert "marked answers" in done.stderr
    assert "column" not in done.stderr


def test_columns_are_found_as_a_batch_finds_them(tmp_path, grader):
    said = "Units are zeroed at random."
    rows = [("Question ID", "Answer", "Mark"), ("dropout", said, "0.5")]
    [one], _ = read_marked(table(tmp_path, rows), "mark", 1)
    assert one.cells == {"answer": said, "question_id": "dropout"}
    rows = [("answer", "Response", "Q", "mark"), ("see key", said, "dropout", "0.5")]
    told = ["answer=Response", "question_id=Q"]
    marked, _ = read_marked(table(tmp_path, rows), "mark", 1, mapping=told)
    assert marked == [one]
    assert grade_marked(grader, marked, 0).answers[0].grade.question_id == "dropout"


@pytest.mark.parametrize("header", [("candidate", "q:dropout", "mark"), ("How?", "Why?", "mark")])
def test_a_wide_table_has_no_place_for_marks(tmp_path, header):
    with pytest.raises(TableError, match=r"marks need one answer a row.*--map answer=COLUMN"):
        read_marked(table(tmp_path, [header, ("Ann", "It drops units.", "1")]), "mark", 1)


def test_a_row_is_the_one_that_a_spreadsheet_shows(tmp_path):
    rows = [
        ("answer", "question_id", "mark"),
        (),
        ("It drops\nunits.", "dropout", "1"),
        ("Units.", "dropout", "B"),
    ]
    with pytest.raises(TableError, match="row 4: mark = 'B'"):
        read_marked(table(tmp_path, rows), "mark", 1)


# ── the page and the pictures ───────────────────────────────────────────────


class Tags(HTMLParser):
    """Collects the tags of a page and the labels of its pictures."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.images = []

    def handle_starttag(self, tag, attrs):
        self.found.append(tag)
        if tag == "svg":
            self.images.append(dict(attrs).get("aria-label"))


def test_untrusted_answers_can_not_run_in_the_page(tmp_path, grader):
    rows = [("answer", "reference", "question", "mark"), (HOSTILE, "Units drop out.", HOSTILE, "1")]
    marked, _ = read_marked(table(tmp_path, rows), "mark", 1)
    done = grade_marked(grader, marked, 0)
    result = evaluate(done, worst=1)
    tags = Tags()
    tags.feed(evaluation_page(result, draw(done, result, "svg")))
    assert "script" not in tags.found
    assert len(tags.images) == 3
    assert all(tags.images)


def test_a_table_may_hold_what_looks_like_markup(tmp_path):
    prompt = "What does a[i] mean in [/b] markup :smile:?"
    rows = [["answer", "reference", "question", "mark"]]
    rows += [[f"Unit {i} drops out.", "Units drop out.", prompt, i / 2] for i in range(3)]
    done = grade("eval", table(tmp_path, rows))
    assert done.returncode == 0, done.stderr
    assert "a[i]" in done.stdout


def test_what_is_not_defined_is_a_dash(tmp_path, grader):
    rows = [["answer", "question_id", "mark"]]
    rows += [[f"Units are dropped. {i}", "dropout", 1] for i in range(3)]
    done = grade_marked(grader, *read_marked(table(tmp_path, rows), "mark", 1))
    page = evaluation_page(evaluate(done, worst=0), {})
    assert "Correlation – (95 % interval – to –)" in page
    assert "nan" not in page


def test_what_equal_answers_cost_is_counted_once(tmp_path, grader):
    said = "Units are set to zero at random while training."
    rows = [["answer", "question_id", "mark"], *([said, "dropout", i % 2] for i in range(5))]
    rows.append([f"{said} Again.", "dropout", 1])
    with serving(lambda request, _: verdicts(request)) as server:
        fixed = {"llm_canary_rate": 0.0, "llm_model": "tiny", "llm_prices": "tiny=1/10"}
        with Judge(settings=Settings(llm_base_url=server.url, **fixed)) as llm:
            own = Grader(Settings(), encoder=grader.encoder, verifier=grader.verifier, judge=llm)
            done = grade_marked(own, *read_marked(table(tmp_path, rows), "mark", 1))
    judging = evaluate(done, worst=0).judging
    assert judging.calls == len(server.requests) == 2
    assert judging.cost_a_grade == pytest.approx(2 * (100 * 1e-6 + 20 * 10e-6) / 6)


def test_a_mistyped_question_is_told_before_anything_is_graded(tmp_path):
    file = table(tmp_path, [["answer", "mark"], ["Units are dropped.", 1]])
    options = ("--llm", "--llm-model", "m", "--llm-base-url", "http://127.0.0.1:9/v1", "--dry-run")
    for arguments in (("eval", file, "--q", "dropuot"), ("eval", file, "--q", "dropuot", *options)):
        done = grade(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "did you mean dropout" in done.stderr


def test_pictures_are_the_same_each_time(graded):
    result = evaluate(graded, worst=0)
    first, again = (draw(graded, result, "svg") for _ in range(2))
    assert first == again
    assert draw(graded, result, "png")["scatter"].startswith(b"\x89PNG")


def test_the_command_prints_writes_and_refuses(tmp_path):
    page, plots = tmp_path / "page.html", tmp_path / "plots"
    done = grade("eval", MARKED, "--max-mark", 10, "-o", page, "--plots", plots, "--worst", 2)
    assert done.returncode == 0, done.stderr
    assert "95 % from" in done.stdout
    assert done.stdout.count("\nrow ") == 2
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert len(list(plots.iterdir())) == 6
    again = grade("eval", MARKED, "--max-mark", 10, "-o", page)
    assert again.returncode == 2
    assert "exists already" in again.stderr
    data = json.loads(grade("eval", MARKED, "--max-mark", 10, "--json").stdout)
    assert data["overall"]["n"] == 39


# ── calibration ─────────────────────────────────────────────────────────────


def test_a_calibration_brings_scores_nearer_to_the_marks(graded, grader, tmp_path):
    calibration = fit_calibration(graded)
    file = tmp_path / "calibration.json"
    file.write_text(calibration.model_dump_json(), encoding="utf-8")
    mapped = Grader(calibration=file)
    errors = []
    for a in graded.answers:
        grade = mapped.grade(a.marked.cells["answer"], a.marked.question)
        assert grade.linear_score == a.grade.score
        assert grade.signature != a.grade.signature
        errors.append((grade.score - a.marked.mark) ** 2)
    assert np.mean(errors) <= np.mean((graded.scores - graded.marks) ** 2)


def test_too_few_marks_make_no_calibration(tmp_path, grader):
    rows = [("answer", "question_id", "mark")]
    rows += [(f"Units drop {i}.", "dropout", "0.5") for i in range(AT_LEAST - 1)]
    marked, _ = read_marked(table(tmp_path, rows), "mark", 1)
    with pytest.raises(InputError, match=f"needs at least {AT_LEAST}"):
        fit_calibration(grade_marked(grader, marked, 0))


@pytest.mark.slow
def test_fitted_by_one_command_and_applied_by_another(tmp_path):
    file = tmp_path / "own.json"
    done = grade("calibrate", MARKED, "--max-mark", 10, "-o", file)
    assert done.returncode == 0, done.stderr
    text = ("--text", "Each unit is zeroed at random while training.", "--q", "dropout", "--json")
    plain = json.loads(grade(*text).stdout)
    mapped = json.loads(grade(*text, "--calibration", file).stdout)
    assert mapped["linear_score"] == plain["score"]
    assert mapped["versions"]["calibration"]
    assert grade("calibrate", MARKED, "--max-mark", 10, "-o", file).returncode == 2


@pytest.mark.slow
def test_the_commands_of_the_documentation_work_on_the_example(tmp_path):
    text = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    grade ((?:eval|calibrate) .*)$", text, re.MULTILINE)
    assert [c.split()[0] for c in commands] == ["eval", "calibrate"]
    for command in commands:
        words = [MARKED if w == "examples/marked.csv" else w for w in command.split()]
        words[-1] = tmp_path / words[-1]
        done = grade(*words)
        assert done.returncode == 0, done.stderr
        assert words[-1].exists()


# ── a judge beside the marks ────────────────────────────────────────────────


def test_offline_judge_and_fused_grades_stand_beside_the_marks(tmp_path, grader):
    said = "Units are set to zero at random while training."
    rows = [["answer", "question_id", "mark"], [said, "dropout", 1], ["Bread.", "dropout", 0]]
    rows += [[f"{said} Version {i}.", "dropout", i / 4] for i in range(4)]
    file = table(tmp_path, rows)
    with serving(lambda request, _: verdicts(request)) as server:
        fixed = {"llm_canary_rate": 0.0, "llm_model": "tiny", "llm_prices": "tiny=1/10"}
        with Judge(settings=Settings(llm_base_url=server.url, **fixed)) as llm:
            own = Grader(Settings(), encoder=grader.encoder, verifier=grader.verifier, judge=llm)
            graded = grade_marked(own, *read_marked(file, "mark", 1))
        evaluation = evaluate(graded, worst=0)
        judging = evaluation.judging
        assert (judging.judge.agreement.n, judging.not_judged, judging.calls) == (5, 1, 5)
        assert judging.cost_a_grade == pytest.approx(5 * (100 * 1e-6 + 20 * 10e-6) / 6)
        sent = [a.grade for a in graded.answers if a.grade.judge.scores]
        marks = np.array([1, 0, 0.25, 0.5, 0.75])
        for group, scores in (
            (judging.offline, [g.offline.score for g in sent]),
            (judging.judge, [g.judge.scores[0] for g in sent]),
            (judging.fused, [g.score for g in sent]),
        ):
            assert group.agreement.bias == pytest.approx(np.mean(np.array(scores) - marks))
        assert judging.judge.agreement.bias != judging.offline.agreement.bias
        page = evaluation_page(evaluation, {})
        assert "<h2>Offline, judge and fused</h2>" in page
        data = evaluation.to_dict()["judging"]
        assert {"offline", "judge", "fused", "cost_a_grade", "fewer"} <= set(data)
        asked = [fewer["asked"] for fewer in data["fewer"]]
        assert asked == sorted(asked), "the surer one wants to be, the more are asked about"
        for fewer in judging.fewer:
            kept = [g.offline if g.offline.confidence >= fewer.below else g for g in sent]
            bias = np.mean(np.array([g.score for g in kept]) - marks)
            assert fewer.agreement.bias == pytest.approx(bias)
        options = ("--llm", "--llm-model", "tiny", "--llm-base-url", server.url)
        calls = len(server.requests)
        dry = grade("eval", file, *options, "--dry-run")
        assert dry.stdout.startswith("answers to send: 5, ")
        assert len(server.requests) == calls
        done = grade("eval", file, *options)
        assert done.returncode == 0, done.stderr
        assert "replies from the cache: 5" in done.stdout
        heads = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
        assert {"offline", "judge", "fused", "--llm-below"} <= set(heads)
        assert "judge: calls: " in done.stderr
    assert evaluate(grade_marked(grader, *read_marked(file, "mark", 1)), worst=0).judging is None
    done = grade("eval", file, "--llm-model", "tiny")
    assert (done.returncode, "add --llm" in done.stderr) == (2, True)


# ── what marks are out of ───────────────────────────────────────────────────

SAID = "Units are zeroed at random."


@pytest.mark.parametrize(
    ("header", "cells", "shares"),
    [
        (["mark"], [["0.25"], ["1"]], [0.25, 1]),
        (["mark"], [["7/10"], ["3 / 4"]], [0.7, 0.75]),
        (["mark"], [["7 out of 10"], ["4.5 of 5"]], [0.7, 0.9]),
        (["mark"], [["70%"], ["5 %"]], [0.7, 0.05]),
        (["mark (out of 10)"], [["7"], ["0.5"]], [0.7, 0.05]),
        (["Mark/10.00"], [["7.00"], ["1.00"]], [0.7, 0.1]),
        (["mark [0-20]"], [["7"], ["1"]], [0.35, 0.05]),
        (["mark_out_of_10"], [["7"], ["1"]], [0.7, 0.1]),
        (["Mark (max. 8)"], [["4"], ["1"]], [0.5, 0.125]),
        (["mark", "max"], [["7", "10"], ["1", "2"]], [0.7, 0.5]),
        (["Max Mark", "mark"], [["10", "7"], ["10", "1"]], [0.7, 0.1]),
        (["mark", "Points possible"], [["7", "10.0"], ["1", "2"]], [0.7, 0.5]),
    ],
)
def test_the_highest_mark_is_found_where_the_table_says_it(tmp_path, header, cells, shares):
    rows = [["answer", "question_id", *header], *([SAID, "dropout", *row] for row in cells)]
    marked, _ = read_marked(table(tmp_path, rows), "mark")
    assert [one.mark for one in marked] == pytest.approx(shares)


@pytest.mark.parametrize("command", [["eval"], ["calibrate", "-o", "own.json"]])
@pytest.mark.parametrize("most", ["10", "7.5", "100"])
def test_where_nothing_says_it_the_command_to_type_is_told(tmp_path, command, most):
    rows = [["answer", "question_id", "mark"]]
    rows += [[f"{SAID} {i}", "dropout", i % 2] for i in range(29)] + [[SAID, "dropout", most]]
    file = table(tmp_path, rows)
    done = grade(*command, file)
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert f"{file}: column 'mark': marks reach {most}, " in line
    advised = re.search(r"add (--max-mark \S+) ", line)[1]
    assert advised == f"--max-mark {most}"
    if command == ["eval"]:
        assert grade(*command, file, *advised.split()).returncode == 0


def test_a_highest_mark_that_is_given_counts_for_plain_numbers(tmp_path):
    rows = [["answer", "question_id", "mark"], [SAID, "dropout", "1"], [SAID, "dropout", "3/4"]]
    marked, _ = read_marked(table(tmp_path, rows), "mark", 10)
    assert [one.mark for one in marked] == pytest.approx([0.1, 0.75])


def test_a_mark_above_what_it_is_out_of_is_refused(tmp_path):
    for cell in ("11/10", "120%", "-1"):
        rows = [["answer", "question_id", "mark"], [SAID, "dropout", cell]]
        with pytest.raises(TableError, match=rf"row 2: mark = {cell}: must be from 0 to"):
            read_marked(table(tmp_path, rows), "mark")


def test_the_examples_marks_are_read_as_the_readme_says(tmp_path):
    done = grade("eval", MARKED)
    assert done.returncode == 2
    assert "add --max-mark 10 " in done.stderr
