"""A cosine is told beside the verdicts, of vectors that whoever wrote the encoder gave."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.bank.rubrics import question_from_reference
from grader.engine.similarity import nearest_reference, reference_vectors, text_vector
from grader.reading.canonical import read
from grader.records import Reference

WORDS = "net layer gate loss step data unit rate".split()


class Counting:
    """Counts eight words: a text without any points where no other does."""

    name = "counting"

    def encode(self, texts):
        rows = [[*(t.lower().count(w) for w in WORDS), 0.1] for t in texts]
        vectors = np.array(rows, dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def near(answer, *references):
    question = question_from_reference("Water boils at a hundred degrees.", "")
    texts = tuple(Reference(origin="model", text=text) for text in references)
    question = question.model_copy(update={"references": texts})
    reading = read(answer)
    vector = text_vector(reading, Counting().encode(reading.said))
    return nearest_reference(vector, reference_vectors(question, Counting()))


def test_the_nearest_reference_counts():
    assert near("The net has a gate.", "Loss by step.", "The net has a gate.") == 1
    assert near("The net has a gate.", "Loss by step.") < 0.1


def test_without_a_reference_there_is_none():
    assert near("The net has a gate.") is None
    assert near("The net has a gate.", "…") is None


def test_a_long_sentence_weighs_as_its_words_do():
    reading = read("Net net net net net net. Gate.")
    net, gate = text_vector(reading, Counting().encode(reading.said))[[0, 2]]
    assert net / gate == pytest.approx(6, rel=0.01)


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=40), st.sampled_from([". ", ";\n"]))
def test_it_is_a_cosine_and_that_of_the_same_text_is_one(parts, mark):
    text = mark.join(f"the {part} is" for part in parts)
    assert -1 <= near(text, "A net and its gate.") <= 1
    assert near(text, text) == pytest.approx(1, abs=1e-4)


def test_a_grade_tells_both_and_the_points_alone_have_evidence(grader):
    question = grader.question("dropout")
    answer = "During training each unit is switched off at random. The network is an ensemble then."
    grade = grader.grade(answer, "dropout")
    assert "contradicts_itself" not in grade.flags
    said = read(answer).said
    vectors = dict(zip(said, grader.encoder.encode(said), strict=True))
    assert 0 < grade.similarity < 1
    wordings = {k.id: (k.claim, *k.also_accept) for k in question.key_points}
    for point in grade.key_points:
        if point.evidence is None:
            assert point.similarity is None
            continue
        here = vectors[read(point.evidence.text).whole]
        cosines = grader.encoder.encode(wordings[point.id]) @ here
        assert point.similarity == pytest.approx(float(cosines.max()), abs=0.02)
    assert grade.to_dict()["similarity"] == grade.similarity
    [own] = grader.grade_many([question.references[0].text], "dropout")
    assert own.similarity == pytest.approx(1, abs=1e-3)


def test_points_without_evidence_of_their_own_have_none():
    from grader.engine.scoring import without_contradictions
    from grader.records import (
        Evidence,
        KeyPoint,
        KeyPointResult,
        Misconception,
        MisconceptionResult,
    )

    question = question_from_reference("Water boils at a hundred degrees.", "")
    error = Misconception(
        id="m", claim="c", cost=1, correction="r", why="w", authority="a", against=("k",)
    )
    question = question.model_copy(
        update={
            "key_points": (KeyPoint(id="k", points=1, claim="c"),),
            "misconceptions": (error,),
        }
    )
    point = KeyPointResult("k", "c", "covered", 1, 1, 0.9, Evidence("x", 0, 1), similarity=0.8)
    stated = MisconceptionResult("m", "c", "asserted", 1, 0.9, Evidence("y", 2, 3), "r", "w", "a")
    [excluded] = without_contradictions(question, [point], [stated])
    assert (excluded.evidence, excluded.similarity) == (stated.evidence, None)
    [kept] = without_contradictions(question, [point], [replace(stated, verdict="absent")])
    assert kept.similarity == point.similarity
