"""`Agent`: the recipe of an agent for Python code, in a script or a notebook.

In a notebook its tools run in the live kernel; in a script it starts a kernel of its own, which
ends with the run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from IPython import get_ipython

from nbagent.assembly import Given, address_of, new_run, open_model
from nbagent.clock import SystemClock
from nbagent.conversation import Conversation, Opening, begun_from
from nbagent.events import Event
from nbagent.kernel.child import ChildKernel
from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.person import Nobody
from nbagent.kernel.pump import Job, Pump, Unseen
from nbagent.kernel.read_output import read_output_tool
from nbagent.kernel.replayed import ReplayedKernel
from nbagent.kernel.run_python import run_python_tool
from nbagent.kernel.shell import LiveShell
from nbagent.kimi.keys import KeyStore
from nbagent.loop import Loop, agent_loop
from nbagent.policy import Gate, gate_of
from nbagent.ports import Executor
from nbagent.redact import Redactor
from nbagent.run import Run
from nbagent.run.fork import worked
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

    def run(
        self,
        prompt: str,
        *,
        history: Iterable[Any] = (),
        on_event: Callable[[Event], None] | None = None,
    ) -> Run:
        """Run the agent on `prompt` to its end and return the Run.

        Args:
            prompt: what is wanted.
            history: messages to go on from, JSON values in the OpenAI format. What the endpoint
                would refuse is repaired, and the Run's first event says what was changed; see
                `nbagent.repair`.
            on_event: given every event as it happens.

        Raises:
            NBAgentError: it cannot begin (no key, unknown endpoint). What happens later is told
                by the Run's last event.
        """
        run = self.begin(prompt, history=history)
        if on_event is not None:
            run.subscribe(on_event)
        return run.wait()

    def begin(self, prompt: str, *, history: Iterable[Any] = ()) -> Run:
        """Make a run that rests before its first request: `step()` moves it, `wait()` ends it.

        Its kernel ends with it; a run that is left before its end keeps one until this process
        ends.

        Args:
            prompt: what is wanted.
            history: messages to go on from; see `run`.

        Raises:
            NBAgentError: it cannot begin (no key, unknown endpoint).
        """
        clock = SystemClock()
        run = self._prepare(prompt, clock, history)
        run.moves.until = "move"
        run.driver = _Alone(clock)
        return run

    def _prepare(self, prompt: str, clock: SystemClock, history: Iterable[Any]) -> Run:
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
            tools=Toolset(
                [
                    run_python_tool(self.settings.tool_seconds, redact),
                    read_output_tool(),
                    *self.tools,
                ]
            ),
            settings=replace(self.settings, system=self.system or self.settings.system),
            clock=clock,
            loop=self.loop,
            gate=self.gate or gate_of(self.settings),
            redact=redact,
        )
        facts = model.facts
        start, report = begun_from(
            history, redact, thinking=facts.thinking, reasoning_key=facts.reasoning_key
        )
        notes = [address.note, report.replace("\n", " ")]
        return new_run(recipe, prompt, opening=Opening(start=start), notes=notes)


class _Alone:
    """Drives runs in the calling thread, each with its own executor; a `Driver`.

    Args:
        clock: the one clock.
    """

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._interrupts = Interrupts()
        self._pumps: dict[str, tuple[Pump, Job]] = {}

    def carry_on(self, run: Run, until: Callable[[], bool]) -> None:
        """Drive a run; see `Driver`."""
        if run.run_id not in self._pumps:
            self._pumps[run.run_id] = self._pump_for(run, self._executor(run))
        pump, job = self._pumps[run.run_id]
        pump.carry_on([job], until)
        if run.finished:
            del self._pumps[run.run_id]

    def fork(self, run: Run, n: int, edit: object, *, fresh: bool) -> Run:
        """Fork a run; see `Driver`."""
        recipe = replace(run.recipe, model=run.recipe.model.again())
        fork = run.forked(n, edit, recipe)
        fork.driver = self
        if fresh:
            codes = worked(run.moves[:n])
            kernel = ReplayedKernel(self._clock, self._interrupts, recipe.redact, codes)
            self._pumps[fork.run_id] = self._pump_for(fork, kernel)
        return fork

    def resume(self, run: Run) -> Run:
        """Go on where a run has ended; see `Driver`."""
        recipe = replace(run.recipe, model=run.recipe.model.again())
        successor = Run.going_on(run.record, recipe)
        successor.driver = self
        return successor.wait()

    def _executor(self, run: Run) -> Executor:
        """The live kernel where there is one, else a kernel of its own for the time of the run."""
        shell, redact = get_ipython(), run.recipe.redact
        if shell is not None:
            return LiveShell(shell, self._clock, self._interrupts, redact)
        return ChildKernel(self._clock, self._interrupts, redact)

    def _pump_for(self, run: Run, executor: Executor) -> tuple[Pump, Job]:
        def end() -> None:
            run.recipe.model.close()
            if isinstance(executor, ChildKernel):
                executor.close()

        pump = Pump(
            executor=executor,
            person=Nobody(),
            clock=self._clock,
            guard=self._interrupts.guard,
            tick=lambda: None,
        )
        return pump, Job(run, Unseen(), end)
