import pytest
import yaml

from grader.authoring.disagreements import MODEL, audit
from grader.grading import Grader
from tests.support.command import grade

WRONG = "At test time the neurons are dropped at random as well, exactly as in training."


@pytest.fixture
def folders(tmp_path):
    """The dropout question with one more source, which is wrong about test time."""
    source = Grader().catalog
    bank, rubrics = tmp_path / "bank", tmp_path / "rubrics"
    bank.mkdir()
    rubrics.mkdir()
    entry = yaml.safe_load(source.entry_file("dropout").read_text(encoding="utf-8"))
    entry["sources"].append({"id": "blog:1", "where": "a blog", "claims": [WRONG]})
    (bank / "dropout.yaml").write_text(yaml.safe_dump(entry), encoding="utf-8")
    rubric = source.load("dropout")[2]
    (rubrics / "dropout.yaml").write_text(rubric.read_text(encoding="utf-8"), encoding="utf-8")
    return bank, rubrics


def test_a_wrong_source_is_set_against_another(folders):
    bank, rubrics = folders
    found = audit(Grader(bank=bank, rubrics=rubrics), "dropout")
    blog = [d for d in found if d.claim.origin == "blog:1"]
    assert "active-at-test" in {d.about for d in blog}
    assert {d.claim.text for d in blog} == {WRONG}
    assert "blog:1" not in {d.against.origin for d in blog}
    assert all(d.probability > 0.5 for d in found)
    assert not any(d.corrected for d in blog)
    assert [d.probability for d in found] == sorted((d.probability for d in found), reverse=True)


def test_our_own_answers_are_never_accused(folders):
    """Even where one is wrong: it stands against sources, and no source against it."""
    bank, rubrics = folders
    file = bank / "dropout.yaml"
    entry = yaml.safe_load(file.read_text(encoding="utf-8"))
    entry["references"].append(WRONG)
    file.write_text(yaml.safe_dump(entry), encoding="utf-8")
    accused = {d.claim.origin for d in audit(Grader(bank=bank, rubrics=rubrics), "dropout")}
    assert "blog:1" in accused
    assert MODEL not in accused


def test_what_a_correction_replaces_is_said(folders):
    bank, rubrics = folders
    rubric = yaml.safe_load((rubrics / "dropout.yaml").read_text(encoding="utf-8"))
    rubric["corrections"].append(
        {
            "id": "blog-test-time",
            "source": "blog:1",
            "claim": WRONG,
            "now": "At test time nothing is dropped.",
            "why": "w",
            "authority": "a",
            "severity": 3,
        }
    )
    (rubrics / "dropout.yaml").write_text(yaml.safe_dump(rubric), encoding="utf-8")
    found = audit(Grader(bank=bank, rubrics=rubrics), "dropout")
    assert any(d.corrected and d.claim.origin == "blog:1" for d in found)


def test_the_command_lists_pairs(folders):
    bank, rubrics = folders
    done = grade("bank", "audit", "dropout", "--bank", bank, "--rubrics", rubrics)
    assert done.returncode == 0, done.stderr
    assert f"  blog:1: {WRONG}" in done.stdout
