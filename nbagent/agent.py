"""`Agent`: the recipe of an agent for Python code, in a script or a notebook.

In a notebook its tools run in the live kernel; in a script it starts a kernel of its own, which
ends with the run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from IPython import get_ipython

from nbagent.assembly import Given, address_of, new_run, open_model
from nbagent.clock import SystemClock
from nbagent.conversation import Conversation
from nbagent.events import Event
from nbagent.kernel.child import ChildKernel
from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.person import Nobody
from nbagent.kernel.pump import Job, Pump
from nbagent.kernel.run_python import run_python_tool
from nbagent.kernel.shell import LiveShell
from nbagent.kimi.keys import KeyStore
from nbagent.loop import Loop, agent_loop
from nbagent.policy import Gate, gate_of
from nbagent.ports import Executor
from nbagent.redact import Redactor
from nbagent.run import Run
from nbagent.run.recipe import Recipe
from nbagent.settings import DEFAULT_ENDPOINT, DEFAULT_MODEL, Settings, resolve
from nbagent.tools import Toolset


def _from_environment() -> Settings:
    return resolve({}, {}, os.environ)


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An immutable recipe; each `run` is a new execution of it.

    Attributes:
        tools: functions or `Tool`s that the model may call besides `run_python`.
        settings: limits and endpoint; by default what the environment says.
        system: text that replaces the built-in system prompt.
        loop: the agent loop; the built-in one, or your own.
        gate: asked before each tool call.
    """

    tools: tuple[Callable[..., Any] | Any, ...] = ()
    settings: Settings = field(default_factory=_from_environment)
    system: str = ""
    loop: Loop = agent_loop
    gate: Gate | None = None

    def run(self, prompt: str, *, on_event: Callable[[Event], None] | None = None) -> Run:
        """Run the agent on `prompt` to its end and return the Run.

        Args:
            prompt: what is wanted.
            on_event: given every event as it happens.

        Raises:
            NBAgentError: it cannot begin (no key, unknown endpoint). What happens later is told
                by the Run's last event.
        """
        clock, interrupts = SystemClock(), Interrupts()
        run = self._prepare(prompt, clock)
        with _executor(clock, interrupts, run.recipe.redact) as executor:
            pump = Pump(
                executor=executor,
                person=Nobody(),
                clock=clock,
                guard=interrupts.guard,
                tick=lambda: None,
            )
            try:
                pump.drive([Job(run, _Listener(on_event))])
            finally:
                run.recipe.model.close()
        return run

    def _prepare(self, prompt: str, clock: SystemClock) -> Run:
        given = Given(
            endpoint=self.settings.endpoint != DEFAULT_ENDPOINT,
            model=self.settings.model != DEFAULT_MODEL,
        )
        address = address_of(
            self.settings,
            given=given,
            interactive=False,
            environ=os.environ,
            keys=KeyStore(),
            clock=clock,
        )
        redact = Redactor()
        redact.add_environment(os.environ)
        if address.secret is not None:
            redact.add(address.secret.reveal())
        conversation = Conversation()
        model = open_model(
            address, self.settings, given=given, clock=clock, cache_key=conversation.key
        )
        recipe = Recipe(
            model=model,
            tools=Toolset([run_python_tool(self.settings.tool_seconds, redact), *self.tools]),
            settings=replace(self.settings, system=self.system or self.settings.system),
            clock=clock,
            loop=self.loop,
            gate=self.gate or gate_of(self.settings),
            redact=redact,
        )
        return new_run(recipe, prompt, notes=[address.note])


@contextmanager
def _executor(clock: SystemClock, interrupts: Interrupts, redact: Redactor) -> Iterator[Executor]:
    """The live kernel where there is one, else a kernel of its own for the time of the run."""
    shell = get_ipython()
    if shell is not None:
        yield LiveShell(shell, clock, interrupts, redact)
        return
    child = ChildKernel(clock, interrupts, redact)
    try:
        yield child
    finally:
        child.close()


class _Listener:
    """A display that only hands events on."""

    def __init__(self, on_event: Callable[[Event], None] | None) -> None:
        self._on_event = on_event

    def apply(self, event: Event) -> None:
        """Hand an event on."""
        if self._on_event is not None:
            self._on_event(event)

    def refresh(self, *, final: bool = False) -> None:
        """Nothing is shown."""
