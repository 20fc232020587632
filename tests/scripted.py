"""A model that says what a test wrote down, behind the same port as the real one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from nbagent.clock import ManualClock
from nbagent.events import RunStarted
from nbagent.messages import Message, Request, ToolCall, json_bytes
from nbagent.ports import Arrival, Execution, Failure, ModelFacts, OnOutput, Piece, Reply
from nbagent.run import Run
from nbagent.run.recipe import Recipe
from nbagent.run.work import AskModel, Decide, Decision, Elapsed, RunTool, WaitUntil
from nbagent.settings import Settings
from nbagent.tools import Tool, ToolContext, ToolResult, Toolset


def plain_shell() -> InteractiveShell:
    """IPython without a kernel and without a history file."""
    return InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))


USAGE = {"prompt_tokens": 100, "completion_tokens": 10}


def call(call_id: str, name: str = "echo", arguments: str = '{"text": "hi"}') -> ToolCall:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def says(text: str, reasoning: str = "I know.") -> Message:
    return {"role": "assistant", "content": text, "reasoning_content": reasoning}


def calls(*tool_calls: ToolCall, reasoning: str = "I must look.") -> Message:
    return {
        "role": "assistant",
        "reasoning_content": reasoning,
        "tool_calls": list(tool_calls),
    }


class ScriptedModel:
    """Replies in order; an exception in the script is a failure of that call."""

    def __init__(self, script: Iterable[Message | Exception], **facts: Any) -> None:
        self.script = list(script)
        self.requests: list[Request] = []
        self._facts = ModelFacts(model="test", host="127.0.0.1", **facts)

    @property
    def facts(self) -> ModelFacts:
        return self._facts

    def head(self, tools: Sequence[Tool]) -> bytes:
        schemas = json_bytes([tool.schema() for tool in tools])
        return b'"model":"test","tools":' + schemas

    def tail(self, prompt_tokens: int) -> bytes:
        return b'"max_completion_tokens":%d' % max(16_000, 200_000 - prompt_tokens)

    def start(self, request: Request, sink: Callable[[Arrival], None]) -> Callable[[], None]:
        self.requests.append(request)
        for arrival in self.arrivals(0.0):
            sink(arrival)
        return lambda: None

    def close(self) -> None:
        return

    def again(self) -> ScriptedModel:
        return self

    def arrivals(self, t: float) -> list[Any]:
        item = self.script.pop(0) if self.script else says("done")
        if isinstance(item, Exception):
            return [Failure(t, item)]
        pieces = [Piece(t, "reasoning", item.get("reasoning_content", ""))]
        finish = "tool_calls" if item.get("tool_calls") else "stop"
        return [*pieces, Reply(t, item, finish, dict(USAGE))]


class NoExecutor:
    """Tools of these tests touch nothing but their arguments."""

    alive = True
    interrupted = False

    def execute(self, code: str, on_output: OnOutput, limit_s: float | None = None) -> Execution:
        raise AssertionError(code)

    def invoke(
        self, function: Callable[[], object], on_output: OnOutput, limit_s: float | None = None
    ) -> Execution:
        return Execution(value=function())

    def interrupt(self) -> None:
        return


def echo_tool(effect: Any = "pure") -> Tool:
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    return Tool(
        "echo",
        "Say it again.",
        schema,
        lambda arguments, _: ToolResult(content=f"echo: {arguments.get('text')}"),
        effect,
    )


def make_run(
    script: Iterable[Message | Exception],
    *,
    prompt: str = "go",
    tools: Sequence[Tool] = (),
    settings: Settings | None = None,
    history: Any = (),
    facts: dict[str, Any] | None = None,
    **recipe: Any,
) -> Run:
    model = ScriptedModel(script, **(facts or {}))
    return Run(
        Recipe(
            model=model,
            tools=Toolset(list(tools) or [echo_tool()]),
            settings=settings or Settings(),
            clock=recipe.pop("clock", ManualClock()),
            **recipe,
        ),
        prompt=prompt,
        started=RunStarted(run_id="run-1", prompt=prompt, model="test", price=model.facts.price),
        history=history,
    )


def drive(
    run: Run,
    *,
    decide: Callable[[Decide], Decision] = lambda _: Decision("run"),
    between: Callable[[Run, int], None] = lambda _run, _i: None,
    most: int = 10_000,
) -> Run:
    """Drive a run to its end by hand; `between` is called before each move."""
    clock = run.recipe.clock
    for i in itertools.count():
        assert i < most, "the run does not end"
        between(run, i)
        work = run.pending()
        if work is None:
            return run
        if isinstance(work, AskModel):
            assert isinstance(run.recipe.model, ScriptedModel)
            run.recipe.model.requests.append(work.request)
            for arrival in run.recipe.model.arrivals(clock.now()):
                run.deliver(work, arrival)
        elif isinstance(work, RunTool):
            context = ToolContext(NoExecutor(), lambda _output: None)
            run.deliver(work, run.recipe.tools.call(work.call, context))
        elif isinstance(work, Decide):
            run.deliver(work, decide(work))
        elif isinstance(work, WaitUntil):
            clock.sleep(work.until - clock.now())
            run.deliver(work, Elapsed())
    raise AssertionError
