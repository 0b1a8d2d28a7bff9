"""Kill a batch at random moments until it is through, and compare its output.

    python -m benchmarks.kills --kills 50 --rows 200

Each round starts a batch on a fresh output, kills it (SIGKILL) at a random moment, starts it
again, kills it again, and so on until ``--kills-per-round`` kills are spent; then it lets it
finish. Every round's output must be, byte for byte, what an undisturbed run wrote. Moments are
drawn from the time that an undisturbed run takes, start and end included, by a fixed seed.

With ``--kills 50 --rows 60``: 50 kills in 70 rounds, 70 of 70 outputs identical.
"""

from __future__ import annotations

import argparse
import csv
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader.bank.catalog import Catalog
from grader.settings import Settings

COMMAND = [sys.executable, "-m", "grader", "batch"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--kills-per-round", type=int, default=1)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--form", default="csv", help="ending of the output")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = folder / "in.csv"
        write_table(table, args.rows, chance)
        whole = folder / f"whole.{args.form}"
        begun = time.perf_counter()
        subprocess.run([*COMMAND, table, "-o", whole], check=True, capture_output=True)
        span = time.perf_counter() - begun
        print(f"{args.rows} rows, undisturbed {span:.1f} s")
        rounds = identical = kills = 0
        while kills < args.kills:
            output = folder / f"round-{rounds}.{args.form}"
            for _ in range(min(args.kills_per_round, args.kills - kills)):
                if not run_until(table, output, chance.uniform(0, span)):
                    break
                kills += 1
            subprocess.run([*COMMAND, table, "-o", output], check=True, capture_output=True)
            identical += output.read_bytes() == whole.read_bytes()
            rounds += 1
        print(f"{kills} kills in {rounds} rounds: {identical} of {rounds} outputs identical")
    if identical != rounds:
        sys.exit(1)


def run_until(table: Path, output: Path, seconds: float) -> bool:
    """Run a batch and kill it after so long; whether it was still running."""
    process = subprocess.Popen(
        [*COMMAND, table, "-o", output], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def write_table(file: Path, rows: int, chance: random.Random) -> None:
    """Answers to several questions, one in five a repetition, one in fifty not gradable."""
    catalog = Catalog.from_settings(Settings())
    slugs = catalog.slugs()[:8]
    references = {slug: catalog.question(slug).references for slug in slugs}
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["candidate", "question_id", "answer"])
        for number in range(rows):
            slug = chance.choice(slugs)
            words = chance.choice(references[slug]).text.split()
            text = "" if chance.random() < 0.02 else " ".join(words[: chance.randint(8, 40)])
            writer.writerow([f"c{number}", slug, text])


if __name__ == "__main__":
    main()
