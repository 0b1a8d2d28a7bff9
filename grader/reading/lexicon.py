"""Word lists that carry meaning embeddings miss: negation, opposites, function words."""

from __future__ import annotations

import re
from functools import lru_cache

import snowballstemmer

_STEMMER = snowballstemmer.stemmer("english")

NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|cannot|without|nothing|nowhere|hardly|instead of|"
    r"rather than|fails? to|\w+n['’]t)\b",
    re.IGNORECASE,
)

FUNCTION_WORDS = frozenset(
    """a about above after again all also although am an and any are as at be because been before
    being below between both but by can could did do does doing down during each either else even
    every few for from further had has have having he her here hers him his how however i if in
    into is it its itself just let like may me might more most much must my near no nor not now of
    off on once one only or other our out over own per rather same shall she should since so some
    such than that the their them then there these they this those though through thus to too
    under until up upon us very was we were what when where whereas whether which while who whom
    whose why will with within without would yet you your""".split()
)

# Pairs (or groups, each word against those of the other side) whose exchange turns a claim round.
_OPPOSITES = """
increase grow rise raise amplify gain | decrease shrink fall reduce lower diminish decay drop
large big huge wide larger bigger huge | small tiny narrow smaller negligible
high higher highest | low lower lowest
more greater most | less fewer least
fast faster quick quickly rapid speed | slow slower slowly
early first initial begin start | late last final end
input | output
above over exceed | below under beneath
before earlier previous prior | after later next subsequent
vanish vanishing disappear | explode exploding blow
positive | negative
zero | nonzero one
linear | nonlinear non-linear
train training | test testing inference
forward | backward backwards
encoder | decoder
generator | discriminator
precision | recall
bias | variance
l1 lasso | l2 ridge
underfit underfitting | overfit overfitting
feedforward | recurrent
convex | nonconvex non-convex
same identical shared equal | different distinct separate
independent | dependent
local | global
add sum plus additive | multiply product times multiplicative
row rows | column columns
max maximum maximise maximize | min minimum minimise minimize
always all every | sometimes some rarely
with on enabled | without off disabled
supervised labelled labeled | unsupervised unlabelled unlabeled
sparse | dense
better improve help ease mitigate prevent cure | worse hurt harm worsen cause aggravate
deep deeper | shallow
single | many several multiple
periodic | aperiodic nonperiodic non-periodic
discrete | continuous
frequency | time
true right correct | false wrong incorrect
"""


def _pairs() -> dict[str, tuple[frozenset[str], ...]]:
    table: dict[str, list[frozenset[str]]] = {}
    for line in _OPPOSITES.strip().splitlines():
        left, right = (frozenset(stem(w) for w in side.split()) for side in line.split("|"))
        for word in left:
            table.setdefault(word, []).append(right)
        for word in right:
            table.setdefault(word, []).append(left)
    return {word: tuple(sides) for word, sides in table.items()}


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The English Snowball stem of a lower-cased word (Porter 2001)."""
    stemmed: str = _STEMMER.stemWord(word.lower())
    return stemmed


@lru_cache(maxsize=1)
def opposites() -> dict[str, tuple[frozenset[str], ...]]:
    """For a stem, the sets of stems that say the opposite."""
    return _pairs()
