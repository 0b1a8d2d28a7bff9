"""``grade batch``: real files, a real process that is really interrupted."""

import csv
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from grader.bank.rubrics import question_from_reference
from grader.batch.ledger import ledger_file, open_ledger
from grader.batch.ledger_schema import MIGRATIONS
from grader.batch.runner import Listener, grade_file
from grader.errors import LedgerError, TableError
from grader.grading import Grader
from grader.judge.judge import Judge
from grader.settings import Settings
from grader.tables.columns import ADDED
from tests.support.command import GRADE, grade, refused
from tests.support.llm_server import Fault, serving, verdicts

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
    assert "3 not gradable" in done.stderr
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
    tally = grade_file(grader, [str(table)], tmp_path / "a.csv", q="dropout")
    assert (tally.rows, tally.failed) == (1, 0)
    table = write(
        tmp_path, "answer,reference,question\nIt boils at 100.,Water boils at 100 degrees.,When?\n"
    )
    tally = grade_file(grader, [str(table)], tmp_path / "b.csv")
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
        (b"answer,question_id\nx\n", ":2: has 1 cell, the header 2"),
        (b"answer,question_id\nx\0y,dropout\n", "holds a NUL byte"),
        (b"answer,question_id\n\x00\xf6,dropout\n", "is not UTF-8"),
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


def test_a_faulty_row_is_found_before_anything_is_graded(tmp_path):
    good = f'"{ANSWER}",dropout\n' * 70
    table = write(tmp_path, f"answer,question_id\n{good}x,dropout,more\n")
    refused(grade("batch", table, "-o", tmp_path / "out.csv"), ":72: has 3 cells")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv"]


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


def many(folder, rows=20_000):
    lines = "".join(f'"{ANSWER} And number {i} of them.",dropout\n' for i in range(rows))
    return write(folder, f"answer,question_id\n{lines}")


def started(table, out):
    """A run that says that it has graded something."""
    process = subprocess.Popen(
        [*GRADE, "batch", str(table), "-o", str(out), "--progress", "json"],
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if json.loads(line).get("stage") == "grading":
            return process
    raise AssertionError(f"it ended with {process.wait()}")


def test_ctrl_c_leaves_no_output_and_says_how_to_go_on(tmp_path):
    process = started(many(tmp_path), tmp_path / "out.csv")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "run the same command again to go on" in errors
    left = {p.name for p in tmp_path.iterdir()} - {"out.csv.ledger-wal", "cache"}
    assert left == {"in.csv", "out.csv.ledger"}


def test_a_second_run_on_the_same_output_is_refused(tmp_path):
    table = many(tmp_path)
    process = started(table, tmp_path / "out.csv")
    try:
        refused(grade("batch", table, "-o", tmp_path / "out.csv"), "another run is writing")
    finally:
        process.kill()
        process.communicate()


KILLED = """
import os, signal, sys
from pathlib import Path
from grader import Grader
from grader.batch.runner import Listener, grade_file

def progress(now):
    if now.stage == "grading":
        os.kill(os.getpid(), signal.SIGKILL)

grade_file(Grader(), [sys.argv[1]], Path(sys.argv[2]), listener=Listener(progress=progress))
"""


def test_a_killed_run_goes_on_and_writes_what_an_undisturbed_one_writes(tmp_path):
    table = many(tmp_path, 70)
    killed = subprocess.run([sys.executable, "-c", KILLED, table, "out.csv"], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "out.csv").exists()
    again = grade("batch", table, "-o", tmp_path / "out.csv")
    assert again.returncode == 0, again.stderr
    assert "32 answers were graded before" in again.stderr
    assert grade("batch", table, "-o", tmp_path / "whole.csv").returncode == 0
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def run(grader, folder, text, **options):
    """The rows of the graded table, and the summary."""
    summary = grade_file(
        grader, [str(write(folder, text))], folder / "out.csv", force=True, **options
    )
    return read(folder / "out.csv"), summary


def test_an_answer_that_is_refused_by_now_has_no_grade_though_the_ledger_knows_one(
    grader, tmp_path, monkeypatch
):
    table = f'answer,question_id\n"{ANSWER}",dropout\nUnits are dropped.,dropout\n,dropout\n'
    run(grader, tmp_path, table)
    own = Grader(Settings(max_answer_chars=30), encoder=grader.encoder, verifier=grader.verifier)
    checked = []
    real = own.check_answer
    monkeypatch.setattr(own, "check_answer", lambda text: checked.append(text) or real(text))
    rows, summary = run(own, tmp_path, table)
    assert (summary.rows, summary.failed) == (3, 2)
    assert [bool(row["grade_error"]) for row in rows] == [True, False, True]
    assert [bool(row["grade_score"]) for row in rows] == [False, True, False]
    assert checked.count("Units are dropped.") == 1


class Counting:
    """How many answers a grader was asked for."""

    def __init__(self, grader, monkeypatch):
        self.graded = []
        real = grader.grade_all

        def grade_all(items):
            items = list(items)
            self.graded += [text for text, _ in items]
            return real(items)

        monkeypatch.setattr(grader, "grade_all", grade_all)


def test_identical_answers_are_graded_once_and_never_again(grader, tmp_path, monkeypatch):
    counting = Counting(grader, monkeypatch)
    table = "answer,question_id\n" + f'"{ANSWER}",dropout\n' * 5 + "It is a unit.,relu\n"
    first, summary = run(grader, tmp_path, table)
    assert len(counting.graded) == 2
    assert (summary.rows, [q.answers for q in summary.questions]) == (6, [5, 1])
    again, _ = run(grader, tmp_path, table)
    assert len(counting.graded) == 2
    assert first == again
    run(grader, tmp_path, table + "Another one.,relu\n")
    assert counting.graded[2:] == ["Another one."]


def test_what_was_changed_is_named_and_graded_anew_alone(own_folders, tmp_path):
    bank, rubrics = own_folders
    table = "answer,question_id\nSteep it for a few minutes.,tea\nUnits are dropped.,dropout\n"
    plans = []

    def once(**settings):
        grader = Grader(Settings(bank=bank, rubrics=rubrics, **settings))
        run(grader, tmp_path, table, listener=Listener(plan=plans.append))
        return plans[-1]

    assert (once().to_grade, once().to_grade) == (2, 0)
    text = (rubrics / "tea.yaml").read_text()
    (rubrics / "tea.yaml").write_text(text.replace("points: 1", "points: 3"))
    plan = once()
    assert (plan.to_grade, plan.anew) == (1, {"the rubric": 1})
    (rubrics / "tea.yaml").write_text(text)
    assert once().to_grade == 0, "what was graded with the old rubric is still known"
    assert once(review_below=0.9).anew == {"review_below": 2}


def test_the_output_may_be_written_again_unless_someone_else_changed_it(tmp_path):
    table = write(tmp_path, f'answer,question_id\n"{ANSWER}",dropout\n')
    out = tmp_path / "out.csv"
    assert grade("batch", table, "-o", out).returncode == 0
    before = out.read_bytes()
    assert grade("batch", table, "-o", out).returncode == 0
    assert out.read_bytes() == before
    out.write_text("mine now")
    refused(grade("batch", table, "-o", out), "was changed since it was written", "--force")
    assert out.read_text() == "mine now"


def test_an_output_whose_replacement_failed_is_still_ours(tmp_path):
    table = write(tmp_path, f'answer,question_id\n"{ANSWER}",dropout\n')
    out = tmp_path / "out.csv"
    assert grade("batch", table, "-o", out).returncode == 0
    finished = write(tmp_path, "what is moved next", "finished")
    with open_ledger(ledger_file(out)) as ledger:
        ledger.about_to_place(finished)
        assert ledger.wrote(out)
    assert grade("batch", table, "-o", out).returncode == 0


def test_nothing_in_the_place_of_an_answer_is_a_failure_in_every_format(grader, tmp_path):
    lines = '{"question_id": "dropout", "answer": NaN}\n{"question_id": "dropout", "answer": null}'
    for cell in ("#NAME?", "#DIV/0!"):
        lines += f'\n{{"question_id": "dropout", "answer": "{cell}"}}'
    table = write(tmp_path, lines, "in.jsonl")
    grade_file(grader, [str(table)], tmp_path / "out.csv")
    rows = read(tmp_path / "out.csv")
    assert [r["grade_score"] for r in rows] == [""] * 4
    assert all("AnswerError" in r["grade_error"] for r in rows)


def test_a_mistyped_question_for_all_rows_ends_the_run_before_it_begins(tmp_path):
    table = write(tmp_path, f'answer\n"{ANSWER}"\n')
    done = grade("batch", table, "-o", tmp_path / "out.csv", "--q", "dropuot")
    refused(done, "dropuot", "did you mean dropout")
    assert not (tmp_path / "out.csv").exists()
    judge = ("--llm", "--llm-model", "m", "--llm-base-url", "http://127.0.0.1:9/v1", "--dry-run")
    done = grade("batch", table, "-o", tmp_path / "out.csv", "--q", "dropuot", *judge)
    refused(done, "did you mean dropout")


def test_a_table_with_questions_and_references_says_which_counts(tmp_path):
    table = write(
        tmp_path,
        f'Name,Reference,Question ID,Answer\nAnn,Recommended by Jane,dropout,"{ANSWER}"\n'
        f'Bob,,dropout,"{ANSWER}"\n',
    )
    done = grade("batch", table, "-o", tmp_path / "out.csv")
    assert "'Question ID' are graded by its rubric" in done.stderr
    first, second = read(tmp_path / "out.csv")
    assert first["grade_detail"] == second["grade_detail"]


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda file: file.write_bytes(b"no database at all" * 100), "is damaged"),
        (lambda file: file.write_bytes(file.read_bytes()[:9000]), "is damaged"),
        (lambda file: newer(file, "PRAGMA user_version = 99"), "was written by a newer grader"),
        (lambda file: newer(file, "PRAGMA application_id = 7"), "is not one of grader's ledgers"),
    ],
)
def test_a_ledger_that_cannot_be_used_is_left_alone(grader, tmp_path, damage, problem):
    run(grader, tmp_path, f'answer,question_id\n"{ANSWER}",dropout\n')
    ledger = tmp_path / "out.csv.ledger"
    damage(ledger)
    before = ledger.read_bytes()
    with pytest.raises(LedgerError, match=problem):
        run(grader, tmp_path, f'answer,question_id\n"{ANSWER}",dropout\n')
    assert ledger.read_bytes() == before


def newer(file, statement):
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


def rows_of(ledger, sql):
    with closing(sqlite3.connect(ledger)) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("jobs", [True, False], ids=["with tables of jobs", "older than those"])
def test_a_ledger_of_version_0_1_0_goes_on(grader, tmp_path, monkeypatch, jobs):
    """Its run was killed when two of the four answers were graded."""
    for file in (Path(__file__).parent / "ledger-0.1.0").iterdir():
        shutil.copy(file, tmp_path)
    ledger = tmp_path / "out.csv.ledger"
    for table in () if jobs else ("job", "job_request", "job_spent"):
        newer(ledger, f"DROP TABLE {table}")
    # So may what a question is made of: as if it were that of then.
    first = read(tmp_path / "in.csv")[0]
    asked = question_from_reference(first["reference"], "")
    today = f"digest = '{asked.digest}', name = '{asked.digest}'"
    newer(ledger, f"UPDATE question SET {today} WHERE id = 1")  # noqa: S608
    kept = rows_of(ledger, "SELECT * FROM graded ORDER BY answer")
    then = {
        digest: json.loads(v)
        for digest, v in rows_of(ledger, "SELECT digest, versions FROM question")
    }
    # Models and libraries may be others by now: as if they were those of then.
    real = grader.identity
    monkeypatch.setattr(grader, "identity", lambda q: then.get(q.digest) or real(q))
    plans = []
    listener = Listener(plan=plans.append)
    summary = grade_file(grader, ["in.csv"], tmp_path / "out.csv", listener=listener)
    assert (plans[0].distinct, plans[0].to_grade) == (4, 2)
    assert (summary.rows, summary.failed) == (5, 1)
    assert [row["grade_score"] != "" for row in read(tmp_path / "out.csv")] == [True] * 4 + [False]
    then_wide = len(kept[0])
    now = {row[:then_wide] for row in rows_of(ledger, "SELECT * FROM graded")}
    assert set(kept) < now
    assert rows_of(ledger, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    monkeypatch.setattr(grader, "identity", lambda q: real(q) | {"encoder": "another"})
    grade_file(grader, ["in.csv"], tmp_path / "out.csv", listener=listener)
    assert (plans[1].to_grade, sum(plans[1].anew.values())) == (4, 4)
    now = {row[:then_wide] for row in rows_of(ledger, "SELECT * FROM graded")}
    assert set(kept) < now, "what was paid for is kept"


def test_a_run_that_is_stopped_keeps_what_it_graded(grader, tmp_path, monkeypatch):
    counting = Counting(grader, monkeypatch)
    lines = "".join(f"Answer number {i} is dropped.,dropout\n" for i in range(40))

    def stop(progress):
        if progress.stage == "grading":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(grader, tmp_path, "answer,question_id\n" + lines, listener=Listener(progress=stop))
    assert not (tmp_path / "out.csv").exists()
    assert len(counting.graded) == 32
    rows, _ = run(grader, tmp_path, "answer,question_id\n" + lines)
    assert len(counting.graded) == 40, "only the rest"
    assert len({row["answer"] for row in rows}) == 40


def test_a_table_that_changes_while_it_is_graded_is_noticed(grader, tmp_path):
    def change(progress):
        if progress.stage == "grading":
            write(tmp_path, "answer,question_id\nSomething else is dropped.,dropout\n")

    with pytest.raises(TableError, match="was changed while it was graded"):
        run(
            grader,
            tmp_path,
            f'answer,question_id\n"{ANSWER}",dropout\n',
            listener=Listener(progress=change),
        )
    assert not (tmp_path / "out.csv").exists()


def test_a_full_disk_is_one_line_and_keeps_the_grades(tmp_path):
    table = many(tmp_path, 20)
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({120_000}, {120_000}));"
    done = subprocess.run(
        [*GRADE[:2], limit + GRADE[2], "batch", table, "-o", tmp_path / "out.csv"],
        capture_output=True,
        text=True,
        check=False,
    )
    refused(done, "can't be written", "run the same command again")
    assert not (tmp_path / "out.csv").exists()
    assert grade("batch", table, "-o", tmp_path / "out.csv").returncode == 0


def test_standard_input_and_output(tmp_path):
    done = grade("batch", "-", "-o", "-", stdin=f'answer,question_id\n"{ANSWER}",dropout\n')
    assert done.returncode == 0, done.stderr
    assert next(csv.DictReader(done.stdout.splitlines()))["grade_error"] == ""
    line = json.dumps({"answer": ANSWER, "question_id": "dropout", "n": [1, None]})
    done = grade("batch", "-", "-o", "-", stdin=line)
    row = json.loads(done.stdout)
    assert row["n"] == [1, None]
    assert row["grade_detail"]["question_id"] == "dropout"
    refused(grade("batch", "-", "x.csv", "-o", "-", stdin=""), "together with files")


def test_progress_for_tools_is_one_object_a_line(tmp_path):
    table = write(tmp_path, f'answer,question_id\n"{ANSWER}",dropout\n,dropout\n')
    done = grade("batch", table, "-o", tmp_path / "out.csv", "--progress", "json")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [e["event"] for e in events if e["event"] != "progress"] == ["plan", "summary"]
    assert events[-1]["failures"] == [["AnswerError", 1]]
    assert [e["stage"] for e in events if e["event"] == "progress"] == [
        "reading",
        "grading",
        "writing",
    ]


def test_the_summary_says_what_candidates_miss_and_what_needs_a_person(grader, tmp_path):
    table = (
        "answer,question_id\n"
        + f'"{ANSWER}",dropout\n' * 2
        + '"dropout, units, overfitting, regularization, ensemble",dropout\n'
        + ",dropout\nx,nosuch\n"
    )
    _, summary = run(grader, tmp_path, table)
    assert (summary.rows, summary.failed) == (5, 2)
    assert dict(summary.failures) == {"AnswerError": 1, "UnknownQuestionError": 1}
    assert summary.missed[0].missed == 3
    assert summary.missed[0].slug == "dropout"
    bonuses = {k.claim for k in grader.question("dropout").key_points if k.bonus}
    assert bonuses
    assert not bonuses & {m.claim for m in summary.missed}
    assert sum(n for _, n in summary.review) >= summary.for_review >= 1


def test_a_grade_whose_judge_failed_is_made_anew_by_the_next_run(grader, tmp_path):
    table = f'answer,question_id\n"{ANSWER}",dropout\n"{ANSWER} Twice.",dropout\n'
    down = [True]

    def script(request, _):
        return (
            Fault(500, "down") if down[0] and "Twice" in json.dumps(request) else verdicts(request)
        )

    with serving(script) as server:
        judge_settings = Settings(
            llm_model="tiny",
            llm_base_url=server.url,
            llm_backoff=0.001,
            llm_attempts=1,
            llm_cache="off",
            llm_canary_rate=0.0,
        )
        with Judge(settings=judge_settings) as judge:
            own = Grader(
                grader.settings, encoder=grader.encoder, verifier=grader.verifier, judge=judge
            )
            first, _ = run(own, tmp_path, table)
            asked = len(server.requests)
            down[0] = False
            second, _ = run(own, tmp_path, table)
            assert len(server.requests) == asked + 1, "the other is not paid for again"
            plans = []
            run(own, tmp_path, table, listener=Listener(plan=plans.append))
    assert "judge_failed" in first[1]["grade_flags"]
    assert "judge_failed" not in second[1]["grade_flags"]
    assert first[0] == second[0]
    assert plans[0].to_grade == 0
    run(grader, tmp_path, table, listener=Listener(plan=plans.append))
    assert plans[1].to_grade == 2, "without the judge they are other grades"
