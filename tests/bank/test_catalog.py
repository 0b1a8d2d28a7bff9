import json
import shutil

import pytest

from grader.bank import catalog as catalog_module
from grader.bank.catalog import INDEX, Catalog, index_is_fresh, write_index
from grader.errors import DataFileError, UnknownQuestionError
from grader.settings import Settings
from tests.support.own_bank import ENTRY, ROOT, RUBRIC


@pytest.fixture
def bundled():
    return Catalog.from_settings(Settings())


@pytest.mark.parametrize(
    "name",
    ["vanishing-gradient", "Vanishing Gradient", "VANISHING_gradient", "vanishing gradients"],
)
def test_a_question_is_found_by_slug_or_alias_however_spelt(bundled, name):
    assert bundled.resolve(name) == "vanishing-gradient"


@pytest.mark.parametrize("name", ["x" * 70_000, "é" * 300, "a/b", "../bank/dropout", "a\0b", ""])
def test_what_can_be_no_name_is_no_question(bundled, name):
    with pytest.raises(UnknownQuestionError) as caught:
        bundled.resolve(name)
    assert len(str(caught.value)) < 300


def test_a_near_miss_is_suggested(bundled):
    with pytest.raises(UnknownQuestionError, match="did you mean vanishing-gradient"):
        bundled.resolve("vanishing-gradeint")
    with pytest.raises(UnknownQuestionError, match="grade bank list"):
        bundled.resolve("xyzzy")


def test_the_second_bank_is_chosen_by_name_and_stands_alone(bundled):
    general = Catalog.from_settings(Settings(bank="general"))
    assert general.resolve("causes of the seasons") == "seasons"
    assert general.question("seasons").key_points
    assert not set(general.slugs()) & set(bundled.slugs())
    named = Catalog.from_settings(Settings(bank="deep-learning"))
    assert named.slugs() == bundled.slugs()


def test_an_unknown_question_is_told_which_other_bank_has_it(bundled):
    hint = "the bank 'general' has it: choose that one \\(--bank general\\)"
    with pytest.raises(UnknownQuestionError, match=hint) as caught:
        bundled.resolve("Causes of the Seasons")
    assert (caught.value.bank, caught.value.suggestions) == ("general", ())
    general = Catalog.from_settings(Settings(bank="general"))
    with pytest.raises(UnknownQuestionError, match="the bank 'deep-learning' has it"):
        general.question("dropout")
    with pytest.raises(UnknownQuestionError, match="did you mean seasons") as caught:
        general.resolve("saesons")
    assert caught.value.bank == ""


def test_own_rubrics_replace_those_of_the_bank_that_is_chosen(own_folders):
    _, rubrics = own_folders
    (rubrics / "seasons.yaml").write_text(
        RUBRIC.replace("question: tea", "question: seasons").partition("corrections:")[0]
    )
    catalog = Catalog.from_settings(Settings(bank="general", rubrics=rubrics))
    assert [k.id for k in catalog.question("seasons").key_points] == ["boiling-water", "steep"]


def test_search_puts_the_best_match_first(bundled):
    assert bundled.search("dropout")[0].id == "dropout"
    assert bundled.search("xyzzy") == []


def test_own_entries_add_to_the_bundled_ones(own_folders):
    bank, rubrics = own_folders
    catalog = Catalog.from_settings(Settings(bank=bank, rubrics=rubrics))
    assert catalog.resolve("black tea") == "tea"
    assert {"tea", "dropout"} <= set(catalog.slugs())


def test_own_entries_replace_the_bundled_ones(own_folders):
    bank, rubrics = own_folders
    (bank / "dropout.yaml").write_text(ENTRY.replace("id: tea", "id: dropout"))
    (rubrics / "dropout.yaml").write_text(RUBRIC.replace("question: tea", "question: dropout"))
    catalog = Catalog.from_settings(Settings(bank=bank, rubrics=rubrics))
    assert catalog.question("dropout").prompt == "How is black tea made?"


def test_an_entry_without_a_rubric_says_so(own_folders):
    bank, rubrics = own_folders
    (rubrics / "tea.yaml").unlink()
    with pytest.raises(DataFileError, match=r"write tea\.yaml in the rubrics folder"):
        Catalog([bank], [rubrics]).question("tea")


def test_a_question_reads_its_own_files_only(monkeypatch, bundled):
    opened = []
    original = catalog_module.load_entry
    monkeypatch.setattr(
        catalog_module, "load_entry", lambda file: opened.append(file) or original(file)
    )
    bundled.question("dropout")
    assert [f.name for f in opened] == ["dropout.yaml"]


def test_the_index_that_is_checked_in_is_fresh():
    for folder in ("bank", "bank/general"):
        assert index_is_fresh(ROOT / folder), f"run: grade bank index {folder}"


def test_a_stale_index_is_noticed_and_never_believed(tmp_path):
    folder = tmp_path / "bank"
    folder.mkdir()
    (folder / "tea.yaml").write_text(ENTRY)
    write_index(folder)
    assert index_is_fresh(folder)
    (folder / "tea.yaml").write_text(ENTRY.replace("black tea made", "green tea made"))
    shutil.copy(folder / "tea.yaml", folder / "cha.yaml")
    (folder / "cha.yaml").write_text(ENTRY.replace("id: tea", "id: cha"))
    assert not index_is_fresh(folder)
    prompts = {s.id: s.prompt for s in Catalog([folder], []).summaries()}
    assert prompts == {"tea": "How is green tea made?", "cha": "How is black tea made?"}


def test_a_fresh_index_spares_the_reading(tmp_path, monkeypatch):
    folder = tmp_path / "bank"
    folder.mkdir()
    (folder / "tea.yaml").write_text(ENTRY)
    write_index(folder)
    monkeypatch.setattr(catalog_module, "load_entry", lambda _: pytest.fail("was read"))
    assert [s.id for s in Catalog([folder], []).summaries()] == ["tea"]


def test_a_damaged_index_is_passed_over(tmp_path):
    folder = tmp_path / "bank"
    folder.mkdir()
    (folder / "tea.yaml").write_text(ENTRY)
    write_index(folder)
    row = json.loads((folder / INDEX).read_text())["tea.yaml"]
    without = {name: value for name, value in row.items() if name != "topic"}
    damaged = [{**row, "colour": "red"}, without, {**row, "aliases": 3}, {**row, "prompt": None}]
    rows = [{"tea.yaml": row} for row in [3, [], None, {"sha256": "0"}, *damaged]]
    texts = ["{", "", "[]", "3", "[" * 100_000, "\xff", *map(json.dumps, rows)]
    for text in texts:
        (folder / INDEX).write_text(text, encoding="latin-1")
        assert [s.prompt for s in Catalog([folder], []).summaries()] == ["How is black tea made?"]
        assert not index_is_fresh(folder)
