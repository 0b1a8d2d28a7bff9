"""How sure an accusation must be: surer than a point."""

from __future__ import annotations

import json
from functools import lru_cache

from grader.resources import model_folder


@lru_cache(maxsize=1)
def accused_from() -> float:
    """The probability from which nine of ten accusations were right, 0 to 1.

    Fitted by ``training/fit_feedback.py``.

    Raises:
        ModelError: the file is damaged.
    """
    file = model_folder("feedback") / "feedback.json"
    return float(json.loads(file.read_text(encoding="utf-8"))["asserted_from"])
