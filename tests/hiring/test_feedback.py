"""``grade feedback``: what candidates are told, what never, and the folder of their pages."""

import csv
import json
import os
import re
import shutil
import unicodedata
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import grader.hiring.feedback.pages as feedback_pages
from grader.errors import InputError, OutputError, TableError
from grader.hiring.feedback.bar import Bar, load_bar
from grader.hiring.feedback.collect import feedback_of
from grader.hiring.feedback.hints import hints, parts_of
from grader.hiring.feedback.html import html_page
from grader.hiring.feedback.markdown import inline, markdown_page, plain
from grader.hiring.feedback.names import file_stems
from grader.hiring.feedback.pages import candidate_feedback, write_feedback
from grader.hiring.feedback.words import page_of
from grader.hiring.graded_table import read_graded_table
from grader.reading.lexicon import opposites, stem
from grader.reading.text import words
from tests.support.command import grade as command
from tests.support.command import refused
from tests.support.graded import grade, question, row, write

KINDS = ("covered", "partial", "missing", "contradicted", "asserted")
BAR = Bar(0.9, dict.fromkeys(KINDS, 0.7), "")
RELU = question("relu", 2, 1, 4, costs=(1,))
DROPOUT = question("dropout", 3, 4)


def told(tmp_path, *rows, reveal="hints", bar=BAR):
    table = read_graded_table(write(tmp_path / "graded.csv", rows), quoting=True)
    return feedback_of(table, reveal, bar)


def only(feedback):
    """The one answer of the one candidate."""
    [candidate] = feedback
    [answer] = candidate.answers
    return answer


def pages(feedback):
    [candidate] = feedback
    return html_page(page_of(candidate)), markdown_page(page_of(candidate))


def changed(result, **points):
    """A grade's cells, with some of its verdicts changed: ``k1={"probability": 0.5}``."""
    detail = result.to_dict()
    for one in (*detail["key_points"], *detail["misconceptions"]):
        one.update(points.get(one["id"], {}))
    return {"grade_detail": json.dumps(detail)}


# ── what is told ────────────────────────────────────────────────────────────


def test_right_missing_and_wrong_are_told_with_quotes_correction_and_source(tmp_path):
    result = grade(RELU, "cmm", errors=("e1",))
    apart = {"k1": {"evidence": {"text": "answer", "start": 3, "end": 9}}}
    answer = only(told(tmp_path, row("Ada", RELU, result, **changed(result, **apart))))
    right, missing, wrong = answer.findings
    assert (right.kind, right.quote, right.text) == ("right", "answer", "")
    assert (missing.kind, missing.quote) == ("missing", "")
    assert missing.text.startswith("There are 2 more points to make.")
    assert (wrong.kind, wrong.quote, wrong.text) == ("wrong", "An", "relu corrected 1")
    assert (wrong.why, wrong.source, wrong.mark) == ("It is so.", "A book, p. 1", "")
    assert answer.unsure == 0


@pytest.mark.parametrize(
    ("reveal", "claims", "marks"), [("hints", 0, 0), ("points", 3, 0), ("all", 3, 4)]
)
def test_reveal_says_how_much_of_the_rubric_is_seen(tmp_path, reveal, claims, marks):
    found = told(tmp_path, row("Ada", RELU, grade(RELU, "cmx")), reveal=reveal)
    for page in pages(told(tmp_path, row("Ada", RELU, grade(RELU, "mmm")), reveal=reveal)):
        assert page.count("relu claim") == claims
        assert page.lower().count("mark:") == (3 if marks else 0)
        assert page.count("The mark that was given: 0 of 7 points.") == (1 if marks else 0)
    for page in pages(found):
        assert page.count("relu claim") == (2 if claims else 0), "praise of doubted words is unsure"


@pytest.mark.parametrize(("verdict", "letter"), [("covered", "c"), ("missing", "m")])
def test_no_verdict_below_its_bar_is_told(tmp_path, verdict, letter):
    bars = {verdict: 0.8, "asserted": 0.9}
    result = grade(RELU, letter * 3, sure=0.8)
    unsure = changed(result, k2={"probability": 0.79}, k3={"probability": 0.1})
    answer = only(
        told(tmp_path, row("Ada", RELU, result, **unsure), reveal="all", bar=Bar(0.9, bars, ""))
    )
    assert [one.text for one in answer.findings] == ["relu claim 1"]
    assert answer.unsure == 2


def test_an_error_that_is_unsure_is_not_told_and_its_words_are_not_praised(tmp_path):
    result = grade(RELU, "cmm", errors=("e1",))
    unsure = changed(result, e1={"probability": 0.6})
    answer = only(told(tmp_path, row("Ada", RELU, result, **unsure)))
    assert [one.kind for one in answer.findings] == ["missing"]
    assert answer.unsure == 2


def test_a_kind_without_a_bar_is_never_told(tmp_path):
    result = grade(RELU, "xxx", sure=1.0)
    for bars in ({}, {"contradicted": None}):
        answer = only(told(tmp_path, row("Ada", RELU, result), bar=Bar(0.9, bars, "")))
        assert (answer.findings, answer.unsure) == ((), 3)
        page, _ = pages(told(tmp_path, row("Ada", RELU, result), bar=Bar(0.9, bars, "")))
        assert "not sure enough of anything" in page


def test_the_shipped_bar_was_fitted_and_says_on_what():
    bar = load_bar()
    assert 0.8 <= bar.level < 1
    assert {"covered", "missing", "asserted"} <= set(bar.bars)
    assert all(lowest is None or 0 < lowest <= 1 for lowest in bar.bars.values())
    assert bar.verifier


def test_the_bar_is_the_lowest_from_which_enough_hold():
    from training.fit_feedback import LEVEL, Told, bar, lower_end

    sure = [Told("covered", 0.9, right=True)] * 60
    mixed = [Told("covered", 0.5, right=bool(n % 2)) for n in range(40)]
    assert bar(sure + mixed) == {"bar": 0.9, "told": 60, "right": 60, "of": 100}
    assert bar(mixed)["bar"] is None
    assert lower_end(60, 60) > LEVEL > lower_end(59, 64)
    assert bar(sure[:20])["bar"] is None, "twenty of twenty may be luck"
    half = [Told("covered", 0.9, right=False)] * 20
    assert bar(half + sure)["bar"] is None, "equal probabilities stand or fall together"


def test_words_that_prove_several_points_are_quoted_once(tmp_path):
    answer = only(told(tmp_path, row("Ada", RELU, grade(RELU, "ccc"))))
    assert [one.quote for one in answer.findings] == ["An"]
    in_full = only(told(tmp_path, row("Ada", RELU, grade(RELU, "ccc")), reveal="points"))
    assert len(in_full.findings) == 3


def test_a_bonus_that_is_missing_is_no_gap(tmp_path):
    for sure in (0.9, 0.1):
        result = grade(RELU, "ccm")
        bonus = changed(result, k3={"bonus": True, "probability": sure})
        answer = only(told(tmp_path, row("Ada", RELU, result, **bonus)))
        assert [one.kind for one in answer.findings] == ["right"]
        assert answer.unsure == 0


def test_words_in_html_are_quoted_as_they_were_seen(tmp_path):
    text = "<p>It is <b>zero</b> &amp; flat.</p>"
    result = grade(RELU, "cmm", answer=text)
    span = {"text": text[3:], "start": 3, "end": len(text)}
    seen = changed(result, k1={"evidence": span})
    answer = only(told(tmp_path, row("Ada", RELU, result, answer=text, **seen)))
    assert answer.findings[0].quote == "It is zero & flat."


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (row("Ada", RELU), "You left this question open"),
        ({**row("Ada", RELU), "answer": "#NAME?", "grade_error": "AnswerError: x"}, "not read"),
        (row("Ada", RELU, grade(RELU, "ccc"), grade_score="0.1"), "A person marked this answer"),
        (
            row("Ada", RELU, grade(RELU, "ccc"), grade_detail="", grade_confidence=""),
            "A person marked this answer",
        ),
        (row("Ada", question("reference", 1), None), "You left this question open"),
    ],
)
def test_an_answer_without_findings_says_why(tmp_path, cells, said):
    for page in pages(told(tmp_path, cells)):
        assert said in page
        assert "What you got right" not in page


def test_of_a_reference_alone_no_sentence_is_told(tmp_path):
    result = grade(RELU, "ccc")
    names = changed(result, **{f"k{i}": {"id": f"reference-{i}"} for i in (1, 2, 3)})
    page, _ = pages(told(tmp_path, row("Ada", RELU, result, **names)))
    assert "compared this answer with a model answer" in page


def test_a_model_that_was_asked_is_named(tmp_path):
    result = grade(RELU, "ccc")
    detail = result.to_dict() | {"judge": {"status": "judged", "models": ["some-model"]}}
    for judge, named in (("judged", True), ("failed", False)):
        detail["judge"]["status"] = judge
        page, _ = pages(told(tmp_path, row("Ada", RELU, result, grade_detail=json.dumps(detail))))
        assert ("A language model (some-model) was asked" in page) == named
        assert ("counted for grades without a language model" in page) == named
        notes = candidate_feedback(tmp_path / "graded.csv").notes
        assert any("(some-model) judged 1 answer" in note for note in notes) == named


def test_a_page_says_how_it_came_about_and_that_a_person_can_be_asked(tmp_path):
    for page in pages(told(tmp_path, row("Ada", RELU, grade(RELU, "ccc")))):
        assert "How this was graded" in page
        assert "about 90% of such findings" in page
        assert "ask for a person" in page


# ── hints ───────────────────────────────────────────────────────────────────

ASKED = "What is the vanishing gradient problem, what causes it and how can it be mitigated?"
CLAIMS = (
    "Gradients become close to zero in the early layers.",
    "The cause is that the chain rule multiplies derivatives of many layers.",
    "Residual connections mitigate it, since they bypass layers.",
    "Suitable initial weights mitigate it and keep the scale of layers.",
)


def test_a_question_is_taken_apart():
    assert parts_of(ASKED) == [
        "What is the vanishing gradient problem",
        "what causes it",
        "how can it be mitigated",
    ]
    assert parts_of("Name precision and recall.") == ["Name precision and recall"]


def test_a_hint_names_the_part_of_the_question_and_words_of_the_subject():
    found = list(hints(CLAIMS[1:], ASKED, "Some weights.", CLAIMS))
    assert [hint.told for hint in found] == [
        "About “what causes it”, there is one more point to make. A word to start from: “layers”.",
        "About “how can it be mitigated”, there are 2 more points to make. A word to start from: "
        "“weights”.",
    ]


text = st.lists(
    st.sampled_from("gradient layers residual scale weights zero many increases relu 0.25".split()),
    min_size=1,
    max_size=9,
).map(" ".join)


@given(st.lists(text, min_size=1, max_size=6, unique=True), text, text, st.data())
def test_no_hint_gives_a_point_away(claims, asked, answer, data):
    lacking = [claim for claim in claims if data.draw(st.booleans())]
    found = list(hints(lacking, f"What is {asked}, and why {asked}?", answer, claims))
    assert sum(hint.points for hint in found) == len(lacking)
    shown = {stem(word) for hint in found for word in hint.words}
    known = {stem(word) for word in words(answer)}
    for root in shown:
        elsewhere = sum(root in {stem(w) for w in words(claim)} for claim in claims)
        assert root in known or elsewhere > 2
        assert root not in opposites()
    for claim in lacking:
        own = {stem(word) for word in words(claim)}
        assert len(own & shown) <= len(own) / 3


def test_no_hint_of_a_bundled_question_holds_a_point():
    from grader.bank.catalog import Catalog
    from grader.settings import Settings

    catalog = Catalog.from_settings(Settings())
    for slug in ("vanishing-gradient", "dropout"):
        entry, rubric, _ = catalog.load(slug)
        claims = [k.claim for k in rubric.key_points]
        answer = " ".join(entry.references)
        for hint in hints(claims, entry.prompt, answer, claims):
            assert len(hint.words) <= 4
            assert not any(claim in hint.told for claim in claims)


# ── pages ───────────────────────────────────────────────────────────────────

HOSTILE = "</style><script>alert(1)</script> [x](javascript:a) ![y](http://a.b/c.png) www.a.b | `z`"


class Seen(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_what_came_with_the_table_is_text_in_both_pages(tmp_path):
    result = grade(RELU, "ccc", answer=HOSTILE)
    span = {"text": HOSTILE[8:], "start": 8, "end": len(HOSTILE)}
    cells = row(HOSTILE, RELU, result, answer=HOSTILE, question=HOSTILE)
    page, twin = pages(told(tmp_path, cells | changed(result, k1={"evidence": span})))
    seen = Seen(page)
    tags = {tag for tag, _ in seen.tags}
    assert not tags & {"script", "img", "a", "link", "iframe"}
    assert not any("src" in attrs or "href" in attrs for _, attrs in seen.tags)
    assert "default-src 'none'; style-src 'sha256-" in page
    assert f"Feedback for {HOSTILE}" in seen.text
    shown = Seen(MarkdownIt("gfm-like").render(twin))
    assert {tag for tag, _ in shown.tags} <= {"h1", "h2", "h3", "p", "ul", "li", "blockquote"}
    assert f"Feedback for {HOSTILE}" in shown.text


@given(st.text())
@example("1. one")
@example("- a\n- b")
@example("# h\n=====")
@example("http://a.b me@x.org www.x.org https://x")
@example("[a]: b")
@example("    code")
@example("&amp; &lt; \\* **b** ~~c~~ a|b\n-|-")
def test_plain_text_stays_so_in_markdown(said):
    said = "".join(c for c in said if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    wanted = " ".join(said.split())
    for source in (plain(said), f"# {inline(said)}", f"> {plain(said)}"):
        shown = Seen(MarkdownIt("gfm-like").render(source))
        assert {tag for tag, _ in shown.tags} <= {"p", "h1", "blockquote"}
        assert " ".join(shown.text.split()) == wanted


# ── the folder ──────────────────────────────────────────────────────────────


@given(st.lists(st.text(max_size=200)))
@example(["Ada", "ada", "ADA", "ada-2", "Ada"])
@example(["../../etc/passwd", "CON", "con", "a/b\\c:d*?", "", "…", "王小明", "ß", "SS", "x" * 999])
def test_every_candidate_has_a_file_name_that_every_system_takes(names):
    found = file_stems(names)
    assert len(found) == len(names)
    assert len({unicodedata.normalize("NFKD", stem).casefold() for stem in found}) == len(names)
    for name in found:
        assert re.fullmatch(r"[^\W_]+(?:-[^\W_]+)*", name)
        assert len(name.encode()) < 200
        assert name.lower() not in {"con", "prn", "aux", "nul", "com1", "lpt1"}


def table_file(tmp_path):
    rows = [
        row("Ada", RELU, grade(RELU, "cmm"), email="a@x.org"),
        row("Ben", RELU, grade(RELU, "mmm"), email="b@x.org"),
        row("Ada", DROPOUT, grade(DROPOUT, "cc"), email="a@x.org"),
        row("ada", DROPOUT, grade(DROPOUT, "cm"), email="c@x.org"),
    ]
    return write(tmp_path / "graded.csv", rows)


def test_the_command_writes_a_page_and_its_twin_a_candidate(tmp_path):
    table, out = table_file(tmp_path), tmp_path / "out"
    done = command("feedback", table, "-o", out, "--candidate", "candidate")
    assert done.returncode == 0, done.stderr
    assert "out: 3 candidates;" in done.stderr
    found = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert found == [
        "Ada.html", "Ada.md", "Ben.html", "Ben.md", "ada-2.html", "ada-2.md", "candidates.csv",
    ]  # fmt: skip
    with (tmp_path / "out" / "candidates.csv").open(newline="", encoding="utf-8-sig") as stream:
        assert list(csv.DictReader(stream))[2] == {
            "candidate": "ada", "html": "ada-2.html", "markdown": "ada-2.md",
        }  # fmt: skip
    ada = (tmp_path / "out" / "Ada.html").read_text(encoding="utf-8")
    assert ada.count("<h2") == 3
    assert "ReLU" not in ada
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("full", ["full: is not empty: name a new folder, or empty this one"]),
        ("graded.csv", ["graded.csv: is a file: name a folder"]),
        ("no/where", ["no/where: there is no folder", "make it first"]),
    ],
)
def test_a_folder_that_will_not_do_is_refused_in_one_line(tmp_path, folder, message):
    table = table_file(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    refused(command("feedback", table, "-o", tmp_path / folder), *message)
    assert [file.name for file in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled_and_the_folder_one_is_in_is_not(tmp_path, monkeypatch):
    found = candidate_feedback(table_file(tmp_path), candidate="email")
    (tmp_path / "empty").mkdir()
    assert write_feedback(found, tmp_path / "empty") == ["a-x-org", "b-x-org", "c-x-org"]
    monkeypatch.chdir(tmp_path / "empty")
    shutil.rmtree(tmp_path / "empty")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(OutputError, match="is the folder that you are in"):
        write_feedback(found, tmp_path / "empty")


def test_nothing_is_left_half_written(tmp_path, monkeypatch):
    found = candidate_feedback(table_file(tmp_path))
    written = []

    def fails(page):
        written.append(page)
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        return "x"

    monkeypatch.setattr(feedback_pages, "html_page", fails)
    with pytest.raises(OutputError, match="No space left on device"):
        write_feedback(found, tmp_path / "out")
    assert [file.name for file in tmp_path.iterdir()] == ["graded.csv"]


def test_a_frame_goes_in_and_comes_out(tmp_path):
    frame = pd.read_csv(table_file(tmp_path))
    out = candidate_feedback(frame, candidate="email", reveal="points").frame()
    assert list(out.columns) == ["candidate", "html", "markdown"]
    assert list(out["candidate"]) == ["a@x.org", "b@x.org", "c@x.org"]
    assert "relu claim 1" in out["markdown"][1]
    with pytest.raises(InputError, match="choose from hints, points, all"):
        candidate_feedback(frame, reveal="some")


def test_two_people_of_one_name_never_share_a_page(tmp_path):
    rows = [row("Ada", RELU, grade(RELU, "ccc")), row("Ada", RELU, grade(RELU, "mmm"))]
    with pytest.raises(TableError, match=r"'Ada' .* has answered relu in row 2 already"):
        candidate_feedback(write(tmp_path / "graded.csv", rows))


def test_a_table_without_its_details_is_refused_with_the_way_out(tmp_path):
    frame = pd.read_csv(table_file(tmp_path)).drop(columns="grade_detail")
    with pytest.raises(TableError, match=r"no column 'grade_detail'.*\.csv and \.jsonl hold it"):
        candidate_feedback(frame)


def test_what_to_do_before_pages_are_sent_is_told(tmp_path):
    rows = [
        row("Ada", RELU, grade(RELU, "ccc", sure=0.3, verifier="another")),
        {**row("Ben", RELU), "answer": "#NAME?", "grade_error": "AnswerError: x"},
    ]
    waiting, strange, lost = candidate_feedback(write(tmp_path / "graded.csv", rows)).notes
    assert "1 answer still to be looked at by a person" in waiting
    assert f"graded by another, but {'how sure'}" in strange
    assert "1 answer could not be graded" in lost


# ── in a real browser ───────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    if chromium is None:
        assert "CI" not in os.environ, "CI installs chromium"
        pytest.skip("needs chromium")
    pytest.importorskip("playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_accessible_fits_a_phone_and_prints_dark_on_white(tmp_path, browser, scheme):
    from axe_playwright_python.sync_playwright import Axe

    result = grade(RELU, "cmm", errors=("e1",), answer=HOSTILE)
    span = {"text": HOSTILE[8:], "start": 8, "end": len(HOSTILE)}
    cells = row("x" * 300, RELU, result, answer=HOSTILE, **changed(result, k1={"evidence": span}))
    table = write(tmp_path / "graded.csv", [cells])
    write_feedback(candidate_feedback(table, reveal="all"), tmp_path / "out")
    [file] = (tmp_path / "out").glob("*.html")
    page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    faults, asked = [], []
    page.on("console", lambda message: faults.append(message.text))
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert faults == []
    assert asked == [file.as_uri()]
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.emulate_media(media="print")
    seen = "(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))"
    assert page.evaluate(seen) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    page.close()
