import csv
import json
import math
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.batch.runner import grade_file
from grader.errors import TableError
from grader.hiring.graded_table import read_graded_table
from grader.report.page import report_page
from grader.report.statistics import BINS, histogram, item_rest, question_statistics
from grader.tables.cells import CELL_LIMIT, fitting_detail
from tests.support.command import grade as command
from tests.support.graded import grade, question, row, write
from tests.support.own_bank import ROOT

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    " 🙂 Each unit is zeroed at random during training. <b>At test time all units are used.</b>"
)
shares = st.floats(0, 1)


def graded_table(file, candidate=None, prompts=None, mapping=()):
    return read_graded_table(
        file, candidate=candidate, prompts=prompts, mapping=mapping, quoting=True
    )


def read_graded(file, candidate, prompts, mapping=()):
    return list(graded_table(file, candidate, prompts, mapping).rows)


@pytest.fixture(scope="module")
def graded(tmp_path_factory, grader):
    """A graded table with an attack in it and a row that failed."""
    folder = tmp_path_factory.mktemp("graded")
    with (ROOT / "examples" / "marked.csv").open(encoding="utf-8") as stream:
        rows = [{**row, "candidate": f"c{i % 13}"} for i, row in enumerate(csv.DictReader(stream))]
    rows.append({**rows[0], "candidate": HOSTILE, "question_id": "dropout", "answer": HOSTILE})
    rows.append({**rows[0], "candidate": "Zoe", "answer": ""})
    with (folder / "in.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    grade_file(grader, [str(folder / "in.csv")], folder / "out.csv")
    return folder / "out.csv"


@pytest.fixture(scope="module")
def whole(graded):
    return graded_table(graded, prompts={"dropout": "How does dropout work?"})


@pytest.fixture(scope="module")
def rows(whole):
    return list(whole.rows)


# ── statistics ──────────────────────────────────────────────────────────────


def test_a_report_says_it_as_an_interviewer_would(grader, tmp_path):
    rows = [SAID, "dropout, p = 0.5, Bernoulli mask, ensemble, co-adaptation, overfitting", ""]
    with (tmp_path / "in.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["answer", "question_id"], *([r, "dropout"] for r in rows)])
    grade_file(grader, [str(tmp_path / "in.csv")], tmp_path / "out.csv")
    page = report_page(graded_table(tmp_path / "out.csv"), "Report")
    assert "1 needs review by a person, 1 not gradable." in page
    assert "the answer looks like a list of keywords (keyword_list)" in page
    assert ">Next</button>" in page
    assert '<option value="failed">not gradable</option>' in page
    for odd in ("or a person", "o look at", ">failed<", ">On<", 'make("b", verdict)'):
        assert odd not in page


def test_nameless_candidates_are_different_people(grader, tmp_path):
    text = "candidate,answer,question_id\n,Units are dropped.,dropout\n,Units drop out.,dropout\n"
    (tmp_path / "in.csv").write_text(text)
    grade_file(grader, [str(tmp_path / "in.csv")], tmp_path / "out.csv")
    rows = read_graded(tmp_path / "out.csv", None, {})
    assert [row.candidate for row in rows] == ["row 2", "row 3"]


@given(st.lists(shares, max_size=50))
def test_every_score_falls_into_a_bin(scores):
    counts = histogram(scores)
    assert len(counts) == BINS
    assert sum(counts) == len(scores)


tenths = st.integers(0, 10).map(lambda n: n / 10)


@given(st.lists(st.tuples(tenths, tenths), max_size=20))
@example([(0.0, 0.1), (0.0, 0.1), (0.1, 0.1)])
def test_item_rest_is_a_correlation_where_there_is_one(pairs):
    own, others = {own for own, _ in pairs}, {others for _, others in pairs}
    value = item_rest(pairs)
    if len(pairs) < 3 or len(own) == 1 or len(others) == 1:
        assert value is None
    else:
        assert value == pytest.approx(np.corrcoef(*zip(*pairs, strict=True))[0, 1], abs=1e-9)


def test_a_question_is_summed_up(rows):
    dropout = next(q for q in question_statistics(rows) if q.id == "dropout")
    own = [r.detail for r in rows if r.detail and r.detail.question_id == "dropout"]
    assert dropout.answers == len(own) == 4
    assert dropout.prompt == "How does dropout work?"
    assert dropout.pass_rate == sum(d.passed for d in own) / 4
    assert all(math.isclose(sum(c.shares), 1) for c in dropout.coverage)
    assert dropout.discrimination is not None


def test_a_table_that_was_not_graded_is_refused(tmp_path):
    with pytest.raises(TableError, match="is it a table that 'grade batch' wrote"):
        read_graded(ROOT / "examples" / "marked.csv", None, {})


def test_an_unknown_column_and_a_damaged_detail_are_named(graded, tmp_path):
    with pytest.raises(TableError, match="has no column 'name': it has 'candidate'"):
        read_graded(graded, "name", {})
    damaged = tmp_path / "damaged.csv"
    text = graded.read_text(encoding="utf-8").replace('""versions""', '""visions""', 1)
    damaged.write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match="row 2: grade_detail is damaged"):
        read_graded(damaged, None, {})


SAID = "Units are set to zero at random while training."


def graded_again(grader, folder, header, *rows, mapping=(), name="g.csv"):
    with (folder / "in.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])
    grade_file(grader, [str(folder / "in.csv")], folder / name, mapping=mapping)
    return folder / name


def test_a_column_of_keys_is_not_taken_for_the_answers(grader, tmp_path):
    header = ("answer", "Response", "question_id")
    row = ("EXPECTED: see key", SAID, "dropout")
    table = graded_again(grader, tmp_path, header, row, mapping=["answer=Response"])
    with pytest.raises(
        TableError, match=r"g.csv: row 2: what column 'answer' holds.*--map answer=COLUMN"
    ):
        read_graded(table, None, {})
    [found] = read_graded(table, None, {}, ["answer=Response"])
    assert (found.answer, found.candidate) == (SAID, "row 2"), "a key names no candidate"


def test_columns_are_found_as_a_batch_finds_them(grader, tmp_path):
    table = graded_again(
        grader, tmp_path, ("Question ID", "Name", "ANSWER"), ("dropout", "Ann", SAID)
    )
    [found] = read_graded(table, None, {})
    assert (found.candidate, found.answer) == ("Ann", SAID)
    assert read_graded(table, "name", {}) == [found]
    with pytest.raises(TableError, match="--map q:relu=…: has no place here"):
        read_graded(table, None, {}, ["q:relu=Name"])


def test_without_a_column_of_answers_the_way_out_is_named(grader, tmp_path):
    table = graded_again(
        grader, tmp_path, ("Said", "question_id"), (SAID, "dropout"), mapping=["answer=Said"]
    )
    with pytest.raises(TableError, match=r"it has 'Said', 'question_id': .*--map answer=COLUMN"):
        read_graded(table, None, {})
    done = command("report", "g.csv", "-o", "r.html", "--map", "answer=Said")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["g.csv", "g.xlsx"])
@pytest.mark.parametrize("answer", [f"- {SAID}", f"'- {SAID}", f"'{SAID}"])
def test_apostrophes_of_a_spreadsheet_are_told_from_the_answers_own(grader, tmp_path, answer, name):
    row = (answer, "dropout")
    table = graded_again(grader, tmp_path, ("answer", "question_id"), row, name=name)
    [found] = read_graded(table, None, {})
    assert found.answer == answer
    assert found.detail.key_points[0].evidence.text in answer


def test_a_row_is_the_one_that_a_spreadsheet_shows(grader, tmp_path):
    rows = [("Ann", f"{SAID}\nAll of them.", "dropout"), ("Bob", SAID, "dropout")]
    table = graded_again(grader, tmp_path, ("name", "answer", "question_id"), *rows)
    header, _, rest = table.read_text(encoding="utf-8").partition("\n")
    table.write_text(f"{header}\n\n{rest}", encoding="utf-8")
    assert [g.row for g in read_graded(table, None, {})] == [3, 4]


def test_a_mark_without_a_detail_is_not_shown_as_no_grade(tmp_path):
    asked = question("relu", 1)
    given = row("Ada", asked, grade(asked, "c"), grade_detail="", grade_confidence="")
    page = report_page(graded_table(write(tmp_path / "g.csv", [given])), "Report")
    [shown] = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])["rows"]
    assert (shown["score"], shown["hand"], shown["error"]) == (1.0, True, "")
    assert "1 passed, 0 not passed, 0 need review by a person, 0 not gradable" in page


def test_a_detail_that_a_spreadsheet_cut_says_so(grader, tmp_path):
    table = graded_again(grader, tmp_path, ("answer", "question_id"), (SAID, "dropout"))
    with table.open(newline="", encoding="utf-8") as stream:
        [row] = csv.DictReader(stream)
    detail = json.loads(row["grade_detail"])
    detail["key_points"] *= 500
    whole = json.dumps(detail)
    for cell in (whole[:CELL_LIMIT], fitting_detail(whole)):
        with table.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(row))
            writer.writeheader()
            writer.writerow({**row, "grade_detail": cell})
        with pytest.raises(
            TableError, match=r"row 2: grade_detail was cut .* write .csv or .jsonl"
        ):
            read_graded(table, None, {})


# ── the page ────────────────────────────────────────────────────────────────


def test_the_page_needs_no_network_and_its_data_can_not_break_out(whole):
    page = report_page(whole, "T <i>")
    assert "T &lt;i&gt;" in page
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    assert page.count("<script") == page.count("</script>") == 2
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert data["rows"][-2]["answer"] == HOSTILE


def test_the_command_writes_a_page_and_refuses_to_overwrite_it(graded, tmp_path):
    done = command("report", graded, "-o", "report.html")
    assert done.returncode == 0, done.stderr
    assert "report.html: 41 answers" in done.stderr
    again = command("report", graded, "-o", "report.html")
    assert again.returncode == 2
    assert "exists already" in again.stderr


# ── in a real browser ───────────────────────────────────────────────────────


@pytest.fixture
def page(browser, whole, tmp_path):
    file = tmp_path / "report.html"
    file.write_text(report_page(whole, "Report"), encoding="utf-8")
    page = browser.new_page()
    page.faults = []
    page.on("console", lambda message: page.faults.append(message.text))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("request", lambda r: r.url.startswith(("file:", "data:")) or page.faults.append(r.url))
    page.goto(file.as_uri())
    yield page
    page.close()


def test_hostile_answers_do_not_run(page):
    page.get_by_role("button", name="</script>").click()
    assert page.title() == "Report"
    assert page.locator(".detail .answer").inner_text() == HOSTILE
    marked = "".join(page.locator(".detail mark").all_inner_texts())
    assert "Each unit is zeroed at random during training" in marked
    assert page.faults == []


def test_focus_stays_on_the_answer_that_was_opened(page):
    page.get_by_label("Words in name or answer").fill("c2")
    buttons = page.locator("#answers tbody th button")
    assert buttons.first.inner_text() == buttons.nth(1).inner_text()
    buttons.first.focus()
    page.keyboard.press("Enter")
    focused = "document.activeElement === document.querySelector('#answers tbody th button')"
    assert page.evaluate(focused)


def test_answers_are_sorted_filtered_and_opened_by_keyboard(page):
    lines = page.locator("#answers tbody tr")
    assert lines.count() == 41
    page.get_by_role("button", name="Score", exact=True).click()
    page.get_by_role("button", name="Score", exact=True).click()
    scores = page.locator("#answers tbody tr td:nth-child(3)").all_inner_texts()
    numbers = [float(t) for t in scores if t != "–"]
    assert numbers == sorted(numbers, reverse=True)
    page.get_by_label("Show").select_option("failed")
    assert lines.count() == 1
    assert "AnswerError" in lines.first.inner_text()
    page.get_by_label("Show").select_option("")
    page.get_by_label("Words in name or answer").fill("c1 softmax")
    opened = page.locator("#answers tbody th button").first
    opened.focus()
    page.keyboard.press("Enter")
    assert page.locator(".detail .verdicts li").count() >= 3
    assert page.locator("[aria-expanded=true]").count() == 1
    assert page.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_mend(page, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page.emulate_media(color_scheme=scheme)
    page.locator("#answers tbody th button").first.click()
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []
