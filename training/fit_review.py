"""Fit when a judged grade asks for a person, on the part of the record that is no holdout.

    python -m training.fit_review [--grades FILE]

The record (``benchmarks/judgements``) holds what a large model said as the judge of answers
whose right verdicts are known, and that no network was taught. Counted are

- ``says``: what the judge said of points by their right verdict, each count one more than it is, so
  that nothing is impossible;
- ``instead``: which verdict was right where the verifier's was wrong, the same way;
- ``sound``: of n replies none was unsound, so the next one is sound with (n + 1) / (n + 2), by
  Laplace's rule of succession.

There are too few wrong grades to count, as the judge is a good one. Which grades ask is therefore
fitted to their chances: as few as hold nine tenths of all the wrong grades that are to be expected,
and so few that of new grades, too, no more than 15 % ask, with a chance of nine in ten. (That 15 %
of the grades fitted on ask does not mean so: 21 % of the holdout asked, then.) The labels of the
holdout are looked at by ``benchmarks.judgements.measure`` alone.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import accumulate
from pathlib import Path

from benchmarks.judgements.measure import MEASURE, Judged, kept
from benchmarks.judgements.record import MODEL, RECORD
from grader.judge.fusion import combine
from grader.judge.review import ReviewRule, chance_wrong
from grader.records import VERDICTS
from training.checksums import write_checksums

OFF_BY, CAUGHT = 0.25, 0.9
MOST_ASKED, CERTAINTY = 0.15, 0.9
OUT = Path(__file__).parents[1] / "grader" / "models" / "review"
KINDS: tuple[tuple[str, ...], ...] = (VERDICTS, ("asserted", "absent"))
Triple = tuple[str, str, str | None]


def triples(case: Judged) -> Iterator[Triple]:
    """Of every point: the right verdict, the verifier's, and the judge's if it isn't void."""
    said = {(v.point, v.verdict in VERDICTS): v.verdict for v in case.votes if not v.void}
    for key_point in case.offline.key_points:
        right = case.answer.verdicts[key_point.id]
        yield right, key_point.verdict, said.get((key_point.id, True))
    for wrong in case.offline.misconceptions:
        right_ = "asserted" if wrong.id in case.answer.stated else "absent"
        yield right_, wrong.verdict, said.get((wrong.id, False))


def shares(pairs: Iterable[tuple[str, str]], *, but_itself: bool) -> dict[str, dict[str, float]]:
    """By the first of a pair, how often each second goes with it; each count is one more."""
    counts = Counter(pairs)
    table = {}
    for kind in KINDS:
        for first in kind:
            row = {s: counts[first, s] + 1 for s in kind if not (but_itself and s == first)}
            table[first] = {s: round(n / sum(row.values()), 5) for s, n in row.items()}
    return table


def fit(cases: Sequence[Judged]) -> ReviewRule:
    """The rule of judged cases with known verdicts."""
    points = [triple for case in cases for triple in triples(case)]
    rule = ReviewRule(
        off_by=OFF_BY,
        ask_above=1.0,
        sound=round((len(cases) + 1) / (len(cases) + 2), 5),
        says=shares(((right, said) for right, _, said in points if said), but_itself=False),
        instead=shares(
            ((verifier, right) for right, verifier, _ in points if right != verifier),
            but_itself=True,
        ),
    )
    return replace(rule, ask_above=threshold([risk(case, rule) for case in cases]))


def risk(case: Judged, rule: ReviewRule) -> float:
    """The chance that the judged grade of a case is wrong."""
    grade = combine(case.offline, case.question, case.report, MEASURE)
    return chance_wrong(grade, case.offline, case.question, case.votes, rule, MEASURE.on_scale)


def threshold(risks: Sequence[float]) -> float:
    """The chance above which few enough grades ask that hold enough of the wrong ones."""
    ordered = sorted(risks, reverse=True)
    held = accumulate(ordered)
    enough = next(n for n, total in enumerate(held, 1) if total >= CAUGHT * sum(ordered))
    asked = min(enough, most_asked(len(ordered)))
    return round((ordered[asked - 1] + ordered[asked]) / 2, 4)


def most_asked(n: int) -> int:
    """How many of n may ask so that the share is below ``MOST_ASKED`` with ``CERTAINTY``.

    The largest k for which k or fewer would be seen with no more than the rest of the chance, were
    the true share ``MOST_ASKED`` (the exact binomial bound of Clopper and Pearson 1934).
    """
    chances = (math.comb(n, k) * MOST_ASKED**k * (1 - MOST_ASKED) ** (n - k) for k in range(n + 1))
    return sum(total <= 1 - CERTAINTY for total in accumulate(chances)) - 1


def write(rule: ReviewRule, provenance: Mapping[str, object]) -> None:
    """Write the data file and its checksum."""
    OUT.mkdir(parents=True, exist_ok=True)
    fitted = {name: value for name, value in asdict(rule).items() if name != "name"}
    text = json.dumps({"provenance": provenance, "rule": fitted}, indent=1)
    (OUT / "review.json").write_text(text + "\n", encoding="utf-8")
    write_checksums(OUT)


def main() -> None:
    """Fit, write, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grades", type=Path, help="where the offline grades are kept")
    cases = [c for c in kept(parser.parse_args().grades) if c.side == "fit" and not c.held]
    rule = fit(cases)
    risks = [risk(case, rule) for case in cases]
    provenance = {
        "script": "training/fit_review.py",
        "record": RECORD.name,
        "judge": MODEL,
        "replies": len(cases),
        "points": sum(1 for case in cases for _ in triples(case)),
        "verifier": cases[0].offline.versions["verifier"],
    }
    write(rule, provenance)
    asking = sum(r > rule.ask_above for r in risks)
    print(f"{len(cases)} judged grades: {sum(risks):.2f} wrong ones to be expected")
    print(f"{asking} ask for a person ({asking / len(cases):.0%}), above {rule.ask_above}")
    print(f"they hold {sum(r for r in risks if r > rule.ask_above) / sum(risks):.0%} of these")


if __name__ == "__main__":
    main()
