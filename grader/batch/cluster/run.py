"""Grading a table on a Ray cluster (extra ``ray``): the local run, a block of rows at a time.

Each node has one actor, which holds a grader and a ledger that lasts as long as the actor. It
plans, grades and reads back every block as ``runner`` does a table, so that a row means the
same. Blocks keep their order. Where a node is lost, Ray reads and grades its blocks again
elsewhere; counts travel beside the rows that they count, so that nothing is counted twice.
"""

from __future__ import annotations

import logging
import os
import pickle
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Unpack

from grader.batch.cluster.storage import Source, Target, find_source, find_target, whole, write_part
from grader.batch.ledger import open_ledger
from grader.batch.roles import Roles, find_roles
from grader.batch.runner import Listener, Progress, Run, TableOptions
from grader.batch.summary import Summary, count, merge, shortened
from grader.environment import environment
from grader.errors import ClusterError, GraderError, TableError
from grader.extras import require
from grader.grading import Grader
from grader.settings import Settings
from grader.tables.columns import ADDED, REFERENCE
from grader.tables.formats import Format
from grader.tables.parquet import ArrowTables
from grader.tables.table import Row, Table
from grader.tables.writers import new_table

_EXTRA = "ray"
# What is lost and graded again with a node: some 150 answers of 60 words.
_BLOCK_BYTES = 64 * 1024
_BATCH = 32
_PART_ROWS = 50_000
# Ray places by these shares of a core and does not enforce them. Two actors and a task of each
# kind fit on one core, so that a small cluster that lost a node does not wait for ever.
_ACTOR_SHARE, _TASK_SHARE = 0.1, 0.4
# Beside the graded rows; no table's column may hold a NUL.
_COUNTS = "\0counts"
_NOTHING = Summary(questions=(), missed=(), review=(), failures=())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What every actor is told."""

    settings: Settings
    judged: bool
    table: Table
    roles: Roles
    form: Format
    q: str | None
    actors: int


def grade_on_cluster(
    settings: Settings,
    inputs: Sequence[str],
    output: str,
    *,
    judged: bool = False,
    **options: Unpack[TableOptions],
) -> Summary:
    """Grade every answer of a table on a Ray cluster; rows come out as from ``grade_file``.

    The cluster is the one of ``RAY_ADDRESS``, else one that runs on this machine, else one is
    started here for the run. Every node needs grader, and the folders that settings name.

    Args:
        settings: of the graders; each uses all cores of its node, whatever ``threads`` says.
        inputs: files and folders of CSV or Parquet, which all nodes see; or ``s3://``.
        output: a file by its ending; else a folder of parts in the format of the input.
        judged: let the judge check every point; its limits hold for the cluster as a whole.
        options: see ``TableOptions``; ``read_as`` is of CSV alone, and ``listener`` is told how
            it goes where the output is one file.

    Raises:
        TableError, OutputError: the table or the output won't do. A row that can't be graded
            raises nothing: it is a row with ``grade_error``.
        ClusterError: the cluster can't be reached, or could not finish.
        MissingExtraError: Ray is not installed.
    """
    q, listener = options.get("q"), options.get("listener") or Listener()
    ray = _load_ray()
    source = find_source(inputs, options.get("read_as"))
    delimiter = options.get("output_delimiter")
    target = find_target(output, source, force=options.get("force", False), delimiter=delimiter)
    roles = find_roles(source.table, Grader(settings), options.get("mapping", ()), q)
    if judged and REFERENCE in roles.parts:
        raise TableError(
            f"{source.table.name}: the judge drafts a rubric for each reference, which nodes can't "
            "share: leave out --engine ray, or grade by rubrics that were kept (--save-rubrics)"
        )
    for note in roles.notes:
        listener.note(note)
    with _quiet(), _cluster(ray), _naming(ray, source.table.name):
        # Not, for one, a head that only leads.
        nodes = sum(n["Alive"] and n["Resources"].get("CPU", 0) > 0 for n in ray.nodes())
        job = _Job(
            settings=settings,
            judged=judged,
            table=source.table,
            roles=roles,
            form=target.form,
            q=q,
            actors=max(1, min(nodes, settings.llm_concurrency) if judged else nodes),
        )
        graded = _graded(ray, source, job)
        if target.file is None:
            counts = _write_parts(graded, target, job)
        else:
            counts = _write_file(graded, target, job, listener)
    return shortened(counts)


class Node:
    """An actor: a grader, its models loaded once, and what it graded before."""

    def __init__(self, job: _Job) -> None:
        """Begin; Ray calls this on the node."""
        ray = _load_ray()
        settings = replace(job.settings, threads=_cores_here(ray))
        judge = None
        if job.judged:
            from grader.judge.judge import Judge

            again = ray.get_runtime_context().was_current_actor_reconstructed
            judge = Judge(settings=share_of(settings, job.actors, again=again))
            judge.begin_run()
        self._grader = Grader(settings, judge=judge)
        self._job = job
        self._tables = ArrowTables([*job.roles.columns, *ADDED], job.table.schema)
        self._stack = ExitStack()
        self._ledger = self._stack.enter_context(open_ledger(None))

    def __call__(self, block: Any) -> Any:
        """The rows of an Arrow table, graded, with their counts in the first."""
        if set(block.column_names) != set(self._job.table.columns):
            raise TableError(
                f"{self._job.table.name}: its files have different columns: grade them in a run "
                "each"
            )
        rows: list[Row] = block.to_pylist()
        table = replace(self._job.table, numbered=lambda: enumerate(rows, start=1))
        self._ledger.want_nothing()
        job = self._job
        run = Run(self._grader, self._ledger, table, job.roles, job.form, job.q, Listener())
        run.plan()
        run.grade()
        graded = self._tables.table(run.rows())
        counts = [pickle.dumps(count(self._ledger)), *[None] * (len(graded) - 1)][: len(graded)]
        arrow = require("pyarrow", _EXTRA)
        return graded.append_column(_COUNTS, arrow.array(counts, arrow.binary()))


def share_of(settings: Settings, actors: int, *, again: bool) -> Settings:
    """An actor's share of the judge's limits, so that all actors together keep them.

    Args:
        settings: with the limits of the run.
        actors: how many there are; no more than ``llm_concurrency``.
        again: the actor takes the place of a lost one. What that one spent is not known, so
            that where spending is limited nothing more is spent.
    """
    calls, cost = settings.llm_max_calls, settings.llm_max_cost
    if again and not (calls is None and cost is None):
        calls, cost = 0, 0.0
    return replace(
        settings,
        llm_concurrency=settings.llm_concurrency // actors,
        llm_max_calls=None if calls is None else calls // actors,
        llm_max_cost=None if cost is None else cost / actors,
    )


def _load_ray() -> Any:
    """Ray with its data part, which reports to nobody."""
    with environment(**_ray_variables()):
        ray = require("ray", _EXTRA)
        require("ray.data", _EXTRA)
    return ray


def _ray_variables() -> dict[str, str]:
    level = os.environ.get("RAY_BACKEND_LOG_LEVEL", "fatal")
    return {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": level}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Ray's advice on Ray, which our users can't follow."""
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"ray\.")
        yield


@contextmanager
def _cluster(ray: Any) -> Iterator[None]:
    """A connection to the cluster, unless there is one; closed again if it was made here."""
    if ray.is_initialized():
        yield
        return
    try:
        with environment(**_ray_variables()):
            ray.init(
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                # Nodes hold the packages of their own installation.
                runtime_env={"env_vars": {"RAY_USAGE_STATS_ENABLED": "0"}},
            )
    except (ConnectionError, RuntimeError, ValueError) as error:
        problem = str(error).splitlines()[0]
        raise ClusterError(
            f"the Ray cluster can't be reached: {problem}: look at RAY_ADDRESS"
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _graded(ray: Any, source: Source, job: _Job) -> Any:
    """The dataset of graded rows, in the order of the input."""
    with _ordered(ray):
        dataset = _read(ray, source)
    return dataset.map_batches(
        Node,
        fn_constructor_kwargs={"job": job},
        compute=ray.data.ActorPoolStrategy(size=job.actors, max_tasks_in_flight_per_actor=2),
        batch_size=_BATCH,
        batch_format="pyarrow",
        num_cpus=_ACTOR_SHARE,  # Ray Data spreads actors over the nodes
    )


@contextmanager
def _ordered(ray: Any) -> Iterator[None]:
    """Datasets that are made in the block keep their order, in small blocks."""
    context = ray.data.DataContext.get_current()
    options = copy(context.execution_options)
    options.preserve_order = True
    chosen = {
        "execution_options": options,
        "enable_progress_bars": False,
        "target_max_block_size": _BLOCK_BYTES,
        # The newer reader lists files with five actors of its own, and makes one task of all
        # small files, which leaves nodes idle.
        "use_datasource_v2": False,
    }
    before = {name: getattr(context, name) for name in chosen}
    try:
        for name, value in chosen.items():
            setattr(context, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(context, name, value)


def _read(ray: Any, source: Source) -> Any:
    how = {"filesystem": source.filesystem, "partitioning": None, "num_cpus": _TASK_SHARE}
    files = list(source.files)
    if source.table.form == "parquet":
        return ray.data.read_parquet(files, **how)
    arrow_csv = require("pyarrow.csv", _EXTRA)
    text = require("pyarrow", _EXTRA).string()
    return ray.data.read_csv(
        files,
        **how,
        read_options=arrow_csv.ReadOptions(encoding=source.encoding, use_threads=False),
        parse_options=arrow_csv.ParseOptions(delimiter=source.delimiter, newlines_in_values=True),
        # As text, as they stand: 007 is no number, and NA no missing cell.
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(source.table.columns, text), strings_can_be_null=False
        ),
    )


def _write_file(graded: Any, target: Target, job: _Job, listener: Listener) -> Summary:
    """Write everything into one file, here."""
    assert target.file is not None
    counts = _NOTHING
    columns = [*job.roles.columns, *ADDED]
    with new_table(
        target.file, target.form, columns, _schema(job), delimiter=target.delimiter
    ) as writer:
        for block in graded.iter_batches(batch_size=None, batch_format="pyarrow"):
            rows, of_block = _taken(block)
            writer.write(rows)
            counts = merge(counts, of_block)
            listener.progress(
                Progress(
                    stage="grading",
                    done=counts.rows,
                    total=None,
                    review=counts.for_review,
                    failed=counts.failed,
                )
            )
    return counts


def _write_parts(graded: Any, target: Target, job: _Job) -> Summary:
    """Have the nodes write parts into a folder."""
    from ray.data import Datasink

    class Parts(Datasink):  # type: ignore[type-arg]  # Ray has no types here
        """Each write makes one part, named by its place."""

        def __init__(self) -> None:
            self.counts = _NOTHING

        def write(self, blocks: Iterable[Any], ctx: Any) -> Summary:
            """Runs on a node."""
            taken = [_taken(block) for block in blocks]
            rows = (row for rows, _ in taken for row in rows)
            write_part(target, ctx.task_idx, [*job.roles.columns, *ADDED], _schema(job), rows)
            return reduce(merge, [counts for _, counts in taken], _NOTHING)

        def on_write_complete(self, write_result: Any) -> None:
            """Runs here."""
            self.counts = reduce(merge, write_result.write_returns, _NOTHING)

        @property
        def min_rows_per_write(self) -> int:
            return _PART_ROWS

    parts = Parts()
    with whole(target):
        graded.write_datasink(parts, ray_remote_args={"num_cpus": _TASK_SHARE})
    return parts.counts


def _schema(job: _Job) -> Any:
    """The types of the output's columns; a wide table's change their meaning."""
    return None if job.roles.answers else job.table.schema


def _taken(block: Any) -> tuple[list[Row], Summary]:
    """The rows of a graded block, and the counts that travelled with them."""
    found = [c for c in block.column(_COUNTS).to_pylist() if c is not None]
    counts = reduce(merge, (pickle.loads(c) for c in found), _NOTHING)  # noqa: S301  # our own
    rows: list[Row] = block.drop_columns([_COUNTS]).to_pylist()
    return rows, counts


def _cores_here(ray: Any) -> int:
    """The cores of this node, as Ray counts them."""
    here = ray.get_runtime_context().get_node_id()
    nodes: list[Mapping[str, Any]] = ray.nodes()
    return max(1, *(int(n["Resources"].get("CPU", 1)) for n in nodes if n["NodeID"] == here))


@contextmanager
def _naming(ray: Any, name: str) -> Iterator[None]:
    """What Ray raises, as ours: an error of a node comes wrapped, perhaps more than once."""
    arrow = require("pyarrow", _EXTRA)
    try:
        yield
    except (ray.exceptions.RayError, arrow.ArrowException) as error:
        for inner in _causes(error):
            if isinstance(inner, GraderError) and not isinstance(inner, ray.exceptions.RayError):
                raise inner from error
            if isinstance(inner, arrow.ArrowException):
                raise TableError(f"{name}: can't be read: {_line(inner)}") from error
        *_, innermost = _causes(error)
        raise ClusterError(f"the Ray cluster could not finish: {_line(innermost)}") from error


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is not None and one not in seen:
            seen.append(one)
            yield one
            todo += [one.__cause__, getattr(one, "cause", None)]


def _line(error: BaseException) -> str:
    """The last line of a message: what a remote traceback ends with."""
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
