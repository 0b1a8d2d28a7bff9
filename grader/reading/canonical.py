"""An answer as the models read it, and where each stretch of it stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from grader.reading.formulas import plain_formulas
from grader.reading.rendering import rendered
from grader.reading.text import (
    MAX_WORDS,
    WINDOW,
    Segment,
    clauses,
    ended,
    is_dictated,
    normalise,
    sentences,
    windows,
    words,
)

# No example of the bank that is no holdout goes on for more than 26 words without a sign.
_LONGEST_RUN = 30


@dataclass(frozen=True, slots=True)
class Reading:
    """What is weighed of an answer.

    ``units[i]`` is a verbatim stretch of the answer as given, ``said[i]`` the same as the models
    read it. The sentences of ``whole`` are set off in one way, however the author did it: full
    stop, semicolon, line end or list; its formulas are written in one way, too.
    """

    whole: str
    n_sentences: int
    """The sentences come first among the stretches."""
    units: tuple[Segment, ...]
    said: tuple[str, ...]


def says_nothing(answer: str) -> bool:
    """Whether an answer has no word, or none that its reader would see."""
    return not sentences(rendered(answer).text)


def read(answer: str) -> Reading:
    """The stretches of an answer that are weighed as evidence; none of an empty one.

    Sentences, the clauses of long ones, overlapping stretches of dictated ones, and pairs of
    neighbouring sentences, since the second often leaves out the subject of the first.
    """
    shown = plain_formulas(rendered(answer))
    whole = sentences(shown.text)
    said = [ended(s.text) for s in whole]
    units, texts = list(whole), list(said)
    longest = WINDOW if is_dictated(shown.text) else _LONGEST_RUN
    for sentence in whole:
        parts = clauses(sentence)
        units += parts
        # The last clause ends as its sentence does, however that was set off.
        texts += [ended(c.text) if c is parts[-1] else normalise(c.text) for c in parts]
        stretches = windows(sentence, longest)
        units += stretches
        texts += [normalise(stretch.text) for stretch in stretches]
    for (a, b), pair in zip(pairwise(whole), pairwise(said), strict=True):
        if len(words(a.text)) + len(words(b.text)) <= MAX_WORDS:
            units.append(Segment(shown.text[a.start : b.end], a.start, b.end))
            texts.append(" ".join(pair))
    return Reading(" ".join(said), len(whole), tuple(map(shown.original, units)), tuple(texts))
