"""``grade batch``: real files, a real process that is really interrupted."""

import csv
import signal
import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cli import GRADE, grade, refused

from grader.batch.runner import grade_file
from grader.columns import ADDED
from grader.errors import GraderError

ANSWER = "While training, each unit is set to zero at random with some probability p."


def write(folder, text, name="in.csv"):
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def read(file):
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_table_comes_back_with_its_columns_and_the_grades(tmp_path):
    table = write(
        tmp_path,
        "candidate,answer,question_id,note\n"
        f'Ann,"{ANSWER}",dropout,"a, b"\n'
        "Bob,,dropout,\n"
        f'Cyd,"{ANSWER}",dropuot,\n'
        f'Dan,"{ANSWER}",,x\n',
    )
    done = grade("batch", table, "-o", tmp_path / "out.csv")
    assert done.returncode == 0, done.stderr
    assert "4 rows" in done.stderr
    assert "3 failed" in done.stderr
    rows = read(tmp_path / "out.csv")
    assert list(rows[0]) == ["candidate", "answer", "question_id", "note", *ADDED]
    assert [r["candidate"] for r in rows] == ["Ann", "Bob", "Cyd", "Dan"]
    assert rows[0]["note"] == "a, b"
    assert 0 <= float(rows[0]["grade_score"]) <= 1
    assert rows[0]["grade_error"] == ""
    assert "the answer is empty" in rows[1]["grade_error"]
    assert rows[1]["grade_score"] == "", "a failure is never a number"
    assert "did you mean dropout" in rows[2]["grade_error"]
    assert "no question_id" in rows[3]["grade_error"]


def test_one_question_for_all_rows_and_references_in_the_table(tmp_path, grader):
    table = write(tmp_path, f'answer\n"{ANSWER}"\n')
    tally = grade_file(grader, table, tmp_path / "a.csv", q="dropout")
    assert (tally.rows, tally.failed) == (1, 0)
    table = write(
        tmp_path, "answer,reference,question\nIt boils at 100.,Water boils at 100 degrees.,When?\n"
    )
    tally = grade_file(grader, table, tmp_path / "b.csv")
    assert tally.failed == 0


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is empty"),
        (
            b"reply,question_id\nx,dropout\n",
            "has no column 'answer': it has 'reply', 'question_id'",
        ),
        (b"answer\nx\n", "neither a column 'question_id' nor 'reference'"),
        (b"answer,question_id,answer\nx,dropout,y\n", "column 'answer' stands twice"),
        (b"answer,question_id\nx,dropout,more\n", ":2: has 3 cells, the header 2"),
        (b"answer,question_id\nx\n", ":2: has 1 cells, the header 2"),
        (b"answer,question_id\nx\0y,dropout\n", "holds a NUL byte"),
        (b"answer,question_id\n\xf6,dropout\n", "is not UTF-8"),
        (b'answer,question_id\n"x,dropout\n', "not a well-formed CSV"),
        (b"answer,question_id,grade_score\nx,dropout,1\n", "has a column 'grade_score' already"),
    ],
)
def test_a_table_that_cannot_be_graded_says_why_and_leaves_nothing(tmp_path, data, problem):
    table = write(tmp_path, data)
    refused(grade("batch", table, "-o", tmp_path / "out.csv"), problem, "in.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv"]


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    table = write(tmp_path, b"\xef\xbb\xbfanswer,question_id\nUnits are dropped.,dropout\n")
    assert grade("batch", table, "-o", tmp_path / "out.csv").returncode == 0
    assert read(tmp_path / "out.csv")[0]["grade_error"] == ""


def test_what_was_graded_before_a_faulty_row_is_kept(tmp_path):
    good = f'"{ANSWER}",dropout\n' * 70
    table = write(tmp_path, f"answer,question_id\n{good}x,dropout,more\n")
    done = grade("batch", table, "-o", tmp_path / "out.csv")
    assert done.returncode == 2
    assert ":72: has 3 cells" in done.stderr
    assert "out.csv.partial" in done.stderr
    assert len(read(tmp_path / "out.csv.partial")) == 64, "whole chunks of 32"
    assert not (tmp_path / "out.csv").exists()


def test_an_output_that_exists_needs_force(tmp_path):
    table = write(tmp_path, f'answer,question_id\n"{ANSWER}",dropout\n')
    out = write(tmp_path, "precious", "out.csv")
    refused(grade("batch", table, "-o", out), "exists already", "--force")
    assert out.read_text() == "precious"
    assert grade("batch", table, "-o", out, "--force").returncode == 0
    assert len(read(out)) == 1


def test_an_output_that_cannot_be_written_is_refused_before_any_work(tmp_path):
    table = write(tmp_path, f'answer,question_id\n"{ANSWER}",dropout\n')
    refused(grade("batch", table, "-o", tmp_path / "no" / "out.csv"), "there is no folder")
    refused(grade("batch", table, "-o", tmp_path), "is a folder")
    refused(grade("batch", tmp_path / "none.csv", "-o", tmp_path / "o.csv"), "can't be read")


def test_ctrl_c_leaves_no_output_and_says_what_is_kept(tmp_path):
    rows = "".join(f'"{ANSWER} And number {i} of them.",dropout\n' for i in range(20_000))
    table = write(tmp_path, f"answer,question_id\n{rows}")
    process = subprocess.Popen(
        [*GRADE, "batch", str(table), "-o", str(tmp_path / "out.csv")],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not any(
        p.stat().st_size > 10_000 for p in tmp_path.glob(".out.csv.*")
    ):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "the rows graded so far are in" in errors
    assert not (tmp_path / "out.csv").exists()
    kept = read(tmp_path / "out.csv.partial")
    assert kept
    assert all(row["grade_signature"] for row in kept)


CELLS = st.text(alphabet=st.sampled_from(list("ab ,\"'\n;=é")), max_size=20)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_every_input_cell_comes_back_as_it_was(grader, tmp_path_factory, cells):
    folder = tmp_path_factory.mktemp("batch")
    with (folder / "in.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["answer", "note"])
        writer.writerows(cells)
    try:
        grade_file(grader, folder / "in.csv", folder / "out.csv", q="dropout")
    except GraderError as error:
        raise AssertionError(error) from error
    assert [(r["answer"], r["note"]) for r in read(folder / "out.csv")] == cells
