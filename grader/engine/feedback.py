"""A grade in words: what was said, what is wrong and what to add. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from grader.reading.text import counted
from grader.records import Grade, KeyPointResult, MisconceptionResult

FLAGS: Mapping[str, str] = MappingProxyType(
    {
        "too_short": "the answer is very short",
        "off_topic": "the answer seems to be about something else",
        "keyword_list": "the answer looks like a list of keywords",
        "copied_prompt": "the answer repeats the question",
        "copied_reference": "the answer is copied from the reference answer",
        "injection": "the answer may be giving instructions to the grader",
        "not_prose": "the answer is not prose",
        "other_language": "the answer seems to be in another language than English",
        "repetitive": "the answer repeats itself",
        "hidden_characters": "the answer holds invisible characters",
        "contradicts_itself": "the answer says both a point and a known error that excludes it",
        "judge_failed": "the language model could not check it",
        "judge_disagrees": "the language model disagrees",
        "judge_quote_void": "the language model quoted what does not prove its verdict",
        "judge_unreliable": "the language model passes answers that must not pass",
    }
)
"""What each flag says, for people."""
FAILURES: Mapping[str, str] = MappingProxyType(
    {
        "AnswerError": "the answer is empty, too long or not text",
        "UnknownQuestionError": "there is no such question in the bank",
        "DataFileError": "the question's own file is faulty",
        "CorrectionError": "the question's own file is faulty",
        "TableError": "the row does not say what it is an answer to",
    }
)
"""What the commonest reasons of a ``Failure`` say, for people."""
_CLOSING = ")]}\"'”’»"


def write_feedback(
    key_points: Sequence[KeyPointResult], misconceptions: Sequence[MisconceptionResult]
) -> str:
    """One paragraph for the candidate."""
    covered = sum(k.verdict == "covered" for k in key_points)
    parts = [f"{covered} of {counted(len(key_points), 'key point')} covered."]
    parts += [
        f"States a known error: {_sentence(m.claim)} Correct: {_sentence(m.correction)} "
        f"Source: {_sentence(m.authority)}"
        for m in misconceptions
        if m.verdict == "asserted"
    ]
    for verdict, lead in (
        ("contradicted", "Contradicts"),
        ("partial", "Say more fully"),
        ("missing", "Add"),
    ):
        claims = [_plain(k.claim).rstrip(".") for k in key_points if k.verdict == verdict]
        if claims:
            parts.append(f"{lead}: {'; '.join(claims)}.")
    return " ".join(parts)


def _plain(text: str) -> str:
    return " ".join(text.split())


def reason_in_words(reason: str) -> str:
    """One of a grade's ``review_reasons`` for people; one that is no flag is so already."""
    flag = reason.removeprefix("flag: ")
    return f"{FLAGS[flag]} ({flag})" if flag in FLAGS else reason


def failure_in_words(reason: str) -> str:
    """The reason of a ``Failure`` for people."""
    return f"{FAILURES[reason]} ({reason})" if reason in FAILURES else reason


def _sentence(text: str) -> str:
    """The text with a full stop, unless it ends with one, perhaps in brackets or quotes."""
    text = _plain(text)
    return text if text.rstrip(_CLOSING).endswith((".", "!", "?", "…")) else text + "."


def score_in_digits(grade: Grade) -> str:
    """The score to two digits, or to as many as show on which side of the pass mark it is."""
    texts = (f"{grade.score:.{digits}f}" for digits in (2, 3))
    told = (text for text in texts if (float(text) >= grade.pass_mark) == grade.passed)
    return next(told, f"{grade.score:.4f}")
