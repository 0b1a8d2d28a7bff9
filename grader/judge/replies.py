"""What an endpoint sent back: the text of its reply and the tokens that it took.

Everybody's servers, proxies and SDKs write a chat completion a little differently: what can be
read without guessing is, and an error says what came instead.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

import yaml
from pydantic_core import from_json

from grader.errors import (
    JudgeRefusalError,
    JudgeReplyError,
    JudgeServerError,
    JudgeTruncatedError,
)
from grader.judge.budget import estimate_tokens
from grader.judge.json_modes import Rung

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NAMED = 12  # models in a message
_SHOWN = 300  # characters of an endpoint's own words in a message
_READ = 50_000  # characters of a page
_FENCE = re.compile(r"```[\w-]*\s*(.*?)\s*```", re.DOTALL)
_NOT_SEEN = re.compile(
    r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.DOTALL | re.IGNORECASE
)
# How DeepSeek, Qwen, Gemma, gpt-oss, Kimi and Magistral mark what they think before they answer.
_THOUGHTS = r"think|thinking|thought|thoughts|reason|reasoning|analysis|scratchpad|seed:think"
_THINKS = re.compile(rf"(?is)\s*(<({_THOUGHTS})>|<\|channel\|>|◁think▷|\[THINK\])")
# The opening sign may be part of the prompt: all up to the last closing one was thought.
_THOUGHT = re.compile(rf"(?is).*(</({_THOUGHTS})>|◁/think▷|\[/THINK\])")
_TEXT_PARTS = (None, "text", "output_text")
_REASONING = ("reasoning_content", "reasoning", "reasoning_details", "thinking")
_FILTERED = ("content_filter", "safety", "prohibited_content", "recitation", "blocklist")
_CUT = ("length", "max_tokens", "model_length")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one call took."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    """Of the prompt's, those that the endpoint had kept from calls before."""


def shortened(text: str) -> str:
    """An endpoint's words on one line, cut short."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def page_text(text: str) -> str:
    """What a reader sees of the beginning of a page; any other text as it is."""
    text = text[:_READ]
    seen = _NOT_SEEN.sub(" ", text) if text.lstrip()[:1] == "<" else text
    return " ".join(unescape(seen).split())


def parse_json(body: str) -> Any:
    """The value in a body; None where it holds none. Broken text within it is none either."""
    try:
        return from_json(body)
    except (ValueError, RecursionError):
        return None


def tokens_of(body: str, prompt_text: str | None) -> Tokens:
    """What a call took: as the endpoint counts, else estimated; nothing for an error or a page.

    Args:
        body: what came back, readable as a completion or not: it is paid for all the same.
        prompt_text: what was sent; None where what came has the status of an error.
    """
    data = parse_json(body)
    usage = data.get("usage") if isinstance(data, dict) else None
    counts: Mapping[str, Any] = usage if isinstance(usage, dict) else {}
    prompt = _count(counts, "prompt_tokens", "input_tokens")
    completion = _count(counts, "completion_tokens", "output_tokens")
    if prompt_text is None or _is_no_completion(body, data):
        return Tokens(prompt or 0, completion or 0)
    sent = estimate_tokens(prompt_text) if prompt is None else prompt
    back = estimate_tokens(body) if completion is None else completion
    return Tokens(sent, back, min(sent, _cached(counts)))


def _cached(usage: Mapping[str, Any]) -> int:
    """Prompt tokens from the endpoint's cache: as OpenAI and vLLM, DeepSeek or Anthropic say it."""
    for name in ("prompt_tokens_details", "input_tokens_details"):
        details = usage.get(name)
        if isinstance(details, dict):
            return _count(details, "cached_tokens") or 0
    names = "cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens"
    return _count(usage, *names) or 0


def _is_no_completion(body: str, data: Any) -> bool:
    if isinstance(data, dict):
        return "choices" not in data
    return not body.lstrip().startswith("{")  # a page; a reply that broke off was paid for


def _count(usage: Mapping[str, Any], *names: str) -> int | None:
    """A number of tokens; none where it is missing or can't be one."""
    for name in names:
        value = usage.get(name)
        if value is None or isinstance(value, bool):
            continue
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            continue
        if 0 < number < math.inf:
            return math.ceil(number)
    return None


def models_in(body: str) -> str:
    """The names in an endpoint's list of models, as many as fit into a message."""
    data = parse_json(body)
    listed = data.get("data") if isinstance(data, dict) else None
    models = listed if isinstance(listed, list) else []
    names = [str(m["id"]) for m in models if isinstance(m, dict) and m.get("id")]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return shortened(", ".join(names[:_NAMED])) + more


def text_of(body: str, rung: Rung, *, most: int = 0) -> str:
    """The text of a reply that was asked for at a rung, and may have so many tokens.

    Raises:
        JudgeServerError: the body is no chat completion.
        JudgeRefusalError, JudgeTruncatedError: there is no text, or not all of it.
        JudgeReplyError: there is only the model's reasoning, or nothing.
    """
    choice, message = _choice(body)
    finish = str(choice.get("finish_reason") or "").lower()
    refusal = message.get("refusal") or _part(message, "refusal")
    if refusal or finish.startswith(_FILTERED):
        raise JudgeRefusalError(f"the model declines: {shortened(str(refusal or 'filtered'))}")
    if finish in _CUT:
        raise JudgeTruncatedError(f"the reply was cut off{_cut(tokens_of(body, None), most)}")
    text = _arguments(message) if rung is Rung.TOOL_CALL else ""
    text = _answered(text or _content(message.get("content")))
    if not text:
        raise _nothing_said(message, finish)
    if not text.startswith("{") and (_THINKS.match(text) or _THOUGHT.match(text)):
        raise JudgeReplyError(
            "the reply holds the model's reasoning and no answer after it: "
            f"'{shortened(text)[:60]}': start the server with its reasoning parser "
            "(vLLM: --reasoning-parser, llama.cpp: --reasoning-format deepseek), "
            "or turn the model's thinking off",
            lasting=True,
        )
    return text


def _cut(took: Tokens, most: int) -> str:
    """What to do about a reply that was cut off, by its length."""
    if 0 < took.completion < most:
        return (
            f" after {took.completion:,} tokens, before llm_max_output_tokens ({most:,}): the "
            "server's context is full, or it has a limit of its own: serve the model with a "
            f"larger context than {took.prompt + took.completion:,} tokens"
        )
    return ": raise llm_max_output_tokens, or take another model if this one repeats itself"


def _choice(body: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    data = parse_json(body)
    if not isinstance(data, dict):
        came = shortened(page_text(body)) or "nothing"
        raise JudgeServerError(f"the endpoint's reply is not a chat completion: {came}")
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise JudgeServerError(
            f"the endpoint's reply is not a chat completion: it has no message: {shortened(body)}"
        )
    return choice, message


def _content(content: Any) -> str:
    """The text of a message: a text, or the parts of a list that are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        # A gateway that has parsed the model's JSON, or one part alone.
        return _content([content]) if "text" in content else json.dumps(content)
    if not isinstance(content, list):
        return ""
    parts = [{"text": part} if isinstance(part, str) else part for part in content]
    return "".join(
        part["text"]
        for part in parts
        if isinstance(part, dict)
        and part.get("type") in _TEXT_PARTS
        and isinstance(part.get("text"), str)
    )


def _part(message: Mapping[str, Any], name: str) -> Any:
    """What the first part of a name holds, where a message has parts."""
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return next((p[name] for p in parts if isinstance(p, dict) and p.get(name)), None)


def _arguments(message: Mapping[str, Any]) -> str:
    """What the model called the tool with; empty where it called none."""
    calls = message.get("tool_calls")
    call = calls[0] if isinstance(calls, list) and calls else None
    function = call.get("function") if isinstance(call, dict) else None
    given = function.get("arguments") if isinstance(function, dict) else None
    return json.dumps(given) if isinstance(given, dict) else given if isinstance(given, str) else ""


def _nothing_said(message: Mapping[str, Any], finish: str) -> JudgeReplyError:
    parts = message.get("content")
    thought = [p for p in parts if p] if isinstance(parts, list) else []
    if thought or any(message.get(name) for name in _REASONING):
        return JudgeReplyError(
            "the reply holds the model's reasoning and no answer (content is empty): turn the "
            "model's thinking off, or start the server without its reasoning parser, or raise "
            "llm_max_output_tokens",
            lasting=True,
        )
    return JudgeReplyError(f"the reply is empty (finish_reason: {finish or 'none'})")


def _answered(text: str) -> str:
    """The JSON that a model answered with, without what it thought before.

    Nothing is searched for: what comes after the thoughts must be JSON from end to end. So a
    verdict that stands in a thought, or in an answer that a thought repeats, is none.
    """
    text = _unfenced(text)
    if not text.startswith("{"):
        thought = _THOUGHT.match(text)
        text = (_unfenced(text[thought.end() :]) if thought else text) or text
    return _mended(text)


def _mended(text: str) -> str:
    """The same, where it is JSON but for single quotes or a comma too many.

    That is how YAML writes it, too. What is cut off, or has anything beside it, is no YAML either.
    """
    if not (text.startswith("{") and text.endswith("}")) or parse_json(text) is not None:
        return text
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, _Loader)):
            return text  # a few of them stand for a text without end
        return json.dumps(yaml.load(text, _Loader), ensure_ascii=False)  # noqa: S506  a safe one
    except (yaml.YAMLError, TypeError, ValueError, RecursionError):
        return text


def _unfenced(text: str) -> str:
    """The text without a Markdown fence that encloses all of it."""
    text = text.strip().removeprefix("\ufeff").strip()
    fenced = _FENCE.fullmatch(text)
    return fenced[1] if fenced else text
