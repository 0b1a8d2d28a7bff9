"""One Ray node against two, in one run: the ratio of docs/scale.md.

    python -m benchmarks.cluster [--rows 400] [--runs 3]

Both clusters run on this machine, each node with one core, and grade the same distinct answers of
60 words. The ratio says something only where two cores are free: on a machine that shares its two
cores with the cluster's own processes and with others it is far below what two machines reach.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.speed import WORDS_60

_FILES = 8
_MEMORY = 200 * 1024**2


def main() -> None:
    """Print the seconds of each, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Ray's workers are nice by default; on a machine that others use they would only wait.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  # so it is spelt
    seconds: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder:
        table = write_table(Path(folder), args.rows)
        for run in range(args.runs):
            for nodes, measured in seconds.items():
                measured.append(measure(nodes, table, Path(folder) / f"out-{run}-{nodes}.csv"))
                print(f"{nodes} node(s): {measured[-1]:.1f} s", flush=True)
    one, two = (statistics.median(measured) for measured in seconds.values())
    load = os.getloadavg()[0]
    print(
        f"{args.rows} rows, medians of {args.runs}: {one:.1f} s with one node, {two:.1f} s with "
        f"two: {one / two:.2f} times; goal >= 1.7 where two cores are free. This machine: "
        f"{os.cpu_count()} cores, shared, load {load:.1f}"
    )


def measure(nodes: int, table: Path, output: Path) -> float:
    """Seconds from the first graded block to the last, so that no start is counted."""
    import ray
    from ray.cluster_utils import Cluster

    from grader.batch.cluster.run import grade_on_cluster
    from grader.batch.runner import Listener, Progress
    from grader.settings import Settings

    node = {"num_cpus": 1, "object_store_memory": _MEMORY}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    for _ in range(nodes - 1):
        cluster.add_node(**node)
    times: list[tuple[float, int]] = []

    def note(progress: Progress) -> None:
        times.append((time.perf_counter(), progress.done))

    try:
        os.environ["RAY_ADDRESS"] = cluster.address
        grade_on_cluster(Settings(), [str(table)], str(output), listener=Listener(progress=note))
    finally:
        ray.shutdown()
        cluster.shutdown()
    (begun, at), (ended, rows) = times[0], times[-1]
    return (ended - begun) * rows / (rows - at)


def write_table(folder: Path, rows: int) -> Path:
    """Distinct answers in some files, as JSON would quote them: that is CSV's way, too."""
    table = folder / "in"
    table.mkdir()
    for file in range(_FILES):
        lines = (f"dropout,{json.dumps(WORDS_60.format(n))}" for n in range(file, rows, _FILES))
        (table / f"{file}.csv").write_text("\n".join(["question_id,answer", *lines, ""]))
    return table


if __name__ == "__main__":
    main()
