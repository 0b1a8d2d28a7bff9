"""YAML to records, strictly: every fault names file, line and key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from grader.errors import DataFileError
from grader.records import Record

R = TypeVar("R", bound=Record)
Key = tuple[str | int, ...]
Lines = dict[Key, int]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 50  # levels of lists and mappings; our formats need 5
_TOO_DEEP = f"is nested more than {_DEEPEST} deep"
_MOST = 100_000  # values; our largest file has some 500, and aliases can stand for any number
# What PyYAML lets through where a scalar is not what its form or its tag says it is.
_MISREAD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

_MESSAGES: Mapping[str, str] = {
    "missing": "this key is missing",
    "extra_forbidden": "unknown key",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "string_pattern_mismatch": "must be lower-case words joined by hyphens, such as 'my-question'",
    "literal_error": "must be {expected}",
    "string_type": "must be text; quote it if it looks like a number",
    "tuple_type": "must be a list",
    "model_type": "must be a mapping of keys to values",
    "dict_type": "must be a mapping of keys to values",
}


def read_text(file: Path) -> str:
    """The file's text.

    Raises:
        DataFileError: it can't be read or is not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataFileError(f"can't be read: {error.strerror}", file=file) from error
    except UnicodeDecodeError as error:
        raise DataFileError(
            f"is not UTF-8 (byte {error.start}): save it as UTF-8", file=file
        ) from error


def load_record(file: Path, record: type[R]) -> R:
    """The file as a record.

    Raises:
        DataFileError: not YAML, a duplicate or unknown key, a value out of range.
    """
    data, lines = parse(read_text(file), file)
    return build_record(data, lines, file, record)


def find_faults(file: Path, record: type[R]) -> list[DataFileError]:
    """Everything in a file that breaks the format of a record; nothing for a good file.

    Of a file that is not YAML only the first fault is known.
    """
    try:
        data, lines = parse(read_text(file), file)
        _ = _validate(data, file, record)
    except DataFileError as error:
        return [error]
    except ValidationError as error:
        return [_as_error(fault, lines, file) for fault in error.errors(include_url=False)]
    return []


def parse(text: str, file: Path) -> tuple[Any, Lines]:
    """Plain data, and the line of every key and list item in it.

    Raises:
        DataFileError: not YAML, nested too deeply, a key that is given twice or is no text, or
            a value that is not what its form or its tag says.
    """
    lines: Lines = {}
    try:
        _refuse_depth(text, file)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                raise DataFileError("is empty", file=file)
            return _construct(loader, node, (), lines, file), lines
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 0
        problem = _one_line(error.problem or "cannot be parsed")
        if "nesting depth" in problem:  # libyaml's own limit, from PyYAML 6.0.4 on
            raise DataFileError(_TOO_DEEP, file=file, line=line) from error
        raise DataFileError(f"is not valid YAML: {problem}", file=file, line=line) from error
    except yaml.YAMLError as error:
        raise DataFileError(f"is not valid YAML: {_one_line(error)}", file=file) from error


def build_record(data: Any, lines: Lines, file: Path, record: type[R]) -> R:
    """Validate plain data; the first fault becomes one clear line."""
    try:
        return _validate(data, file, record)
    except ValidationError as error:
        raise _as_error(error.errors(include_url=False)[0], lines, file) from error


def _validate(data: Any, file: Path, record: type[R]) -> R:
    if not isinstance(data, dict):
        raise DataFileError("must be a mapping of keys to values", file=file, line=1)
    return record.model_validate(data)


def _as_error(fault: Any, lines: Lines, file: Path) -> DataFileError:
    key = tuple(part for part in fault["loc"] if part != "[key]")
    return DataFileError(_message(fault), file=file, line=line_of(lines, key), key=dotted(key))


def line_of(lines: Lines, key: Key) -> int:
    """The line of a key, or of the nearest enclosing key that is in the file."""
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key, 1)


def dotted(key: Key) -> str:
    """``('key_points', 2, 'claim')`` as ``key_points[2].claim``."""
    out = ""
    for part in key:
        if isinstance(part, int):
            out += f"[{part}]"
        else:
            out += f".{part}" if out else part
    return _one_line(out)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def _refuse_depth(text: str, file: Path) -> None:
    """Refuse what would overrun the stack when composed: the process would die of it."""
    depth = 0
    events: Iterable[Any] = yaml.parse(text, Loader=_Loader)
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            line = event.start_mark.line + 1
            raise DataFileError(_TOO_DEEP, file=file, line=line)


def _construct(loader: Any, node: yaml.Node, key: Key, lines: Lines, file: Path) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(key, line)
    if len(lines) > _MOST:
        raise DataFileError(f"holds more than {_MOST:,} values", file=file, line=line)
    if len(key) > _DEEPEST:  # the text is not as deep: only an alias can lead here
        raise DataFileError("an alias stands within what it names", file=file, line=line)
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, key, lines, file)
    if isinstance(node, yaml.SequenceNode):
        return [
            _construct(loader, item, (*key, i), lines, file) for i, item in enumerate(node.value)
        ]
    return _scalar(loader, node, key, file)


def _scalar(loader: Any, node: yaml.Node, key: Key, file: Path) -> Any:
    try:
        # Deep, or a list's tag on a scalar would make an empty list.
        return loader.construct_object(node, deep=True)
    except _MISREAD as error:
        kind = node.tag.rpartition(":")[2]
        raise DataFileError(
            f"is not a valid {kind}: quote it if it is meant as text",
            file=file,
            line=node.start_mark.line + 1,
            key=dotted(key),
        ) from error


def _mapping(
    loader: Any, node: yaml.MappingNode, key: Key, lines: Lines, file: Path
) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        name = _name(loader, key_node, key, file)
        here = (*key, name)
        if name in out:
            raise DataFileError("this key is given twice", file=file, line=line, key=dotted(here))
        lines[here] = line
        out[name] = _construct(loader, value_node, here, lines, file)
    return out


def _name(loader: Any, node: yaml.Node, key: Key, file: Path) -> str:
    if isinstance(node, yaml.ScalarNode):
        name = _scalar(loader, node, key, file)
        if isinstance(name, str):
            return name
    raise DataFileError(
        "a key must be text; quote it if it looks like a number or a date",
        file=file,
        line=node.start_mark.line + 1,
        key=dotted(key),
    )


def _message(fault: Any) -> str:
    if fault["type"] == "value_error":
        return str(fault["msg"]).removeprefix("Value error, ")
    template = _MESSAGES.get(fault["type"])
    if template is None:
        return str(fault["msg"])
    return template.format(**fault.get("ctx", {}))
