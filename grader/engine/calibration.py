"""A scale of one's own: scores mapped to the marks that a user's markers would give."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from grader.bank.yaml_records import load_record
from grader.records import Record, Share


class Calibration(Record):
    """A monotone map from the grader's score to a user's marks; see ``grade calibrate``."""

    scores: tuple[Share, ...] = Field(min_length=2, description="Scores, strictly rising.")
    marks: tuple[Share, ...] = Field(
        min_length=2, description="The mark at each of the scores, never falling."
    )
    answers: Annotated[int, Field(ge=1)] = Field(description="How many it was fitted on.")
    versions: dict[str, str] = Field(
        description="The versions that made the scores: others need another calibration."
    )

    @model_validator(mode="after")
    def _monotone(self) -> Self:
        if len(self.scores) != len(self.marks):
            raise ValueError("there must be as many scores as marks")
        if any(a >= b for a, b in pairwise(self.scores)):
            raise ValueError("scores must rise")
        if any(a > b for a, b in pairwise(self.marks)):
            raise ValueError("marks must never fall")
        return self


def load_calibration(file: Path) -> Calibration:
    """The calibration in a JSON file that ``grade calibrate`` wrote.

    Raises:
        DataFileError: the file can't be read, or breaks the format.
    """
    return load_record(file, Calibration)


def calibrated(score: float, calibration: Calibration) -> float:
    """The mark for a linear score, 0 to 1: straight lines between the knots."""
    return round(float(np.interp(score, calibration.scores, calibration.marks)), 4)


def calibration_name(calibration: Calibration) -> str:
    """The start of its SHA-256: enters the signature of every grade that it makes."""
    return hashlib.sha256(calibration.model_dump_json().encode()).hexdigest()[:12]
