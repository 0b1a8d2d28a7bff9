"""What the report says of answers' errors and marks: never more than the rows support."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr

from grader.hiring.feedback.bar import Bar
from grader.hiring.graded_table import read_graded_table
from grader.report.findings import find
from grader.report.page import ranking_of, report_page
from grader.report.statistics import interval_of, question_statistics
from tests.support.graded import grade, question, row, write

RECALL = question("precision-recall", 2, 2, costs=(1, 1))
RELU = question("relu", 3, costs=(1,))
BAR = Bar(level=0.9, bars={"asserted": 0.88}, verifier="v")


def table(tmp_path, *rows):
    return read_graded_table(write(tmp_path / "graded.csv", rows), quoting=True)


def wrong(name, sure, asked=RECALL, error="e1", **more):
    verdicts = "c" * len(asked.key_points)
    return row(name, asked, grade(asked, verdicts, sure=sure, errors=(error,)), **more)


# ── findings ────────────────────────────────────────────────────────────────


def test_what_the_grader_half_believes_of_six_is_no_finding(tmp_path):
    """Six verdicts at .57 to .8, of which none was right, were once told as six people's error."""
    sures = (0.57, 0.62, 0.66, 0.66, 0.75, 0.8)
    graded = table(tmp_path, *(wrong(f"c{i}", sure) for i, sure in enumerate(sures)))
    found = find(graded.rows, BAR)
    assert (found.sure, found.unsure) == ((), 6)
    page = report_page(graded, "Report")
    assert "No answer states a known error surely enough" in page
    assert "Not counted: 6 known errors" in page
    assert "6 ×" not in page


def test_the_shipped_bar_is_above_what_was_told_wrongly(tmp_path):
    graded = table(tmp_path, wrong("Ann", 0.8), wrong("Bob", 0.97))
    page = report_page(graded, "Report")
    assert "1 answer · 97% sure" in page
    assert re.search(r'data-answer="3">Bob</button>: <q>An</q>', page)


def test_findings_are_ordered_by_how_sure_they_are_not_by_their_number(tmp_path):
    rows = [wrong(f"c{i}", 0.9, error="e2") for i in range(3)]
    graded = table(tmp_path, *rows, wrong("Ann", 0.95), wrong("Bob", 0.99), wrong("Cy", 0.92, RELU))
    found = find(graded.rows, BAR).sure
    assert [(f.claim, len(f.said)) for f in found] == [
        ("precision-recall error 1", 2),
        ("relu error 1", 1),
        ("precision-recall error 2", 3),
    ]
    assert [s.candidate for s in found[0].said] == ["Bob", "Ann"]
    assert found[0].sure == pytest.approx(0.97)


def test_a_mark_that_a_person_changed_supports_no_finding(tmp_path):
    graded = table(tmp_path, wrong("Ann", 0.99, grade_score="1", grade_points="4"))
    assert graded.rows[0].by_hand
    assert find(graded.rows, BAR) == find([], BAR)


@given(st.lists(st.tuples(st.floats(0.5, 1), st.booleans(), st.sampled_from(["e1", "e2", ""]))))
def test_every_finding_is_borne_out_by_its_rows(tmp_path_factory, answers):
    rows = []
    for i, (sure, by_hand, error) in enumerate(answers):
        made = grade(RECALL, "cm", sure=round(sure, 4), errors=(error,) if error else ())
        changed = {"grade_score": "0.9", "grade_points": ""} if by_hand else {}
        rows.append(row(f"c{i}", RECALL, made, **changed))
    graded = table(tmp_path_factory.mktemp("g"), *rows) if rows else None
    read = graded.rows if graded else ()
    found = find(read, BAR)
    told = [(s.row, f.claim) for f in found.sure for s in f.said]
    right = [
        (r.row, m.claim)
        for r in read
        for _, m in r.detail.asserted
        if not r.by_hand and m.probability >= 0.88
    ]
    assert sorted(told) == sorted(right)
    assert found.unsure + len(told) == sum(len(r.detail.asserted) for r in read if not r.by_hand)
    assert [f.sure for f in found.sure] == sorted((f.sure for f in found.sure), reverse=True)


# ── marks ───────────────────────────────────────────────────────────────────


def test_what_a_person_made_of_a_mark_counts(tmp_path):
    low = row("Ann", RELU, grade(RELU, "m"), grade_score="1", grade_points="3")
    graded = table(tmp_path, low, row("Bob", RELU, grade(RELU, "m")))
    [found] = question_statistics(graded.rows)
    assert (found.mean, found.pass_rate) == (0.5, 0.5)
    assert "1 passed, 1 not passed, 0 need review by a person, 0 not gradable" in report_page(
        graded, "Report"
    )


def test_a_mark_in_the_place_of_a_failure_is_shown_without_verdicts(tmp_path):
    given_by_hand = row("Ann", RELU, None, grade_score="0.5", grade_error="", grade_max_points="3")
    graded = table(tmp_path, {**given_by_hand, "answer": "Well."}, row("Bob", RELU))
    assert graded.rows[0].detail is None
    assert "0 passed, 1 not passed, 0 need review by a person, 1 not gradable" in report_page(
        graded, "Report"
    )


def test_a_damaged_detail_of_a_grade_is_still_refused(tmp_path):
    from grader.errors import TableError

    with pytest.raises(TableError, match="row 2: grade_detail is damaged"):
        table(tmp_path, row("Ann", RELU, grade(RELU, "c"), grade_detail=""))


def test_the_pass_mark_stands_where_answers_pass(tmp_path):
    graded = table(tmp_path, row("Ann", RELU, grade(RELU, "c")))
    assert '<div class="pass" style="left:60%">' in report_page(graded, "Report")


def test_the_page_says_what_a_score_is(tmp_path):
    page = report_page(table(tmp_path, row("Ann", RELU, grade(RELU, "c"))), "Report")
    told = " ".join(page[page.index("<h2>Answers") : page.index("<noscript>")].split())
    assert "the points earned of those that can be had, less what known errors cost" in told
    assert "as far as it is sure" not in told


def test_a_table_that_can_not_be_ranked_is_reported_all_the_same(tmp_path):
    graded = table(tmp_path, row("Ann", RELU, grade(RELU, "c")), row("Ann", RELU, grade(RELU, "m")))
    said = ranking_of(graded)
    assert "has answered relu in row 2 already" in said
    page = report_page(graded, "Report", said)
    assert "There is no ranking: " in page
    assert "2 answers by 1 candidate" in page


def test_candidates_come_first_with_their_ranks(tmp_path):
    graded = table(
        tmp_path,
        row("<b>Ann", RELU, grade(RELU, "m")),
        row('Bob"', RELU, grade(RELU, "c")),
        row("Cy", RELU),
    )
    page = report_page(graded, "Report", ranking_of(graded, "zero"))
    first = page[page.index('id="candidates"') : page.index("Known errors that")]
    assert re.findall(r'data-candidate="([^"]*)"', first) == ["Bob&quot;", "&lt;b&gt;Ann", "Cy"]
    assert re.findall(r'data-label="Rank">([^<]*)<', first) == ["1", "2", "2"]
    unranked = report_page(graded, "Report", ranking_of(graded))
    assert re.findall(r'data-label="Rank">([^<]*)<', unranked) == ["1", "2", "–"]
    assert "count it as 0 with --blank zero" in unranked


# ── questions ───────────────────────────────────────────────────────────────

tenths = st.integers(0, 10).map(lambda n: n / 10)


@given(st.lists(st.tuples(tenths, tenths), min_size=4, max_size=20))
def test_the_interval_of_a_correlation_is_scipys(pairs):
    own, others = zip(*pairs, strict=True)
    if len(set(own)) == 1 or len(set(others)) == 1:
        return
    found = pearsonr(own, others)
    if abs(found.statistic) > 1 - 1e-9:
        return
    ends = interval_of(found.statistic, len(pairs))
    assert ends == pytest.approx(tuple(found.confidence_interval(0.95)), abs=1e-9)


def test_no_interval_where_a_correlation_says_nothing():
    assert interval_of(0.5, 3) is None
    assert interval_of(1.0, 9) is None
    assert not math.isnan(interval_of(0.999999, 4)[0])


@pytest.mark.parametrize(
    ("relu", "recall", "said"),
    [
        ("cccmmm", "cccmmm", "Who does well elsewhere does well here"),
        ("cccmmm", "mmmccc", "Who does well elsewhere does worse here"),
        ("cmcmcm", "ccmmcm", "can&#x27;t be said from so few answers|can't be said from so few"),
        ("cm", "cm", "Too few have answered other questions"),
    ],
)
def test_what_a_question_tells_is_said_in_a_sentence(tmp_path, relu, recall, said):
    rows = []
    for i, (a, b) in enumerate(zip(relu, recall, strict=True)):
        own = "p" if i == 1 else a  # so that not all lie on a line
        rows += [row(f"c{i}", RELU, grade(RELU, own)), row(f"c{i}", RECALL, grade(RECALL, b * 2))]
    page = report_page(table(tmp_path, *rows), "Report")
    [sentence] = re.findall(r"<h3>relu</h3><p>(.*?)</p>", page)
    assert re.search(said, sentence), sentence
