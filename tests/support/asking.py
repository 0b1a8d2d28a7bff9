"""Asking an endpoint by the judge's client, side by side."""

import asyncio
import json

from grader.judge.client import Client, Request, Usage
from grader.judge.schema import parse_reply
from grader.settings import Settings
from tests.support.llm_server import completion

GOOD = json.dumps(
    {
        "key_points": [{"id": "k1", "quote": "so", "verdict": "covered"}],
        "misconceptions": [{"id": "m1", "quote": None, "verdict": "absent"}],
    }
)

BODY = json.dumps(completion(GOOD, {"model": "tiny"})).encode()

REQUEST = Request("tiny", ({"role": "user", "content": "?"},), 0.0, 100)

KEY = "sk-very-secret"


def read(text):
    return parse_reply(text, ["k1"], ["m1"])


def ask(server, *, times=1, request=REQUEST, cache=None, key=KEY, **settings):
    """Ask side by side; each outcome is (reply or error), with the client and the usage."""
    quick = {"llm_backoff": 0.001, "llm_timeout": 5.0, **settings}

    async def main():
        client = Client(Settings(llm_base_url=server.url, **quick), key, cache=cache)
        usage = Usage()
        try:
            outcomes = await asyncio.gather(
                *(client.ask(request, read, usage) for _ in range(times)), return_exceptions=True
            )
        finally:
            await client.aclose()
        return outcomes, client, usage

    return asyncio.run(main())
