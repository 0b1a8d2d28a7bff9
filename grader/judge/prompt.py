"""What the judge is told: the rules, the corrected rubric and, as data, the answer.

The rules stand in ``prompt.md``. Whoever changes them, or what is told of a rubric, raises
``VERSION``: replies to different prompts can't be compared, and the version is part of every
grade's signature.

Rules and rubric are the first message, and the same, letter by letter, for all answers to a
question: endpoints that keep the beginnings of prompts read them once. What is told is short, as
each answer pays for it: a line a claim, no reference answer, since the key points say what of it
matters; of the wordings to accept one a key point, the shortest that says it otherwise. What is
right in place of a misconception is told whole: often it is the second sentence that says so.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from grader.engine.features import profile
from grader.judge.exemplars import Marked
from grader.reading.text import without_halves
from grader.records import KeyPoint, Misconception, Question
from grader.resources import prompt_text

VERSION = "3"

Message = Mapping[str, str]
Form = Literal["verdicts", "rubric"]
"""What a reply must be."""

_MOST = 0.25
_MARKED = (
    "Other answers to the question, with the verdicts that people gave them by this rubric; points "
    "not named are missing or absent:"
)
_MARKS = (
    "Other answers to the question, with the marks that people gave them, as shares of full marks. "
    "Where the rubric leaves a verdict open, let them show how much is asked:"
)
_NOW = "The answer to check:"
_ANEW = "That reply does not count: {}. Reply anew, in JSON alone."
_REPLY = 1_000  # characters of it that the model is shown


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a model."""

    model: str
    messages: tuple[Message, ...]
    temperature: float
    max_output_tokens: int
    form: Form = "verdicts"

    @property
    def text(self) -> str:
        """All its words, for estimates."""
        return "".join(message["content"] for message in self.messages)

    @property
    def content(self) -> dict[str, Any]:
        """All that decides the reply. The usual form goes without saying, as in older caches."""
        whole = asdict(self)
        return {k: v for k, v in whole.items() if (k, v) != ("form", "verdicts")}


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


def build_messages(
    question: Question, checklist: Checklist, answer: str, marked: Sequence[Marked] = ()
) -> tuple[Message, ...]:
    """The messages of a request: rules with the rubric, then the answer alone.

    Args:
        question: what was answered.
        checklist: its points.
        answer: what is to be checked.
        marked: other answers that people marked, told before it: all with verdicts, or all with
            a mark alone.
    """
    alone = _data({"answer": without_halves(answer)})
    intro = _MARKED if all(one.mark is None for one in marked) else _MARKS
    before = f"{intro}\n{_data({'marked': _marked(marked, checklist)})}\n\n{_NOW}\n"
    return (
        {"role": "system", "content": "\n".join([rules(), "", *_rubric(question, checklist)])},
        {"role": "user", "content": f"{before if marked else ''}{alone}"},
    )


def asked_anew(request: Request, reply: str, fault: str) -> Request:
    """The request after a reply that won't do: what was sent before stays as it was.

    Args:
        request: what was asked.
        reply: what the model said.
        fault: why that won't do, in words of ours.
    """
    said = without_halves(reply if len(reply) <= _REPLY else f"{reply[:_REPLY]}…")
    more = (
        {"role": "assistant", "content": said},
        {"role": "user", "content": _ANEW.format(fault)},
    )
    return replace(request, messages=(*request.messages, *more))


def _marked(marked: Sequence[Marked], checklist: Checklist) -> list[dict[str, Any]]:
    """Marked answers, their verdicts under the ids of the checklist."""
    told: list[dict[str, Any]] = []
    for one in marked:
        if one.mark is not None:
            told.append({"answer": without_halves(one.answer), "mark": round(one.mark, 2)})
            continue
        verdicts = {
            id_: one.verdicts[p.id]
            for id_, p in checklist.key_points.items()
            if p.id in one.verdicts
        }
        verdicts |= {
            id_: "asserted" for id_, m in checklist.misconceptions.items() if m.id in one.asserted
        }
        told.append({"answer": without_halves(one.answer), "verdicts": verdicts})
    return told


@lru_cache(maxsize=1)
def rules() -> str:
    """The rules that every request begins with."""
    return prompt_text("judge", "prompt").strip()


def _rubric(question: Question, checklist: Checklist) -> Iterator[str]:
    yield _line("question", question.prompt)
    for id_, point in checklist.key_points.items():
        yield _line(id_, point.claim)
        if other := other_wording(point.claim, point.also_accept):
            yield _line("or", other)
        yield from (_line("half", half) for half in point.partial)
    for id_, wrong in checklist.misconceptions.items():
        yield _line(id_, wrong.claim)
        yield _line("right", wrong.correction)


def _line(name: str, text: str) -> str:
    """One line whatever the text holds, so that none can pass for another."""
    return f"{name}: {' '.join(text.split())}"


@lru_cache(maxsize=4096)
def other_wording(claim: str, accepted: tuple[str, ...]) -> str:
    """The shortest wording to accept that says a claim otherwise; empty where none does.

    One says it otherwise that shares less than a quarter of its content words with the claim.
    Those that repeat the claim tell a model nothing.
    """
    known = frozenset(profile(claim).content)
    others = (w for w in accepted if _share(profile(w).content, known) < _MOST)
    return min(others, key=len, default="")


def _share(content: Sequence[str], known: frozenset[str]) -> float:
    return sum(word in known for word in content) / max(1, len(content))


def _data(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
