"""Tables in every format and shape: what is read, refused and written."""

import csv
import datetime as dt
import io
import json
import sys
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.batch.entries import entries
from grader.batch.roles import find_roles
from grader.batch.runner import grade_file
from grader.errors import MissingExtraError, OutputError, TableError
from grader.tables.cells import CELL_LIMIT, fitting_detail, safe_cell, was_cut, was_made_safe
from grader.tables.columns import ADDED
from grader.tables.encodings import find_encoding
from grader.tables.formats import format_of_output
from grader.tables.inputs import open_source
from grader.tables.read import open_table
from grader.tables.table import ReadAs, text_rows
from grader.tables.writers import check_fits, check_rows, new_table
from tests.support.own_bank import ROOT

ANSWER = "Each unit is set to zero at random while training."
ROWS = [
    {"answer": "A plain one.", "note": "x, y"},
    {"answer": 'With "quotes",\nlines and ünïcode 🙂', "note": ""},
]


def put(folder, name, data):
    file = folder / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


def rows_of(file, **options):
    return [row for _, row in text_rows(open_table(file, ReadAs(**options)))]


def save(file, rows, form=None):
    with new_table(file, form or format_of_output(file), list(rows[0])) as writer:
        writer.write(rows)
    return file


ENDINGS = ["csv", "tsv", "jsonl", "csv.gz", "tsv.gz", "jsonl.gz", "parquet", "xlsx"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_gives_back_what_was_written(tmp_path, ending):
    file = save(tmp_path / f"table.{ending}", ROWS)
    assert rows_of(file) == ROWS
    assert [p.name for p in tmp_path.iterdir()] == [file.name], "nothing is left aside"


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_rows_make_the_same_bytes(tmp_path, ending, monkeypatch):
    first = save(tmp_path / f"a.{ending}", ROWS).read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert save(tmp_path / f"b.{ending}", ROWS).read_bytes() == first


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_content_decides_not_the_name(tmp_path, ending):
    file = save(tmp_path / f"table.{ending}", ROWS)
    if not ending.startswith("tsv"):
        assert rows_of(file.rename(tmp_path / "table.dat")) == ROWS


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_tells_the_delimiter(tmp_path, delimiter):
    file = put(
        tmp_path, "t.csv", f'"a,b"{delimiter}answer{delimiter}c\n1{delimiter}x{delimiter}2\n'
    )
    assert rows_of(file) == [{"a,b": "1", "answer": "x", "c": "2"}]


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("answer\nZoë\n", "utf-8", "utf-8"),
        ("answer\nZoë\n", "utf-8-sig", "utf-8-sig"),
        ("answer\nZoë\n", "utf-16", "utf-16"),
        ("answer\nZoë\n", "utf-32", "utf-32"),
        ("name,answer\nJürgen,Die Größe, naïve “so”\n", "cp1252", "cp1252"),
        ("имя,ответ\nИван,градиент затухает в глубоких сетях\n", "cp1251", "cp1251"),
        ("名前,回答\n太郎,勾配が消失する問題です\n", "shift_jis", "shift_jis"),
    ],
)
def test_the_encoding_is_found(tmp_path, text, encoding, found):
    file = put(tmp_path, "t.csv", text.encode(encoding))
    assert find_encoding(file).name == found
    assert open_table(file).columns == tuple(text.splitlines()[0].split(","))
    guessed = found in {"cp1252", "cp1251", "shift_jis"}
    assert bool(open_table(file).notes) == guessed, "a guess is told"


def test_a_telling_byte_far_down_is_found_too(tmp_path):
    file = put(tmp_path, "t.csv", b"answer\n" + b"plain\n" * 300_000 + b"caf\xe9 cr\xe8me\n")
    assert find_encoding(file).guessed


def test_a_named_encoding_is_believed_and_a_wrong_one_told(tmp_path):
    file = put(tmp_path, "t.csv", "answer\nZoë\n".encode("latin-1"))
    assert rows_of(file, encoding="latin-1") == [{"answer": "Zoë"}]
    with pytest.raises(TableError, match="is not utf-8-sig"):
        rows_of(file, encoding="utf-8")
    for name in ("klingon", "rot13", "a\0b"):
        with pytest.raises(TableError, match="unknown encoding"):
            open_table(file, ReadAs(encoding=name))


def examples(folder, ending):
    """Tables of a folder; beside each lies, by its name with an ending, what comes of it."""
    files = sorted((ROOT / "tests" / "tables" / folder).iterdir())
    return [pytest.param(f, id=f.name) for f in files if f.suffix != ending]


@pytest.mark.parametrize("file", examples("positive", ".rows"))
def test_a_table_is_read_as_the_rows_beside_it(file):
    wanted = {"answer", "question_id"}.__contains__
    rows = file.with_name(f"{file.name}.rows").read_text(encoding="utf-8").splitlines()
    assert [row for _, row in text_rows(open_table(file, wanted=wanted))] == [
        *map(json.loads, rows)
    ]


@pytest.mark.parametrize("file", examples("negative", ".message"))
def test_a_table_is_refused_with_the_message_beside_it(grader, tmp_path, file):
    message = file.with_name(f"{file.name}.message").read_text(encoding="utf-8").strip()
    with pytest.raises(TableError) as caught:
        grade_file(grader, [str(file)], tmp_path / "out.csv")
    assert str(file) in str(caught.value)
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_json_that_is_nested_too_deep_is_one_clear_error(tmp_path):
    with pytest.raises(TableError, match=r"t.jsonl:1: can't be read as JSON"):
        rows_of(put(tmp_path, "t.jsonl", "[" * 100_000 + "\n"))


def test_a_line_without_end_does_not_fill_the_memory(tmp_path):
    file = put(tmp_path, "t.csv", b"answer\n" + b"x" * 10_000_002)
    with pytest.raises(TableError, match="longer than 10,000,000 characters"):
        rows_of(file)


def test_a_json_key_may_turn_up_late(tmp_path):
    file = put(tmp_path, "t.jsonl", '{"answer": "x"}\n{"answer": "y", "late": {"a": [1]}}\n')
    assert rows_of(file)[1] == {"answer": "y", "late": '{"a": [1]}'}
    assert rows_of(file)[0] == {"answer": "x", "late": ""}


def test_half_a_character_is_replaced(tmp_path):
    file = put(tmp_path, "t.jsonl", r'{"answer": "a\ud800b", "x": ["\udc00"], "y": "\ud83d\ude42"}')
    [row] = open_table(file).rows()
    assert row == {"answer": "a�b", "x": ["�"], "y": "🙂"}


# ── workbooks ───────────────────────────────────────────────────────────────


def workbook(file, rows, *, more_sheets=0):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for _ in range(more_sheets):
        book.create_sheet()
    book.save(file)
    return file


def test_a_workbook_keeps_its_kinds_of_cells(tmp_path):
    when = dt.datetime(2024, 5, 6, 7, 8, 9)  # noqa: DTZ001
    cells = ["x", 3, 2.5, True, when, None, "00012"]
    names = list("abcdefg")
    table = open_table(workbook(tmp_path / "t.xlsx", [names, cells]))
    [row] = table.rows()
    assert list(row.values()) == cells
    with new_table(tmp_path / "o.xlsx", "xlsx", names) as writer:
        writer.write([row])
    assert list(open_table(tmp_path / "o.xlsx").rows()) == [row]


def test_blank_rows_are_passed_over_and_other_sheets_told(tmp_path):
    file = workbook(tmp_path / "t.xlsx", [["answer"], [], ["x"], [None]], more_sheets=2)
    table = open_table(file)
    assert [row["answer"] for row in table.rows()] == ["x"]
    assert "reading the sheet 'Sheet', the first of 3" in table.notes[0]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([["answer", None, "b"], ["x", "y", "z"]], "column 2 has no name"),
        ([["answer", "answer"], ["x", "y"]], "column 'answer' stands twice"),
        ([["answer"], ["x", "y"]], "row 2 has 2 cells, the header 1"),
        ([[]], "is empty"),
    ],
)
def test_a_workbook_whose_columns_are_unclear_is_refused(tmp_path, rows, problem):
    with pytest.raises(TableError, match=problem):
        rows_of(workbook(tmp_path / "t.xlsx", rows))


def bomb(file, name, size, *, declared=None):
    """A workbook with one part that unpacks to ``size`` bytes."""
    workbook(file, [["answer"], ["x"]])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(name, "w", force_zip64=True) as part:
            for _ in range(size // 2**20):
                part.write(b" " * 2**20)
        if declared is not None:
            archive.getinfo(name).file_size = declared
    return file


def test_a_zip_bomb_is_refused_unread(tmp_path):
    file = bomb(tmp_path / "t.xlsx", "xl/worksheets/sheet9.xml", 120 * 2**20)
    with pytest.raises(TableError, match=r"unpacks to 120 MB from 0\.1"):
        open_table(file)


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path):
    file = bomb(tmp_path / "t.xlsx", "xl/worksheets/sheet9.xml", 120 * 2**20, declared=10)
    with zipfile.ZipFile(file) as archive, pytest.raises(zipfile.BadZipFile):
        assert len(archive.read("xl/worksheets/sheet9.xml")) <= 10, "never unpacked"
    data = file.read_bytes().replace(b"sheet9.xml", b"sheet1.xml")
    with pytest.raises(TableError, match="can't be read as a workbook"):
        rows_of(put(tmp_path, "t.xlsx", data))


def test_a_fault_of_ours_is_not_told_as_one_of_the_workbook(tmp_path):
    def wanted(_):
        raise TypeError("ours")

    with pytest.raises(TypeError, match="ours"):
        open_table(workbook(tmp_path / "t.xlsx", [["answer"], ["x"]]), wanted=wanted)


def test_a_zip_that_is_no_workbook_says_so(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
        archive.writestr("answers.csv", "answer\nx\n")
    with pytest.raises(TableError, match="is a zip but not an Excel workbook"):
        open_table(tmp_path / "t.xlsx")


def test_what_a_workbook_cannot_hold_is_refused_before_work():
    with pytest.raises(OutputError, match="at most 32,767"):
        check_fits({"answer": "x" * 40_000}, "xlsx", "in.csv: answer 1")
    check_fits({"answer": "x" * 40_000}, "csv", "in.csv: answer 1")
    with pytest.raises(OutputError, match="makes 1,048,576 rows"):
        check_rows(1_048_576, "xlsx", "in.csv")
    check_rows(1_048_575, "xlsx", "in.csv")


# ── Parquet ─────────────────────────────────────────────────────────────────


def test_parquet_keeps_its_types(grader, tmp_path):
    table = pa.table(
        {
            "answer": [ANSWER, None],
            "when": pa.array([1, None], pa.timestamp("us", tz="UTC")),
            "tags": [["a"], []],
            "n": pa.array([1, 2], pa.int8()),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    grade_file(grader, [str(tmp_path / "in.parquet")], tmp_path / "out.parquet", q="dropout")
    graded = pq.read_table(tmp_path / "out.parquet")
    assert graded.select(table.column_names).equals(table)
    assert graded.schema.field("grade_score").type == pa.float64()
    assert graded["grade_needs_review"].to_pylist()[1] is None


def a_detail(votes=0, offline=0, failures=0, why=0, claim=0):
    """A detail as the grade of a judge has it, with so many characters in its parts."""
    point = {"id": "a", "claim": "c" * claim, "evidence": {"text": "é🙂", "start": 0, "end": 2}}
    wrong = {"id": "b", "claim": "d", "why": "w" * why, "evidence": None}
    return {
        "question_id": "dropout",
        "score": 0.5,
        "key_points": [point],
        "misconceptions": [wrong],
        "feedback": "Good.",
        "signature": "s",
        "versions": {"question": "v"},
        "offline": {"feedback": "o" * offline},
        "judge": {"votes": [{"quote": "v" * votes}], "failures": ["f" * failures]},
    }


@pytest.mark.parametrize(
    ("long", "left_out"),
    [
        ({}, set()),
        ({"votes": CELL_LIMIT}, {"judge"}),
        ({"offline": CELL_LIMIT}, {"judge", "offline"}),
        ({"failures": CELL_LIMIT}, {"judge", "offline"}),
        ({"why": CELL_LIMIT}, {"judge", "offline", "feedback", "misconceptions"}),
    ],
)
def test_a_detail_that_is_too_long_for_a_cell_loses_what_a_report_does_without(
    tmp_path, long, left_out
):
    detail = a_detail(**long)
    text = json.dumps(detail, ensure_ascii=False)
    with new_table(tmp_path / "o.xlsx", "xlsx", ["grade_detail"]) as writer:
        writer.write([{"grade_detail": text}])
    [row] = open_table(tmp_path / "o.xlsx").rows()
    assert len(row["grade_detail"]) <= CELL_LIMIT
    found = json.loads(row["grade_detail"])
    assert {name for name in detail if found[name] != detail[name]} == left_out
    assert row["grade_detail"] == fitting_detail(text) == fitting_detail(fitting_detail(text))
    assert not was_cut(row["grade_detail"])
    if set(long) == {"votes"}:
        assert found["judge"] == {"votes": [], "failures": [""]}


def test_a_detail_that_never_fits_is_still_json_and_known_as_cut():
    whole = json.dumps(a_detail(claim=CELL_LIMIT))
    found = json.loads(fitting_detail(whole))
    assert found["score"] == 0.5
    assert "key_points" not in found
    assert was_cut(fitting_detail(whole))
    assert was_cut(whole[:CELL_LIMIT])
    assert not was_cut("{")


# ── what is read as one table ───────────────────────────────────────────────


def sources(inputs, output):
    with open_source([str(i) for i in inputs], output) as table:
        return table.columns, [row for _, row in text_rows(table)]


def test_folders_and_patterns_are_read_in_order_of_name(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    put(folder, "b.csv", "answer,x\n2,b\n")
    put(folder, "a.jsonl", '{"answer": "1"}\n')
    put(folder, "notes.md", "no table")
    both = [{"answer": "1", "x": ""}, {"answer": "2", "x": "b"}]
    assert sources([folder], tmp_path / "o.csv") == (("answer", "x"), both)
    assert sources([folder / "*.csv"], tmp_path / "o.csv")[1] == both[1:]
    assert sources([folder / "b.csv", folder], tmp_path / "o.csv")[1] == both[::-1]


def test_inputs_that_are_not_there_or_would_be_overwritten_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    put(tmp_path, "a.csv", "answer\nx\n")
    with pytest.raises(TableError, match="there is no table in this folder"):
        sources([tmp_path / "empty"], tmp_path / "o.csv")
    with pytest.raises(TableError, match="no file matches"):
        sources([tmp_path / "*.tsv"], tmp_path / "o.csv")
    with pytest.raises(OutputError, match="lies in the input folder"):
        sources([tmp_path], tmp_path / "o.csv")
    with pytest.raises(OutputError, match="is an input too"):
        sources([tmp_path / "a.csv"], tmp_path / "a.csv")
    put(tmp_path, "o.csv", "answer\nx\n")
    with pytest.raises(OutputError, match="matches the pattern"):
        sources([tmp_path / "*.csv"], tmp_path / "o.csv")


def test_rows_are_numbered_as_a_person_finds_them(tmp_path):
    text = 'answer,x\n\n"two\nlines",1\n\n\nlast,2\n'
    files = [
        put(tmp_path, "t.csv", text),
        put(tmp_path, "t.tsv", text.replace(",", "\t")),
        workbook(tmp_path / "t.xlsx", [["answer"], [], ["two\nlines"], [], [], ["last"]]),
    ]
    for file in files:
        found = [(n, row["answer"]) for n, row in text_rows(open_table(file))]
        assert found == [(3, "two\nlines"), (6, "last")], file
    lines = put(tmp_path, "t.jsonl", '{"answer": "first"}\n\n{"answer": "third"}\n')
    assert [n for n, _ in text_rows(open_table(lines))] == [1, 3]
    table = pa.table({"answer": ["first", "second"]})
    pq.write_table(table, tmp_path / "t.parquet")
    assert [n for n, _ in text_rows(open_table(tmp_path / "t.parquet"))] == [1, 2]


# ── columns ─────────────────────────────────────────────────────────────────


def asked(grader, tmp_path, header, cells, given=(), q=None):
    buffer = io.StringIO()
    csv.writer(buffer).writerows([header, cells])
    table = open_table(put(tmp_path, "t.csv", buffer.getvalue()))
    roles = find_roles(table, grader, given, q)
    return roles, list(entries(table, roles))


def question_and_answer(entry):
    return entry.asked.question_id, entry.answer


def test_columns_are_found_whatever_their_case_or_as_told(grader, tmp_path):
    _, [entry] = asked(grader, tmp_path, ["Answer", "Question ID"], ["x", "dropout"])
    assert question_and_answer(entry) == ("dropout", "x")
    assert entry.cells == {"Answer": "x", "Question ID": "dropout"}, "the names stay"
    given = ["answer=My Response", "question_id=Q"]
    _, [entry] = asked(grader, tmp_path, ["My Response ", "Q"], ["x", "relu"], given)
    assert question_and_answer(entry) == ("relu", "x")


def test_a_wide_sheet_is_a_row_a_candidate(grader, tmp_path):
    header = ["candidate", "q:dropout", "q:Vanishing Gradient"]
    roles, found = asked(grader, tmp_path, header, ["Ann", "first", ""])
    assert roles.columns == ("candidate", "question_id", "answer")
    assert [e.cells for e in found] == [
        {"candidate": "Ann", "question_id": "dropout", "answer": "first"},
        {"candidate": "Ann", "question_id": "vanishing-gradient", "answer": ""},
    ], "an answer that was not given is a row too"


def test_the_example_sheet_is_wide(grader):
    table = open_table(ROOT / "examples" / "interview.csv")
    roles = find_roles(table, grader, (), None)
    assert len(roles.answers) == 5
    assert len(list(entries(table, roles))) == 150


def test_a_form_is_matched_by_the_questions_own_words_and_says_how(grader, tmp_path):
    prompt = grader.question("dropout").prompt
    roles, found = asked(grader, tmp_path, ["Timestamp", f"2. {prompt.upper()} *"], ["now", "x"])
    assert question_and_answer(found[0]) == ("dropout", "x")
    assert "answers dropout" in roles.notes[0]


def test_a_header_that_may_be_a_question_is_asked_about(grader, tmp_path):
    header = ["Name", "Explain dropout and why it helps."]
    with pytest.raises(TableError, match=r"is perhaps dropout: say --map \"q:dropout=Explain"):
        asked(grader, tmp_path, header, ["Ann", "x"])
    _, found = asked(grader, tmp_path, header, ["Ann", "x"], [f"q:dropout={header[1]}"])
    assert question_and_answer(found[0]) == ("dropout", "x")
    with pytest.raises(TableError, match="has no column 'answer'"):
        asked(grader, tmp_path, header, ["Ann", "x"], [f"-={header[1]}"])


@pytest.mark.parametrize(
    ("header", "given", "problem"),
    [
        (["answer", "question_id"], ["reply=answer"], "write PART=COLUMN"),
        (["answer", "question_id"], ["answer"], "write PART=COLUMN"),
        (["a", "question_id"], ["answer=b"], "has no column 'b'"),
        (["a", "b"], ["answer=a", "answer=b"], "is mapped already"),
        (["n", "q:dropuot"], [], "did you mean dropout"),
        (["answer", "q:dropout"], [], "keep one or the other"),
        (["question_id", "q:dropout"], [], "needs for itself"),
        (["q:dropout", "How does dropout work, and why does it reduce overfitting?"], [], "two"),
        (["answer", "question_id", "grade_score"], [], "has a column 'grade_score' already"),
    ],
)
def test_columns_that_are_unclear_are_refused(grader, tmp_path, header, given, problem):
    with pytest.raises(TableError, match=problem):
        asked(grader, tmp_path, header, ["x"] * len(header), given)


def test_mixed_kinds_of_cells_are_rows_never_lost(grader, tmp_path):
    answers = [ANSWER, 42, True, None, ["a"], {"b": 1}, "x" * 60_000, 1.5]
    lines = [json.dumps({"answer": a, "question_id": "dropout"}) for a in answers]
    lines.append(json.dumps({"answer": ANSWER, "question_id": 7}))
    file = put(tmp_path, "t.jsonl", "\n".join(lines))
    summary = grade_file(grader, [str(file)], tmp_path / "o.jsonl")
    rows = list(open_table(tmp_path / "o.jsonl").rows())
    assert [row["answer"] for row in rows[:-1]] == answers
    errors = [row["grade_error"] for row in rows]
    assert [bool(e) for e in errors] == [False, False, False, True, True, True, True, False, True]
    assert "is not text but a list" in errors[4]
    assert (summary.rows, summary.failed) == (9, 5)


# ── spreadsheet safety ──────────────────────────────────────────────────────

RUN = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "- a bullet", "＝1"]
SAFE = ["", "plain", "-5", "+3.2e4", "-1,5", "12%", "'=1", "a=b", " =1"]


@pytest.mark.parametrize("ending", ["csv", "tsv", "xlsx", "csv.gz"])
def test_what_a_spreadsheet_would_run_is_neutralised(tmp_path, ending):
    file = save(tmp_path / f"t.{ending}", [{"a": t, "=b": "x"} for t in [*RUN, *SAFE, "end"]])
    rows = list(open_table(file).rows())
    assert [r["a"] or "" for r in rows][: len(RUN)] == ["'" + text for text in RUN]
    assert [r["a"] or "" for r in rows][len(RUN) : -1] == SAFE
    assert "'=b" in rows[0]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_formats_that_no_spreadsheet_runs_keep_every_character(tmp_path, ending):
    file = save(tmp_path / f"t.{ending}", [{"a": text} for text in RUN])
    assert [r["a"] for r in open_table(file).rows()] == RUN


@given(st.text())
def test_a_safe_cell_stays_as_it_is(text):
    safe = safe_cell(text)
    assert safe_cell(safe) == safe
    assert safe == text or (safe == "'" + text and was_made_safe(safe))
    assert not safe.startswith(tuple("=@\t\r"))


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(max_examples=60)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4), st.sampled_from(ENDINGS))
def test_any_text_survives_any_format(tmp_path_factory, cells, ending):
    rows = [{"answer": "x" + a, "note": "x" + b} for a, b in cells]
    file = save(tmp_path_factory.mktemp("t") / f"t.{ending}", rows)
    assert rows_of(file) == rows


# ── what is not there ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("module", "name", "extra"),
    [("pyarrow.parquet", "t.parquet", "parquet"), ("openpyxl", "t.xlsx", "xlsx")],
)
def test_a_missing_extra_names_the_command(tmp_path, monkeypatch, module, name, extra):
    file = save(tmp_path / name, ROWS)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        MissingExtraError, match=rf'answer-grader\[{extra}\].*pip install "{module.split(".")[0]}>='
    ):
        rows_of(file)


@pytest.mark.parametrize("name", ["out", "out.doc", "out.parquet.gz"])
def test_an_output_that_says_no_format_is_refused(tmp_path, name):
    with pytest.raises(OutputError, match=r"choose .csv|leave out the .gz"):
        format_of_output(tmp_path / name)


def test_added_columns_are_written_in_their_order(tmp_path):
    row = {"answer": "x", **dict.fromkeys(ADDED, "")}
    [line] = save(tmp_path / "t.jsonl", [row]).read_text().splitlines()
    assert list(json.loads(line)) == ["answer", *ADDED]
    assert json.loads(line)["grade_score"] is None
