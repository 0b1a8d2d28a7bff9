"""Holds the answers to the guide: python -m training.answers.check [FILE ...]."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from grader.bank.rubrics import load_rubric
from training.answers.marked import (
    BANK_KINDS,
    FOLDERS,
    HERE,
    OF_FIELDS,
    FieldRubric,
    MarkedQuestion,
    MinimalPairs,
    faults,
    field_files,
    read,
)

RUBRICS = HERE.parents[1] / "rubrics"
_WANTED = {"covered": 4, "contradicted": 4, "near": 2}
_WANTED_OF_ERRORS = {"stated": 2, "denied": 2}


def check_choosing(file: Path) -> Iterator[str]:
    """What is wrong with the answers to a question of the bank that are for choosing."""
    yield from _check_answers(file, read(file, MarkedQuestion), 4)


def check_further(file: Path) -> Iterator[str]:
    """What is wrong with further answers to a question of the bank, for learning."""
    yield from _check_answers(file, read(file, MarkedQuestion), 8)


def _check_answers(file: Path, marked: MarkedQuestion, wanted: int) -> Iterator[str]:
    if marked.question != file.stem:
        yield f"question: {marked.question}"
    rubric = load_rubric(RUBRICS / f"{file.stem}.yaml")
    points = {k.id for k in rubric.key_points}
    yield from faults(marked.answers, points, {m.id for m in rubric.misconceptions})
    if len(marked.answers) != wanted:
        yield f"{len(marked.answers)} answers, not {wanted}"


def check_bank(file: Path) -> Iterator[str]:
    """What is wrong with the answers to a question of the bank."""
    marked = read(file, MarkedQuestion)
    yield from _check_answers(file, marked, 24)
    rubric = load_rubric(RUBRICS / f"{file.stem}.yaml")
    points = {k.id for k in rubric.key_points}
    errors = {m.id for m in rubric.misconceptions}
    kinds = Counter(a.kind for a in marked.answers)
    for kind, least in BANK_KINDS.items():
        if kinds[kind] < least:
            yield f"{kinds[kind]} of kind {kind}, not {least}"
    for point in sorted(points):
        for verdict in ("covered", "contradicted"):
            if sum(point in getattr(a, verdict) for a in marked.answers) < 2:
                yield f"{point}: {verdict} less than twice"
    for error in sorted(errors):
        if not any(error in a.stated for a in marked.answers):
            yield f"{error}: never stated"


def check_field(file: Path) -> Iterator[str]:
    """What is wrong with a rubric of another field."""
    rubric = read(file, FieldRubric)
    if (rubric.field, rubric.question) != (file.parent.name, file.stem):
        yield f"field and question are {rubric.field}/{rubric.question}"
    points = {k.id for k in rubric.key_points}
    errors = {m.id for m in rubric.misconceptions}
    yield from faults(rubric.answers, points, errors)
    for error in rubric.misconceptions:
        if odd := set(error.against) - points:
            yield f"{error.id}: against unknown key points {sorted(odd)}"
    if set(rubric.contrast) != points | errors:
        yield f"contrast: ids differ: {sorted(set(rubric.contrast) ^ (points | errors))}"
    for claim, sets in rubric.contrast.items():
        for kind, least in (_WANTED if claim in points else _WANTED_OF_ERRORS).items():
            if len(getattr(sets, kind)) < least:
                yield f"contrast: {claim}: {kind}: less than {least}"


@cache
def _learnt() -> frozenset[Path]:
    return frozenset(field_files("taught"))


def check_plain_field(file: Path) -> Iterator[str]:
    """What is wrong with further answers by a rubric of another field, for learning."""
    marked, name = read(file, MarkedQuestion), f"{file.parent.name}/{file.stem}"
    rubric_file = HERE / "fields" / f"{name}.yaml"
    if rubric_file not in _learnt():
        yield "no rubric that is learnt from"
        return
    if marked.question != name:
        yield f"question: {marked.question}"
    rubric = read(rubric_file, FieldRubric)
    points = {k.id for k in rubric.key_points}
    yield from faults(marked.answers, points, {m.id for m in rubric.misconceptions})
    if len(marked.answers) != _ANSWERS[check_plain_field]:
        yield f"{len(marked.answers)} answers, not {_ANSWERS[check_plain_field]}"


def check_pairs(file: Path) -> Iterator[str]:
    """What is wrong with the minimal pairs of a question."""
    found = read(file, MinimalPairs)
    rubric = load_rubric(RUBRICS / f"{found.question}.yaml")
    points = {k.id for k in rubric.key_points}
    errors = {m.id for m in rubric.misconceptions}
    for pair in found.pairs:
        if odd := (set(pair.about) - points) | (set(pair.stated) - errors):
            yield f"{pair.id}: no claims {sorted(odd)}"
        if pair.right == pair.wrong:
            yield f"{pair.id}: right and wrong are the same"


_ANSWERS = {
    check_bank: 24,
    check_choosing: 4,
    check_further: 8,
    check_field: 12,
    check_plain_field: 4,
}
_CHECKS = {
    "bank": check_bank,
    "choosing": check_choosing,
    "in-earnest": check_choosing,
    "further": check_further,
    "plain": check_further,
    "pairs": check_pairs,
}


def main(names: list[str]) -> int:
    """Print every fault of the files named, or of all; 1 if there is one."""
    folders = (*FOLDERS, "fields/*", f"{OF_FIELDS}/*", "pairs")
    files = [Path(n).resolve() for n in names] or sorted(
        file for folder in folders for file in HERE.glob(f"{folder}/*.yaml")
    )
    n_faults = n_answers = 0
    for file in files:
        others = check_plain_field if file.parents[1].name == OF_FIELDS else check_field
        check = _CHECKS.get(file.parent.name, others)
        try:
            found = list(check(file))
            n_answers += _ANSWERS.get(check, 0)
        except ValueError as error:
            found = [str(error)]
        for fault in found:
            print(f"{file.parent.name}/{file.name}: {fault}")
        n_faults += len(found)
    print(f"{len(files)} files, {n_answers} answers, {n_faults} faults")
    return int(n_faults > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
