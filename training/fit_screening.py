"""Fit where screening raises its flags, on the examples that are no holdout.

    python -m training.fit_screening

A flag that is raised on an honest answer asks a person for nothing, one that is not raised
lets a wrong mark pass. Each threshold lies halfway between the honest answers and the
others where they part; where they overlap, it is the one with the fewest mistakes.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from grader.bank.catalog import Catalog
from grader.bank.records import Example
from grader.engine.as_read import question_as_read
from grader.engine.encoders.onnx import OnnxEncoder
from grader.engine.features import PreparedQuestion
from grader.engine.languages import foreignness
from grader.engine.screening import listness, longest_run, topicality
from grader.reading.canonical import read
from grader.reading.lexicon import FUNCTION_WORDS
from grader.reading.text import words
from grader.settings import Settings
from training.checksums import write_checksums
from training.foreign_answers import ANSWERS

SHORT_LIST = 12  # terms: the shortest list without commas that must be caught
OUT = Path(__file__).parents[1] / "grader" / "models" / "screening"


def best_cut(low: Sequence[float], high: Sequence[float]) -> float:
    """The threshold below which most of ``low`` and least of ``high`` lie.

    Of equally good ones it is the highest: the middle of several need not be as good.
    """
    values = np.unique([*low, *high])
    cuts = (values[:-1] + values[1:]) / 2
    mistakes = [(np.array(low) > c).sum() + 2 * (np.array(high) <= c).sum() for c in cuts]
    return float(cuts[np.array(mistakes) == min(mistakes)].max())


def best_list_cut(
    lists: Sequence[tuple[float, float]], prose: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """(function words below, separators above) with the fewest mistakes, prose counting twice."""
    best, chosen = None, (0.0, 1.0)
    for function in np.arange(0.02, 0.5, 0.02):
        for separators in np.arange(0.02, 0.5, 0.02):
            missed = sum(not (f < function and s > separators) for f, s in lists)
            false = sum(f < function and s > separators for f, s in prose)
            # Of equal cuts the narrowest: it flags the fewest answers not seen here.
            cost = (missed + 2 * false, function - separators)
            if best is None or cost < best:
                best, chosen = cost, (float(function), float(separators))
    print(f"keyword_list: {best} on {len(lists)} lists and {len(prose)} others")
    return chosen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    catalog, encoder = Catalog.from_settings(Settings()), OnnxEncoder()
    topical: dict[bool, list[float]] = {True: [], False: []}
    lists: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    unbroken: dict[bool, list[float]] = {True: [], False: []}
    english: list[float] = []
    for slug in catalog.slugs():
        entry, rubric, _ = catalog.load(slug)
        unbroken[True] += [longest_run(_terms(text)) for text in entry.references]
        # Right prose may enumerate; flagged, it would get no points.
        unbroken[False] += [longest_run(text) for text in entry.references]
        lists[False] += [listness(text) for text in entry.references]
        english += [foreignness(text) for text in entry.references]
        prepared = PreparedQuestion(question_as_read(catalog.question(slug)), encoder)
        for example in (e for e in rubric.examples if not e.holdout):
            topical[example.kind == "off_topic"].append(_topicality(example, prepared, encoder))
            lists[example.kind == "keyword_list"].append(listness(example.answer))
            unbroken[False].append(longest_run(example.answer))
            english.append(foreignness(example.answer))
    function, separators = best_list_cut(lists[True], lists[False])
    thresholds = {
        "off_topic_similarity": round(best_cut(topical[True], topical[False]), 4),
        "keyword_function_words": round(function, 4),
        "keyword_separators": round(separators, 4),
        "keyword_run": best_cut(unbroken[False], unbroken[True]),
        "foreign_words": round(best_cut(english, [foreignness(a) for a in ANSWERS]), 4),
    }
    card = {
        "thresholds": thresholds,
        "fitted_by": "training/fit_screening.py",
        "fitted_on": (
            f"{len(topical[True]) + len(topical[False])} examples, holdout left out, the "
            "model answers, and answers in other languages"
        ),
        "encoder": encoder.name,
    }
    shutil.rmtree(args.out, ignore_errors=True)
    args.out.mkdir(parents=True)
    text = json.dumps(card, indent=1) + "\n"
    (args.out / "thresholds.json").write_text(text, encoding="utf-8")
    write_checksums(args.out)
    print(text)


def _terms(text: str) -> str:
    """A list without commas: the first content words of a right answer."""
    content = [w for w in words(text) if w.lower() not in FUNCTION_WORDS]
    return " ".join(list(dict.fromkeys(content))[:SHORT_LIST])


def _topicality(example: Example, prepared: PreparedQuestion, encoder: OnnxEncoder) -> float:
    return topicality(prepared, encoder.encode(read(example.answer).said))


if __name__ == "__main__":
    main()
