"""Endpoints on loopback that play judges: in this process, or as one of their own.

    python -m benchmarks.loopback --delay 0.2

One core serves client and server in our measurements, so the server is as plain as can be: one
thread of ``asyncio``, HTTP/1.1 with keep-alive, nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What frameworks that ask by words alone look for.
_PLAIN_MARK = {"steps": ["Compare both."], "reason": "as asked", "feedback": "good", "score": 3}
_POINT = re.compile(r"^([km]\d+): ", re.MULTILINE)
Script = Callable[[Mapping[str, Any]], dict[str, Any]]


def completion(text: str, tool: str | None = None) -> dict[str, Any]:
    """The body of a reply that says a text, or calls a tool with it."""
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if tool:
        call = {"id": "c", "type": "function", "function": {"name": tool, "arguments": text}}
        message |= {"content": None, "tool_calls": [call]}
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "tiny",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }


@contextmanager
def serving_here(script: Script) -> Iterator[str]:
    """The base URL of an endpoint in a thread of this process, until the block is left."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            data = json.dumps(script(request)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# ── an endpoint in a process of its own ─────────────────────────────────────


@dataclass(frozen=True)
class Counts:
    """What an endpoint has seen so far."""

    requests: int
    answered: int
    distinct: int
    """Different bodies among those that were answered."""
    repeated: int
    """Answers to a body that had been answered before."""
    prompt_chars: int
    """Characters of all messages."""


class Process:
    """An endpoint in a process of its own; ``stop`` it."""

    def __init__(self, *, delay: float, refuse: int = 0, retry_after: float = 0.2) -> None:
        command = [sys.executable, "-m", "benchmarks.loopback", "--delay", str(delay)]
        command += ["--refuse", str(refuse), "--retry-after", str(retry_after)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.root = self._process.stdout.readline().strip()

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return f"{self.root}/v1"

    def counts(self) -> Counts:
        """What it has seen so far."""
        with urllib.request.urlopen(f"{self.root}/counts") as reply:  # noqa: S310  loopback
            return Counts(**json.load(reply))

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


@contextmanager
def serving(**options: Any) -> Iterator[Process]:
    """An endpoint in a process of its own, until the block is left."""
    process = Process(**options)
    try:
        yield process
    finally:
        process.stop()


class _Endpoint:
    """Every point covered, quoting the answer's first words; other schemas filled as they are."""

    def __init__(self, delay: float, refuse: int, retry_after: float) -> None:
        self._delay = delay
        self._refuse = refuse
        self._retry_after = retry_after
        self._requests = self._chars = self._repeated = self._answered = 0
        self._seen: set[int] = set()

    async def serve(self) -> None:
        """Print the address, then answer for ever."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=256)
        port = server.sockets[0].getsockname()[1]
        print(f"http://127.0.0.1:{port}", flush=True)
        await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                fields = dict(
                    line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line
                )
                body = await reader.readexactly(int(fields.get("content-length", 0)))
                status, extra, data = await self._answer(head, body)
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{extra}"
                    f"Content-Length: {len(data)}\r\n\r\n".encode()
                    + data
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            """The client has gone."""
        finally:
            writer.close()

    async def _answer(self, head: str, body: bytes) -> tuple[int, str, bytes]:
        if head.startswith("GET"):
            return 200, "", json.dumps(self._counts()).encode()
        self._requests += 1
        if self._refuse and self._requests % self._refuse == 0:
            error = {"error": {"message": "slow down", "code": None}}
            return 429, f"Retry-After: {self._retry_after}\r\n", json.dumps(error).encode()
        request = json.loads(body)
        self._chars += sum(len(_content(m)) for m in request["messages"])
        await asyncio.sleep(self._delay)
        self._answered += 1
        key = hash(body)
        self._repeated += key in self._seen
        self._seen.add(key)
        return 200, "", json.dumps(reply_to(request)).encode()

    def _counts(self) -> dict[str, int]:
        return {
            "requests": self._requests,
            "answered": self._answered,
            "distinct": len(self._seen),
            "repeated": self._repeated,
            "prompt_chars": self._chars,
        }


def reply_to(request: Mapping[str, Any]) -> dict[str, Any]:
    """A reply that pleases whoever asked."""
    first = _content(request["messages"][0])
    if ids := _ids(first):
        return completion(_verdicts(ids, _content(request["messages"][1])))
    schema, tool = _schema(request)
    said = filled(schema, schema) if schema else _PLAIN_MARK
    return completion(json.dumps(said), tool)


def _content(message: Mapping[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def _verdicts(ids: Sequence[str], asked: str) -> str:
    answer = json.loads(asked.splitlines()[-1])["answer"]
    quote = " ".join(answer.split()[:8])
    canary = "look up the details" in answer
    verdict = "missing" if canary else "covered"
    said = {
        "key_points": [
            {"id": id_, "quote": None if canary else quote, "verdict": verdict}
            for id_ in ids
            if id_.startswith("k")
        ],
        "misconceptions": [
            {"id": id_, "quote": None, "verdict": "absent"} for id_ in ids if id_.startswith("m")
        ],
    }
    return json.dumps(said)


@lru_cache(maxsize=16)
def _ids(system: str) -> list[str]:
    """The points of a rubric in a system message; read once: a server's time is ours here."""
    _, _, rubric = system.rpartition("\nquestion: ")
    return _POINT.findall(rubric)


def _schema(request: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """The JSON Schema that is asked for, and the tool that it belongs to."""
    if request.get("tools"):
        function = request["tools"][0]["function"]
        return function["parameters"], function["name"]
    form = request.get("response_format") or {}
    return form.get("json_schema", {}).get("schema", {}), None


def filled(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Any:
    """Some value of a schema."""
    if "$ref" in schema:
        return filled(whole["$defs"][schema["$ref"].rsplit("/", 1)[1]], whole)
    if "enum" in schema:
        return schema["enum"][0]
    for either in ("anyOf", "oneOf", "allOf"):
        if either in schema:
            return filled(schema[either][0], whole)
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: filled(s, whole) for name, s in schema.get("properties", {}).items()}
    plain = {"array": ["one", "two"], "integer": 1, "number": 1, "boolean": True, "null": None}
    if kind == "array" and "items" in schema:
        return [filled(schema["items"], whole)]
    return plain.get(kind, "as asked")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.2)
    parser.add_argument("--refuse", type=int, default=0, help="every so many calls a 429")
    parser.add_argument("--retry-after", type=float, default=0.2)
    args = parser.parse_args()
    asyncio.run(_Endpoint(args.delay, args.refuse, args.retry_after).serve())


if __name__ == "__main__":
    main()
