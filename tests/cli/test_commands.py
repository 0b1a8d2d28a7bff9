"""The command as a user runs it: a real process, real files, real exit codes."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import ANSWER, EXAMPLE, GRADE, grade, refused
from tests.support.own_bank import ENTRY, ROOT, RUBRIC


def test_an_answer_is_graded_with_its_evidence():
    done = grade(EXAMPLE, "--q", "vanishing-gradient")
    assert done.returncode == 0, done.stderr
    assert " points, " in done.stdout
    assert "To add" in done.stdout
    assert "\x1b" not in done.stdout, "colours only on a terminal"


def test_the_default_command_may_be_named():
    short = grade("--text", ANSWER, "--q", "dropout", "--json")
    named = grade("answer", "--text", ANSWER, "--q", "dropout", "--json")
    assert short.stdout == named.stdout
    assert short.returncode == 0


def test_an_answer_in_the_place_of_a_file_is_told_how_to_be_graded():
    refused(grade(f"{ANSWER} " * 9, "--q", "dropout"), "no such file", "--text")
    done = grade("batch", "x" * 300, "-o", "out.csv")
    refused(done, "too long")


def test_a_terminal_that_lacks_our_signs_shows_the_rest():
    env = {"PYTHONIOENCODING": "cp1252"}
    done = grade("--text", ANSWER, "--q", "dropout", env=env, encoding="cp1252")
    assert done.returncode == 0, done.stderr
    assert " points, " in done.stdout


def test_a_closed_standard_input_and_a_full_standard_output_are_one_line():
    command = " ".join(shlex.quote(part) for part in GRADE)
    for arguments in ("- --q dropout <&-", "batch - -o x.csv <&-"):
        done = shell(f"{command} {arguments}")
        refused(done, "standard input is closed")
    done = shell(f"{command} --text {shlex.quote(ANSWER)} --q dropout > /dev/full")
    refused(done, "No space left")


def shell(line):
    return subprocess.run(
        line, shell=True, capture_output=True, encoding="utf-8", check=False, timeout=120
    )


def test_options_may_come_before_the_file():
    done = grade("--q", "vanishing-gradient", EXAMPLE, "--quiet")
    assert done.returncode == 0
    assert 0 <= float(done.stdout) <= 1


def test_standard_input_and_text_are_answers_too():
    piped = grade("-", "--q", "dropout", "--quiet", stdin=ANSWER)
    given = grade("--text", ANSWER, "--q", "dropout", "--quiet")
    assert piped.stdout == given.stdout


def test_json_is_the_whole_grade():
    data = json.loads(grade("--text", ANSWER, "--q", "dropout", "--json").stdout)
    assert data["question_id"] == "dropout"
    assert {"score", "key_points", "misconceptions", "signature"} <= set(data)


@pytest.mark.parametrize("claim", ["2024-13-45", "!!bool abc", "&a [*a ]", "[" * 600])
def test_a_rubric_that_yaml_reads_wrongly_is_one_line(tmp_path, claim):
    old = "claim: Boiling water is poured over the tea leaves."
    assert old in RUBRIC
    (tmp_path / "tea.yaml").write_text(RUBRIC.replace(old, f"claim: {claim}"))
    refused(grade("--text", ANSWER, "--rubric", tmp_path / "tea.yaml"), "tea.yaml:6: ")


def test_a_damaged_index_of_the_users_does_not_stop_the_list(own_folders):
    bank, _ = own_folders
    (bank / "index.json").write_text('{"tea.yaml": 3}')
    done = grade("bank", "list", "--bank", bank)
    assert done.returncode == 0, done.stderr
    assert "kitchen" in done.stdout


def test_explain_adds_probabilities_and_versions():
    done = grade("--text", ANSWER, "--q", "dropout", "--explain")
    assert "probability" in done.stdout
    assert "signature" in done.stdout


@pytest.mark.parametrize(("bar", "code"), [("0", 0), ("1", 1)])
def test_the_exit_code_tells_whether_the_bar_was_reached(bar, code):
    done = grade("--text", ANSWER, "--q", "dropout", "--quiet", "--fail-under", bar)
    assert done.returncode == code


def test_a_narrow_terminal_is_respected():
    done = grade("--text", ANSWER, "--q", "dropout", env={"COLUMNS": "40"})
    assert max(map(len, done.stdout.splitlines())) <= 40


def test_a_mistyped_slug_is_answered_with_a_suggestion():
    refused(grade("--text", "x y", "--q", "vanishing-gradeint"), "did you mean vanishing-gradient")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"PK\x03\x04\x00\x00\x01", "is binary"),
        ("Units are dropped.".encode("utf-16"), "--encoding utf-16"),
        ("Units are dr\xf6pped.".encode("latin-1"), "--encoding latin-1"),
        (b"word " * 2_100_000, "longer than 50,000 characters"),
        (b"?!", "is empty"),
    ],
)
@pytest.mark.newest
def test_an_answer_file_that_is_none_says_what_to_do(tmp_path, data, problem):
    file = tmp_path / "answer.txt"
    file.write_bytes(data)
    refused(grade(file, "--q", "dropout"), problem)


def test_an_answer_file_that_is_not_there_says_so(tmp_path):
    refused(grade(tmp_path / "none.txt", "--q", "dropout"), "no such file", "--text")
    refused(grade(tmp_path, "--q", "dropout"), "is a folder")


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_is_read_when_named(tmp_path, encoding):
    file = tmp_path / "answer.txt"
    file.write_bytes(ANSWER.encode(encoding))
    done = grade(file, "--q", "dropout", "--quiet", "--encoding", encoding)
    assert done.stdout == grade("--text", ANSWER, "--q", "dropout", "--quiet").stdout
    refused(grade(file, "--q", "dropout", "--encoding", "klingon"), "unknown encoding 'klingon'")


def test_the_question_and_the_answer_are_given_once(tmp_path):
    refused(grade("--text", "x y"), "say which question", "--q ID")
    refused(grade("--q", "dropout"), "give the answer once")
    refused(grade(EXAMPLE, "--text", "x", "--q", "dropout"), "give the answer once")


def test_a_reference_makes_a_question_of_ones_own(tmp_path):
    file = tmp_path / "reference.txt"
    file.write_text("Water boils at 100 degrees. Salt raises the boiling point.")
    done = grade(
        "--text",
        "Water starts to boil at 100 degrees.",
        "--question",
        "When does water boil?",
        "--reference",
        file,
    )
    assert done.returncode == 0, done.stderr
    assert "When does water boil?" in done.stdout


def test_a_rubric_makes_a_question_of_ones_own(tmp_path):
    file = tmp_path / "tea.yaml"
    head, rest = RUBRIC.split("corrections:")
    file.write_text(head + "examples:" + rest.split("examples:")[1])
    done = grade("--text", "Pour boiling water over the leaves.", "--rubric", file, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["question_id"] == "tea"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("version: 1", "version: 1\nnonsense: 1", "tea.yaml:3: nonsense: unknown key"),
        ("points: 2", "points: -2", "key_points[0].points: must be greater than 0"),
        ("id: steep", "id: boiling-water", "duplicate key point id"),
        ("claim: Tea is boiled for an hour.", "claim: Tea is red.", "stands nowhere"),
    ],
)
def test_a_faulty_rubric_names_file_line_and_key(own_folders, old, new, problem):
    bank, rubrics = own_folders
    (rubrics / "tea.yaml").write_text(RUBRIC.replace(old, new, 1))
    refused(grade("--text", "x y", "--q", "tea", "--bank", bank, "--rubrics", rubrics), problem)


def test_a_correction_that_matches_twice_is_refused(own_folders):
    bank, rubrics = own_folders
    (bank / "tea.yaml").write_text(ENTRY.replace("Milk is optional.", "Tea is boiled for an hour."))
    refused(
        grade("--text", "x y", "--q", "tea", "--bank", bank, "--rubrics", rubrics),
        "stands 2 times in source book:1",
    )


def test_own_folders_come_from_the_environment_or_grader_toml_too(own_folders, tmp_path):
    bank, rubrics = own_folders
    env = {"GRADER_BANK": str(bank), "GRADER_RUBRICS": str(rubrics)}
    assert grade("--text", "Steep it.", "--q", "black tea", "--quiet", env=env).returncode == 0
    (tmp_path / "grader.toml").write_text("bank = 'my-bank'\nrubrics = 'my-rubrics'\n")
    assert grade("--text", "Steep it.", "--q", "tea", "--quiet").returncode == 0


def test_ones_own_example_passes_bank_test_and_lint_names_what_is_to_mend(own_folders):
    bank, rubrics = own_folders
    done = grade("bank", "lint", "tea", "--bank", bank, "--rubrics", rubrics)
    assert done.returncode == 1
    assert "has 2 key points; write 3 to 8" in done.stdout
    done = grade("bank", "test", "tea", "--bank", bank, "--rubrics", rubrics, "--floor", "0.0")
    assert done.returncode == 0, done.stderr
    assert "strong" in done.stdout


def test_bank_list_search_and_show():
    assert "vanishing-gradient" in grade("bank", "list").stdout
    assert grade("bank", "search", "isotonic overfitting").stdout.startswith("overfitting")
    refused(grade("bank", "search", "xyzzy"), "no question matches 'xyzzy'")
    refused(grade("bank", "list", "--topic", "xyzzy"), "choose from")
    shown = grade("bank", "show", "dropout")
    assert "Key points" in shown.stdout
    diff = grade("bank", "show", "overfitting-prevention", "--diff", env={"COLUMNS": "200"}).stdout
    assert "- " in diff
    assert "isotonic" in diff.lower()
    assert "Zadrozny" in diff


def test_bank_index_writes_the_index(own_folders):
    bank, _ = own_folders
    assert grade("bank", "index", bank).returncode == 0
    assert (bank / "index.json").is_file()
    refused(grade("bank", "index", bank / "none"), "no such folder")


def test_shell_completion_offers_slugs():
    env = {
        "_GRADE_COMPLETE": "complete_bash",
        "COMP_WORDS": "grade --q vanishing",
        "COMP_CWORD": "2",
    }
    assert "vanishing-gradient" in grade("answer", env=env).stdout


@pytest.mark.newest
def test_every_command_has_help_and_is_in_the_reference():
    reference = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    from grader.cli.bank import app as bank

    commands = [[], ["answer"], ["batch"], ["report"], ["eval"], ["calibrate"], ["bank"]]
    commands += [
        ["bank", c.name or c.callback.__name__.removesuffix("_questions")]
        for c in bank.registered_commands
    ]
    commands += [["cache"], ["cache", "info"], ["cache", "clear"]]
    for command in commands:
        done = grade(*command, "--help", env={"COLUMNS": "88", "NO_COLOR": "1"})
        assert done.returncode == 0
        assert done.stdout.strip() in reference, "run: python docs/make_cli_reference.py"


def test_the_version_is_the_packages():
    assert (
        grade("--version").stdout.strip()
        == f"grade {Path(ROOT / 'grader/version.py').read_text().split(chr(34))[-2]}"
    )


def test_a_reader_that_leaves_early_is_no_error():
    done = subprocess.run(
        f'{sys.executable} -c "from grader.cli.main import run; run()" bank list | head -1',
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr


def test_an_unknown_option_is_one_usage_message_and_exit_2():
    done = grade(EXAMPLE, "--q", "dropout", "--nonsense")
    assert done.returncode == 2
    assert "--nonsense" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_two_corrections_that_were_asked_for_by_name():
    """Isotonic regression is no cure for overfitting; the Fourier transform is not for aperiodic
    signals only, nor for any function whatever."""
    cases = [
        (
            "overfitting-prevention",
            "I would apply isotonic regression to cure the overfitting of the network.",
            "Zadrozny",
        ),
        (
            "fourier-transform",
            "The Fourier transform can be used only for aperiodic signals, not for periodic ones.",
            "Oppenheim",
        ),
        (
            "fourier-transform",
            "Any function of time whatever has a Fourier transform.",
            "Oppenheim",
        ),
    ]
    for q, text, authority in cases:
        data = json.loads(grade("--text", text, "--q", q, "--json").stdout)
        wrong = [m for m in data["misconceptions"] if m["verdict"] == "asserted"]
        assert wrong, text
        assert any(authority in m["authority"] for m in wrong)
        assert wrong[0]["evidence"]["text"] in text
        assert data["points"] == 0

    # The published wording names more data as well, which the rubric may count for what it is.
    published = (
        "If more data does not help, isotonic regression cures the overfitting of the network."
    )
    data = json.loads(grade("--text", published, "--q", "overfitting-prevention", "--json").stdout)
    assert "isotonic-regression-fixes-overfitting" in {
        m["id"] for m in data["misconceptions"] if m["verdict"] == "asserted"
    }
    assert data["score"] < 0.1
