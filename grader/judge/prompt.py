"""What the judge is told: the rules, the corrected rubric and, as data, the answer.

The rules stand in ``prompt.md``. Whoever changes them raises ``VERSION``: replies to
different prompts can't be compared, and the version is part of every grade's signature.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from grader.reading.text import without_halves
from grader.records import KeyPoint, Misconception, Question
from grader.resources import prompt_text

VERSION = "1"

Message = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a model."""

    model: str
    messages: tuple[Message, ...]
    temperature: float
    max_output_tokens: int

    @property
    def text(self) -> str:
        """All its words, for estimates."""
        return "".join(message["content"] for message in self.messages)


@dataclass(frozen=True, slots=True)
class Checklist:
    """The points of a question under the short ids that the judge sees, in its order.

    The ids tell nothing, and an answer can't know them: the order is shuffled.
    """

    key_points: Mapping[str, KeyPoint]
    misconceptions: Mapping[str, Misconception]


def build_checklist(question: Question, *, seed: int, run: int) -> Checklist:
    """The points in the order of this seed and run.

    The order depends on the question, but not on the answer: so endpoints that keep the
    beginnings of prompts need to read a rubric only once.
    """
    # Text seeds are hashed with SHA-512, the same in every process and version of Python.
    shuffle = random.Random(f"{seed} {run} {question.digest}").shuffle  # noqa: S311
    key_points, misconceptions = list(question.key_points), list(question.misconceptions)
    shuffle(key_points)
    shuffle(misconceptions)
    key_ids, misconception_ids = short_ids(len(key_points), len(misconceptions))
    return Checklist(
        dict(zip(key_ids, key_points, strict=True)),
        dict(zip(misconception_ids, misconceptions, strict=True)),
    )


def short_ids(key_points: int, misconceptions: int) -> tuple[list[str], list[str]]:
    """The short ids of so many points."""
    return (
        [f"k{i}" for i in range(1, key_points + 1)],
        [f"m{i}" for i in range(1, misconceptions + 1)],
    )


def build_messages(question: Question, checklist: Checklist, answer: str) -> tuple[Message, ...]:
    """The messages of a request: rules with the rubric, then the answer alone."""
    return (
        {"role": "system", "content": f"{rules()}\n{_data(_rubric(question, checklist))}"},
        {"role": "user", "content": _data({"answer": without_halves(answer)})},
    )


@lru_cache(maxsize=1)
def rules() -> str:
    """The rules that every request begins with."""
    return prompt_text("judge").strip()


def _rubric(question: Question, checklist: Checklist) -> dict[str, Any]:
    return {
        "question": question.prompt,
        "reference_answer": question.references[0].text if question.references else "",
        "key_points": [_key_point(id_, p) for id_, p in checklist.key_points.items()],
        "misconceptions": [
            {"id": id_, "wrong_claim": m.claim, "correction": m.correction, "why": m.why}
            for id_, m in checklist.misconceptions.items()
        ],
    }


def _key_point(id_: str, point: KeyPoint) -> dict[str, Any]:
    accepted = {"also_accept": point.also_accept, "worth_half": point.partial}
    return {"id": id_, "claim": point.claim, **{k: v for k, v in accepted.items() if v}}


def _data(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
