"""Two ways to make the same N steps: nbagent's, and a bare loop over the SDK as tutorials write it.

Run as `python -m tests.bench.clients ours|bare PORT N`; prints the CPU milliseconds of each step
(all threads of the process) as JSON. Both import and connect before the first step counts.
"""

from __future__ import annotations

import json
import queue
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import openai

from nbagent.clock import SystemClock
from nbagent.kimi.client import connect
from nbagent.kimi.endpoints import PRESETS
from nbagent.messages import Message, Request, Transcript
from nbagent.ports import Arrival, Failure, Reply
from nbagent.settings import Settings

RESULT = "x " * 60
"""What each tool call returns; with the reply a step adds about 1.6 kB and two messages."""


def first_messages() -> list[Any]:
    return [
        {"role": "system", "content": "You work in a notebook."},
        {"role": "user", "content": "Describe df."},
    ]


def ours(port: str) -> Callable[[], None]:
    endpoint = PRESETS["moonshot"].at(f"http://127.0.0.1:{port}/v1")
    directory = Path(tempfile.mkdtemp())
    model = connect(
        Settings(), endpoint, None, SystemClock(), model_given=True, directory=lambda: directory
    )
    transcript, messages = Transcript(), first_messages()
    head = model.head([])
    arrivals: queue.SimpleQueue[Arrival] = queue.SimpleQueue()

    def step() -> None:
        revision = transcript.sync(messages, trusted=True)
        model.start(Request(head, revision, len(messages), model.tail(1000)), arrivals.put)
        while not isinstance(last := arrivals.get(), Reply):
            if isinstance(last, Failure):
                raise last.error
        act(messages, last.message)

    return step


def bare(port: str) -> Callable[[], None]:
    http_client = openai.DefaultHttpxClient(trust_env=False)
    client = openai.OpenAI(
        base_url=f"http://127.0.0.1:{port}/v1", api_key="x", http_client=http_client
    )
    messages = first_messages()

    def step() -> None:
        message: dict[str, Any] = {"role": "assistant", "content": "", "reasoning_content": ""}
        calls: dict[int, dict[str, Any]] = {}
        for chunk in client.chat.completions.create(
            model="kimi-k2.6", messages=messages, stream=True
        ):
            for choice in chunk.choices:
                delta = choice.delta
                message["content"] += delta.content or ""
                message["reasoning_content"] += getattr(delta, "reasoning_content", None) or ""
                for part in delta.tool_calls or []:
                    call = calls.setdefault(part.index, {"id": part.id, "type": "function"})
                    function = call.setdefault("function", {"name": "", "arguments": ""})
                    function["name"] += part.function.name or ""
                    function["arguments"] += part.function.arguments or ""
        act(messages, {**message, "tool_calls": list(calls.values())})

    return step


def act(messages: list[Any], reply: Message | dict[str, Any]) -> None:
    (call,) = reply["tool_calls"]
    json.loads(call["function"]["arguments"])
    messages.append(reply)
    messages.append({"role": "tool", "tool_call_id": call["id"], "content": RESULT})


def main(name: str, port: str, n: str) -> None:
    step = {"ours": ours, "bare": bare}[name](port)
    step()
    marks = [time.process_time()]
    for _ in range(int(n)):
        step()
        marks.append(time.process_time())
    spent = [1000 * (b - a) for a, b in pairwise(marks)]
    sys.stdout.write(json.dumps(spent))


if __name__ == "__main__":
    main(*sys.argv[1:])
