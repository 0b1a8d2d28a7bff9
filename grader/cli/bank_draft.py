"""``grade bank draft`` and ``improve``: rubrics that people go on with."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import typer

from grader.authoring import draft_rubrics, improve
from grader.authoring.marked_answers import MarkedAnswer
from grader.bank.question_files import BANK, RUBRICS
from grader.bank.yaml_edits import edited
from grader.bank.yaml_records import read_text
from grader.batch.header_matching import wanted_names
from grader.cli.bank_options import DraftOptions, ImproveOptions, MarkedOptions
from grader.cli.judge import open_judge, print_forecast, tell_of
from grader.errors import InputError
from grader.files import read_answer, write_whole
from grader.grading import Grader
from grader.reading.text import counted
from grader.resources import data_folder
from grader.settings import load_settings
from grader.tables.columns import ANSWER, QUESTION, QUESTION_ID, REFERENCE
from grader.tables.marked import Marked, read_marked

_EFFECTS = 5


def write_rubric_drafts(options: DraftOptions) -> None:
    """Draft rubrics with examples, and say what to do next.

    Raises:
        InputError: something that was given is wrong.
        OutputError: the folder holds something already.
    """
    judging = options.judge.settings(asked_for_more=options.dry_run)
    draft_rubrics.check_new(options.output)
    settings = load_settings(**asdict(options.grader), **judging)
    with open_judge(settings, asked=options.judge.llm) as judge:
        grader = Grader(settings, judge=judge)
        subjects = _subjects(options, grader)
        marked = _marked(
            options.marked, grader, options.answers, (QUESTION_ID, QUESTION, REFERENCE)
        )
        if judge and options.dry_run:
            print_forecast(draft_rubrics.forecast(subjects, grader, judge, marked))
            return
        drafts = draft_rubrics.draft_rubrics(subjects, grader, judge, marked)
        files = draft_rubrics.write_drafts(drafts, options.output)
        tell_of(judge)
    for draft, file in zip(drafts, files, strict=True):
        points = counted(len(draft.rubric.key_points), "key point")
        examples = counted(len(draft.rubric.examples), "example")
        by = f"drafted by {draft.drafted_by}" if draft.drafted_by else "a template"
        typer.echo(f"{file}: {points}, {examples}, {by}")
        if draft.problem:
            problem = " ".join(draft.problem.split())
            typer.echo(f"grade: {draft.entry.id}: no draft by the model: {problem}", err=True)
    folders = [f"--{name} {shlex.quote(str(options.output / name))}" for name in (BANK, RUBRICS)]
    slugs = " ".join(draft.entry.id for draft in drafts)
    command = " ".join(["grade bank lint", slugs, *folders])
    typer.echo(f"read them, then check them with: {command}", err=True)


def _subjects(options: DraftOptions, grader: Grader) -> list[draft_rubrics.Subject]:
    pair = options.question, options.reference
    if (options.folder is None) == (pair == (None, None)) or pair.count(None) == 1:
        raise InputError(
            "say what to draft a rubric for: a FOLDER of questions, or your own with "
            "--question TEXT --reference FILE"
        )
    taken = grader.catalog.slugs()
    if options.folder is not None:
        return draft_rubrics.read_subjects(options.folder, taken)
    assert options.question is not None
    assert options.reference is not None
    reference = read_answer(options.reference, max_chars=grader.settings.max_answer_chars)
    return [draft_rubrics.subject_of(options.question, reference, taken)]


def _marked(
    table: Path | None, grader: Grader, options: MarkedOptions, named_by: Sequence[str]
) -> list[MarkedAnswer]:
    """The marked answers of a table; none without one.

    Args:
        table: what is read.
        grader: knows the bank.
        options: how it is to be read.
        named_by: the parts that may name an answer's question, the surest first.

    Raises:
        TableError: the table won't do.
    """
    if table is None:
        return []
    mapping = options.mapping or ()
    answers, _ = read_marked(
        table,
        options.mark,
        options.max_mark,
        q="",  # a table of answers to one question need not name it
        mapping=mapping,
        wanted=wanted_names(grader.catalog.names(), mapping, options.mark),
        read_as=options.read.read_as(),
    )
    return [MarkedAnswer(a.cells[ANSWER], a.mark, a.row, _named(a, named_by)) for a in answers]


def _named(answer: Marked, parts: Sequence[str]) -> str:
    return next((name for part in parts if (name := answer.cells.get(part, "").strip())), "")


def print_proposals(options: ImproveOptions) -> None:
    """Print what a rubric could say as well, as diffs, or write what was taken of it.

    Raises:
        InputError: something that was given is wrong.
    """
    grader = Grader(load_settings(**asdict(options.grader)))
    slug = grader.catalog.resolve(options.q)
    marked = _marked(options.table, grader, options.answers, (QUESTION_ID, QUESTION))
    own = [m for m in marked if not m.question or _is(grader, m.question, slug)]
    if not own:
        raise InputError(
            f"{options.table}: names no answer to '{slug}': if all are, add --map -=COLUMN for the "
            "column that names something else"
        )
    _, rubric, file = grader.catalog.load(slug)
    taken = _numbers(options.take or ())
    if taken is not None and file.is_relative_to(data_folder("rubrics")):
        raise InputError(f"{file}: is one of ours: copy it into a folder of your own (--rubrics)")
    proposals = improve.improve(grader, slug, own, worst=options.worst)
    if taken is None:
        _print(proposals, file, own)
        return
    unknown = sorted(taken - set(range(1, len(proposals) + 1)))
    if unknown:
        raise InputError(f"there is no proposal {unknown[0]}: there are {len(proposals)}")
    chosen = [p.addition for n, p in enumerate(proposals, start=1) if n in taken]
    text = read_text(file)
    write_whole(file, edited(text, improve.with_all(rubric, chosen), file))
    typer.echo(f"{file}: {counted(len(chosen), 'addition')}")


def _is(grader: Grader, name: str, slug: str) -> bool:
    return grader.catalog.names().find(name) == slug or name == slug


def _numbers(take: Sequence[str]) -> set[int] | None:
    """The numbers that were taken; None where nothing is.

    Raises:
        InputError: one is no number.
    """
    if not take:
        return None
    odd = next((one for one in take if not one.isdecimal() or not int(one)), None)
    if odd is not None:
        raise InputError(f"--take {odd}: name the number of a proposal")
    return {int(one) for one in take}


def _print(
    proposals: Sequence[improve.Proposal], file: Path, marked: Sequence[MarkedAnswer]
) -> None:
    text = read_text(file)
    for number, proposal in enumerate(proposals, start=1):
        typer.echo(f"{number}. {_in_words(proposal.addition)}")
        before, after = proposal.error_before, proposal.error_after
        typer.echo(f"   mean distance from the marks {before:.3f} → {after:.3f}")
        typer.echo("".join(_rows("asked for by", proposal.asked_by)), nl=False)
        typer.echo("".join(_rows("against it", proposal.against)), nl=False)
        typer.echo("".join(_diff(text, proposal, file)))
    answers, found = counted(len(marked), "marked answer"), counted(len(proposals), "proposal")
    more = ": take one or several with --take NUMBER" if proposals else ""
    typer.echo(f"{answers}, {found}, each tried by itself{more}", err=True)


def _in_words(addition: improve.Addition) -> str:
    said = f"“{addition.text}”"
    if addition.kind == "misconception":
        return f"a known error, {addition.point}, costs {addition.cost:g}: {said}"
    worth = "accept as well" if addition.kind == "also_accept" else "worth half"
    return f"{addition.point}: {worth}: {said}"


def _rows(head: str, effects: Sequence[improve.Effect]) -> list[str]:
    shown = [
        f"   {head}: row {e.row}: mark {e.mark:.2f}, grade {e.before:.2f} → {e.after:.2f}\n"
        for e in effects[:_EFFECTS]
    ]
    more = len(effects) - len(shown)
    return [*shown, f"   {head}: {counted(more, 'more row')}\n"] if more else shown


def _diff(text: str, proposal: improve.Proposal, file: Path) -> list[str]:
    """What taking it would change, as ``patch`` reads it."""
    from grader.bank.rubrics import load_rubric

    after = edited(text, proposal.addition.made_to(load_rubric(file)), file)
    lines = text.splitlines(keepends=True), after.splitlines(keepends=True)
    return [
        line if line.endswith("\n") else f"{line}\n"
        for line in difflib.unified_diff(*lines, str(file), str(file))
    ]
