"""Tools for whoever keeps a bank: overview, templates, cues, likeness, and their commands."""

import json
import shlex
import sys
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
import yaml

from grader.authoring.label_leaks import FOLDS, measure_cues
from grader.authoring.lint import Finding, alike, lint, lint_meaning
from grader.authoring.new_question import KINDS, write_templates
from grader.authoring.overview import (
    Counts,
    bank_page,
    count,
    count_by_topic,
    export_json,
    export_markdown,
    load_holdings,
)
from grader.bank.catalog import Catalog
from grader.bank.entries import load_entry
from grader.bank.records import BankEntry, ContrastSet, ExampleKind, Rubric
from grader.bank.rubrics import load_rubric
from grader.errors import InputError, MissingExtraError, OutputError
from grader.grading import Grader
from grader.resources import bank_folder
from grader.settings import Settings
from tests.support.command import grade, refused
from tests.support.own_bank import ENTRY, ROOT, RUBRIC, good_question, write_question
from tests.support.word_for_word import WordForWord

ARTICLE = """\
### 1. How is tea made?
Boil it for an hour. Add milk.

### 2. What is tea?

### 3. Explain tea
It is a drink.
"""


def add_question(folders, slug, *, topic):
    """A second question of the user's, as the first but for its names and topic."""
    bank, rubrics = folders
    entry = ENTRY.replace("id: tea", f"id: {slug}").replace("black tea", f"{slug} drink")
    (bank / f"{slug}.yaml").write_text(entry.replace("topic: kitchen", f"topic: {topic}"))
    (rubrics / f"{slug}.yaml").write_text(RUBRIC.replace("question: tea", f"question: {slug}"))


@pytest.fixture
def own(own_folders):
    """The options that name the user's folders."""
    return ["--bank", own_folders[0], "--rubrics", own_folders[1]]


@pytest.fixture
def holdings(own_folders):
    """The good question with its contrast set, and one without, of another topic."""
    write_question(good_question(), *own_folders)
    add_question(own_folders, "chai", topic="abroad")
    return load_holdings(Catalog([own_folders[0]], [own_folders[1]]), ["chai", "tea"])


# ── the overview ────────────────────────────────────────────────────────────


def test_everything_is_counted(holdings):
    chai, tea = holdings
    assert count([chai]) == Counts(
        questions=1, key_points=2, misconceptions=1, corrections=1, examples=1, statements=0
    )
    assert count([tea]) == Counts(
        questions=1, key_points=3, misconceptions=1, corrections=1, examples=8, statements=56
    )


def test_counts_by_topic_are_sorted_and_add_up(holdings):
    chai, tea = holdings
    counts = count_by_topic([tea, chai])
    assert list(counts) == ["abroad", "kitchen", "all"]
    assert counts["abroad"] == count([chai])
    assert counts["kitchen"] == count([tea])
    assert counts["all"].key_points == 5
    assert counts["all"].questions == 2


def test_the_sources_of_a_holding_are_the_corrected_ones(holdings):
    assert holdings[0].entry.sources[0].claims[0] == "Tea is boiled for an hour."
    assert holdings[0].sources[0].claims[0] == "Tea steeps for three minutes."


def test_the_json_export_holds_every_record_whole(holdings):
    rows = json.loads(export_json(holdings))
    for row, holding in zip(rows, holdings, strict=True):
        assert BankEntry.model_validate(row["entry"]) == holding.entry
        assert Rubric.model_validate(row["rubric"]) == holding.rubric
        assert [s["claims"] for s in row["corrected_sources"]] == [
            list(s.claims) for s in holding.sources
        ]
    assert rows[0]["contrast"] is None
    assert ContrastSet.model_validate(rows[1]["contrast"]) == holdings[1].contrast


def test_the_markdown_export_says_all_that_a_person_would_read(holdings):
    assert export_markdown(holdings[:1]) == (
        "## chai\n\nHow is black tea made?\n".replace("black tea", "chai drink") + "\n"
        "### Key points\n"
        "\n"
        "- (2) Boiling water is poured over the tea leaves.\n"
        "- (1) The leaves steep for a few minutes.\n"
        "\n"
        "### Misconceptions\n"
        "\n"
        "- (−2) Tea must be boiled for an hour. **Correct:** It steeps for three minutes. "
        "Source: ISO 3103\n"
        "\n"
        "### Corrections\n"
        "\n"
        "- **A cook book, page 1** (severity 3): Tea is boiled for an hour.\n"
        "  **Correct:** Tea steeps for three minutes. *It turns bitter.* Source: ISO 3103\n"
        "\n"
        "### Reference answer\n"
        "\n"
        "Pour boiling water over the leaves, let them steep for three minutes, then take them "
        "out.\n"
    )


def test_the_page_has_a_table_a_topic_and_then_the_corrections(holdings):
    page = bank_page(holdings)
    assert "2 questions, 5 key points, 2 misconceptions, 2 corrections, 9 examples" in page
    assert "from 1 (imprecise) to 3 (plainly wrong)" in page
    assert "one's own experience" not in page
    assert "| `tea` | junior | How is black tea made? | 3 | 1 | 8 |\n" in page
    heads = [line for line in page.splitlines() if line.startswith("#")]
    assert heads == [
        "# The bank",
        "## Questions",
        "### abroad",
        "### kitchen",
        "## Corrections",
        "### chai",
        "### tea",
    ]


def test_a_prompt_cannot_break_the_pages_table(own_folders):
    entry = ENTRY.replace("How is black tea made?", '"Tea | or\\ncoffee?"')
    (own_folders[0] / "tea.yaml").write_text(entry)
    holdings = load_holdings(Catalog([own_folders[0]], [own_folders[1]]), ["tea"])
    assert "| junior | Tea \\| or coffee? | 2 |" in bank_page(holdings)


@pytest.mark.parametrize(
    ("bank", "name"), [("deep-learning", "bank.md"), ("general", "bank-general.md")]
)
def test_the_page_of_a_bundled_bank_is_fresh(bank, name):
    catalog = Catalog([bank_folder("bank", bank)], [bank_folder("rubrics", bank)])
    page = bank_page(load_holdings(catalog, catalog.slugs()), bank)
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == page, f"run: grade bank page docs/{name} --bank {bank}"


# ── templates ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("slug", ["coffee", "42", "null", "2024-01-01"])
def test_the_templates_are_a_question_that_loads_and_leaves_only_its_size_to_mend(tmp_path, slug):
    files = write_templates(slug, tmp_path / "bank", tmp_path / "rubrics")
    assert files == (tmp_path / "bank" / f"{slug}.yaml", tmp_path / "rubrics" / f"{slug}.yaml")
    catalog = Catalog([tmp_path / "bank"], [tmp_path / "rubrics"])
    assert catalog.question(slug).id == slug
    assert [str(finding) for finding in lint(catalog, [slug])] == [
        f"{files[0]}: references[0] has 5 words; write 80 to 200",
        f"{files[1]}: has 1 key point; write 3 to 8",
        f"{files[1]}: has 1 example; write at least 8",
    ]


def test_the_templates_name_their_schemas(tmp_path):
    for file in write_templates("coffee", tmp_path / "bank", tmp_path / "rubrics"):
        first = file.read_text(encoding="utf-8").splitlines()[0]
        schema = first.removeprefix("# yaml-language-server: $schema=")
        jsonschema.validate(
            yaml.safe_load(file.read_bytes()), json.loads(Path(schema).read_bytes())
        )


@pytest.mark.parametrize("folder", [0, 1])
def test_a_template_never_replaces_a_file(own_folders, folder):
    other = own_folders[1 - folder] / "tea.yaml"
    other.unlink()
    before = (own_folders[folder] / "tea.yaml").read_text()
    with pytest.raises(OutputError, match=r"tea\.yaml: exists already"):
        write_templates("tea", *own_folders)
    assert (own_folders[folder] / "tea.yaml").read_text() == before
    assert not other.exists()


def test_a_template_that_cannot_be_written_names_its_file(tmp_path):
    (tmp_path / "bank").write_text("no folder")
    with pytest.raises(OutputError, match=r"coffee\.yaml: can't be written"):
        write_templates("coffee", tmp_path / "bank", tmp_path / "rubrics")


# ── cues ────────────────────────────────────────────────────────────────────


def contrast_sets(n, cue):
    """Contrast sets in which each statement holds ``cue(class)`` among words of no use."""

    def statements(kind):
        return [f"thing {i} {cue(kind)} other" for i in range(6)]

    key_point = {kind: statements(kind) for kind in ("covered", "contradicted", "near")}
    wrong = {kind: statements(kind) for kind in ("asserted", "denied")}
    data = {"question": "tea", "key_points": {"a": key_point}, "misconceptions": {"b": wrong}}
    return [ContrastSet.model_validate(data) for _ in range(n)]


def test_a_word_that_gives_the_label_away_is_a_cue():
    cues = measure_cues(contrast_sets(FOLDS, cue=lambda kind: f"sign{kind}"))
    assert [(c.task, c.accuracy, c.chance) for c in cues] == [
        ("covered, contradicted or near", 1.0, 1 / 3),
        ("covered or contradicted", 1.0, 1 / 2),
        ("asserted or denied", 1.0, 1 / 2),
    ]


def test_words_that_say_nothing_of_the_label_are_at_chance():
    for cue in measure_cues(contrast_sets(FOLDS, cue=lambda _: "sign")):
        assert cue.accuracy == pytest.approx(cue.chance)


@pytest.mark.parametrize("n", [0, FOLDS - 1])
def test_cues_of_too_few_questions_are_refused(n):
    with pytest.raises(InputError, match=f"at least {FOLDS} questions; here are {n}"):
        measure_cues(contrast_sets(n, cue=str))


def test_without_scikit_learn_the_command_to_install_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    with pytest.raises(MissingExtraError, match=r'pip install .*"scikit-learn\S*"'):
        measure_cues(contrast_sets(FOLDS, cue=str))


# ── what stands too close together ──────────────────────────────────────────


REFERENCE = "Put boiling water on the leaves, let them steep, take out what is left of them."


@pytest.fixture
def close(own_folders, grader):
    """What linting for meaning finds in the user's own question, which is changed first."""
    bank, rubrics = own_folders

    def findings(change_rubric=lambda _: None, references=(REFERENCE,)):
        entry, rubric = yaml.safe_load(ENTRY), yaml.safe_load(RUBRIC)
        entry["references"] = list(references)
        change_rubric(rubric)
        (bank / "tea.yaml").write_text(yaml.safe_dump(entry))
        (rubrics / "tea.yaml").write_text(yaml.safe_dump(rubric))
        ours = Grader(
            Settings(bank=bank, rubrics=rubrics), encoder=grader.encoder, verifier=WordForWord()
        )
        found = lint_meaning(ours, ["tea"])
        return [f for f in found if f.file.parent in own_folders]

    return findings


def test_a_question_whose_parts_differ_is_not_too_close(close):
    assert close() == []


def test_key_points_that_nearly_say_the_same_are_found(close, own_folders):
    def repeat(rubric):
        rubric["key_points"][1]["claim"] = "Boiling water is poured over tea leaves."

    (finding,) = close(repeat)
    assert finding.file == own_folders[1] / "tea.yaml"
    assert finding.problem.startswith("key points 'boiling-water' and 'steep' nearly say the same")


def test_a_key_point_that_no_model_answer_covers_is_found(close, own_folders):
    dry = "Put boiling water on the leaves."
    wanted = Finding(own_folders[1] / "tea.yaml", "key point 'steep' is covered by no model answer")
    assert close(references=[dry, dry + " Wait."]) == [wanted]
    assert close(references=[dry, "Let the leaves steep."]) == []


def test_without_a_model_answer_none_is_asked_to_cover_a_key_point(close):
    assert close(references=[]) == []


def test_prompts_that_are_nearly_the_same_are_found(close, own_folders):
    add_question(own_folders, "the-tea", topic="kitchen")
    file = own_folders[0] / "the-tea.yaml"
    file.write_text(
        file.read_text().replace("How is the-tea drink made?", "How is a black tea made?")
    )
    (finding,) = close()
    assert finding.file == file
    assert finding.problem.startswith("its prompt is nearly that of 'tea' (0.9")


def test_texts_are_alike_above_the_threshold_in_pairs(grader):
    texts = ["Tea is a drink.", "Dropout switches units off.", "Tea is a drink."]
    assert [(a, b) for a, b, _ in alike(grader, texts, 0.9)] == [(0, 2)]
    assert [(a, b) for a, b, _ in alike(grader, texts, -1)] == [(0, 1), (0, 2), (1, 2)]


# ── the commands ────────────────────────────────────────────────────────────


def test_stats_count_by_topic_and_the_topics_can_be_read(own_folders, own):
    add_question(own_folders, "chai", topic="a-topic-with-a-long-name")
    done = grade("bank", "stats", *own)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line}
    assert rows["kitchen"] == ["1", "2", "1", "1", "1", "0"]
    assert rows["a-topic-with-a-long-name"] == ["1", "2", "1", "1", "1", "0"]
    assert int(rows["all"][0]) == len(list((ROOT / "bank").glob("*.yaml"))) + 2


def test_export_writes_everything_by_the_files_ending(tmp_path, own):
    as_json, as_markdown = tmp_path / "all.json", tmp_path / "all.md"
    assert grade("bank", "export", as_json, *own).returncode == 0
    rows = {row["entry"]["id"]: row for row in json.loads(as_json.read_text(encoding="utf-8"))}
    assert rows["tea"]["rubric"]["key_points"][0]["id"] == "boiling-water"
    assert "dropout" in rows
    assert grade("bank", "export", as_markdown, *own).returncode == 0
    text = as_markdown.read_text(encoding="utf-8")
    assert {f"## {id_}" for id_ in rows} <= set(text.splitlines())


def test_an_export_that_exists_is_replaced_only_by_force(tmp_path, own):
    file = tmp_path / "all.json"
    file.write_text("mine")
    refused(grade("bank", "export", file, *own), "exists already", "--force")
    assert file.read_text() == "mine"
    assert grade("bank", "export", file, "--force", *own).returncode == 0
    assert json.loads(file.read_text(encoding="utf-8"))


def test_an_export_that_cannot_be_written_is_refused(tmp_path):
    refused(grade("bank", "export", tmp_path / "all.csv"), "must end in .json or .md")
    refused(grade("bank", "export", tmp_path / "none" / "all.md"), "there is no folder")
    (tmp_path / "folder.md").mkdir()
    refused(grade("bank", "export", tmp_path / "folder.md", "--force"), "is a folder")


def test_page_writes_the_overview_anew(tmp_path, own_folders, own):
    file = tmp_path / "bank.md"
    file.write_text("old")
    assert grade("bank", "page", file, *own).returncode == 0
    catalog = Catalog.from_settings(Settings(bank=own_folders[0], rubrics=own_folders[1]))
    page = bank_page(load_holdings(catalog, catalog.slugs()))
    assert file.read_text(encoding="utf-8") == page
    assert "### tea" in page


@pytest.mark.parametrize("command", [["stats"], ["export", "all.md"], ["page", "bank.md"]])
def test_a_faulty_rubric_is_one_line_and_leaves_no_file(tmp_path, own_folders, own, command):
    (own_folders[1] / "tea.yaml").write_text(RUBRIC.replace("points: 2", "points: -2"))
    refused(grade("bank", *command, *own), "tea.yaml:5: key_points[0].points")
    assert not list(tmp_path.glob("*.md"))
    refused(grade("bank", *command, "--bank", tmp_path / "none"), "no such folder")


def test_a_page_that_cannot_be_written_is_refused(tmp_path):
    refused(grade("bank", "page", tmp_path), "is a folder")
    refused(grade("bank", "page", tmp_path / "none" / "bank.md"), "there is no folder")


def test_new_writes_a_question_that_can_be_shown(own_folders, own):
    done = grade("bank", "new", "green-tea", *own)
    assert done.returncode == 0, done.stderr
    files = [folder / "green-tea.yaml" for folder in own_folders]
    assert done.stdout.splitlines() == [f"wrote {file}" for file in files]
    assert "What is asked" in grade("bank", "show", "green-tea", *own).stdout


@pytest.mark.parametrize("slug", ["Green Tea", "../tea", "tea_", "", "a" * 81])
def test_new_refuses_what_is_not_a_slug(own, own_folders, slug):
    before = sorted(own_folders[0].parent.rglob("*"))
    refused(grade("bank", "new", slug, *own), f"'{slug}' is not a slug: write lower-case words")
    assert sorted(own_folders[0].parent.rglob("*")) == before


def test_new_needs_folders_of_ones_own_and_replaces_nothing(own_folders, own):
    refused(grade("bank", "new", "coffee"), "name your own folders", "--bank DIR --rubrics DIR")
    refused(grade("bank", "new", "coffee", "--bank", own_folders[0]), "name your own folders")
    refused(grade("bank", "new", "tea", *own), "tea.yaml: exists already")


@pytest.mark.parametrize("markup", ["markdown", "html"])
def test_import_writes_a_draft_a_question(tmp_path, markup):
    file, drafts = tmp_path / f"tea.{markup}", tmp_path / "new" / "drafts"
    html = ARTICLE.replace("### ", "</div><h2>").replace("\n", "</h2><div>")
    file.write_text(ARTICLE if markup == "markdown" else f"<body>{html}</div></body>")
    done = grade("bank", "import", file, "-o", drafts)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{drafts}: 3 drafts, 2 with an answer\n"
    entries = [load_entry(drafts / f"{slug}.yaml") for slug in ("tea-made", "tea", "tea-2")]
    assert [e.prompt for e in entries] == ["How is tea made?", "What is tea?", "Explain tea"]
    assert entries[0].sources[0].id == "tea:1"
    assert entries[0].sources[0].claims == ("Boil it for an hour.", "Add milk.")
    assert len(list(drafts.iterdir())) == 3


def test_import_refuses_what_it_cannot_read(tmp_path):
    file, output = tmp_path / "article.md", tmp_path / "drafts"
    refused(grade("bank", "import", file, "-o", output), "article.md: can't be read")
    file.write_bytes(b"\xff\xfe1")
    refused(grade("bank", "import", file, "-o", output), "is not UTF-8")
    file.write_text("Nothing is asked.")
    refused(grade("bank", "import", file, "-o", output), "holds no question: mark them as")
    assert not output.exists()


def test_import_refuses_an_output_that_is_no_new_folder(tmp_path):
    file, output = tmp_path / "article.md", tmp_path / "drafts"
    file.write_text(ARTICLE)
    refused(grade("bank", "import", file, "-o", tmp_path), "is not empty: name a new folder")
    refused(grade("bank", "import", file, "-o", file), "article.md: can't be written")
    refused(grade("bank", "import", file, "-o", file / "below"), "below: can't be written")
    output.mkdir()
    assert grade("bank", "import", file, "-o", output).returncode == 0


def test_lint_of_the_formats_alone_prints_what_is_to_mend_and_exits_with_1(own_folders, own):
    done = grade("bank", "lint", "tea", "--formats-only", *own)
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if str(own_folders[0].parent) in line]
    rubric = own_folders[1] / "tea.yaml"
    assert lines == [
        f"{own_folders[0] / 'tea.yaml'}: references[0] has 16 words; write 80 to 200",
        f"{rubric}: misconception 'boil-long' does not say which key points it excludes: "
        "write against: [ids], or against: [] if none",
        f"{rubric}: has 2 key points; write 3 to 8",
        f"{rubric}: has 1 example; write at least 8",
    ]
    assert done.stderr.startswith("1 question, ")


def test_lint_of_a_good_question_prints_nothing_and_exits_with_0(own_folders, own):
    write_question(good_question(), *own_folders)
    done = grade("bank", "lint", "tea", "--formats-only", *own)
    assert done.stdout == ""
    assert done.stderr == "1 question, 0 problems\n"
    assert done.returncode == 0


def test_lint_names_file_and_line_of_a_broken_file_and_goes_on(own_folders, own):
    (own_folders[0] / "tea.yaml").write_text("colour: red\n" + ENTRY)
    add_question(own_folders, "chai", topic="kitchen")
    done = grade("bank", "lint", "tea", "chai", "--formats-only", *own)
    assert done.returncode == 1, done.stderr
    assert f"{own_folders[0] / 'tea.yaml'}:1: colour: unknown key\n" in done.stdout
    assert f"{own_folders[1] / 'chai.yaml'}: has 2 key points; write 3 to 8\n" in done.stdout


def test_lint_refuses_what_it_does_not_know(tmp_path):
    refused(grade("bank", "lint", "dropuot", "--formats-only"), "did you mean dropout")
    refused(grade("bank", "lint", "--formats-only", "--bank", tmp_path / "none"), "no such folder")


def test_lint_measures_cues_where_there_are_enough_questions():
    five = ["dropout", "relu", "backpropagation", "batch-normalization", "classification"]
    done = grade("bank", "lint", *five, "--formats-only", "--cues")
    measured = [line for line in done.stdout.splitlines() if "bag of words" in line]
    assert [line.split(":")[0] for line in measured] == [
        "covered, contradicted or near",
        "covered or contradicted",
        "asserted or denied",
    ]
    done = grade("bank", "lint", "dropout", "--formats-only", "--cues")
    assert done.returncode == 2
    assert done.stderr.startswith("grade: 'covered, contradicted or near' can be measured on")


# ── the first question of one's own ─────────────────────────────────────────


def test_new_makes_the_folders_that_it_is_given(tmp_path):
    options = ("--bank", "my-bank", "--rubrics", "deep/my rubrics")
    done = grade("bank", "new", "my-question", *options)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "my-bank" / "my-question.yaml").is_file()
    assert (tmp_path / "deep" / "my rubrics" / "my-question.yaml").is_file()
    advice = done.stderr.strip().partition("check them with: grade ")[2]
    done = grade(*shlex.split(advice), "--formats-only")
    assert (done.returncode, "1 question, " in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize("way", ["environment", "grader.toml", "options"])
def test_new_takes_folders_that_are_not_there_from_wherever_they_are_named(tmp_path, way):
    env, options = {}, ()
    if way == "environment":
        env = {"GRADER_BANK": "b", "GRADER_RUBRICS": "r"}
    elif way == "options":
        options = ("--bank", "b", "--rubrics", "r")
    else:
        (tmp_path / "grader.toml").write_text("bank = 'b'\nrubrics = 'r'\n")
    assert grade("bank", "new", "tea", *options, env=env).returncode == 0
    assert (tmp_path / "b" / "tea.yaml").is_file()
    assert (tmp_path / "r" / "tea.yaml").is_file()
    assert grade("bank", "show", "tea", *options, env=env).returncode == 0


def test_new_writes_nothing_where_a_folder_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("mine")
    for rubrics in ("file", "file/below"):
        refused(grade("bank", "new", "tea", "--bank", "b", "--rubrics", rubrics), rubrics)
    refused(grade("bank", "new", "No Slug", "--bank", "b", "--rubrics", "r"), "is not a slug")
    assert [p.name for p in tmp_path.rglob("*.yaml")] == []
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["bank", "rubrics", "calibration"])
@pytest.mark.parametrize("there", [True, False])
def test_no_message_shows_a_path_as_python_does(tmp_path, name, there):
    path = tmp_path / "it's here"
    if there and name == "calibration":
        path.mkdir()
    elif there:
        path.write_text("x")
    done = grade("--text", "x y", "--q", "dropout", f"--{name}", path)
    refused(done, f"options: {name} = ", str(path))
    assert "Path(" not in done.stderr


def test_the_template_lists_every_kind_of_example(tmp_path):
    assert set(KINDS) == set(get_args(ExampleKind))
    grade("bank", "new", "tea", "--bank", "b", "--rubrics", "r")
    text = (tmp_path / "r" / "tea.yaml").read_text(encoding="utf-8")
    for kind, what in KINDS.items():
        assert f"    #   {kind}: {what}\n" in text
    assert load_rubric(tmp_path / "r" / "tea.yaml").examples[0].kind == "strong"
