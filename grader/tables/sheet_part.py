"""What a sheet's own XML says that its cells don't: merged cells, and whether it computes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from grader.extras import require

_BLOCK = 1 << 20
_OVERLAP = 100
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s+ref=[\"']([A-Z]+\d+:[A-Z]+\d+)[\"']")


@dataclass(frozen=True, slots=True)
class Merged:
    """Cells of one column that are merged with the first of them."""

    column: int
    """From 0."""
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SheetPart:
    """What was found."""

    merged: tuple[Merged, ...]
    """In the order of their first rows."""
    has_formulas: bool


def part_of(file: Path, sheet: Any) -> SheetPart:
    """Look through a sheet's XML, a block at a time."""
    bounds = require("openpyxl.utils", "xlsx").range_boundaries
    ranges: dict[str, None] = {}
    has_formulas = False
    with ZipFile(file) as archive, archive.open(sheet._worksheet_path.lstrip("/")) as part:  # noqa: SLF001  # there is no public way
        rest = b""
        while block := part.read(_BLOCK):
            text = rest + block
            has_formulas = has_formulas or _FORMULA.search(text) is not None
            ranges |= {found.decode(): None for found in _MERGED.findall(text)}
            rest = text[-_OVERLAP:]
    merged = []
    for name in ranges:
        left, top, _, bottom = bounds(name)
        if bottom > top:
            merged.append(Merged(left - 1, top, bottom))
    return SheetPart(tuple(sorted(merged, key=lambda m: m.first)), has_formulas)


def filled_down(
    rows: Iterable[tuple[int, Sequence[Any]]], merged: Sequence[Merged]
) -> Iterator[tuple[int, Sequence[Any]]]:
    """The rows, with the value of merged cells in each of their rows."""
    coming = list(reversed(merged))
    open_: list[tuple[Merged, Any]] = []
    for number, values in rows:
        open_ = [(m, value) for m, value in open_ if number <= m.last]
        cells = list(values) if open_ else values
        for m, value in open_:
            if m.column < len(cells) and cells[m.column] is None:
                cells[m.column] = value  # type: ignore[index]  # it was made a list above
        while coming and coming[-1].first <= number:
            m = coming.pop()
            if m.column < len(values):
                open_.append((m, values[m.column]))
        yield number, cells
