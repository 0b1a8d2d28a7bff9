"""Tables as forms, courses, spreadsheets and data libraries write them."""

import csv
import io
import json
import re
import shlex

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.batch.entries import Asked, entries
from grader.batch.header_matching import wanted_names
from grader.batch.roles import find_roles
from grader.batch.runner import Listener, grade_file
from grader.cli.main import run
from grader.errors import AnswerError, InputError, TableError
from grader.hiring.graded_table import read_graded_table
from grader.tables.answer_cells import answer_text
from grader.tables.columns import ADDED
from grader.tables.inputs import open_source
from grader.tables.read import open_table
from grader.tables.table import ReadAs, text_rows

DROPOUT = "How does dropout work, and why does it reduce overfitting?"
RELU = (
    "What is the rectified linear unit, and what are its benefits and drawbacks compared with "
    "sigmoid or tanh?"
)
FIRST = "Units are switched off at random while training; at test time all are used."
SECOND = "It is max(0, x), so that gradients do not vanish for x above 0."
THIRD = "Half of the layers is deleted for good, that makes it smaller."


def put(folder, name, data):
    file = folder / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


def as_csv(rows, delimiter=",", **style):
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, **style).writerows(rows)
    return buffer.getvalue()


def understood(grader, file, mapping=(), q=None, **read_as):
    """(question, answer) of each answer that would be graded, and what is told."""
    wanted = wanted_names(grader.catalog.names(), mapping)
    with open_source([str(file)], file.with_suffix(".out"), ReadAs(**read_as), wanted) as table:
        roles = find_roles(table, grader, mapping, q)
        asked = [(entry.asked._asdict(), entry.answer) for entry in entries(table, roles)]
    found = [(grader.row_question(a, q), answer) for a, answer in asked]
    return [(getattr(q, "id", q), a) for q, a in found], (*table.notes, *roles.notes)


def workbook(file, sheets, hidden=()):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        if title in hidden:
            sheet.sheet_state = "hidden"
    book.save(file)
    return file


LONG = [["candidate", "question_id", "answer"], ["Ada", "dropout", FIRST], ["Ben", "relu", SECOND]]
GRADED = [("dropout", FIRST), ("relu", SECOND)]
WIDE = [["Name", DROPOUT, RELU], ["Ada", FIRST, SECOND]]


# ── forms and courses ───────────────────────────────────────────────────────


def beside(before="", after=""):
    """A sheet with a column beside each question, full of marks or remarks."""
    return [
        ["Timestamp", "Name", *(h for q in (DROPOUT, RELU) for h in (q, before + q + after))],
        ["2024/03/01", "Ada", FIRST, "4", SECOND, "-- / 5"],
    ]


@pytest.mark.parametrize(
    "rows",
    [
        beside(after=" [Score]"),
        beside(after=" [Feedback]"),
        beside(after=" [Punktzahl]"),
        beside(before="Points - "),
        beside(before="Feedback - "),
        beside(before="Punkte – "),
        beside(before="Puntos: "),
        beside(after=" (max 5)"),
        beside(after=" [Poäng]"),
        [["Name", f"101: {DROPOUT}", "5.0", f"102: {RELU}", "5.0", "score"],
         ["Ada", FIRST, "0.0", SECOND, "0.0", "0.0"]],
        [["Name", DROPOUT, "Score", "Feedback", RELU, "Score", "Feedback"],
         ["Ada", FIRST, "1", "good", SECOND, "2", ""]],
        [["Name", "q:dropout", "q:dropout score", "q:relu", "Points - q:relu"],
         ["Ada", FIRST, "1", SECOND, "2"]],
        [["Respondent", DROPOUT, RELU, "", ""], ["", "Open-Ended Response", "Open-Ended Response"],
         ["Ada", FIRST, SECOND, "", ""]],
        [["Respondent", DROPOUT, RELU], ["", "Offene Antwort", "Offene Antwort"],
         ["Ada", FIRST, SECOND]],
        [["StartDate", "Q1", "Q2"], ["Start Date", DROPOUT, RELU],
         ['{"ImportId":"startDate"}', '{"ImportId":"QID1_TEXT"}', '{"ImportId":"QID2_TEXT"}'],
         ["2024", FIRST, SECOND]],
        [["Course: ML", "Exam"], [], *[[*row, "", ""] for row in WIDE]],
        [["Question 1", "Response 1", "Right answer 1", "Question 2", "Response 2"],
         [f"<p>{DROPOUT}</p>", FIRST, "see book", RELU, SECOND]],
        [["Username", "Question ID 1", "Question 1", "Answer 1", "Possible Points 1", "Question 2",
          "Answer 2"], ["ada", "q1", DROPOUT, FIRST, "5", RELU, SECOND]],
    ],
)  # fmt: skip
def test_points_titles_and_second_headers_are_known_for_what_they_are(grader, tmp_path, rows):
    found, _ = understood(grader, put(tmp_path, "t.csv", as_csv(rows)))
    assert found == GRADED


def test_a_second_column_of_answers_is_not_taken_for_feedback(grader, tmp_path):
    rows = [["Name", DROPOUT, f"{DROPOUT} (second attempt)"], ["Ada", FIRST, THIRD]]
    file = put(tmp_path, "t.csv", as_csv(rows))
    with pytest.raises(TableError, match="two columns answer dropout") as caught:
        understood(grader, file)
    found, _ = understood(grader, file, mapping=maps_in(str(caught.value)))
    assert found == [("dropout", FIRST)]


def test_an_empty_answer_and_an_average_row_are_told_as_what_they_are(grader, tmp_path):
    rows = [
        ["Last name", "State", "Grade/10.00", "Response 1", "Response 2"],
        ["A", "Finished", "Requires grading", FIRST, "-"],
        ["Overall average", "", "-", "", ""],
    ]
    file = put(tmp_path, "t.csv", as_csv(rows))
    with pytest.raises(TableError, match=r"'Response 1', 'Response 2' may be answers.*--map"):
        understood(grader, file)
    given = ["q:dropout=Response 1", "q:relu=Response 2"]
    notes = []
    grade_file(
        grader,
        [str(file)],
        tmp_path / "o.jsonl",
        mapping=given,
        listener=Listener(note=notes.append),
    )
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert [row["grade_score"] is None for row in rows] == [False, True]
    assert "stands for none" in rows[1]["grade_error"]
    assert any("1 row left out" in note and "(3)" in note for note in notes)


def test_questions_in_the_banks_own_words_in_a_column(grader, tmp_path):
    rows = [["student", "Question", "Answer"], ["ada", DROPOUT, FIRST], ["ben", "relu", SECOND]]
    assert understood(grader, put(tmp_path, "t.csv", as_csv(rows)))[0] == GRADED
    unknown = [*rows, ["cem", "What is love?", FIRST]]
    found, _ = understood(grader, put(tmp_path, "t.csv", as_csv(unknown)))
    assert isinstance(found[2][0], InputError)


def test_a_key_beside_the_candidates_answer_is_never_graded_by_chance(grader, tmp_path):
    rows = [["question_id", "answer", "student_answer"], ["dropout", "It is c).", FIRST]]
    file = put(tmp_path, "t.csv", as_csv(rows))
    with pytest.raises(TableError, match="which is the candidate's answer") as caught:
        understood(grader, file)
    first, second = maps_in(str(caught.value))
    assert understood(grader, file, mapping=[first])[0] == [("dropout", FIRST)]
    assert understood(grader, file, mapping=[second])[0] == [("dropout", "It is c).")]


def test_prompts_in_the_first_row_of_data_are_no_header(grader, tmp_path):
    rows = [["Frage", "Antwort"], [DROPOUT, FIRST], [RELU, SECOND]]
    file = put(tmp_path, "t.csv", as_csv(rows))
    with pytest.raises(TableError, match="has no column 'answer'") as caught:
        understood(grader, file)
    assert understood(grader, file, mapping=maps_in(str(caught.value)))[0] == GRADED


@pytest.mark.parametrize(
    "row",
    [
        {"user_input": "When?", "response": "At 100.", "reference": "At 100 degrees."},
        {"input": "When?", "actual_output": "At 100.", "expected_output": "At 100 degrees."},
        {"question": "When?", "answer": "At 100.", "ground_truth": "At 100 degrees."},
    ],
)
def test_what_judging_frameworks_call_the_three_is_read(grader, tmp_path, row):
    file = put(tmp_path, "t.jsonl", json.dumps({**row, "contexts": [{"text": "a"}]}))
    wanted = wanted_names(grader.catalog.names(), ())
    table = open_table(file, wanted=wanted)
    [entry] = entries(table, find_roles(table, grader, (), None))
    assert entry.answer == "At 100."
    assert entry.asked == Asked("", reference="At 100 degrees.", question="When?")


# ── the answer's cell ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "cell",
    [
        json.dumps({"parts": [{"text": "One."}, {"text": "Two."}]}),
        {"parts": [{"text": "One."}, {"text": "Two."}]},
        json.dumps([{"insert": "One.\n\n"}, {"insert": {"image": "x"}}, {"insert": "Two."}]),
        json.dumps({"ops": [{"insert": "One.\n\nTwo."}]}),
    ],
)
def test_an_answer_that_was_exported_as_json_is_unwrapped(cell):
    assert answer_text(cell) == "One.\n\nTwo."


@pytest.mark.parametrize(
    "cell", ['{"a": 1}', "[1, 2]", '{"not json', "#1 is dropout", "a < b", "0"]
)
def test_an_answer_that_only_looks_like_an_export_stays(cell):
    assert answer_text(cell) == cell


@pytest.mark.parametrize(
    "cell",
    ["-", "nan", "NaN", "NA", "N/A", "No answer", "null", "[object Object]", "#NAME?", "#NOM?",
     "#SPILL!", "#WERT!", "#BEZUG!", "#¿NOMBRE?", "#NV", "#DIV/0!", "Err:502", "#####", "#CALC!"],
)  # fmt: skip
def test_what_programs_write_for_no_answer_is_never_graded(cell):
    with pytest.raises(AnswerError, match=re.escape(cell)):
        answer_text(cell)


# ── spreadsheets and data libraries ─────────────────────────────────────────


@pytest.mark.parametrize(
    "data",
    [
        as_csv(LONG, ";"),
        as_csv(LONG, "\t"),
        as_csv(LONG, "|"),
        "sep=;\r\n" + as_csv(LONG, ";"),
        as_csv(LONG, ";", quoting=csv.QUOTE_ALL),
        as_csv(LONG).encode("utf-16"),
        as_csv(LONG, "\t").encode("utf-16-le"),
        as_csv(LONG).encode("utf-8-sig"),
        as_csv(LONG, lineterminator="\r"),
        as_csv([[*row, "", ""] for row in LONG]),
        as_csv([LONG[0], *[[*row, ""] for row in LONG[1:]]]),
        as_csv([*LONG[:2], ["", "", ""], [], LONG[2], ["", "", ""]]),
        as_csv([[*LONG[0], "tutor", "note"], *LONG[1:]]),
        as_csv([["Midterm 2024"], [], *LONG]),
        as_csv([["", *LONG[0]], ["0", *LONG[1]], ["1", *LONG[2]]]),
        as_csv([LONG[0], ["1", *LONG[1]], ["2", *LONG[2]]]),
        as_csv([["Unnamed: 0", *LONG[0]], ["0", *LONG[1]], ["1", *LONG[2]]]),
    ],
)
def test_a_table_of_any_spreadsheet_is_read(grader, tmp_path, data):
    assert understood(grader, put(tmp_path, "t.csv", data))[0] == GRADED


def test_names_of_many_words_are_no_rest_of_a_text(tmp_path):
    rows = [["name", "q", "answer", "note"], ["Ana", "dropout", FIRST, "x"]]
    rows += [["Maria João dos Santos Jr.", "dropout", FIRST], ["Ludwig van der Rohe", "relu", "x"]]
    assert len(list(open_table(put(tmp_path, "t.csv", as_csv(rows))).rows())) == 3


def test_an_option_that_does_not_fit_the_format_is_refused(tmp_path):
    file = put(tmp_path, "t.csv", "answer\nx\n")
    for told, problem in (
        ({"sheet": "A"}, "leave out --sheet"),
        ({"header_row": 9}, "is blank or not there"),
        ({"header_row": 0}, "counted from 1"),
        ({"delimiter": "ab"}, "give one sign"),
    ):
        with pytest.raises(TableError, match=problem):
            open_table(file, ReadAs(**told))
    lines = put(tmp_path, "t.jsonl", '{"answer": "x"}')
    with pytest.raises(TableError, match="leave out --header-row"):
        open_table(lines, ReadAs(header_row=1))


def test_a_mac_of_old_is_known_by_its_line_ends(tmp_path):
    file = put(tmp_path, "t.csv", "Name;answer\rJürgen;Die Größe\r".encode("mac_roman"))
    table = open_table(file)
    assert list(table.rows()) == [{"Name": "Jürgen", "answer": "Die Größe"}]
    assert "mac_roman" in table.notes[0]


def test_what_was_done_with_rows_that_are_not_whole_is_one_line(tmp_path):
    rows = [["a", "b", "c"], ["1", "2"], ["", "", ""], ["3", "4", "5"], [], ["6", "7"]]
    table = open_table(put(tmp_path, "t.csv", as_csv(rows)))
    assert [row for _, row in text_rows(table)] == [
        {"a": "1", "b": "2", "c": ""}, {"a": "3", "b": "4", "c": "5"}, {"a": "6", "b": "7", "c": ""}
    ]  # fmt: skip
    assert [note.partition(": ")[2] for note in table.notes] == [
        "2 blank rows are left out",
        "2 rows are shorter than the header (2, 6): the missing cells are read as empty",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a,q,answer\nAda,dropout,one line\nand then, the next\n",
        "a,q,answer\nAda,dropout,one line\nthe rest\n",
        "a,q,answer,note\nAda,dropout,one line\nThe rest of it.,late\n",
        "a,q,answer\nAda,dropout,one, two\n",
    ],
)
def test_the_rest_of_a_text_without_quotes_is_no_row(tmp_path, text):
    with pytest.raises(TableError, match="line ends in double quotes"):
        list(open_table(put(tmp_path, "t.csv", text)).rows())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a,b\n1,"never closed\n2,x\n3,y\n', 2),
        ('a,b\n1,"closed\nwell"\n2,"open\n3,y\n', 4),
        ('a,b\n1,2\n3,4\n5,"open', 4),
    ],
)
def test_a_quote_that_is_never_closed_is_found_where_it_opened(tmp_path, text, line):
    with pytest.raises(TableError, match=f"t.csv:{line}: .*never closed"):
        list(open_table(put(tmp_path, "t.csv", text)).rows())


def test_a_row_in_another_encoding_is_named_and_the_rest_is_utf8(tmp_path):
    lines = ["a,b", "Zoë,“x” – y", "Łukasz,naïve"]
    data = "\n".join(lines).encode() + b"\nBj\xf6rn,gr\xf6\xdfer\n"
    table = open_table(put(tmp_path, "t.csv", data))
    assert [row["a"] for row in table.rows()] == ["Zoë", "Łukasz", "Björn"]
    assert "UTF-8 but for row 4" in table.notes[0]


def test_a_line_of_json_in_another_encoding_is_named(tmp_path):
    data = '{"a": "“x” – y"}\n'.encode() + b'{"a": "Bj\xf6rn", "gr\xf6\xdfe": 1}\n'
    table = open_table(put(tmp_path, "t.jsonl", data))
    assert list(table.rows()) == [{"a": "“x” – y"}, {"a": "Björn", "größe": 1}]
    assert "UTF-8 but for line 2" in table.notes[0]


@pytest.mark.parametrize(
    "document",
    [
        {"data": [{"question_id": "dropout", "answer": FIRST}]},
        {"status": "ok", "n": 1, "results": [{"question_id": "dropout", "answer": FIRST}]},
        [{"question_id": "dropout", "answer": FIRST}],
        {"question_id": "dropout", "answer": FIRST, "contexts": [{"text": "x"}]},
        {"question_id": {"0": "dropout"}, "answer": {"0": FIRST}},
        {"columns": ["question_id", "answer"], "index": [0], "data": [["dropout", FIRST]]},
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["t.json", "t.jsonl", "t.dat"])
def test_a_json_document_is_read_where_it_is_plain(grader, tmp_path, document, indent, name):
    file = put(tmp_path, name, json.dumps(document, indent=indent))
    assert understood(grader, file)[0] == [("dropout", FIRST)]


@pytest.mark.parametrize("document", [{"a": [{"x": 1}], "b": [{"y": 2}]}, {"a": {}}, [1, 2], []])
def test_a_json_document_that_is_not_plain_is_refused(tmp_path, document):
    with pytest.raises(TableError, match=r"list of objects|lists of objects|is empty|an object"):
        open_table(put(tmp_path, "t.json", json.dumps(document, indent=1)))


# ── workbooks ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "sheets",
    [
        {"Instructions": [["Mark from 0 to 5"], ["Thanks"]], "Responses": LONG},
        {"Responses": [[None] * 4, *[[None, *row] for row in LONG]]},
        {"Responses": [[None, *LONG[0]], [0, *LONG[1]], [1, *LONG[2]]]},
        {"Responses": [["Midterm 2024"], [], *LONG]},
        {"Responses": [LONG[0], [" "], *LONG[1:]]},
        {"Old": LONG[:2], "Responses": LONG},
    ],
)
def test_a_workbook_is_read_where_its_table_stands(grader, tmp_path, sheets):
    hidden = ["Old"] if "Old" in sheets else []
    found, _ = understood(grader, workbook(tmp_path / "t.xlsx", sheets, hidden))
    assert found == GRADED


def test_a_sheet_is_named_by_name_or_number(grader, tmp_path):
    file = workbook(tmp_path / "t.xlsx", {"Intro": [["Hello"]], "A b": LONG[:2], "C": LONG})
    with pytest.raises(TableError, match="--sheet 'A b' or --sheet C"):
        understood(grader, file)
    assert understood(grader, file, sheet="A b")[0] == GRADED[:1]
    assert understood(grader, file, sheet="c")[0] == understood(grader, file, sheet="3")[0]
    with pytest.raises(TableError, match="has no sheet 'D': 'Intro', 'A b', 'C'"):
        understood(grader, file, sheet="D")


def test_merged_cells_hold_their_value_in_every_row(grader, tmp_path):
    frame = pd.DataFrame({"answer": [FIRST, SECOND]})
    frame.index = pd.MultiIndex.from_tuples(
        [("dropout", "Ada"), ("dropout", "Ben")], names=["question_id", "candidate"]
    )
    frame.to_excel(tmp_path / "t.xlsx", merge_cells=True)
    found, _ = understood(grader, tmp_path / "t.xlsx")
    assert found == [("dropout", FIRST), ("dropout", SECOND)]


def test_formulas_without_a_result_are_told_where_they_matter(grader, tmp_path):
    rows = [["question_id", "raw", "answer", "n"], ["dropout", FIRST, "=TRIM(B2)", "=1+1"]]
    file = workbook(tmp_path / "t.xlsx", {"S": rows})
    with pytest.raises(TableError, match=r"'answer' holds formulas without a stored .*\(C2\)"):
        understood(grader, file)
    assert understood(grader, file, mapping=["answer=raw", "-=answer"])[0] == GRADED[:1]


# ── the same from Python ────────────────────────────────────────────────────


def test_a_frames_headers_are_read_as_the_commands(grader):
    frame = pd.DataFrame({"Answer": [FIRST], "Question ID": ["dropout"]}, index=[7])
    graded = grader.grade_frame(frame)
    assert graded.columns[:2].tolist() == ["Answer", "Question ID"]
    assert graded.loc[7, "grade_error"] == ""
    [one] = grader.grade_rows([{"ANSWER": FIRST, "Question": DROPOUT}])
    assert one.question_id == "dropout"


def test_what_python_gives_wrongly_is_an_error_that_fits(grader):
    twice = pd.DataFrame([[FIRST, "x", "dropout"]], columns=["answer", "answer", "question_id"])
    with pytest.raises(TableError, match="column 'answer' stands twice"):
        grader.grade_frame(twice)
    alike = pd.DataFrame([[FIRST, "x"]], columns=["Answer", "ANSWER"])
    with pytest.raises(TableError, match="'Answer', 'ANSWER' may each be 'answer'"):
        grader.grade_frame(alike, q="dropout")
    with pytest.raises(InputError, match="takes a list of answers"):
        grader.grade_many(FIRST, "dropout")


# ── what was read is written ────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("delimiter", "name", "options", "written"),
    [
        (",", "o.csv", {}, ","),
        (";", "o.csv", {}, ";"),
        ("|", "o.csv", {}, "|"),
        ("\t", "o.csv", {}, ","),
        (";", "o.tsv", {}, "\t"),
        (";", "o.csv", {"output_delimiter": "comma"}, ","),
        (",", "o.csv", {"output_delimiter": ";"}, ";"),
    ],
)
def test_a_csv_is_written_as_it_was_read(grader, tmp_path, delimiter, name, options, written):
    file = put(tmp_path, "t.csv", as_csv([*LONG, ["Cem", "dropout", ""]], delimiter))
    for _ in range(2):  # the second time from the ledger
        grade_file(grader, [str(file)], tmp_path / name, **options)
    text = (tmp_path / name).read_text()
    assert next(csv.reader([text.splitlines()[0]], delimiter=written)) == [*LONG[0], *ADDED]
    rows = read_graded_table(tmp_path / name, quoting=True).rows
    assert [row.answer for row in rows] == [FIRST, SECOND, ""]


def test_a_report_knows_an_answer_that_was_unwrapped(grader, tmp_path):
    cell = json.dumps({"parts": [{"text": FIRST}]})
    file = put(tmp_path, "t.csv", as_csv([["Response", "q"], [cell, "dropout"]], ";"))
    given = ["answer=Response", "question_id=q"]
    grade_file(grader, [str(file)], tmp_path / "o.csv", mapping=given)
    [row] = read_graded_table(tmp_path / "o.csv", mapping=given, quoting=True).rows
    assert row.answer == FIRST
    for point in row.detail.key_points:
        if found := point.evidence:
            assert FIRST[found.start : found.end] == found.text


# ── following advice ────────────────────────────────────────────────────────

_OPTION = re.compile(
    r"--(?:delimiter|encoding|sheet|header-row|map) (?:\"[^\"]*\"|'[^']*'|[^\s:;,)]+)"
)


def options_in(message):
    """The options that a message names with a value, as a shell would read them."""
    return [shlex.split(found) for found in _OPTION.findall(message)]


def maps_in(message):
    return [value for name, value in options_in(message) if name == "--map"]


def graded_rows(capsys, file, options):
    """The rows of what the command writes."""
    out = file.with_name("out.jsonl")
    with pytest.raises(SystemExit) as stopped:
        run(["batch", str(file), "-o", str(out), *options])
    lines = capsys.readouterr().err.splitlines()
    told = "\n".join(line for line in lines if line.startswith("grade:"))
    if stopped.value.code:
        return None, told
    return [json.loads(line) for line in out.read_text().splitlines()], told


@pytest.mark.parametrize(
    ("name", "data", "count"),
    [
        ("t.csv", as_csv([["who", "Response", "q"], ["Ada", FIRST, "dropout"]]), 2),
        ("t.csv", as_csv([["who", 'My "own" answer text', "q"], ["Ada", FIRST, "dropout"]]), None),
        ("t.csv", as_csv([["Student\nanswer", "Question\ntext"], [FIRST, DROPOUT]]), 2),
        ("t.csv", as_csv([["Exam"], ["Reply", "q"], [FIRST, "dropout"]]), 3),
    ],
)
def test_advice_can_be_followed_to_the_letter(capsys, tmp_path, name, data, count):
    rows, told = graded_rows(capsys, put(tmp_path, name, data), [])
    assert rows is None
    options = options_in(told)
    if count is None:
        assert "--map answer=COLUMN" in told
        return
    header = [o for o in options if o[0] == "--header-row"]
    if header:  # the way out that it ends with comes first, then the next message's
        rows, told = graded_rows(capsys, tmp_path / name, header[0])
        assert rows is None
        options = [header[0], *options_in(told)]
    assert len(options) == count
    rows, told = graded_rows(capsys, tmp_path / name, [part for o in options for part in o])
    assert rows is not None, told
    assert [row["grade_error"] for row in rows] == [""]
    assert FIRST in rows[0].values()


def test_each_delimiter_that_is_offered_reads_all_of_the_table(tmp_path):
    file = put(tmp_path, "t.csv", "x;y,z\nOne;a,b\nTwo;c,d\n")
    with pytest.raises(TableError, match="more than one way") as caught:
        open_table(file)
    ways = options_in(str(caught.value))
    assert ways == [["--delimiter", "comma"], ["--delimiter", "semicolon"]]
    found = [
        [list(r.values()) for r in open_table(file, ReadAs(delimiter=w)).rows()] for _, w in ways
    ]
    assert found == [[["One;a", "b"], ["Two;c", "d"]], [["One", "a,b"], ["Two", "c,d"]]]


@pytest.mark.parametrize("name", ["Response", "Answer", "Q", "q. "])
def test_numbered_columns_are_offered_one_by_one(grader, tmp_path, name):
    rows = [["Nr", f"{name} 1", f"{name} 2"], ["7", FIRST, SECOND]]
    file = put(tmp_path, "t.csv", as_csv(rows))
    with pytest.raises(TableError, match="may be answers") as caught:
        understood(grader, file)
    first, second, none = maps_in(str(caught.value))
    given = [first.replace("SLUG", "dropout"), second.replace("SLUG", "relu")]
    assert understood(grader, file, mapping=given)[0] == GRADED
    assert understood(grader, file, mapping=[none, given[1]])[0] == GRADED[1:]


def test_blanks_after_commas_are_no_part_of_cells(grader, tmp_path):
    text = (
        f'candidate, question_id, answer\nAda, dropout, "{FIRST}, so"\nBen, relu, {SECOND[:14]}\n'
    )
    file = put(tmp_path, "t.csv", text)
    with pytest.raises(TableError, match="double quotes"):
        understood(grader, file)
    file.write_text(text.replace(SECOND[:14], f'"{SECOND}"'))
    assert understood(grader, file)[0] == [("dropout", FIRST + ", so"), ("relu", SECOND)]


def test_one_text_a_line_is_read_as_it_stands(grader, tmp_path):
    file = put(tmp_path, "t.csv", "answer\nUnits are dropped, at random\nAll units are kept\n")
    found, _ = understood(grader, file, q="dropout")
    assert found == [
        ("dropout", "Units are dropped, at random"), ("dropout", "All units are kept")
    ]  # fmt: skip
    file = put(tmp_path, "u.csv", "answer\na,b\nc\n")
    with pytest.raises(TableError, match="one column") as caught:
        understood(grader, file, q="dropout")
    [[_, way]] = options_in(str(caught.value))
    found, _ = understood(grader, file, q="dropout", delimiter=way)
    assert found == [("dropout", "a,b"), ("dropout", "c")]


# ── whatever comes in ───────────────────────────────────────────────────────

CELL = st.text(st.sampled_from("ab;,|\t\"' .\né–1"), max_size=8)


@settings(max_examples=300)
@given(
    rows=st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=5),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_table_comes_back_whole_or_is_refused_by_a_way_out(
    tmp_path_factory, rows, delimiter, quoting, encoding, end
):
    header = ["name", "question_id", "answer"]
    rows = [[f"n{i}", *row[1:]] for i, row in enumerate(rows)]
    text = as_csv([header, *rows], delimiter, quoting=quoting, lineterminator=end)
    file = put(tmp_path_factory.mktemp("t"), "t.csv", text.encode(encoding))
    told = ReadAs(encoding=encoding) if encoding == "cp1252" else None
    try:
        table = open_table(file, told)
        found = [list(row.values()) for _, row in text_rows(table)]
    except TableError as error:
        assert options_in(str(error)) or "double quotes" in str(error)  # noqa: PT017
        table = open_table(file, ReadAs(encoding=encoding, delimiter=delimiter))
        found = [list(row.values()) for _, row in text_rows(table)]
    assert found == rows
