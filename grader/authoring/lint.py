"""Checks of bank, rubrics and contrast sets that go beyond their formats.

``lint`` reads their files; ``lint_meaning`` grades with them, to find what stands too close
together: key points, prompts, and model answers that leave one out.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TypeVar

from grader.bank.catalog import INDEX, NO_RUBRIC, Catalog, index_is_fresh
from grader.bank.entries import correction_faults, load_entry
from grader.bank.records import BankEntry, ContrastSet, Example, Rubric
from grader.bank.rubrics import contrast_faults, load_contrast, load_rubric, other_question
from grader.bank.yaml_records import find_faults
from grader.engine.costs import points_off
from grader.engine.encoders.base import unit_vectors
from grader.engine.scoring import credit
from grader.errors import DataFileError, InputError
from grader.grading import Grader
from grader.reading.text import counted, fold, words
from grader.records import Record

R = TypeVar("R", bound=Record)

REFERENCE_WORDS = range(80, 201)
KEY_POINTS = range(3, 9)
EXAMPLES_AT_LEAST = 8
COVERED_AT_LEAST, CONTRADICTED_AT_LEAST, NEAR_AT_LEAST = 6, 6, 4
ASSERTED_AT_LEAST, DENIED_AT_LEAST = 5, 3
KEY_POINTS_ALIKE = 0.93
PROMPTS_ALIKE = 0.95


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: the file, what is wrong with it, and the line where it is known."""

    file: Path
    problem: str
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else f"{self.file}"
        return f"{where}: {self.problem}"


def lint(catalog: Catalog, slugs: Iterable[str]) -> list[Finding]:
    """Everything to mend in the questions named, and between all questions."""
    findings: list[Finding] = []
    for slug in slugs:
        findings += lint_question(catalog, slug)
    return [*findings, *(f for f in _lint_names(catalog) if f not in findings)]


def lint_question(catalog: Catalog, slug: str) -> list[Finding]:
    """Everything to mend in one question's files."""
    entry_file, file = catalog.entry_file(slug), catalog.rubric_file(slug)
    if entry_file is None:
        return [_as_finding(catalog.unknown(slug), Path(slug))]
    entry, findings = _read(entry_file, load_entry, BankEntry)
    if file is None:
        return [*findings, Finding(entry_file, NO_RUBRIC.format(slug=slug))]
    rubric, faults = _read(file, load_rubric, Rubric)
    findings += faults
    if entry and rubric and rubric.question != entry.id:
        return [*findings, _as_finding(other_question(entry, rubric, file), file)]
    if entry:
        findings += [Finding(entry_file, problem) for problem in _entry_problems(entry, rubric)]
    if entry and rubric:
        findings += [_as_finding(f, file) for f in correction_faults(entry, rubric, file)]
    if rubric:
        findings += [Finding(file, problem) for problem in _rubric_problems(rubric)]
    return [*findings, *_contrast_findings(catalog.contrast_file(slug), rubric)]


def _read(file: Path, load: Callable[[Path], R], record: type[R]) -> tuple[R | None, list[Finding]]:
    """The record, or everything that is wrong with its file."""
    try:
        return load(file), []
    except DataFileError as error:
        faults = find_faults(file, record) or [error]
        return None, [_as_finding(fault, file) for fault in faults]


def example_score(rubric: Rubric, example: Example) -> float:
    """The score that an example's own labels give, 0 to 1."""
    asserted = [m for m in rubric.misconceptions if m.id in example.misconceptions]
    excluded = {point for m in asserted for point in m.against}
    points = sum(
        k.points * credit(example.verdicts[k.id], rubric.scale)
        for k in rubric.key_points
        if k.id not in excluded
    )
    earned = min(rubric.max_points, points)
    return max(0.0, earned - sum(points_off(m.cost) for m in asserted)) / rubric.max_points


def _as_finding(error: InputError, file: Path) -> Finding:
    """What a loader refused; ``file`` is meant where the error names none."""
    if not isinstance(error, DataFileError):
        return Finding(file, str(error))
    problem = f"{error.key}: {error.problem}" if error.key else error.problem
    return Finding(Path(error.file), problem, error.line)


def _entry_problems(entry: BankEntry, rubric: Rubric | None) -> Iterator[str]:
    for i, reference in enumerate(entry.references):
        n = len(reference.split())
        if n not in REFERENCE_WORDS:
            yield f"references[{i}] has {counted(n, 'word')}; write 80 to 200"
        for correction in rubric.corrections if rubric else ():
            if fold(correction.claim) in fold(reference):
                yield f"references[{i}] holds a claim that '{correction.id}' corrects"


def _rubric_problems(rubric: Rubric) -> Iterator[str]:
    for misconception in rubric.misconceptions:
        if "against" not in misconception.model_fields_set:
            yield (
                f"misconception '{misconception.id}' does not say which key points it excludes: "
                "write against: [ids], or against: [] if none"
            )
    if len(rubric.key_points) not in KEY_POINTS:
        yield f"has {counted(len(rubric.key_points), 'key point')}; write 3 to 8"
    if len(rubric.examples) < EXAMPLES_AT_LEAST:
        yield f"has {counted(len(rubric.examples), 'example')}; write at least {EXAMPLES_AT_LEAST}"
    held_out = sum(e.holdout for e in rubric.examples)
    if held_out != round(len(rubric.examples) / 4):
        examples = counted(len(rubric.examples), "example")
        yield f"marks {held_out} of {examples} holdout; mark a quarter"
    for example in rubric.examples:
        score = example_score(rubric, example)
        low, high = example.score
        if not low - 1e-9 <= score <= high + 1e-9:
            yield (
                f"example '{example.id}': its labels give {score:.2f}, "
                f"outside its range {low:g} to {high:g}"
            )


def _contrast_findings(file: Path | None, rubric: Rubric | None) -> Iterator[Finding]:
    if file is None:
        return
    contrast, faults = _read(file, load_contrast, ContrastSet)
    yield from faults
    if contrast is None:
        return
    if rubric is not None:
        yield from (_as_finding(fault, file) for fault in contrast_faults(contrast, rubric, file))
    for problem in _contrast_problems(contrast):
        yield Finding(file, problem)


def _contrast_problems(contrast: ContrastSet) -> Iterator[str]:
    for id_, key_point in contrast.key_points.items():
        yield from _too_few(id_, "covered", key_point.covered, COVERED_AT_LEAST)
        yield from _too_few(id_, "contradicted", key_point.contradicted, CONTRADICTED_AT_LEAST)
        yield from _too_few(id_, "near", key_point.near, NEAR_AT_LEAST)
    for id_, misconception in contrast.misconceptions.items():
        yield from _too_few(id_, "asserted", misconception.asserted, ASSERTED_AT_LEAST)
        yield from _too_few(id_, "denied", misconception.denied, DENIED_AT_LEAST)


def _too_few(id_: str, kind: str, statements: tuple[str, ...], least: int) -> Iterator[str]:
    distinct = len({fold(s) for s in statements})
    if distinct < least:
        statements_ = counted(distinct, f"distinct {kind} statement")
        yield f"'{id_}' has {statements_}; write at least {least}"


def _lint_names(catalog: Catalog) -> Iterator[Finding]:
    """Aliases used twice, and indexes that are out of date."""
    try:
        yield from _shared_names(catalog)
    except DataFileError as error:
        yield _as_finding(error, Path(error.file))
    for folder in catalog.indexed_folders():
        if not index_is_fresh(folder):
            yield Finding(
                folder / INDEX, f"is out of date: run: grade bank index {shlex.quote(str(folder))}"
            )


def _shared_names(catalog: Catalog) -> Iterator[Finding]:
    owner: dict[str, str] = {}
    for summary in catalog.summaries():
        for name in (summary.id.replace("-", " "), *summary.aliases):
            key = " ".join(words(fold(name).replace("-", " ").replace("_", " ")))
            first = owner.setdefault(key, summary.id)
            if first != summary.id:
                file = catalog.entry_file(summary.id) or Path(summary.id)
                yield Finding(file, f"alias '{name}' belongs to '{first}' already")


def lint_meaning(grader: Grader, slugs: Sequence[str]) -> list[Finding]:
    """Findings that need the models; the slow part of ``grade bank lint``.

    Questions whose files are broken are passed over: ``lint`` has told of them.
    """
    readable = (slug for slug in slugs if _is_readable(grader.catalog, slug))
    findings = [finding for slug in readable for finding in _lint_meaning_of(grader, slug)]
    return [*findings, *_alike_prompts(grader)]


def _is_readable(catalog: Catalog, slug: str) -> bool:
    try:
        catalog.question(slug)
    except InputError:
        return False
    return True


def _lint_meaning_of(grader: Grader, slug: str) -> Iterator[Finding]:
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
