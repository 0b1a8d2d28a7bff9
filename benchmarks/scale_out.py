"""What a run of very many answers takes on a cluster: the table of docs/scale.md.

    python -m benchmarks.scale_out [--answers 100000000] [--rate 6] ...

A simulation: blocks of answers are dealt to nodes as ``--engine ray`` deals them, nodes are lost
now and then and their blocks done again, and a judge's calls wait for its rate limit. What is
assumed stands in ``Assumptions``, each with where it comes from; every one is an option.
"""

from __future__ import annotations

import argparse
import heapq
import random
from dataclasses import dataclass, fields

_HOUR = 3600.0
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What a run is made of; money is US dollars."""

    answers: int = 100 * _MILLION
    """Distinct answers; what stands twice on one node is graded once."""
    rate: float = 6.0
    """Answers a second and core: 12 on 2 cores, of 60 words, to the average question of the bank
    (benchmarks/speed.py)."""
    node_cores: int = 16
    """A common size of node."""
    core_price: float = 0.0425
    """Of a vCPU hour: AWS c7i on demand, us-east-1 (.0446 and less on c7a spot); look it up."""
    start: float = 30.0
    """Seconds until a node grades: its worker begins, models are loaded."""
    block: int = 150
    """Answers that are lost with a node, at 60 words (64 KB blocks in batch/cluster/run.py)."""
    loss: float = 0.01
    """Nodes lost an hour, of those that run: about what spot instances see."""
    replace: float = 300.0
    """Seconds until a lost node has been replaced."""
    driver: float = 200.0
    """Blocks a second that one Ray driver deals: a cautious order of magnitude, not measured."""
    row_bytes: int = 4_000
    """Of an output row, its ``grade_detail`` included."""
    judge_prompt: int = 1_500
    """Tokens of a prompt: the rubric, the instructions and an answer of 60 words."""
    judge_completion: int = 400
    """Tokens of a reply: a verdict and a quote for each of 5 key points."""
    judge_prompt_price: float = 0.25
    """Of a million prompt tokens: a small model's list price (gpt-5-mini); look it up."""
    judge_completion_price: float = 2.0
    """Of a million completion tokens: the same."""
    judge_tokens_a_minute: float = 180.0 * _MILLION
    """The endpoint's limit of an account: the highest tier of a small model; look it up."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run took."""

    hours: float
    core_hours: float
    again: int
    """Answers graded once more because their node was lost."""
    bottleneck: str


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for field in fields(Assumptions):
        kind = int if isinstance(field.default, int) else float
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=field.default)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 10, 50, 200, 1000, 2000])
    given = vars(parser.parse_args())
    nodes = given.pop("nodes")
    a = Assumptions(**given)
    print(f"{a.answers:,} answers, {a.rate:g} a second and core, nodes of {a.node_cores} cores\n")
    print("| nodes | offline: hours | $ | with a judge: hours | $ | what holds it up |")
    print("|---|---|---|---|---|---|")
    for count in nodes:
        plain, judged = simulate(a, count), simulate(a, count, judged=True)
        cost, judge = plain.core_hours * a.core_price, judge_cost(a)
        print(
            f"| {count:,} | {plain.hours:,.1f} | {cost:,.0f} | {judged.hours:,.1f} | "
            f"{judged.core_hours * a.core_price + judge:,.0f} | "
            f"{plain.bottleneck}; judged: {judged.bottleneck} |"
        )
    print(
        f"\nThe judge alone: ${judge_cost(a):,.0f}, "
        f"{a.answers * (a.judge_prompt + a.judge_completion) / 1e9:,.0f} billion tokens. "
        f"Output: {a.answers * a.row_bytes / 1e9:,.0f} GB before compression."
    )


def judge_cost(a: Assumptions) -> float:
    """What all calls cost, one an answer."""
    prompt = a.judge_prompt * a.judge_prompt_price
    completion = a.judge_completion * a.judge_completion_price
    return a.answers * (prompt + completion) / _MILLION


def simulate(a: Assumptions, nodes: int, *, judged: bool = False) -> Outcome:
    """Deal blocks to nodes until all are done.

    Blocks are dealt in bundles of which each node gets some hundred, so that a run of millions
    of blocks is simulated in a moment; a loss costs a block or two, as it does in the run.
    """
    chance = random.Random(0)
    limits = {
        "cores": a.rate * a.node_cores * nodes,
        "the driver": a.driver * a.block,
    }
    if judged:
        tokens = a.judge_prompt + a.judge_completion
        limits["the judge's rate limit"] = a.judge_tokens_a_minute / 60 / tokens
    bottleneck = min(limits, key=lambda name: limits[name])
    pace = min(limits.values()) / nodes
    bundle = max(a.block, a.answers // (nodes * 200))
    free = [(a.start, node) for node in range(nodes)]
    heapq.heapify(free)
    left, again, end = a.answers, 0, 0.0
    while left > 0:
        now, node = heapq.heappop(free)
        size = min(bundle, left)
        left -= size
        done = now + size / pace
        if chance.random() < a.loss * (done - now) / _HOUR:
            again += 2 * a.block
            done += a.replace + a.start + 2 * a.block / pace
        end = max(end, done)
        heapq.heappush(free, (done, node))
    return Outcome(end / _HOUR, end / _HOUR * nodes * a.node_cores, again, bottleneck)


if __name__ == "__main__":
    main()
