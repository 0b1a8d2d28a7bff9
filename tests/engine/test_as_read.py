"""Claims are read as answers are, and shown as they were written."""

from grader.bank.rubrics import question_from_reference
from grader.engine.as_read import question_as_read

LATEX = r"Precision is $\frac{TP}{TP+FP}$. Recall is $\frac{TP}{TP+FN}$."


def test_claims_prompt_and_reference_have_their_formulas_in_one_way():
    question = question_from_reference(LATEX, "Define precision, with α ≠ β?")
    read = question_as_read(question)
    assert [k.claim for k in read.key_points] == [
        "Precision is TP/(TP + FP).",
        "Recall is TP/(TP + FN).",
    ]
    assert read.prompt == "Define precision, with alpha != beta?"
    assert read.references[0].text == "Precision is TP/(TP + FP). Recall is TP/(TP + FN)."
    assert read.digest == question.digest


def test_a_formula_gets_the_same_verdicts_in_text_latex_and_code(grader):
    ways = (
        "Precision = TP/(TP+FP). Recall = TP/(TP+FN).",
        r"Precision $= \frac{TP}{TP+FP}$. Recall $= \frac{TP}{TP+FN}$.",
        "Precision = `TP / (TP + FP)`. Recall = `TP / ( TP + FN )`.",
    )
    text, latex, code = grader.grade_many(ways, "precision-recall")
    assert text.score > 0
    for other, way in ((latex, ways[1]), (code, ways[2])):
        found = [(k.verdict, k.probability) for k in other.key_points]
        assert found == [(k.verdict, k.probability) for k in text.key_points]
        assert {k.claim for k in other.key_points} == {k.claim for k in text.key_points}
        for point in other.key_points:
            if point.evidence:
                assert way[point.evidence.start : point.evidence.end] == point.evidence.text


def test_a_grade_shows_the_claim_as_it_was_written(grader):
    question = grader.custom_question(LATEX)
    [grade] = grader.grade_many(["Precision is TP/(TP+FP), as one says."], question)
    assert grade.key_points[0].claim == r"Precision is $\frac{TP}{TP+FP}$."
