"""What an asserted misconception takes off, fitted to people's marks."""

from __future__ import annotations

import json
from functools import lru_cache

from grader.resources import model_folder


@lru_cache(maxsize=1)
def factor() -> float:
    """How many points an error takes off for each point of its ``cost`` in the rubric.

    Fitted by ``training/fit_costs.py``, so that answers which are right but for one known error
    get what two people gave them, blind.

    Raises:
        ModelError: the file is damaged.
    """
    file = model_folder("costs") / "costs.json"
    return float(json.loads(file.read_text(encoding="utf-8"))["factor"])


def points_off(gravity: float) -> float:
    """What an error takes off, in points; ``gravity`` is the ``cost`` that the rubric gives it."""
    return round(factor() * gravity, 4)
