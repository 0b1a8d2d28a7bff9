"""Answers with people's marks, as authors of rubrics use them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MarkedAnswer:
    """An answer and its mark."""

    text: str
    mark: float
    """0 to 1."""
    row: int = 0
    """In its table, as a spreadsheet numbers it; 0 where there is none."""
    question: str = ""
    """Slug or text of its question; empty where nothing names it."""
