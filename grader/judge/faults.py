"""What an endpoint refuses, and why, in its own words: the SDK's errors and its bodies to ours.

Every endpoint, gateway and proxy has a shape of its own for that, and the SDK keeps only what
OpenAI's has. So the whole body is read, whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import openai

from grader.errors import (
    JudgeConnectionError,
    JudgeError,
    JudgeRateLimitError,
    JudgeRefusalError,
    JudgeReplyError,
    JudgeRequestError,
    JudgeServerError,
    JudgeSetupError,
    JudgeTimeoutError,
)
from grader.judge.reasons import codes_in, explains, reason_in, reason_of
from grader.judge.replies import parse_json, shortened

NOT_SUPPORTED = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.NOT_IMPLEMENTED,
    }
)
BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, 529})
"""What an endpoint says that has too much to do."""
LATE = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT, 524})
"""What a gateway says that has waited in vain."""
_TRY_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, 498})
_NO_KEY = "refuses the key in OPENAI_API_KEY"
_NO_CREDIT = "no credit"
_NO_MODEL = "no such model or path"
_LASTING: Mapping[int, str] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: _NO_KEY,
        HTTPStatus.PAYMENT_REQUIRED: _NO_CREDIT,
        HTTPStatus.FORBIDDEN: f"{_NO_KEY}, or a filter on the way does",
        HTTPStatus.NOT_FOUND: _NO_MODEL,
        HTTPStatus.METHOD_NOT_ALLOWED: _NO_MODEL,
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: "a proxy on the way wants a password",
    }
)
"""What no other attempt and no other answer will change."""
_STATUS_OF: Mapping[str, int] = MappingProxyType(
    {
        "insufficient_quota": HTTPStatus.PAYMENT_REQUIRED,
        "invalid_api_key": HTTPStatus.UNAUTHORIZED,
        "authentication_error": HTTPStatus.UNAUTHORIZED,
        "unauthenticated": HTTPStatus.UNAUTHORIZED,
        "permission_denied": HTTPStatus.FORBIDDEN,
        "invalid_request_error": HTTPStatus.BAD_REQUEST,
        "invalid_argument": HTTPStatus.BAD_REQUEST,
        "not_found": HTTPStatus.NOT_FOUND,
        "model_not_found": HTTPStatus.NOT_FOUND,
        "rate_limit_error": HTTPStatus.TOO_MANY_REQUESTS,
        "rate_limit_exceeded": HTTPStatus.TOO_MANY_REQUESTS,
        "resource_exhausted": HTTPStatus.TOO_MANY_REQUESTS,
    }
)
"""For errors that come with the status of a success."""
_BAD = r"(?:invalid|not valid|incorrect|expired|missing|required|wrong|revoked|disabled|unknown|no)"
_KEY = r"(?:api[ _-]?key|access[ _-]?token|bearer|authori[sz]ation|authentication|credentials?)"
_KEY_WORDS = re.compile(rf"(?i)\b{_BAD}\b.{{0,60}}\b{_KEY}|{_KEY}.{{0,60}}\b{_BAD}\b")
_KEY_CODES = re.compile(
    r"api_?key_?invalid|invalid_?api_?key|no_?api_?key|unauthenticated", re.IGNORECASE
)
_CREDIT_CODES = re.compile(
    r"insufficient_?(quota|balance|credits?|funds)|billing_?(hard_?limit|not_?active)"
    r"|credit_?balance|payment_?required",
    re.IGNORECASE,
)
_CREDIT_WORDS = re.compile(
    r"insufficient (quota|balance|credits?|funds)|check your plan and billing|billing (hard )?limit"
    r"|billing .{0,20}not (active|enabled)|(credit|account) balance|(out of|no|not enough) credits?"
    r"|payment required|spend(ing)? limit|quota .{0,30}(used up|exhausted)",
    re.IGNORECASE,
)
_MODEL_CODES = re.compile(r"(?i)model_?not_?(found|exist)|(invalid|unknown)_?model\b")
_MODEL_WORDS = re.compile(
    r"\bmodel\b.{0,80}\b(not found|does(n.t| not) exist|not exist|is unknown|not a valid model)"
    r"|\b(invalid|unknown|no such) model\b|not a valid model",
    re.IGNORECASE,
)
# OpenRouter's 404 for parameters that none of a model's hosts takes.
_NO_HOST = re.compile(
    r"no (allowed )?(endpoints?|providers?) .{0,60}(support|handle|match)", re.IGNORECASE
)
_FILTER_CODES = re.compile(
    r"content_?filter|responsible_?ai|content_?policy|data_inspection", re.IGNORECASE
)
_BAD_JSON_CODES = re.compile(
    r"json_validate_failed|tool_use_failed|output_parse_failed", re.IGNORECASE
)
# A model that is not there yet (llama.cpp, TGI), or a server whose places are taken (Ollama).
_WAIT = re.compile(
    r"\bloading\b|\b(no|all) (\w+ )?slots?\b|\bslots? (is |are )?(unavailable|busy)|\bbusy\b"
    r"|pending requests|queue is full|overloaded|at capacity",
    re.IGNORECASE,
)
CONTEXT = re.compile(
    r"exceed_context_size|context_length_exceeded|(available|maximum) context (size|length)"
    r"|exceeds? (the )?(model's |available )?context|context (window|length|size) .{0,40}exceed",
    re.IGNORECASE,
)
"""What servers say of a prompt, or of a prompt and the longest reply, beyond their context."""
LARGER = "llama.cpp: --ctx-size, Ollama: OLLAMA_CONTEXT_LENGTH, vLLM: --max-model-len"
"""Where a context is set."""
_DELAY = re.compile(r'"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"')
_CERTIFICATE = "CERTIFICATE_VERIFY_FAILED"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back for a request, whatever it is."""

    status: int
    body: str
    retry_after: float | None = None
    """Seconds that the endpoint asks us to wait."""


def answered(error: openai.APIStatusError) -> Answered:
    """What the SDK made an error of."""
    response = error.response
    body = getattr(response, "text", "") or ""
    return Answered(error.status_code, body, _retry_after(response.headers))


def fault_of(
    came: Answered, *, base_url: str, key: str, proven: bool = False
) -> JudgeError | JudgeSetupError | None:
    """The error of ours that stands for an answer; none for one that may be a reply.

    Args:
        came: the answer.
        base_url: who gave it.
        key: what must be in no message.
        proven: whether the model has answered in this run: key and name are good, and what is
            refused is this one request.
    """
    data = parse_json(came.body)
    status, reason = came.status, reason_in(came.body)
    if status < HTTPStatus.BAD_REQUEST:
        error = _error_within(data)
        if error is None:
            return None
        status, reason = _status_within(error), reason_of(error)
    delay = _DELAY.search(came.body)
    wait = float(delay[1]) if delay and came.retry_after is None else came.retry_after
    said = f"Error code: {status} - {_without_key(reason, key)}"
    kind = _kind(status, data, said, wait, proven=proven)
    if kind:
        return JudgeSetupError(f"{base_url}: {kind}: {said}{_hint(kind, base_url)}")
    return _of_one(status, data, said, wait)


def translate(error: openai.OpenAIError, base_url: str, key: str) -> JudgeError | JudgeSetupError:
    """The error of ours that stands for one of the SDK's; the key is in no message."""
    if isinstance(error, openai.APIStatusError):
        fault = fault_of(answered(error), base_url=base_url, key=key)
        return fault or JudgeServerError(_without_key(error, key))
    message = _without_key(error, key)
    cause = _without_key(error.__cause__ or "", key)
    if isinstance(error, openai.APITimeoutError):
        return JudgeTimeoutError(f"{base_url}: no reply in time")
    if isinstance(error, openai.APIConnectionError):
        if _CERTIFICATE in cause:
            return JudgeSetupError(
                f"{base_url}: its certificate is not trusted: name the file of your network's "
                f"own certificates in SSL_CERT_FILE: {shortened(cause)}"
            )
        return JudgeConnectionError(f"{base_url}: {shortened(cause or message)}")
    return JudgeReplyError(f"{base_url}: {shortened(message)}")


def _error_within(data: Any) -> Any:
    """The error in a body that came with the status of a success; none where there is none."""
    if isinstance(data, list) and data:
        data = data[0]
    if not isinstance(data, dict):
        return None
    choices = data.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    within = first.get("error") if isinstance(first, dict) else None
    if data.get("error") or within:
        return data.get("error") or within
    return data if not choices and explains(data) else None


def _status_within(error: Any) -> int:
    for text in codes_in(error):
        if text.isdecimal() and len(text) == len("400"):
            number = int(text)
            if number >= HTTPStatus.BAD_REQUEST:
                return number
        elif text.lower() in _STATUS_OF:
            return int(_STATUS_OF[text.lower()])
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _kind(status: int, data: Any, said: str, wait: float | None, *, proven: bool) -> str:
    """What is wrong with all requests, not with one; empty where it is not that."""
    codes = " ".join(codes_in(data))
    if status < HTTPStatus.INTERNAL_SERVER_ERROR and _is_spent(codes, said, wait):
        return _NO_CREDIT
    if status == HTTPStatus.NOT_FOUND and _NO_HOST.search(said):
        return ""
    if status == HTTPStatus.FORBIDDEN and proven:
        return ""  # The key is good: it is this answer that a filter on the way dislikes.
    if status in NOT_SUPPORTED and not proven:
        return _named_in(codes, said)
    return _LASTING.get(status, "")


def _is_spent(codes: str, said: str, wait: float | None) -> bool:
    # To be told how long to wait is a limit of pace, whatever else is said of quota and billing.
    spent = _CREDIT_CODES.search(codes) or (wait is None and _CREDIT_WORDS.search(said))
    return bool(spent)


def _named_in(codes: str, said: str) -> str:
    """What a bad request is about, where it is the key or the model."""
    if _KEY_CODES.search(codes) or _KEY_WORDS.search(said):
        return _NO_KEY
    return _NO_MODEL if _MODEL_CODES.search(codes) or _MODEL_WORDS.search(said) else ""


def lacks_model(fault: BaseException) -> bool:
    """Whether a fault says that there is no such model, or nothing at the address."""
    return isinstance(fault, JudgeSetupError) and f": {_NO_MODEL}: " in str(fault)


def _hint(kind: str, base_url: str) -> str:
    if kind == _NO_MODEL and "/" not in base_url.partition("://")[2].rstrip("/"):
        return f": does the address end in /v1? {base_url.rstrip('/')}/v1"
    return ""


def _of_one(status: int, data: Any, said: str, wait: float | None) -> JudgeError:
    codes = " ".join(codes_in(data))
    loads = status == HTTPStatus.SERVICE_UNAVAILABLE and _WAIT.search(said)
    if status == HTTPStatus.TOO_MANY_REQUESTS or loads:
        return JudgeRateLimitError(said, retry_after=wait)
    if status in NOT_SUPPORTED and _FILTER_CODES.search(codes):
        return JudgeRefusalError(f"the endpoint's filter: {said}")
    if status in NOT_SUPPORTED and _BAD_JSON_CODES.search(codes):
        return JudgeReplyError(said)
    if status in NOT_SUPPORTED and CONTEXT.search(f"{codes} {said}"):
        way_out = f"serve the model with a larger context ({LARGER})"
        return JudgeRequestError(f"{said}: {way_out}", lasting=True)
    if status in NOT_SUPPORTED or not _passes(status):
        return JudgeRequestError(said)
    return JudgeServerError(said, retry_after=wait)


def _passes(status: int) -> bool:
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TRY_AGAIN


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the endpoint asks us to wait."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def _without_key(error: object, key: str) -> str:
    """What an error says, on one line."""
    line = " ".join(str(error).split())
    return line.replace(key, "***") if key else line
