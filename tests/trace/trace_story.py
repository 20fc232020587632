"""A small language for event streams: what happened, in order, with the time that it took."""

from __future__ import annotations

import base64
import io
import random
from collections.abc import Iterable
from typing import Any

from PIL import Image

from nbagent.events import (
    ApprovalAsked,
    ApprovalGiven,
    Changes,
    Delta,
    Event,
    Reason,
    ReplyReceived,
    RetryScheduled,
    RunFinished,
    RunStarted,
    Sent,
    Steered,
    StepStarted,
    ToolFinished,
    ToolOutput,
    ToolStarted,
)
from nbagent.meter import Meter
from nbagent.samples import Sample
from nbagent.view import RunView

PRICE = (0.95, 0.16, 4.00)
KIMI = {"model": "kimi-k2.6", "host": "api.moonshot.ai", "operator": "Moonshot AI", "price": PRICE}


class Story:
    """Writes events; every method that takes `s` lets that many seconds pass, times `pace`."""

    def __init__(
        self, prompt: str = "What is in df?", *, pace: float = 1.0, **started: Any
    ) -> None:
        self.events: list[Event] = []
        self.t = 0.0
        self.pace = pace
        self.step = 0
        self.attempt = 1
        self.pieces: list[Sample] = []
        self.message: dict[str, Any] = {"role": "assistant"}
        facts = KIMI | {"run_id": "r1", "window_tokens": 262_144} | started
        self.add(RunStarted(prompt=prompt, **facts))

    def add(self, event: Event, s: float = 0.0) -> Story:
        self.t += s * self.pace
        object.__setattr__(event, "t", self.t)
        object.__setattr__(event, "seq", len(self.events))
        self.events.append(event)
        return self

    def ask(self, *sent: tuple[str, str, int], s: float = 0.0, attempt: int = 1) -> Story:
        if attempt == 1:
            self.step += 1
        self.attempt = attempt
        self.pieces, self.message = [], {"role": "assistant"}
        pieces = tuple(Sent(kind=kind, name=name, n_bytes=n) for kind, name, n in sent)
        return self.add(StepStarted(step=self.step, attempt=attempt, sent=pieces), s)

    def stream(self, phase: Any, text: str, s: float, *, n: int = 20, name: str = "") -> Story:
        """Stream a text in `n` pieces over `s` seconds; the first piece comes at once."""
        size = max(1, -(-len(text) // n))
        parts = [text[i : i + size] for i in range(0, len(text), size)]
        for i, part in enumerate(parts):
            gap = 0.0 if i == 0 else s / max(len(parts) - 1, 1)
            extra = {"call_index": 0, "name": name if i == 0 else ""} if name else {}
            delta = Delta(step=self.step, attempt=self.attempt, phase=phase, text=part, **extra)
            self.add(delta, gap)
            self.pieces.append((self.t, len(part) / 4, phase))
        return self

    def think(self, text: str, s: float = 2.0, *, wait: float = 0.6, n: int = 20) -> Story:
        self.t += wait * self.pace
        self.message["reasoning_content"] = self.message.get("reasoning_content", "") + text
        return self.stream("reasoning", text, s, n=n)

    def stall(self, s: float) -> Story:
        self.t += s * self.pace
        return self

    def say(self, text: str, s: float = 2.0) -> Story:
        self.t += 0.02 * self.pace
        self.message["content"] = text
        return self.stream("answer", text, s)

    def calls(self, name: str, arguments: str, s: float = 1.0) -> Story:
        self.t += 0.02 * self.pace
        call = {
            "id": f"{name}:0",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        self.message.setdefault("tool_calls", []).append(call)
        return self.stream("arguments", arguments, s, name=name)

    def reply(
        self,
        out: int = 200,
        *,
        prompt: int = 2000,
        cached: int = 1500,
        reasoning: int | None = None,
    ) -> Story:
        usage: Any = {"prompt_tokens": prompt, "completion_tokens": out, "cached_tokens": cached}
        if reasoning is not None:
            usage["reasoning_tokens"] = reasoning
        reason = "tool_calls" if self.message.get("tool_calls") else "stop"
        event = ReplyReceived(
            step=self.step,
            attempt=self.attempt,
            message=self.message,  # type: ignore[arg-type] # a dict in the message's shape
            finish_reason=reason,
            usage=usage,
            samples=tuple(self.pieces),
        )
        return self.add(event, 0.01)

    def run(
        self,
        name: str = "run_python",
        *outputs: dict[str, Any],
        code: str = "",
        saw: Any = "ok",
        s: float = 0.5,
        index: int = 0,
        **finished: Any,
    ) -> Story:
        arguments = {"code": code} if code else finished.pop("arguments", {})
        self.add(
            ToolStarted(
                step=self.step,
                index=index,
                call_id=f"{name}:{index}",
                name=name,
                arguments=arguments,
            )
        )
        for output in outputs:
            self.add(ToolOutput(step=self.step, index=index, output=output), s / (len(outputs) + 1))
        event = ToolFinished(
            step=self.step, index=index, name=name, content=saw, display=outputs, **finished
        )
        return self.add(event, s / (len(outputs) + 1))

    def retry(
        self, text: str, s: float, *, discarded: str = "", reason: str = "overloaded"
    ) -> Story:
        until = self.t + s * self.pace
        event = RetryScheduled(
            step=self.step,
            attempt=self.attempt,
            reason=reason,
            text=text,
            until_t=until,
            discarded=discarded,
        )
        return self.add(event)

    def question(self, *reasons: Reason, index: int = 0, **asked: Any) -> Story:
        """A call, or its result, waits for the person."""
        facts = {
            "name": "run_python",
            "why": "deletes files",
            "key": f"{self.step}.{index}",
        } | asked
        event = ApprovalAsked(step=self.step, index=index, reasons=reasons, **facts)
        return self.add(event)

    def decide(self, decision: Any, s: float = 3.0, *, index: int = 0, **given: Any) -> Story:
        """The person has decided, after a while."""
        event = ApprovalGiven(step=self.step, index=index, decision=decision, **given)
        return self.add(event, s)

    def steer(self, text: str) -> Story:
        return self.add(Steered(step=self.step, text=text))

    def finish(self, answer: str = "", reason: Any = "answer", text: str = "") -> Story:
        return self.add(RunFinished(reason=reason, answer=answer, text=text), 0.01)


def folded(events: Iterable[Event]) -> tuple[RunView, Meter]:
    view, meter = RunView(), Meter()
    for event in events:
        view.apply(event)
        meter.apply(event)
    return view, meter


def stream_output(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def error_output(ename: str, evalue: str, traceback: list[str]) -> dict[str, Any]:
    return {"output_type": "error", "ename": ename, "evalue": evalue, "traceback": traceback}


def display_output(**data: Any) -> dict[str, Any]:
    types = {
        "png": "image/png",
        "html": "text/html",
        "plain": "text/plain",
        "js": "application/javascript",
    }
    bundle = {types.get(name, name): value for name, value in data.items()}
    return {"output_type": "display_data", "data": bundle, "metadata": {}}


def png(width: int = 20, height: int = 10, seed: int = 0, *, noisy: bool = False) -> str:
    """A real PNG as base64; a noisy one cannot be compressed."""
    colours = random.Random(seed)
    if noisy:
        image = Image.frombytes("RGB", (width, height), colours.randbytes(width * height * 3))
    else:
        image = Image.new("RGB", (width, height), (seed * 7 % 256, 120, 40))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


CHANGES = Changes(added=("per", "fig"), changed=("df",))
