"""Memory, overhead and rate of a batch as the table grows.

    python -m benchmarks.scale --sizes 10000 1000000
    python -m benchmarks.scale --sizes 10000 1000000 --without-model

Each size is graded by a process of its own: answers of 60 words, 20 % of them distinct, CSV in
and out. Printed: the process's peak memory, the rate of rows, what share of the time was not
spent in the model, and each as a ratio to the first size. ``--without-model`` gives every
answer one real grade, so that what a row costs beside the model can be measured at sizes whose
grading would take days.

On one core of a shared 2-core machine, models with two threads:

    500 rows:  11.7 s,      43 rows a second, peak   197 MB, beyond the model   1% (246 µs a row)
  2,000 rows:  49.4 s,      41 rows a second, peak   208 MB, beyond the model   1% (225 µs a row)
               rate x 0.95, peak x 1.06

and ``--without-model``:

 10,000 rows:   2.8 s,    3587 rows a second, peak   189 MB (279 µs a row)
1,000,000 rows: 262.4 s,    3810 rows a second, peak   211 MB (262 µs a row)
               rate x 1.06, peak x 1.11
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from grader.bank.catalog import Catalog
from grader.batch.runner import grade_file
from grader.errors import InputError
from grader.grading import Grader
from grader.records import Failure, Grade, Question
from grader.settings import Settings

_WORDS, _DISTINCT = 60, 0.2
_SLUGS = ("dropout", "relu", "overfitting", "vanishing-gradient")


class TimedGrader(Grader):
    """Knows how long its models took; may give every answer the same grade."""

    def __init__(self, *, real: bool) -> None:
        super().__init__()
        self.load()
        self._one = None if real else self.grade("Units are switched off.", "dropout")
        self.seconds = 0.0

    def grade_all(
        self, items: Iterable[tuple[str, Question | InputError]]
    ) -> list[Grade | Failure]:
        """Grade, and note the time."""
        begun = time.perf_counter()
        results = super().grade_all(items) if self._one is None else [self._one for _ in items]
        self.seconds += time.perf_counter() - begun
        return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--without-model", action="store_true")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        measure(args.child, real=not args.without_model)
        return
    first: dict[str, float] = {}
    for size in args.sizes:
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder) / "in.csv"
            write_table(table, size)
            command = [sys.executable, "-m", "benchmarks.scale", "--child", str(table)]
            command += ["--without-model"] if args.without_model else []
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        now = json.loads(done.stdout)
        first = first or now
        beyond = now["seconds"] - now["model_seconds"]
        print(
            f"{size:9,} rows: {now['seconds']:8.1f} s, {size / now['seconds']:7.0f} rows a second, "
            f"peak {now['peak_mb']:5.0f} MB, beyond the model {beyond / now['seconds']:4.0%} "
            f"({beyond / size * 1e6:.0f} µs a row)"
        )
        rate = (size / now["seconds"]) / (args.sizes[0] / first["seconds"])
        print(f"           rate x {rate:.2f}, peak x {now['peak_mb'] / first['peak_mb']:.2f}")


def measure(table: Path, *, real: bool) -> None:
    """Grade the table in this process and print what it took."""
    grader = TimedGrader(real=real)
    grader.seconds = 0.0
    begun = time.perf_counter()
    grade_file(grader, [str(table)], table.with_name("out.csv"))
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "model_seconds": grader.seconds, "peak_mb": peak}))


def write_table(file: Path, rows: int) -> None:
    """Words of the bank's own answers, drawn by a fixed seed."""
    chance = random.Random(0)
    catalog = Catalog.from_settings(Settings())
    pool = [w for slug in _SLUGS for r in catalog.question(slug).references for w in r.text.split()]
    distinct = max(1, int(rows * _DISTINCT))
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["candidate", "question_id", "answer"])
        for number in range(rows):
            # The number of the answer is its seed, so that none is kept in memory.
            which = number if number < distinct else chance.randrange(distinct)
            answer = random.Random(which)
            slug = answer.choice(_SLUGS)
            writer.writerow([f"c{number}", slug, " ".join(answer.choices(pool, k=_WORDS))])


if __name__ == "__main__":
    main()
