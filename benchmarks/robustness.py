"""What spoiled answers gain, and what rewritten right answers lose, over the whole bank.

    python -m benchmarks.robustness [--every N]

For every question one of our own model answers is spoiled or rewritten, and statements that
contradict its key points are put together to a fluent wrong answer. ``passed`` is the share
that reaches the pass score; ``change`` the mean score less that of the same answer before
(the answer itself for rewritings; the answer without the trigger for triggers); ``moved`` the
share whose score changes by more than .2.

With ``--strong`` only the rewritings are graded, of all model answers and all strong examples.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import perturbations as p
from grader.bank.records import ContrastSet
from grader.bank.rubrics import load_contrast
from grader.grading import Grader
from grader.hiring.rewriting import american, dictated
from grader.records import Failure, Grade, Question
from grader.settings import Settings

NEAR_NOTHING = 0.05
MOVED = 0.2
REWRITINGS = {
    "typos": p.typos,
    "American spelling": american,
    "synonyms": p.synonyms,
    "symbols for words": p.symbols,
    "sentences reordered": p.reordered,
    "no punctuation": p.unpunctuated,
    "dictated": dictated,
    "semicolons for full stops": p.in_semicolons,
    "in HTML": p.in_html,
    "padded with off-topic prose": p.padded,
}


@dataclass(frozen=True)
class Variant:
    """An answer, what was done to it, and the answer that it is compared with."""

    kind: str
    text: str
    before: str


def main() -> None:
    """Grade all variants and print the table."""
    parser = argparse.ArgumentParser(description="Robustness over the bank.")
    parser.add_argument("--every", type=int, default=1, help="only every Nth question")
    parser.add_argument("--strong", action="store_true", help="rewritings of all right answers")
    args = parser.parse_args()
    grader = Grader(Settings())
    rows: dict[str, list[tuple[float, float, bool]]] = defaultdict(list)
    answers = _model_answers(grader)
    for slug in list(answers)[:: args.every]:
        chosen = _rewritings(grader, slug) if args.strong else _variants(grader, slug, answers)
        variants = list(chosen)
        texts = [t for v in variants for t in (v.text, v.before)]
        grades = dict(zip(texts, grader.grade_many(texts, slug), strict=True))
        for v in variants:
            after, before = grades[v.text], grades[v.before]
            if isinstance(after, Failure) or isinstance(before, Failure):
                rows[f"{v.kind} (refused)"].append((0.0, 0.0, False))
            else:
                rows[v.kind].append(_row(after, before))
    _print(rows)


def _row(after: Grade, before: Grade) -> tuple[float, float, bool]:
    return after.score, after.score - before.score, after.passed


def _model_answers(grader: Grader) -> dict[str, str]:
    entries = {slug: grader.catalog.load(slug) for slug in grader.catalog.slugs()}
    return {
        slug: entry.references[0]
        for slug, (entry, rubric, _) in entries.items()
        if entry.references and not rubric.open_ended
    }


def _rewritings(grader: Grader, slug: str) -> Iterator[Variant]:
    entry, rubric, _ = grader.catalog.load(slug)
    strong = (e.answer for e in rubric.examples if e.kind == "strong")
    for right in (*entry.references, *strong):
        yield from (Variant(name, way(right), right) for name, way in REWRITINGS.items())


def _variants(grader: Grader, slug: str, answers: dict[str, str]) -> Iterator[Variant]:
    right, question = answers[slug], grader.question(slug)
    yield Variant("model answer itself", right, right)
    for name, rewrite in REWRITINGS.items():
        yield Variant(name, rewrite(right), right)
    file = grader.catalog.contrast_file(slug)
    assert file is not None
    wrong = _fluent_wrong(question, load_contrast(file))
    yield Variant("every sentence negated", p.negated(right), right)
    yield Variant("fluent but wrong", wrong, right)
    yield Variant("keyword list", p.keyword_list(right), right)
    yield Variant("keywords without commas", p.keyword_list(right, " "), right)
    yield Variant("prompt pasted back", question.prompt, right)
    yield Variant("neighbour's answer", answers[_neighbour(grader, slug, answers)], right)
    once = p.repeated(right, 1)
    yield Variant("one sentence five times", p.repeated(right), once)
    yield Variant("off-topic prose alone", p.OFF_TOPIC, right)
    for trigger in p.TRIGGERS:
        yield Variant("trigger after a wrong answer", f"{wrong} {trigger}", wrong)
        yield Variant("trigger before off-topic prose", f"{trigger} {p.OFF_TOPIC}", p.OFF_TOPIC)


def _fluent_wrong(question: Question, contrast: ContrastSet) -> str:
    """One contradicted statement a key point: the last one, so that the style varies."""
    return p.composed([contrast.key_points[k.id].contradicted[-1] for k in question.key_points])


def _neighbour(grader: Grader, slug: str, answers: dict[str, str]) -> str:
    """The question whose prompt is nearest."""
    others = [s for s in answers if s != slug]
    prompts = [grader.question(s).prompt for s in (slug, *others)]
    vectors = grader.encoder.encode(prompts)
    return others[int((vectors[1:] @ vectors[0]).argmax())]


def _print(rows: dict[str, list[tuple[float, float, bool]]]) -> None:
    print(
        f"{'answer':34}{'n':>6}{'score':>8}{'change':>8}{'gained':>8}{'lost':>8}{'moved':>8}{'passed':>8}"
    )
    for kind, values in rows.items():
        score, change, passed = (np.array(column, dtype=float) for column in _columns(values))
        print(
            f"{kind:34}{len(values):6}{score.mean():8.2f}{change.mean():+8.2f}"
            f"{(change > NEAR_NOTHING).mean():8.0%}{(change < -NEAR_NOTHING).mean():8.0%}"
            f"{(abs(change) > MOVED).mean():8.0%}{passed.mean():8.0%}"
        )


def _columns(values: Sequence[tuple[float, float, bool]]) -> list[tuple[float, ...]]:
    return list(zip(*values, strict=True))


if __name__ == "__main__":
    main()
