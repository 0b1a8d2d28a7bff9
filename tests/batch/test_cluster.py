"""``grade batch --engine ray`` on a cluster of two nodes, one of which may be killed."""

import json
import os
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from grader.batch.runner import grade_file
from tests.support.command import GRADE

# Ray leaves closing to the end of the process.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
FILES, ROWS = 4, 32
ANSWERS = (
    "While training, each unit is set to zero at random with some probability p.",
    "All units are kept at test time.",
    "=1+1 is no answer.",
    "",
)


@pytest.fixture
def cluster(monkeypatch):
    """Two nodes of one core each, on this machine; Ray's own way to try out the loss of one."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    # Ray's workers are nice by default; on a busy machine they would only wait.
    monkeypatch.setenv("RAY_worker_niceness", "0")
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80 * 1024**2}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    second = cluster.add_node(**node)
    yield cluster, second
    cluster.shutdown()


def rows_of(file, *, distinct=None):
    """Some answers over and over, or all of them distinct; a bad row now and then."""
    for n in range(ROWS):
        number = file * ROWS + n
        answer = f"{number} units are dropped." if distinct else ANSWERS[number % len(ANSWERS)]
        question = "dropuot" if number % 17 == 3 else "dropout"
        yield {"candidate": number, "question_id": question, "answer": answer, "day": None}


def parquet_folder(folder, *, distinct=False):
    folder.mkdir()
    for file in range(FILES):
        rows = list(rows_of(file, distinct=distinct))
        schema = pa.schema([("candidate", pa.int32()), ("question_id", pa.string())])
        schema = schema.append(pa.field("answer", pa.string())).append(pa.field("day", pa.date32()))
        pq.write_table(pa.Table.from_pylist(rows, schema), folder / f"{file}.parquet")
    return folder


def start(cluster, *args):
    """The command, beside this process, on the cluster."""
    return subprocess.Popen(
        [*GRADE, "batch", *map(str, args), "--engine", "ray"],
        env={**os.environ, "RAY_ADDRESS": cluster.address},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_a_cluster_writes_what_one_machine_writes(cluster, grader, tmp_path):
    table = parquet_folder(tmp_path / "in")
    expected = grade_file(grader, [str(table)], tmp_path / "here.parquet")
    with start(cluster[0], table, "-o", tmp_path / "out") as run:
        _, messages = run.communicate()
    assert run.returncode == 0, messages
    counts = f"{expected.graded} graded ({expected.passed} passed"
    assert f"{FILES * ROWS} rows: {counts}" in messages
    parts = sorted((tmp_path / "out").iterdir())
    there = pa.concat_tables([pq.read_table(part) for part in parts])
    assert there.equals(pq.read_table(tmp_path / "here.parquet"))


@pytest.mark.slow
def test_a_lost_node_loses_no_row(cluster, grader, tmp_path):
    cluster, second = cluster
    table = parquet_folder(tmp_path / "in", distinct=True)
    grade_file(grader, [str(table)], tmp_path / "here.csv")
    with start(cluster, table, "-o", tmp_path / "there.csv", "--progress", "json") as run:
        begun = next((line for line in run.stderr if '"progress"' in line), "{}")
        assert 0 < json.loads(begun)["done"] < FILES * ROWS
        cluster.remove_node(second, allow_graceful=False)
        *_, last = run.stderr.read().splitlines()
    assert run.returncode == 0, last
    assert json.loads(last)["event"] == "summary"
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
