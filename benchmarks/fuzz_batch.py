"""Broken tables by the thousand: count tracebacks, lost rows and hangs.

    python -m benchmarks.fuzz_batch --files 20000

Small tables in every format are mutated (bytes flipped, cut, doubled, structure inserted) and
graded into a format drawn by chance. What comes out must be one line from grader's own error
tree, or a table with a row for each row that was read; CSV and JSONL are also counted by a
reader that is not ours. The model is left out: every answer gets the same, real grade.

With ``--files 20000 --seed 3``: 5263 graded, 14737 refused, no traceback, lost row or hang.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import random
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from grader.batch.runner import grade_file
from grader.errors import GraderError, InputError
from grader.grading import Grader
from grader.records import Failure, Grade, Question
from grader.tables.formats import format_of_input, open_bytes
from grader.tables.read import open_table
from grader.tables.writers import new_table

ANSWER = "While training, each unit is set to zero at random with some probability."
ROWS = [
    {"candidate": "Ann", "question_id": "dropout", "answer": ANSWER},
    {"candidate": "Zoë", "question_id": "relu", "answer": 'max(0, x), as "they" say;\nsimply so'},
    {"candidate": "=1+1", "question_id": "nosuch", "answer": "-"},
    {"candidate": "", "question_id": "dropout", "answer": ""},
]
INSERTED = [b'"', b",", b"\n", b"\r", b"\0", b";", b"\t", b"\xef\xbb\xbf", b"\xff\xfe", b"{", b"}"]
INSERTED += [b"[" * 3000, b"x" * 70_000, b"\\ud800", b"1e999", b"NaN", b"null", b"PK\x03\x04"]
INSERTED += [b'"answer":1', b"<row r='1048577'>", b"_x0000_", b"PAR1", b"\x1f\x8b", b"=cmd|'x'!A0"]
OUTPUTS = ["csv", "tsv", "jsonl", "jsonl.gz", "xlsx", "parquet"]
_SECONDS = 60


class HangError(Exception):
    """A file that took too long."""


class OneGrade(Grader):
    """Gives every answer the grade of one."""

    def __init__(self) -> None:
        super().__init__()
        self._grade = self.grade(ANSWER, "dropout")

    def grade_all(
        self, items: Iterable[tuple[str, Question | InputError]]
    ) -> list[Grade | Failure]:
        """The same grade for all."""
        return [self._grade for _ in items]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for files that show a fault")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    chance = random.Random(args.seed)
    grader = OneGrade()
    signal.signal(signal.SIGALRM, _hang)
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        seeds = _seeds(Path(name))
        for number in range(args.files):
            ending, data = chance.choice(seeds)
            file = Path(name) / f"in.{ending}"
            file.write_bytes(_mutated(data, ending, chance))
            output = Path(name) / f"out.{chance.choice(OUTPUTS)}"
            outcome = _outcome(grader, file, output)
            found[outcome.partition("\n")[0]] += 1
            if outcome not in {"graded", "refused"}:
                print(f"file {number} ({file.name} to {output.name}): {outcome}")
                if args.keep:
                    (args.keep / f"{number}-{file.name}").write_bytes(file.read_bytes())
            output.unlink(missing_ok=True)
            Path(f"{output}.ledger").unlink(missing_ok=True)
    faults = {kind: found[kind] for kind in ("traceback", "lost row", "hang")}
    print(
        f"{args.files} files tried: {found['graded']} graded, {found['refused']} refused,", faults
    )
    if any(faults.values()):
        sys.exit(1)


def _outcome(grader: Grader, file: Path, output: Path) -> str:
    signal.alarm(_SECONDS)
    try:
        summary = grade_file(grader, [str(file)], output, force=True)
        written = sum(1 for _ in open_table(output).rows())
        read = sum(1 for _ in open_table(file).rows())
        counted = _counted(file)
    except HangError:
        return "hang"
    except GraderError as error:
        return "refused" if str(error).strip() else "traceback\nan error without a message"
    except BaseException:  # noqa: BLE001  # any other is what is looked for
        return f"traceback\n{traceback.format_exc()}"
    finally:
        signal.alarm(0)
    # A wide table has several answers a row.
    if written != summary.rows or written < read or counted not in {None, read}:
        return f"lost row\n{counted} in the file, {read} read, {written} written"
    return "graded"


def _counted(file: Path) -> int | None:
    """The rows of a plain UTF-8 file by another reader than ours; None for other formats."""
    form = format_of_input(file)
    if form not in {"csv", "jsonl"}:
        return None
    with open_bytes(file) as stream:
        data = stream.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if form == "jsonl":
        return sum(bool(line.strip()) for line in io.StringIO(text, newline=""))
    delimiters = Counter(text.partition("\n")[0])
    if delimiters[","] <= max(delimiters[";"], delimiters["\t"]):
        return None
    rows = csv.reader(io.StringIO(text, newline=""))
    return sum(any(cell.strip() for cell in row) for row in rows) - 1


def _seeds(folder: Path) -> list[tuple[str, bytes]]:
    """A table in every format, long and wide."""
    wide = [{"name": "Ann", "q:dropout": ANSWER, "q:relu": "max(0, x)"}]
    seeds = []
    for ending in ("csv", "tsv", "jsonl", "parquet", "xlsx"):
        for rows in (ROWS, wide):
            file = folder / f"seed.{ending}"
            with new_table(file, ending, list(rows[0])) as writer:  # type: ignore[arg-type]
                writer.write(rows)
            seeds.append((ending, file.read_bytes()))
            file.unlink()
    text = seeds[0][1]
    seeds += [("csv", text.decode().encode("utf-16")), ("csv", text.decode().encode("cp1252"))]
    seeds += [("csv", text.replace(b"\n", b"\r\n")), ("csv.gz", gzip.compress(text))]
    seeds.append(("jsonl", json.dumps({"answer": [1], "question_id": {}}).encode() + b"\n"))
    return seeds


def _mutated(data: bytes, ending: str, chance: random.Random) -> bytes:
    if ending == "xlsx" and chance.random() < 0.7:
        return _repacked(data, chance)
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        chance.choice(MUTATIONS)(changed, chance)
    if ending == "csv.gz" and chance.random() < 0.5:
        return gzip.compress(bytes(changed))
    return bytes(changed)


def _repacked(data: bytes, chance: random.Random) -> bytes:
    """A workbook with a mutation inside one of its parts: the zip itself stays sound."""
    packed = io.BytesIO()
    with ZipFile(io.BytesIO(data)) as old, ZipFile(packed, "w", ZIP_DEFLATED) as new:
        target = chance.choice(old.namelist())
        for name in old.namelist():
            part = bytearray(old.read(name))
            if name == target:
                chance.choice(MUTATIONS)(part, chance)
            new.writestr(name, bytes(part))
    return packed.getvalue()


def _flip(data: bytearray, chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.randrange(256)


def _cut(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    del data[at : at + chance.choice([1, 3, 20, len(data)])]


def _double(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = data[at : at + chance.choice([1, 30, 300])]


def _insert(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.choice(INSERTED)


MUTATIONS: list[Callable[[bytearray, random.Random], None]] = [_flip, _cut, _double, _insert]


def _hang(*_: object) -> None:
    raise HangError


if __name__ == "__main__":
    main()
