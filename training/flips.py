"""A claim turned round in one word, or said again in another: pairs that differ by little.

Contrast statements were written to differ in many words. A short answer differs from a
claim in one: *ReLU causes vanishing gradients* has all the words of the claim that ReLU eases
them but the one that matters. Rules make such pairs from the wordings of the bank's claims:

- a verb, adjective or preposition replaced by its opposite, or *not* put in or taken out: the
  text contradicts the claim;
- a word replaced by another of the same meaning, or the claim in a frame that affirms it
  (with *not* in some): the text says the claim.

Both kinds must be as frequent: taught on opposites alone, the network took every claim with
one word changed for its contradiction.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence

_EASING = ("mitigate", "ease", "alleviate", "lessen", "counter", "curb")
_HINDERING = ("prevent", "avoid")
_CAUSING = ("cause", "worsen", "aggravate", "amplify", "create")
_RAISING = ("increase", "raise", "enlarge")
_LOWERING = ("reduce", "decrease", "lower", "diminish")
_OPPOSED: Sequence[tuple[Sequence[str], Sequence[str]]] = (
    (_EASING, _CAUSING),
    (_HINDERING, _CAUSING),
    (_CAUSING, (*_EASING, *_HINDERING)),
    (_RAISING, _LOWERING),
    (_LOWERING, (*_RAISING, "worsen", "amplify")),
    (("improve", "enhance"), ("worsen", "degrade", "harm")),
    (("worsen", "degrade", "harm"), ("improve", "enhance")),
    (("help",), ("hurt", "hinder")),
    (("hurt", "hinder"), ("help",)),
    (("accelerate",), ("delay", "hinder")),
    (("minimise", "minimize"), ("maximise",)),
    (("maximise", "maximize"), ("minimise",)),
    (("shrink", "vanish", "decay"), ("grow", "explode")),
    (("grow", "explode"), ("shrink", "vanish", "decay")),
    (("converge",), ("diverge",)),
    (("diverge",), ("converge",)),
    (("add",), ("remove", "subtract")),
    (("remove", "drop", "discard"), ("add", "keep")),
    (("keep", "preserve", "retain"), ("lose", "discard")),
    (("encourage", "favour"), ("discourage", "penalise")),
    (("penalise", "penalize", "discourage"), ("encourage", "reward")),
    (("ignore", "neglect"), ("consider", "use")),
    (("need", "require"), ("avoid",)),
    (("start", "begin"), ("end", "stop")),
)
_ALIKE: Sequence[Sequence[str]] = (
    _EASING,
    _RAISING,
    _LOWERING,
    ("prevent", "avoid"),
    ("improve", "enhance"),
    ("worsen", "degrade"),
    ("keep", "preserve", "retain"),
    ("remove", "discard"),
    ("need", "require"),
    ("start", "begin"),
)
_SAME_MEANING: Sequence[Sequence[str]] = (
    ("network", "net"),
    ("networks", "nets"),
    ("neuron", "unit"),
    ("neurons", "units"),
    ("examples", "samples"),
    ("example", "sample"),
    ("big", "large"),
    ("small", "little"),
    ("many", "numerous", "lots of"),
    ("use", "employ"),
    ("uses", "employs"),
    ("shows", "demonstrates"),
    ("needs", "requires"),
    ("get", "obtain"),
    ("gets", "obtains"),
    ("allows", "permits"),
    ("compute", "calculate"),
    ("computes", "calculates"),
    ("often", "frequently"),
    ("usually", "generally", "typically"),
    ("because", "since"),
    ("so", "thus", "hence"),
    ("quickly", "rapidly"),
    ("choose", "pick", "select"),
    ("chosen", "picked", "selected"),
    ("each", "every"),
    ("whole", "entire"),
    ("only", "just", "solely"),
    ("difficult", "hard", "tough"),
    ("easy", "simple"),
    ("part", "portion"),
    ("several", "multiple"),
    ("method", "technique", "approach"),
    ("methods", "techniques", "approaches"),
    ("image", "picture"),
    ("images", "pictures"),
    ("number", "count"),
    ("gradient", "derivative"),
    ("gradients", "derivatives"),
    ("loss", "cost"),
    ("step", "iteration"),
    ("zero", "0"),
    ("one", "1"),
    ("randomly", "at random"),
    ("sets", "puts"),
    ("too", "overly"),
    ("gives", "yields"),
    ("produces", "generates"),
    ("represents", "stands for"),
    ("updates", "adjusts"),
    ("updated", "adjusted"),
    ("combines", "merges"),
    ("split", "divided"),
    ("makes", "renders"),
    ("must", "has to"),
    ("can", "is able to"),
    ("such", "of this kind"),
    ("during", "in"),
    ("weights", "parameters"),
    ("features", "attributes"),
    ("labels", "targets"),
    ("errors", "mistakes"),
    ("layer", "stage"),
    ("called", "named"),
    ("about", "roughly"),
    ("until", "till"),
    ("same", "identical"),
    ("different", "other"),
    ("data", "observations"),
)
_OTHER_WORDS: Mapping[str, Sequence[str]] = {
    "more": ("less",),
    "less": ("more",),
    "fewer": ("more",),
    "higher": ("lower",),
    "high": ("low",),
    "low": ("high",),
    "larger": ("smaller",),
    "large": ("small",),
    "big": ("small",),
    "bigger": ("smaller",),
    "small": ("large", "big"),
    "smaller": ("larger", "bigger"),
    "faster": ("more slowly",),
    "fast": ("slow",),
    "slow": ("fast",),
    "slower": ("faster",),
    "easier": ("harder",),
    "easy": ("hard",),
    "hard": ("easy",),
    "better": ("worse",),
    "worse": ("better",),
    "long": ("short",),
    "short": ("long",),
    "deep": ("shallow",),
    "shallow": ("deep",),
    "wide": ("narrow",),
    "narrow": ("wide",),
    "many": ("few",),
    "few": ("many",),
    "before": ("after",),
    "after": ("before",),
    "first": ("last",),
    "last": ("first",),
    "early": ("late",),
    "late": ("early",),
    "with": ("without",),
    "without": ("with",),
    "all": ("none of the", "only some"),
    "every": ("no",),
    "same": ("opposite",),
    "different": ("same", "identical"),
    "positive": ("negative",),
    "negative": ("positive",),
    "linear": ("non-linear",),
    "non-linear": ("linear",),
    "nonlinear": ("linear",),
    "training": ("test",),
    "test": ("training",),
    "input": ("output",),
    "output": ("input",),
    "forward": ("backward",),
    "backward": ("forward",),
    "encoder": ("decoder",),
    "decoder": ("encoder",),
    "bias": ("variance",),
    "variance": ("bias",),
    "precision": ("recall",),
    "recall": ("precision",),
    "rows": ("columns",),
    "columns": ("rows",),
    "labelled": ("unlabelled",),
    "unlabelled": ("labelled",),
    "supervised": ("unsupervised",),
    "unsupervised": ("supervised",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "above": ("below",),
    "below": ("above",),
    "against": ("along",),
    "overfitting": ("underfitting",),
    "underfitting": ("overfitting",),
    "increasing": ("decreasing",),
    "decreasing": ("increasing",),
    "stable": ("unstable",),
    "unstable": ("stable",),
    "cheap": ("expensive",),
    "expensive": ("cheap",),
    "possible": ("impossible",),
    "impossible": ("possible",),
    "useful": ("useless",),
    "useless": ("useful",),
    "always": ("never",),
    "never": ("always",),
    "cannot": ("can",),
}
_AFFIRMED = (
    "It is true that {}.",
    "I would say that {}.",
    "As far as I remember, {}.",
    "Nobody denies that {}.",
    "It would not be right to deny that {}.",
    "Not everybody knows it, but {}.",
    "There is no doubt that {}.",
    "The main thing here: {}.",
)
_DENIED = (
    "It is not true that {}.",
    "It is a mistake to think that {}.",
    "Some say that {}, and they are wrong.",
    "People used to believe that {}; that has been refuted.",
    "I doubt the claim that {}: the opposite holds.",
    "That {} is a myth.",
)
_AUXILIARY = re.compile(r"\b(is|are|was|were|can|will|should|must|may|could|would)\b( not\b)?")


def _forms(verb: str) -> dict[str, str]:
    """The inflections of a regular verb: its base, ``s``, ``ing`` and ``ed``."""
    irregular = {
        "grow": "grew",
        "keep": "kept",
        "lose": "lost",
        "begin": "began",
        "hurt": "hurt",
        "shrink": "shrank",
    }
    doubled = {"begin": "beginn", "drop": "dropp", "stop": "stopp"}
    stem = doubled.get(verb, verb.removesuffix("e"))
    if re.search("[^aeiou]y$", verb):
        third, past = verb[:-1] + "ies", verb[:-1] + "ied"
    else:
        third, past = verb + ("es" if verb.endswith("sh") else "s"), stem + "ed"
    past = irregular.get(verb, past)
    return {"base": verb, "s": third, "ing": stem + "ing", "ed": past}


def _table(groups: Sequence[tuple[Sequence[str], Sequence[str]]]) -> dict[str, tuple[str, ...]]:
    """Each inflected word with what it may be replaced by, in the same inflection."""
    table: dict[str, tuple[str, ...]] = {}
    for here, there in groups:
        for verb in here:
            for form, word in _forms(verb).items():
                others = tuple(_forms(other)[form] for other in there if other != verb)
                table[word] = table.get(word, ()) + others
    return table


_TURNED = {**_OTHER_WORDS, **_table(_OPPOSED)}
_RESAID = _table([(group, group) for group in _ALIKE]) | {
    word: tuple(other for other in group if other != word)
    for group in _SAME_MEANING
    for word in group
}
_THIRD = {_forms(v)["s"]: v for here, _ in _OPPOSED for v in here}


def turned_round(claim: str, chance: random.Random) -> str | None:
    """The claim with one word replaced by its opposite; None if no rule fits."""
    return _replaced(claim, _TURNED, chance)


def said_again(claim: str, chance: random.Random) -> str | None:
    """The claim with one word replaced by another of the same meaning; None if no rule fits."""
    return _replaced(claim, _RESAID, chance)


def negated(claim: str, chance: random.Random) -> str | None:
    """The claim with *not* put in or taken out; None if no rule fits."""
    ways: list[Callable[[], str]] = [
        lambda m=m: claim[: m.start()] + (m[1] if m[2] else f"{m[1]} not") + claim[m.end() :]
        for m in _AUXILIARY.finditer(claim)
    ][:1]
    ways += [
        lambda m=m: f"{claim[: m.start()]}does not {_THIRD[m[0]]}{claim[m.end() :]}"
        for m in re.finditer(r"\w+", claim)
        if m[0] in _THIRD
    ][:1]
    return chance.choice(ways)() if ways else None


def affirmed(claim: str, chance: random.Random) -> str:
    """The claim in a frame that affirms it."""
    return chance.choice(_AFFIRMED).format(_inner(claim))


def denied(claim: str, chance: random.Random) -> str:
    """The claim in a frame that denies it."""
    return chance.choice(_DENIED).format(_inner(claim))


def _inner(claim: str) -> str:
    """A claim as it stands within a sentence; names and abbreviations keep their capitals."""
    text = claim.rstrip(". ")
    return text if text[1:2].isupper() or not text[1:2].isalpha() else text[:1].lower() + text[1:]


def _replaced(claim: str, table: Mapping[str, Sequence[str]], chance: random.Random) -> str | None:
    found = [m for m in re.finditer(r"[\w-]+", claim) if table.get(m[0].lower())]
    if not found:
        return None
    match = chance.choice(found)
    word = chance.choice(list(table[match[0].lower()]))
    if match[0][:1].isupper():
        word = word[:1].upper() + word[1:]
    return claim[: match.start()] + word + claim[match.end() :]
