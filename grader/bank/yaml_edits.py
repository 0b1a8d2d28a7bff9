"""Additions to a rubric's file that leave everything else in it as it stands, comments included."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from grader.bank.question_files import dumped, rubric_text
from grader.bank.records import Rubric
from grader.bank.yaml_records import build_record, parse
from grader.errors import DataFileError

_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def quoted(text: str) -> str:
    """As a YAML scalar: JSON, with the characters escaped that YAML refuses or folds."""
    found = json.dumps(text, ensure_ascii=False)
    return _NOT_IN_YAML.sub(lambda m: f"\\u{ord(m[0]):04x}", found)


def edited(text: str, wanted: Rubric, file: Path) -> str:
    """A rubric's text changed into that of another one that has more in some of its lists.

    Args:
        text: the file's.
        wanted: what it shall say.
        file: for messages.

    Returns:
        The text with additions alone, where they can be made so; else the rubric written anew,
        without its comments.

    Raises:
        DataFileError: the text is no rubric.
    """
    there = _rubric(text, file)
    try:
        after = _with_more(text, there, wanted)
        if _rubric(after, file) == wanted:
            return after
    except (DataFileError, yaml.YAMLError):
        pass  # written in a style that lines can't be added to
    return rubric_text(wanted)


def _with_more(text: str, there: Rubric, wanted: Rubric) -> str:
    for i, (old, new) in enumerate(zip(there.key_points, wanted.key_points, strict=False)):
        for name in ("also_accept", "partial"):
            for item in getattr(new, name)[len(getattr(old, name)) :]:
                text = _with_item(text, ("key_points", i), name, quoted(item))
    for new_one in wanted.misconceptions[len(there.misconceptions) :]:
        values = new_one.model_dump(mode="json")
        text = _with_item(text, (), "misconceptions", dumped(values).rstrip("\n"))
    return text if wanted.version == there.version else _with_version(text, wanted.version)


def _rubric(text: str, file: Path) -> Rubric:
    data, lines = parse(text, file)
    return build_record(data, lines, file, Rubric)


def _with_item(text: str, path: Sequence[str | int], name: str, item: str) -> str:
    """The text with one more item in a list of a mapping; the list is made if there is none."""
    mapping = _node(text, path)
    pair = next((p for p in mapping.value if p[0].value == name), None)
    lines = text.splitlines(keepends=True)
    if pair is None:
        column = mapping.value[0][0].start_mark.column
        own = _block(name, item, column)
        return _inserted(lines, _last_line(mapping.value[-1][1], lines), own)
    key, listed = pair
    if not listed.value:  # [], which may stand alone in its line only
        row = listed.start_mark.line
        own = _block(name, item, key.start_mark.column)
        return "".join([*lines[:row], *own, *lines[row + 1 :]])
    if listed.flow_style:
        end = listed.end_mark
        row, column = end.line, end.column - 1
        line = lines[row]
        lines[row] = f"{line[:column]}, {item}{line[column:]}"
        return "".join(lines)
    column = listed.start_mark.column
    return _inserted(lines, _last_line(listed.value[-1], lines), _item(item, column))


def _with_version(text: str, version: int) -> str:
    node = next(value for key, value in _node(text, ()).value if key.value == "version")
    lines = text.splitlines(keepends=True)
    row, start, end = node.start_mark.line, node.start_mark.column, node.end_mark.column
    lines[row] = f"{lines[row][:start]}{version}{lines[row][end:]}"
    return "".join(lines)


def _node(text: str, path: Sequence[str | int]) -> Any:
    """The node at a path; the text is a rubric, so that it is there."""
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for part in path:
        if isinstance(part, int):
            node = node.value[part]
        else:
            node = next(value for key, value in node.value if key.value == part)
    return node


def _last_line(node: Any, lines: Sequence[str]) -> int:
    """The last line that holds something of a node: some end where the next one begins."""
    end = node.end_mark
    row: int = end.line if end.column or end.line == node.start_mark.line else end.line - 1
    row = min(row, len(lines) - 1)
    held = lines[row][: end.column] if row == end.line else lines[row]
    while row > node.start_mark.line and (not held.strip() or held.lstrip().startswith("#")):
        row -= 1
        held = lines[row]
    return row


def _inserted(lines: Sequence[str], after: int, own: Sequence[str]) -> str:
    last = lines[after] if lines[after].endswith("\n") else f"{lines[after]}\n"
    return "".join([*lines[:after], last, *own, *lines[after + 1 :]])


def _block(name: str, item: str, column: int) -> list[str]:
    return [f"{' ' * column}{name}:\n", *_item(item, column + 2)]


def _item(item: str, column: int) -> list[str]:
    """An item of a list, of one line or of several, with its dash at a column."""
    first, *rest = item.split("\n")
    indent = " " * column
    return [f"{indent}- {first}\n", *(f"{indent}  {line}\n" for line in rest)]
