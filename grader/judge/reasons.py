"""What an endpoint says when it refuses, whatever shape its body has. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from grader.judge.replies import page_text, parse_json, shortened

_WORDS = (
    "message",
    "msg",
    "detail",
    "error",
    "errors",
    "error_description",
    "title",
    "reason",
    "raw",
    "metadata",
)
_CODES = ("code", "type", "status", "reason", "error")
# What repeats our own request: its words are no complaint.
_ECHOES = frozenset({"input", "body", "request", "messages", "failed_generation", "url", "ctx"})
_DEEPEST = 6


def reason_in(body: str) -> str:
    """Why, in the endpoint's own words, on one line and cut short."""
    data = parse_json(body)
    if isinstance(data, (dict, list)):
        return reason_of(data)
    return shortened(page_text(data if isinstance(data, str) else body)) or "no reason was given"


def reason_of(error: Any) -> str:
    """The same of a value that stood in a body."""
    if isinstance(error, str):
        return shortened(error)
    words = list(dict.fromkeys(_words(error, _DEEPEST)))
    return shortened("; ".join(words) if words else json.dumps(error, ensure_ascii=False))


def explains(data: Mapping[str, Any]) -> bool:
    """Whether a body has words that explain."""
    return any(_words(data, _DEEPEST))


def complaint_in(body: str) -> tuple[list[str], str]:
    """What a refusal names: fields first, then all its words; what repeats our request is out."""
    data = parse_json(body)
    if not isinstance(data, (dict, list)):
        return [], page_text(body)
    return list(_fields(data, _DEEPEST)), " ".join(_strings(data, _DEEPEST))


def _words(data: Any, depth: int) -> Iterator[str]:
    """The sentences that explain, from the outside in; a field's name goes before its own."""
    if not depth:
        return
    if isinstance(data, list):
        for part in data:
            yield from [part] if isinstance(part, str) and part else _words(part, depth - 1)
        return
    if not isinstance(data, dict):
        return
    where = ".".join(_where(data))
    if where and not any(data.get(name) for name in _WORDS):
        yield f"{where}: {data.get('type') or 'refused'}"
    for name in _WORDS:
        value = data.get(name)
        if isinstance(value, str) and value and value.lower() != "error":
            # A text may hold the JSON of whoever was asked behind a gateway.
            inner = list(_words(parse_json(value), depth - 1)) if value[0] in "{[" else []
            yield from inner or [f"{where}: {value}" if where else value]
        elif isinstance(value, (dict, list)):
            yield from _words(value, depth - 1)


def _where(data: Mapping[str, Any]) -> list[str]:
    """The path of the field that a complaint is about."""
    for name in ("loc", "param", "field", "instancePath"):
        value = data.get(name)
        if isinstance(value, list):
            return [str(part) for part in value]
        if isinstance(value, str) and value:
            return [value]
    return []


def _fields(data: Any, depth: int) -> Iterator[str]:
    if depth and isinstance(data, dict):
        yield from _where(data)
        for name, value in data.items():
            if name not in _ECHOES:
                yield from _fields(value, depth - 1)
    elif depth and isinstance(data, list):
        for part in data:
            yield from _fields(part, depth - 1)


def _strings(data: Any, depth: int) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif depth and isinstance(data, dict):
        for name, value in data.items():
            if name not in _ECHOES:
                yield from (name, *_strings(value, depth - 1))
    elif depth and isinstance(data, list):
        for part in data:
            yield from _strings(part, depth - 1)


def codes_in(data: Any, depth: int = _DEEPEST) -> Iterator[str]:
    """Names and numbers of an error, the outermost first."""
    if depth and isinstance(data, dict):
        for name in _CODES:
            value = data.get(name)
            if isinstance(value, (str, int)) and not isinstance(value, bool):
                yield str(value)
        for name, value in data.items():
            if name not in _ECHOES and isinstance(value, (dict, list)):
                yield from codes_in(value, depth - 1)
    elif depth and isinstance(data, list):
        for part in data:
            yield from codes_in(part, depth - 1)
