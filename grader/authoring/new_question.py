"""Empty bank entries and rubrics with comments, to start a question of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from grader.bank.records import ExampleKind
from grader.errors import OutputError
from grader.files import make_folder, write_whole
from grader.resources import schema_file

KINDS: Mapping[ExampleKind, str] = MappingProxyType(
    {
        "strong": "says everything that is asked for, in plain prose",
        "telegraphic": "says it in notes, symbols and formulas",
        "half": "says about half of it",
        "vague": "talks about the subject and states no fact",
        "reversed": "turns the facts round, fluently",
        "source_error": "repeats a known error, a misconception of yours",
        "keyword_list": "lists terms and says nothing of them",
        "off_topic": "answers something else altogether",
        "poor_english": "is right, with mistakes of grammar and spelling",
        "neighbour": "answers a related question instead",
        "verbose": "is right, and says it at length",
    }
)
"""The kinds of example that a rubric may hold, and what each is."""

_ENTRY = """\
# yaml-language-server: $schema={schema}
id: "{id}"
prompt: What is asked, as a full question?
# Other names that people would type.
aliases: []
topic: general
# junior, mid or senior
level: mid
# What published answers claim, each claim by itself, errors included; a correction in the
# rubric replaces a wrong one.
sources: []
# Model answers of your own, 80 to 200 words.
references:
  - Write a model answer here.
"""

_RUBRIC = """\
# yaml-language-server: $schema={schema}
question: "{id}"
version: 1
scale:
  pass_score: 0.6
# 3 to 8 claims, each a single fact, with the points that it is worth.
key_points:
  - id: first
    points: 2
    claim: Say one fact that a good answer states.
    # Genuinely different statements that earn the same.
    also_accept: []
    # Statements that are worth half.
    partial: []
    # true for what the question does not ask: it makes up for other points.
    bonus: false
# Known errors, how grave they are, and what is right.
misconceptions:
  - id: common-error
    claim: Say what people get wrong.
    also_phrased: []
    # How grave it is beside the other errors, in points; a fitted multiple is taken off.
    cost: 1
    correction: Say what is right.
    why: Say why the claim is wrong.
    authority: Name a textbook section or a paper.
    # Key points that nobody can say together with this error.
    against: [first]
# Patches to wrong claims of the bank entry's sources.
corrections: []
# Answers with the marks that they should get: 'grade bank test {id}' holds the grader to them.
examples:
  - id: strong-1
    # One of these:
{kinds}
    kind: strong
    # true for one in four: examples that nothing is fitted on, so that they can test it.
    holdout: false
    answer: Write an answer here.
    # covered, partial, missing or contradicted, for every key point
    verdicts: {{first: covered}}
    misconceptions: []
    score: [0.8, 1.0]
"""


def write_templates(slug: str, bank: Path, rubrics: Path) -> tuple[Path, Path]:
    """Write an entry and a rubric to fill in, and make their folders where there are none.

    Raises:
        OutputError: a file exists already, or a folder can't be written.
    """
    files = (bank / f"{slug}.yaml", rubrics / f"{slug}.yaml")
    kinds = "\n".join(f"    #   {kind}: {what}" for kind, what in KINDS.items())
    texts = (
        _ENTRY.format(id=slug, schema=schema_file("bank-entry")),
        _RUBRIC.format(id=slug, schema=schema_file("rubric"), kinds=kinds),
    )
    for file in files:
        if file.exists():
            raise OutputError(f"{file}: exists already: choose another name")
    for file in files:
        try:
            make_folder(file.parent)
        except OutputError as error:
            raise OutputError(f"{file}: can't be written: {error}") from error
    for file, text in zip(files, texts, strict=True):
        write_whole(file, text)
    return files
