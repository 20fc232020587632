"""A run as one row of a list, the same of a run on record and of one that is live.

A page's runs panel draws these rows, whether the journal's server or a kernel tells them. The text
of a person or a model in them passes `clean`; names carry their units.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from nbagent.events import Event, FinishReason, StepStarted
from nbagent.journal import RunLine
from nbagent.phrases import ENDED, STATES, clean, one_line
from nbagent.run import Run
from nbagent.run.work import Decide
from nbagent.view import RunView

State: TypeAlias = Literal["running", "waiting", "paused", "retrying", "interrupted"] | FinishReason
"""What a run does, or how it ended. `waiting` is for a person, `paused` between two moves;
`interrupted` was cut off, and nobody goes on with it."""
TITLE_CHARS, WORDS_CHARS = 120, 120
CUT_OFF = "Cut off"
"""What is said of a run that has not ended and that nobody goes on with."""


def listed(line: RunLine) -> dict[str, Any]:
    """A row of the journal's list.

    The journal keeps no count of requests that failed on their way, so of a run without an answer
    the cost is said to be the least that it can be.
    """
    state = "interrupted" if line.state == "running" and not line.held_by else line.state
    words = CUT_OFF if state == "interrupted" else ENDED.get(state, "Running")
    return {
        "run_id": clean(line.run_id),
        "title": title_of(line.prompt),
        "notebook": clean(line.notebook),
        "cell_id": clean(line.cell_id),
        "model": "scripted" if line.scripted else clean(line.model),
        "scripted": line.scripted,
        "conversation": clean(line.conversation),
        "state": state,
        "words": words,
        "needs": None,
        "n_steps": line.n_steps,
        "n_tool_calls": line.n_tool_calls,
        "completion_tokens": line.completion_tokens,
        "tokens_per_s": None,
        "context_share": None,
        "cost_usd": None if line.scripted else line.cost_usd,
        "cost_is_least": line.cost_usd is not None and not line.scripted and state != "answer",
        "elapsed_s": line.elapsed_s,
        "wall": line.wall,
        "held_by": line.held_by,
        "kernel": clean(line.kernel),
    }


def listed_run(run: Run, *, notebook: str = "", kernel: str = "") -> dict[str, Any]:
    """A row of a run that is in this kernel; from any thread, and without a fold of all events.

    Args:
        run: the run, live or ended.
        notebook: its notebook's path.
        kernel: the kernel's boot id.
    """
    t, started = run.elapsed_s, run.started
    figures, now = run.metrics()["run"], run.meter.estimate(t)
    is_live = run.finished is None
    state, words = _doing(run, t, is_streaming=bool(now["completion_tokens"]))
    question = run.question if state == "waiting" else None
    return {
        "run_id": clean(run.run_id),
        "title": title_of(started.prompt),
        "notebook": clean(notebook),
        "cell_id": clean(started.cell_id),
        "model": "scripted" if started.scripted else clean(started.model),
        "scripted": started.scripted,
        "conversation": clean(started.conversation),
        "state": state,
        "words": one_line(clean(words), WORDS_CHARS),
        "needs": {"title": _asked(question), "key": question.key} if question else None,
        "n_steps": figures["n_steps"],
        "n_tool_calls": figures["tool_calls"] or 0,
        "completion_tokens": (figures["completion_tokens"] or 0) + now["completion_tokens"],
        "tokens_per_s": now["tokens_per_s"] if is_live else figures["tokens_per_s"],
        "context_share": figures["context_share"],
        "cost_usd": figures["cost_usd"],
        "cost_is_least": figures["cost_usd"] is not None and figures["unknown_attempts"] > 0,
        "elapsed_s": t,
        "wall": started.wall,
        "held_by": "this kernel" if is_live else "",
        "kernel": clean(kernel),
    }


def title_of(prompt: str) -> str:
    """What a run is called in a list: the first line of its prompt that says something."""
    lines = clean(prompt).splitlines()
    return one_line(next((line for line in lines if line.strip()), ""), TITLE_CHARS)


def _asked(question: Decide) -> str:
    """What a person is asked, as short as a row is: of a call, what it would do."""
    text, asked = question.text, question.asked
    if question.kind == "call" and asked is not None:
        verbs = dict.fromkeys(_infinitive(reason.verb) for reason in asked.reasons)
        text = f"{' and '.join(verbs) or f'call {asked.name}'}?"
    return one_line(clean(text), TITLE_CHARS)


def _infinitive(verb: str) -> str:
    """`overwrites files` as what is asked for: `overwrite files`."""
    word, space, rest = verb.partition(" ")
    return ("do" if word == "does" else word.removesuffix("s")) + space + rest


def _doing(run: Run, t: float, *, is_streaming: bool) -> tuple[State, str]:
    """What a run does in a word for the machine, and in words."""
    if run.finished is not None:
        return run.finished.reason, run.finished.text or ENDED[run.finished.reason]
    view = _last_step(run)
    question = run.question if run.decided is None else None
    if question is not None:
        return "paused" if question.kind == "move" else "waiting", view.state(t)
    if is_streaming:
        return "running", STATES["answer"]
    return "retrying" if view.phase == "retrying" else "running", view.state(t)


def _last_step(run: Run) -> RunView:
    """The view of a run's last step alone, which is all that its state is made of."""
    last: list[Event] = []
    for event in reversed(run.events):
        last.append(event)
        if isinstance(event, StepStarted):
            break
    view = RunView()
    for event in reversed(last):
        view.apply(event)
    return view
