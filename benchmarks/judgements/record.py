"""The record of a large model's judgements, and the way it is made.

    python -m benchmarks.judgements.record ask --answers 12 > batch.txt
    python -m benchmarks.judgements.record take verdicts.txt
    python -m benchmarks.judgements.record

600 answers to the bank's questions are drawn by seed: 300 examples marked holdout, and 300 of the
answers kept for choosing (``training/answers/choosing``), which no network was taught either, so
that the verifier is as sure of them as of any new answer. They come question by question, in an
order drawn by seed, so that whatever part of them has been judged is a draw of questions too.
``dropout`` is left out: its labels stand in tests and documentation.

``ask`` prints what the judge's own prompt holds of the next ones: question and points, in the order
and under the ids of the prompt, and the answers as they would be sent. It prints no label
and no name of an answer, as names tell what sort of answer it is. The model writes, for each
answer, the verdicts that need a quote, one a line and by their letters; what it doesn't name
is *missing* or *absent*:

    @12
    k1 c each unit is set to zero at random
    m2 a half of the neurons are deleted for good

``take`` makes of that the reply that an endpoint would have sent, reads it by the project's own
parser, looks every quote up, and adds it to ``judgements.jsonl``. Whatever is in there
is not asked again. Without a command it prints how far the record is, the share of verdicts that
are as labelled by version of the prompt, and the characters that are sent of an answer:

    prompt 1: 146 replies, 1,603 verdicts, 98.6% of them as labelled
    prompt 2: 154 replies, 1,695 verdicts, 98.8% of them as labelled
    prompt 3: 600 replies, 6,593 verdicts, 98.8% of them as labelled
    prompt 3: 3,984 characters an answer, 3,608 shared
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.marked_answers import Marked, score_by
from grader.bank.catalog import Catalog
from grader.errors import JudgeReplyError
from grader.judge import prompt
from grader.judge.ballots import votes_of
from grader.judge.redaction import Redacted
from grader.judge.schema import parse_reply
from grader.reading.rendering import rendered
from grader.records import VERDICTS, Question, Verdict, Vote
from grader.settings import Settings
from training.answers.marked import HERE, MarkedQuestion, read

RECORD = Path(__file__).with_name("judgements.jsonl")
MODEL = "claude"
SEED, EACH_SIDE = 14, 300
LEFT_OUT = "dropout"
LETTERS = {"c": "covered", "p": "partial", "x": "contradicted", "a": "asserted"}
_ANSWER = re.compile(r"^@(?=\d+$)", re.MULTILINE)
_LINE = re.compile(r"([km]\d+) ([cpxa]) (.+)")


@dataclass(frozen=True, slots=True)
class Labelled:
    """An answer with its right verdicts."""

    id: str
    text: str
    verdicts: Mapping[str, Verdict]
    """Of every key point."""
    stated: frozenset[str]
    """The misconceptions that it asserts."""
    holdout: bool

    def score(self, question: Question) -> float:
        """The score that its labels make, 0 to 1."""
        return score_by(question, self.verdicts, self.stated)


@dataclass(frozen=True, slots=True)
class Case:
    """An answer of the sample."""

    number: int
    """Its place in the sample: all that the judge is told of it."""
    question: Question
    answer: Labelled


@dataclass(frozen=True, slots=True)
class Judgement:
    """A line of the record."""

    question: str
    answer: str
    side: str
    """``fit`` or ``holdout``."""
    model: str
    prompt: str
    """The version of the prompt."""
    ids: dict[str, str]
    """What the short ids of the prompt stand for."""
    reply: str
    """As an endpoint would have sent it."""

    def votes(self, question: Question, answer: str) -> tuple[Vote, ...]:
        """Its votes, by the project's own parser and quote check.

        Raises:
            JudgeReplyError: the rubric has other points by now.
        """
        points = {k.id: k for k in question.key_points}
        wrong = {m.id: m for m in question.misconceptions}
        if set(self.ids.values()) != points.keys() | wrong.keys():
            raise JudgeReplyError(f"{self.question}: judged by another rubric")
        checklist = prompt.Checklist(
            {i: points[p] for i, p in self.ids.items() if i[0] == "k" and p in points},
            {i: wrong[p] for i, p in self.ids.items() if i[0] == "m" and p in wrong},
        )
        return read_votes(self.reply, checklist, answer)


def read_votes(reply: str, checklist: prompt.Checklist, answer: str) -> tuple[Vote, ...]:
    """The votes in a reply."""
    parsed = parse_reply(reply, tuple(checklist.key_points), tuple(checklist.misconceptions))
    seen = Redacted(rendered(answer).text, {})
    return votes_of(parsed, checklist, answer, seen, MODEL, 0)


@cache
def asked(catalog: Catalog, slug: str) -> Question:
    """A question of the record."""
    return catalog.question(slug)


@cache
def labelled(catalog: Catalog, slug: str) -> Mapping[str, Labelled]:
    """The answers to a question that may be drawn, by their ids."""
    found = [
        Labelled(e.id, e.answer, e.verdicts, frozenset(e.misconceptions), holdout=True)
        for e in catalog.load(slug)[1].examples
        if e.holdout
    ]
    file = HERE / "choosing" / f"{slug}.yaml"
    if file.exists():
        marked = [Marked(asked(catalog, slug), a) for a in read(file, MarkedQuestion).answers]
        found += [
            Labelled(
                m.answer.id,
                m.answer.text,
                m.verdicts,
                frozenset(m.answer.stated),
                holdout=False,
            )
            for m in marked
        ]
    return {answer.id: answer for answer in found}


def sample(catalog: Catalog) -> list[Case]:
    """The answers that are asked about, in order."""
    chosen = random.Random(SEED)
    pools: dict[bool, list[tuple[str, Labelled]]] = {True: [], False: []}
    for slug in catalog.slugs():
        if slug != LEFT_OUT:
            for answer in labelled(catalog, slug).values():
                pools[answer.holdout].append((slug, answer))
    drawn = [pair for pool in pools.values() for pair in chosen.sample(pool, EACH_SIDE)]
    chosen.shuffle(drawn)
    slugs = sorted({slug for slug, _ in drawn})
    chosen.shuffle(slugs)
    drawn.sort(key=lambda pair: slugs.index(pair[0]))
    return [Case(i, asked(catalog, slug), a) for i, (slug, a) in enumerate(drawn)]


def all_recorded(file: Path = RECORD) -> list[Judgement]:
    """The record, in the order it was made."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [Judgement(**json.loads(line)) for line in lines]


def recorded() -> list[Judgement]:
    """Of each answer what was said of it last."""
    return list({(j.question, j.answer): j for j in all_recorded()}.values())


def cases_left(catalog: Catalog) -> list[Case]:
    """The part of the sample that was not judged by this version of the prompt."""
    done = {(j.question, j.answer) for j in all_recorded() if j.prompt == prompt.VERSION}
    return [c for c in sample(catalog) if (c.question.id, c.answer.id) not in done]


def checklist_of(question: Question) -> prompt.Checklist:
    """The points as the judge sees them by default."""
    return prompt.build_checklist(question, seed=Settings().llm_seed, run=0)


# ── asking ──────────────────────────────────────────────────────────────────


def shown(cases: Iterable[Case]) -> Iterator[str]:
    """What the judge is told, the rubric of each question once."""
    before = ""
    for case in cases:
        messages = sent(case)
        if case.question.id != before:
            before = case.question.id
            yield "\n=== " + messages[0]["content"].removeprefix(prompt.rules()).strip()
        yield f"@{case.number} {json.loads(messages[-1]['content'])['answer']}"


def sent(case: Case) -> Sequence[prompt.Message]:
    """The messages of the judge's prompt."""
    text = rendered(case.answer.text).text
    return prompt.build_messages(case.question, checklist_of(case.question), text)


# ── taking replies ──────────────────────────────────────────────────────────


def take(text: str, catalog: Catalog) -> list[Judgement]:
    """The judgements in verdict lines.

    Raises:
        SystemExit: a line says nothing, or a number is not of the sample.
    """
    cases = {case.number: case for case in sample(catalog)}
    taken = []
    for part in _ANSWER.split(text)[1:]:
        number, *lines = part.strip().splitlines()
        taken.append(_judgement(cases[int(number)], lines))
    return taken


def _judgement(case: Case, lines: Sequence[str]) -> Judgement:
    checklist = checklist_of(case.question)
    said = {}
    for line in lines:
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise SystemExit(f"@{case.number}: no verdict: {line}")
        said[match[1]] = {"quote": match[3], "verdict": LETTERS[match[2]]}

    def opinions(ids: Iterable[str], silent: str) -> list[dict[str, Any]]:
        return [{"id": i, **said.pop(i, {"quote": None, "verdict": silent})} for i in ids]

    reply = {
        "key_points": opinions(checklist.key_points, "missing"),
        "misconceptions": opinions(checklist.misconceptions, "absent"),
    }
    if said:
        raise SystemExit(f"@{case.number}: no such points: {', '.join(said)}")
    text = json.dumps(reply, ensure_ascii=False)
    for vote in read_votes(text, checklist, case.answer.text):
        if vote.void:
            print(f"@{case.number}: void: {vote.point}: {vote.quote}")
    ids = {i: p.id for i, p in checklist.key_points.items()}
    ids |= {i: m.id for i, m in checklist.misconceptions.items()}
    side = "holdout" if case.answer.holdout else "fit"
    name = case.answer.id
    return Judgement(case.question.id, name, side, MODEL, prompt.VERSION, ids, text)


def main() -> None:
    """Ask, take, or say how far the record is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", nargs="?", choices=("ask", "take"))
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--answers", type=int, default=12)
    args = parser.parse_args()
    catalog = Catalog.from_settings(Settings())
    if args.command == "ask":
        left = cases_left(catalog)
        last = left[: args.answers][-1].question.id if left else ""
        more = [c for c in left[args.answers :] if c.question.id == last]
        print("\n".join(shown([*left[: args.answers], *more])))
    elif args.command == "take":
        taken = take(args.file.read_text(encoding="utf-8"), catalog)
        with RECORD.open("a", encoding="utf-8") as stream:
            for judgement in taken:
                stream.write(json.dumps(asdict(judgement), ensure_ascii=False) + "\n")
    sides = [j.side for j in recorded()]
    print(f"{len(sides)} judged: {sides.count('fit')} to fit, {sides.count('holdout')} holdout")
    if args.command is None:
        print_prompts(catalog)


def print_prompts(catalog: Catalog) -> None:
    """How many verdicts are as labelled by version of the prompt, and how long this one is."""
    for version in sorted({j.prompt for j in all_recorded()}):
        judgements = [j for j in all_recorded() if j.prompt == version]
        right = [is_right for j in judgements for is_right in _as_labelled(j, catalog)]
        print(
            f"prompt {version}: {len(judgements)} replies, {len(right):,} verdicts, "
            f"{sum(right) / len(right):.1%} of them as labelled"
        )
    lengths = [[len(m["content"]) for m in sent(case)] for case in sample(catalog)]
    shared, own = (sum(part) / len(lengths) for part in zip(*lengths, strict=True))
    print(
        f"prompt {prompt.VERSION}: {shared + own:,.0f} characters an answer, {shared:,.0f} shared"
    )


def _as_labelled(judgement: Judgement, catalog: Catalog) -> Iterator[bool]:
    answer = labelled(catalog, judgement.question)[judgement.answer]
    for vote in judgement.votes(asked(catalog, judgement.question), answer.text):
        if vote.verdict in VERDICTS:
            yield vote.verdict == answer.verdicts[vote.point]
        else:
            yield (vote.verdict == "asserted") == (vote.point in answer.stated)


if __name__ == "__main__":
    main()
