"""Where an OpenAI-compatible endpoint is, and whether the way there is clear. Sends nothing."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from grader.errors import SettingsError

T = TypeVar("T")
OPENAI = "https://api.openai.com/v1"
NO_KEY = "no-key-needed"
"""Sent to servers of one's own, since the SDK wants a key."""
_VARIABLE = "OPENAI_BASE_URL"
# The last words of addresses that somebody copied from a page about HTTP calls.
_SERVICES = (
    "/chat/completions",
    "/completions",
    "/chat",
    "/responses",
    "/embeddings",
    "/messages",
    "/models",
)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
_IN_HEADERS = ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID")


def base_url(setting: str = "") -> str:
    """The address of the endpoint: the setting, else ``OPENAI_BASE_URL``, else OpenAI's own.

    Raises:
        SettingsError: it is not the address of an endpoint.
    """
    given, where = setting.strip(), "llm_base_url"
    if not given:
        given, where = os.environ.get(_VARIABLE, "").strip(), _VARIABLE
    if not given:
        return OPENAI
    parts = _split(given)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(
            f"{where} = {given}: is not the address of an endpoint: it must begin with http:// or https://"
        )
    if parts.query or parts.fragment:
        sign = "?" if parts.query else "#"
        raise SettingsError(
            f"{where} = {given}: an endpoint's address has no '{sign}': leave out what begins "
            f"there: {given.partition(sign)[0]}"
        )
    path = parts.path.rstrip("/")
    service = next((s for s in _SERVICES if path.endswith(s)), None)
    if service:
        kept = given.rstrip("/").removesuffix(service)
        raise SettingsError(
            f"{where} = {given}: '{service}' isn't part of an endpoint's address; it is added "
            f"when the endpoint is asked: leave it out: {kept}"
        )
    return given


def api_key(given: str | None, address: str) -> str:
    """The key to send to an address: the given one, else that of ``OPENAI_API_KEY``.

    Raises:
        SettingsError: there is none for OpenAI's own endpoint, or it can't be a key.
    """
    key = (given or os.environ.get("OPENAI_API_KEY", "")).strip()
    if not key and address == OPENAI:
        raise SettingsError("the judge needs a key: set OPENAI_API_KEY in the environment")
    if not (key.isascii() and key.isprintable()):
        raise SettingsError("OPENAI_API_KEY contains characters that no key has: copy it again")
    return key or NO_KEY


def reach(address: str, make: Callable[[], T]) -> T:
    """What ``make`` makes: a client of an SDK, which reads the environment on its own.

    Raises:
        SettingsError: a variable of the environment stands in the way; names it.
    """
    for name in _IN_HEADERS:
        value = os.environ.get(name, "")
        if not (value.isascii() and value.isprintable()):
            raise SettingsError(f"{name} holds signs that it can't have: copy it anew")
    for name in _PROXIES:
        for variable in (name, name.upper()):
            _check_proxy(variable, os.environ.get(variable, "").strip())
    _check_certificates(address)
    try:
        return make()
    except (ImportError, OSError, ValueError) as error:
        raise SettingsError(
            f"{address}: can't be asked: {error}: look at the environment variables of proxies "
            "(HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY) and certificates (SSL_CERT_FILE)"
        ) from error


def _split(address: str) -> SplitResult | None:
    """The parts of an address; none where it can't be one."""
    if not address.isprintable() or " " in address:
        return None
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    return parts


def _check_proxy(variable: str, value: str) -> None:
    """Refuse what is not the address of a proxy; it may hold a password, so it is not shown."""
    if not value:
        return
    parts = _split(value if "://" in value else f"http://{value}")
    scheme = parts.scheme if parts else ""
    if parts is None or scheme not in _PROXY_SCHEMES or not parts.hostname:
        raise SettingsError(
            f"{variable} is not the address of a proxy that can be used: write "
            f"http://HOST:PORT (or {', '.join(_PROXY_SCHEMES[1:])}), or unset it"
        )
    if scheme.startswith("socks") and find_spec("socksio") is None:
        raise SettingsError(
            f"{variable} names a SOCKS proxy, which needs a package: run pip install socksio "
            "or unset it"
        )


def _check_certificates(address: str) -> None:
    file, folders = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file:
        _check_load("SSL_CERT_FILE", file, lambda: ssl.create_default_context(cafile=file))
    elif folders and address.startswith("https:") and not _any_folder(folders):
        raise SettingsError(f"SSL_CERT_DIR = {folders}: no such folder: correct it or unset it")
    keys = os.environ.get("SSLKEYLOGFILE")
    if keys:
        _check_load("SSLKEYLOGFILE", keys, ssl.create_default_context)


def _any_folder(listed: str) -> bool:
    return any(Path(folder).is_dir() for folder in listed.split(os.pathsep))


def _check_load(variable: str, value: str, load: Callable[[], object]) -> None:
    try:
        load()
    except OSError as error:
        named = os.environ.get("SSLKEYLOGFILE")
        if named and error.filename == named:  # the other file is a good one
            variable, value = "SSLKEYLOGFILE", named
        why = error.strerror or str(error)
        raise SettingsError(f"{variable} = {value}: {why}: correct it or unset it") from error
