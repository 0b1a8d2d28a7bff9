"""Masking what tells who wrote an answer, before it is sent, and unmasking quotes of it.

Runs here, without a model or a download: links and e-mail addresses by linkify-it-py, phone
numbers by phonenumbers, given names by the lists of Faker.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

from grader.errors import MissingExtraError, SettingsError
from grader.reading.lexicon import FUNCTION_WORDS
from grader.reading.text import words
from grader.records import Question

_EXTRA = "redact"
_NAME_LISTS = ("first_names", "first_names_male", "first_names_female", "first_names_nonbinary")
_WORD = re.compile(r"[^\W\d_]+")


class _Found(NamedTuple):
    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with placeholders, and what stood in their places."""

    text: str
    originals: Mapping[str, str]

    def restore(self, quote: str) -> str:
        """A quote of the text with what stood in the places of its placeholders."""
        if not self.originals:
            return quote
        originals = {p.casefold(): original for p, original in self.originals.items()}
        placeholder = re.compile("|".join(map(re.escape, self.originals)), re.IGNORECASE)
        return placeholder.sub(lambda match: originals[match.group().casefold()], quote)


class Redactor:
    """Masks e-mail addresses, links, phone numbers and given names."""

    def __init__(self, region: str) -> None:
        """Load the lists.

        Args:
            region: the country of phone numbers that name none, such as ``US``.

        Raises:
            MissingExtraError: a library is not installed.
            SettingsError: there is no such country.
        """
        phonenumbers = _library("phonenumbers", "phonenumbers")
        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise SettingsError(f"llm_phone_region = '{region}': name a country, such as US")
        self._numbers = phonenumbers.PhoneNumberMatcher
        self._region = region
        self._links = _library("linkify_it", "linkify-it-py").LinkifyIt()
        self._names = given_names()

    def redact(self, answer: str, question: Question) -> Redacted:
        """The answer with placeholders such as ``[NAME_1]``, the same for the same words.

        Names that the question or its rubric uses (Adam, Xavier) are knowledge and stay.
        """
        placeholders: dict[tuple[str, str], str] = {}
        parts, position = [], 0
        for found in _without_overlaps(self._find(answer, question)):
            original = answer[found.start : found.end]
            placeholder = placeholders.setdefault(
                (found.kind, original), _unused(found.kind, answer, placeholders.values())
            )
            parts += [answer[position : found.start], placeholder]
            position = found.end
        text = "".join([*parts, answer[position:]])
        return Redacted(text, {p: original for (_, original), p in placeholders.items()})

    def _find(self, answer: str, question: Question) -> Iterator[_Found]:
        for link in self._links.match(answer) or ():
            kind = "EMAIL" if link.schema == "mailto:" else "LINK"
            yield _Found(link.index, link.last_index, kind)
        for number in self._numbers(answer, self._region):
            yield _Found(number.start, number.end, "PHONE")
        known = FUNCTION_WORDS | _vocabulary(question)
        for match in _WORD.finditer(answer):
            if match.group() in self._names and match.group().casefold() not in known:
                yield _Found(match.start(), match.end(), "NAME")


@lru_cache(maxsize=1)
def given_names() -> frozenset[str]:
    """Given names of many countries, written as names are.

    Raises:
        MissingExtraError: Faker is not installed.
    """
    person = _library("faker.providers.person", "Faker")
    names: set[str] = set()
    for module in iter_modules(person.__path__, "faker.providers.person."):
        provider = getattr(import_module(module.name), "Provider", None)
        for kind in _NAME_LISTS:
            listed = getattr(provider, kind, ())
            names.update(listed if isinstance(listed, (tuple, list, Mapping)) else ())
    return frozenset(name for name in names if name[:1].isupper())


def _vocabulary(question: Question) -> frozenset[str]:
    texts = [question.prompt, *(r.text for r in question.references)]
    for k in question.key_points:
        texts += [k.claim, *k.also_accept, *k.partial]
    for m in question.misconceptions:
        texts += [m.claim, *m.also_phrased, m.correction, m.why]
    return frozenset(w.casefold() for text in texts for w in words(text))


def _without_overlaps(found: Iterable[_Found]) -> Iterator[_Found]:
    """The longest of those that begin first."""
    position = 0
    for span in sorted(found, key=lambda f: (f.start, -f.end)):
        if span.start >= position:
            yield span
            position = span.end


def _unused(kind: str, answer: str, used: Iterable[str]) -> str:
    taken = set(used)
    n = 1
    while (name := f"[{kind}_{n}]") in taken or name.casefold() in answer.casefold():
        n += 1
    return name


def _library(module: str, package: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(package, _EXTRA) from error
