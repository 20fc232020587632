"""Tools: what the model may call, and what comes back.

A `Tool` is a name, a description, a JSON schema and a callable. Calling one never raises: a
failure is a `ToolResult` that tells the model how to mend its call. What the model gets
(`content`) and what the person sees (`display`) are separate, and both are counted in bytes.

`as_tool` makes a tool of a plain function; `@tool` gives it a name, a description or an effect
of its own. A tool keeps the function it was made of: where a notebook cell defines the function
again, the next `%%kimi --tools` takes the new one, a tool made before keeps the old one.

Read next: `schema`, which reads signatures; `results`, which reads return values.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, TypeVar, overload

from nbagent.errors import SettingsError
from nbagent.events import Changes, Output, Reason
from nbagent.messages import Content, ToolCall
from nbagent.ports import Execution, Executor, OnOutput
from nbagent.tools.results import (
    Returned,
    content_of,
    read_value,
    shown_pictures,
    shown_text,
    value_outputs,
)
from nbagent.tools.schema import BadArguments, FunctionSchema, check_by_schema, function_schema

Effect: TypeAlias = Literal["pure", "kernel", "external"]
"""What a call can change: nothing, the kernel's state, or the world outside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What came of a tool call.

    Attributes:
        content: what the model gets: text, or parts with text and pictures; never empty.
        display: what the person sees: outputs in nbformat's shape.
        is_error: whether the call failed.
        outcome: the outcome in a few words, for the step's line.
        changes: names and files that it changed, if it can tell.
        interrupted: a stop ended the call, or kept it from running.
        cut_bytes: bytes of output left out of `content`; `spill` is the file that holds all.
    """

    content: Content
    display: tuple[Output, ...] = ()
    is_error: bool = False
    outcome: str = ""
    changes: Changes | None = None
    interrupted: bool = False
    cut_bytes: int = 0
    spill: str = ""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a call may use: the executor, and where to show output while it runs.

    `limit_s` is the time limit of one call, in seconds; None for none. `run_id` and `call_id` name
    the run and its call.
    """

    executor: Executor
    on_output: OnOutput
    limit_s: float | None = None
    run_id: str = ""
    call_id: str = ""


OUTSIDE = Reason(
    kind="outside", verb="acts outside this kernel", doing="acting outside this kernel"
)


@dataclass(frozen=True, slots=True)
class Tool:
    """Something the model may call.

    Attributes:
        name: 3 to 64 characters, `[a-zA-Z_][a-zA-Z0-9-_]*` (Moonshot's rule).
        description: what it does and when to use it; the model reads this.
        parameters: JSON schema of the arguments, in the subset that Moonshot accepts.
        call: runs it, given validated arguments and a context.
        effect: what a call can change; approvals and resume need to know.
        check: turns the model's JSON values into `call`'s arguments or raises `BadArguments`; by
            the schema alone where it is None.
        judge: tells of arguments what is risky about them; by `effect` alone where it is None.
        only_looks: why arguments do more than look, in words, '' if they do not; by `effect`
            alone where it is None.
        spelled_out: gives arguments in full where the model's only name what is meant; that is
            what is judged, approved, recorded and run.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    call: Callable[[dict[str, Any], ToolContext], ToolResult]
    effect: Effect = "kernel"
    check: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    judge: Callable[[dict[str, Any]], tuple[Reason, ...]] | None = None
    only_looks: Callable[[dict[str, Any]], str] | None = None
    spelled_out: Callable[[dict[str, Any]], dict[str, Any]] | None = None

    def reasons(self, arguments: dict[str, Any]) -> tuple[Reason, ...]:
        """What makes a call with these arguments need the person's OK, as far as can be told."""
        if self.judge is not None:
            return self.judge(arguments)
        return (OUTSIDE,) if self.effect == "external" else ()

    def changes(self, arguments: dict[str, Any]) -> str:
        """Why a call with these arguments does more than look; '' if it changes nothing."""
        if self.only_looks is not None:
            return self.only_looks(arguments)
        return "" if self.effect == "pure" else "may change something"

    def schema(self) -> dict[str, Any]:
        """The entry of a request's `tools`."""
        function = {
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
        }
        return {"type": "function", "function": function}


MAX_TOOLS = 128
"""How many tools one request may offer (Moonshot's rule)."""
_MARK = "__nbagent_tool__"
_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class _Options:
    """What `@tool` was told about a function."""

    name: str = ""
    description: str = ""
    effect: Effect = "kernel"


@overload
def tool(function: _Function, /) -> _Function: ...
@overload
def tool(
    *, name: str = "", description: str = "", effect: Effect = "kernel"
) -> Callable[[_Function], _Function]: ...
def tool(
    function: Any = None, /, *, name: str = "", description: str = "", effect: Effect = "kernel"
) -> Any:
    """Mark a function as a tool; it stays an ordinary function that you can call.

    Args:
        function: the function, where the decorator stands bare.
        name: the tool's name; the function's own if empty.
        description: what the model reads; the docstring's text if empty.
        effect: what a call can change: `pure` (nothing), `kernel` or `external`.
    """

    def mark(target: Any) -> Any:
        setattr(target, _MARK, _Options(name, description, effect))
        return target

    return mark if function is None else mark(function)


def as_tool(thing: object) -> Tool:
    """Make a tool of a function; a Tool passes through.

    The function runs through the executor, which captures what it prints and awaits what is
    awaitable. A function with a parameter annotated `ToolContext` gets the context instead and
    runs as it is.

    Args:
        thing: a Tool, a function (marked with `@tool` or not), a method or another callable.

    Raises:
        SettingsError: it cannot be offered; the text says what to change.
    """
    if isinstance(thing, Tool):
        return thing
    if not callable(thing):
        raise SettingsError(
            f"{type(thing).__name__} is not a tool.", "Give functions, or names of functions."
        )
    options: _Options = getattr(thing, _MARK, _Options())
    schema = function_schema(
        thing, name=options.name, description=options.description, context=ToolContext
    )
    if schema.context and inspect.iscoroutinefunction(thing):
        raise SettingsError(
            f"{schema.name} is async and takes a ToolContext, which do not go together.",
            "Leave the context out; the executor awaits the function.",
        )
    call = functools.partial(_call_function, thing, schema)
    return Tool(
        schema.name, schema.description, schema.parameters, call, options.effect, schema.check
    )


def _call_function(
    function: Callable[..., Any],
    schema: FunctionSchema,
    arguments: dict[str, Any],
    context: ToolContext,
) -> ToolResult:
    bound = schema.bind(arguments, context)
    run = functools.partial(_read_result, function, bound)
    if schema.context:
        return _result_of(Execution(value=run()))
    execution = context.executor.invoke(run, context.on_output, context.limit_s)
    if execution.interrupted or execution.error:
        return _failed(schema.name, execution)
    return _result_of(execution)


def _read_result(function: Callable[..., Any], bound: inspect.BoundArguments) -> object:
    """Call, and read what comes back while it can still be stopped: a repr may never end."""
    value = function(*bound.args, **bound.kwargs)
    return _awaited(value) if inspect.isawaitable(value) else _read(value)


async def _awaited(value: Awaitable[object]) -> Returned:
    return _read(await value)


def _read(value: object) -> Returned:
    return Returned(result=value) if isinstance(value, ToolResult) else read_value(value)


def _result_of(execution: Execution) -> ToolResult:
    """What the model gets and the person sees of a function that returned."""
    outputs, value = execution.outputs, execution.value
    assert isinstance(value, Returned)
    if isinstance(value.result, ToolResult):
        return replace(value.result, display=(*outputs, *value.result.display))
    pictures = shown_pictures(outputs)
    if value.by_matplotlib and pictures:
        value = Returned()  # pyplot has shown the figure already
    if value.picture is not None:
        pictures.append(value.picture)
    texts = [*shown_text(outputs), value.text, *execution.notes]
    content, cut = content_of(texts, pictures)
    return ToolResult(
        content=content,
        display=(*outputs, *value_outputs(value)),
        outcome="figure" if pictures else value.extent,
        changes=execution.changes,
        cut_bytes=execution.cut_bytes + cut,
        spill=execution.spill,
    )


def _failed(name: str, execution: Execution) -> ToolResult:
    """What the model gets and the person sees of a function that did not return."""
    if execution.interrupted:
        say, outcome = f"{name} was stopped by the user; do not retry unless they ask.", "stopped"
    elif execution.timed_out:
        say, outcome = f"{name} was stopped at its time limit.", "time limit"
    else:
        outcome, message = execution.error or ("error", "")
        say = f"{name} raised {outcome}: {message}"
    content, cut = content_of([say, *shown_text(execution.outputs), *execution.notes])
    return ToolResult(
        content=content,
        display=execution.outputs,
        is_error=True,
        outcome=outcome,
        changes=execution.changes,
        interrupted=execution.interrupted,
        cut_bytes=execution.cut_bytes + cut,
        spill=execution.spill,
    )


class Toolset(Sequence[Tool]):
    """The tools of a run, looked up by name.

    Args:
        tools: Tools or functions.

    Raises:
        SettingsError: a name is used twice, or there are too many.
    """

    def __init__(self, tools: Iterable[object] = ()) -> None:
        self._tools = [as_tool(thing) for thing in tools]
        self._by_name = {each.name: each for each in self._tools}
        if len(self._by_name) < len(self._tools):
            names = [each.name for each in self._tools]
            twice = next(name for name in names if names.count(name) > 1)
            raise SettingsError(
                f"Two tools are called {twice}.", 'Rename one with `@nbagent.tool(name="…")`.'
            )
        if len(self._tools) > MAX_TOOLS:
            raise SettingsError(
                f"There are {len(self._tools)} tools; a request takes {MAX_TOOLS}.",
                "Offer fewer.",
            )

    @overload
    def __getitem__(self, index: int) -> Tool: ...
    @overload
    def __getitem__(self, index: slice) -> list[Tool]: ...
    def __getitem__(self, index: int | slice) -> Tool | list[Tool]:
        return self._tools[index]

    def __len__(self) -> int:
        return len(self._tools)

    def get(self, name: str) -> Tool | None:
        """The tool of that name, if there is one."""
        return self._by_name.get(name)

    def arguments_of(self, call: ToolCall) -> dict[str, Any]:
        """The arguments of a call in full, for judging it; {} where they cannot be read."""
        try:
            arguments = _parsed(call)
        except BadArguments:
            return {}
        found = self.get(call["function"]["name"])
        return found.spelled_out(arguments) if found and found.spelled_out else arguments

    def call(self, call: ToolCall, context: ToolContext) -> ToolResult:
        """Check a call's arguments and run it; whatever fails becomes a result that says so.

        Args:
            call: the model's call, as it wrote it.
            context: what the tool may use.
        """
        name = call["function"]["name"]
        found = self.get(name)
        if found is None:
            return self._unknown(name)
        try:
            check = found.check or functools.partial(check_by_schema, found.parameters)
            return found.call(check(_parsed(call)), context)
        except BadArguments as bad:
            text = f"{name} was not run; its arguments do not fit:\n{bad}\nCall it again, mended."
            return ToolResult(content=text, is_error=True, outcome="arguments do not fit")
        except Exception as error:  # noqa: BLE001 -- the tool boundary: a failure is a result
            kind = type(error).__name__
            return ToolResult(
                content=f"{name} failed: {kind}: {error}", is_error=True, outcome=kind
            )

    def _unknown(self, name: str) -> ToolResult:
        near = difflib.get_close_matches(name, self._by_name, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        there = ", ".join(self._by_name) or "none"
        text = f"There is no tool called {name}. {hint}The tools are: {there}."
        return ToolResult(content=text, is_error=True, outcome="no such tool")


def _parsed(call: ToolCall) -> dict[str, Any]:
    """Read a call's arguments; raw line breaks and tabs inside strings are accepted.

    Raises:
        BadArguments: they are no JSON object.
    """
    text = call["function"]["arguments"]
    try:
        arguments = json.loads(text, strict=False) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise BadArguments([f"they are not JSON: {error}"]) from error
    if not isinstance(arguments, dict):
        raise BadArguments([f"they must be a JSON object, not {type(arguments).__name__}"])
    return arguments
