"""Are the grades still the same? Every example of the bank, graded, as one hash.

    python -m benchmarks.fingerprint [-o grades.jsonl]

Run before and after a change that must not change grades, on one machine: the hashes are
equal if every score, verdict, probability, quote and signature is.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

from grader import Grader


def main() -> None:
    """Print the hash, and write the grades where a file is named."""
    parser = argparse.ArgumentParser(description="Hash the grades of all examples.")
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    grader = Grader()
    lines = []
    for slug in grader.catalog.slugs():
        examples = grader.catalog.load(slug)[1].examples
        grades = grader.grade_many([e.answer for e in examples], q=slug)
        for example, grade in zip(examples, grades, strict=True):
            told = {"question": slug, "example": example.id, "grade": grade.to_dict()}
            lines.append(json.dumps(told, sort_keys=True, ensure_ascii=False))
    text = "\n".join(lines) + "\n"
    if args.output:
        args.output.write_text(text, encoding="utf-8")
    print(f"{len(lines)} grades, SHA-256 {hashlib.sha256(text.encode()).hexdigest()}")


if __name__ == "__main__":
    main()
