"""An answer as the models read it, and where each stretch of it stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

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
    stop, semicolon, line end or list.
    """

    whole: str
    units: tuple[Segment, ...]
    said: tuple[str, ...]


def read(answer: str) -> Reading:
    """The stretches of an answer that are weighed as evidence; none of an empty one.

    Sentences, the clauses of long ones, overlapping stretches of dictated ones, and pairs of
    neighbouring sentences, since the second often leaves out the subject of the first.
    """
    shown = rendered(answer)
    whole = sentences(shown.text)
    said = [ended(s.text) for s in whole]
    units, texts = list(whole), list(said)
    longest = WINDOW if is_dictated(shown.text) else _LONGEST_RUN
    for clause in (c for s in whole for c in (*clauses(s), *windows(s, longest))):
        units.append(clause)
        texts.append(normalise(clause.text))
    for (a, b), pair in zip(pairwise(whole), pairwise(said), strict=True):
        if len(words(a.text)) + len(words(b.text)) <= MAX_WORDS:
            units.append(Segment(shown.text[a.start : b.end], a.start, b.end))
            texts.append(" ".join(pair))
    return Reading(" ".join(said), tuple(map(shown.original, units)), tuple(texts))
