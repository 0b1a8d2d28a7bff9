"""The benchmark of marked examples in the judge's prompt: its draw, what it shows, its record."""

import csv
import json
import random

import pytest

from benchmarks.llm_examples import record
from benchmarks.llm_examples.sample import ANSWERS, MARKS, QUESTIONS, sample
from grader.judge.draft_schema import parse_draft
from tests.support.word_for_word import BagOfWords

COLUMNS = ("question_id", "question", "reference", "answer", "score", "score_5way", "split")
COLUMNS += ("answer_id",)
TELLING = "told-nowhere"
WORDS = [f"word{i}" for i in range(200)]


@pytest.fixture
def exams(tmp_path, monkeypatch):
    """Two sets of ten questions with forty answers each, and rubrics of their references."""
    chosen = random.Random(0)  # noqa: S311
    for exam in MARKS:
        with (tmp_path / f"{exam}.csv").open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream)
            table.writerow(COLUMNS)
            for q in range(10):
                for a in range(40):
                    mark, row = a % 5 / 4, f"{TELLING}-{exam}-{q}-{a}"
                    said = f"answer says {' '.join(chosen.sample(WORDS, 8))}"
                    asked, reference = f"What is {q} of {exam}?", f"It is {q}. ||| It spins fast."
                    table.writerow((q, asked, reference, said, mark, mark, "train", row))
    monkeypatch.setattr(record, "RUBRICS", tmp_path / "rubrics.jsonl")
    monkeypatch.setattr(record, "REPLIES", tmp_path / "replies.jsonl")
    monkeypatch.setattr(record, "OnnxEncoder", BagOfWords)
    point = {"claim": "It spins fast.", "points": 1, "also_accept": [], "worth_half": []}
    reply = json.dumps({"key_points": [{"quote": "It spins fast.", **point}], "misconceptions": []})
    names = [f"@{part.exam}/{part.id}\n{reply}" for part in sample(tmp_path)]
    record.keep(record.RUBRICS, record.take_rubrics("\n".join(names), tmp_path))
    return tmp_path


def test_half_of_a_question_is_the_table_and_every_mark_is_asked_about(exams):
    parts = sample(exams)
    assert len(parts) == 2 * QUESTIONS
    for part in parts:
        assert len(part.table) == 20
        assert len(part.asked) == ANSWERS
        assert not {one.answer for one in part.table} & {one.answer for one in part.asked}
        assert {one.mark for one in part.asked} == {0, 0.25, 0.5, 0.75, 1}
    numbers = [one.number for part in parts for one in part.asked]
    assert numbers == list(range(2 * QUESTIONS * ANSWERS))


def test_what_is_shown_tells_the_marks_of_examples_alone(exams):
    shown = "\n".join(record.shown(exams, 2)).splitlines()
    asked = [i for i, line in enumerate(shown) if line.startswith("@") and " says " in line]
    assert len(asked) == 2 * QUESTIONS * ANSWERS
    for i in asked:
        assert [line[0] for line in shown[i - 2 : i + 1]] == ["+", "+", "@"]
        assert shown[i].partition(" ")[2].startswith("answer says")
    assert TELLING not in "".join(shown)
    assert not [line for line in "\n".join(record.shown(exams, 0)).splitlines() if line[:1] == "+"]


def test_lines_become_replies_and_what_is_recorded_is_not_asked_again(exams):
    [one, two] = sample(exams)[0].asked[:2]
    quote = " ".join(one.answer.split()[:4])
    taken = record.take(f"@{one.number}\nk1 c {quote}\n\n@{two.number}\n", exams, 2)
    assert [(judged.row, judged.examples, judged.shown) for judged in taken] == [
        (one.row, 2, 2),
        (two.row, 2, 2),
    ]
    assert json.loads(taken[0].reply)["key_points"] == [
        {"id": "k1", "quote": quote, "verdict": "covered"}
    ]
    assert json.loads(taken[1].reply)["key_points"][0]["verdict"] == "missing"
    record.keep(record.REPLIES, taken)
    assert record.take(f"@{one.number}\n", exams, 2) == []
    assert len(record.take(f"@{one.number}\n", exams, 0)) == 1
    left = [line for line in "\n".join(record.shown(exams, 2)).splitlines() if line[:1] == "@"]
    assert f"@{one.number} {one.answer}" not in left
    for wrong in ("@9999\n", f"@{two.number + 1}\nk1 x", f"@{two.number + 1}\nk9 c {quote}"):
        with pytest.raises(SystemExit, match="@"):
            record.take(wrong, exams, 2)


def test_the_record_is_of_rubrics_and_replies_that_the_parsers_read():
    rubrics = record.lines_of(record.RUBRICS)
    assert len({(line["exam"], line["question"]) for line in rubrics}) == 2 * QUESTIONS
    for line in rubrics:
        parse_draft(line["reply"])
    replies = record.lines_of(record.REPLIES)
    assert len({(r["exam"], r["row"], r["examples"]) for r in replies}) == len(replies)


def test_marks_for_whole_answers_are_given_blind_and_taken_once(exams, monkeypatch):
    monkeypatch.setattr(record, "MARKS", exams / "marks.jsonl")
    shown = "\n".join(record.shown_as_wholes(exams))
    assert TELLING not in shown
    assert shown.count("\n@") == 2 * QUESTIONS * ANSWERS
    taken = record.take_marks("@0 4\n\n@3 0\n", exams)
    assert [one.mark for one in taken] == [4, 0]
    record.keep(record.MARKS, taken)
    left = "\n".join(record.shown_as_wholes(exams))
    assert "\n@0 " not in left
    assert "\n@1 " in left


@pytest.mark.parametrize("line", ["@0", "@0 5", "@999 3", "12 3", "@0 three"])
def test_what_is_no_mark_is_refused(exams, line):
    with pytest.raises(SystemExit, match="no mark of one of the answers"):
        record.take_marks(f"@1 2\n{line}", exams)
