"""A scale of one's own: scores mapped to the marks that a user's markers would give."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from grader.bank.yaml_records import load_record
from grader.records import Calibration


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
