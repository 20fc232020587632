"""Of a saved run what a run needs to replay it: model, tools, gate, and what the person said.

Code that ran, with an error or without, runs again. A call that was denied, was stopped, acts
outside this kernel or holds a masked secret does not: its recorded result stands. What the person
has changed or kept to themselves is changed or kept back again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nbagent.clock import Clock
from nbagent.events import Event, ReplyReceived
from nbagent.loop import Loop, agent_loop
from nbagent.policy import (
    LIMITS,
    Allow,
    Edit,
    Gate,
    ProposedCall,
    Recall,
    Verdict,
    gate_of,
    setting_of,
)
from nbagent.redact import MASK, Redactor
from nbagent.replay.model import RecordedModel
from nbagent.run.recipe import Recipe
from nbagent.run.recorded import Recorded, RecordedCall, result_of
from nbagent.settings import Settings
from nbagent.tools import ToolResult, Toolset


class Replay:
    """One replay of a saved run.

    Args:
        record: the saved run.

    Attributes:
        stood: the calls whose recorded result stands although code or effect was there to run,
            each with the reason in words.
    """

    def __init__(self, record: Recorded) -> None:
        self.record = record
        self.stood: list[tuple[RecordedCall, str]] = []
        self._left = list(record.calls)

    def recipe(
        self,
        tools: Toolset,
        settings: Settings,
        clock: Clock,
        *,
        images_in_tool_results: bool = True,
        loop: Loop = agent_loop,
        redact: Redactor,
        conversation_key: str = "",
    ) -> Recipe:
        """What the replay is made of.

        Args:
            tools: what can be called here.
            settings: those in force; the saved run went past its limits with the person's leave
                or within them, so the replay has none, and asks about what is not in the record
                alone.
            clock: the one clock.
            images_in_tool_results: see `RecordedModel`.
            loop: the agent loop.
            redact: masks secrets.
            conversation_key: names the conversation that the replay is a turn of.
        """
        no_limits: dict[str, Any] = {
            setting_of(scope, name): None for scope in ("run", "conversation") for name in LIMITS
        }
        no_limits |= {"max_steps": len(self.record.steps) + 1, "max_usd": settings.max_usd}
        unlimited = replace(settings, **no_limits, notice_repeats=False, ask="never", plan=False)
        return Recipe(
            model=RecordedModel(self.record, clock, images_in_tool_results=images_in_tool_results),
            tools=tools,
            settings=unlimited,
            clock=clock,
            loop=loop,
            gate=self.gate(gate_of(settings)),
            redact=redact,
            made_of={"conversation_key": conversation_key},
        )

    def gate(self, otherwise: Gate) -> Gate:
        """The gate that goes by the record.

        Args:
            otherwise: judges a call that the record does not have, as one that was edited now.
        """

        def gate(call: ProposedCall) -> Verdict:
            recorded = self._take(call)
            if recorded is None:
                return otherwise(call)
            why = _why_not_again(recorded, call.effect)
            if why:
                if recorded.started is not None:
                    self.stood.append((recorded, why))
                return Recall(_result_of(recorded))
            told = recorded.told if recorded.withheld else None
            edited = recorded.started if recorded.started and recorded.started.edited else None
            if edited:
                return Edit(edited.arguments, told)
            ran_with = recorded.started.arguments if recorded.started else recorded.proposed
            return Allow(told, None if ran_with == recorded.proposed else ran_with)

        return gate

    def _take(self, call: ProposedCall) -> RecordedCall | None:
        """The record of a call that the model makes again."""
        for recorded in self._left:
            if (recorded.step, recorded.name) != (call.step, call.name):
                continue
            if recorded.proposed == call.arguments:
                self._left.remove(recorded)
                return recorded
        return None

    def follow(self, say: Callable[[str], None]) -> Callable[[Event], None]:
        """A consumer of the replay's events that says what the person had said while it ran.

        Args:
            say: `Run.say` of the replay.
        """
        said = {step.number: step.steered for step in self.record.steps}

        def consume(event: Event) -> None:
            if isinstance(event, ReplyReceived):
                for text in said.pop(event.step, ()):
                    say(text)

        return consume


def _why_not_again(recorded: RecordedCall, effect: str) -> str:
    """Why a call's recorded result stands, in words; '' if it runs again."""
    if recorded.started is None:
        return "it did not run"
    if not recorded.ran:
        return "it did not end by itself"
    if effect == "external":
        return "it acts outside this kernel"
    if MASK in json.dumps(recorded.started.arguments, default=str):
        return "a secret in it is masked in the record"
    return ""


def _result_of(recorded: RecordedCall) -> ToolResult:
    """The result that was recorded."""
    end = recorded.finished
    if end is None:
        return ToolResult(content="Nobody saw whether this finished.", is_error=True)
    return result_of(end, recorded.told or "(no output)")
