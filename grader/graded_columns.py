"""A grade as the cells that are written beside its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping

from grader.records import Failure, Grade
from grader.tables.columns import ADDED, DETAIL, ERROR, PASSED


def grade_cells(result: Grade | Failure) -> Mapping[str, object]:
    """The added cells of a row, by column; those of a failure are empty but for the error."""
    if isinstance(result, Failure):
        return dict.fromkeys(ADDED, "") | {ERROR: f"{result.reason}: {result.message}"}
    return {
        "grade_score": result.score,
        "grade_similarity": "" if result.similarity is None else result.similarity,
        PASSED: result.passed,
        "grade_points": result.points,
        "grade_max_points": result.max_points,
        "grade_confidence": result.confidence,
        "grade_needs_review": result.needs_review,
        "grade_flags": " ".join(result.flags),
        "grade_missing": " | ".join(result.missing),
        "grade_misconceptions": " | ".join(m.claim for m in result.asserted),
        "grade_feedback": result.feedback,
        ERROR: "",
        DETAIL: json.dumps(result.to_dict(), ensure_ascii=False),
        "grade_signature": result.signature,
    }
