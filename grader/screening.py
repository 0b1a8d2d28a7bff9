"""Flags for answers that are not what they seem: they ask for a person, and make no points."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from grader.lexicon import FUNCTION_WORDS
from grader.records import Flag, Question
from grader.resources import model_folder
from grader.text import WORD, fold, sentences, words

if TYPE_CHECKING:
    from grader.encoders.base import Vectors
    from grader.features import PreparedQuestion

VOIDING: frozenset[Flag] = frozenset({"keyword_list"})
"""Flags under which nothing counts as said: a list of terms makes no claim."""
SUSPECTED: frozenset[Flag] = frozenset({"injection", "hidden_characters"})
"""Flags of answers that may be meant to talk a judge round."""

_INJECTION = re.compile(
    r"""
    \b(?:ignore|disregard|forget|override|bypass)\b.{0,40}
        \b(?:instruction|rubric|prompt|rule|criteria|guideline|above|previous)
    | \byou\ are\ (?:now\ )?(?:a|an|the)\ (?:\w+\ ){0,3}
        (?:grader|assistant|model|ai|judge|examiner)\b
    | \b(?:give|award|assign|grant|return|output)\b.{0,30}
        \b(?:full|maximum|max|perfect|top|highest)\ (?:mark|point|score|grade|credit)
    | \b(?:score|grade|verdict|mark)s?["']?\s*[:=]\s*["']?
        (?:1(?:\.0+)?\b|10\b|100\b|full|max|covered|pass)
    | <\|?(?:im_start|im_end|system|endoftext|/?s)\|?>
    | ^\s*(?:\#+\s*)?(?:system|assistant|user|instruction|thought\ process)\s*:
    | \b(?:this|the)\ (?:answer|candidate|response)\ (?:is\ (?:fully\ )?correct|deserves|
        covers\ (?:all|every)|should\ (?:get|receive|be\ (?:given|awarded|graded)))
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
# The commonest words of other languages that are no English words.
_FOREIGN = frozenset(
    """der das und ist nicht ein eine mit auf für von den dem sich auch werden wird durch oder
    el los las una es y en del por para con que se como más pero
    le les des est et dans qui une sur avec pour pas sont du au
    il di che è per non sono della con nel gli
    os da em uma não são dos mais
    het een van niet zijn wordt""".split()
)


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
    tokens = words(answer)
    question = prepared.question
    checks: tuple[tuple[Flag, bool], ...] = (
        ("too_short", is_too_short(tokens)),
        ("off_topic", topicality(prepared, vectors) < thresholds.off_topic_similarity),
        ("keyword_list", _is_keyword_list(answer, tokens, thresholds)),
        ("copied_prompt", _share_copied(answer, question.prompt, 3) > _COPIED),
        ("copied_reference", _copies_reference(answer, question)),
        ("injection", looks_injected(answer)),
        ("not_prose", _is_not_prose(answer)),
        ("other_language", _is_other_language(answer, tokens)),
        ("repetitive", _is_repetitive(answer)),
        ("hidden_characters", _has_hidden(answer)),
    )
    return tuple(flag for flag, raised in checks if raised)


# Definitions rather than judgements: what the words of a flag mean.
_TOO_SHORT = 4
_COPIED = 0.6
_FEW = 3
_REPEATED = 0.5
_LETTERS = 0.5
_OTHER_SCRIPT = 0.3


def is_too_short(tokens: Sequence[str]) -> bool:
    """Whether the words of an answer are too few to claim anything."""
    return len(tokens) < _TOO_SHORT


def looks_injected(text: str) -> bool:
    """Whether a text speaks to the grader instead of answering."""
    return bool(_INJECTION.search(fold_lines(text)))


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


def fold_lines(text: str) -> str:
    """``fold`` line by line, without invisible characters that split words."""
    kept = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return "\n".join(fold(line) for line in kept.splitlines())


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
    return any(_share_copied(answer, r.text, 5) > _COPIED for r in question.references)


def _shingles(text: str, n: int) -> list[tuple[str, ...]]:
    tokens = [w.lower() for w in words(text)]
    return [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]


def _is_not_prose(answer: str) -> bool:
    solid = [c for c in answer if not c.isspace()]
    return sum(c.isalpha() for c in solid) < _LETTERS * len(solid)


def _is_other_language(answer: str, tokens: list[str]) -> bool:
    letters = [c for c in answer if c.isalpha()]
    odd = sum(not unicodedata.name(c, "").startswith(("LATIN", "GREEK")) for c in letters)
    if odd > _OTHER_SCRIPT * len(letters):
        return True
    lowered = [w.lower() for w in tokens]
    foreign = sum(w in _FOREIGN for w in lowered)
    return foreign >= _FEW and foreign > sum(w in FUNCTION_WORDS for w in lowered)


def _is_repetitive(answer: str) -> bool:
    parts = [fold(s.text) for s in sentences(answer)]
    return len(parts) >= _FEW and len(set(parts)) <= _REPEATED * len(parts)


def _has_hidden(answer: str) -> bool:
    # U+200C and U+200D join letters in some scripts; U+FEFF may open a file.
    return any(
        unicodedata.category(c) in {"Cf", "Co"} and c not in "\u200c\u200d\ufeff\u00ad"
        for c in answer
    )
