"""``grade fairness``: what grades do to groups of people."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import typer
from rich.table import Table

from grader.cli.fairness_options import FairnessOptions
from grader.cli.terminal import show
from grader.errors import InputError
from grader.extras import require
from grader.files import check_output, write_whole
from grader.grading import Grader
from grader.hiring.audited import Asked
from grader.hiring.error_rates import ErrorRate
from grader.hiring.fairness import COLUMNS, Audit, audit_table, with_movement
from grader.hiring.fairness_page import (
    audit_page,
    finding_in_words,
    median_in_words,
    percent,
    selected_in_words,
    shown_p,
    shown_ratio,
    verdict,
)
from grader.hiring.impact import Comparison
from grader.hiring.speech import Movement, move_speech
from grader.reading.text import counted
from grader.settings import load_settings
from grader.tables.formats import format_of_output
from grader.tables.table import Row


def audit_groups(options: FairnessOptions) -> None:
    """Count, print and write.

    Raises:
        InputError: the table, an output or an option won't do.
    """
    _check(options)
    movement = None
    audit = None if options.table is None else _audit(options, options.table)
    if options.perturb:
        movement = _move(options, audit)
    if audit is not None and movement is not None:
        audit = with_movement(audit, movement)
    if options.as_json:
        found = audit or movement
        assert found is not None
        typer.echo(json.dumps(found.to_dict(), indent=1, ensure_ascii=False))
    else:
        _print(audit, movement)
    if audit is not None:
        _write(audit, options)


def _check(options: FairnessOptions) -> None:
    """Refuse options that do not go together, and outputs that can't be written.

    Raises:
        InputError: some do not.
        OutputError: one can't be.
    """
    of_a_table = {
        "--group": options.groups,
        "--output": options.page,
        "--table": options.rates,
        "--selected": options.selected,
        "--mark": options.mark,
    }
    lone = next((name for name, value in of_a_table.items() if value), None)
    if options.table is None and (lone is not None or not options.perturb):
        raise InputError(
            f"{lone or 'grade fairness'} needs a graded table: grade fairness graded.csv --group "
            "sex; without one there is --perturb"
        )
    for file in filter(None, (options.page, options.rates)):
        check_output(file, force=options.force)
    if options.rates is not None:
        format_of_output(options.rates)


def _audit(options: FairnessOptions, table: Path) -> Audit:
    asked = Asked(
        groups=tuple(options.groups or ()),
        selected=options.selected,
        pass_mark=options.pass_mark,
        mark=options.mark,
        max_mark=options.max_mark,
    )
    if options.exclude_small is not None and not options.exclude_small.strip():
        raise InputError("--exclude-small: give the auditor's reason (6 RCNY 5-301(d))")
    audit = audit_table(
        table,
        asked,
        candidate=options.candidate,
        justification=options.exclude_small or "",
        mapping=options.mapping or (),
        read_as=options.read.read_as(),
    )
    for note in audit.notes:
        typer.echo(f"grade: {note}", err=True)
    return audit


def _move(options: FairnessOptions, audit: Audit | None) -> Movement:
    """The grader's own movement; of the table's questions if there is a table."""
    grader = Grader(load_settings(**asdict(options.grader)))
    questions = None if audit is None else [q for q in audit.questions if grader.catalog.knows(q)]
    return move_speech(grader, options.answers, questions)


def _write(audit: Audit, options: FairnessOptions) -> None:
    if options.page is not None:
        write_whole(options.page, audit_page(audit, options.title))
    if options.rates is not None:
        _write_rates(options.rates, audit.rows())


def _write_rates(file: Path, rows: Iterable[Row]) -> None:
    from grader.tables.writers import new_table

    form = format_of_output(file)
    schema = None
    if form == "parquet":
        arrow = require("pyarrow", "parquet")
        kinds = {
            str: arrow.string(),
            int: arrow.int64(),
            float: arrow.float64(),
            bool: arrow.bool_(),
        }
        schema = arrow.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
    with new_table(file, form, list(COLUMNS), schema) as writer:
        writer.write(rows)


# ── printing ────────────────────────────────────────────────────────────────


def _print(audit: Audit | None, movement: Movement | None) -> None:
    if audit is not None:
        typer.echo(
            f"{counted(audit.people, 'person', 'people')}, "
            f"{counted(audit.answers, 'answer')}. {selected_in_words(audit)} "
            f"{median_in_words(audit)}\n"
        )
        for comparison in audit.comparisons:
            _print_comparison(comparison)
        for c in audit.of("selection"):
            for g in c.groups:
                if g.below or g.significant:
                    typer.echo(finding_in_words(c, g))
        _print_errors(audit)
    if movement is not None:
        _print_movement(movement)


def _new(heads: Iterable[str], first: str) -> Table:
    table = Table(first, box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, justify="right")
    return table


def _print_comparison(comparison: Comparison) -> None:
    selection = comparison.basis == "selection"
    hits = "selected" if selection else "above"
    rate = f"{comparison.basis} rate"
    heads = ["people", hits, rate, "95 %", "impact ratio", "95 %", "p"]
    table = _new([*heads, *(["four-fifths"] if selection else [])], comparison.by)
    for g in comparison.groups:
        low, high = g.interval
        ends = g.ratio_interval
        table.add_row(
            g.group,
            str(g.count.n),
            str(g.count.hits),
            percent(g.rate),
            f"{low:.0%}–{high:.0%}",
            "excluded" if g.excluded else shown_ratio(g.ratio),
            "" if ends is None else f"{ends[0]:.2f}–{ends[1]:.2f}",
            shown_p(g.p),
            *([verdict(g)] if selection else []),
        )
    show(table)
    if comparison.unknown:
        typer.echo(f"{counted(comparison.unknown, 'individual')} of unknown category not included")
    typer.echo()


def _print_errors(audit: Audit) -> None:
    for errors in audit.errors:
        heads = ("people", "false fails", "p", "false passes", "p", "score less mark")
        table = _new(heads, errors.by)
        for g in errors.groups:
            table.add_row(
                g.group,
                str(g.people),
                _of(g.false_fails),
                shown_p(g.false_fails.p),
                _of(g.false_passes),
                shown_p(g.false_passes.p),
                f"{g.bias:+.3f}",
            )
        typer.echo()
        show(table)


def _of(error: ErrorRate) -> str:
    return f"{error.count.hits} of {error.count.n}"


def _print_movement(movement: Movement) -> None:
    heads = ("answers", "mean change", "mean size", "largest", "turned")
    table = _new(heads, "said in another way")
    for way in movement.ways:
        table.add_row(
            way.way,
            str(way.answers),
            f"{way.mean_change:+.3f}",
            f"{way.mean_size:.3f}",
            f"{way.largest.change:+.2f}",
            str(way.turned),
        )
    typer.echo()
    show(table)
    typer.echo(f"mean size of all {len(movement.moves)} changes: {movement.mean_size:.3f}")
