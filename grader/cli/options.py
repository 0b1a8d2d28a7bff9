"""What the commands may be given; what several may be given is declared once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from grader.errors import InputError

if TYPE_CHECKING:
    from grader.tables.table import ReadAs


def complete_slug(incomplete: str) -> list[tuple[str, str]]:
    """Slugs that begin with what was typed, with their prompts, for the shell."""
    from grader.bank.catalog import Catalog
    from grader.settings import load_settings

    summaries = Catalog.from_settings(load_settings()).summaries()
    return [(s.id, s.prompt) for s in summaries if s.id.startswith(incomplete)]


EncoderName = Annotated[
    str | None,
    typer.Option(
        "--encoder", help="'bundled', a sentence-transformers name or folder, or openai:MODEL."
    ),
]
Threads = Annotated[int | None, typer.Option("--threads", help="Threads for the models.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the output if it exists.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say only what the judge would take; nothing is sent.")
]
RowQuestion = Annotated[
    str | None,
    typer.Option(
        "--q", help="The question of every row, if no column says.", autocompletion=complete_slug
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderOptions:
    """Where questions of one's own are; named as the settings are."""

    bank: Annotated[
        str | None,
        typer.Option(
            "--bank",
            metavar="NAME|DIR",
            help="A bank of ours, 'deep-learning' (the default) or 'general'; or a folder of your "
            "own entries, which add to or replace the default's.",
        ),
    ] = None
    rubrics: Annotated[
        Path | None,
        typer.Option("--rubrics", help="Folder of your own rubrics; they add to or replace ours."),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraderOptions(FolderOptions):
    """What a grader is made of; named as the settings are."""

    encoder: EncoderName = None
    calibration: Annotated[
        Path | None,
        typer.Option("--calibration", help="A file that 'grade calibrate' wrote: your own scale."),
    ] = None
    threads: Threads = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """How a table is to be read; named as in ``ReadAs``."""

    encoding: Annotated[
        str | None, typer.Option("--encoding", help="The table's encoding; found if not given.")
    ] = None
    delimiter: Annotated[
        str | None,
        typer.Option(
            "--delimiter",
            metavar="SIGN",
            help="What stands between a CSV's cells: comma, semicolon, tab, pipe or the sign "
            "itself; found if not given.",
        ),
    ] = None
    sheet: Annotated[
        str | None,
        typer.Option(
            "--sheet",
            metavar="NAME",
            help="A workbook's sheet, by name or number; else the first that is not hidden, or "
            "the only one with such columns.",
        ),
    ] = None
    header_row: Annotated[
        int | None,
        typer.Option(
            "--header-row",
            metavar="N",
            min=1,
            help="The row that names the columns, as a spreadsheet numbers it; found if not given.",
        ),
    ] = None

    def __post_init__(self) -> None:
        """Check.

        Raises:
            TableError: it can't be read so.
        """
        self.read_as()

    def read_as(self) -> ReadAs:
        """The same for those who read tables."""
        from grader.tables.table import ReadAs

        return ReadAs(**asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOptions:
    """The judge; all but ``llm`` are named as the settings are."""

    llm: Annotated[
        bool,
        typer.Option("--llm", help="Let a language model check every point as well (docs/llm.md)."),
    ] = False
    llm_model: Annotated[
        list[str] | None,
        typer.Option("--llm-model", help="The model to ask; given several times, a jury."),
    ] = None
    llm_base_url: Annotated[
        str | None,
        typer.Option("--llm-base-url", help="An OpenAI-compatible endpoint, if not OpenAI's."),
    ] = None
    llm_runs: Annotated[
        int | None, typer.Option("--llm-runs", help="How often each model is asked.")
    ] = None
    llm_below: Annotated[
        float | None, typer.Option("--llm-below", help="Ask only of grades less sure than this.")
    ] = None
    llm_examples: Annotated[
        int | None, typer.Option("--llm-examples", help="Show so many marked answers, too.")
    ] = None
    llm_marked: Annotated[
        Path | None,
        typer.Option(
            "--llm-marked",
            metavar="TABLE",
            help="Take these from a table of people's marks, as for 'grade eval', not from the "
            "rubric.",
        ),
    ] = None
    llm_prices: Annotated[
        str | None,
        typer.Option(
            "--llm-prices",
            help="Prices of a million tokens: MODEL=PROMPT/COMPLETION or with /CACHED as well, "
            "several separated by commas.",
        ),
    ] = None
    llm_cache: Annotated[
        str | None, typer.Option("--llm-cache", help="The folder of the judge's replies, or 'off'.")
    ] = None
    llm_concurrency: Annotated[
        int | None,
        typer.Option(
            "--llm-concurrency", help="The most calls side by side; 1 for a server that takes one."
        ),
    ] = None
    llm_timeout: Annotated[
        float | None, typer.Option("--llm-timeout", help="Seconds: the longest a call may take.")
    ] = None
    llm_max_cost: Annotated[
        float | None, typer.Option("--max-cost", help="Begin no call once this much is spent.")
    ] = None
    llm_max_calls: Annotated[
        int | None, typer.Option("--max-calls", help="The most calls to make.")
    ] = None
    llm_redact: Annotated[
        bool,
        typer.Option(
            "--redact",
            help="Mask e-mail addresses, phone numbers, links and given names before sending.",
        ),
    ] = False
    llm_save_rubrics: Annotated[
        str | None, typer.Option("--save-rubrics", help="Keep drafted rubrics in this folder.")
    ] = None
    llm_log: Annotated[
        str | None,
        typer.Option("--llm-log", help="Add all that is sent and received to this file."),
    ] = None

    def settings(self, *, asked_for_more: bool) -> dict[str, Any]:
        """The same as settings.

        Args:
            asked_for_more: something else was given that needs the judge.

        Raises:
            InputError: there are some, but not ``--llm``.
        """
        given = asdict(self) | {
            "llm_model": ",".join(self.llm_model or ()) or None,
            "llm_redact": self.llm_redact or None,
        }
        del given["llm"]
        if not self.llm and (asked_for_more or any(v is not None for v in given.values())):
            raise InputError("options for the judge were given, but not the judge: add --llm")
        return given


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOptions:
    """What ``grade answer`` may be given."""

    file: Annotated[
        str | None, typer.Argument(help="The answer: a text file, or - for standard input.")
    ] = None
    q: Annotated[
        str | None,
        typer.Option(
            "--q", help="The question: a slug or alias of the bank.", autocompletion=complete_slug
        ),
    ] = None
    text: Annotated[str | None, typer.Option("--text", help="The answer itself.")] = None
    question: Annotated[
        str | None, typer.Option("--question", help="Your own question's text.")
    ] = None
    reference: Annotated[
        str | None,
        typer.Option("--reference", help="A file with a reference answer to your own question."),
    ] = None
    rubric: Annotated[Path | None, typer.Option("--rubric", help="A rubric file of your own.")] = (
        None
    )
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole grade as JSON.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the score alone.")] = False
    explain: Annotated[
        bool, typer.Option("--explain", help="Add probabilities, flags and versions.")
    ] = False
    fail_under: Annotated[
        float | None,
        typer.Option("--fail-under", min=0, max=1, help="Exit with 1 below this score."),
    ] = None
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="The file's encoding, if not UTF-8.")
    ] = None
    grader: GraderOptions
    judge: JudgeOptions
    dry_run: DryRun = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """What ``grade batch`` may be given."""

    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="TABLE...",
            help="CSV, TSV, JSONL (perhaps gzipped), Parquet or XLSX: files, folders, patterns, or "
            "- for standard input. Long: columns 'answer' and 'question_id' or 'reference'. Wide: "
            "a column 'q:SLUG' for each question, or the questions' own words.",
        ),
    ]
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="TABLE",
            help="The graded table, in the format of its ending; - for stdout. With --engine ray "
            "also a folder, which is written in parts.",
        ),
    ]
    q: RowQuestion = None
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="PART=COLUMN",
            help="What a column is: answer, question_id, reference, question, q:SLUG, or - for "
            "none of these. May be given again.",
        ),
    ] = None
    blank: Annotated[
        Literal["zero", "skip"] | None,
        typer.Option(
            help="What an empty answer is: a score of 0 (zero), or no answer and no grade (skip). "
            "If not given it is skipped, and you are told what that does to the means.",
        ),
    ] = None
    pass_mark: Annotated[
        float | None,
        typer.Option(
            "--pass-mark",
            min=0,
            max=1,
            help="The score from which an answer passes; the rubric's own, if not given.",
        ),
    ] = None
    force: Force = False
    read: TableOptions
    output_delimiter: Annotated[
        str | None,
        typer.Option(
            "--output-delimiter",
            metavar="SIGN",
            help="What to write between a CSV's cells; as the table was read, if not given.",
        ),
    ] = None
    progress: Annotated[
        Literal["auto", "json"],
        typer.Option(
            help="A bar or plain lines (auto), or one JSON object a line on stderr (json).",
        ),
    ] = "auto"
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(
            help="Grade here, or on the Ray cluster of RAY_ADDRESS: CSV or Parquet, local or s3://.",
        ),
    ] = "local"
    grader: GraderOptions
    judge: JudgeOptions
    llm_batch: Annotated[
        bool,
        typer.Option(
            "--llm-batch",
            help="Ask by the provider's batch jobs, at half the price: submit now, collect with "
            "--resume within a day.",
        ),
    ] = False
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Collect the batch jobs that the same command submitted."),
    ] = False
    dry_run: DryRun = False

    @property
    def by_jobs(self) -> bool:
        """Whether the judge is asked by batch jobs."""
        return self.llm_batch or self.resume
