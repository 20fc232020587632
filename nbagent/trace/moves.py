"""A run's moves as JSON values for the step view: the list of them, and all of one.

Reading asks no model and runs no code; what is told of an old move was recorded when it was made.

Read next: `nbagent.trace.hands`, which tells what was in hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from nbagent.events import Compacted
from nbagent.messages import Message, Request, json_bytes, reasoning_of, text_of
from nbagent.phrases import one_line, plural
from nbagent.run import Run
from nbagent.run.fork import worked
from nbagent.run.lines import passage, source_of
from nbagent.run.moves import Move
from nbagent.run.window import Past, projection_from
from nbagent.tools import ToolResult
from nbagent.trace.hands import calls_in, reply_told, request_told, tool_told

MOVES_AT_ONCE = 2_000
"""Moves that are listed; of a longer run the last ones."""
_ENDED = {
    "answer": "The reply has no calls: it is the answer. The loop got it and returned.",
    "stopped": "The run has ended here: you stopped it.",
    "limit": "The run has ended here: a limit was reached.",
    "error": "The run has ended here: it failed.",
}
TEXTS = 60
"""How many messages of the history, from the end, are told with their text."""
TEXT_CHARS = 4_000
"""Characters that are told of one message of the history."""


def moves_told(run: Run) -> dict[str, Any]:
    """The moves that a run has made, and where it rests.

    Returns:
        `loop` (name, source, file), `moves`, `open` (the pause, if it rests), `until`,
        `question`, `finished`, `forked_from` and `forks`; see `labextension/src/step/types.ts`.
    """
    loop = run.recipe.loop
    pause = None if run.decided else run.moves.open  # it is left, though not yet by the driver
    return {
        "loop": {
            "name": getattr(loop, "__name__", "loop"),
            "source": source_of(loop),
            "file": getattr(loop, "__module__", ""),
            "builtin": run.cursor.trusted,
        },
        "moves": [_line_of(move) for move in _with_edit(run, run.moves[-MOVES_AT_ONCE:])],
        "open": {"n": len(run.moves), "key": pause.key, "why": pause.why} if pause else None,
        "question": _question_of(run),
        "finished": run.finished.reason if run.finished else "",
        "until": run.moves.until,
        "forked_from": _origin_of(run),
        "forks": [
            {"run_id": f.run_id, "move": f.forked_from[1]} for f in run.forks if f.forked_from
        ],
        "can_fork_fresh": run.driver is not None,
    }


def _question_of(run: Run) -> dict[str, str] | None:
    """What the run asks the person, with what it is about, if it is no step that it waits for."""
    question = run.question
    if question is None or question.kind == "move":
        return None
    asked = question.asked
    shown: Any = ""
    if asked is not None:
        given = asked.arguments or {}
        shown = asked.content if asked.about == "result" else given.get("code", given)
        shown = shown if isinstance(shown, str) else json_bytes(shown).decode()
    return {"key": question.key, "text": question.text, "why": question.why, "shown": shown}


def _origin_of(run: Run) -> dict[str, Any] | None:
    return {"run_id": run.forked_from[0], "move": run.forked_from[1]} if run.forked_from else None


def _line_of(move: Move) -> dict[str, Any]:
    return {
        "n": move.n,
        "place": move.place,
        "step": move.step,
        "index": move.index,
        "mark": move.mark,
        "edited": move.was is not None,
    }


def move_told(run: Run, n: int) -> dict[str, Any]:
    """All of one move.

    Args:
        run: the run.
        n: number of the move, from 1.

    Raises:
        LookupError: there is no such move.
    """
    if not 1 <= n <= len(run.moves):
        made = plural(len(run.moves), "move")
        raise LookupError(f"the run has made {made}; there is no move {n}")
    moves = _with_edit(run, run.moves[:n])
    move = moves[-1]
    ran = passage(run.cursor, move.sends)
    told = {
        **_line_of(move),
        "line": move.line,
        "ran": list(ran.ran),
        "tests": [{"line": b.line, "taken": b.taken, "text": b.text} for b in ran.branches],
        "skipped": list(ran.skipped),
        "say": _say(run, move),
        "history": _history(run, moves),
        "reply": reply_told(run, moves),
        "tool": tool_told(run, moves),
    }
    return {**run.recipe.redact.value(told), "request": request_told(run, moves)}


def _with_edit(run: Run, moves: Sequence[Move]) -> Sequence[Move]:
    """The moves, the last one as the person has changed it, if the run rests there."""
    edit = run.moves.edit
    if edit is None or not moves or moves[-1].n != len(run.moves):
        return moves
    last = moves[-1]
    was = last.in_hand if last.was is None else last.was
    return [*moves[:-1], replace(last, in_hand=edit, was=was)]


def _say(run: Run, move: Move) -> str:
    """What happens on the next move, in plain words."""
    if run.finished is not None and move.n == len(run.moves):
        return _ENDED[run.finished.reason]
    if move.place == "request":
        n = cast("Request", move.in_hand).n
        return (
            f"Next, `Ask` leaves the loop: the {plural(n, 'message')} on the right go to the "
            f"model, and its reply comes back on line {move.line}."
        )
    if move.place == "reply":
        n_calls = len(cast("Message", move.in_hand).get("tool_calls") or [])
        if not n_calls:
            return "The reply has no calls: it is the answer. On the next move the loop gets it."
        return (
            f"The reply is in hand. On the next move the loop gets it on line {move.line} and it "
            f"joins the history; it has {plural(n_calls, 'call')}, so the loop goes on to `Act`."
        )
    name = move.call["function"]["name"] if move.call else "the tool"
    if move.place == "call":
        return (
            f"`Act` has asked for this call. Next, {name} runs, if nothing speaks against it; the "
            "model hears of it with the next request."
        )
    more = move.index + 1 < calls_in(run.moves[: move.n])
    then = (
        "Next comes the reply's next call."
        if more
        else f"On the next move the results join the history, after line {move.line}, and the loop "
        "asks again."
    )
    how = {
        "error": f"{name} failed. For the loop that is a result like any other.",
        "denied": f"{name} was denied. For the loop that is a result like any other.",
        "stopped": f"{name} was stopped.",
    }
    return f"{how.get(move.mark, f'{name} has brought its result.')} {then}"


def _history(run: Run, moves: Sequence[Move]) -> dict[str, Any]:
    """The loop's list of messages as it was, with what joins it on the next move."""
    move = moves[-1]
    listed: list[Message] = list(run.cursor.at(move.sends).messages)
    requests = [m for m in moves if m.place == "request"]
    sent = requests[:-1] if move.place == "request" else requests
    last = cast("Request", sent[-1].was or sent[-1].in_hand) if sent else None
    n_sent = last.n + last.n_left_out if last else 0
    changed = {json_bytes(message): was for message, was in _changed(moves)}
    n_listed = len(listed)
    carries = _carried(run, requests[-1] if requests else None)
    listed += _joining(moves)
    since = len(listed) - TEXTS
    messages = [
        {
            "role": message["role"],
            "title": _title(message),
            "text": _text(message)[:TEXT_CHARS] if i >= since else "",
            "n_bytes": len(body),
            "is_new": i >= n_sent,
            "joins": i >= n_listed,
            "gone": not carries(i),
            "edited": body in changed,
            "was": changed.get(body, "")[:TEXT_CHARS],
        }
        for i, message in enumerate(listed)
        for body in [json_bytes(message)]
    ]
    return {"messages": messages, "n_cached": n_sent, "since": sent[-1].step if sent else 0}


def _carried(run: Run, asked: Move | None) -> Callable[[int], bool]:
    """Which messages of the loop's list the requests carry at a move, by their place in it."""
    request = cast("Request", asked.was or asked.in_hand) if asked else None
    if asked is None or request is None or not request.n_left_out:
        return lambda _: True
    before = Past.of(run.started.past).projection
    told = [e for e in run.events if isinstance(e, Compacted) and e.step <= asked.step]
    return projection_from(told, before).carries


def _joining(moves: Sequence[Move]) -> list[Message]:
    """The messages that the moves since the loop's own last one have made."""
    made: list[Message] = []
    for move in moves:
        if move.sends != moves[-1].sends:
            continue
        if move.place == "reply":
            made.append(cast("Message", move.in_hand))
        elif move.place == "result":
            made.append(_tool_message(move, cast("ToolResult", move.in_hand)))
    return made


def _changed(moves: Sequence[Move]) -> list[tuple[Message, str]]:
    """The messages that the person has changed, each with the text that it had."""
    changed: list[tuple[Message, str]] = []
    for move in moves:
        if move.was is None:
            continue
        if move.place == "reply":
            changed.append((cast("Message", move.in_hand), _text(cast("Message", move.was))))
        elif isinstance(move.in_hand, ToolResult) and isinstance(move.was, ToolResult):
            was = _text(_tool_message(move, move.was))
            changed.append((_tool_message(move, move.in_hand), was))
    return changed


def _tool_message(move: Move, result: ToolResult) -> Message:
    call_id = move.call["id"] if move.call else ""
    return {"role": "tool", "tool_call_id": call_id, "content": result.content}


def _title(message: Message) -> str:
    """A message in a line."""
    if message["role"] != "assistant":
        return one_line(text_of(message), 100) or "a picture"
    parts = ["reasoning"] if reasoning_of(message).strip() else []
    parts += [f"call {call['function']['name']}" for call in message.get("tool_calls") or []]
    return ", ".join(parts + (["answer"] if message.get("content") else []))


def _text(message: Message) -> str:
    """A message's text, reasoning and calls included."""
    calls = [f"{c['function']['name']} {c['function']['arguments']}" for c in _calls(message)]
    return "\n\n".join(part for part in [reasoning_of(message), text_of(message), *calls] if part)


def _calls(message: Message) -> Sequence[Any]:
    return message.get("tool_calls") or []


def fork_told(run: Run, n: int) -> dict[str, Any]:
    """What a fork at a move means for the kernel: names changed since, code that would run again.

    Raises:
        LookupError: there is no such move.
    """
    if not 1 <= n <= len(run.moves):
        raise LookupError(f"there is no move {n}")
    results = [m.in_hand for m in run.moves if isinstance(m.in_hand, ToolResult)]
    before = [m.in_hand for m in run.moves[:n] if isinstance(m.in_hand, ToolResult)]
    since = [r.changes for r in results[len(before) :] if r.changes]
    files = sorted({name for r in before if r.changes for name in r.changes.files})
    changed = " ".join(dict.fromkeys(" ".join(str(c) for c in since).split()))
    n_worked, n_failed = len(worked(run.moves[:n])), sum(r.is_error for r in before)
    return {
        "changed": changed,
        "n_worked": n_worked,
        "n_failed": n_failed,
        "files": files,
        "words_here": f"It is not rewound. Changed since move {n}: {changed or 'nothing'}.",
        "words_fresh": _fresh_words(n_worked, n_failed, files),
    }


def _fresh_words(n_worked: int, n_failed: int, files: Sequence[str]) -> str:
    run = "runs" if n_worked == 1 else "run"
    again = (
        f"{plural(n_worked, 'cell')} that worked {run} again" if n_worked else "Nothing runs again"
    )
    is_ = "is" if n_failed == 1 else "are"
    left_out = f", {n_failed} that failed {is_} left out" if n_failed else ""
    wrote = f" Written again: {', '.join(files)}." if files else " No file was written."
    return (
        f"{again}{left_out}.{wrote if n_worked else ''} Variables that your own cells made are not "
        "there, and the only tools are run_python and read_output."
    )
