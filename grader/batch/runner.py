"""Grading a table: plan what is wanted, grade what the ledger lacks, write it all.

The output is made of the input and the ledger alone, in one go at the end. So it does not
matter how often a run was killed on the way: what was graded is in the ledger, and the rest
is done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, Unpack

from grader.batch.entries import Asked, Entry, entries
from grader.batch.header_matching import wanted_names
from grader.batch.ledger import Key, Ledger, Plan, answer_key, ledger_file, open_ledger
from grader.batch.roles import Roles, find_roles
from grader.batch.summary import Summary, sum_up
from grader.errors import AnswerError, InputError, OutputError, TableError
from grader.files import check_output
from grader.graded_columns import grade_cells
from grader.grading import Grader
from grader.reading.text import counted
from grader.records import Failure, Question
from grader.tables.answer_cells import answer_text, is_blank
from grader.tables.columns import ADDED
from grader.tables.formats import TEXT_FORMATS, Format, format_of_output
from grader.tables.inputs import open_source
from grader.tables.table import ReadAs, Row, Table, sign_of, written_delimiter
from grader.tables.writers import STDOUT, check_fits, check_rows, new_table

if TYPE_CHECKING:
    from grader.judge.forecast import Forecast
    from grader.judge.judge import Case

T = TypeVar("T")
Stage = Literal["reading", "grading", "writing"]

# A chunk takes about a second: as long as Ctrl-C may have to wait, and as much as a kill costs.
_CHUNK = 32
_CHUNK_CHARS = 16_000
_ROWS = 1024
_QUESTIONS_KEPT = 1024
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is."""

    stage: Stage
    done: int
    """Rows read or written, or distinct answers graded."""
    total: int | None
    """What ``done`` will be at the end of the stage; None where it is not known."""
    review: int = 0
    """Answers graded by this run that ask for a person."""
    failed: int = 0
    """Rows that can't be graded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """What a run tells while it goes on. Each may raise to stop it: nothing is lost."""

    progress: Callable[[Progress], None] = lambda _: None
    """Called after every chunk."""
    plan: Callable[[Plan], None] = lambda _: None
    """Called once, before anything is graded."""
    note: Callable[[str], None] = lambda _: None
    """Called with a line on how the input was understood."""


class TableOptions(TypedDict, total=False):
    """How a table is read, graded and written; what is not given is found, or not done."""

    q: str | None
    """The question of rows that name none."""
    mapping: Sequence[str]
    """``PART=COLUMN`` for columns with other names."""
    force: bool
    """Replace an output that exists."""
    read_as: ReadAs | None
    """What is known of the inputs."""
    output_delimiter: str | None
    """Of a CSV that is written; that of the input if not given."""
    listener: Listener | None
    """Is told how it goes."""


def grade_file(
    grader: Grader, inputs: Sequence[str], output: Path, **options: Unpack[TableOptions]
) -> Summary:
    """Grade every answer of a table into another; other columns pass through untouched.

    Args:
        grader: what grades.
        inputs: files, folders, patterns, or ``-`` for standard input.
        output: CSV, TSV, JSONL, Parquet or XLSX by its ending; written aside and moved into
            place. ``-`` for standard output, in the format of the input where that is text;
            there is no ledger then.
        options: see ``TableOptions``.

    Raises:
        TableError, OutputError, LedgerError: the table, the output or its ledger won't do.
            A row that can't be graded raises nothing: it is a row with ``grade_error``.
        InputError: batch jobs of the judge are under way, or there is no question ``q``.
        MissingExtraError: a format needs an extra that is not installed.
    """
    with open_run(grader, inputs, output, **options) as run:
        if grader.has_judge and run.ledger.has_jobs:
            raise InputError(
                f"{ledger_file(output)}: batch jobs are under way, and a live run would pay twice: "
                "collect them with --llm-batch --resume"
            )
        run.plan()
        return run.finish(output)


@contextmanager
def open_run(
    grader: Grader, inputs: Sequence[str], output: Path, **options: Unpack[TableOptions]
) -> Iterator[Run]:
    """A run with its table and its ledger open; arguments and errors are ``grade_file``'s."""
    force, listener = options.get("force", False), options.get("listener") or Listener()
    to_file = output != STDOUT
    ledger_path = ledger_file(output) if to_file else None
    if ledger_path is not None:
        check_output(output, force=force or ledger_path.exists())
        format_of_output(output)
    delimiter = sign_of(options.get("output_delimiter"))
    with _read(grader, inputs, output, options, listener.note) as (table, roles):
        form = format_of_output(output) if to_file else _streamed(table.form)
        with open_ledger(ledger_path) as ledger, grader.drafting_once():
            if to_file and output.exists() and not (force or ledger.wrote(output)):
                raise OutputError(
                    f"{output}: was changed since it was written: choose another name, or add "
                    "--force"
                )
            sign = delimiter or written_delimiter(table)
            yield Run(grader, ledger, table, roles, form, options.get("q"), listener, sign)


@contextmanager
def _read(
    grader: Grader,
    inputs: Sequence[str],
    output: Path,
    options: TableOptions,
    note: Callable[[str], None],
) -> Iterator[tuple[Table, Roles]]:
    """The table and what its columns are; how they were understood is noted."""
    mapping = options.get("mapping", ())
    wanted = wanted_names(grader.catalog.names(), mapping)
    with open_source(inputs, output, options.get("read_as"), wanted) as table:
        for text in table.notes:
            note(text)
        roles = find_roles(table, grader, mapping, options.get("q"))
        for text in roles.notes:
            note(text)
        yield table, roles


def forecast_file(
    grader: Grader, inputs: Sequence[str], output: Path, **options: Unpack[TableOptions]
) -> Forecast:
    """What the judge would take to check the answers of a table; nothing is sent or written.

    Arguments are those of ``grade_file``, with a grader that has a judge.

    Raises:
        TableError, OutputError: the table won't do.
        InputError: there is no judge.
    """
    q = options.get("q")
    with _read(grader, inputs, output, options, lambda _: None) as (table, roles):
        return grader.forecast(_item(entry, grader, q) for entry in entries(table, roles))


def _item(entry: Entry, grader: Grader, q: str | None) -> tuple[str, Question | InputError]:
    try:
        text = answer_text(entry.answer, blanks_too=grader.settings.blanks_count)
        return text, grader.row_question(entry.asked._asdict(), q)
    except AnswerError as error:
        return "", error


def _streamed(form: Format) -> Format:
    """The format of standard output: that of the input where that is text."""
    return form if form in TEXT_FORMATS else "csv"


@dataclass(slots=True)
class Run:
    """One run: a table, the ledger of its grades, and what was found out on the way."""

    grader: Grader
    ledger: Ledger
    """Keeps the grades; nothing else is wanted of it."""
    table: Table
    """What is read, more than once."""
    roles: Roles
    form: Format
    """Of the output, whose limits its rows must keep."""
    q: str | None
    listener: Listener
    delimiter: str = ","
    """Of a CSV that is written."""
    _question: Callable[[Asked], tuple[int, Question] | InputError] = field(init=False)
    _plan: Plan = field(default_factory=lambda: Plan(0, 0, 0, {}))
    _failed: int = 0

    def __post_init__(self) -> None:
        # With a judge all of them: what it has drafted, or not, holds for the whole run.
        kept = None if self.grader.has_judge else _QUESTIONS_KEPT
        self._question = lru_cache(kept)(self._find_question)

    def plan(self) -> None:
        """Read everything once: what is broken is found before anything is graded."""
        done = 0
        left_out: list[int] = []
        for chunk in _chunks(entries(self.table, self.roles, left_out), _ROWS):
            with self.ledger.together():
                self._plan_chunk(chunk, done)
            done += len(chunk)
            self._tell(Progress(stage="reading", done=done, total=None, failed=self._failed))
        if left_out:
            some = ", ".join(map(str, left_out[:_SHOWN]))
            self.listener.note(
                f"{self.table.name}: {counted(len(left_out), 'row')} left out: an average or the "
                f"like, not a candidate's answer ({some})"
            )
        self._plan = self.ledger.plan()
        check_rows(self._plan.rows, self.form, self.table.name)
        self.listener.plan(self._plan)

    def grade(self) -> None:
        """Grade each distinct answer that the ledger lacks."""
        progress = Progress(stage="grading", done=0, total=self._plan.to_grade, failed=self._failed)
        for chunk in self.ledger.todo(_CHUNK, _CHUNK_CHARS):
            results = self.grader.grade_all(self._items(chunk))
            keys = [key for key, _, _ in chunk]
            self.ledger.store(list(zip(keys, results, strict=True)))
            failed = sum(isinstance(result, Failure) for result in results)
            progress = replace(
                progress,
                done=progress.done + len(chunk),
                review=progress.review
                + sum(not isinstance(r, Failure) and r.needs_review for r in results),
                failed=progress.failed + failed,
            )
            self._tell(progress)

    def cases(self) -> Iterator[Case]:
        """What ``grade`` would give to the judge, in its order; nothing is stored."""
        progress = Progress(stage="grading", done=0, total=self._plan.to_grade, failed=self._failed)
        for chunk in self.ledger.todo(_CHUNK, _CHUNK_CHARS):
            yield from self.grader.judge_cases(self._items(chunk))
            progress = replace(progress, done=progress.done + len(chunk))
            self._tell(progress)

    def finish(self, output: Path) -> Summary:
        """Grade, write and sum up what was planned."""
        self.grade()
        self.write(output)
        return sum_up(self.ledger)

    def write(self, output: Path) -> None:
        """Write every row with its grade, from the ledger."""
        columns = [*self.roles.columns, *ADDED]
        schema = None if self.roles.answers else self.table.schema
        placing = self.ledger.about_to_place
        done = 0
        with new_table(output, self.form, columns, schema, placing, self.delimiter) as writer:
            for chunk in _chunks(self.rows(), _ROWS):
                writer.write(chunk)
                done += len(chunk)
                self._tell(Progress(stage="writing", done=done, total=self._plan.rows))
        if done != self._plan.rows:
            raise TableError(_CHANGED.format(self.table.name))

    def rows(self) -> Iterator[Row]:
        """Every row with its grade, from the ledger."""
        for entry in entries(self.table, self.roles):
            yield {**entry.cells, **self._cells(entry)}

    def _items(
        self, chunk: Sequence[tuple[Key, str, Asked]]
    ) -> list[tuple[str, Question | InputError]]:
        found = [(text, self._question(asked)) for _, text, asked in chunk]
        return [(text, q if isinstance(q, InputError) else q[1]) for text, q in found]

    def _plan_chunk(self, chunk: Sequence[Entry], before: int) -> None:
        wanted = []
        self._draft_rubrics(chunk)
        for number, entry in enumerate(chunk, start=before + 1):
            check_fits(entry.cells, self.form, f"{self.table.name}: answer {number}")
            self._note_blank(entry)
            try:
                key, text = self._key(entry)
                self.grader.check_answer(text)
            except InputError as error:
                failure = self._failure(entry, error)
                self.ledger.refuse(failure.question_id, failure.reason)
                self._failed += 1
            else:
                wanted.append((key, text))
        self.ledger.want(wanted)

    def _draft_rubrics(self, chunk: Sequence[Entry]) -> None:
        """Let the judge draft all rubrics that a chunk of rows needs, side by side."""
        if not self.grader.has_judge:
            return
        asked = dict.fromkeys(entry.asked for entry in chunk if entry.asked.reference)
        found = [self.grader.row_question(one._asdict()) for one in asked]
        bare = [q for q in found if isinstance(q, Question) and q.reference_only]
        if bare:
            rubrics = counted(len({q.digest for q in bare}), "rubric")
            self.listener.note(f"{self.table.name}: {rubrics} to be drafted from references")
            self.grader.with_rubrics(bare)

    def _note_blank(self, entry: Entry) -> None:
        if is_blank(entry.answer):
            found = self._question(entry.asked)
            if not isinstance(found, InputError):
                self.ledger.note_blank(found[0])

    def _cells(self, entry: Entry) -> Mapping[str, Any]:
        """The added cells of a row; what the plan refused is refused again, with its reason."""
        try:
            key, text = self._key(entry)
            cells = self.ledger.cells(key)
            if cells is not None:
                return cells
            self.grader.check_answer(text)
        except InputError as error:
            return grade_cells(self._failure(entry, error))
        raise TableError(_CHANGED.format(self.table.name))

    def _key(self, entry: Entry) -> tuple[Key, str]:
        """The key and the text of an answer.

        Raises:
            InputError: its question can't be had, or its cell holds no text.
        """
        found = self._question(entry.asked)
        if isinstance(found, InputError):
            raise found
        text = answer_text(entry.answer, blanks_too=self.grader.settings.blanks_count)
        return answer_key(found[0], text), text

    def _failure(self, entry: Entry, error: InputError) -> Failure:
        return Failure(entry.asked.question_id or self.q or "", type(error).__name__, str(error))

    def _find_question(self, asked: Asked) -> tuple[int, Question] | InputError:
        """The question that a row asks for, with the ledger's number of it."""
        if not (asked.question_id or asked.reference):
            asked = asked._replace(question_id=self.q or "")
        question = self.grader.row_question(asked._asdict())
        if isinstance(question, InputError):
            return question
        [question] = self.grader.with_rubrics([question])
        return self.ledger.question(question, self.grader.identity(question), asked), question

    def _tell(self, progress: Progress) -> None:
        self.listener.progress(progress)


_CHANGED = "{}: was changed while it was graded: run the same command again"


def _chunks(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while chunk := list(islice(items, size)):
        yield chunk
