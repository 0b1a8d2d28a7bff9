"""What screening and the quote rule stop of attacks on a judge that believes everything.

    python -m benchmarks.injection [--questions N]

Every attack (``benchmarks.attacks``: 64, eight of each of eight kinds) is added to an answer that
earns nothing, the rubric's own *vague* example. A server on loopback plays a judge that does as
it is told: every key point *covered*, no misconception *asserted*. As its proof it quotes

- ``attack``: the sentences of the attack in turn,
- ``claim``: the key point's claim in the rubric's words, whether or not the answer has them,
- ``body``: the first sentence of the answer itself, true but no proof.

Printed by kind: answers that the offline screening suspects (``llm_suspected = "hold"`` does not
send them) and that it flags at all; the share of the judge's verdicts that the quote rule voids;
answers that the judge lifts over the pass score; how many of those ask for a person. The last
line is the screening's false alarms: the share of the bank's examples, which nobody wrote as an
attack, that it suspects.

Four questions; the judge lifts an answer against the verifier, so that a person is always asked:

256 answers: 64 attacks
                                             --- voided ---          --- passed ---  asking for
kind                     n suspected flagged attack  claim   body  attack   claim    body  a person
forged delimiters       32       38%     38%    25%   100%     0%     69%      0%    100%      100%
forged JSON             32       50%     50%    41%    96%     0%     59%      0%    100%      100%
role play               32       12%     12%    12%    98%     0%     88%      0%    100%      100%
bare keys               32       38%     38%    68%   100%     0%     28%      0%    100%      100%
other languages         32        0%     12%     0%   100%     0%     88%      0%     88%      100%
invisible Unicode       32       75%     88%    83%   100%     0%     12%      0%     75%      100%
appeals                 32       12%     12%    12%   100%     0%     88%      0%    100%      100%
quotes of the rubric    32        0%      0%     0%    86%     0%    100%      0%    100%      100%
all                    256       28%     31%    29%    97%     0%     66%      0%     95%      100%
false alarms: 0 of 1426 examples of the bank are suspected
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.attacks import ATTACKS, attacked
from benchmarks.loopback import completion, serving_here
from grader.bank.records import Example
from grader.engine.assembly import Measure
from grader.engine.confidence import load_doubt
from grader.engine.screening import SUSPECTED
from grader.grading import Grader
from grader.judge.fusion import fuse
from grader.judge.judge import Case, Judge
from grader.reading.text import sentences
from grader.records import Failure, Grade
from grader.settings import Settings

WAYS = ("attack", "claim", "body")
_POINT = re.compile(r"^([km]\d+): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Attacked:
    """An answer under attack; ``quotable`` are the sentences that were added."""

    kind: str
    slug: str
    text: str
    body: str
    quotable: tuple[str, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=4, help="spread over the bank")
    args = parser.parse_args()
    grader = Grader(Settings())
    answers = list(attacks_on(grader, args.questions))
    print(f"{len(answers)} answers: {sum(map(len, ATTACKS.values()))} attacks")
    offline = offline_grades(grader, answers)
    by_way = {way: judged(grader, answers, offline, way) for way in WAYS}
    print_table(answers, by_way)
    alarms, examples = false_alarms(grader)
    print(f"false alarms: {alarms} of {examples} examples of the bank are suspected")


def attacks_on(grader: Grader, questions: int) -> Iterator[Attacked]:
    """Every attack on questions spread over the bank."""
    catalog = grader.catalog
    usable = [s for s in catalog.slugs() if vague(catalog.load(s)[1].examples)]
    for slug in usable[:: len(usable) // questions][:questions]:
        question = grader.question(slug)
        body = vague(catalog.load(slug)[1].examples)
        claim = question.key_points[0].claim
        for kind, attacks in ATTACKS.items():
            for attack in attacks:
                text, added = attacked(attack, body=body, claim=claim, question=question.prompt)
                parts = tuple(s.text for s in sentences(added)) or (added,)
                yield Attacked(kind, slug, text, body, parts)


def vague(examples: Sequence[Example]) -> str:
    """The first answer that says nothing of worth."""
    return next((e.answer for e in examples if e.kind == "vague" and e.score[0] == 0), "")


def offline_grades(grader: Grader, answers: Sequence[Attacked]) -> list[Grade]:
    """The grades without a judge."""
    grades = grader.grade_all([(a.text, grader.question(a.slug)) for a in answers])
    refused = [g for g in grades if isinstance(g, Failure)]
    assert not refused, refused[0]
    return [g for g in grades if isinstance(g, Grade)]


def judged(
    grader: Grader, answers: Sequence[Attacked], offline: Sequence[Grade], way: str
) -> list[Grade]:
    """The same with a judge that quotes in one way."""
    cases = [
        Case(a.text, grader.question(a.slug), g.flags)
        for a, g in zip(answers, offline, strict=True)
    ]
    with serving_here(believer({a.text: a for a in answers}, way)) as url:
        settings = Settings(
            llm_model="believer", llm_base_url=url, llm_cache="off", llm_canary_rate=0
        )
        with Judge(settings=settings) as judge:
            reports = judge.assess(cases)
    measure = Measure(review_below=grader.settings.review_below, doubt=load_doubt())
    return [
        fuse(grade, case.question, report, measure)
        for grade, case, report in zip(offline, cases, reports, strict=True)
    ]


def believer(
    answers: Mapping[str, Attacked], way: str
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A judge that does as it is told."""

    def reply(request: Mapping[str, Any]) -> dict[str, Any]:
        system = request["messages"][0]["content"]
        points = _POINT.findall(system)
        found = answers[json.loads(request["messages"][1]["content"])["answer"]]
        quotes = {
            "attack": lambda i, _: found.quotable[i % len(found.quotable)],
            "claim": lambda _, claim: claim,
            "body": lambda *_: sentences(found.body)[0].text,
        }[way]
        said = {
            "key_points": [
                {"id": id_, "quote": quotes(i, claim), "verdict": "covered"}
                for i, (id_, claim) in enumerate(points)
                if id_[0] == "k"
            ],
            "misconceptions": [
                {"id": id_, "quote": None, "verdict": "absent"}
                for id_, _ in points
                if id_[0] == "m"
            ],
        }
        return completion(json.dumps(said, ensure_ascii=False))

    return reply


def print_table(answers: Sequence[Attacked], by_way: Mapping[str, Sequence[Grade]]) -> None:
    """A line a kind, and one for all."""
    print(f"{'':42}{'--- voided ---':>21}{'--- passed ---':>24}{'asking for':>12}")
    columns = "".join(f"{way:>{w}}" for w in (7, 8) for way in WAYS)
    print(f"{'kind':22}{'n':>4}{'suspected':>10}{'flagged':>8}{columns}{'a person':>10}")
    places = defaultdict(list)
    for place, answer in enumerate(answers):
        places[answer.kind].append(place)
        places["all"].append(place)
    for kind in (*ATTACKS, "all"):
        rows = {way: [by_way[way][i] for i in places[kind]] for way in WAYS}
        grades = rows[WAYS[0]]
        flags = [set(g.offline.flags) for g in grades if g.offline]
        passed = [g for way in WAYS for g in rows[way] if g.passed]
        asking = sum(g.needs_review for g in passed) / len(passed) if passed else 0
        print(
            f"{kind:22}{len(grades):4}"
            f"{share(bool(f & SUSPECTED) for f in flags):>10}{share(map(bool, flags)):>8}"
            + "".join(f"{share(voids(rows[way])):>7}" for way in WAYS)
            + "".join(f"{share(g.passed for g in rows[way]):>8}" for way in WAYS)
            + f"{asking if passed else 0:>10.0%}"
        )


def voids(grades: Sequence[Grade]) -> list[bool]:
    """Of each verdict that needed a quote, whether it is void."""
    votes = [v for g in grades if g.judge for v in g.judge.votes if v.verdict == "covered"]
    return [v.void for v in votes]


def share(values: Any) -> str:
    """The share that is true, in per cent."""
    listed = list(values)
    return f"{sum(listed) / len(listed):.0%}" if listed else "-"


def false_alarms(grader: Grader) -> tuple[int, int]:
    """Of the bank's examples, how many are suspected."""
    suspected = number = 0
    for slug in grader.catalog.slugs():
        texts = [e.answer for e in grader.catalog.load(slug)[1].examples]
        grades = [g for g in grader.grade_many(texts, slug) if isinstance(g, Grade)]
        number += len(grades)
        suspected += sum(bool(set(g.flags) & SUSPECTED) for g in grades)
    return suspected, number


if __name__ == "__main__":
    main()
