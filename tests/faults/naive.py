"""The control: the loop that everybody writes first, over the plain openai SDK."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import openai

from tests.faults.scene import KEY, SYSTEM
from tests.faults.server import FaultServer
from tests.faults.turns import LOST, PROMPT, TURNS
from tests.strict import complaints

READ_S = 0.5
"""How long the SDK may wait for a read; a stream that says nothing of use for longer is held."""
MOST_STEPS = 12


@dataclass
class Naive:
    """What came of a run of the naive loop."""

    answer: str = ""
    error: str = ""
    noted: list[str] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)


def play(server: FaultServer) -> Naive:
    """Run the conversation's prompt through the naive loop."""
    run = Naive()
    client = openai.OpenAI(base_url=server.url, api_key=KEY, timeout=READ_S, max_retries=0)
    try:
        _loop(client, run)
    except Exception as error:  # noqa: BLE001 -- whatever ends it is what came of it
        run.error = type(error).__name__
    finally:
        client.close()
    return run


def _loop(client: openai.OpenAI, run: Naive) -> None:
    run.messages += [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": PROMPT},
    ]
    for _ in range(MOST_STEPS):
        reply = ask(client, run.messages)
        run.messages.append(reply)
        if not reply.get("tool_calls"):
            run.answer = reply["content"]
            return
        for call in reply["tool_calls"]:
            result = _note(run, call["function"]["arguments"])
            run.messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})


def ask(client: openai.OpenAI, messages: list[Any]) -> dict[str, Any]:
    text = reasoning = ""
    calls: dict[int, dict[str, Any]] = {}
    stream = client.chat.completions.create(
        model="kimi-k2.6", messages=messages, tools=[TOOL], stream=True
    )
    for chunk in stream:
        if not chunk.choices:
            continue
        delta = chunk.choices[0].delta
        text += delta.content or ""
        reasoning += getattr(delta, "reasoning_content", None) or ""
        for piece in delta.tool_calls or []:
            call = calls.setdefault(
                piece.index,
                {"id": "", "type": "function", "function": {"name": "", "arguments": ""}},
            )
            call["id"] += piece.id or ""
            call["function"]["name"] += piece.function.name or ""
            call["function"]["arguments"] += piece.function.arguments or ""
    reply: dict[str, Any] = {"role": "assistant", "reasoning_content": reasoning}
    if text or not calls:
        reply["content"] = text
    if calls:
        reply["tool_calls"] = list(calls.values())
    return reply


def _note(run: Naive, arguments: str) -> str:
    try:
        run.noted.append(json.loads(arguments)["text"])
    except (ValueError, KeyError, TypeError) as error:
        return f"Failed: {error!r}"
    return f"Note {len(run.noted)}"


TOOL: Any = {
    "type": "function",
    "function": {
        "name": "note",
        "description": "Note a thing.",
        "parameters": {
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
        },
    },
}


def failure(run: Naive, server: FaultServer) -> str:
    """What is wrong with what came of it; '' if nothing is, or an error has told of it in time.

    A history that is refused is no error in time: the conversation cannot go on with it.
    """
    if server.complaints or (not run.error and complaints(run.messages)):
        return "the history is refused"
    if run.error:
        return ""
    if LOST in json.dumps([run.messages, run.noted]):
        return "a failed attempt is in the history"
    if run.answer != TURNS[-1].content:
        return "another answer is taken for the model's"
    if run.noted != [text for turn in TURNS for text in _notes(turn.calls)]:
        return "other calls ran"
    return ""


def _notes(calls: Any) -> list[str]:
    return [json.loads(call.arguments)["text"] for call in calls]
