"""A grade in words: what was said, what is wrong and what to add. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from grader.records import KeyPointResult, MisconceptionResult


def write_feedback(
    key_points: Sequence[KeyPointResult], misconceptions: Sequence[MisconceptionResult]
) -> str:
    """One paragraph for the candidate."""
    covered = sum(k.verdict == "covered" for k in key_points)
    parts = [f"{covered} of {len(key_points)} key points covered."]
    parts += [
        f"Wrong: {_plain(m.claim)} {_sentence(m.correction)} ({m.authority})"
        for m in misconceptions
        if m.verdict == "asserted"
    ]
    for verdict, lead in (
        ("contradicted", "Said the other way round"),
        ("partial", "Say more fully"),
        ("missing", "Add"),
    ):
        claims = [_plain(k.claim).rstrip(".") for k in key_points if k.verdict == verdict]
        if claims:
            parts.append(f"{lead}: {'; '.join(claims)}.")
    return " ".join(parts)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _sentence(text: str) -> str:
    text = _plain(text)
    return text if text.endswith((".", "!", "?")) else text + "."
