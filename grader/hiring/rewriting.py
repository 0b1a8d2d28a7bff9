"""The same answer, said in another way: what it claims stays, only the way of speaking changes.

Pure, and the same for the same answer. Rules by word list, so that each can be read and none
touches a negation, a number or a term.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

_SIGN = re.compile(r"[.,](?!\w)|[;:!?()\[\]\"“”…—–]|(?<=\s)-(?=\s)")


def dictated(text: str) -> str:
    """Lower case, one line, no signs but those within words and numbers: as spoken."""
    return " ".join(_SIGN.sub(" ", text.lower()).split())


# ── spelling ────────────────────────────────────────────────────────────────

_STEMS = (
    "regular|normal|optim|general|organ|real|initial|minim|maxim|penal|standard|central|memor|"
    "special|summar|linear|util|vector|quant|random|recogn|emphas|parametr|character"
)
_BRITISH = re.compile(
    rf"\b(?:{_STEMS})(?:is)(?=e|ing|ation|ed|es)|\b(?:behavi|col|neighb|fav)our|\bmodelling|"
    r"\bcentre|\blabelled",
    re.IGNORECASE,
)
_AMERICAN = re.compile(
    rf"\b(?:{_STEMS})(?:iz)(?=e|ing|ation|ed|es)|\b(?:behavi|col|neighb|fav)or|"
    r"\bmodeling|\bcenter(?=s?\b)|\blabeled",
    re.IGNORECASE,
)


def american(text: str) -> str:
    """British spellings made American."""

    def respell(match: re.Match[str]) -> str:
        word = match.group()
        for british, other in (("our", "or"), ("is", "iz"), ("lling", "ling"), ("re", "er")):
            if word.endswith(british):
                return word[: -len(british)] + other
        return word.replace("lled", "led")

    return _BRITISH.sub(respell, text)


def british(text: str) -> str:
    """American spellings made British."""

    def respell(match: re.Match[str]) -> str:
        word = match.group()
        for other, spelled in (("or", "our"), ("iz", "is"), ("ling", "lling"), ("er", "re")):
            if word.endswith(other):
                return word[: -len(other)] + spelled
        return word.replace("led", "lled")

    return _AMERICAN.sub(respell, text)


def respelled(text: str) -> str:
    """The other spelling: American if the text has British words, else British."""
    other = american(text)
    return other if other != text else british(text)


# ── dialect ─────────────────────────────────────────────────────────────────

_DIALECT: Mapping[str, str] = MappingProxyType(
    {
        "because": "cos",
        "them": "'em",
        "of the": "o' the",
        "kind of": "kinda",
        "sort of": "sorta",
        "going to": "gonna",
        "want to": "wanna",
        "wants to": "wanna",
        "have to": "hafta",
        "has to": "hafta",
        "got to": "gotta",
        "a lot of": "a lotta",
        "is not": "ain't",
        "are not": "ain't",
        "isn't": "ain't",
        "aren't": "ain't",
        "you": "ya",
        "your": "yer",
        "and": "an'",
        "just": "jus'",
        "through": "thru",
        "though": "tho",
        "although": "altho",
        "nothing": "nothin'",
        "something": "somethin'",
        "anything": "anythin'",
        "everything": "everythin'",
        **{
            f"{stem}ing": f"{stem}in'"
            for stem in (
                *("us", "mak", "tak", "giv", "go", "do", "hav", "be", "com", "get", "look", "say"),
                *("tell", "keep", "work", "help", "try", "think", "know", "show", "put", "add"),
                *("multiply", "grow", "gett", "shrink", "turn", "switch", "chang"),
            )
        },
    }
)


def in_dialect(text: str) -> str:
    """Everyday words spelled as many speakers of English say them; terms stay as they are."""
    return _replaced(text, _DIALECT)


# ── clumsy English ──────────────────────────────────────────────────────────

_ARTICLE = re.compile(
    r"(?<![\w'’^_/\\=])(the|an|a(?=[ ]+(?-i:[a-z]{3,})))[ ]+([^\W\d_])(?=[^\W\d_])", re.IGNORECASE
)
_BEFORE_NO_NOUN = re.compile(r"(?:being|is|are|was|be|of|and|or|in|to)\b")
_VERBS = (
    "use make take give keep get show mean help need work become depend come go see let put grow "
    "shrink fall rise learn lead return add turn change multiply hold allow cause reduce increase "
    "avoid prevent choose compute update run stay follow happen look say tell know think try"
).split()
_CLUMSY: Mapping[str, str] = MappingProxyType(
    {
        "does not": "do not",
        "doesn't": "don't",
        "has": "have",
        "are": "is",
        "were": "was",
        "many": "much",
        "depends on": "depend of",
        "consists of": "consist in",
        "these": "this",
        "those": "that",
        **{_third_person: verb for verb in _VERBS for _third_person in (f"{verb}s", f"{verb}es")},
        "goes": "go",
        "multiplies": "multiply",
        "tries": "try",
    }
)


def clumsy(text: str) -> str:
    """English as many learners write it: no articles, verbs and nouns that don't agree.

    These are the commonest errors of learners in the NUCLE corpus (Dahlmeier, Ng and Wu 2013):
    articles, agreement of verbs, prepositions.
    """
    return _replaced(_ARTICLE.sub(_without_article, text), _CLUMSY)


def _without_article(match: re.Match[str]) -> str:
    article, first = match.groups()
    # "…, a being the output": a letter that stands for something is no article.
    if article.lower() == "a" and _BEFORE_NO_NOUN.match(match.string, match.start(2)):
        return match.group()
    return first.upper() if article[0].isupper() else first


# ── who speaks ──────────────────────────────────────────────────────────────

NAMES: tuple[tuple[str, str], ...] = (
    ("Emily Walsh (she/her)", "Jamal Jones (he/him)"),
    ("Greg Baker (he/him)", "Lakisha Washington (she/her)"),
    ("Meredith Sullivan (she/her)", "Darnell Robinson (he/him)"),
    ("Brendan Murphy (he/him)", "Tamika Williams (she/her)"),
)
"""First and last names of Bertrand and Mullainathan 2004 (Am. Econ. Rev. 94:991), who sent out the
same applications under names that are common among white and among Black Americans; here each
pair differs in sex, too."""
_PRONOUNS: Mapping[str, str] = MappingProxyType(
    {
        "he": "she",
        "she": "he",
        "him": "her",
        "his": "her",
        "hers": "his",
        "himself": "herself",
        "herself": "himself",
        "her": "his",
    }
)
_MORE = re.compile(r"\s+\w")  # "her model" is his, "of her." is him


def introduced(text: str, name: str) -> str:
    """The answer of somebody who says who they are."""
    return f"I am {name}. {text}"


def other_pronouns(text: str) -> str:
    """He for she and she for he."""

    def swap(match: re.Match[str]) -> str:
        word = match.group()
        is_object = word.lower() == "her" and not _MORE.match(match.string, match.end())
        return _like(word, "him" if is_object else _PRONOUNS[word.lower()])

    return _pattern(_PRONOUNS).sub(swap, text)


def _replaced(text: str, table: Mapping[str, str]) -> str:
    pattern = _pattern(table)
    return pattern.sub(lambda m: _like(m.group(), table[m.group().lower()]), text)


def _pattern(table: Mapping[str, str]) -> re.Pattern[str]:
    longest_first = "|".join(map(re.escape, sorted(table, key=len, reverse=True)))
    return re.compile(rf"(?<![\w'’-])(?:{longest_first})(?![\w'’-])", re.IGNORECASE)


def _like(old: str, new: str) -> str:
    """The new word, begun with a capital if the old one is."""
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


WAYS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "clumsy English": clumsy,
        "dialect": in_dialect,
        "British or American spelling": respelled,
        "dictated": dictated,
    }
)
"""The rewritings that are compared with the answer itself."""
SWAPPED = "names and pronouns"
"""The one that compares two speakers."""
