"""Empty bank entries and rubrics with comments, to start a question of one's own."""

from __future__ import annotations

from pathlib import Path

from grader.errors import OutputError
from grader.resources import schema_file

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
# Known errors, what asserting them costs, and what is right.
misconceptions:
  - id: common-error
    claim: Say what people get wrong.
    also_phrased: []
    cost: 1
    correction: Say what is right.
    why: Say why the claim is wrong.
    authority: Name a textbook section or a paper.
# Patches to wrong claims of the bank entry's sources.
corrections: []
# Answers with the marks that they should get: 'grade bank test {id}' holds the grader to them.
examples:
  - id: strong-1
    kind: strong
    holdout: false
    answer: Write an answer here.
    # covered, partial, missing or contradicted, for every key point
    verdicts: {{first: covered}}
    misconceptions: []
    score: [0.8, 1.0]
"""


def write_templates(slug: str, bank: Path, rubrics: Path) -> tuple[Path, Path]:
    """Write an entry and a rubric to fill in.

    Raises:
        OutputError: a file exists already, or a folder can't be written.
    """
    files = (bank / f"{slug}.yaml", rubrics / f"{slug}.yaml")
    texts = (
        _ENTRY.format(id=slug, schema=schema_file("bank-entry")),
        _RUBRIC.format(id=slug, schema=schema_file("rubric")),
    )
    for file in files:
        if file.exists():
            raise OutputError(f"{file}: exists already: choose another name")
    for file, text in zip(files, texts, strict=True):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{file}: can't be written: {error.strerror}") from error
    return files
