"""Fit how much the reader's word counts, on answers that no network was taught.

    python -m training.fit_reader [--kept FILE]

The answers are those of ``benchmarks.marked_answers`` that may be fitted on: no holdout. Two
logistic regressions weigh what the reader found and the features: for rubrics that the pairs were
taught, on the bank's answers alone and with what the pairs found; for all others on all answers,
without the pairs. Key points are weighed by the sets ``WEIGHING``. Misconceptions are by those in
earnest as well: where hardly anybody errs, the fit would take a plain error for a slip. Questions
are left out in ten turns to

- choose how far to hold the weights back: with most verdicts on key points right, with the highest
  average precision of accusations;
- find the bar of accusations: the lowest probability from which nine of ten were right in the sets
  ``WEIGHING``, as in earnest hardly an accusation is wrong;
- find between which expectations a point earns a part (``earning``): those with the least squared
  error of scores with which no more right answers fail;
- say what it is worth.

``--kept`` keeps what was read for another time.
"""

from __future__ import annotations

import argparse
import json
import pickle
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from benchmarks.marked_answers import FITTING, WEIGHING, Marked, cases
from grader.bank.catalog import Catalog
from grader.engine import scoring
from grader.engine.as_read import question_as_read
from grader.engine.features import NAMES, Matrix, PreparedQuestion, claim_features
from grader.engine.findings import Earning, Findings
from grader.engine.pairs import PairVerifier
from grader.engine.reader import Reader
from grader.engine.verifier import Weights, claims_of, digest, inputs, read_closely, with_pairs
from grader.grading import Grader
from grader.reading.canonical import read
from grader.reading.text import Segment
from grader.records import VERDICTS
from grader.settings import Settings
from training.checksums import write_checksums
from training.reader.export import OUT

HELD_BACK = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""What is tried as the inverse of the penalty (C)."""
CLOSELY_FROM = 0.1
"""Of 0, .02, .05, .1 and .2 the last with which the average precision of accusations is as high."""
OF_THE_BANK = ("dev", "in-earnest")
"""The sets of answers to its questions."""
TURNS = 10
RIGHT = 0.9
"""So many accusations must be right."""
DIGITS = 3
CONSTANT = 1e-3
"""What varies less is the same for all."""
NONE_TO = (0.0, 0.05, 0.1, 0.15, 0.2)
ALL_FROM = (0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
"""Between what a point may earn a part."""


@dataclass(frozen=True)
class Rows:
    """Claims of one kind: inputs, classes, and the question of each by its place."""

    x: Matrix
    y: np.ndarray
    question: np.ndarray

    def of(self, some: np.ndarray) -> Rows:
        """Those for which ``some`` is true."""
        return Rows(self.x[some], self.y[some], self.question[some])


class Read(NamedTuple):
    """A marked answer with what was found: inputs of key points and of misconceptions."""

    case: Marked
    alone: tuple[Matrix, Matrix]
    """By the reader."""
    both: tuple[Matrix, Matrix]
    """By the reader and the pairs."""


def read_all(grader: Grader, marked: Sequence[Marked]) -> list[Read]:
    """What both networks find in the answers."""
    reader, pairs = Reader(OUT, threads=2), PairVerifier(threads=2)
    found = []
    for case in marked:
        prepared = PreparedQuestion(question_as_read(case.question), grader.encoder)
        reading = read(case.answer.text)
        vectors = grader.encoder.encode(reading.said)
        measured = claim_features(prepared, reading.said, vectors)
        read_of = reader.read(reading.whole, claims_of(prepared))
        closely = read_closely(reader, prepared, reading.said, measured, read_of, CLOSELY_FROM)
        alone = inputs(prepared, measured.features, read_of, closely)
        paired = pairs.verify(prepared, reading.whole, reading.said, vectors)
        found.append(Read(case, alone, with_pairs(*alone, paired)))
    return found


def claims_in(
    sets: Mapping[str, Sequence[Read]], *, errors: bool, with_the_pairs: bool
) -> tuple[Rows, np.ndarray]:
    """Inputs and marks of all claims of one kind, and of which set each is, by its place."""
    answers = [(n, one) for n, part in enumerate(sets.values()) for one in part]
    digests = dict.fromkeys(one.case.question.digest for _, one in answers)
    places = {digest: n for n, digest in enumerate(digests)}
    x, y, question, of = [], [], [], []
    for n, one in answers:
        asked, answer = one.case.question, one.case.answer
        x.append((one.both if with_the_pairs else one.alone)[errors])
        if errors:
            y += [int(m.id in answer.stated) for m in asked.misconceptions]
        else:
            y += [VERDICTS.index(one.case.verdicts[k.id]) for k in asked.key_points]
        question += [places[asked.digest]] * len(x[-1])
        of += [n] * len(x[-1])
    return Rows(np.concatenate(x), np.array(y), np.array(question)), np.array(of)


def fit(rows: Rows, held_back: float, classes: int) -> Weights:
    """A logistic regression of standardised inputs."""
    mean, scale = rows.x.mean(0), rows.x.std(0)
    scale = np.where(scale > CONSTANT, scale, 1)
    model = LogisticRegression(C=held_back, max_iter=2000).fit((rows.x - mean) / scale, rows.y)
    by_input, bias = model.coef_.T, model.intercept_
    if classes == 2:
        by_input = np.hstack([np.zeros_like(by_input), by_input])
        bias = np.array([0.0, bias[0]])
    return Weights(*(a.astype(np.float32) for a in (mean, scale, by_input, bias)))


def left_out(
    rows: Rows, held_back: float, classes: int, fitted: np.ndarray | None = None
) -> Matrix:
    """Probabilities of each claim by a fit without its question, on those that are ``fitted``."""
    p = np.zeros((len(rows.y), classes), dtype=np.float32)
    for turn in range(TURNS):
        out = rows.question % TURNS == turn
        learnt = ~out if fitted is None else ~out & fitted
        p[out] = fit(rows.of(learnt), held_back, classes)(rows.x[out])
    return p


def surprise(p: Matrix, y: np.ndarray) -> float:
    """The mean negative log-likelihood."""
    return float(-np.log(np.maximum(p[np.arange(len(y)), y], 1e-6)).mean())


def chosen(rows: Rows, classes: int) -> tuple[float, Matrix]:
    """The best penalty and its probabilities left out.

    The best has most verdicts on key points right, or the highest average precision of accusations.
    """

    def worth(p: Matrix) -> float:
        if classes == 2:
            return float(average_precision_score(rows.y, p[:, 1]))
        return float((p.argmax(1) == rows.y).mean())

    tried = {c: left_out(rows, c, classes) for c in HELD_BACK}
    best = max(tried, key=lambda c: worth(tried[c]))
    return best, tried[best]


def accused_from(p: Matrix, stated: np.ndarray) -> float:
    """The lowest probability from which nine of ten accusations are right."""
    likely = [(float(one), bool(y)) for one, y in zip(p[:, 1], stated, strict=True) if one > 0.5]
    lowest, right = 1.0, 0
    for n, (one, is_right) in enumerate(sorted(likely, reverse=True), start=1):
        right += is_right
        if right >= RIGHT * n:
            lowest = int(one * 10**DIGITS) / 10**DIGITS
    return lowest


def earning_of(
    sets: Mapping[str, Sequence[Read]], p_points: Matrix, p_errors: Matrix, asserted_from: float
) -> Earning:
    """Between which expectations a part of a point is earned: with the least error of scores.

    The error is squared, and each set weighs the same. No more of the answers that should pass may
    fail, in the mean of the sets, than where each point earns what its verdict says.

    Args:
        sets: the answers.
        p_points: of all their key points, one answer after the other.
        p_errors: of all their misconceptions.
        asserted_from: the bar of accusations.
    """
    answers = [one.case for part in sets.values() for one in part]
    of = np.repeat(np.arange(len(sets)), [len(part) for part in sets.values()])
    found = list(_findings(answers, p_points, p_errors, asserted_from))
    due = np.array([case.score for case in answers])
    passes = np.array([case.passed for case in answers])
    marks = np.array([case.question.scale.pass_score for case in answers])

    def faults(earning: Earning | None) -> tuple[float, float]:
        """The share of right answers that fail, and the error."""
        scores = np.array(
            [
                _score(case, replace(f, earning=earning))
                for case, f in zip(answers, found, strict=True)
            ]
        )
        failing, off = scores < marks, (scores - due) ** 2
        places = range(len(sets))
        return (
            float(np.mean([failing[(of == n) & passes].mean() for n in places])),
            float(np.mean([off[of == n].mean() for n in places])),
        )

    most, _ = faults(None)
    tried = {Earning(a, b): faults(Earning(a, b)) for a in NONE_TO for b in ALL_FROM}
    kept = [earning for earning, (failing, _) in tried.items() if failing <= most]
    return min(kept, key=lambda earning: tried[earning][1])


def _findings(
    answers: Sequence[Marked], p_points: Matrix, p_errors: Matrix, asserted_from: float
) -> Iterator[Findings]:
    k = e = 0
    for case in answers:
        points, errors = len(case.question.key_points), len(case.question.misconceptions)
        yield Findings(
            p_points[k : k + points],
            p_errors[e : e + errors],
            np.zeros(points + errors, dtype=np.intp),
            np.zeros((points + errors, 3), dtype=np.float32),
            asserted_from,
        )
        k, e = k + points, e + errors


def _score(case: Marked, found: Findings) -> float:
    words = [Segment(case.answer.text, 0, len(case.answer.text))]
    points = scoring.verdicts_on_key_points(case.question, found, words, ())
    errors = scoring.verdicts_on_misconceptions(case.question, found, words, ())
    kept = scoring.without_contradictions(case.question, points, errors)
    return scoring.add_up(kept, errors).score


def report(p: Matrix, y: np.ndarray) -> dict[str, float]:
    """Share right, and F1 of each class, by the likeliest."""
    guess = p.argmax(1)
    measured = {"right": float((guess == y).mean()), "surprise": surprise(p, y)}
    for c in range(p.shape[1]):
        hit = float(((guess == c) & (y == c)).sum())
        measured[f"f1_{c}"] = 2 * hit / max(1.0, float((guess == c).sum() + (y == c).sum()))
    return {name: round(value, 3) for name, value in measured.items()}


def as_lists(weights: Weights) -> dict[str, object]:
    """To be written."""
    fields = Weights.__dataclass_fields__
    return {name: np.round(getattr(weights, name), 5).tolist() for name in fields}


def taught_claims(catalog: Catalog) -> list[str]:
    """Digests of the key points that the pairs were taught, as they are read."""
    questions = (question_as_read(catalog.question(slug)) for slug in catalog.slugs())
    return sorted({digest(k.claim) for q in questions for k in q.key_points})


def weighing(
    read_so: Mapping[str, Sequence[Read]], sets: Sequence[str], *, with_the_pairs: bool
) -> dict[str, object]:
    """What is fitted for rubrics of one kind, and what it is worth."""
    known = {name: read_so[name] for name in sets}
    all_points, of_points = claims_in(known, errors=False, with_the_pairs=with_the_pairs)
    errors, of_errors = claims_in(known, errors=True, with_the_pairs=with_the_pairs)
    weighed = [n for n, name in enumerate(known) if name in WEIGHING]
    fitted, rarely = np.isin(of_points, weighed), np.isin(of_errors, weighed)
    points = all_points.of(fitted)
    by_points, p_points = chosen(points, 4)
    by_errors, p_errors = chosen(errors, 2)
    asserted_from = accused_from(p_errors[rarely], errors.y[rarely])
    earning = earning_of(known, left_out(all_points, by_points, 4, fitted), p_errors, asserted_from)
    return {
        "fitted_on": {name: len(part) for name, part in known.items()},
        "held_back": {"key_points": by_points, "misconceptions": by_errors},
        "left_out_in_turn": {
            "key_points": report(p_points, points.y),
            "misconceptions": report(p_errors, errors.y),
        },
        "asserted_from": asserted_from,
        "earning": asdict(earning),
        "key_points": as_lists(fit(points, by_points, 4)),
        "misconceptions": as_lists(fit(errors, by_errors, 2)),
    }


def main() -> None:
    """Fit, estimate and write ``weighing.json`` beside the reader."""
    parser = argparse.ArgumentParser(description="Fit how much the reader's word counts.")
    parser.add_argument("--kept", type=Path)
    args = parser.parse_args()
    grader = Grader(Settings())
    if args.kept and args.kept.exists():
        read_so = pickle.loads(args.kept.read_bytes())  # noqa: S301
    else:
        read_so = {name: read_all(grader, cases(grader, name)) for name in FITTING}
        if args.kept:
            args.kept.write_bytes(pickle.dumps(read_so))
    warnings.simplefilter("error", ConvergenceWarning)
    card = {
        "features": NAMES,
        "closely_from": CLOSELY_FROM,
        "fitted_by": "training/fit_reader.py",
        "taught": weighing(read_so, OF_THE_BANK, with_the_pairs=True),
        "others": weighing(read_so, FITTING, with_the_pairs=False),
        "claims": taught_claims(grader.catalog),
    }
    (OUT / "weighing.json").write_text(json.dumps(card) + "\n", encoding="utf-8")
    write_checksums(OUT)
    for kind in ("taught", "others"):
        print(kind, {k: v for k, v in card[kind].items() if not k.endswith(("points", "ceptions"))})


if __name__ == "__main__":
    main()
