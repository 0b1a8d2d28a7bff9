"""Additions to a rubric that people's marks ask for, and how they are written into its file."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from grader import Grader
from grader.authoring.improve import Addition, improve, with_all
from grader.authoring.marked_answers import MarkedAnswer
from grader.bank.rubrics import load_rubric
from grader.bank.yaml_edits import edited
from grader.errors import InputError, UnknownQuestionError
from grader.records import KeyPoint
from grader.settings import Settings
from tests.support.command import grade, refused
from tests.support.own_bank import RUBRIC
from tests.support.word_for_word import BagOfWords, Literally

BOIL, STEEP = "boiling-water", "steep"
SAID, OTHERWISE = "Boiling water is poured over the tea leaves.", "Hot water goes on the leaves."


@pytest.fixture
def own(own_folders):
    bank, rubrics = own_folders
    return Grader(Settings(bank=bank, rubrics=rubrics), encoder=BagOfWords(), verifier=Literally())


def marked(*pairs):
    return [MarkedAnswer(text, mark, row) for row, (text, mark) in enumerate(pairs, start=2)]


def proposals(own, *pairs, worst=10):
    return improve(own, "tea", marked(*pairs), worst=worst)


def found(own, *pairs):
    return {(p.addition.kind, p.addition.point, p.addition.text) for p in proposals(own, *pairs)}


def test_a_wording_that_people_gave_marks_for_is_proposed(own):
    [first, *rest] = proposals(own, (f"{OTHERWISE} Then one waits.", 2 / 3), (SAID, 2 / 3))
    assert first.addition == Addition("also_accept", BOIL, OTHERWISE)
    [effect] = first.asked_by
    assert (effect.row, effect.before) == (2, 0)
    assert effect.after == pytest.approx(2 / 3, abs=1e-4)
    assert first.against == ()
    assert first.error_before == pytest.approx(1 / 3, abs=1e-3)
    assert first.error_after == pytest.approx(0, abs=1e-3)
    assert all(p.gain <= first.gain for p in rest)


def test_what_people_gave_half_for_is_worth_half(own):
    best = proposals(own, (f"{OTHERWISE} And so on.", 1 / 3))[0]
    assert best.addition == Addition("partial", BOIL, OTHERWISE)


def test_a_sentence_that_cost_marks_is_a_known_error(own):
    wrong = "Tea is made of coffee beans."
    best = proposals(own, (f"{SAID} {wrong}", 0.0), (SAID, 2 / 3))[0]
    assert (best.addition.kind, best.addition.text, best.addition.cost) == (
        "misconception",
        wrong,
        2,
    )
    assert best.addition.point == "tea-made-coffee-beans"
    assert [e.row for e in best.asked_by] == [2]


def test_what_takes_other_grades_farther_than_it_helps_is_not_proposed(own):
    vague = "Something is done with water."
    helps, harms = (f"{vague} Yes.", 2 / 3), [(f"{vague} No {i}.", 0.0) for i in range(3)]
    assert ("also_accept", BOIL, vague) in found(own, helps)
    assert ("also_accept", BOIL, vague) not in found(own, helps, *harms)
    [proposal] = [
        p
        for p in proposals(own, helps, helps, harms[0])
        if p.addition.kind == "also_accept" and p.addition.point == BOIL
    ]
    assert [e.row for e in proposal.against] == [4]


def test_the_same_words_are_not_proposed_for_all_and_for_half(own):
    found = [p.addition for p in proposals(own, (f"{OTHERWISE} Then one waits.", 2 / 3))]
    assert Addition("also_accept", BOIL, OTHERWISE) in found
    assert Addition("partial", BOIL, OTHERWISE) not in found


def test_where_marks_and_grades_agree_there_is_nothing_to_propose(own):
    assert found(own, (f"{SAID} The leaves steep for a few minutes.", 1.0), ("Tea.", 0.0)) == set()


def test_wordings_that_the_rubric_has_are_not_proposed_again(own):
    known = "The leaves are covered with water at 100 degrees."
    assert all(text != known for _, _, text in found(own, (f"{known} So.", 1.0)))


def test_only_the_worst_are_learnt_from_and_all_are_tried_on(own):
    pairs = [(f"{OTHERWISE} Then one waits.", 2 / 3), ("Cold water is stirred in slowly.", 1 / 3)]
    texts = {p.addition.text for p in proposals(own, *pairs, worst=1)}
    assert texts
    assert texts <= {OTHERWISE, "Then one waits."}


def test_answers_that_cannot_be_graded_are_left_out(own):
    assert proposals(own, ("", 1.0), (SAID, 2 / 3)) == []
    with pytest.raises(InputError, match="tea: none of the marked answers can be graded"):
        proposals(own, ("", 1.0))
    with pytest.raises(UnknownQuestionError):
        improve(own, "coffee", marked((SAID, 1)), worst=1)


# ── the file ────────────────────────────────────────────────────────────────

FILE = Path("tea.yaml")
STYLES = {
    "as it was": RUBRIC,
    "comments": RUBRIC.replace("  - id: steep", "  # the second one\n  - id: steep"),
    "empty lists": RUBRIC.replace(
        "    claim: The leaves steep for a few minutes.\n",
        "    claim: The leaves steep for a few minutes.\n    also_accept: []\n    partial: []\n",
    ),
    "blocks": RUBRIC.replace(
        "    also_accept: [The leaves are covered with water at 100 degrees.]\n",
        "    also_accept:\n      - >-\n        The leaves are covered\n        with water.\n",
    ),
    "no errors": RUBRIC[: RUBRIC.index("misconceptions:")] + RUBRIC[RUBRIC.index("corrections:") :],
    "a flow mapping": re.sub(
        r"  - id: steep\n.*?misc",
        "  - {id: steep, points: 1, claim: It steeps.}\nmisc",
        RUBRIC,
        flags=re.DOTALL,
    ),
    "no indent": yaml.safe_dump(yaml.safe_load(RUBRIC), sort_keys=False),
    "no last line end": RUBRIC.rstrip("\n"),
}
ADDITIONS = [
    Addition("also_accept", BOIL, "Hot water: it goes on #1."),
    Addition("also_accept", BOIL, "Another 'one'."),
    Addition("partial", STEEP, "They stay in.\u2028 Yes"),
    Addition("misconception", "boil-long", "Tea is coffee.", 0.5, "It is not."),
]


def loaded(text):
    FILE.write_text(text, encoding="utf-8")
    return load_rubric(FILE)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("which", [[0], [1, 2], [3], [0, 1, 2, 3]])
def test_additions_are_written_into_a_file_of_any_style(style, which):
    text = STYLES[style]
    wanted = with_all(loaded(text), [ADDITIONS[i] for i in which])
    after = edited(text, wanted, FILE)
    assert loaded(after) == wanted
    assert wanted.version == 2


@pytest.mark.parametrize("style", [s for s in STYLES if s != "a flow mapping"])
def test_everything_else_in_the_file_stays_as_it_stands(style):
    text = STYLES[style].rstrip("\n") + "\n"
    after = edited(text, with_all(loaded(text), ADDITIONS), FILE)
    kept = [line for line in text.splitlines() if not line.strip().startswith(("version:", "also"))]
    rest = iter(after.splitlines())
    missing = [line for line in kept if not line.endswith("[]") and line not in rest]
    assert missing == []


def test_an_id_that_is_taken_gets_a_number():
    wanted = with_all(loaded(RUBRIC), ADDITIONS)
    assert [m.id for m in wanted.misconceptions] == ["boil-long", "boil-long-2"]


WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"),
    min_size=1,
    max_size=40,
).filter(str.strip)


@given(WORDS, st.sampled_from(sorted(STYLES)), st.sampled_from(["also_accept", "partial"]))
def test_any_words_can_be_written_into_any_file(text, style, kind):
    wording = KeyPoint(id="x", points=1, claim=text).claim
    wanted = with_all(loaded(STYLES[style]), [Addition(kind, BOIL, wording)])
    assert loaded(edited(STYLES[style], wanted, FILE)) == wanted


# ── the command ─────────────────────────────────────────────────────────────


@pytest.fixture
def table(tmp_path):
    (tmp_path / "marked.csv").write_text(
        "answer,mark\n"
        '"Once the kettle sings, drown the leaf. Leave it be for a bit.",3\n'
        '"Coffee beans are ground and pressed.",0\n'
        '"Boiling water is poured over the tea leaves. They steep for a few minutes.",3\n'
    )
    return "marked.csv"


def test_the_command_proposes_as_diffs_and_writes_what_is_taken(own_folders, table, tmp_path):
    own = ("--bank", own_folders[0], "--rubrics", own_folders[1], "--max-mark", "3")
    file = own_folders[1] / "tea.yaml"
    before = file.read_text()
    done = grade("bank", "improve", "tea", table, *own)
    assert done.returncode == 0, done.stderr
    assert file.read_text() == before
    assert done.stdout.startswith("1. ")
    assert "asked for by: row 2: mark 1.00, grade " in done.stdout
    first = done.stdout[done.stdout.index("--- ") :].split("\n2. ")[0]
    patched = tmp_path / "patched.yaml"
    patched.write_text(before)
    subprocess.run(["patch", "-s", patched], input=first, text=True, check=True)
    assert load_rubric(patched) != load_rubric(file)
    refused(grade("bank", "improve", "tea", table, *own, "--take", "99"), "no proposal 99")
    done = grade("bank", "improve", "tea", table, *own, "--take", "1")
    assert done.returncode == 0, done.stderr
    assert load_rubric(file) == load_rubric(patched).model_copy(update={"version": 2})


def test_the_command_refuses_what_will_not_do(own_folders, table):
    own = ("--bank", own_folders[0], "--rubrics", own_folders[1], "--max-mark", "3")
    refused(
        grade("bank", "improve", "tea", table, *own, "--take", "x"), "--take x: name the number"
    )
    refused(
        grade("bank", "improve", "dropout", table, "--max-mark", "3", "--take", "1"),
        "is one of ours: copy it",
    )
    refused(grade("bank", "improve", "dropuot", table, "--max-mark", "3"), "did you mean dropout")
    refused(grade("bank", "improve", "tea", "none.csv", *own), "none.csv")
