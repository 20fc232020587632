"""Arguments that a tool spells out: what was asked about is what runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nbagent.events import ApprovalAsked, Reason, ToolStarted
from nbagent.policy import asking
from nbagent.run import Run
from nbagent.run.work import AskModel, Decide, Decision, RunTool
from nbagent.tools import Tool, ToolResult, Toolset
from tests.scripted import call, calls, drive, make_run, says
from tests.test_resume import Tape, taken_up

RISKY = Reason(kind="deletes", verb="deletes files", doing="deleting files")


class Named:
    """A tool that is called by a name which stands for what the shelf holds."""

    def __init__(self) -> None:
        self.shelf = {"a": "first"}
        self.ran: list[dict[str, Any]] = []
        self.tool = Tool(
            "echo",
            "",
            {"type": "object", "properties": {"text": {"type": "string"}}},
            self._call,
            "external",
            check=dict,
            judge=lambda arguments: (RISKY,) if "code" in arguments else (),
            spelled_out=self.spell,
        )

    def spell(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return arguments | {"code": self.shelf[arguments["text"]]}

    def _call(self, arguments: dict[str, Any], _context: Any) -> ToolResult:
        self.ran.append(arguments)
        return ToolResult(content="ran")


SCRIPT = [calls(call("c", arguments='{"text": "a"}')), says("done")]


def test_what_was_asked_about_is_what_runs() -> None:
    named = Named()
    run = make_run(SCRIPT, tools=[named.tool], gate=asking("risky"))

    def decide(_question: Decide) -> Decision:
        named.shelf["a"] = "second"
        return Decision("run")

    drive(run, decide=decide)
    (asked,) = [event for event in run.events if isinstance(event, ApprovalAsked)]
    (started,) = [event for event in run.events if isinstance(event, ToolStarted)]
    assert asked.arguments == started.arguments == {"text": "a", "code": "first"}
    assert named.ran == [{"text": "a", "code": "first"}]
    assert run.messages[-3]["tool_calls"][0]["function"]["arguments"] == '{"text": "a"}'


def killed_in_the_tool(named: Named) -> tuple[Tape, Run]:
    run = make_run(SCRIPT, tools=[named.tool])
    tape = Tape(run)
    while not isinstance(work := run.pending(), RunTool):
        assert isinstance(work, AskModel)
        for arrival in run.recipe.model.arrivals(0.0):  # type: ignore[attr-defined] # the scripted one
            run.deliver(work, arrival)
    return tape, run


def test_what_is_run_again_is_what_the_record_has() -> None:
    named = Named()
    tape, run = killed_in_the_tool(named)
    named.shelf["a"] = "second"
    drive(taken_up(tape.record, run))
    assert named.ran == [{"text": "a", "code": "first"}]


def test_to_look_when_it_runs_runs_something_else() -> None:
    """The positive control: a tool that looks by itself runs what nobody was asked about."""
    named = Named()
    naive = replace(
        named.tool,
        spelled_out=None,
        judge=lambda _: (RISKY,),
        call=lambda arguments, context: named.tool.call(named.spell(arguments), context),
    )
    run = make_run(SCRIPT, tools=Toolset([naive]), gate=asking("risky"))

    def decide(_question: Decide) -> Decision:
        named.shelf["a"] = "second"
        return Decision("run")

    drive(run, decide=decide)
    assert named.ran == [{"text": "a", "code": "second"}]
