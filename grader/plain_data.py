"""Records as plain data for JSON and as a line for a console; versions by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, NoReturn

from pydantic import BaseModel

_REPR_MOST = 199  # characters of a record in a console


class Versions(dict[str, str]):
    """Versions by name, which can't be changed. A dict in all else, so that JSON can hold it."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("the versions of a grade can't be changed: copy them with dict(…)")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy as a whole: item by item would be a change."""
        return type(self), (dict(self),)


def plain(value: Any) -> Any:
    """Dataclasses and records to dicts, tuples to lists, and so all the way down."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return [plain(v) for v in value]
    return value


def in_short(name: str, *parts: str) -> str:
    """One line for a console, in which a whole record would fill the screen."""
    line = f"{name}({' '.join(', '.join(filter(None, parts)).split())})"
    return line if len(line) < _REPR_MOST else f"{line[: _REPR_MOST - 3]}…)"


def how_many(**counts: int) -> str:
    """Counts by name, for a console."""
    return ", ".join(f"{name}={number}" for name, number in counts.items())
