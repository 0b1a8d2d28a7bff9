"""What candidates are told, as the headings and sentences of a page, whatever its format. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grader.hiring.feedback.records import AnswerFeedback, CandidateFeedback, Finding, Kind

_HEADINGS: dict[Kind, str] = {
    "right": "What you got right",
    "missing": "What would make your answer stronger",
    "wrong": "What does not hold",
}
_STATUS = {
    "blank": "You left this question open, so there is nothing to say about it.",
    "not_gradable": "The program could not read this answer, which says nothing about how good it "
    "is. A person has to look at it.",
    "by_hand": "A person marked this answer. What the program found is not shown here: please ask "
    "that person.",
    "by_reference": "The program compared this answer with a model answer as a whole. That does "
    "not tell surely enough which of its sentences are right: a person can tell you.",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A quote, and what is said of it; either may be empty."""

    quote: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Items of one kind."""

    heading: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One question."""

    heading: str
    notes: tuple[str, ...]
    """Sentences that stand before the sections."""
    sections: tuple[Section, ...]
    closing: str
    """A sentence that stands behind them; may be empty."""


@dataclass(frozen=True, slots=True)
class Page:
    """A candidate's page."""

    name: str
    intro: str
    parts: tuple[Part, ...]
    closing_heading: str
    closing: tuple[str, ...]

    @property
    def title(self) -> str:
        """The page's heading."""
        return f"Feedback for {self.name}"


def page_of(feedback: CandidateFeedback) -> Page:
    """The page of one candidate."""
    return Page(
        name=feedback.name,
        intro=(
            "Thank you for your answers. For each question you find here what you got right, in "
            "your own words, what would make your answer stronger, and what does not hold."
        ),
        parts=tuple(
            _part(number, answer) for number, answer in enumerate(feedback.answers, start=1)
        ),
        closing_heading="How this was graded",
        closing=tuple(_closing(feedback)),
    )


def _part(number: int, answer: AnswerFeedback) -> Part:
    notes = [f"The mark that was given: {answer.mark}."] if answer.mark else []
    if answer.status != "told":
        notes.append(_STATUS[answer.status])
    elif not answer.findings:
        notes.append("The program is not sure enough of anything that it found in this answer.")
    return Part(
        heading=f"{number}. {answer.question}",
        notes=tuple(notes),
        sections=tuple(_sections(answer)),
        closing=_left_out(answer.unsure),
    )


def _sections(answer: AnswerFeedback) -> Iterator[Section]:
    for kind, heading in _HEADINGS.items():
        items = tuple(_item(finding) for finding in answer.findings if finding.kind == kind)
        if items:
            yield Section(heading, items)


def _item(finding: Finding) -> Item:
    lines = [finding.text] if finding.text else []
    if finding.kind == "wrong":
        lines = [f"In fact: {finding.text}"] if finding.text else ["This is worth another look."]
    if finding.why:
        lines.append(f"Why: {finding.why}")
    if finding.source:
        lines.append(f"Where to read more: {finding.source}")
    if finding.mark:
        lines.append(f"Mark: {finding.mark}")
    return Item(finding.quote, tuple(lines))


def _left_out(unsure: int) -> str:
    if not unsure:
        return ""
    number = "one more thing" if unsure == 1 else f"{unsure} more things"
    return (
        f"The program looked for {number} here and is not sure enough of what it found to tell "
        "you. A person can."
    )


def _closing(feedback: CandidateFeedback) -> Iterator[str]:
    models = (
        f" A language model ({', '.join(feedback.models)}) was asked as well."
        if feedback.models
        else ""
    )
    counted_on = (
        " That share was counted for grades without a language model; with one it is not known."
        if feedback.models
        else ""
    )
    yield (
        "A program compared each answer with a list of points that the question asks for and of "
        f"known errors.{models} You are told only what it is sure of: when people marked other "
        f"answers, they agreed with about {feedback.level:.0%} of such findings.{counted_on} So "
        "some of what stands here may be wrong."
    )
    yield (
        "You can ask for a person to look at your answers, and at this page: reply to whoever sent "
        "it to you."
    )
