"""What the reader learns from: who may be learnt from, and what changes no verdict."""

import random

import numpy as np
import pytest

from training.answers.marked import HERE, FieldRubric, field_files, names, read

pytest.importorskip("torch")

from training.reader.batches import (
    CONTRADICTED,
    COVERED,
    MISSING,
    Asked,
    Reading,
)
from training.reader.domain import (
    Statement,
    Subject,
    among_others,
    one_turned,
    other_wordings,
    reworded,
)

KEPT = ("dev unseen", "held out")
SAME_QUESTION = 0.7
"""Cosine of prompts that ask the same: the two that did had .79 and .91, all others below .66."""
SUBJECT = Subject(
    "tea",
    (("Green tea is steeped below boiling.", "Not with boiling water."), ("Black tea is dried.",)),
    2,
    (
        Statement("Eighty degrees will do for green tea.", "covered", 0),
        Statement("Pour boiling water on green tea.", "contradicted", 0),
        Statement("Tea grows in Assam.", "near", 1),
    ),
    (),
)
ANSWER = "Don't boil it. Black tea is fermented."
READING = Reading(
    ANSWER,
    (
        Asked("Green tea is steeped below boiling.", COVERED, ((0, 14),)),
        Asked("Black tea is dried.", CONTRADICTED, ((15, 38),)),
    ),
)


def test_every_rubric_has_one_part_and_none_of_a_field_never_seen_is_learnt():
    parts = {p: set(field_files(p)) for p in ("taught", "dev", "dev unseen", "held out")}
    assert sum(map(len, parts.values())) == len(set.union(*parts.values()))
    assert {p: len(files) for p, files in parts.items() if p != "taught"} == {
        "dev": 20,
        "dev unseen": 20,
        "held out": 38,
    }
    taught = {file.parent.name for file in parts["taught"]}
    assert not taught & {file.parent.name for file in parts["dev unseen"] | parts["held out"]}
    assert {f.parent.name for f in parts["held out"]} == names(HERE / "fields" / "held-out.txt")


def test_no_question_that_is_kept_is_asked_in_what_is_learnt(grader):
    taught = [read(file, FieldRubric).prompt for file in field_files("taught")]
    kept = [read(f, FieldRubric).prompt for p in KEPT for f in field_files(p)]
    kept += [grader.question(slug).prompt for slug in sorted(names(HERE / "bank" / "held-out.txt"))]
    alike = grader.encoder.encode(kept) @ grader.encoder.encode(taught).T
    found = {kept[i]: taught[j] for i, j in zip(*np.nonzero(alike > SAME_QUESTION), strict=True)}
    assert found == {}


def test_a_claim_is_worded_as_what_covers_it_and_never_as_what_does_not():
    assert other_wordings(SUBJECT, 0) == [
        "Not with boiling water.",
        "Eighty degrees will do for green tea.",
    ]
    assert other_wordings(SUBJECT, 1) == []


@pytest.mark.parametrize("seed", range(20))
def test_other_wordings_keep_verdicts_and_spans(seed):
    other = reworded(SUBJECT, READING, random.Random(seed))  # noqa: S311
    assert [(a.label, a.spans) for a in other.asked] == [(a.label, a.spans) for a in READING.asked]
    assert other.asked[0].claim in {READING.asked[0].claim, *other_wordings(SUBJECT, 0)}
    assert other.asked[1].claim == READING.asked[1].claim


def test_beside_another_answer_the_same_words_decide():
    seen = set()
    for seed in range(60):
        mixed = among_others(READING, "Bread needs yeast.", random.Random(seed))  # noqa: S311
        seen.add(mixed.answer)
        for before, after in zip(READING.asked, mixed.asked, strict=True):
            [(start, end)], [(first, last)] = before.spans, after.spans
            assert mixed.answer[first:last] == ANSWER[start:end]
            assert (after.claim, after.label) == (before.claim, before.label)
    other = "Bread needs yeast."
    assert seen == {ANSWER, f"{ANSWER}\n{other}", f"{other}\n{ANSWER}"}


def test_of_one_point_the_words_are_changed_for_some_that_contradict_it():
    error = Asked("Green tea is black tea.", MISSING)
    reading = Reading(ANSWER, (*READING.asked, error))
    near = [frozenset()] * 3
    turned = one_turned(SUBJECT, reading, near, random.Random(0))  # noqa: S311
    assert turned.answer == "Pour boiling water on green tea. Black tea is fermented."
    assert [(a.claim, a.label) for a in turned.asked] == [
        ("Green tea is steeped below boiling.", CONTRADICTED),
        ("Black tea is dried.", CONTRADICTED),
    ]
    said = [turned.answer[start:end] for a in turned.asked for start, end in a.spans]
    assert said == ["Pour boiling water on green tea.", "Black tea is fermented."]


def test_what_the_new_words_may_touch_is_not_asked():
    near = [frozenset(), frozenset({1}), frozenset()]
    turned = one_turned(SUBJECT, READING, near, random.Random(0))  # noqa: S311
    assert [a.claim for a in turned.asked] == ["Green tea is steeped below boiling."]


def test_where_nothing_is_covered_nothing_is_turned():
    missing = Reading("No idea.", (Asked("Green tea is steeped below boiling.", MISSING),))
    assert one_turned(SUBJECT, missing, [frozenset()] * 3, random.Random(0)) is None  # noqa: S311
