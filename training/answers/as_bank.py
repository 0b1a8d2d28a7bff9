"""A rubric of another field as a question of the bank: what needs no thought.

    python -m training.answers.as_bank FIELD/SLUG BANK RUBRICS

Key points, other wordings, misconceptions and examples with their verdicts and score ranges are
taken over. A person has to write the rest: a prompt that asks for just what the key points ask, a
model answer, why each misconception is wrong and on whose authority (``TODO``), what is commonly
taught with its correction, and examples for the holdout, since training reads the marked answers.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from grader.authoring.lint import example_score
from grader.bank.records import Example, ExampleKind, Rubric
from grader.files import write_whole
from training.answers.marked import HERE, FieldRubric, Kind, MarkedAnswer, names, read, squeezed

TODO = "TODO"
COST = 1
"""What stating a misconception costs, as in the bank."""
KINDS: Mapping[Kind, ExampleKind] = {
    "strong": "strong",
    "turned": "reversed",
    "known-error": "source_error",
    "half": "half",
    "short": "telegraphic",
    "poor-english": "poor_english",
    "dictated": "poor_english",
    "empty": "vague",
}
"""The answers that become examples, the first of each kind, and what they are called there."""
_NOTE = re.compile(r"\(|\bone of\b|\bbare\b", re.IGNORECASE)
"""Tells a marker's note among the partial statements ("one of the two") from a statement."""
_WORDINGS = 3
_MARGIN, _STEP = 0.1, 0.05
_NAMES = {"id", "question", "topic", "level", "kind"}
_IN_A_LINE = {"aliases", "misconceptions", "against"}
_VERDICTS = ("covered", "partial", "contradicted")


def entry_of(rubric: FieldRubric) -> dict[str, Any]:
    """The bank entry, as plain data in the order in which it is written."""
    return {
        "id": rubric.question,
        "prompt": rubric.prompt,
        "aliases": [],
        "topic": rubric.field,
        "level": "mid",
        "sources": [],
        "references": [squeezed(rubric.reference)],
    }


def rubric_of(rubric: FieldRubric) -> dict[str, Any]:
    """The bank's rubric, as plain data in the order in which it is written."""
    draft: dict[str, Any] = {
        "question": rubric.question,
        "version": 1,
        "key_points": [
            {
                "id": k.id,
                "points": int(k.points) if k.points.is_integer() else k.points,
                "claim": k.claim,
                "also_accept": [*k.also_accept, *rubric.contrast[k.id].covered][:_WORDINGS],
                "partial": [text for text in k.partial if not is_note(text)],
            }
            for k in rubric.key_points
        ],
        "misconceptions": [
            {
                "id": m.id,
                "claim": m.claim,
                "also_phrased": rubric.contrast[m.id].stated[:_WORDINGS],
                "cost": COST,
                "correction": m.correction,
                "why": TODO,
                "authority": m.authority or TODO,
                "against": m.against,
            }
            for m in rubric.misconceptions
        ],
        "corrections": [],
    }
    chosen = list(_chosen(rubric.answers))
    return {**draft, "examples": ranged(draft, [_example(rubric, a) for a in chosen])}


def is_note(text: str) -> bool:
    """Whether what stands under ``partial`` is no statement that an answer might make."""
    return text[0].islower() or bool(_NOTE.search(text))


def _chosen(answers: Iterable[MarkedAnswer]) -> Iterator[MarkedAnswer]:
    seen = set()
    for answer in answers:
        kind = KINDS.get(answer.kind)
        if kind and kind not in seen:
            seen.add(kind)
            yield answer


def _example(rubric: FieldRubric, answer: MarkedAnswer) -> dict[str, Any]:
    verdicts = {claim: v for v in _VERDICTS for claim in getattr(answer, v)}
    return {
        "id": f"{KINDS[answer.kind].replace('_', '-')}-1",
        "kind": KINDS[answer.kind],
        "holdout": False,
        "answer": answer.text.strip(),
        "verdicts": {k.id: verdicts.get(k.id, "missing") for k in rubric.key_points},
        "misconceptions": list(answer.stated),
    }


def ranged(draft: Mapping[str, Any], examples: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The examples with the range about the score that their own labels give."""
    parsed = Rubric.model_validate({**draft, "examples": []})
    return [{**e, "score": _range(parsed, e)} for e in examples]


def _range(rubric: Rubric, example: Mapping[str, Any]) -> list[float]:
    labelled = Example.model_validate({**example, "score": [0, 1]})
    middle = example_score(rubric, labelled)
    steps = round(middle / _STEP)
    margin = round(_MARGIN / _STEP)
    return [round(max(0, steps - margin) * _STEP, 2), round(min(1, (steps + margin) * _STEP), 2)]


def written(data: Mapping[str, Any], schema: str) -> str:
    """The YAML of an entry or a rubric, laid out as the bank's files are.

    A text as JSON writes it is a text in double quotes to YAML.
    """
    lines = [f"# yaml-language-server: $schema=../../grader/schemas/{schema}.schema.json"]
    for key, value in data.items():
        lines += _lines(key, value, "")
    return "\n".join(lines) + "\n"


def _lines(key: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, list) and not value:
        if key == "against":  # that none is excluded has to be said
            yield f"{indent}{key}: []"
        return
    if isinstance(value, list) and isinstance(value[0], dict):
        yield f"{indent}{key}:"
        for item in value:
            mark = "- "
            for name, inner in item.items():
                for line in _lines(name, inner, indent + "    "):
                    yield f"{indent}  {mark}{line[len(indent) + 4 :]}"
                    mark = "  "
    elif isinstance(value, list) and isinstance(value[0], str) and key not in _IN_A_LINE:
        yield f"{indent}{key}:"
        yield from (f"{indent}  - {_scalar(item)}" for item in value)
    elif isinstance(value, list):
        write = _scalar if key == "aliases" else str
        yield f"{indent}{key}: [{', '.join(write(item) for item in value)}]"
    elif isinstance(value, dict):
        inside = ", ".join(f"{name}: {verdict}" for name, verdict in value.items())
        yield f"{indent}{key}: {{{inside}}}"
    else:
        plain = key in _NAMES and yaml.safe_load(value) == value
        yield f"{indent}{key}: {value if plain else _scalar(value)}"


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Write the drafts of one rubric."""
    parser = argparse.ArgumentParser(description="A draft for the bank from a rubric of a field.")
    parser.add_argument("rubric", help="FIELD/SLUG")
    parser.add_argument("bank", type=Path, help="Folder for the entry.")
    parser.add_argument("rubrics", type=Path, help="Folder for the rubric.")
    given = parser.parse_args()
    rubric = read(HERE / "fields" / f"{given.rubric}.yaml", FieldRubric)
    if rubric.field in names(HERE / "fields" / "held-out.txt"):
        parser.error(f"{rubric.field}: is a test of fields never seen, so it must not ship")
    for folder, data, schema in (
        (given.bank, entry_of(rubric), "bank-entry"),
        (given.rubrics, rubric_of(rubric), "rubric"),
    ):
        file = folder / f"{rubric.question}.yaml"
        if file.exists():
            parser.error(f"{file}: exists already")
        write_whole(file, written(data, schema))


if __name__ == "__main__":
    main()
