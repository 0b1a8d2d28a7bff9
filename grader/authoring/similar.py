"""What stands too close together in the bank: key points, prompts, uncovered model answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

from grader.authoring.lint import Finding, readable
from grader.engine.encoders.base import unit_vectors
from grader.errors import DataFileError
from grader.grading import Grader

KEY_POINTS_ALIKE = 0.93
PROMPTS_ALIKE = 0.95


def lint_meaning(grader: Grader, slugs: Sequence[str]) -> list[Finding]:
    """Findings that need the models; the slow part of ``grade bank lint``.

    Questions whose files are broken are passed over: ``linting.lint`` has told of them.
    """
    findings = [f for slug in readable(grader.catalog, slugs) for f in _lint_question(grader, slug)]
    return [*findings, *_alike_prompts(grader)]


def _lint_question(grader: Grader, slug: str) -> Iterator[Finding]:
    entry, rubric, file = grader.catalog.load(slug)
    claims = [k.claim for k in rubric.key_points]
    for a, b, cosine in alike(grader, claims, KEY_POINTS_ALIKE):
        ids = rubric.key_points[a].id, rubric.key_points[b].id
        yield Finding(
            file, f"key points '{ids[0]}' and '{ids[1]}' nearly say the same ({cosine:.2f})"
        )
    if not entry.references:
        return
    grades = [grader.grade(text, slug) for text in entry.references]
    for results in zip(*(g.key_points for g in grades), strict=True):
        if all(r.verdict in {"missing", "contradicted"} for r in results):
            yield Finding(file, f"key point '{results[0].id}' is covered by no model answer")


def _alike_prompts(grader: Grader) -> Iterator[Finding]:
    try:
        summaries = grader.catalog.summaries()
    except DataFileError:
        return
    for a, b, cosine in alike(grader, [s.prompt for s in summaries], PROMPTS_ALIKE):
        file = grader.catalog.entry_file(summaries[b].id) or Path(summaries[b].id)
        yield Finding(file, f"its prompt is nearly that of '{summaries[a].id}' ({cosine:.2f})")


def alike(
    grader: Grader, texts: Sequence[str], threshold: float
) -> Iterable[tuple[int, int, float]]:
    """Pairs of texts whose cosine is above the threshold, by index."""
    vectors = unit_vectors(grader.encoder, texts)
    cosines = vectors @ vectors.T
    pairs = combinations(range(len(texts)), 2)
    return [(a, b, float(cosines[a, b])) for a, b in pairs if cosines[a, b] > threshold]
