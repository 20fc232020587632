"""The controls of a soak: a loop that keeps sending all of it, and figures that are spoilt."""

from __future__ import annotations

import time
from typing import Any

from openai import DefaultHttpxClient, OpenAI

from tests.faults.naive import ask
from tests.soak import story
from tests.soak.server import SoakServer


def loop(server: SoakServer, n_turns: int) -> list[tuple[int, float]]:
    """Make so many turns as tutorials do; bytes and CPU (ms) of each request."""
    messages: list[Any] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": story.PROMPT},
    ]
    spent = []
    http = DefaultHttpxClient(trust_env=False)
    with OpenAI(base_url=server.url, api_key="x", http_client=http, max_retries=0) as client:
        for _ in range(n_turns):
            before, since = server.n_bytes, time.thread_time()
            reply = ask(client, messages)
            spent.append((server.n_bytes - before, 1000 * (time.thread_time() - since)))
            messages.append(reply)
            for call in reply["tool_calls"]:
                result = {"role": "tool", "tool_call_id": call["id"], "content": "x " * 300}
                messages.append(result)
    return spent
