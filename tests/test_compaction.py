"""A run that is longer than its window: what its requests carry, and what it keeps."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from nbagent.conversation import Conversation, history_after, past_after
from nbagent.errors import (
    AuthFailed,
    ConnectionFailed,
    ContextOverflow,
    InvalidTurn,
    RateLimited,
    SettingsError,
)
from nbagent.events import Event, StepStarted, from_dict, to_dict
from nbagent.kernel.describe import alive_in
from nbagent.loop import Act, Ask
from nbagent.messages import Message, Record, Transcript, text_of
from nbagent.meter import Meter
from nbagent.redact import Redactor
from nbagent.run import Run
from nbagent.run.window import (
    NO_PAST,
    PICTURE_NOTE,
    Past,
    Projection,
    Window,
    past_from,
    projection_from,
    window_tokens,
)
from nbagent.run.work import AskModel, Decision, WaitUntil
from nbagent.settings import Settings
from nbagent.summary import (
    HEADINGS,
    ask_for_summary,
    fault_of,
    framed,
    is_ask,
    sections,
    summary_in,
)
from nbagent.trace.moves import move_told
from nbagent.view import RunView
from tests.compacting import (
    CUT,
    SUMMARY,
    SYSTEM,
    WINDOW,
    SmallModel,
    answers,
    begins_with,
    carried,
    compactions,
    picture,
    run_of,
    tokens_in,
    work_tool,
)
from tests.scripted import call, calls, drive, plain_shell, says
from tests.strict import complaints
from tests.test_resume import Killed, Tape, taken_up


def test_a_run_outlives_its_window_four_times_and_keeps_every_message() -> None:
    model = SmallModel(80, price=(1.0, 0.5, 4.0))
    run = drive(run_of(model, history=[SYSTEM]))
    assert run.answer == "done"
    found = compactions(run)
    assert len(found) == len(model.asked) == 4
    assert complaints([dict(message) for message in run.messages]) == []
    assert len(run.messages) == 2 + 2 * 80 + 1
    whole = run.cursor.replay(run.cursor.sends)
    assert tuple(whole.messages) == run.messages

    for request in model.sent:
        assert complaints([dict(message) for message in carried(request)]) == []
        assert tokens_in(request) < WINDOW
        assert request.records[0] is SYSTEM
        assert carried(request)[1]["content"] == "Clean all of it."
    broken = [later for earlier, later in pairwise(model.sent) if not begins_with(later, earlier)]
    assert len(broken) == 4  # a summary takes effect, and nothing else breaks the prefix
    assert all(summary_in(carried(request)[2]) == SUMMARY for request in broken)
    after = [tokens_in(request) for request in broken]
    assert max(after) - min(after) < 50  # a summary of a summary is no longer
    assert found[-1].text == (
        "Context was 82 % full: 34 older messages became a 193 B summary. Kept in full: your "
        "goal, 3 variables, 4 files, the last 3 steps."
    )


def test_the_naive_way_breaks_the_history_and_the_window() -> None:
    """The control: without a projection the run overflows; without the oldest it is refused."""
    model = SmallModel(80, holds=WINDOW)
    run = drive(run_of(model, compact_share=0.0))
    assert run.finished is not None
    assert run.finished.error_kind == "overflow"
    cut = [dict(message) for message in run.messages[-19:]]
    assert complaints(cut)


def test_a_summary_costs_and_is_no_step() -> None:
    model = SmallModel(25, price=(1.0, 0.5, 4.0))
    run = run_of(model)
    view, meter, seen = RunView(), Meter(), list[Event]()
    states = []

    def follow(event: Event) -> None:
        seen.append(event)
        view.apply(event)
        meter.apply(event)
        states.append(view.state())

    run.subscribe(follow)
    drive(run)
    (compacted,) = compactions(run)
    replies = [event for event in run.events if event.kind == "reply_received"]
    usages = [event.usage for event in replies] + [compacted.usage]
    figures = meter.metrics()["run"]
    assert figures["n_steps"] == view.n_steps == len(replies) == 26
    assert figures["prompt_tokens"] == sum(usage["prompt_tokens"] for usage in usages)
    spent = sum(u["prompt_tokens"] + 4 * u["completion_tokens"] for u in usages) / 1e6
    assert figures["cost_usd"] == pytest.approx(spent)
    assert run.limits.account.spent.usd == pytest.approx(spent)
    assert "Summarising older messages" in states
    shown = view.snapshot()
    assert "What there is of it" not in json.dumps(shown["steps"])
    assert shown["compacted"] == [[compacted.step, compacted.text, compacted.summary]]
    deltas = [event.step for event in seen if event.kind == "delta"]
    assert deltas == sorted(set(deltas))  # one a step: the summary streams in unseen
    leaving = {(p["kind"], p["name"]): p["n"] for p in view.sent.parts}
    assert leaving["message", "request for a summary"] == 1
    assert leaving["message", "summary"] == 1


def test_a_request_for_a_summary_reuses_the_prefix() -> None:
    model = SmallModel(40)
    drive(run_of(model))
    for asked in model.asked:
        i = model.sent.index(asked)
        assert begins_with(asked, model.sent[i - 1])
        assert asked.head == model.sent[i - 1].head
        assert asked.n == model.sent[i - 1].n + 1
        assert is_ask(carried(asked)[-1])


NO_SUMMARIES = {
    "refused": (AuthFailed("No."), "No."),
    "too_long": (ContextOverflow("Too long."), "Too long."),
    "no_heading": (CUT, "the heading “Open questions” is missing"),
    "calls": (calls(call("work:1", "work", '{"n": 1}')), "the model called a tool instead"),
    "endless": (SUMMARY + "x" * 60_000, "it is longer than what it stands for"),
}


@pytest.mark.parametrize("name", NO_SUMMARIES)
def test_where_the_summary_fails_the_record_makes_a_list(name: str) -> None:
    reply, why = NO_SUMMARIES[name]
    model = SmallModel(45, summaries=answers(reply, reply))
    run = drive(run_of(model, prompt="Clean all of it, but not the units."))
    assert run.answer == "done"
    first, second = compactions(run)
    assert first.mechanical
    assert first.why == why
    assert f"list made without the model ({why})" in first.text
    assert fault_of(says(first.summary)) == ""
    found = sections(second.summary)
    assert "not the units" in found["Goal"]
    assert found["Variables alive in the kernel"] == "- x33\n- x34\n- x35"
    assert set(found["Files written"].split("\n")) == {f"- out{i}.csv" for i in range(4)}
    assert "gave: 32: result" in found["Decisions"]
    assert len(second.summary) < 12_100
    after = next(m for r in model.sent for m in carried(r) if summary_in(m) == first.summary)
    assert "not by you" in text_of(after)


def test_a_failed_request_for_a_summary_goes_again() -> None:
    faults = (
        ConnectionFailed("Cut."),
        RateLimited("Wait.", retry_after_s=7.0),
        InvalidTurn("Odd."),
    )
    model = SmallModel(25, summaries=answers(*faults))
    run = drive(run_of(model))
    (compacted,) = compactions(run)
    assert not compacted.mechanical
    started = [event for event in run.events if event.kind == "compacting"]
    assert [event.attempt for event in started] == [1, 2, 3, 4]
    assert [bool(event.sent) for event in started] == [True, False, False, False]
    reasons = [e.reason for e in run.events if e.kind == "retry_scheduled"]
    assert reasons == ["connection", "rate_limit", "invalid_turn"]
    assert run.recipe.clock.now() >= 7.0
    assert len({request.body() for request in model.asked}) == 1


def test_its_retries_are_bounded() -> None:
    model = SmallModel(25, summaries=answers(*[ConnectionFailed("Cut.")] * 50))
    run = drive(run_of(model, retry_attempts=3))
    assert run.answer == "done"
    assert [event.mechanical for event in compactions(run)] == [True]
    assert len([event for event in run.events if event.kind == "compacting"]) == 3


def test_a_limit_is_asked_about_before_a_summary_is_paid_for() -> None:
    model = SmallModel(40)
    run = drive(run_of(model, max_steps=20), decide=lambda _: Decision("deny"))
    assert run.finished is not None
    assert run.finished.reason == "limit"
    assert model.asked == []
    run = drive(run_of(SmallModel(40), max_steps=20))  # who says yes gets it
    assert run.answer == "done"
    kinds = [event.kind for event in run.events]
    assert kinds.index("paused") < kinds.index("compacting")
    assert compactions(run)[0].step == 21  # just where the other one ended


def asking_for_a_summary(run: Run) -> AskModel:
    """Drive a run to where it asks for its first summary."""
    found: list[AskModel] = []

    class Enough(Exception):
        pass

    def between(run: Run, _: int) -> None:
        work = run.pending()
        if isinstance(work, AskModel) and is_ask(work.request.records[-1].message):
            found.append(work)
            raise Enough

    with pytest.raises(Enough):
        drive(run, between=between)
    return found[0]


def test_a_stop_ends_it_at_once() -> None:
    run = run_of(SmallModel(25))
    work = asking_for_a_summary(run)
    run.stop()
    assert run.pending() is None
    assert run.finished is not None
    assert run.finished.reason == "stopped"
    run.deliver(work, SmallModel(0).arrivals)  # type: ignore[arg-type] # too late: not looked at
    assert compactions(run) == []
    assert complaints([dict(message) for message in run.messages]) == []


def test_a_stop_ends_the_wait_for_another_attempt() -> None:
    run = run_of(SmallModel(25, summaries=answers(ConnectionFailed("Cut."))))

    def between(run: Run, _: int) -> None:
        if isinstance(run.pending(), WaitUntil):
            run.stop()

    drive(run, between=between)
    assert run.finished is not None
    assert run.finished.reason == "stopped"


# Pictures


def shows(n: int) -> Any:
    return [{"type": "text", "text": f"{n}: drawn"}, picture()] if n < 5 else f"{n}: " + "y " * 300


def test_old_pictures_leave_first_where_that_is_enough() -> None:
    class Draws(SmallModel):
        def arrivals(self, t: float) -> list[Any]:
            arrivals = super().arrivals(t)
            sent = self.requests[-1]
            n_pictures = sent.body().count(b"data:image/png")
            usage = arrivals[-1].usage
            usage["prompt_tokens"] = (sent.n_bytes - n_pictures * 8_100) // 4 + n_pictures * 1_024
            return arrivals

    model = Draws(16)
    run = run_of(model, tools=[work_tool(shows)])
    run.cursor.origin[-1]["content"]  # the goal is text here; the next test has a picture there
    drive(run)
    (compacted,) = compactions(run)
    assert model.asked == []
    assert (compacted.n_messages, compacted.n_pictures, compacted.usage) == (0, 4, None)
    assert compacted.text.startswith("Context was 8")
    assert "4 older pictures left the requests. Everything else is kept" in compacted.text
    first = next(r for r in model.sent if PICTURE_NOTE.encode() in r.body())
    assert b"data:image" not in first.body()
    assert first.body().count(PICTURE_NOTE.encode()) == 4
    assert sum(b"data:image" in json.dumps(m).encode() for m in run.messages) == 4
    assert [len(carried(r)) for r in model.sent] == [1 + 2 * i for i in range(17)]
    broken = [b for a, b in pairwise(model.sent) if not begins_with(b, a)]
    assert broken == [first]


def test_the_goals_own_picture_stays() -> None:
    goal: Message = {"role": "user", "content": [{"type": "text", "text": "Like so:"}, picture()]}
    step: Message = {"role": "tool", "tool_call_id": "a", "content": [picture()]}  # type: ignore[typeddict-item]
    records = [Record.of(m) for m in (goal, calls(call("a")), step, says("x"))]
    shown = Projection(goals=(0,), pictures_before=4).of(records)
    assert shown[0] is records[0]
    assert shown[2].message["content"] == [{"type": "text", "text": PICTURE_NOTE}]
    assert records[2].message is step
    assert step["content"] == [picture()]


# A request that was refused as too long


def test_a_refused_request_is_made_shorter_and_goes_again() -> None:
    model = SmallModel(60, holds=4_000, window_tokens=0)
    run = drive(run_of(model))
    assert run.answer == "done"
    found = compactions(run)
    assert len(found) >= 3
    assert all(e.text.startswith("The request was longer than the window: ") for e in found)
    retries = [event for event in run.events if event.kind == "retry_scheduled"]
    assert {event.reason for event in retries} == {"overflow"}
    attempts = [event.attempt for event in run.events if event.kind == "step_started"]
    assert attempts.count(2) == len(found)
    assert max(attempts) == 2
    assert all(tokens_in(request) <= 4_000 for request in model.sent)


def test_what_is_too_long_all_the_same_ends_the_run_in_words() -> None:
    model = SmallModel(60, holds=4_000, window_tokens=0)
    run = run_of(model)

    def between(_: Run, __: int) -> None:
        if compactions(run):
            model.holds = 10

    drive(run, between=between)
    assert run.finished is not None
    assert run.finished.error_kind == "overflow"
    assert len(compactions(run)) == 1
    assert complaints([dict(message) for message in run.messages]) == []


@pytest.mark.parametrize("given", [{"compact_share": 0.0}, {}])
def test_what_cannot_be_made_shorter_ends_at_once(given: dict[str, float]) -> None:
    """Where it is never to be done, or there is nothing but the prompt."""
    model = SmallModel(60, holds=4_000 if given else 10, window_tokens=0)
    run = drive(run_of(model, **given))
    assert run.finished is not None
    assert run.finished.error_kind == "overflow"
    assert [event.kind for event in run.events].count("compacting") == 0


def test_a_request_that_a_person_wrote_is_not_made_shorter() -> None:
    model = SmallModel(12, holds=6_000)
    run = run_of(model)
    run.moves.until = "move"

    def between(run: Run, _: int) -> None:
        run.pending()
        move = run.moves[-1] if run.moves else None
        n_refused = sum(event.kind == "retry_scheduled" for event in run.events)
        if move and move.key == "8.-1.request" and run.moves.open and not n_refused:
            body = move.in_hand.json()  # type: ignore[union-attr] # a Request here
            body["messages"].append({"role": "user", "content": "z" * 30_000})
            run.edit(body)

    drive(run, between=between)
    assert run.answer == "done"
    assert compactions(run) == []
    assert [e.reason for e in run.events if e.kind == "retry_scheduled"] == ["edited"]


# The person's word, the next turn, a fork, a record


def test_it_is_done_when_the_person_says_so_and_not_while_a_request_is_looked_at() -> None:
    model = SmallModel(12)
    run = run_of(model)
    run.moves.until = "move"

    def between(run: Run, _: int) -> None:
        run.pending()
        if run.moves.open is not None and run.moves[-1].key == "10.-1.request":
            run.compact()

    drive(run, between=between)
    (compacted,) = compactions(run)
    assert compacted.step == 11
    assert compacted.text.startswith("Context was 4")
    for move in run.moves:
        if move.place == "request":
            sent = [e for e in run.events if e.kind == "step_started" and e.step == move.step]
            assert [e.sha256 for e in sent] == [move.in_hand.sha256()]


def test_little_is_not_compacted() -> None:
    model = SmallModel(1)
    run = run_of(model, tools=[work_tool(lambda n: f"{n}")])
    run.compact()
    assert drive(run).answer == "done"
    assert model.asked == []


def turn(conversation: Conversation, n_steps: int, prompt: str, system: str = "Be brief.") -> Run:
    model = SmallModel(n_steps)
    opening = conversation.opening("")
    run = run_of(
        model,
        prompt=prompt,
        history=history_after(opening.parent, system),
        past=past_after(opening.parent, system),
    )
    conversation.add(run, opening, "")
    return drive(run)


def test_the_next_turn_begins_with_what_the_last_one_left() -> None:
    conversation = Conversation()
    first = turn(conversation, 25, "Clean all of it.")
    second = turn(conversation, 3, "Plot it.")
    assert len(compactions(first)) == 1
    assert compactions(second) == []
    begins = first.requests[-1].body()
    assert second.requests[0].body().startswith(begins[: begins.rindex(b"]")])
    assert second.requests[0].n == first.requests[-1].n + 2
    assert len(second.messages) == len(first.messages) + 8
    third = turn(conversation, 30, "Save it.")
    said = [text_of(m) for m in carried(third.requests[-1]) if m["role"] == "user"]
    assert said[:2] == ["Plot it.", "Save it."]
    assert summary_in(carried(third.requests[-1])[3])
    assert len(compactions(third)) == 2
    assert sections(compactions(third)[0].summary)


def test_another_system_prompt_takes_the_old_ones_place() -> None:
    conversation = Conversation()
    first = turn(conversation, 25, "Clean all of it.")
    assert compactions(first)
    for system in ("Be long.", "", "Be brief again."):
        run = turn(conversation, 1, f"With {system!r}.", system)
        sent = carried(run.requests[0])
        assert [m["role"] for m in sent[:3]] == ["system", "user", "user"][not system :] + (
            [] if system else ["assistant"]
        )
        assert complaints([dict(m) for m in sent]) == []
        assert next(text_of(m) for m in sent if m["role"] == "user") == "Clean all of it."
        assert len(sent) < 30 < len(run.messages)


def test_the_projection_comes_back_from_the_events_alone() -> None:
    run = drive(run_of(SmallModel(45), history=[SYSTEM]))
    stored = [from_dict(json.loads(json.dumps(to_dict(event)))) for event in run.events]
    assert projection_from(stored) == run.past.projection
    for k, event in enumerate(run.events):
        if event.kind != "step_started":
            continue
        past = past_from(stored[: k + 1], run.messages[: event.n_messages], NO_PAST)
        window = Window(past, b"", n_window=WINDOW, thinking=True)
        request = run.requests[event.step - 1]
        n = request.n + request.n_left_out
        revision = Transcript().sync(list(run.messages), trusted=True)
        shown = window.shown(revision, n).records[: window.n_shown(revision, n)]
        assert [r.body for r in shown] == [r.body for r in request.records]
    end = past_from(stored, run.messages, NO_PAST)
    assert (end.made, end.n_tokens, end.n_counted) == (
        run.past.made,
        run.past.n_tokens,
        run.past.n_counted,
    )


def test_killed_anywhere_about_a_compaction_a_run_goes_on_from_what_it_has() -> None:
    whole = drive(run_of(SmallModel(25), history=[SYSTEM]))
    kinds = [event.kind for event in whole.events]
    begun, done = kinds.index("compacting"), kinds.index("compacted")
    for at in range(begun - 3, done + 9):
        model = SmallModel(25)
        run = run_of(model, history=[SYSTEM])
        tape = Tape(run, at)
        with pytest.raises(Killed):
            drive(run)
        again = drive(taken_up(tape.record, run))
        assert again.answer == "done", at
        assert len(compactions(again)) == 1
        assert len(model.asked) == 1
        assert again.past.projection == projection_from(again.events)
        for request in model.sent:
            assert complaints([dict(message) for message in carried(request)]) == []
            assert tokens_in(request) < WINDOW
            assert request.records[0].body == SYSTEM.body
        assert summary_in(carried(again.requests[-1])[2]) == SUMMARY
        steps = [request for request in model.sent if request not in model.asked]
        broken = [later for earlier, later in pairwise(steps) if not begins_with(later, earlier)]
        assert len(broken) == 1


def test_what_a_turn_takes_over_can_be_stored() -> None:
    run = drive(run_of(SmallModel(25)))
    assert Past.of(json.loads(json.dumps(run.past.told()))) == run.past
    assert NO_PAST.told() is None
    assert Past.of(None) == NO_PAST


def test_a_fork_shows_what_was_shown_at_its_move() -> None:
    run = drive(run_of(SmallModel(25)))
    (compacted,) = compactions(run)
    for move in run.moves:
        if move.place != "request":
            continue
        fork = run.fork(move.n)
        work = fork.pending()
        assert work is not None
        assert carried(fork.moves[-1].in_hand) == carried(move.in_hand)
        is_after = move.step >= compacted.step
        assert bool(fork.past.projection.first) == is_after


def test_the_step_view_marks_what_requests_carry_no_longer() -> None:
    run = drive(run_of(SmallModel(25)))
    (compacted,) = compactions(run)
    asked = [move for move in run.moves if move.place == "request"]
    for move in (asked[compacted.step - 2], asked[compacted.step - 1], asked[-1]):
        cards = move_told(run, move.n)["history"]["messages"]
        gone = sum(card["gone"] for card in cards)
        assert gone == (compacted.n_messages if move.step >= compacted.step else 0)
        assert not cards[0]["gone"]
        assert not cards[-1]["gone"]


def test_a_loop_that_rewrites_its_past_gets_all_of_it_sent() -> None:
    """A learner's loop that compacts by itself: ours gives way, and no history is broken."""

    def rewrites(messages: Any, tools: Any) -> Any:
        while True:
            reply = yield Ask(messages, tools)
            messages.append(reply)
            if not reply.get("tool_calls"):
                return reply
            messages.extend((yield Act(reply["tool_calls"])))
            if len(messages) == 61:
                del messages[1:21]

    model = SmallModel(40)
    run = drive(run_of(model, recipe={"loop": rewrites}))
    assert run.answer == "done"
    for request in model.sent:
        assert complaints([dict(message) for message in carried(request)]) == []


# What leaves the machine


def test_variables_are_described_without_their_values_and_only_those_that_the_run_made() -> None:
    asked: list[Any] = []

    def alive(names: Any) -> dict[str, str]:
        asked.append(tuple(names))
        return {names[-1]: "DataFrame, 3 × 2"}

    model = SmallModel(25)
    run = drive(run_of(model, recipe={"alive": alive}))
    assert set(asked) == {("x18", "x19", "x20")}
    assert ": DataFrame, 3 × 2" in text_of(carried(model.asked[0])[-1])
    assert "1 variable," in compactions(run)[0].text


def test_what_is_alive_is_told_by_type_and_size_and_none_of_its_own_code_runs() -> None:
    class Looked(list[int]):
        def __len__(self) -> int:
            raise AssertionError("it was looked at")

    shell = plain_shell()
    shell.user_ns |= {"rows": [1, 2, 3], "secret": "canary", "odd": Looked(), "n": 4}
    said = alive_in(shell, ["rows", "secret", "odd", "n", "gone"])
    for name in ("rows", "secret", "odd", "n"):
        del shell.user_ns[name]
    assert said == {"rows": "list, 3 elements", "secret": "str", "odd": "Looked", "n": "int"}


def test_where_each_result_is_asked_about_no_variable_and_no_file_leaves() -> None:
    """A name may stand in a result that the person has kept to themselves."""
    model = SmallModel(25, summaries=answers(AuthFailed("No.")))
    run = drive(
        run_of(model, ask="always"),
        decide=lambda question: Decision(
            "deny" if question.kind == "result" and "work:19" in str(question.call) else "run"
        ),
    )
    assert "x19" not in text_of(carried(model.asked[0])[-1])
    (compacted,) = compactions(run)
    assert compacted.mechanical
    assert "Kept in full: your goal, 3 variables, 4 files" in compacted.text
    assert "x19" not in compacted.summary
    assert "out1" not in compacted.summary


def test_a_summary_is_masked() -> None:
    redact = Redactor()
    redact.add("s3cret-canary")
    model = SmallModel(25, summaries=answers(SUMMARY + "\nThe key is s3cret-canary."))
    run = drive(run_of(model, recipe={"redact": redact}))
    assert "[hidden]" in compactions(run)[0].summary
    assert all("s3cret" not in json.dumps(to_dict(event)) for event in run.events)
    assert all(b"s3cret" not in request.body() for request in model.sent)


# The words


@pytest.mark.parametrize("given", [{"compact_share": 1.2}, {"max_context_tokens": -1}])
def test_settings_that_cannot_work_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        Settings(**given)


def test_a_smaller_window_is_used_and_a_larger_one_is_not() -> None:
    facts = SmallModel(0).facts
    assert window_tokens(Settings(), facts) == WINDOW
    assert window_tokens(Settings(max_context_tokens=500), facts) == 500
    assert window_tokens(Settings(max_context_tokens=500_000), facts) == WINDOW
    unknown = SmallModel(0, window_tokens=0).facts
    assert window_tokens(Settings(max_context_tokens=500), unknown) == 500
    assert window_tokens(Settings(), unknown) == 0


def test_headings_are_found_as_models_write_them() -> None:
    forms = ("## {}", "### {}", "**{}**", "{}:", "## {}:", "**{}:**", "# **{}**")
    for form in forms:
        text = "\n".join(form.format(h) + "\ntext" for h in HEADINGS)
        assert fault_of(says(text)) == "", form
        assert sections(text)["Goal"] == "text"
    assert "Goal" in fault_of(says(text.replace("Goal", "The goal of this")))


def test_a_summary_is_told_from_what_people_write() -> None:
    message = framed(SUMMARY, is_mechanical=False)
    assert summary_in(message) == SUMMARY
    assert summary_in({"role": "user", "content": "Write a summary of it."}) == ""
    assert summary_in({"role": "tool", "content": message["content"]}) == ""
    assert is_ask(ask_for_summary({"df": ""}))
    assert not is_ask({"role": "user", "content": "Write the summary."})


def test_an_old_request_is_made_again_though_its_bytes_are_forgotten() -> None:
    """The event holds the hash of what went; the bytes of messages that left are not held."""
    run = drive(run_of(SmallModel(80), history=[SYSTEM]))
    forgotten = [r for r in run.transcript.current.records if r.is_packed]
    assert forgotten
    started = [event for event in run.events if isinstance(event, StepStarted)]
    assert [request.sha256() for request in run.requests] == [event.sha256 for event in started]
