"""A question as the models read it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from grader.reading.formulas import plainly
from grader.records import Question


def question_as_read(question: Question) -> Question:
    """A question whose formulas are written as those of its answers are read.

    Only the models see it; a grade shows the question's own words.
    """
    return question.model_copy(
        update={
            "prompt": plainly(question.prompt),
            "references": tuple(
                r.model_copy(update={"text": plainly(r.text)}) for r in question.references
            ),
            "key_points": tuple(
                k.model_copy(
                    update={
                        "claim": plainly(k.claim),
                        "also_accept": _all_plainly(k.also_accept),
                        "partial": _all_plainly(k.partial),
                    }
                )
                for k in question.key_points
            ),
            "misconceptions": tuple(
                m.model_copy(
                    update={
                        "claim": plainly(m.claim),
                        "also_phrased": _all_plainly(m.also_phrased),
                    }
                )
                for m in question.misconceptions
            ),
        }
    )


def _all_plainly(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(plainly(text) for text in texts)
