"""Questions and rubrics as YAML files that people go on with."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from grader.bank.entries import load_entry
from grader.bank.records import BankEntry, Rubric
from grader.bank.rubrics import load_rubric
from grader.bank.slugs import slug_of
from grader.errors import OutputError
from grader.files import make_folder, write_whole
from grader.records import Question
from grader.resources import schema_file

BANK, RUBRICS = "bank", "rubrics"
"""The folders within a folder of questions."""
_SLUG_WORDS = 8
_WIDTH = 100
_NOTHING: Mapping[str, str] = MappingProxyType({})
_DRAFTED = "Drafted by {} from the reference alone. Read it before you rely on it."


class _Dumper(yaml.SafeDumper):
    """Lists stand further in than their key, as in the bundled files."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001
        del indentless
        super().increase_indent(flow, indentless=False)


def entry_text(entry: BankEntry, notes: Mapping[str, str] = _NOTHING) -> str:
    """A bank entry as a file's text.

    Args:
        entry: what is written.
        notes: comments, by the key that they stand before; ``""`` for the head.
    """
    return _text("bank-entry", entry.model_dump(mode="json"), notes)


def rubric_text(rubric: Rubric, notes: Mapping[str, str] = _NOTHING) -> str:
    """A rubric as a file's text; arguments are those of ``entry_text``."""
    whole = rubric.model_dump(mode="json")
    for values, rarely in (([whole], "open_ended"), (whole["key_points"], "bonus")):
        for value in values:
            if not value[rarely]:
                del value[rarely]
    return _text("rubric", whole, notes)


def _text(schema: str, values: Mapping[str, Any], notes: Mapping[str, str]) -> str:
    parts = [f"# yaml-language-server: $schema={schema_file(schema)}\n", _comment(notes, "")]
    for key, value in values.items():
        parts += [_comment(notes, key), dumped({key: value})]
    return "".join(parts)


def dumped(values: Mapping[str, Any]) -> str:
    """Plain values as YAML, as the files have it."""
    text: str = yaml.dump(
        dict(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH
    )
    return text


def _comment(notes: Mapping[str, str], key: str) -> str:
    return "".join(f"# {line}\n" for line in notes.get(key, "").splitlines())


def write_question(question: Question, folder: Path) -> Path:
    """Keep a question with a drafted rubric: an entry in ``bank``, a rubric in ``rubrics``.

    What is there of the same prompt and reference stays as it is. If it says something else, it was
    edited, or drafted by another model, and whoever reads it would take it for what graded.

    Returns:
        The rubric's file.

    Raises:
        OutputError: the folder can't be written, or has another rubric for the question.
        DataFileError: a file that is there already breaks the format.
    """
    entry = BankEntry(
        id="drafted",
        prompt=question.prompt,
        topic="drafted",
        level="mid",
        references=tuple(reference.text for reference in question.references),
    )
    slug = _slug(entry, folder / BANK)
    rubric = Rubric(
        question=slug,
        version=1,
        scale=question.scale,
        key_points=question.key_points,
        misconceptions=question.misconceptions,
    )
    note = {"": _DRAFTED.format(question.drafted_by)}
    entry_file, file = folder / BANK / f"{slug}.yaml", folder / RUBRICS / f"{slug}.yaml"
    if file.exists():
        _require_same(rubric, file, folder)
    for path, text in (
        (file, rubric_text(rubric, note)),
        (entry_file, entry_text(entry.model_copy(update={"id": slug}))),
    ):
        if not path.exists():
            make_folder(path.parent)
            write_whole(path, text)
    return file


def _require_same(rubric: Rubric, file: Path, folder: Path) -> None:
    """Refuse to grade by a draft where a file is taken for it that says something else."""
    if _judged_by(load_rubric(file)) != _judged_by(rubric):
        raise OutputError(
            f"{file}: is another rubric than the draft that would grade: it was edited, or drafted "
            f"anew: grade by it with --bank {shlex.quote(str(folder / BANK))} --rubrics "
            f"{shlex.quote(str(folder / RUBRICS))} (a table with --map question_id=question), or "
            "name another folder for the draft"
        )


def _judged_by(rubric: Rubric) -> tuple[object, ...]:
    """What verdicts and marks come of; examples, version and comments are for people."""
    return rubric.scale, rubric.open_ended, rubric.key_points, rubric.misconceptions


def _slug(entry: BankEntry, bank: Path) -> str:
    """The slug under which a question is kept, or is to be."""
    base = slug_of(entry.prompt, _SLUG_WORDS) or "question"
    for n in count(1):
        slug = base if n == 1 else f"{base}-{n}"
        file = bank / f"{slug}.yaml"
        if not file.exists():
            return slug
        there = load_entry(file)
        if (there.prompt, there.references) == (entry.prompt, entry.references):
            return slug
    raise AssertionError
