import json
import math
import re
from dataclasses import replace

import pandas as pd
import pytest

from grader.errors import TableError
from grader.hiring.audited import Asked
from grader.hiring.fairness import COLUMNS, TIMES, audit_table
from grader.hiring.fairness_page import audit_page
from tests.support.command import grade, refused
from tests.support.graded import grade as graded
from tests.support.graded import question, row, write
from tests.support.groups import (
    NAMES,
    SCORED,
    SCORED_BY_RACE,
    SELECTED,
    graded_frame,
    people,
)

RELU = question("relu", 1, 1)
HALF = graded(RELU, "cm")
HOSTILE = "<script>alert(1)</script> $x^2$ & Co"


def of(frame, *groups, **more):
    asked = {k: more.pop(k) for k in ("selected", "pass_mark", "mark", "max_mark") if k in more}
    return audit_table(frame, Asked(groups=groups, **asked), **more)


def found(audit, basis, by):
    [table] = [c for c in audit.comparisons if (c.basis, c.by) == (basis, by)]
    return {group.group: group for group in table.groups}, table


# ── the examples of 6 RCNY § 5-301, recomputed from people ──────────────────


@pytest.fixture(scope="module")
def selected():
    """The people of the example of § 5-301(b), and 250 of unknown category."""
    everybody = [
        one
        for sex, rows in SELECTED.items()
        for race, (n, hits, _, _) in zip(NAMES, rows, strict=True)
        for one in people(hits, n, {"advanced": "yes"}, {"advanced": "no"}, sex=sex, race=race)
    ]
    nobody = people(100, 250, {"advanced": "yes"}, {"advanced": "no"}, sex="", race="Unknown")
    return of(graded_frame(everybody + nobody), "sex", "race", selected="advanced")


def test_the_example_of_selection_by_sex_is_recomputed(selected):
    groups, table = found(selected, "selection", "sex")
    assert table.unknown == 250
    male, female = groups["Male"], groups["Female"]
    assert (male.count.n, male.count.hits, f"{male.rate:.0%}") == (1390, 667, "48%")
    assert (female.count.n, female.count.hits, f"{female.rate:.0%}") == (1181, 555, "47%")
    assert (male.ratio, f"{female.ratio:.3f}") == (1.0, "0.979")


def test_the_example_of_selection_by_intersection_is_recomputed(selected):
    groups, table = found(selected, "selection", f"sex{TIMES}race")
    assert table.unknown == 250
    assert table.highest == f"Male{TIMES}White"
    for sex, rows in SELECTED.items():
        for race, (n, hits, rate, ratio) in zip(NAMES, rows, strict=True):
            group = groups[f"{sex}{TIMES}{race}"]
            assert (group.count.n, group.count.hits) == (n, hits)
            assert f"{100 * group.rate:.1f}" == rate
            assert f"{group.ratio:.3f}" == ratio


def test_the_example_of_selection_by_race_adds_up_but_for_one_row(selected):
    """The rule prints 204 of 408 Hispanic applicants, and by sex 172 of 395."""
    groups, _ = found(selected, "selection", "race")
    assert (groups[NAMES[0]].count.n, groups[NAMES[0]].count.hits) == (395, 172)
    assert f"{groups['Asian'].ratio:.2f}" == "0.95"


@pytest.fixture(scope="module")
def scored():
    """Those of § 5-301(c), and 15 of unknown category who score the median."""
    everybody = [
        one
        for sex, rows in SCORED.items()
        for race, (n, rate, _) in zip(NAMES, rows, strict=True)
        for one in people(
            round(n * rate / 100),
            n,
            {"grade_score": 0.8},
            {"grade_score": 0.3},
            sex=sex,
            race=race,
        )
    ]
    nobody = people(15, 15, {"grade_score": 0.5}, {}, sex="Female", race="prefer not to say")
    return of(graded_frame(everybody + nobody), "sex", "race")


def test_the_example_of_scoring_is_recomputed(scored):
    assert scored.median == 0.5
    by_race, table = found(scored, "scoring", "race")
    assert (table.known, table.unknown) == (168, 15)
    for race, (n, rate, ratio) in zip(NAMES, SCORED_BY_RACE, strict=True):
        group = by_race[race]
        assert (group.count.n, f"{100 * group.rate:.1f}") == (n, rate)
        assert f"{group.ratio:.2f}" == ratio
    both, table = found(scored, "scoring", f"sex{TIMES}race")
    assert table.unknown == 15
    for sex, rows in SCORED.items():
        for race, (n, _, ratio) in zip(NAMES, rows, strict=True):
            assert both[f"{sex}{TIMES}{race}"].count.n == n
            assert f"{both[f'{sex}{TIMES}{race}'].ratio:.2f}" == ratio


def test_a_score_equal_to_the_median_is_not_above_it(scored):
    by_sex, _ = found(scored, "scoring", "sex")
    assert by_sex["Female"].count.n == 76 + 15  # their sex is known
    assert by_sex["Female"].count.hits == 34


# ── people ──────────────────────────────────────────────────────────────────


def test_a_person_of_four_answers_is_one_person():
    rows = [
        {"candidate": name, "question_id": f"q{i}", "sex": sex, "grade_score": score}
        for name, sex, scores in (
            ("Ada", "F", (0.6, 0.6, 0.6)),  # whose mean is no less than .6
            ("Ben", "M", (0.9, 0.2, 0.5)),
        )
        for i, score in enumerate(scores)
    ]
    audit = of(graded_frame(rows), "sex")
    assert (audit.people, audit.answers) == (2, 6)
    groups, _ = found(audit, "selection", "sex")
    assert {name: group.count.hits for name, group in groups.items()} == {"F": 1, "M": 0}


def test_what_has_no_grade_is_left_out_and_told():
    rows = [
        {"candidate": "Ada", "sex": "F", "question_id": "a", "grade_score": 0.9},
        {"candidate": "Ada", "sex": "", "question_id": "b"}
        | {"grade_score": None, "grade_error": "AnswerError: too long"},
        {"candidate": "Ben", "sex": "M", "grade_score": 0.1},
        {"candidate": "Cem", "sex": "M", "grade_score": None, "grade_error": "AnswerError: x"},
    ]
    audit = of(graded_frame(rows), "sex")
    groups, _ = found(audit, "selection", "sex")
    assert groups["F"].count.hits == 1  # the row without a sex takes it from the other
    assert groups["M"].count.n == 1
    assert any("2 answers without a grade" in note for note in audit.notes)
    assert any("1 person without any grade" in note for note in audit.notes)


@pytest.mark.parametrize("unknown", ["", " ", "Prefer not to say", "N/A", "unknown", "–", None])
def test_words_for_unknown_are_no_group(unknown):
    audit = of(graded_frame([{"sex": "F"}, {"sex": "M"}, {"sex": unknown}]), "sex")
    groups, table = found(audit, "selection", "sex")
    assert (set(groups), table.unknown) == ({"F", "M"}, 1)


def test_a_group_is_one_however_it_is_spelled():
    audit = of(
        graded_frame([{"sex": s} for s in ("Female", "female ", "FEMALE", "Female", "M")]), "sex"
    )
    groups, _ = found(audit, "selection", "sex")
    assert {name: group.count.n for name, group in groups.items()} == {"Female": 4, "M": 1}


def test_an_empty_cell_is_a_no_only_where_nothing_else_says_no():
    rows = [{"sex": "F", "hired": "x"}, {"sex": "M", "hired": ""}]
    groups, _ = found(of(graded_frame(rows), "sex", selected="hired"), "selection", "sex")
    assert groups["M"].count.hits == 0
    with pytest.raises(TableError, match=r"row 2: hired is empty, and other rows say no"):
        of(
            graded_frame([*rows, {"sex": "M"}, {"sex": "M", "hired": "no"}]).fillna(""),
            "sex",
            selected="hired",
        )


def test_without_a_pass_mark_that_of_the_table_counts(tmp_path):
    def audit(*marks, pass_mark=None, selected=None, **cells):
        rows = [
            row(name, RELU, replace(HALF, pass_mark=mark, passed=mark <= 0.5), sex=sex, up="yes")
            | cells
            for name, sex, mark in zip(("Ada", "Ben"), "FM", marks, strict=True)
        ]
        file = write(tmp_path / "graded.csv", rows)
        return of(file, "sex", pass_mark=pass_mark, selected=selected)

    assert [audit(m, m).pass_mark for m in (0.5, 0.6, 0.8)] == [0.5, 0.6, 0.8]
    groups, _ = found(audit(0.5, 0.5), "selection", "sex")
    assert groups["F"].count.hits == 1
    assert audit(0.5, 0.5, pass_mark=0.9).pass_mark == 0.9
    with pytest.raises(TableError, match=r"with the pass marks 0.5, 0.6: say with --pass-mark"):
        audit(0.5, 0.6)
    assert audit(0.5, 0.6, selected="up").by_column == "up"
    lost = {"grade_detail": ""}
    assert audit(0.6, 0.6, **lost).pass_mark == 0.6
    with pytest.raises(TableError, match=r"row 2: passes with a score of 0.5, .* --pass-mark"):
        audit(0.5, 0.5, **lost)


# ── bad input ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rows", "asked", "problem"),
    [
        ([{"sex": "F"}], {"groups": ("gender",)}, r"has no column 'gender': it has .*'sex'"),
        ([{"sex": "F"}], {"groups": ()}, r"name the columns .* with --group: it has .*'sex'"),
        ([{"sex": "F"}] * 2, {"groups": ("sex",)}, r"no two groups to compare: 'sex' has 'F'"),
        ([{"sex": ""}] * 2, {"groups": ("sex",)}, r"no two groups.*'sex' has no cell that says"),
        ([{"sex": "F"}], {"groups": ("sex", "Sex")}, r"--group names a column twice"),
        (
            [{"sex": "F", "up": "perhaps"}],
            {"groups": ("sex",), "selected": "up"},
            r"row 1: up = 'perhaps': is neither yes nor no",
        ),
        ([{"sex": "F"}], {"groups": ("sex",), "selected": "up"}, r"'up'.*choose with --selected"),
        ([{"sex": "F"}], {"groups": ("sex",), "mark": "m"}, r"'m'.*choose with --mark"),
        (
            [{"sex": "F", "m": ""}, {"sex": "M", "m": ""}],
            {"groups": ("sex",), "mark": "m"},
            r"no row has a mark in 'm'",
        ),
        (
            [
                {"sex": "F", "candidate": "Ada"},
                {"sex": "M", "candidate": "Ada", "question_id": "b"},
            ],
            {"groups": ("sex",)},
            r"row 2: sex of 'Ada' is 'M', but in row 1 'F'",
        ),
        (
            [{"sex": "F", "candidate": "Ada"}, {"sex": "F", "candidate": "Ada"}],
            {"groups": ("sex",)},
            r"row 2: 'Ada' .* has answered dropout in row 1 already",
        ),
        ([{"sex": "F", "grade_score": 1.5}], {"groups": ("sex",)}, r"row 1: grade_score is '1.5'"),
    ],
)
def test_what_will_not_do_is_one_clear_line(rows, asked, problem):
    with pytest.raises(TableError, match=problem) as raised:
        audit_table(graded_frame(rows), Asked(**asked))
    assert "\n" not in str(raised.value)


def test_people_are_not_told_apart_by_what_is_compared():
    frame = graded_frame([{"sex": "F"}, {"sex": "M"}]).drop(columns="candidate")
    with pytest.raises(TableError, match="no column but 'sex' tells people apart"):
        of(frame, "sex")


def test_a_lone_group_beside_others_is_noted():
    audit = of(graded_frame([{"sex": "F", "site": "N"}, {"sex": "M", "site": "N"}]), "sex", "site")
    assert any("'site' has the one group 'N'" in note for note in audit.notes)


# ── groups under 2 % ────────────────────────────────────────────────────────


def small():
    rows = [
        *people(1, 1, {"grade_score": 1.0}, {}, sex="X"),
        *people(30, 60, {"grade_score": 1.0}, {"grade_score": 0.0}, sex="F"),
        *people(20, 60, {"grade_score": 1.0}, {"grade_score": 0.0}, sex="M"),
    ]
    return graded_frame(rows)


def test_a_table_that_hangs_on_one_person_says_so():
    audit = of(small(), "sex")
    assert any("hang on 'X', 1 of 121 people" in note for note in audit.notes)
    assert found(audit, "selection", "sex")[0]["F"].ratio == 0.5


def test_with_a_reason_a_small_group_is_excluded_and_the_page_says_why():
    audit = of(small(), "sex", justification="One person shows nothing.")
    groups, _ = found(audit, "selection", "sex")
    assert groups["F"].ratio == 1
    assert groups["X"].ratio is None
    assert not any("hang on" in note for note in audit.notes)
    page = audit_page(audit, "Audit")
    assert "Excluded, for this reason: One person shows nothing." in page
    assert "<td>excluded</td>" in page
    assert "100.0 %" in page  # its rate, which § 5-301(d) asks for


# ── errors by group ─────────────────────────────────────────────────────────


def test_errors_by_group_are_counted_by_hand():
    rows = [
        # Of four women whose marks pass, three fail; of four men, none.
        *people(3, 4, {"grade_score": 0.3}, {"grade_score": 0.9}, sex="F", mark="8"),
        *people(0, 4, {}, {"grade_score": 0.9}, sex="M", mark="8"),
        *people(1, 2, {"grade_score": 0.7}, {"grade_score": 0.1}, sex="M", mark="2"),
        {"sex": "M", "mark": "", "grade_score": 0.0},
        {"sex": "", "mark": "8", "grade_score": 0.0},
    ]
    audit = of(graded_frame(rows), "sex", mark="mark", max_mark=10)
    [table] = audit.errors
    groups = {group.group: group for group in table.groups}
    women, men = groups["F"], groups["M"]
    assert table.unknown == 1
    assert (women.false_fails.count.hits, women.false_fails.count.n) == (3, 4)
    assert (men.false_fails.count.hits, men.false_fails.count.n) == (0, 4)
    assert women.false_fails.p == pytest.approx(1 / 7)  # 2 · C(4,3)·C(4,0) / C(8,3)
    assert women.false_passes.rate is None
    assert (men.false_passes.count.hits, men.false_passes.count.n) == (1, 2)
    assert men.false_passes.p is None
    assert women.bias == pytest.approx((3 * -0.5 + 0.1) / 4)
    low, high = women.bias_interval
    assert low < women.bias < high
    rows = audit.to_frame()
    assert len(rows[rows.basis == "false fails"]) == 2
    json.dumps(audit.to_dict(), allow_nan=False)


# ── what is handed out ──────────────────────────────────────────────────────


def test_a_frame_has_a_row_a_group_and_rate(selected):
    frame = selected.to_frame()
    assert list(frame.columns) == list(COLUMNS)
    assert len(frame) == 2 * (2 + 7 + 14)
    assert frame[frame.basis == "scoring"].four_fifths.isna().all()
    below = frame[frame.four_fifths == "not met"]
    assert list(below.group) == [f"Female{TIMES}Native American or Alaska Native"]
    assert below.impact_ratio.item() == pytest.approx(0.789, abs=5e-4)


def test_the_page_is_whole_escaped_and_needs_nothing():
    rows = [
        *people(7, 10, {"grade_score": 1.0}, {"grade_score": 0.0}, sex="M"),
        *people(3, 10, {"grade_score": 1.0}, {"grade_score": 0.0}, sex=HOSTILE),
    ]
    page = audit_page(of(graded_frame(rows), "sex"), "Audit <1>")
    assert "<script" not in page
    assert "Audit &lt;1&gt;" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; $x^2$ &amp; Co" in page
    assert not re.search(r"(src|href)=\"?https?:", page.replace("http://www.w3.org", ""))
    assert not re.search(r"\$[a-z]+\b", page.replace("$x^2$", ""))  # no part was left out
    for section in ("5-300", "5-301(b)", "5-301(c)", "5-301(d)", "5-302", "5-303(a)", "1607.4(D)"):
        assert section in page
    assert page.count("<svg") == 2
    assert "less than four-fifths of &#x27;M&#x27; (ratio 0.429" in page


def test_the_same_table_makes_the_same_page(scored):
    assert audit_page(scored, "A") == audit_page(scored, "A")


# ── the command ─────────────────────────────────────────────────────────────


@pytest.fixture
def table(tmp_path):
    rows = [
        *people(8, 10, {"grade_score": 1.0}, {"grade_score": 0.0}, sex="M", mark=1),
        *people(3, 10, {"grade_score": 1.0}, {"grade_score": 0.0}, sex="F", mark=1),
    ]
    file = tmp_path / "graded.csv"
    graded_frame(rows).to_csv(file, index=False)
    return file


def test_the_command_prints_and_writes_page_and_table(table, tmp_path):
    page, rates = tmp_path / "audit.html", tmp_path / "rates.parquet"
    command = ["fairness", table, "--group", "sex", "--mark", "mark", "-o", page, "--table", rates]
    done = grade(*command)
    assert done.returncode == 0, done.stderr
    assert "not met; small numbers may explain it" in done.stdout
    assert "sex: 'F' 30.0 %, less than four-fifths of 'M' (ratio 0.375" in done.stdout
    assert "7 of 10" in done.stdout
    assert "Errors by group" in page.read_text(encoding="utf-8")
    frame = pd.read_parquet(rates)
    assert list(frame.columns) == list(COLUMNS)
    row = frame[(frame.basis == "selection") & (frame.group == "F")].iloc[0]
    assert (row.people, row.hits, bool(row.excluded)) == (10, 3, False)
    assert math.isclose(row.impact_ratio, 0.375)
    refused(grade(*command), "exists already")


def test_people_may_be_told_apart_by_several_columns(table):
    frame = pd.read_csv(table)
    frame["first"], frame["last"] = frame.index // 10, frame.index % 10
    frame.drop(columns="candidate").to_csv(table, index=False)
    done = grade(
        *("fairness", table, "--group", "sex", "--candidate", "first", "--candidate", "last")
    )
    assert done.returncode == 0, done.stderr
    assert "20 people, 20 answers" in done.stdout


def test_the_command_refuses_what_does_not_go_together(table, tmp_path):
    refused(grade("fairness"), "needs a graded table", "--perturb")
    refused(grade("fairness", "--group", "sex", "--perturb"), "--group needs a graded table")
    refused(grade("fairness", table), "--group: it has 'candidate'")
    odd = tmp_path / "rates.doc"
    refused(grade("fairness", table, "--group", "sex", "--table", odd), "ending names no format")
    assert not odd.exists()
