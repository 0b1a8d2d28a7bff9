"""Reading tables of answers, a row at a time, as often as asked."""

from __future__ import annotations

from pathlib import Path

from grader.errors import TableError
from grader.tables.encodings import find_encoding
from grader.tables.formats import format_of_input
from grader.tables.table import ReadAs, Table, Wanted


def open_table(file: Path, read_as: ReadAs | None = None, *, wanted: Wanted | None = None) -> Table:
    """A table of any format; its content says which, its name where that leaves it open.

    Args:
        file: CSV, TSV, JSONL (each perhaps gzipped), JSON, Parquet or XLSX.
        read_as: what the user says of it; the rest is found.
        wanted: tells column names that are looked for: with them a header below a title is
            found, and the sheet that holds it. Without, the first row is the header.

    Raises:
        TableError: it can't be read, has no header or a column twice, or is damaged.
        MissingExtraError: the format needs an extra that is not installed.
    """
    read_as = read_as or ReadAs()
    if file.is_dir():
        raise TableError(f"{file}: is a folder")
    form = format_of_input(file)
    if read_as.sheet is not None and form != "xlsx":
        raise TableError(f"{file}: is not a workbook and has no sheets: leave out --sheet")
    if read_as.header_row is not None and form in {"parquet", "jsonl"}:
        raise TableError(f"{file}: {form} has no header row: leave out --header-row")
    if form == "parquet":
        from grader.tables.parquet import open_parquet

        return open_parquet(file)
    if form == "xlsx":
        from grader.tables.xlsx import open_xlsx

        return open_xlsx(file, read_as, wanted)
    found = find_encoding(file, read_as.encoding)
    guess = (
        f"{file}: read as {found.name}, by the look of it: if that is wrong, add --encoding "
        f"{found.other}"
    )
    notes = (guess,) if found.guessed else ()
    if form == "jsonl":
        from grader.tables.json_lines import open_json

        return open_json(file, found, wanted, notes)
    from grader.tables.delimited import open_delimited

    return open_delimited(file, form, found, read_as, wanted, notes)
