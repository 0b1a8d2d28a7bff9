"""What somebody who has never seen grader types first, and what they are told."""

import ast
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from grader.bank.rubrics import load_contrast
from grader.cli.printout import print_grade
from grader.engine.feedback import FLAGS, reason_in_words, score_in_digits, write_feedback
from grader.records import Evidence, Failure, Flag, JudgeReport, KeyPointResult, MisconceptionResult
from tests.support.command import ANSWER, EXAMPLE, grade, refused
from tests.support.graded import grade as written
from tests.support.graded import question
from tests.support.own_bank import ROOT

QUESTION = question("bread", 1)
SLUGS = {file.stem for file in (ROOT / "bank").glob("*.yaml")}

# ── mistyped commands ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["bacth", "x.csv"], "batch"),
        (["Batch", "x.csv", "-o", "y.csv"], "batch"),
        (["ansewr", "x.txt", "--q", "dropout"], "answer"),
        (["reprot", "graded.csv"], "report"),
        (["evla", "marked.csv"], "eval"),
        (["evaluate", "marked.csv"], "eval"),
        (["calibrat", "marked.csv"], "calibrate"),
        (["bnak", "list"], "bank"),
        (["cahce", "info"], "cache"),
    ],
)
def test_a_mistyped_command_is_answered_with_the_nearest(typed, meant):
    refused(grade(*typed), f"'{typed[0]}' is neither", f"did you mean 'grade {meant}'?")


@pytest.mark.parametrize(
    ("group", "typed", "meant"),
    [
        ("bank", "lst", "list"),
        ("bank", "serach", "search"),
        ("bank", "sohw", "show"),
        ("bank", "lnit", "lint"),
        ("bank", "tset", "test"),
        ("bank", "auditt", "audit"),
        ("bank", "indx", "index"),
        ("bank", "stat", "stats"),
        ("bank", "exprot", "export"),
        ("bank", "pages", "page"),
        ("bank", "nwe", "new"),
        ("bank", "Import", "import"),
        ("cache", "infos", "info"),
        ("cache", "claer", "clear"),
    ],
)
def test_so_is_a_mistyped_command_of_a_group(group, typed, meant):
    refused(grade(group, typed), f"did you mean 'grade {group} {meant}'?")


def test_a_command_that_is_like_none_names_the_help():
    refused(grade("bank", "xyzzy"), "no command 'grade bank xyzzy'", "'grade bank --help'")


def test_a_file_that_is_named_like_a_command_is_graded(tmp_path):
    (tmp_path / "bacth").write_text(ANSWER)
    done = grade("bacth", "--q", "dropout", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert float(done.stdout) > 0


def test_a_file_that_is_not_there_is_a_file_if_it_looks_like_one():
    refused(grade("report.txt", "--q", "dropout"), "report.txt: no such file")
    refused(grade("in/batch", "--q", "dropout"), "in/batch: no such file")


# ── what fits the terminal ──────────────────────────────────────────────────


@pytest.mark.parametrize("width", [120, 96, 80, 60, 40, 24])
@pytest.mark.parametrize("command", [["list"], ["search", "overfitting"]])
def test_the_list_of_questions_cuts_no_word(width, command):
    whole = grade("bank", *command, env={"COLUMNS": "1000"}).stdout
    done = grade("bank", *command, env={"COLUMNS": str(width)})
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == whole.split()
    assert "…" not in done.stdout
    for line in done.stdout.splitlines():
        assert len(line) <= width or line.strip() in SLUGS


@pytest.mark.parametrize(
    "command",
    [
        ["--text", ANSWER, "--q", "dropout", "--explain"],
        [EXAMPLE, "--q", "vanishing-gradient"],
        ["bank", "list"],
        ["bank", "search", "overfitting"],
        ["bank", "show", "dropout"],
        ["bank", "show", "overfitting-prevention", "--diff"],
        ["bank", "stats"],
        ["bank", "test", "dropout"],
        ["eval", str(ROOT / "examples" / "marked.csv"), "--max-mark", "10"],
    ],
)
def test_what_is_piped_has_no_blanks_at_the_ends_of_lines(command):
    done = grade(*command)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line != line.rstrip()] == []


def test_points_stand_in_a_column(tmp_path):
    rubric = tmp_path / "r.yaml"
    points = "\n".join(
        f"  - {{id: p{i}, points: {points}, claim: {words}}}"
        for i, (points, words) in enumerate(
            [("0.5", "Units are dropped at random."), ("12", "Water boils."), ("1", "It rains.")]
        )
    )
    rubric.write_text(f"question: q\nversion: 1\nkey_points:\n{points}\n")
    shown = grade("--text", ANSWER, "--rubric", rubric, env={"COLUMNS": "60"}).stdout
    rows = re.findall(r"^[✓◐+✗] .* [\d.]+/[\d.]+$", shown, re.MULTILINE)
    assert [len(row) for row in rows] == [60, 60, 60], shown


# ── words ───────────────────────────────────────────────────────────────────


def key_point(verdict, claim="Units are dropped."):
    return KeyPointResult("k", claim, verdict, 0, 1, 0.9, None)


def misconception(correction, authority="Manning et al. 2008, sec. 8.3", claim="F1 is a mean."):
    return MisconceptionResult("m", claim, "asserted", 1, 0.9, None, correction, "", authority)


@pytest.mark.parametrize(
    ("correction", "told"),
    [
        ("They coincide", "Correct: They coincide. Source: Manning et al. 2008, sec. 8.3."),
        ("(In one case they coincide.)", "coincide.) Source: "),
        ('He says "they coincide."', 'coincide." Source: '),
        ("They coincide (in one case)", "case). Source: "),
        ("Do they coincide?", "coincide? Source: "),
    ],
)
def test_feedback_ends_each_sentence_once_and_names_the_source_apart(correction, told):
    feedback = write_feedback([key_point("covered")], [misconception(correction)])
    assert feedback.startswith("1 of 1 key point covered. States a known error: F1 is a mean. ")
    assert told in feedback
    assert not re.search(r"[.?!][)\"]?\.|\. \(|\.\)\.", feedback)


def test_feedback_says_what_is_contradicted_and_not_that_it_was_said():
    feedback = write_feedback([key_point("contradicted"), key_point("missing", "A.")], [])
    assert feedback == "0 of 2 key points covered. Contradicts: Units are dropped. Add: A."


@pytest.mark.parametrize("flag", get_args(Flag))
def test_every_flag_is_told_in_words(flag):
    assert reason_in_words(f"flag: {flag}") == f"{FLAGS[flag]} ({flag})"
    assert reason_in_words("confidence 0.50 is below 0.60") == "confidence 0.50 is below 0.60"


def test_the_printout_says_what_passes_and_what_it_is_sure_of():
    shown = grade(EXAMPLE, "--q", "vanishing-gradient", env={"COLUMNS": "96"}).stdout
    second, third = shown.splitlines()[1:3]
    assert re.search(r"^0\.\d\d [█░]{20} [\d.]+ of 13 points, (no )?pass$", second)
    assert re.search(r"^The pass mark is 0\.6\. The grader is \d+% sure that it is a pass\.", third)
    assert "Known errors that it states" in shown
    assert "−2 points for the error: Gradient clipping fixes" in shown
    assert "said the other way round" not in shown
    assert "asserted" not in shown


@given(st.integers(0, 10_000), st.sampled_from([0.6, 0.35, 0.5, 0.605]))
def test_the_score_is_shown_on_its_side_of_the_pass_mark(ten_thousandths, bar):
    score = ten_thousandths / 10_000
    told = written(QUESTION, "c", sure=0.9)
    shown = score_in_digits(replace(told, score=score, pass_mark=bar, passed=score >= bar))
    assert (float(shown) >= bar) == (score >= bar)
    assert float(shown) == pytest.approx(score, abs=0.00501)


def test_a_score_is_shown_to_two_digits_where_these_will_do():
    told = written(QUESTION, "c", sure=0.9)
    for score, passed, shown in (
        (0.594, False, "0.59"),
        (0.5962, False, "0.596"),
        (1.0, True, "1.00"),
    ):
        assert score_in_digits(replace(told, score=score, pass_mark=0.6, passed=passed)) == shown


def test_a_point_that_is_not_sure_is_explained(capsys):
    told = written(QUESTION, "c", sure=0.9)
    part = replace(told, key_points=(replace(told.key_points[0], points=0.75),))
    for one, explained in ((told, False), (part, True)):
        print_grade(one, QUESTION, explain=False, console=Console(width=200))
        assert ("not sure of earns a part" in capsys.readouterr().out) is explained


def test_a_pass_mark_of_ones_own_is_named(tmp_path, own_folders):
    bank, rubrics = own_folders
    rubric = rubrics / "tea.yaml"
    rubric.write_text(rubric.read_text() + "scale: {pass_score: 0.35}\n")
    options = ("--q", "tea", "--bank", bank, "--rubrics", rubrics)
    assert "The pass mark is 0.35." in grade("--text", "It steeps.", *options).stdout


def test_a_grade_against_a_reference_says_what_it_is_sure_of(tmp_path):
    (tmp_path / "r.txt").write_text("Water boils at 100 degrees.")
    shown = grade("--text", "At 100 degrees.", "--reference", "r.txt").stdout
    assert re.search(r"against the reference, (no )?pass\n.* sure that it is (a|no) pass\.", shown)


def test_an_answer_to_look_at_says_why_in_words():
    text = "dropout, p = 0.5, Bernoulli mask, ensemble, co-adaptation, overfitting"
    shown = grade("--text", text, "--q", "dropout", env={"COLUMNS": "200"}).stdout
    assert "Needs review by a person: " in shown
    assert "the answer looks like a list of keywords (keyword_list)" in shown


# ── in a console and in a notebook ──────────────────────────────────────────

HOSTILE = "<script>alert('x')</script> & <img src=x onerror=\"alert(1)\"> Units are dropped."


class Tags(HTMLParser):
    """What a page is made of, and what it says."""

    def __init__(self):
        super().__init__()
        self.seen, self.text, self.attributes = [], "", []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data):
        self.text += data


def short(record):
    for shown in (repr(record), str(record), f"{record}"):
        assert len(shown) < 200
        assert "\n" not in shown
    return repr(record)


def test_a_grade_in_a_console_is_one_line(grader):
    shown = short(grader.grade(ANSWER, q="dropout"))
    assert re.match(r"Grade\(score=0\.\d\d, question='dropout', passed=(Tru|Fals)e, conf", shown)
    terms = "dropout, p = 0.5, Bernoulli mask, ensemble, co-adaptation, overfitting"
    assert "flags=[keyword_list]" in short(grader.grade(terms, q="dropout"))


def test_other_records_are_one_line_too(grader, own_folders):
    question = grader.question("vanishing-gradient")
    assert short(question).startswith("Question('vanishing-gradient', key_points=8, misc")
    entry, rubric, _ = grader.catalog.load("vanishing-gradient")
    assert "examples=" in short(rubric)
    assert "sources=" in short(entry)
    contrast = load_contrast(grader.catalog.contrast_file("vanishing-gradient"))
    assert "key_points=8" in short(contrast)
    assert "AnswerError: two\\n" not in short(Failure("q" * 300, "AnswerError", "two\nlines" * 99))
    long = grader.custom_question("Units are dropped at random. " * 90, "What?\nWhy? " * 50)
    short(long)
    grade = grader.grade(ANSWER, q="dropout")
    every = tuple(get_args(Flag))
    short(replace(grade, question_id="x" * 500, flags=every, needs_review=True))
    report = JudgeReport("failed", "why " * 99, ("m" * 300,), "1", 1, 0, 0.0)
    assert "failed" in short(report)


def test_a_notebook_shows_points_verdicts_and_quotes(grader):
    grade = grader.grade(
        (ROOT / "examples" / "vanishing-gradient.txt").read_text(), q="vanishing-gradient"
    )
    page = Tags()
    page.feed(grade._repr_html_())
    assert page.seen.count("tr") == 1 + len(grade.key_points) + len(grade.asserted)
    for result in grade.key_points:
        assert result.claim in page.text
        assert result.verdict in page.text
        if result.evidence:
            assert " ".join(result.evidence.text.split()) in page.text
    assert "states a known error" in page.text


def test_hostile_text_is_shown_in_a_notebook_and_not_run(grader):
    one = KeyPointResult("k", HOSTILE, "covered", 1, 1, 0.9, Evidence(HOSTILE, 0, len(HOSTILE)))
    wrong = replace(misconception(HOSTILE, HOSTILE, HOSTILE), evidence=one.evidence)
    grade = replace(
        grader.grade(ANSWER, q="dropout"),
        question_id=HOSTILE,
        key_points=(one,),
        misconceptions=(wrong,),
        needs_review=True,
        review_reasons=(HOSTILE,),
    )
    page = Tags()
    page.feed(grade._repr_html_())
    assert set(page.seen) <= {"div", "p", "b", "i", "table", "thead", "tbody", "tr", "th", "td"}
    assert set(page.attributes) <= {"style"}
    assert page.text.count("<script>alert('x')</script>") == 7


# ── how messages are set ────────────────────────────────────────────────────


def messages():
    """The text of every message that is raised, with X for what is filled in, and its place."""
    for file in sorted((ROOT / "grader").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Raise) or node.exc is None:
                continue
            for part in ast.walk(node.exc):
                if isinstance(part, ast.JoinedStr):
                    said = [v.value if isinstance(v, ast.Constant) else "X" for v in part.values]
                    yield f"{file.name}:{node.lineno}", "".join(map(str, said))
                elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield f"{file.name}:{node.lineno}", part.value


def test_no_message_has_two_blanks_in_a_row():
    found = [(where, text) for where, text in messages() if re.search(r"\S {2,}|\s{2,}$", text)]
    assert found == []
    assert len(list(messages())) > 200


def test_messages_are_plain_english():
    """``is no number`` is German; so are ``stands twice`` and the like."""
    odd = re.compile(r"\b(?:is|are|was) (?:no|none) (?!longer\b|more\b|such\b|file or folder)\w+")
    there = re.compile(r"\bthere (?:is|are|was) no\b")
    found = [(w, t) for w, t in messages() if odd.search(there.sub("", t))]
    assert found == []


# ── the README ──────────────────────────────────────────────────────────────

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_readmes_evaluation_works_as_printed(tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    [command] = re.findall(r"`grade (eval [^`]+)`", README)
    done = grade(*command.split())
    assert done.returncode == 0, done.stderr
    assert "mean error of the more confident half of the grades: 0." in done.stdout


def test_the_readme_answers_what_a_newcomer_asks():
    from grader.records import Scale

    lowest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())[1]
    assert f"grader needs Python {lowest} or newer" in README
    assert f"A score of {Scale().pass_score:g} or more" in README
    assert "**How sure.**" in README
    assert re.search(r"The grader is \d+% sure that it is a pass\.", README)
    for word in ("`.xlsx`", "Wide sheets", "minutes on two free cores", "answer-grader"):
        assert word in README
