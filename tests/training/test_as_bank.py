import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from grader.authoring.lint import example_score
from grader.bank.records import Rubric
from training.answers import as_bank
from training.answers.marked import HERE, FieldRubric, read

FIELD = read(HERE / "fields" / "astronomy" / "seasons.yaml", FieldRubric)


def test_a_draft_keeps_verdicts_and_holds_the_score_that_they_give():
    rubric = Rubric.model_validate(as_bank.rubric_of(FIELD))
    assert [k.id for k in rubric.key_points] == [k.id for k in FIELD.key_points]
    by_text = {a.text.strip(): a for a in FIELD.answers}
    assert len(rubric.examples) == len({e.kind for e in rubric.examples}) == 7
    for example in rubric.examples:
        marked = by_text[example.answer]
        for verdict in ("covered", "partial", "contradicted"):
            named = {k for k, v in example.verdicts.items() if v == verdict}
            assert named == set(getattr(marked, verdict))
        assert set(example.misconceptions) == set(marked.stated)
        assert example.score[0] <= example_score(rubric, example) <= example.score[1]
        assert not example.holdout, "training reads these answers"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("one of the two", True),
        ("Only one of the two.", True),
        ("It's not the distance (without evidence).", True),
        ("A bare no.", True),
        ("One hemisphere leans towards the Sun.", False),
    ],
)
def test_a_markers_note_is_no_statement(text, note):
    assert as_bank.is_note(text) is note


SIGNS = st.characters(exclude_categories=["C", "Zl", "Zp"])
TEXTS = st.text(SIGNS, min_size=1, max_size=40).map(str.strip).filter(bool)


@given(
    st.fixed_dictionaries(
        {
            "id": st.from_regex(r"[a-z]{1,9}(-[a-z]{1,9})?", fullmatch=True),
            "prompt": TEXTS,
            "aliases": st.lists(TEXTS, max_size=2),
            "claims": st.lists(TEXTS, min_size=1, max_size=2),
            "key_points": st.lists(
                st.fixed_dictionaries({"points": st.integers(1, 9), "claim": TEXTS}), min_size=1
            ),
            "verdicts": st.just({"a": "covered", "b": "missing"}),
        }
    )
)
def test_what_is_written_is_read_as_it_was(data):
    text = as_bank.written(data, "rubric")
    wanted = {key: value for key, value in data.items() if value != []}
    assert yaml.load(text, yaml.CSafeLoader) == wanted
