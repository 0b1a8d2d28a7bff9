"""The rubrics that a large model drafted of the questions, and what it said of the answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.llm_examples.sample import Asked, Part, sample
from grader.engine.encoders.onnx import OnnxEncoder
from grader.errors import JudgeReplyError
from grader.judge import draft_prompt, prompt
from grader.judge.ballots import votes_of
from grader.judge.draft_schema import parse_draft
from grader.judge.drafting import with_rubric
from grader.judge.exemplars import Marked, shelved
from grader.judge.quotes import find_quote
from grader.judge.redaction import Redacted
from grader.judge.schema import parse_reply
from grader.reading.rendering import rendered
from grader.records import Question, Vote
from grader.settings import Settings

HERE = Path(__file__).parent
RUBRICS, REPLIES, MARKS = (HERE / f"{name}.jsonl" for name in ("rubrics", "replies", "marks"))
MOST = 4
"""A mark for the whole answer is a number of quarters."""
MODEL = "claude"
LETTERS = {"c": "covered", "p": "partial", "x": "contradicted", "a": "asserted"}
_ANSWER = re.compile(r"^@(?=\d+\s*$)", re.MULTILINE)
_MARK = re.compile(r"@(\d+) (\d)")
_LINE = re.compile(r"([km]\d+) ([cpxa]) (.+)")
HOW = """\
How to reply. Not with JSON as the rules say, but by lines. For each answer, a line with its
number, then a line for each verdict that needs a quote:

@12
k1 c words of the answer
m2 a other words of the answer

Letters: c covered, p partial, x contradicted, a asserted. What you do not name is missing (key
points) or absent (misconceptions), so an answer of which nothing is to be said is its number
alone. The quote is the rest of the line, without quotation marks of your own, copied letter by
letter, unbroken, from the answer itself (the line that begins with @), never from the marked ones.
Judge every number, each by itself, in the order given."""


HOW_TO_MARK = f"""\
You mark answers as a teacher would, as wholes. For each question stand its text, a reference
answer, and answers by number. First count for yourself the parts of the reference that an answer to
this very question must contain; what the reference adds beyond the question doesn't matter. Then
give each answer a whole number from 0 to {MOST}: {MOST} where all essential parts are there and
right, 0 where none is, and what is wrong earns nothing. Judge the meaning, not the wording. Reply
with one line an answer, its number after an @ and then the mark, as '@12 3', every number, in the
order given.
"""


@dataclass(frozen=True, slots=True)
class Holistic:
    """A line of ``marks.jsonl``: one mark for the whole answer, without a rubric."""

    exam: str
    row: str
    mark: int
    """0 to ``MOST``."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """A line of ``rubrics.jsonl``."""

    exam: str
    question: str
    """Its id in the set."""
    prompt: str
    """The version of the prompt for drafts."""
    reply: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A line of ``replies.jsonl``."""

    exam: str
    row: str
    """The answer's id in the set."""
    examples: int
    """How many marked answers were asked for, at most."""
    shown: int
    """How many went along."""
    prompt: str
    reply: str
    """As an endpoint would have sent it."""


def lines_of(file: Path) -> list[dict[str, Any]]:
    """The records of a file of JSON lines; none where there is no file."""
    return list(map(json.loads, file.read_text("utf-8").splitlines())) if file.exists() else []


def keep(file: Path, records: Iterable[Drafted | Judged | Holistic]) -> None:
    """Add records to a file."""
    with file.open("a", encoding="utf-8") as stream:
        for record in records:
            stream.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")


# ── rubrics ─────────────────────────────────────────────────────────────────


def prompts_for_rubrics(data: Path) -> Iterator[str]:
    """The rules for drafts once, then question and reference of each question without a rubric."""
    done = {(r["exam"], r["question"]) for r in lines_of(RUBRICS)}
    left = [part for part in sample(data) if (part.exam, part.id) not in done]
    yield draft_prompt.rules()
    yield "\nReply with a line '@EXAM/QUESTION' before each rubric.\n"
    for part in left:
        yield f"@{part.exam}/{part.id}\n{draft_prompt.build_messages(part.question)[1]['content']}"


def take_rubrics(text: str, data: Path) -> list[Drafted]:
    """The rubrics in replies, read by the project's own parser; every claim quotes the reference.

    Raises:
        SystemExit: one won't do.
    """
    parts = {f"{part.exam}/{part.id}": part for part in sample(data)}
    taken = []
    for reply in re.split(r"^@", text, flags=re.MULTILINE)[1:]:
        name, _, body = reply.partition("\n")
        part, body = parts[name.strip()], json.dumps(json.loads(body), ensure_ascii=False)
        try:
            draft = parse_draft(body)
        except JudgeReplyError as error:
            raise SystemExit(f"{name}: {error}") from error
        for point in draft.key_points:
            if find_quote(point.quote, part.question.references[0].text) is None:
                raise SystemExit(f"{name}: the reference does not say: {point.quote}")
        taken.append(Drafted(part.exam, part.id, draft_prompt.VERSION, body))
    return taken


def rubric_of(part: Part) -> Question:
    """A question with its drafted rubric.

    Raises:
        SystemExit: there is none.
    """
    for line in lines_of(RUBRICS):
        if (line["exam"], line["question"]) == (part.exam, part.id):
            return with_rubric(part.question, parse_draft(line["reply"]), MODEL)
    raise SystemExit(f"{part.exam}/{part.id}: no rubric yet: ask-rubrics")


# ── asking ──────────────────────────────────────────────────────────────────


@cache
def neighbours(data: Path, most: int) -> dict[tuple[str, str], tuple[Marked, ...]]:
    """The marked answers that go along with each answer, by set and row."""
    asked = {(part.exam, one.row): (part, one) for part in sample(data) for one in part.asked}
    if not most:
        return dict.fromkeys(asked, ())
    encoder = OnnxEncoder()
    shelves = {(p.exam, p.id): shelved(p.table, encoder) for p in sample(data)}
    return {
        row: shelves[part.exam, part.id].nearest(one.answer, encoder, most)
        for row, (part, one) in asked.items()
    }


def checklist_of(question: Question) -> prompt.Checklist:
    """The points as the judge sees them by default."""
    return prompt.build_checklist(question, seed=Settings().llm_seed, run=0)


def sent(question: Question, answer: str, marked: Sequence[Marked]) -> Sequence[prompt.Message]:
    """The messages of the judge's prompt."""
    return prompt.build_messages(question, checklist_of(question), rendered(answer).text, marked)


def shown(data: Path, most: int) -> Iterator[str]:
    """What the judge is told of the answers that are not recorded yet.

    The rules stand once, a rubric once for its question; then come each answer's marked ones, if
    any, and the answer. White space is as short as can be.
    """
    done = {(r["exam"], r["row"]) for r in lines_of(REPLIES) if r["examples"] == most}
    near = neighbours(data, most)
    yield f"{prompt.rules()}\n\n{HOW}"
    intro = ""
    for part in sample(data):
        left = [one for one in part.asked if (part.exam, one.row) not in done]
        question = rubric_of(part)
        for i, one in enumerate(left):
            system, user = sent(question, one.answer, near[part.exam, one.row])
            if not intro and most:
                intro = user["content"].partition("\n")[0]
                yield f"\nBefore an answer stand, each after a '+' and its mark:\n{intro}"
            if i == 0:
                yield "\n=== " + system["content"].removeprefix(prompt.rules()).strip()
            for other in _marked_in(user["content"]):
                yield f"+{other['mark']} {_short(other['answer'])}"
            yield f"@{one.number} {_short(_json_in(user['content'])['answer'])}"


def _json_in(content: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content[content.rfind("\n{") + 1 :])
    return found


def _marked_in(content: str) -> list[dict[str, Any]]:
    lines = [line for line in content.splitlines() if line.startswith('{"marked"')]
    return json.loads(lines[0])["marked"] if lines else []


def _short(text: str) -> str:
    return " ".join(text.split())


def shown_as_wholes(data: Path) -> Iterator[str]:
    """What is asked of the answers that have no mark as wholes yet."""
    done = {(r["exam"], r["row"]) for r in lines_of(MARKS)}
    yield HOW_TO_MARK
    for part in sample(data):
        left = [one for one in part.asked if (part.exam, one.row) not in done]
        if left:
            yield f"\n=== Question: {_short(part.question.prompt)}"
            yield f"Reference: {_short(part.question.references[0].text)}"
            yield from (f"@{one.number} {_short(rendered(one.answer).text)}" for one in left)


# ── taking replies ──────────────────────────────────────────────────────────


def take(text: str, data: Path, most: int) -> list[Judged]:
    """The replies in verdict lines; what is recorded already stays as it is.

    Raises:
        SystemExit: a line says nothing, or a number is not of the sample.
    """
    done = {(r["exam"], r["row"]) for r in lines_of(REPLIES) if r["examples"] == most}
    cases = {one.number: (part, one) for part in sample(data) for one in part.asked}
    near = neighbours(data, most)
    taken: dict[str, Judged] = {}
    for block in _ANSWER.split(text)[1:]:
        number, *lines = block.strip().splitlines()
        if int(number) not in cases:
            raise SystemExit(f"@{number}: no such answer")
        part, one = cases[int(number)]
        if (part.exam, one.row) not in done:
            reply = _reply(rubric_of(part), one, [line for line in lines if line.strip()])
            so_many = len(near[part.exam, one.row])
            taken[one.row] = Judged(part.exam, one.row, most, so_many, prompt.VERSION, reply)
    return list(taken.values())


def take_marks(text: str, data: Path) -> list[Holistic]:
    """Marks for whole answers, from lines such as '@12 3'.

    Raises:
        SystemExit: a line is no mark, or a number is not of the sample.
    """
    cases = {one.number: (part.exam, one.row) for part in sample(data) for one in part.asked}
    taken = []
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _MARK.fullmatch(line)
        if match is None or int(match[1]) not in cases or int(match[2]) > MOST:
            raise SystemExit(f"no mark of one of the answers: {line}")
        taken.append(Holistic(*cases[int(match[1])], int(match[2])))
    return taken


def _reply(question: Question, one: Asked, lines: Sequence[str]) -> str:
    checklist = checklist_of(question)
    said = {}
    for line in lines:
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise SystemExit(f"@{one.number}: no verdict: {line}")
        said[match[1]] = {"quote": match[3], "verdict": LETTERS[match[2]]}

    def opinions(ids: Iterable[str], silent: str) -> list[dict[str, Any]]:
        return [{"id": i, **said.pop(i, {"quote": None, "verdict": silent})} for i in ids]

    reply = {
        "key_points": opinions(checklist.key_points, "missing"),
        "misconceptions": opinions(checklist.misconceptions, "absent"),
    }
    if said:
        raise SystemExit(f"@{one.number}: no such points: {', '.join(said)}")
    text = json.dumps(reply, ensure_ascii=False)
    try:
        votes = votes_in(text, question, one.answer)
    except JudgeReplyError as error:
        raise SystemExit(f"@{one.number}: {error}") from error
    for vote in votes:
        if vote.void:
            print(f"@{one.number}: void: {vote.point}: {vote.quote}")
    return text


def votes_in(reply: str, question: Question, answer: str) -> tuple[Vote, ...]:
    """The votes in a reply, by the project's own parser and quote check.

    Raises:
        JudgeReplyError: it is not of this rubric.
    """
    checklist = checklist_of(question)
    parsed = parse_reply(reply, tuple(checklist.key_points), tuple(checklist.misconceptions))
    seen = Redacted(rendered(answer).text, {})
    return votes_of(parsed, checklist, answer, seen, MODEL, 0)
