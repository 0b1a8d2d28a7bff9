"""JSON Schemas of the file formats and results, generated from the records."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from grader.bank.records import BankEntry, ContrastSet, Rubric
from grader.records import Failure, Grade
from grader.resources import schema_file

SCHEMAS = MappingProxyType(
    {
        "bank-entry": BankEntry,
        "contrast-set": ContrastSet,
        "failure": Failure,
        "grade": Grade,
        "rubric": Rubric,
    }
)


def schema_text(name: str) -> str:
    """The JSON Schema of a format, as it is checked in."""
    schema: dict[str, Any] = TypeAdapter(SCHEMAS[name]).json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas() -> list[Path]:
    """Write all schemas anew."""
    files = [schema_file(name) for name in SCHEMAS]
    for name, file in zip(SCHEMAS, files, strict=True):
        file.write_text(schema_text(name), encoding="utf-8")
    return files
