"""What a cluster's run reads and writes, and how limits and counts are shared; no cluster here."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from grader.batch.cluster.run import share_of
from grader.batch.cluster.storage import find_source, find_target, whole, write_part
from grader.batch.summary import Missed, QuestionSummary, Summary, merge, shortened
from grader.errors import OutputError, TableError
from grader.settings import Settings
from tests.support.command import grade, refused


@pytest.fixture
def table(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "ba":
        (folder / f"{name}.csv").write_text("answer;question_id\nUnits are dropped.;dropout\n")
    return folder


def test_a_folder_is_one_table_in_the_order_of_its_names(table):
    source = find_source([str(table)])
    assert [name[-5:] for name in source.files] == ["a.csv", "b.csv"]
    assert source.table.columns == ("answer", "question_id")
    assert source.delimiter == ";"


def test_parquet_keeps_its_types(tmp_path):
    schema = pa.schema([("answer", pa.string()), ("age", pa.int8())])
    pq.write_table(schema.empty_table(), tmp_path / "a.parquet")
    assert find_source([str(tmp_path / "a.parquet")]).table.schema == schema


def test_what_a_cluster_cannot_read_is_refused(table, tmp_path):
    with pytest.raises(TableError, match="no such file"):
        find_source([str(tmp_path / "none")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(TableError, match="no table"):
        find_source([str(tmp_path / "empty")])
    (table / "c.jsonl").write_text("{}")
    with pytest.raises(TableError, match="all files of one kind"):
        find_source([str(table)])
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(TableError, match="can't be read"):
        find_source([str(tmp_path / "bad.parquet")])


def test_what_a_cluster_cannot_write_is_refused(table, tmp_path):
    source = find_source([str(table)])
    for output, problem in [
        ("-", "name a folder"),
        ("s3://bucket/out.csv", "name a folder"),
        (str(tmp_path / "out.xlsx"), "too large for a sheet"),
        (str(table), "is there already"),
        (str(tmp_path / "no" / "out"), "there is no folder"),
    ]:
        with pytest.raises(OutputError, match=problem):
            find_target(output, source, force=False)
    with pytest.raises(OutputError, match="is an input too"):
        find_target(str(table / "a.csv"), source, force=True)


def test_a_folder_of_parts_is_there_whole_or_not_at_all(table, tmp_path):
    target = find_target(str(tmp_path / "out"), find_source([str(table)]), force=False)
    with pytest.raises(KeyError), whole(target):  # noqa: PT012  # it is the block that fails
        write_part(target, 0, ["answer"], None, [{"answer": "lost"}])
        raise KeyError
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"]
    aside = Path(target.aside)
    aside.mkdir()
    (aside / "part-000009.csv").write_text("of a run that was killed")
    with whole(target):
        write_part(target, 0, ["answer"], None, [{"answer": "=kept"}])
    [part] = (tmp_path / "out").iterdir()
    assert part.read_text() == "answer\n'=kept\n"


def test_options_that_a_cluster_has_no_use_for_are_refused(table):
    args = ("batch", table, "-o", "out", "--engine", "ray")
    refused(grade(*args, "--threads", "2"), "leave out --threads")


def test_actors_together_keep_the_limits_of_the_judge():
    settings = Settings(llm_concurrency=16, llm_max_calls=100, llm_max_cost=6.0)
    share = share_of(settings, 3, again=False)
    assert (share.llm_concurrency, share.llm_max_calls, share.llm_max_cost) == (5, 33, 2.0)
    again = share_of(settings, 3, again=True)
    assert (again.llm_max_calls, again.llm_max_cost) == (0, 0.0)
    assert share_of(Settings(), 3, again=True).llm_max_calls is None


def test_counts_of_parts_are_those_of_the_table():
    one = Summary(
        questions=(QuestionSummary("a", 1, 1, 0, 1.0),),
        missed=(Missed("a", "x", 0, 1), Missed("a", "y", 1, 1)),
        review=(("low confidence", 1),),
        failures=(),
    )
    other = Summary(
        questions=(QuestionSummary("a", 3, 0, 2, 0.0), QuestionSummary("b", 1, 0, 0, 0.5)),
        missed=(Missed("a", "x", 2, 3),),
        review=(("low confidence", 1), ("flag: too_short", 3)),
        failures=(("AnswerError", 4),),
    )
    both = shortened(merge(one, other))
    assert both.questions == (QuestionSummary("a", 4, 1, 2, 0.25), other.questions[1])
    assert both.missed == (Missed("a", "x", 2, 4), Missed("a", "y", 1, 1))
    assert both.review == (("flag: too_short", 3), ("low confidence", 2))
    assert (both.rows, both.failed) == (9, 4)
