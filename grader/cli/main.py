"""The command ``grade``. Each command imports what it needs when it runs."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from grader.cli.bank import app as bank_app
from grader.cli.cache import app as cache_app
from grader.cli.errors import reporting
from grader.cli.groups import DEFAULT, AnswerFirst
from grader.cli.llm import (
    DryRun,
    Llm,
    LlmBaseUrl,
    LlmBatch,
    LlmCache,
    LlmConcurrency,
    LlmLog,
    LlmModel,
    LlmPrices,
    LlmRuns,
    LlmTimeout,
    MaxCalls,
    MaxCost,
    Redact,
    Resume,
    llm_settings,
)
from grader.version import __version__

if TYPE_CHECKING:
    from grader.tables.table import ReadAs

app = typer.Typer(
    cls=AnswerFirst,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help=(
        "Grade free-text answers against rubrics, offline.\n\n"
        "  grade answer.txt --q vanishing-gradient     one answer\n\n"
        "  grade batch candidates.csv -o graded.csv    a table of answers\n\n"
        "  grade report graded.csv -o report.html      the table as a page\n\n"
        "  grade bank search overfitting               find a question"
    ),
)
app.add_typer(bank_app, name="bank")
app.add_typer(cache_app, name="cache")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"grade {__version__}")
        raise typer.Exit


def complete_slug(incomplete: str) -> list[tuple[str, str]]:
    """Slugs that begin with what was typed, with their prompts, for the shell."""
    from grader.bank.catalog import Catalog
    from grader.settings import load_settings

    summaries = Catalog.from_settings(load_settings()).summaries()
    return [(s.id, s.prompt) for s in summaries if s.id.startswith(incomplete)]


BankDir = Annotated[
    Path | None,
    typer.Option("--bank", help="Folder of your own bank entries; they add to or replace ours."),
]
RubricsDir = Annotated[
    Path | None,
    typer.Option("--rubrics", help="Folder of your own rubrics; they add to or replace ours."),
]
EncoderName = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        help="'bundled', a sentence-transformers name or folder, or openai:MODEL.",
    ),
]
CalibrationFile = Annotated[
    Path | None,
    typer.Option("--calibration", help="A file that 'grade calibrate' wrote: your own scale."),
]
MarkColumn = Annotated[str, typer.Option("--mark", help="The column of people's marks.")]
MaxMark = Annotated[
    float | None,
    typer.Option(
        "--max-mark", help="The highest mark that could be had; found if the table says.", min=0.001
    ),
]
RowQuestion = Annotated[
    str | None,
    typer.Option(
        "--q", help="The question of every row, if no column says.", autocompletion=complete_slug
    ),
]
TableEncoding = Annotated[
    str | None, typer.Option("--encoding", help="The table's encoding; found if not given.")
]
TableDelimiter = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        metavar="SIGN",
        help="What stands between a CSV's cells: comma, semicolon, tab, pipe or the sign itself; "
        "found if not given.",
    ),
]
TableSheet = Annotated[
    str | None,
    typer.Option(
        "--sheet",
        metavar="NAME",
        help="A workbook's sheet, by name or number; else the first that is not hidden, or the "
        "only one with such columns.",
    ),
]
HeaderRow = Annotated[
    int | None,
    typer.Option(
        "--header-row",
        metavar="N",
        min=1,
        help="The row that names the columns, as a spreadsheet numbers it; found if not given.",
    ),
]
ColumnMap = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="PART=COLUMN",
        help="What a column is: answer, question_id, reference, question, or - for none of these. "
        "May be given again.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the output if it exists.")]
Threads = Annotated[int | None, typer.Option("--threads", help="Threads for the models.")]


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Hold the options that belong to no command."""


@app.command(DEFAULT)
def answer(
    file: Annotated[
        str | None, typer.Argument(help="The answer: a text file, or - for standard input.")
    ] = None,
    q: Annotated[
        str | None,
        typer.Option(
            "--q", help="The question: a slug or alias of the bank.", autocompletion=complete_slug
        ),
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="The answer itself.")] = None,
    question: Annotated[
        str | None, typer.Option("--question", help="Your own question's text.")
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option("--reference", help="A file with a reference answer to your own question."),
    ] = None,
    rubric: Annotated[
        Path | None, typer.Option("--rubric", help="A rubric file of your own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole grade as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the score alone.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add probabilities, flags and versions.")
    ] = False,
    fail_under: Annotated[
        float | None,
        typer.Option("--fail-under", min=0, max=1, help="Exit with 1 below this score."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="The file's encoding, if not UTF-8.")
    ] = None,
    bank: BankDir = None,
    rubrics: RubricsDir = None,
    encoder: EncoderName = None,
    calibration: CalibrationFile = None,
    threads: Threads = None,
    llm: Llm = False,
    llm_model: LlmModel = None,
    llm_base_url: LlmBaseUrl = None,
    llm_runs: LlmRuns = None,
    llm_prices: LlmPrices = None,
    llm_cache: LlmCache = None,
    llm_concurrency: LlmConcurrency = None,
    llm_timeout: LlmTimeout = None,
    max_cost: MaxCost = None,
    max_calls: MaxCalls = None,
    redact: Redact = False,
    llm_log: LlmLog = None,
    dry_run: DryRun = False,
) -> None:
    """Grade one answer: grade FILE --q ID (the word 'answer' may be left out)."""
    from grader.cli.answer import AnswerOptions, run_answer

    with reporting():
        settings: dict[str, Any] = {
            "bank": bank,
            "rubrics": rubrics,
            "encoder": encoder,
            "calibration": calibration,
            "threads": threads,
            **llm_settings(
                llm=llm,
                model=llm_model,
                base_url=llm_base_url,
                runs=llm_runs,
                prices=llm_prices,
                cache=llm_cache,
                concurrency=llm_concurrency,
                timeout=llm_timeout,
                max_cost=max_cost,
                max_calls=max_calls,
                redact=redact,
                log=llm_log,
                dry_run=dry_run,
            ),
        }
        options = AnswerOptions(
            file=file,
            text=text,
            q=q,
            question=question,
            reference=reference,
            rubric=rubric,
            as_json=as_json,
            quiet=quiet,
            explain=explain,
            fail_under=fail_under,
            encoding=encoding,
            llm=llm,
            dry_run=dry_run,
            settings=settings,
        )
        code = run_answer(options)
    raise typer.Exit(code)


@app.command()
def batch(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="TABLE...",
            help="CSV, TSV, JSONL (perhaps gzipped), Parquet or XLSX: files, folders, patterns, or "
            "- for standard input. Long: columns 'answer' and 'question_id' or 'reference'. Wide: "
            "a column 'q:SLUG' for each question, or the questions' own words.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="TABLE",
            help="The graded table, in the format of its ending; - for stdout. With --engine ray "
            "also a folder, which is written in parts.",
        ),
    ],
    q: RowQuestion = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="PART=COLUMN",
            help="What a column is: answer, question_id, reference, question, q:SLUG, or - for "
            "none of these. May be given again.",
        ),
    ] = None,
    force: Force = False,
    encoding: TableEncoding = None,
    delimiter: TableDelimiter = None,
    sheet: TableSheet = None,
    header_row: HeaderRow = None,
    output_delimiter: Annotated[
        str | None,
        typer.Option(
            "--output-delimiter",
            metavar="SIGN",
            help="What to write between a CSV's cells; as the table was read, if not given.",
        ),
    ] = None,
    progress: Annotated[
        Literal["auto", "json"],
        typer.Option(
            help="A bar or plain lines (auto), or one JSON object a line on stderr (json).",
        ),
    ] = "auto",
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(
            help="Grade here, or on the Ray cluster of RAY_ADDRESS: CSV or Parquet, local or s3://.",
        ),
    ] = "local",
    bank: BankDir = None,
    rubrics: RubricsDir = None,
    encoder: EncoderName = None,
    calibration: CalibrationFile = None,
    threads: Threads = None,
    llm: Llm = False,
    llm_model: LlmModel = None,
    llm_base_url: LlmBaseUrl = None,
    llm_runs: LlmRuns = None,
    llm_prices: LlmPrices = None,
    llm_cache: LlmCache = None,
    llm_concurrency: LlmConcurrency = None,
    llm_timeout: LlmTimeout = None,
    max_cost: MaxCost = None,
    max_calls: MaxCalls = None,
    redact: Redact = False,
    llm_log: LlmLog = None,
    llm_batch: LlmBatch = False,
    resume: Resume = False,
    dry_run: DryRun = False,
) -> None:
    """Grade a table of answers: every row comes back with grade_ columns."""
    from grader.cli.batch import BatchOptions, run_batch

    with reporting():
        settings: dict[str, Any] = {
            "bank": bank,
            "rubrics": rubrics,
            "encoder": encoder,
            "calibration": calibration,
            "threads": threads,
            **llm_settings(
                llm=llm,
                model=llm_model,
                base_url=llm_base_url,
                runs=llm_runs,
                prices=llm_prices,
                cache=llm_cache,
                concurrency=llm_concurrency,
                timeout=llm_timeout,
                max_cost=max_cost,
                max_calls=max_calls,
                redact=redact,
                log=llm_log,
                dry_run=dry_run,
                batch=llm_batch or resume,
            ),
        }
        options = BatchOptions(
            inputs=inputs,
            output=output,
            q=q,
            mapping=mapping or (),
            force=force,
            read_as=_read_as(encoding, delimiter, sheet, header_row),
            output_delimiter=output_delimiter,
            progress=progress,
            engine=engine,
            llm=llm,
            llm_batch=llm_batch or resume,
            resume=resume,
            dry_run=dry_run,
            settings=settings,
        )
        run_batch(options)


@app.command()
def report(
    table: Annotated[Path, typer.Argument(help="A table that 'grade batch' wrote.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML page to write.")],
    candidate: Annotated[
        str | None,
        typer.Option("--candidate", help="The column of names; else the first that is free."),
    ] = None,
    mapping: ColumnMap = None,
    title: Annotated[str, typer.Option("--title", help="The page's heading.")] = "Graded answers",
    force: Force = False,
    encoding: TableEncoding = None,
    delimiter: TableDelimiter = None,
    sheet: TableSheet = None,
    header_row: HeaderRow = None,
    bank: BankDir = None,
    rubrics: RubricsDir = None,
) -> None:
    """Make one page of a graded table: scores, questions, key points, answers with evidence."""
    from grader.cli.report import ReportOptions, run_report

    with reporting():
        options = ReportOptions(
            table=table,
            output=output,
            candidate=candidate,
            mapping=mapping or (),
            title=title,
            force=force,
            read_as=_read_as(encoding, delimiter, sheet, header_row),
            settings={"bank": bank, "rubrics": rubrics},
        )
        run_report(options)


@app.command("eval")
def evaluate(
    table: Annotated[
        Path,
        typer.Argument(help="A table as for 'grade batch', one answer a row, with people's marks."),
    ],
    mark: MarkColumn = "mark",
    max_mark: MaxMark = None,
    page: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write an HTML page.")
    ] = None,
    plots: Annotated[
        Path | None, typer.Option("--plots", help="Also write the pictures into this folder.")
    ] = None,
    worst: Annotated[
        int, typer.Option("--worst", min=0, help="How many of the worst disagreements to list.")
    ] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    q: RowQuestion = None,
    mapping: ColumnMap = None,
    force: Force = False,
    encoding: TableEncoding = None,
    delimiter: TableDelimiter = None,
    sheet: TableSheet = None,
    header_row: HeaderRow = None,
    bank: BankDir = None,
    rubrics: RubricsDir = None,
    encoder: EncoderName = None,
    calibration: CalibrationFile = None,
    threads: Threads = None,
    llm: Llm = False,
    llm_model: LlmModel = None,
    llm_base_url: LlmBaseUrl = None,
    llm_runs: LlmRuns = None,
    llm_prices: LlmPrices = None,
    llm_cache: LlmCache = None,
    llm_concurrency: LlmConcurrency = None,
    llm_timeout: LlmTimeout = None,
    max_cost: MaxCost = None,
    max_calls: MaxCalls = None,
    redact: Redact = False,
    llm_log: LlmLog = None,
    dry_run: DryRun = False,
) -> None:
    """Compare grades with people's marks: agreement, calibration, worst disagreements."""
    from grader.cli.evaluate import EvalOptions, MarkedOptions, run_eval

    with reporting():
        settings: dict[str, Any] = {
            "bank": bank,
            "rubrics": rubrics,
            "encoder": encoder,
            "calibration": calibration,
            "threads": threads,
            **llm_settings(
                llm=llm,
                model=llm_model,
                base_url=llm_base_url,
                runs=llm_runs,
                prices=llm_prices,
                cache=llm_cache,
                concurrency=llm_concurrency,
                timeout=llm_timeout,
                max_cost=max_cost,
                max_calls=max_calls,
                redact=redact,
                log=llm_log,
                dry_run=dry_run,
            ),
        }
        marked = MarkedOptions(
            table=table,
            mark=mark,
            max_mark=max_mark,
            q=q,
            mapping=mapping or (),
            read_as=_read_as(encoding, delimiter, sheet, header_row),
            settings=settings,
            llm=llm,
        )
        options = EvalOptions(
            page=page,
            plots=plots,
            worst=worst,
            as_json=as_json,
            force=force,
            dry_run=dry_run,
        )
        run_eval(marked, options)


@app.command()
def calibrate(
    table: Annotated[
        Path,
        typer.Argument(help="A table as for 'grade batch', one answer a row, with people's marks."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The JSON file to write.")],
    mark: MarkColumn = "mark",
    max_mark: MaxMark = None,
    q: RowQuestion = None,
    mapping: ColumnMap = None,
    force: Force = False,
    encoding: TableEncoding = None,
    delimiter: TableDelimiter = None,
    sheet: TableSheet = None,
    header_row: HeaderRow = None,
    bank: BankDir = None,
    rubrics: RubricsDir = None,
    encoder: EncoderName = None,
    threads: Threads = None,
) -> None:
    """Fit your own scale to your marks, for --calibration."""
    from grader.cli.evaluate import MarkedOptions, run_calibrate

    with reporting():
        marked = MarkedOptions(
            table=table,
            mark=mark,
            max_mark=max_mark,
            q=q,
            mapping=mapping or (),
            read_as=_read_as(encoding, delimiter, sheet, header_row),
            settings={"bank": bank, "rubrics": rubrics, "encoder": encoder, "threads": threads},
        )
        run_calibrate(marked, output, force=force)


def _read_as(
    encoding: str | None, delimiter: str | None, sheet: str | None, header_row: int | None
) -> ReadAs:
    """What the user says of a table."""
    from grader.tables.table import ReadAs

    return ReadAs(encoding=encoding, delimiter=delimiter, sheet=sheet, header_row=header_row)


def run(args: list[str] | None = None) -> Any:
    """The console script's entry."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal has all of our signs
    return app(args=sys.argv[1:] if args is None else args, prog_name="grade")
