"""What linting finds: a good question, broken in one place at a time."""

import pytest

from grader.authoring.lint import Finding, example_score, lint, lint_question
from grader.bank.catalog import INDEX, Catalog, write_index
from grader.bank.rubrics import load_rubric
from grader.engine.costs import points_off
from tests.support.own_bank import ENTRY, REFERENCE, RUBRIC, good_question, write_question


@pytest.fixture
def catalog(own_folders):
    """A catalog that holds the good question alone."""
    write_question(good_question(), *own_folders)
    return Catalog([own_folders[0]], [own_folders[1]])


def test_a_good_question_leaves_nothing_to_mend(catalog):
    assert lint(catalog, ["tea"]) == []


def test_a_question_without_a_contrast_set_is_good_too(catalog, own_folders):
    (own_folders[1] / "tea.contrast.yaml").unlink()
    assert lint(catalog, ["tea"]) == []


def shorten_the_reference(parts):
    parts["entry"]["references"][0] = " ".join(REFERENCE.split()[:79])


def lengthen_the_reference(parts):
    parts["entry"]["references"].append(" ".join(["word"] * 201))


def state_the_corrected_claim(parts):
    parts["entry"]["references"][0] += " TEA is boiled\nfor an hour."


def leave_two_key_points(parts):
    parts["rubric"]["key_points"].pop()
    del parts["contrast"]["key_points"]["take-out"]
    for example in parts["rubric"]["examples"]:
        del example["verdicts"]["take-out"]


def make_nine_key_points(parts):
    for i in range(6):
        point = {"id": f"more-{i}", "points": 1, "claim": f"Claim {i}."}
        parts["rubric"]["key_points"].append(point)
        parts["contrast"]["key_points"][point["id"]] = parts["contrast"]["key_points"]["steep"]
        for example in parts["rubric"]["examples"]:
            example["verdicts"][point["id"]] = "covered"


def leave_seven_examples(parts):
    parts["rubric"]["examples"].pop()


def hold_out_one_example_too_few(parts):
    parts["rubric"]["examples"][0]["holdout"] = False


def hold_out_one_example_too_many(parts):
    parts["rubric"]["examples"][7]["holdout"] = True


def expect_more_than_the_labels_give(parts):
    parts["rubric"]["examples"][3]["verdicts"]["boiling-water"] = "missing"


def expect_less_than_the_labels_give(parts):
    parts["rubric"]["examples"][3]["score"] = [0.2, 0.99]


def forget_what_a_misconception_costs(parts):
    parts["rubric"]["examples"][3]["misconceptions"] = ["boil-long"]


def leave_open_what_a_misconception_excludes(parts):
    del parts["rubric"]["misconceptions"][0]["against"]


def drop_a_statement(section, id_, kind):
    def drop(parts):
        parts["contrast"][section][id_][kind].pop()

    return drop


def repeat_a_statement(parts):
    covered = parts["contrast"]["key_points"]["steep"]["covered"]
    covered[1] = covered[0].upper()


@pytest.mark.parametrize(
    ("spoil", "file", "problem"),
    [
        (shorten_the_reference, "tea.yaml", "references[0] has 79 words; write 80 to 200"),
        (lengthen_the_reference, "tea.yaml", "references[1] has 201 words; write 80 to 200"),
        (
            state_the_corrected_claim,
            "tea.yaml",
            "references[0] holds a claim that 'not-an-hour' corrects",
        ),
        (leave_two_key_points, "tea.yaml", "has 2 key points; write 3 to 8"),
        (make_nine_key_points, "tea.yaml", "has 9 key points; write 3 to 8"),
        (leave_seven_examples, "tea.yaml", "has 7 examples; write at least 8"),
        (
            hold_out_one_example_too_few,
            "tea.yaml",
            "marks 1 of 8 examples holdout; mark a quarter",
        ),
        (
            hold_out_one_example_too_many,
            "tea.yaml",
            "marks 3 of 8 examples holdout; mark a quarter",
        ),
        (
            expect_more_than_the_labels_give,
            "tea.yaml",
            "example 'good-3': its labels give 0.50, outside its range 0.9 to 1",
        ),
        (
            expect_less_than_the_labels_give,
            "tea.yaml",
            "example 'good-3': its labels give 1.00, outside its range 0.2 to 0.99",
        ),
        (
            forget_what_a_misconception_costs,
            "tea.yaml",
            "example 'good-3': its labels give 0.50, outside its range 0.9 to 1",
        ),
        (
            leave_open_what_a_misconception_excludes,
            "tea.yaml",
            "misconception 'boil-long' does not say which key points it excludes: "
            "write against: [ids], or against: [] if none",
        ),
        (
            drop_a_statement("key_points", "steep", "covered"),
            "tea.contrast.yaml",
            "'steep' has 5 distinct covered statements; write at least 6",
        ),
        (
            drop_a_statement("key_points", "take-out", "contradicted"),
            "tea.contrast.yaml",
            "'take-out' has 5 distinct contradicted statements; write at least 6",
        ),
        (
            drop_a_statement("key_points", "boiling-water", "near"),
            "tea.contrast.yaml",
            "'boiling-water' has 3 distinct near statements; write at least 4",
        ),
        (
            drop_a_statement("misconceptions", "boil-long", "asserted"),
            "tea.contrast.yaml",
            "'boil-long' has 4 distinct asserted statements; write at least 5",
        ),
        (
            drop_a_statement("misconceptions", "boil-long", "denied"),
            "tea.contrast.yaml",
            "'boil-long' has 2 distinct denied statements; write at least 3",
        ),
        (
            repeat_a_statement,
            "tea.contrast.yaml",
            "'steep' has 5 distinct covered statements; write at least 6",
        ),
    ],
)
def test_each_fault_is_found_alone_and_in_its_file(catalog, own_folders, spoil, file, problem):
    bank, rubrics = own_folders
    parts = good_question()
    spoil(parts)
    write_question(parts, bank, rubrics)
    folder = bank if problem.startswith("references") else rubrics
    assert lint(catalog, ["tea"]) == [Finding(folder / file, problem)]


def add_an_unknown_id(parts):
    parts["contrast"]["key_points"]["nonsense"] = parts["contrast"]["key_points"]["steep"]


def name_another_question(parts):
    parts["contrast"]["question"] = "coffee"


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (add_an_unknown_id, "key_points: must name the rubric's key_points, each once"),
        (name_another_question, "question: is for 'coffee', not 'tea'"),
    ],
)
def test_a_contrast_set_that_does_not_fit_its_rubric_is_found(catalog, own_folders, spoil, problem):
    parts = good_question()
    spoil(parts)
    write_question(parts, *own_folders)
    (finding,) = lint(catalog, ["tea"])
    assert finding.file == own_folders[1] / "tea.contrast.yaml"
    assert finding.problem.startswith(problem)


def test_a_contrast_set_that_breaks_its_format_is_found_with_its_line(catalog, own_folders):
    file = own_folders[1] / "tea.contrast.yaml"
    file.write_text("question: tea\nkey_points: {}\ncolour: red\n")
    assert lint(catalog, ["tea"]) == [Finding(file, "colour: unknown key", 3)]


def test_a_rubric_that_breaks_its_format_is_found_once_with_its_own_file(catalog, own_folders):
    file = own_folders[1] / "tea.yaml"
    file.write_text(RUBRIC.replace("version: 1", "version: 1\ncolour: red"))
    (finding,) = lint(catalog, ["tea"])
    assert str(finding) == f"{file}:3: colour: unknown key"


def test_an_entry_that_breaks_its_format_is_found_once_among_others(catalog, own_folders):
    bank, rubrics = own_folders
    for folder, text in ((bank, ENTRY), (rubrics, RUBRIC)):
        other = text.replace("id: tea", "id: chai").replace("question: tea", "question: chai")
        (folder / "chai.yaml").write_text(other.replace("black tea", "chai"))
    broken = bank / "tea.yaml"
    broken.write_text("level: expert\n" + ENTRY.replace("level: junior\n", ""))
    findings = lint(catalog, ["chai", "tea"])
    assert [f for f in findings if f.file == broken] == [
        Finding(broken, "level: must be 'junior', 'mid' or 'senior'", 1)
    ]
    assert Finding(rubrics / "chai.yaml", "has 2 key points; write 3 to 8") in findings


def test_a_correction_of_a_claim_that_stands_nowhere_is_found(catalog, own_folders):
    parts = good_question()
    parts["rubric"]["corrections"][0]["claim"] = "Tea is fried."
    write_question(parts, *own_folders)
    (finding,) = lint(catalog, ["tea"])
    assert finding.file == own_folders[1] / "tea.yaml"
    assert "the claim that 'not-an-hour' corrects stands nowhere" in finding.problem


def test_a_rubric_for_another_question_is_found(catalog, own_folders):
    file = own_folders[1] / "tea.yaml"
    file.write_text(RUBRIC.replace("question: tea", "question: coffee"))
    assert lint(catalog, ["tea"]) == [Finding(file, "question: is for 'coffee', not 'tea'")]


def test_an_entry_without_a_rubric_is_found(catalog, own_folders):
    (own_folders[1] / "tea.yaml").unlink()
    (finding,) = lint(catalog, ["tea"])
    assert finding.file == own_folders[0] / "tea.yaml"
    assert finding.problem == "has no rubric: write tea.yaml in the rubrics folder"


def test_a_question_that_is_not_there_is_found(catalog):
    (finding,) = lint_question(catalog, "coffee")
    assert finding.problem.startswith("no question 'coffee' in the bank")


@pytest.mark.parametrize("alias", ["Black Tea", "black-tea", "tea"])
def test_an_alias_that_belongs_to_another_question_is_found(catalog, own_folders, alias):
    bank, _ = own_folders
    ours = ENTRY.replace("id: tea", "id: tea-again").replace("[black tea]", f"['{alias}']")
    (bank / "tea-again.yaml").write_text(ours)
    assert lint(catalog, ["tea"]) == [
        Finding(bank / "tea-again.yaml", f"alias '{alias}' belongs to 'tea' already")
    ]


def test_an_alias_may_be_the_questions_own_slug(catalog, own_folders):
    parts = good_question()
    parts["entry"]["aliases"] = ["Tea", "tea?"]
    write_question(parts, *own_folders)
    assert lint(catalog, ["tea"]) == []


def test_an_index_that_is_out_of_date_is_found(catalog, own_folders):
    bank, _ = own_folders
    write_index(bank)
    assert lint(catalog, []) == []
    (bank / "tea.yaml").write_text(ENTRY)
    [finding] = lint(catalog, [])
    assert finding == Finding(bank / INDEX, f"is out of date: run: grade bank index {bank}")


def test_only_the_questions_named_are_checked(catalog, own_folders):
    (own_folders[1] / "tea.yaml").write_text(RUBRIC)
    assert lint(catalog, []) == []
    assert lint(catalog, ["tea"]) != []


def test_the_score_of_an_example_is_what_its_labels_earn_less_what_they_cost(own_folders):
    rubric = load_rubric(own_folders[1] / "tea.yaml")
    (example,) = rubric.examples

    def score(boiling_water, steep, *misconceptions):
        verdicts = {"boiling-water": boiling_water, "steep": steep}
        changed = {"verdicts": verdicts, "misconceptions": misconceptions}
        return example_score(rubric, example.model_copy(update=changed))

    assert score("covered", "covered") == 1
    assert score("partial", "missing") == pytest.approx(1 / 3)
    assert score("covered", "contradicted", "boil-long") == pytest.approx((2 - points_off(1)) / 3)
    assert score("covered", "covered", "boil-long") == pytest.approx((3 - points_off(1)) / 3)
    assert score("missing", "missing", "boil-long") == 0


# ── all at once ─────────────────────────────────────────────────────────────


def problems(folders):
    return {(f.file.name, f.problem) for f in lint_question(Catalog(*map(listed, folders)), "tea")}


def listed(folder):
    return [folder]


def test_all_faults_of_all_files_are_told_at_once(own_folders):
    parts = good_question()
    parts["entry"] |= {"colour": "red", "level": "wizard", "prompt": ""}
    parts["rubric"]["key_points"][0]["points"] = -2
    parts["rubric"]["examples"][0]["kind"] = "odd"
    parts["contrast"] |= {"shape": "round"}
    parts["contrast"]["key_points"]["steep"] = {"covered": []}
    write_question(parts, *own_folders)
    assert problems(own_folders) >= {
        ("tea.yaml", "colour: unknown key"),
        ("tea.yaml", "level: must be 'junior', 'mid' or 'senior'"),
        ("tea.yaml", "prompt: must not be empty"),
        ("tea.yaml", "key_points[0].points: must be greater than 0"),
        ("tea.contrast.yaml", "shape: unknown key"),
        ("tea.contrast.yaml", "key_points.steep.contradicted: this key is missing"),
        ("tea.contrast.yaml", "key_points.steep.near: this key is missing"),
    }
    assert any("examples[0].kind: must be" in problem for _, problem in problems(own_folders))


def test_a_broken_entry_does_not_hide_what_is_wrong_with_the_rubric(own_folders):
    parts = good_question()
    parts["entry"]["level"] = "wizard"
    parts["rubric"]["examples"].pop()
    write_question(parts, *own_folders)
    found = {problem for _, problem in problems(own_folders)}
    assert "has 7 examples; write at least 8" in found
    assert any(problem.startswith("level: ") for problem in found)


def test_all_corrections_that_match_nothing_are_told(own_folders):
    parts = good_question()
    [first] = parts["rubric"]["corrections"]
    parts["rubric"]["corrections"] = [
        {**first, "id": "one", "claim": "Nowhere."},
        {**first, "id": "two", "claim": "Nowhere either."},
        {**first, "id": "three", "source": "none"},
    ]
    write_question(parts, *own_folders)
    found = [problem for _, problem in problems(own_folders) if "corrections[" in problem]
    assert len(found) == 3


def test_all_labels_that_fit_nothing_are_told(own_folders):
    parts = good_question()
    parts["rubric"]["examples"][0]["verdicts"] = {"boiling-water": "covered"}
    parts["rubric"]["examples"][1]["misconceptions"] = ["nobody"]
    write_question(parts, *own_folders)
    [(_, problem)] = [p for p in problems(own_folders) if "example 'good-0'" in p[1]]
    assert "example 'good-1': unknown misconception: nobody" in problem


def test_the_faults_of_several_questions_are_told_at_once(own_folders):
    bank, rubrics = own_folders
    for slug in ("green", "red"):
        (bank / f"{slug}.yaml").write_text(f"id: {slug}\nwrong: 1\n")
        (rubrics / f"{slug}.yaml").write_text(f"question: {slug}\nversion: 0\n")
    found = lint(Catalog([bank], [rubrics]), ["green", "red"])
    told = {(f.file.parent.name, f.file.name, f.problem) for f in found}
    for slug in ("green", "red"):
        for problem in ("prompt: this key is missing", "wrong: unknown key"):
            assert (bank.name, f"{slug}.yaml", problem) in told
        for problem in ("key_points: this key is missing", "version: must be at least 1"):
            assert (rubrics.name, f"{slug}.yaml", problem) in told
    assert len(told) == len(found), "nothing is told twice"
