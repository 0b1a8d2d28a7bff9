"""A user's own bank: one question, on tea, and one that leaves nothing to mend."""

from copy import deepcopy
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]

ENTRY = """\
id: tea
prompt: How is black tea made?
aliases: [black tea]
topic: kitchen
level: junior
sources:
  - id: "book:1"
    where: A cook book, page 1
    claims:
      - Tea is boiled for an hour.
      - Milk is optional.
references:
  - Pour boiling water over the leaves, let them steep for three minutes, then take them out.
"""

RUBRIC = """\
question: tea
version: 1
key_points:
  - id: boiling-water
    points: 2
    claim: Boiling water is poured over the tea leaves.
    also_accept: [The leaves are covered with water at 100 degrees.]
  - id: steep
    points: 1
    claim: The leaves steep for a few minutes.
misconceptions:
  - id: boil-long
    claim: Tea must be boiled for an hour.
    cost: 1
    correction: It steeps for three minutes.
    why: Long boiling makes it bitter.
    authority: ISO 3103
corrections:
  - id: not-an-hour
    source: "book:1"
    claim: Tea is boiled for an hour.
    now: Tea steeps for three minutes.
    why: It turns bitter.
    authority: ISO 3103
    severity: 3
examples:
  - id: good
    kind: strong
    answer: Pour boiling water on the leaves and wait three minutes.
    verdicts: {boiling-water: covered, steep: covered}
    score: [0.9, 1.0]
"""


REFERENCE = (
    "Bring fresh water to a full boil and warm the pot with a little of it. Put one spoonful of "
    "leaves for each cup into the empty pot and pour the boiling water over them at once, so that "
    "they unfold. Put the lid on and let the leaves steep for three to four minutes; the longer "
    "they stay in the water, the more tannins go over and the more bitter it tastes. Then take "
    "the leaves out, or pour the tea through a strainer into another warm pot, and serve it with "
    "milk, sugar or lemon as each guest likes it."
)


def good_question():
    """The parts of a question that leaves nothing to mend, as plain data."""
    entry, rubric = yaml.safe_load(ENTRY), yaml.safe_load(RUBRIC)
    entry["references"] = [REFERENCE]
    rubric["key_points"].append({"id": "take-out", "points": 1, "claim": "Then they are removed."})
    rubric["misconceptions"][0]["against"] = []
    (example,) = rubric["examples"]
    example["verdicts"]["take-out"] = "covered"
    rubric["examples"] = [{**deepcopy(example), "id": f"good-{i}"} for i in range(8)]
    for held_out in rubric["examples"][:2]:
        held_out["holdout"] = True
    contrast = {
        "question": "tea",
        "key_points": {
            k["id"]: {
                "covered": statements(6),
                "contradicted": statements(6),
                "near": statements(4),
            }
            for k in rubric["key_points"]
        },
        "misconceptions": {"boil-long": {"asserted": statements(5), "denied": statements(3)}},
    }
    return {"entry": entry, "rubric": rubric, "contrast": contrast}


def statements(n):
    return [f"Statement number {i}." for i in range(n)]


def write_question(parts, bank, rubrics):
    """Write what ``good_question`` gives into a user's folders."""
    (bank / "tea.yaml").write_text(yaml.safe_dump(parts["entry"]))
    (rubrics / "tea.yaml").write_text(yaml.safe_dump(parts["rubric"]))
    (rubrics / "tea.contrast.yaml").write_text(yaml.safe_dump(parts["contrast"]))
