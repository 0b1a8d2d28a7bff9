"""What the model is told that drafts a rubric: the rules and, as data, question and reference.

It is never told of an answer. The rules stand in ``draft.md``. Whoever changes them raises
``VERSION``: rubrics of different prompts can't be compared, and the version is part of every
grade's signature.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

from grader.judge.prompt import Message
from grader.reading.text import without_halves
from grader.records import Question
from grader.resources import prompt_text

VERSION = "1"


@lru_cache(maxsize=1)
def rules() -> str:
    """The rules that every request for a rubric begins with."""
    return prompt_text("judge", "draft").strip()


def build_messages(
    question: Question, before: str = "", faults: Sequence[str] = ()
) -> tuple[Message, ...]:
    """The messages of a request.

    Args:
        question: made of a reference alone.
        before: the rubric that the model wrote before, as it replied.
        faults: what is wrong with that.
    """
    asked = {
        "question": without_halves(question.prompt),
        "reference_answer": without_halves(question.references[0].text),
    }
    first: tuple[Message, ...] = (
        {"role": "system", "content": rules()},
        {"role": "user", "content": json.dumps(asked, ensure_ascii=False)},
    )
    if not faults:
        return first
    told = json.dumps({"faults": list(faults)}, ensure_ascii=False)
    return (
        *first,
        {"role": "assistant", "content": before},
        {"role": "user", "content": told},
    )
