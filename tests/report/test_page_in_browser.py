"""The report in a real browser: what it shows of an answer, on a phone and on paper too."""

from dataclasses import replace

import pytest

from grader.hiring.graded_table import read_graded_table
from grader.records import Evidence
from grader.report.page import ranking_of, report_page
from tests.support.graded import grade, question, row, write

ANSWER = "Units 🙂 are dropped. All are used at test time. Only the weakest are dropped."
LONG = "anameofonewordwhichisfartoolongforascreenofaphone" * 3
DROPOUT = question("dropout", 2, 1, 1, costs=(1,))
RELU = question("relu", 2, 2, costs=(1, 1))
WORDS = ("Units 🙂 are dropped.", "are used at test time", "Only the weakest are dropped")
WIDTHS = (390, 768, 1200)
BEYOND = """[...document.querySelectorAll('main *:not(svg *)')]
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1
        && getComputedStyle(e.closest('thead') ?? e).clipPath === 'none')
    .map(e => e.outerHTML.slice(0, 200))"""


def quoting(made, *words):
    """The grade, whose verdicts that have words rest on these, in turn."""
    spans = iter([Evidence(w, ANSWER.index(w), ANSWER.index(w) + len(w)) for w in words])

    def own(result):
        return result if result.evidence is None else replace(result, evidence=next(spans))

    return replace(
        made,
        key_points=tuple(map(own, made.key_points)),
        misconceptions=tuple(map(own, made.misconceptions)),
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    made = quoting(grade(DROPOUT, "cpm", sure=0.95, errors=("e1",)), *WORDS)
    rows = [row("Zoe", DROPOUT, made, answer=ANSWER)]
    for i in range(120):
        rows.append(row(f"c{i}", DROPOUT, grade(DROPOUT, "ccp"[i % 3 :] + "mmm"[: i % 3])))
        rows.append(row(f"c{i}", RELU, None if i % 9 == 0 else grade(RELU, "cm")))
    unsure = grade(RELU, "xx", sure=0.55, errors=("e1", "e2"))
    rows.append(row(LONG, RELU, unsure))
    table = read_graded_table(write(folder / "graded.csv", rows), quoting=True)
    page = report_page(table, "Report", ranking_of(table))
    (folder / "report.html").write_text(page, encoding="utf-8")
    return folder / "report.html"


@pytest.fixture
def open_page(browser, file):
    opened = []

    def go(**options):
        page = browser.new_page(**options)
        opened.append(page)
        page.faults = []
        page.on("console", lambda message: page.faults.append(message.text))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(file.as_uri())
        return page

    yield go
    for page in opened:
        assert page.faults == []
        page.close()


@pytest.fixture
def page(open_page):
    return open_page()


def open_answer(page):
    """Zoe's, from the finding above."""
    page.locator("[data-answer]").click()


def lit(page):
    """What is lit up: words and claims."""
    return page.locator(".detail mark.lit").all_inner_texts(), page.locator(
        ".detail li.lit .claim"
    ).all_inner_texts()


def test_an_opened_answer_shows_points_sureness_and_the_correction(page):
    open_answer(page)
    lines = [" ".join(t.split()) for t in page.locator(".verdicts li").all_inner_texts()]
    assert lines == [
        "covered 2 of 2 dropout claim 1 95% sure",
        "partial 0.5 of 1 dropout claim 2 95% sure",
        "missing 0 of 1 dropout claim 3 95% sure",
        "known error −1 dropout error 1 95% sure Correct: dropout corrected 1 It is so. "
        "Source: A book, p. 1",
    ]
    assert page.locator(".detail .total").inner_text() == "1.5 of 4 points"


def test_a_point_that_full_marks_do_not_need_says_so(open_page, tmp_path):
    points = (DROPOUT.key_points[0], DROPOUT.key_points[1].model_copy(update={"bonus": True}))
    asked = DROPOUT.model_copy(update={"key_points": points})
    read = read_graded_table(
        write(tmp_path / "g.csv", [row("Ann", asked, grade(asked, "cm"))]), quoting=True
    )
    (tmp_path / "report.html").write_text(report_page(read, "Report"), encoding="utf-8")
    page = open_page()
    page.goto((tmp_path / "report.html").as_uri())
    page.locator("#answers").get_by_role("button", name="Ann").click()
    assert page.locator(".verdicts .earned").all_inner_texts() == ["2 of 2", "0 of 1 bonus"]
    assert page.locator(".detail .total").inner_text() == "2 of 2 points"


@pytest.fixture
def with_failures(open_page, tmp_path):
    """The page of answers of which one was graded, and the others for some reason not."""
    failed = {"answer": "=SUM(A1)", "grade_error": "AnswerError: a formula"}
    marked = {"answer": "Well.", "grade_error": "", "grade_score": "0.5", "grade_max_points": "4"}
    rows = [
        row("Ann", RELU, grade(RELU, "cm")),
        {**row("Ben", RELU), **failed},
        row("Cy", RELU),
        {**row("Dee", RELU), **marked},
        {**row("Eva", question("reluu", 1)), **failed},
    ]
    read = read_graded_table(write(tmp_path / "g.csv", rows), quoting=True)
    (tmp_path / "report.html").write_text(report_page(read, "Report"), encoding="utf-8")
    page = open_page()
    page.goto((tmp_path / "report.html").as_uri())
    return page


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("Ben", "=SUM(A1)", "Not gradable: AnswerError: a formula."),
        ("Cy", None, "Not gradable: AnswerError: the answer is empty: there is nothing to grade."),
        ("Dee", "Well.", "A person gave this mark."),
    ],
)
def test_an_answer_without_verdicts_opens_and_shows_its_text(with_failures, name, text, said):
    with_failures.locator("#answers").get_by_role("button", name=name).click()
    assert with_failures.locator(".detail .answer").all_inner_texts() == ([text] if text else [])
    assert with_failures.locator(".detail p:not(.total)").all_inner_texts() == [said]


def test_an_answer_without_verdicts_has_its_question_and_is_found_by_it(with_failures):
    asked = with_failures.locator("select[name=question]")
    cells = with_failures.locator("#answers td[data-label=Question]")
    assert cells.all_inner_texts() == ["relu", "relu", "relu", "relu", "reluu"]
    assert asked.locator("option").all_inner_texts() == ["all", "relu", "reluu"]
    asked.select_option("relu")
    names = with_failures.locator("#answers tbody th").all_inner_texts()
    assert names == ["Ann", "Ben", "Cy", "Dee"]
    asked.select_option("reluu")
    assert with_failures.locator("#answers tbody th").all_inner_texts() == ["Eva"]


def test_a_finding_leads_to_the_answer_that_bears_it_out(page):
    page.get_by_label("Show").select_option("failed")
    open_answer(page)
    assert page.locator(".detail .answer").inner_text() == ANSWER
    focused = page.evaluate("document.activeElement.textContent")
    assert focused == "Zoe"
    assert page.locator("#count").inner_text() == "1 of 242 answers, page 1 of 1"


def test_a_candidate_leads_to_all_answers_and_back(page):
    page.locator("[data-candidate=c1]").click()
    names = page.locator("#answers tbody th").all_inner_texts()
    assert names == ["c1", "c1"], "and none of c10, c11 …"
    page.get_by_role("button", name="All candidates, not only c1").click()
    assert page.locator("#count").inner_text() == "242 of 242 answers, page 1 of 3"
    assert not page.locator("#everybody").is_visible()


def test_the_rest_of_many_candidates_is_folded_up(page):
    assert page.locator("[data-candidate]").count() == 122
    assert page.locator("[data-candidate]:visible").count() == 50
    page.get_by_text("72 more").click()
    assert page.locator("[data-candidate]:visible").count() == 122


def test_words_show_their_verdict_to_pointer_keyboard_and_both_ways(page):
    open_answer(page)
    marks = page.locator(".detail mark")
    assert marks.all_inner_texts() == list(WORDS)
    assert lit(page) == ([], [])
    marks.nth(2).hover()
    assert lit(page) == ([WORDS[2]], ["dropout error 1"])
    assert page.locator(".told").inner_text() == "known error, −1: dropout error 1"
    page.mouse.move(0, 0)
    assert lit(page) == ([], [])
    page.keyboard.press("Tab")
    assert lit(page) == ([WORDS[0]], ["dropout claim 1"])
    page.keyboard.press("Tab")
    assert lit(page) == ([WORDS[1]], ["dropout claim 2"])
    for _ in range(2):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "covered"
    assert lit(page) == ([WORDS[0]], ["dropout claim 1"]), "from the verdict to its words, too"


def test_what_was_pressed_stays_lit_until_it_is_pressed_again(page):
    open_answer(page)
    button = page.get_by_role("button", name="partial", exact=True)
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    page.get_by_label("Words in name or answer").focus()
    assert lit(page) == ([WORDS[1]], ["dropout claim 2"])
    page.locator(".detail mark").nth(1).press(" ")
    button.press("Enter")
    button.press("Escape")
    page.get_by_label("Words in name or answer").focus()
    assert lit(page) == ([], [])
    assert button.get_attribute("aria-pressed") == "false"


def test_a_tap_shows_the_verdict(open_page):
    page = open_page(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    open_answer(page)
    page.locator(".detail mark").nth(1).tap()
    assert lit(page) == ([WORDS[1]], ["dropout claim 2"])
    told = page.locator(".told")
    assert told.inner_text() == "partial, 0.5 of 1: dropout claim 2"
    box = told.bounding_box()
    assert box["y"] + box["height"] <= 801, "it is seen without scrolling"


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_off_or_scrolls_sideways(open_page, width):
    page = open_page(viewport={"width": width, "height": 800})
    page.get_by_text("72 more").click()
    open_answer(page)
    page.get_by_role("button", name="All candidates").click()
    page.get_by_label("Show").select_option("review")
    page.locator("#answers").get_by_role("button", name=LONG).click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    if width == WIDTHS[0]:
        assert page.evaluate(BEYOND) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_mend_at_any_width(open_page, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.get_by_text("72 more").click()
    open_answer(page)
    page.locator(".detail mark").first.focus()
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []


def test_paper_is_white_and_holds_all_candidates(open_page):
    page = open_page(color_scheme="dark")
    open_answer(page)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("[data-candidate]:visible").count() == 122
    assert not page.locator("#filter").is_visible()
    assert not page.locator(".told").is_visible()
    assert page.locator(".verdicts").is_visible()
