"""Approvals: who is asked, what an answer is bound to, and what the model gets to know."""

from __future__ import annotations

from typing import Any

import pytest

from nbagent.errors import UsageError
from nbagent.events import ApprovalAsked, ApprovalGiven, Reason, ToolFinished, ToolStarted
from nbagent.policy import Allow, Deny, Gate, Standing, Wait, asking, planning
from nbagent.policy.approval import ProposedCall, words
from nbagent.run import Run
from nbagent.run.work import Decide, Decision
from nbagent.settings import Settings
from nbagent.tools import Tool, ToolContext, ToolResult
from tests.scripted import call, calls, drive, make_run, says

DELETES = Reason(kind="deletes", verb="deletes files", doing="deleting files", what="rm", line=3)
FETCHES = Reason(kind="network", verb="uses the network", what="requests.get", line=4)


def risky(arguments: dict[str, Any]) -> tuple[Reason, ...]:
    """The text itself says what is risky about it."""
    found = {"delete": DELETES, "fetch": FETCHES}
    return tuple(reason for word, reason in found.items() if word in arguments.get("text", ""))


def echo() -> Tool:
    def run(arguments: dict[str, Any], _context: ToolContext) -> ToolResult:
        return ToolResult(content=f"echo {arguments['text']}")

    properties = {"text": {"type": "string"}}
    parameters = {"type": "object", "properties": properties, "required": ["text"]}
    return Tool(
        name="echo",
        description="Says it again.",
        parameters=parameters,
        call=run,
        judge=risky,
        only_looks=lambda arguments: "deletes" if "delete" in arguments["text"] else "",
    )


def run_of(*texts: str, gate: Gate | None = None, **options: Any) -> Run:
    script = [
        calls(call(f"a:{i}", "echo", f'{{"text": "{text}"}}')) for i, text in enumerate(texts)
    ]
    settings = Settings(ask=options.pop("ask", "risky"))
    return make_run(
        [*script, says("done")],
        tools=[echo()],
        gate=gate or asking(settings.ask),
        settings=settings,
        **options,
    )


def asked(run: Run) -> list[ApprovalAsked]:
    return [event for event in run.events if isinstance(event, ApprovalAsked)]


def results(run: Run) -> list[str]:
    return [str(m["content"]) for m in run.messages if m["role"] == "tool"]


@pytest.mark.parametrize(
    ("ask", "questions"),
    [
        ("never", []),
        ("risky", ["call delete"]),
        ("always", ["call look", "result look", "call delete", "result delete"]),
    ],
)
def test_who_is_asked(ask: str, questions: list[str]) -> None:
    run = run_of("look", "delete", ask=ask)
    drive(run)
    texts = [
        f"{e.about} {e.arguments['text'] if e.arguments else e.content[5:]}" for e in asked(run)
    ]
    assert texts == questions
    assert results(run) == ["echo look", "echo delete"]


def test_the_question_names_the_reasons_and_what_would_run() -> None:
    run = run_of("delete and fetch")
    drive(run)
    (event,) = asked(run)
    assert event.arguments == {"text": "delete and fetch"}
    assert event.reasons == (DELETES, FETCHES)
    assert event.why == "deletes files (rm, line 3) and uses the network (requests.get, line 4)"


def test_a_denial_is_a_result_that_the_model_can_work_with() -> None:
    run = run_of("delete")
    drive(run, decide=lambda _: Decision("deny", why="keep the original"))
    assert results(run) == ["Denied: keep the original"]
    assert not [e for e in run.events if isinstance(e, ToolStarted)]


def test_edited_arguments_run_and_the_model_is_told() -> None:
    run = run_of("delete")
    drive(run, decide=lambda _: Decision("edit", {"text": "look"}))
    (result,) = results(run)
    assert result.startswith("[The user changed the arguments")
    assert result.endswith("echo look")
    (message,) = [m for m in run.messages if m.get("tool_calls")]
    assert message["tool_calls"][0]["function"]["arguments"] == '{"text": "delete"}'


def test_always_holds_for_these_kinds_and_the_rest_of_the_conversation() -> None:
    standing = Standing()
    run = run_of("delete", "delete", "delete and fetch", standing=standing)
    drive(run, decide=lambda _: Decision("run", always=True))
    assert [e.arguments for e in asked(run)] == [
        {"text": "delete"},
        {"text": "delete and fetch"},
    ], "a further kind is asked about again"
    given = [e.always for e in run.events if isinstance(e, ApprovalGiven)]
    assert given == [("deletes",), ("deletes", "network")]
    other = run_of("fetch", standing=standing)
    drive(other)
    assert asked(other) == []


def test_a_result_may_be_kept_or_changed_before_it_leaves() -> None:
    answers = {"call": Decision("run"), "result": Decision("deny", why="private")}
    run = run_of("look", ask="always")
    drive(run, decide=lambda question: answers[question.kind])
    assert results(run) == [
        "The user keeps this result to themselves. The call has run. They say: private"
    ]
    answers["result"] = Decision("edit", {"content": "something else"})
    run = run_of("look", ask="always")
    drive(run, decide=lambda question: answers[question.kind])
    assert results(run) == ["[The user changed this result before you got it.]\nsomething else"]
    (event,) = [e for e in run.events if isinstance(e, ToolFinished)]
    assert event.content == results(run)[0]


def open_question(run: Run) -> Decide:
    """Move a run to its first question."""
    found: list[Decide] = []

    def stop_here(question: Decide) -> Decision:
        found.append(question)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive(run, decide=stop_here)
    return found[0]


def test_an_answer_is_bound_to_its_question_and_its_bytes() -> None:
    run, other = run_of("delete"), run_of("delete it all")
    question, another = open_question(run), open_question(other)
    assert question.key.rpartition(".")[0] == another.key.rpartition(".")[0] == "1.0.call"
    with pytest.raises(UsageError, match="does not ask this now"):
        run.decide(Decision("run"), another.key)
    run.decide(Decision("run"), question.key)
    assert run.decided == (question, Decision("run"))
    with pytest.raises(UsageError, match="does not ask"):
        run.decide(Decision("deny"), question.key)


def test_a_run_that_asks_nothing_takes_no_answer() -> None:
    run = run_of("look")
    drive(run)
    with pytest.raises(UsageError, match="does not ask this now"):
        run.approve()


def test_a_stop_answers_the_open_question() -> None:
    run = run_of("delete")
    open_question(run)
    run.stop()
    drive(run)
    assert run.finished is not None
    assert run.finished.reason == "stopped"
    assert results(run) == ["Stopped by the user before it ran; do not retry unless they ask."]


def test_a_stop_withholds_a_result_that_was_asked_about() -> None:
    run = run_of("look", ask="always")

    def decide(question: Decide) -> Decision:
        if question.kind == "result":
            run.stop()
        return Decision("run")

    drive(run, decide=decide)
    assert results(run) == ["The user keeps this result to themselves. The call has run."]


def proposed(text: str) -> ProposedCall:
    tool = echo()
    arguments = {"text": text}
    reasons, changes = tool.reasons(arguments), tool.changes(arguments)
    return ProposedCall("echo", arguments, tool.effect, 1, reasons, changes)


def test_a_plan_denies_what_changes_anything_and_asks_nobody() -> None:
    gate = planning(asking("never"))
    assert gate(proposed("look")) == Allow()
    verdict = gate(proposed("delete"))
    assert isinstance(verdict, Deny)
    assert "only plans" in verdict.why
    assert isinstance(asking("risky")(proposed("delete")), Wait), "the control: without a plan"


def tool_of(effect: Any) -> Tool:
    return Tool(
        name="send",
        description="Sends.",
        parameters={"type": "object"},
        call=lambda _arguments, _context: ToolResult(content="ok"),
        effect=effect,
    )


def test_tools_that_cannot_judge_go_by_their_effect() -> None:
    assert words(tool_of("external").reasons({})) == "acts outside this kernel"
    assert tool_of("kernel").reasons({}) == ()
    assert tool_of("pure").changes({}) == ""
    assert tool_of("kernel").changes({}) != ""
