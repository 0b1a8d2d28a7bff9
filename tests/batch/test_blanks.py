"""Answers that are left blank, and who passes: what a batch makes of both, and says of it."""

import csv
import json
from unittest.mock import ANY

import pandas as pd
import pytest

from grader.batch.runner import grade_file
from grader.batch.summary import merge
from grader.cli.batch import blanks_in_words
from grader.grading import Grader
from grader.judge.judge import Judge
from grader.settings import Settings
from grader.tables.columns import ADDED
from tests.support.command import grade, refused
from tests.support.llm_server import serving, verdicts
from tests.support.word_for_word import WordForWord

FULL = "Boiling water. Steep."
HALF = "I take boiling water and pour it over them."
BLANKS = ["", "  ", "-", "n/a", "<p>&nbsp;</p>", "…", '{"parts": [{"text": ""}]}']


@pytest.fixture
def tea(own_folders):
    """Makes graders of a bank with one question, whose key points are worth 2 and 1."""
    bank, rubrics = own_folders

    def make(judge=None, **settings):
        own = Settings(bank=bank, rubrics=rubrics, **settings)
        return Grader(own, verifier=WordForWord(), judge=judge)

    return make


def put(folder, answers, name="in.csv"):
    file = folder / name
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["who", "answer", "question_id"]])
        csv.writer(stream).writerows([[f"c{i}", a, "tea"] for i, a in enumerate(answers)])
    return file


def run(grader, folder, answers, name="out.csv"):
    summary = grade_file(grader, [str(put(folder, answers))], folder / name, force=True)
    with (folder / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream)), summary


@pytest.mark.parametrize("blank", ["", "skip"])
def test_a_blank_answer_is_no_answer_and_has_no_grade(tea, tmp_path, blank):
    rows, summary = run(tea(blank=blank), tmp_path, [FULL, *BLANKS])
    assert [r["grade_score"] for r in rows[1:]] == [""] * len(BLANKS)
    assert [r["grade_passed"] for r in rows] == ["True", *[""] * len(BLANKS)]
    assert all(r["grade_error"].startswith("AnswerError") for r in rows[1:])
    assert (summary.graded, summary.failed, summary.mean_score) == (1, len(BLANKS), 1.0)
    assert summary.blank == (("tea", len(BLANKS)),)


def test_a_blank_answer_can_count_as_zero(tea, tmp_path):
    rows, summary = run(tea(blank="zero"), tmp_path, [FULL, *BLANKS])
    for row, written in zip(rows[1:], BLANKS, strict=True):
        assert row["answer"] == (f"'{written}" if written == "-" else written)
        assert [row[name] for name in ADDED[:6]] == ["0.0", "False", "", "0.0", "3.0", ANY]
        assert (row["grade_error"], row["grade_flags"]) == ("", "")
        assert row["grade_feedback"] == "There is no answer: it counts as zero."
        detail = json.loads(row["grade_detail"])
        assert {k["verdict"] for k in detail["key_points"]} == {"missing"}
    assert (summary.graded, summary.failed, summary.blanks) == (8, 0, 7)
    assert summary.mean_score == pytest.approx(1 / 8)


def test_what_is_too_long_or_lost_is_no_blank(tea, tmp_path):
    grader = tea(blank="zero", max_answer_chars=30)
    rows, summary = run(grader, tmp_path, ["#NAME?", "[object Object]", HALF, ""])
    assert [bool(r["grade_error"]) for r in rows] == [True, True, True, False]
    assert (summary.failed, summary.blanks) == (3, 1)


def test_zero_and_skip_go_on_from_one_ledger(tea, tmp_path):
    for blank, failed in (("zero", 0), ("skip", 1), ("zero", 0)):
        _, summary = run(tea(blank=blank), tmp_path, [FULL, ""])
        assert (summary.rows, summary.failed) == (2, failed)


def test_zero_stays_zero_where_a_story_is_asked_for_or_the_scale_is_ones_own(tea):
    from dataclasses import replace

    from grader.engine.assembly import Measure, assemble_blank
    from grader.engine.calibration import Calibration
    from grader.engine.confidence import load_doubt

    plain = tea().question("tea")
    bonus = plain.key_points[1].model_copy(update={"bonus": True})
    points = (plain.key_points[0], bonus)
    question = plain.model_copy(update={"open_ended": True, "key_points": points})
    measure = Measure(review_below=0.6, doubt=load_doubt(), pass_mark=0.0)
    grade = assemble_blank(question, measure, {})
    assert (grade.score, grade.passed, grade.needs_review) == (0.0, True, False)
    assert grade.max_points == question.max_points == 2
    lifted = Calibration.model_construct(scores=(0.0, 1.0), marks=(0.5, 1.0))
    assert assemble_blank(question, replace(measure, calibration=lifted), {}).score == 0.0


def test_a_blank_answer_is_never_sent_to_a_judge(tea, tmp_path):
    settings = {"llm_model": "tiny", "llm_canary_rate": 0.0, "llm_cache": "off"}
    with serving(lambda request, *_: verdicts(request)) as server:
        own = Settings(llm_base_url=server.url, llm_backoff=0.001, **settings)
        with Judge(settings=own) as judge:
            grader = tea(judge=judge, blank="zero")
            rows, _ = run(grader, tmp_path, [FULL + " Then I take them out again.", "", "-"])
    assert len(server.requests) == 1
    assert [json.loads(r["grade_detail"])["judge"]["status"] for r in rows] == [
        "judged",
        "not_sent",
        "not_sent",
    ]


def test_frames_and_lists_count_blanks_as_files_do(tea):
    frame = pd.DataFrame({"answer": [FULL, None, "-"], "question_id": "tea"})
    assert tea(blank="zero").grade_frame(frame)["grade_score"].tolist() == [1.0, 0.0, 0.0]
    skipped = tea().grade_frame(frame)
    assert skipped["grade_score"].isna().tolist() == [False, True, True]
    assert skipped["grade_passed"].dtype == "boolean"
    assert skipped["grade_passed"].tolist() == [True, pd.NA, pd.NA]
    assert [g.score for g in tea(blank="zero").grade_many(["", FULL], "tea")] == [0.0, 1.0]


# ── the pass mark ───────────────────────────────────────────────────────────


def test_the_pass_mark_decides_who_passes_and_is_told(tea, tmp_path):
    for mark, passed in ((None, True), (0.6667, True), (0.67, False)):
        rows, summary = run(tea(pass_mark=mark), tmp_path, [HALF, FULL])
        assert [r["grade_passed"] for r in rows] == [str(passed), "True"]
        assert summary.passed == 1 + passed
        detail = json.loads(rows[0]["grade_detail"])
        assert detail["pass_mark"] == (0.6 if mark is None else mark)
        assert detail["versions"].get("pass_mark") == (None if mark is None else str(mark))


@pytest.mark.parametrize("name", ["o.csv", "o.jsonl", "o.parquet", "o.xlsx"])
def test_who_passed_is_a_switch_in_every_format(tea, tmp_path, name):
    put(tmp_path, [FULL, "Nothing of it.", ""])
    grade_file(tea(), [str(tmp_path / "in.csv")], tmp_path / name)
    read = {
        "csv": pd.read_csv,
        "jsonl": lambda file: pd.read_json(file, lines=True),
        "parquet": pd.read_parquet,
        "xlsx": pd.read_excel,
    }[name.partition(".")[2]]
    passed = read(tmp_path / name)["grade_passed"]
    assert passed.isna().tolist() == [False, False, True]
    assert [bool(p) for p in passed[:2]] == [True, False]


# ── what is said of it ──────────────────────────────────────────────────────


def test_the_summary_adds_up(tmp_path):
    put(tmp_path, ["Units are set to zero at random while training, each with probability p.", ""])
    text = (tmp_path / "in.csv").read_text().replace(",tea", ",dropout")
    (tmp_path / "in.csv").write_text(f"{text}c3,Units drop out.,dropuot\n")
    done = grade("batch", "in.csv", "-o", "o.csv", "--pass-mark", "1")
    assert done.returncode == 0, done.stderr
    first = "o.csv: 3 rows: 1 graded (0 passed, 1 not passed), 2 not gradable; 0 need review"
    assert first in done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("grade:")]
    assert len(told) == 1
    assert "1 blank answer is left out of these means" in told[0]
    assert "--blank zero or --blank skip" in told[0]
    for blank, graded in (("skip", 1), ("zero", 2)):
        done = grade("batch", "in.csv", "-o", f"{blank}.csv", "--blank", blank)
        assert f"3 rows: {graded} graded" in done.stderr
        assert "grade: " not in done.stderr, "it was said what they are"


def test_what_skipping_does_to_the_means_is_told_in_numbers(tea, tmp_path):
    _, summary = run(tea(), tmp_path, [FULL, HALF, "", ""])
    assert (
        "2 blank answers are left out of these means; counted as 0 they would make the mean of all "
        "0.42 instead of 0.83, that of tea 0.42 instead of 0.83" in blanks_in_words(summary)
    )
    _, nothing = run(tea(), tmp_path, ["", "-"])
    assert "of all 0.00 instead of 0.00" in blanks_in_words(nothing)
    assert merge(summary, nothing).blank == (("tea", 4),)


@pytest.mark.parametrize(
    ("option", "value"), [("--blank", "none"), ("--pass-mark", "60"), ("--pass-mark", "-0.1")]
)
def test_an_option_out_of_range_is_refused(tmp_path, option, value):
    put(tmp_path, [FULL])
    done = grade("batch", "in.csv", "-o", "o.csv", option, value)
    assert done.returncode == 2
    assert option in done.stderr
    assert not (tmp_path / "o.csv").exists()


def test_the_settings_know_both(monkeypatch, tmp_path):
    put(tmp_path, [FULL])
    refused(
        grade("batch", "in.csv", "-o", "o.csv", env={"GRADER_BLANK": "none"}),
        "blank = 'none': choose from skip, zero",
    )
    refused(
        grade("batch", "in.csv", "-o", "o.csv", env={"GRADER_PASS_MARK": "60"}),
        "pass_mark = '60': must be from 0 to 1",
    )
