"""``grade candidates``: a graded table in, a row a candidate out."""

from __future__ import annotations

from pathlib import Path

import typer

from grader.cli.hiring_options import CandidatesOptions, weights_told
from grader.files import check_output
from grader.hiring.candidates import Candidate, Ranking, rank_candidates
from grader.hiring.write import write_ranking
from grader.reading.text import counted
from grader.tables.formats import format_of_output
from grader.tables.writers import STDOUT

_SHOWN = 10


def write_candidates(options: CandidatesOptions) -> None:
    """Rank the candidates, write them and say what there is to know of it.

    Raises:
        InputError: the table, a weight or the output won't do.
    """
    if options.output != STDOUT:
        check_output(options.output, force=options.force)
        format_of_output(options.output)
    ranking = rank_candidates(
        options.table,
        candidate=options.candidate,
        weights=weights_told(options.weight),
        weight_column=options.weight_column,
        blank=options.blank,
        mapping=options.mapping or (),
        read_as=options.read.read_as(),
    )
    write_ranking(ranking, options.output)
    for note in ranking.notes:
        typer.echo(f"grade: {note}", err=True)
    typer.echo("\n".join(_told(ranking, options.output)), err=True)


def _told(ranking: Ranking, output: Path) -> list[str]:
    """What came of it, in lines."""
    name = "standard output" if output == STDOUT else output
    ranked = ranking.ranked
    worth = ", ".join(f"{question} {weight:g}" for question, weight in ranking.weights.items())
    people = counted(len(ranking.candidates), "candidate")
    lines = [f"{name}: {people}, {len(ranked):,} ranked; points: {worth or 'none'}"]
    if ranked:
        width = max(len("candidate"), *(len(one.name) for one in ranked[:_SHOWN]))
        interval = f"{ranking.level:.0%} interval"
        lines.append(f"rank  {'candidate':{width}}  total  {interval}  may be  to review")
        lines += [_line(one, width, len(interval)) for one in ranked[:_SHOWN]]
        if len(ranked) > _SHOWN:
            lines.append(f"and {len(ranked) - _SHOWN:,} more")
    alike = sum(one.told_apart is False for one in ranked)
    if alike:
        lines.append(
            f"{alike:,} of {len(ranked) - 1:,} are not told apart from the next: their intervals "
            "overlap"
        )
    review = sum(one.to_review for one in ranking.candidates)
    if review:
        lines.append(f"{counted(review, 'answer')} still to be looked at by a person")
    return lines


def _line(one: Candidate, width: int, interval: int) -> str:
    assert one.share is not None
    assert one.low is not None
    assert one.high is not None
    around = f"{one.low:.0%}–{one.high:.0%}"
    ranks = f"{one.rank_from}–{one.rank_to}"
    return (
        f"{one.rank:4}  {one.name:{width}}  {one.share:5.0%}  {around:>{interval}}  {ranks:>6}  "
        f"{one.to_review:9,}"
    )
