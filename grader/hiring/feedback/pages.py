"""Feedback for the candidates of a graded table, as a folder of pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from grader.errors import InputError
from grader.files import check_new_folder, placed_folder
from grader.hiring.feedback.bar import Bar, load_bar, notes_on
from grader.hiring.feedback.collect import feedback_of
from grader.hiring.feedback.html import html_page
from grader.hiring.feedback.markdown import markdown_page
from grader.hiring.feedback.names import file_stems
from grader.hiring.feedback.records import CandidateFeedback, Reveal
from grader.hiring.feedback.words import page_of
from grader.hiring.graded_table import read_graded_table
from grader.hiring.records import GradedTable
from grader.reading.text import counted
from grader.tables.table import ReadAs
from grader.tables.writers import new_table

if TYPE_CHECKING:
    import pandas as pd

INDEX = "candidates.csv"
"""The file that says which pages are whose."""
_INDEX_COLUMNS = ("candidate", "html", "markdown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What all candidates of a table are told."""

    candidates: tuple[CandidateFeedback, ...]
    """In the order of the table."""
    notes: tuple[str, ...]
    """What the user should hear."""

    def frame(self) -> pd.DataFrame:
        """A row a candidate: ``candidate``, and both pages as text, ``html`` and ``markdown``."""
        import pandas as pd

        pages = [page_of(one) for one in self.candidates]
        rows = [(page.name, html_page(page), markdown_page(page)) for page in pages]
        return pd.DataFrame(rows, columns=list(_INDEX_COLUMNS))


def candidate_feedback(
    table: Path | pd.DataFrame,
    *,
    reveal: Reveal = "hints",
    candidate: str | Sequence[str] | None = None,
    prompts: Mapping[str, str] | None = None,
    mapping: Sequence[str] = (),
    read_as: ReadAs | None = None,
) -> Feedback:
    """What the candidates of a table that ``grade batch`` or ``grade_frame`` made may be told.

    Args:
        table: a file in any format, or a frame; with the column ``grade_detail``.
        reveal: of what was missing, a hint that does not give it away (``hints``), the point
            itself (``points``), or the marks as well (``all``).
        candidate: the column that names the candidate, or several that do so together; without
            it they are found by what they are called.
        prompts: the text of questions by slug, where the table has none.
        mapping: ``PART=COLUMN`` for columns with other names, as ``grade batch`` was told.
        read_as: what is known of a file; the rest is found.

    Raises:
        TableError: it is not a graded table, a detail is lost, an answer is not the one that was
            graded, or a candidate has two answers to a question.
        InputError: ``reveal`` is none of its words.
    """
    if reveal not in get_args(Reveal):
        raise InputError(f"reveal = {reveal!r}: choose from {', '.join(get_args(Reveal))}")
    graded = read_graded_table(
        table,
        candidate=candidate,
        prompts=prompts,
        mapping=mapping,
        read_as=read_as,
        quoting=True,
    )
    bar = load_bar()
    found = feedback_of(graded, reveal, bar)
    return Feedback(candidates=found, notes=(*graded.notes, *_notes(graded, bar)))


def write_feedback(feedback: Feedback, folder: Path) -> list[str]:
    """Write two pages a candidate, and ``candidates.csv``, which says whose they are.

    Args:
        feedback: what is told.
        folder: a new or an empty folder; it appears whole or not at all.

    Returns:
        The names of the pages without their endings, one a candidate.

    Raises:
        OutputError: there is something in the folder, or it can't be written.
    """
    check_new_folder(folder)
    stems = file_stems(one.name for one in feedback.candidates)
    with placed_folder(folder) as aside:
        for one, stem in zip(feedback.candidates, stems, strict=True):
            page = page_of(one)
            (aside / f"{stem}.html").write_bytes(html_page(page).encode())
            (aside / f"{stem}.md").write_bytes(markdown_page(page).encode())
        with new_table(aside / INDEX, "csv", _INDEX_COLUMNS) as writer:
            writer.write(
                [
                    {"candidate": one.name, "html": f"{stem}.html", "markdown": f"{stem}.md"}
                    for one, stem in zip(feedback.candidates, stems, strict=True)
                ]
            )
    return stems


def _notes(table: GradedTable, bar: Bar) -> list[str]:
    """What to do before pages are sent."""
    waiting = sum(row.needs_review for row in table.rows)
    lost = sum(row.score is None and not row.blank for row in table.rows)
    notes = []
    if waiting:
        notes.append(
            f"{table.name}: {counted(waiting, 'answer')} still to be looked at by a person "
            "(grade_needs_review): do so before the pages go out"
        )
    notes += notes_on(bar, table)
    if lost:
        notes.append(
            f"{table.name}: {counted(lost, 'answer')} could not be graded, and the pages say so "
            "(grade_error says why)"
        )
    return notes
