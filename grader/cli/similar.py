"""``grade similar``: a graded table in, pairs of answers that are much alike out."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from grader.cli.hiring_options import SimilarOptions
from grader.cli.terminal import show
from grader.files import check_output
from grader.hiring.similar.find import MOST, similar_answers
from grader.hiring.similar.records import Pair, Side, Similar
from grader.hiring.write import write_similar
from grader.reading.text import counted
from grader.settings import load_settings
from grader.tables.formats import format_of_output
from grader.tables.writers import STDOUT

_SHOWN = 10
_LEAST = 1e-12
_KINDLY = (
    "A reason to look, not a verdict: people learn from the same books and notes, and work "
    "together where they may. Read both answers, and ask."
)


def tell_similar(options: SimilarOptions) -> None:
    """Find the pairs, write them where asked, and print the first.

    Raises:
        InputError: the table, a number or the output won't do.
    """
    output = options.output
    if output is not None and output != STDOUT:
        check_output(output, force=options.force)
        format_of_output(output)
    similar = similar_answers(
        options.table,
        candidate=options.candidate,
        expected=options.expected,
        most=MOST if options.most is None else options.most,
        words_only=options.words_only,
        mapping=options.mapping or (),
        read_as=options.read.read_as(),
        settings=load_settings(**asdict(options.folders), threads=options.threads),
    )
    if output is not None:
        write_similar(similar, output)
    for note in similar.notes:
        typer.echo(f"grade: {note}", err=True)
    if output == STDOUT:
        typer.echo(_headline(similar), err=True)
    else:
        _print(similar)


def _print(similar: Similar) -> None:
    typer.echo(_headline(similar))
    for pair in similar.pairs[:_SHOWN]:
        show(Text(), _shown(pair))
    rest = len(similar.pairs) - _SHOWN
    if rest > 0:
        typer.echo(f"\nand {rest:,} more: -o TABLE writes them all")
    if similar.pairs:
        show(Text(), Text(_KINDLY))


def _headline(similar: Similar) -> str:
    found = counted(len(similar.pairs), "pair") if similar.pairs else "no pair"
    verb = "shares" if len(similar.pairs) <= 1 else "share"
    return (
        f"{similar.table}: of {counted(similar.compared, 'pair')} of answers to the same question, "
        f"{found} {verb} more than chance (by chance at most {similar.expected:g} would)"
    )


def _shown(pair: Pair) -> Group:
    """A pair with its words marked, between brackets where there are no colours."""
    head = Text(f"{pair.question}: {pair.first.candidate} and {pair.second.candidate}", "bold")
    told = [f"alike by {pair.by}"]
    if "words" in pair.by:
        told.append(f"{counted(pair.shared_words, 'word')} in common beyond question and reference")
    if pair.meaning is not None:
        told.append(f"nearness in meaning {pair.meaning:.2f}")
    told.append(f"chance {_chance(pair.chance)}")
    answers = Group(*map(_answer, (pair.first, pair.second)))
    return Group(head, Text("; ".join(told), "dim"), Padding(answers, (0, 0, 0, 2)))


def _chance(chance: float) -> str:
    return f"under {_LEAST:.0e}" if chance < _LEAST else f"{chance:.1e}"


def _answer(side: Side) -> Text:
    text, at = Text(f"row {side.row}: "), 0
    for start, end in side.marked:
        text.append(_one_line(side.answer[at:start]))
        text.append(f"[[{_one_line(side.answer[start:end])}]]", style="underline")
        at = end
    return text.append(_one_line(side.answer[at:]))


def _one_line(text: str) -> str:
    """The text with line ends as blanks, its blanks at both ends kept."""
    return "".join(" " if char.isspace() else char for char in text)
