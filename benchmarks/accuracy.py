"""Accuracy on the holdout examples, beside simpler ways of grading, in one run.

    python -m benchmarks.accuracy [--hardest N]

Nothing was trained, fitted or tuned on the holdout.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence

import numpy as np

from grader.authoring.examples import Trial, accuracy, run_trials
from grader.evaluation.reliability import calibration_error, reliability
from grader.grading import Grader
from grader.reading.text import sentences, words
from grader.records import VERDICTS, Question
from grader.settings import Settings

WRONG_KINDS = {"reversed", "keyword_list", "off_topic", "vague"}
RIGHT_KINDS = {"strong", "telegraphic", "poor_english", "verbose"}
SERIOUS = 3


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Accuracy on the holdout examples.")
    parser.add_argument("--hardest", type=int, default=0, help="list the N worst grades")
    args = parser.parse_args()
    grader = Grader(Settings())
    trials = run_trials(grader, grader.catalog.slugs(), holdout=True)
    print_groups("kind", trials, {id(t): t.example.kind for t in trials})
    topics = {s.id: s.topic for s in grader.catalog.summaries()}
    print_groups("topic", trials, {id(t): topics[t.question_id] for t in trials})
    print_verdicts(trials)
    print_alternatives(grader, trials)
    print_risk_coverage(trials)
    print_review(grader, trials)
    print(json.dumps(summary(trials) | serious_errors(grader, trials), indent=1))
    print_hardest(trials, args.hardest)


def summary(trials: Sequence[Trial]) -> dict[str, float]:
    """The figures that the floor holds."""
    marked = np.array([t.marked for t in trials])
    given = np.array([t.grade.score for t in trials])
    total = accuracy(trials)
    asserted = misconception_counts(trials)
    right = [t for t in trials if t.example.kind in RIGHT_KINDS]
    clumsy = [t for t in trials if t.example.kind == "poor_english"]
    measured = {
        "verdict_accuracy": total.verdicts,
        "verdict_macro_f1": macro_f1(trials),
        "verdict_calibration_error": verdict_calibration_error(trials),
        "pearson": float(np.corrcoef(marked, given)[0, 1]),
        "rmse": float(np.sqrt(((marked - given) ** 2).mean())),
        "contradicted_found": recall(trials, "contradicted"),
        "contradicted_false_alarms_on_right_answers": false_contradictions(right),
        "misconceptions_found": asserted["found"] / max(1, asserted["there"]),
        "misconceptions_precision": asserted["found"] / max(1, asserted["said"]),
        "misconceptions_false_alarms_on_right_answers": false_assertions(right),
        "poor_english_mean_loss": float(np.mean([t.marked - t.grade.score for t in clumsy])),
    }
    return {name: round(value, 3) for name, value in measured.items()}


def serious_errors(grader: Grader, trials: Sequence[Trial]) -> dict[str, float]:
    """Of the misconceptions that correct a claim of severity 3, the share that is found."""
    serious = {
        (slug, c.id)
        for slug in grader.catalog.slugs()
        for c in grader.catalog.load(slug)[1].corrections
        if c.severity == SERIOUS
    }
    there = [(t, m) for t in trials for m in t.example.misconceptions]
    there = [(t, m) for t, m in there if (t.question_id, m) in serious]
    found = sum(m in {a.id for a in t.grade.asserted} for t, m in there)
    return {"severity_3_found": round(found / len(there), 3), "severity_3_there": len(there)}


def verdict_calibration_error(trials: Sequence[Trial]) -> float:
    """How far the probabilities of the verdicts are from the share that is right."""
    sure = [k.probability for t in trials for k in t.grade.key_points]
    right = [expected == given for t in trials for expected, given in t.verdict_pairs]
    return calibration_error(reliability(np.array(sure), np.array(right, dtype=float)))


def recall(trials: Sequence[Trial], verdict: str) -> float:
    """The share of a verdict that is found."""
    given = [g for t in trials for expected, g in t.verdict_pairs if expected == verdict]
    return sum(g == verdict for g in given) / max(1, len(given))


def false_contradictions(trials: Sequence[Trial]) -> float:
    """The share of key points, not contradicted, that are said to be."""
    given = [g for t in trials for expected, g in t.verdict_pairs if expected != "contradicted"]
    return sum(g == "contradicted" for g in given) / max(1, len(given))


def false_assertions(trials: Sequence[Trial]) -> float:
    """The share of misconceptions, not there, that are said to be."""
    absent = [
        m.verdict
        for t in trials
        for m in t.grade.misconceptions
        if m.id not in t.example.misconceptions
    ]
    return sum(v == "asserted" for v in absent) / max(1, len(absent))


def macro_f1(trials: Sequence[Trial]) -> float:
    """The mean over the four verdicts of F1."""
    pairs = [p for t in trials for p in t.verdict_pairs]
    return float(np.mean([f1(pairs, verdict) for verdict in VERDICTS]))


def f1(pairs: Sequence[tuple[str, str]], verdict: str) -> float:
    """F1 of one verdict."""
    hit = sum(a == b == verdict for a, b in pairs)
    return (
        2 * hit / max(1, sum(a == verdict for a, _ in pairs) + sum(b == verdict for _, b in pairs))
    )


def misconception_counts(trials: Sequence[Trial]) -> Counter[str]:
    """How many misconceptions are there, said to be there, and both."""
    counts: Counter[str] = Counter()
    for t in trials:
        expected, given = set(t.example.misconceptions), {m.id for m in t.grade.asserted}
        counts.update(there=len(expected), said=len(given), found=len(expected & given))
    return counts


def print_groups(name: str, trials: Sequence[Trial], group: dict[int, str]) -> None:
    """A line a group of answers, and one for all."""
    print(f"{name:22}{'answers':>8}{'verdicts':>10}{'in range':>10}{'mean error':>12}{'passed':>8}")
    for key in [*sorted(set(group.values())), "all"]:
        own = [t for t in trials if key in {"all", group[id(t)]}]
        a, passed = accuracy(own), sum(t.grade.passed for t in own) / len(own)
        print(
            f"{key:22}{a.n:8}{a.verdicts:10.0%}{a.in_range:10.0%}{a.mean_error:12.2f}{passed:8.0%}"
        )
    print()


def print_risk_coverage(trials: Sequence[Trial]) -> None:
    """The mean error of the surest grades: what is left if a person takes the others."""
    ranked = sorted(trials, key=lambda t: -t.grade.confidence)
    print("share kept   least sure   mean error")
    for share in (0.25, 0.5, 0.75, 1.0):
        kept = ranked[: max(1, round(share * len(ranked)))]
        error = sum(abs(t.grade.score - t.marked) for t in kept) / len(kept)
        print(f"{share:10.0%}{kept[-1].grade.confidence:13.2f}{error:13.3f}")
    print()


def print_review(grader: Grader, trials: Sequence[Trial]) -> None:
    """How much goes to a person at each ``review_below``, and how many wrong decisions with it.

    A pass or fail is wrong where the example's whole range is on the other side.
    """
    wrong = [t for t in trials if is_wrong_decision(t, grader.question(t.question_id))]
    print(f"review_below   to a person   of {len(wrong)} wrong decisions")
    for bar in (0.6, 0.7, 0.75, 0.8, 0.85):
        share = sum(t.grade.confidence < bar for t in trials) / len(trials)
        caught = sum(t.grade.confidence < bar for t in wrong)
        print(f"{bar:12.2f}{share:14.0%}{caught:10}")
    print()


def is_wrong_decision(trial: Trial, question: Question) -> bool:
    """Whether a grade passes what must fail, or fails what must pass."""
    low, high = trial.example.score
    bar = question.scale.pass_score
    return high < bar if trial.grade.passed else low >= bar


def print_hardest(trials: Sequence[Trial], n: int) -> None:
    """The grades farthest from their marks, and which verdicts differ."""
    for t in sorted(trials, key=lambda t: -abs(t.grade.score - t.marked))[:n]:
        print(f"{t.question_id}/{t.example.id}: marked {t.marked:.2f}, given {t.grade.score:.2f}")
        print(f"    {'; '.join(t.wrong_verdicts)}")


def print_verdicts(trials: Sequence[Trial]) -> None:
    """Which verdict was expected, which given."""
    pairs = Counter(p for t in trials for p in t.verdict_pairs)
    print(f"\n{'expected / given':18}" + "".join(f"{v:>14}" for v in VERDICTS) + f"{'F1':>8}")
    flat = [p for t in trials for p in t.verdict_pairs]
    for expected in VERDICTS:
        cells = "".join(f"{pairs[expected, given]:14}" for given in VERDICTS)
        print(f"{expected:18}{cells}{f1(flat, expected):8.2f}")


def print_alternatives(grader: Grader, trials: Sequence[Trial]) -> None:
    """Ways of grading without verdicts: correlation with the marks, and wrong answers passed.

    The cosines are cut at the pass mark that suits each best on these very answers, which
    flatters them.
    """
    marked = np.array([t.marked for t in trials])
    right = marked >= 0.6
    wrong = np.array([t.example.kind in WRONG_KINDS and t.marked < 0.3 for t in trials])
    ways = {
        "grader": np.array([t.grade.score for t in trials]),
        "cosine with the reference": np.array([_cosine(grader, t) for t in trials]),
        "best match of its sentences": np.array([_coverage(grader, t) for t in trials]),
        "number of words": np.array([float(len(words(t.example.answer))) for t in trials]),
    }
    print(f"\n{'way of grading':30}{'r':>8}{'right passed':>14}{'wrong passed':>14}")
    for name, scores in ways.items():
        cut = 0.6 if name == "grader" else _best_cut(scores, right)
        r = float(np.corrcoef(marked, scores)[0, 1])
        passed = scores >= cut
        print(f"{name:30}{r:8.2f}{passed[right].mean():14.0%}{passed[wrong].mean():14.0%}")
    print()


def _best_cut(scores: np.ndarray, right: np.ndarray) -> float:
    cuts = np.unique(scores)
    return float(cuts[int(np.argmax([((scores >= c) == right).mean() for c in cuts]))])


def _cosine(grader: Grader, trial: Trial) -> float:
    texts = [r.text for r in grader.question(trial.question_id).references if r.origin == "model"]
    vectors = grader.encoder.encode([trial.example.answer, *texts])
    return float((vectors[1:] @ vectors[0]).max()) if texts else 0.0


def _coverage(grader: Grader, trial: Trial) -> float:
    texts = [r.text for r in grader.question(trial.question_id).references if r.origin == "model"]
    if not texts:
        return 0.0
    wanted = grader.encoder.encode([s.text for s in sentences(texts[0])])
    given = grader.encoder.encode([s.text for s in sentences(trial.example.answer)])
    return float((wanted @ given.T).max(axis=1).mean())


if __name__ == "__main__":
    main()
