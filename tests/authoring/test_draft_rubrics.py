"""Draft rubrics: by a model, or a template filled as far as can be; ready for lint and test."""

import json
from pathlib import Path

import pytest

from grader import Grader, Judge
from grader.authoring.draft_rubrics import (
    draft_rubrics,
    forecast,
    read_subjects,
    subject_of,
    write_drafts,
)
from grader.authoring.examples import run_trials
from grader.authoring.lint import lint_question
from grader.authoring.marked_answers import MarkedAnswer
from grader.bank.entries import load_entry
from grader.bank.rubrics import load_rubric
from grader.errors import AnswerError, InputError, OutputError
from grader.settings import Settings
from tests.support.command import grade, refused
from tests.support.llm_server import Fault, asks_for_rubric, rubric, serving, word_for_word
from tests.support.own_bank import ENTRY
from tests.support.word_for_word import BagOfWords, Literally

PROMPT = "What does TCP do that IP does not?"
LINES = (
    "It sets up a connection before any data is sent.",
    "Lost segments are sent again.",
    "The window of the receiver slows the sender down.",
)
REFERENCE = "\n".join(LINES)
ERROR = "TCP encrypts every segment."


def fair(request, _):
    return word_for_word(request, misconceptions=[ERROR])


def own_grader(folder=None, judge=None):
    folders = {} if folder is None else {"bank": folder / "bank", "rubrics": folder / "rubrics"}
    return Grader(Settings(**folders), encoder=BagOfWords(), verifier=Literally(), judge=judge)


def drafted(*subjects, script=None, marked=()):
    """Drafts by a judge that plays a script, or without one."""
    subjects = subjects or [subject_of(PROMPT, REFERENCE)]
    if script is None:
        return draft_rubrics(subjects, own_grader(), marked=marked)
    with serving(script) as server:
        settings = Settings(llm_model="tiny", llm_base_url=server.url, llm_attempts=1)
        with Judge(settings=settings) as judge:
            return draft_rubrics(subjects, own_grader(judge=judge), judge, marked)


def test_without_a_model_the_sentences_of_the_reference_are_the_key_points(tmp_path):
    [draft] = drafted()
    assert [k.claim for k in draft.rubric.key_points] == list(LINES)
    assert draft.rubric.key_points[0].id == "sets-up-connection-before-any"
    assert (draft.drafted_by, draft.problem) == ("", "")
    [file] = write_drafts([draft], tmp_path / "new")
    assert load_rubric(file) == draft.rubric
    text = file.read_text()
    assert "no model was asked" in text
    assert text.count("\n# ") >= 4


@pytest.mark.parametrize("script", [None, fair])
def test_a_draft_is_ready_for_lint_and_test(tmp_path, script):
    [draft] = drafted(script=script)
    write_drafts([draft], tmp_path / "new")
    own = own_grader(tmp_path / "new")
    found = [f.problem for f in lint_question(own.catalog, draft.entry.id)]
    assert [f for f in found if not f.startswith("references[0] has")] == []
    trials = run_trials(own, [draft.entry.id])
    assert len(trials) >= 8
    literal = [t for t in trials if t.example.kind not in {"off_topic", "keyword_list"}]
    assert [t.example.id for t in literal if not t.in_range] == []


def test_with_a_model_it_is_the_models_draft(tmp_path):
    [draft] = drafted(script=fair)
    assert draft.drafted_by == "tiny, prompt 1"
    assert [m.claim for m in draft.rubric.misconceptions] == [ERROR]
    [example] = [e for e in draft.rubric.examples if e.kind == "source_error"]
    assert example.misconceptions == (draft.rubric.misconceptions[0].id,)
    [file] = write_drafts([draft], tmp_path / "new")
    assert "drafted by tiny, prompt 1 from the reference alone" in file.read_text()


def test_where_the_model_fails_there_is_the_template_and_the_reason():
    def script(request, _):
        return Fault(500) if asks_for_rubric(request) else word_for_word(request)

    [draft] = drafted(script=script)
    assert [k.claim for k in draft.rubric.key_points] == list(LINES)
    assert draft.drafted_by == ""
    assert "out of order" in draft.problem


def test_the_model_never_sees_a_marked_answer():
    seen = []

    def script(request, _):
        seen.append(request)
        return word_for_word(request)

    drafted(script=script, marked=[MarkedAnswer(f"I say: {LINES[1]}", 0.3)])
    drafts = [request for request in seen if asks_for_rubric(request)]
    assert drafts
    assert "I say" not in json.dumps(drafts)
    assert "I say" in json.dumps(seen)


def test_the_forecast_counts_the_judging_of_marked_answers():
    """They are sent too, up to twelve a question, and whoever asks for a dry run wants to know."""
    subjects = [subject_of(PROMPT, REFERENCE), subject_of("What is a stack?", "A pile of things.")]
    marked = [
        MarkedAnswer(f"{LINES[0]} Number {i // 2}.", i / 30, question=PROMPT) for i in range(31)
    ]
    marked += [MarkedAnswer("  ", 1.0, question=PROMPT)]
    with serving(lambda request, _: word_for_word(request)) as server:
        settings = Settings(
            llm_model="tiny", llm_base_url=server.url, llm_attempts=1, llm_canary_rate=0.0
        )
        with Judge(settings=settings) as judge:
            grader = own_grader(judge=judge)
            foretold = forecast(subjects, grader, judge, marked)
            assert server.requests == []
            draft_rubrics(subjects, grader, judge, marked)
            assert foretold.calls == len(server.requests) > 2 * 3
            assert foretold.drafts == 2
        with Judge(settings=settings) as judge:
            again = forecast(subjects, own_grader(judge=judge), judge, marked)
            assert (again.calls, again.cached) == (0, foretold.calls)


def test_marked_answers_become_examples_spread_over_the_marks():
    answers = [MarkedAnswer(f"{LINES[0]} Number {i}.", i / 30, row=i + 2) for i in range(31)]
    answers += [MarkedAnswer("", 1.0, row=99)]
    [draft] = drafted(marked=answers)
    examples = draft.rubric.examples
    assert len(examples) == 11
    marks = [float(e.note.split("Marked ")[1][:4]) for e in examples]
    assert marks == sorted(marks)
    assert marks[0] == 0
    assert sum(e.holdout for e in examples) == round(len(examples) / 4)
    assert examples[0].score == (0, 0.1)
    assert examples[0].verdicts[draft.rubric.key_points[0].id] == "covered"
    assert "Row 2. " in examples[0].note


def test_marked_answers_find_their_questions():
    subjects = [subject_of(PROMPT, REFERENCE), subject_of("What is a stack?", "A pile of things.")]
    answers = [
        MarkedAnswer("A pile, more or less.", 0.5, question="what is a  STACK?"),
        MarkedAnswer("It sends again.", 0.5, question=subjects[0].entry.id),
        MarkedAnswer("Whatever.", 0.5, question="another one"),
    ]
    first, second = drafted(*subjects, marked=answers)
    assert [e.answer for e in first.rubric.examples] == ["It sends again."]
    assert [e.answer for e in second.rubric.examples] == ["A pile, more or less."]
    with pytest.raises(InputError, match="belong to none of the questions"):
        drafted(*subjects, marked=answers[2:])


def test_a_folder_of_entries_and_texts_is_read(tmp_path):
    (tmp_path / "tea.yaml").write_text(ENTRY)
    (tmp_path / "a.txt").write_text(f"# {PROMPT}\n\n{REFERENCE}\n")
    (tmp_path / "b.md").write_text(f"{PROMPT}\nAnother reference.\n")
    (tmp_path / "notes.csv").write_text("not this")
    first, second, tea = read_subjects(tmp_path)
    assert (first.entry.prompt, first.reference) == (PROMPT, REFERENCE)
    assert [first.entry.id, second.entry.id] == ["tcp-that-ip-not", "tcp-that-ip-not-2"]
    assert tea.reference.startswith("Pour boiling water")
    assert len(drafted(first, second, tea)) == 3


def test_an_imported_article_goes_on_to_a_draft(tmp_path):
    (tmp_path / "a.md").write_text(
        "".join(f"### {i}. What is {i}?\nIt is {i} cups.\n" for i in "123")
    )
    assert grade("bank", "import", tmp_path / "a.md", "-o", tmp_path / "drafts").returncode == 0
    subjects = read_subjects(tmp_path / "drafts")
    assert [s.reference for s in subjects] == [f"It is {i} cups." for i in "123"]
    files = write_drafts(drafted(*subjects), tmp_path / "new")
    assert len(files) == 3
    assert load_entry(tmp_path / "new" / "bank" / files[0].name).sources


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.txt", "Only a question?\n", "a.txt: has one line"),
        ("tea.yaml", "id: tea\nprompt: Why?\ntopic: t\nlevel: mid\n", "neither a reference nor"),
        ("tea.yaml", "id: tea\n", "tea.yaml"),
        ("a.csv", "x", "holds no question"),
    ],
)
def test_a_folder_that_will_not_do_is_refused(tmp_path, name, text, told):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=told.replace(".", r"\.")):
        read_subjects(tmp_path)


def test_a_reference_without_a_word_names_its_question():
    with pytest.raises(AnswerError, match="tcp-that-ip-not: the reference holds no sentence"):
        drafted(subject_of(PROMPT, "???"))


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "mine").write_text("")
    with pytest.raises(OutputError, match="is not empty: name a new folder"):
        write_drafts(drafted(), tmp_path)
    with pytest.raises(OutputError, match="is a file: name a new folder"):
        write_drafts(drafted(), tmp_path / "mine")
    assert [f.name for f in tmp_path.iterdir()] == ["mine"]


def test_text_of_any_kind_survives_the_file(tmp_path):
    odd = "- no: list #1\u2028 \x85 'quoted' \"twice\" & {braces} — 100 % naïve: yes\ttab."
    [draft] = drafted(subject_of(f"What is {odd}?", f"It is {odd} And so on, for ever and ever."))
    [file] = write_drafts([draft], tmp_path / "new")
    assert load_rubric(file) == draft.rubric
    assert load_entry(tmp_path / "new" / "bank" / file.name) == draft.entry


# ── the command ─────────────────────────────────────────────────────────────


def test_the_command_drafts_and_says_what_to_do_next(tmp_path):
    Path("reference.txt").write_text(REFERENCE)
    asked = ("--question", PROMPT, "--reference", "reference.txt", "-o", "new")
    with serving(lambda request, _: rubric(request) if asks_for_rubric(request) else "x") as server:
        env = {"OPENAI_BASE_URL": server.url}
        foretold = grade("bank", "draft", *asked, "--llm", "--llm-model", "t", "--dry-run", env=env)
        assert server.requests == []
        Path("marked.csv").write_text(f"answer,mark\n{LINES[0]},5\n{LINES[1]},7\n")
        more = ("--marked", "marked.csv", "--max-mark", "10", "--llm", "--llm-model", "t")
        marked = grade("bank", "draft", *asked, *more, "--dry-run", env=env)
        assert server.requests == []
    assert "answers to send: 0, rubrics to draft: 1, calls: 3," in foretold.stdout
    assert "answers to send: 2, rubrics to draft: 1, calls: 5," in marked.stdout, marked.stderr
    assert not Path("new").exists()
    done = grade("bank", "draft", *asked)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "new/rubrics/tcp-that-ip-not.yaml: 3 key points, 8 examples, a template\n"
    assert "grade bank lint tcp-that-ip-not --bank new/bank --rubrics new/rubrics" in done.stderr
    refused(grade("bank", "draft", *asked), "is not empty")


@pytest.mark.parametrize(
    "given",
    [(), ("--question", "x"), ("--reference", "x"), (".", "--question", "x", "--reference", "x")],
)
def test_the_command_wants_a_folder_or_a_pair(given):
    refused(grade("bank", "draft", *given, "-o", "new"), "say what to draft a rubric for")
