"""Flags for answers that are not what they seem: they ask for a person, and make no points."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from grader.engine.attacks import looks_injected
from grader.engine.languages import is_foreign
from grader.reading.formulas import plainly
from grader.reading.lexicon import FUNCTION_WORDS
from grader.reading.rendering import rendered
from grader.reading.text import WORD, fold, sentences, words
from grader.records import Flag, Question
from grader.resources import model_folder

if TYPE_CHECKING:
    from grader.engine.encoders.base import Vectors
    from grader.engine.features import PreparedQuestion

VOIDING: frozenset[Flag] = frozenset({"keyword_list"})
"""Flags under which nothing counts as said: a list of terms makes no claim."""
SUSPECTED: frozenset[Flag] = frozenset({"injection", "hidden_characters"})
"""Flags of answers that may be meant to talk a judge round."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a flag is raised; fitted by ``training/fit_screening.py``."""

    off_topic_similarity: float
    """Below this best cosine with prompt and claims, an answer is about something else."""
    keyword_function_words: float
    """Below this share of function words, and … """
    keyword_separators: float
    """… above this many commas, semicolons and line ends a word, it is a list of terms."""
    keyword_run: float
    """It is one, too, if more content words than this follow on each other unbroken."""
    foreign_words: float
    """Above this share of words that only other languages have, it is in one of them."""


@lru_cache(maxsize=1)
def load_thresholds() -> Thresholds:
    """The fitted thresholds.

    Raises:
        ModelError: the file is damaged.
    """
    file = model_folder("screening") / "thresholds.json"
    return Thresholds(**json.loads(file.read_text(encoding="utf-8"))["thresholds"])


def screen(
    answer: str,
    prepared: PreparedQuestion,
    vectors: Vectors,
    thresholds: Thresholds,
) -> tuple[Flag, ...]:
    """The flags of an answer, in a fixed order.

    Args:
        answer: the answer as written.
        prepared: the question with its vectors.
        vectors: the unit vectors of the answer's units, shape (n, d).
        thresholds: where flags are raised.
    """
    shown = rendered(answer)
    seen = shown.text
    tokens = words(seen)
    question = prepared.question
    foreign = is_foreign(seen, thresholds.foreign_words)
    off_topic = topicality(prepared, vectors) < thresholds.off_topic_similarity
    checks: tuple[tuple[Flag, bool], ...] = (
        # Of another language neither the words can be counted nor the topic be told.
        ("too_short", is_too_short(tokens, question) and not foreign),
        ("off_topic", off_topic and not foreign),
        ("keyword_list", _is_keyword_list(seen, tokens, thresholds) and not foreign),
        ("copied_prompt", _share_copied(plainly(seen), plainly(question.prompt), 3) > _COPIED),
        ("copied_reference", _copies_reference(plainly(seen), question)),
        ("injection", looks_injected(seen) or looks_injected(shown.hidden)),
        ("not_prose", _is_not_prose(seen)),
        ("other_language", foreign),
        ("repetitive", _is_repetitive(seen)),
        ("hidden_characters", _has_hidden(html.unescape(answer))),
    )
    return tuple(flag for flag, raised in checks if raised)


# Definitions rather than judgements: what the words of a flag mean.
_TOO_SHORT = 4
_COPIED = 0.6
_FEW = 3
_REPEATED = 0.5
_LETTERS = 0.5


# U+200C and U+200D join letters in some scripts, U+FEFF may open a file, and bullets of Word's
# symbol font are private. Editors and telephones leave zero-width blanks and marks of direction
# between words; within one they hide something.
_HARMLESS = re.compile(
    r"[\u200c\u200d\ufeff\u00ad\uf0a7\uf0b7\uf0d8\uf0fc]|(?<!\w)[\u200b\u2060\u200e\u200f]+"
    r"|[\u200b\u2060\u200e\u200f]+(?!\w)"
)


def is_too_short(tokens: Sequence[str], question: Question) -> bool:
    """Whether the words of an answer are too few to claim anything.

    They are not where a reference has no more: whoever asks for a word gets one.
    """
    asked_for = min((len(words(r.text)) for r in question.references), default=_TOO_SHORT)
    return len(tokens) < min(_TOO_SHORT, asked_for)


def topicality(prepared: PreparedQuestion, vectors: Vectors) -> float:
    """The best cosine of any unit with the prompt or any claim."""
    claims = float((vectors @ prepared.wording_vectors.T).max())
    return max(claims, float((vectors @ prepared.prompt_vector).max()))


def listness(answer: str) -> tuple[float, float]:
    """Share of function words, and separators a word: a list of terms is low and high."""
    tokens = words(answer)
    n = max(1, len(tokens))
    function = sum(w.lower() in FUNCTION_WORDS for w in tokens) / n
    return function, len(re.findall(r"[,;/|\n]", answer.strip())) / n


def longest_run(answer: str) -> int:
    """The most content words in a row, with no function word, sign or line end between."""
    longest = run = end = 0
    for token in WORD.finditer(answer):
        gap = answer[end : token.start()]
        broken = bool(gap.strip()) or "\n" in gap
        end = token.end()
        run = 1 if broken else run + 1
        if token.group().lower() in FUNCTION_WORDS:
            run = 0
        longest = max(longest, run)
    return longest


def _is_keyword_list(answer: str, tokens: list[str], thresholds: Thresholds) -> bool:
    function, separators = listness(answer)
    listed = (
        function < thresholds.keyword_function_words and separators > thresholds.keyword_separators
    )
    unbroken = longest_run(answer) > thresholds.keyword_run
    return len(tokens) >= _TOO_SHORT and (listed or unbroken)


def _share_copied(answer: str, original: str, n: int) -> float:
    """The share of the answer's word n-grams that stand in the original."""
    here, there = _shingles(answer, n), set(_shingles(original, n))
    return sum(s in there for s in here) / len(here) if here else 0.0


def _copies_reference(answer: str, question: Question) -> bool:
    return any(_share_copied(answer, plainly(r.text), 5) > _COPIED for r in question.references)


def _shingles(text: str, n: int) -> list[tuple[str, ...]]:
    tokens = [w.lower() for w in words(text)]
    return [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]


def _is_not_prose(answer: str) -> bool:
    solid = [c for c in answer if not c.isspace()]
    return sum(c.isalpha() for c in solid) < _LETTERS * len(solid)


def _is_repetitive(answer: str) -> bool:
    parts = [fold(s.text) for s in sentences(answer)]
    return len(parts) >= _FEW and len(set(parts)) <= _REPEATED * len(parts)


def _has_hidden(answer: str) -> bool:
    return any(unicodedata.category(c) in {"Cf", "Co"} for c in _HARMLESS.sub("", answer))
