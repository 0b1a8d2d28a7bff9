"""Bank, rubric and contrast files: strict, with errors that name file, line and key."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from grader.bank.entries import load_entry, patch_sources
from grader.bank.records import Rubric
from grader.bank.rubrics import build_question, load_contrast, load_rubric
from grader.bank.schemas import SCHEMAS, schema_text
from grader.bank.yaml_records import build_record, parse
from grader.errors import CorrectionError, DataFileError
from grader.resources import schema_file
from tests.support.own_bank import ENTRY, ROOT, RUBRIC


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "problem"),
    [
        ("version: 1\n", "version: 1\ncolour: red\n", 3, "colour", "unknown key"),
        ("points: 2", "points: 0", 5, "key_points[0].points", "must be greater than 0"),
        ("points: 2", "points: -1", 5, "key_points[0].points", "must be greater than 0"),
        ("id: steep", "id: boiling-water", 1, "", "duplicate key point id: boiling-water"),
        ("kind: strong", "kind: nice", 28, "examples[0].kind", "must be 'strong'"),
        ("steep: covered", "steep: perhaps", 30, "examples[0].verdicts.steep", "must be 'covered'"),
        (", steep: covered}", "}", 1, "", "example 'good': verdicts must name every key point"),
        ("id: steep", "id: Steep it", 8, "key_points[1].id", "must be lower-case words"),
        ("points: 2", "points: 2\n    points: 3", 6, "key_points[0].points", "given twice"),
        ("version: 1", "version: one", 2, "version", "valid integer"),
        ("question: tea", "question: [", 3, "", "not valid YAML"),
        ("question: tea\n", "", 1, "question", "missing"),
        ("cost: 1", "cost: 0", 14, "misconceptions[0].cost", "must be greater than 0"),
        ("score: [0.9, 1.0]", "score: [1.0, 0.9]", 27, "examples[0]", "[lowest, highest]"),
        ("severity: 3", "severity: 4", 25, "corrections[0].severity", "must be at most 3"),
        (
            "claim: The leaves steep for a few minutes.",
            "claim: ''",
            10,
            "key_points[1].claim",
            "must not be empty",
        ),
    ],
)
def test_a_faulty_rubric_is_one_line_with_file_line_and_key(tmp_path, old, new, line, key, problem):
    assert old in RUBRIC
    file = write(tmp_path, "tea.yaml", RUBRIC.replace(old, new, 1))
    with pytest.raises(DataFileError) as caught:
        load_rubric(file)
    error = caught.value
    assert (error.line, error.key) == (line, key)
    assert problem in str(error)
    assert str(error).startswith(f"{file}:{line}: ")
    assert "\n" not in str(error)


def test_a_file_that_is_empty_binary_or_missing_is_a_clear_error(tmp_path):
    for name, data in (("a.yaml", b""), ("b.yaml", b"\xff\xfe\x00"), ("c.yaml", b"- 1\n")):
        file = tmp_path / name
        file.write_bytes(data)
        with pytest.raises(DataFileError, match=name):
            load_rubric(file)
    with pytest.raises(DataFileError, match="can't be read"):
        load_rubric(tmp_path / "none.yaml")


def test_an_entry_must_bear_its_files_name(tmp_path):
    with pytest.raises(DataFileError, match=r"rename the file to tea\.yaml"):
        load_entry(write(tmp_path, "coffee.yaml", ENTRY))


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("claim: Tea is boiled for an hour.\n    now", "claim: Tea is fried.\n    now", "nowhere"),
        ('source: "book:1"', 'source: "book:2"', "does not have"),
    ],
)
def test_a_correction_that_matches_nothing_is_an_error(own_folders, old, new, found):
    bank, rubrics = own_folders
    file = write(rubrics, "tea.yaml", RUBRIC.replace(old, new, 1))
    with pytest.raises(CorrectionError, match=found):
        build_question(load_entry(bank / "tea.yaml"), load_rubric(file), file)


def test_a_correction_that_matches_twice_is_an_error(own_folders):
    bank, rubrics = own_folders
    twice = ENTRY.replace("- Milk is optional.", "- TEA is boiled  for an hour.")
    entry, rubric = load_entry(write(bank, "tea.yaml", twice)), load_rubric(rubrics / "tea.yaml")
    with pytest.raises(CorrectionError, match=r"stands 2 times"):
        build_question(entry, rubric, rubrics / "tea.yaml")


def test_a_correction_replaces_the_claim_and_nothing_else(own_folders):
    bank, rubrics = own_folders
    entry, rubric = load_entry(bank / "tea.yaml"), load_rubric(rubrics / "tea.yaml")
    (source,) = patch_sources(entry, rubric, rubrics / "tea.yaml")
    assert source.claims == ("Tea steeps for three minutes.", "Milk is optional.")
    question = build_question(entry, rubric, rubrics / "tea.yaml")
    assert not any("hour" in reference.text for reference in question.references)


def test_the_digest_of_a_question_follows_its_content(own_folders):
    bank, rubrics = own_folders
    file = rubrics / "tea.yaml"
    entry, rubric = load_entry(bank / "tea.yaml"), load_rubric(file)
    other = rubric.model_copy(update={"version": 2})
    first, same = (build_question(entry, r, file).digest for r in (rubric, other))
    assert first == same, "a version number alone changes no grade"
    key_points = (rubric.key_points[0].model_copy(update={"points": 3.0}), rubric.key_points[1])
    changed = rubric.model_copy(update={"key_points": key_points})
    assert build_question(entry, changed, file).digest != first


def test_python_tags_make_no_objects(tmp_path):
    data, _ = parse("a: !!python/object/apply:os.system [ls]", tmp_path / "x.yaml")
    assert data == {"a": ["ls"]}


CLAIM = "claim: Boiling water is poured over the tea leaves."


@pytest.mark.parametrize(
    ("new", "key", "problem"),
    [
        ("claim: 2024-13-45", "key_points[0].claim", "is not a valid timestamp"),
        ("claim: !!int abc", "key_points[0].claim", "is not a valid int"),
        ("claim: !!int ''", "key_points[0].claim", "is not a valid int"),
        (f"claim: {'1' * 5000}", "key_points[0].claim", "is not a valid int"),
        ("claim: !!float abc", "key_points[0].claim", "is not a valid float"),
        (f"claim: {'59:' * 400}1.5", "key_points[0].claim", "is not a valid float"),
        ("claim: !!bool abc", "key_points[0].claim", "is not a valid bool"),
        ("claim: !!timestamp abc", "key_points[0].claim", "is not a valid timestamp"),
        ("claim: !!seq abc", "", "expected a sequence"),
        ("claim: !<a%0Ab> abc", "", "could not determine a constructor"),
        ("? [a, b]\n    : c", "key_points[0]", "a key must be text"),
        ("? {a: b}\n    : c", "key_points[0]", "a key must be text"),
        ("2024-01-01: c", "key_points[0]", "a key must be text"),
        ("!!int abc: c", "key_points[0]", "is not a valid int"),
        ("claim: &a [*a ]", None, "an alias stands within what it names"),
        ("claim: &a {b: *a }", None, "an alias stands within what it names"),
        (f"claim: {'[' * 600}{']' * 600}", "", "nested more than 50 deep"),
        (f"claim: {'[' * 200_000}", "", "nested more than 50 deep"),
        (f"claim:\n     {'- ' * 600}a", "", "nested more than 50 deep"),
    ],
)
def test_what_yaml_reads_wrongly_is_one_line_with_file_and_line(tmp_path, new, key, problem):
    assert CLAIM in RUBRIC
    file = write(tmp_path, "tea.yaml", RUBRIC.replace(CLAIM, new, 1))
    with pytest.raises(DataFileError) as caught:
        load_rubric(file)
    error = caught.value
    assert problem in error.problem
    assert error.line == (7 if "\n     -" in new else 6)
    assert key is None or error.key == key
    assert "\n" not in str(error)


def test_a_value_may_be_named_and_used_again(tmp_path):
    data, _ = parse("a: &a [x, y]\nb: *a\n", tmp_path / "x.yaml")
    assert data == {"a": ["x", "y"], "b": ["x", "y"]}


def test_names_that_stand_for_more_and_more_are_refused_before_they_fill_the_memory(tmp_path):
    doubled = "".join(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 9)}]\n" for i in range(9))
    with pytest.raises(DataFileError, match="more than 100,000 values"):
        parse(f"a0: &a0 [x]\n{doubled}", tmp_path / "x.yaml")


PIECES = ["!!int ", "!!bool ", "!!seq ", "!<a%0A> ", "? ", "&a ", "*a ", "<<: ", "a: ", "- ", "\n "]
PIECES += ["[", "]", "{", "}", ", ", "2024-13-45", "1:2", ".nan", "0x", "null", "'", '"', "\n"]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join))
@example('"a\nb": 1\n"a\nb": 2')
@example("null: 1\nnull: 2")
@example("a: \0")
def test_any_text_that_is_no_rubric_is_one_clear_line(text):
    with pytest.raises(DataFileError) as caught:
        build_record(*parse(text, Path("x.yaml")), Path("x.yaml"), Rubric)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", sorted(SCHEMAS))
@pytest.mark.newest
def test_the_schemas_that_are_checked_in_are_those_of_the_records(name):
    assert schema_file(name).read_text(encoding="utf-8") == schema_text(name)


def test_every_bundled_file_fits_its_schema_and_names_it():
    validators = {
        name: jsonschema.Draft202012Validator(json.loads(schema_file(name).read_text()))
        for name in ("bank-entry", "rubric", "contrast-set")
    }
    for file in [*(ROOT / "bank").rglob("*.yaml"), *(ROOT / "rubrics").rglob("*.yaml")]:
        folder, *deeper = file.relative_to(ROOT).parts[:-1]
        name = (
            "bank-entry"
            if folder == "bank"
            else "contrast-set"
            if file.name.endswith(".contrast.yaml")
            else "rubric"
        )
        text = file.read_text(encoding="utf-8")
        up = "../" * (1 + len(deeper))
        first = f"# yaml-language-server: $schema={up}grader/schemas/{name}.schema.json"
        assert text.splitlines()[0] == first, file
        validators[name].validate(yaml.load(text, yaml.CSafeLoader))


def test_a_contrast_set_must_name_the_rubrics_ids(own_folders):
    from grader.bank.rubrics import check_contrast

    _, rubrics = own_folders
    file = write(
        rubrics,
        "tea.contrast.yaml",
        "question: tea\nkey_points:\n  steep: {covered: [a], contradicted: [b], near: [c]}\n",
    )
    with pytest.raises(DataFileError, match="boiling-water"):
        check_contrast(load_contrast(file), load_rubric(rubrics / "tea.yaml"), file)
