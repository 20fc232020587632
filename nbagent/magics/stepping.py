"""The step view where there is only text: the loop with an arrow, what is in hand, a prompt.

The same moves as in the page, from the same record: looking back sends and runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbagent.errors import UsageError
from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.pump import Person
from nbagent.run import Run
from nbagent.run.work import Decide, Decision
from nbagent.trace.moves import move_told, moves_told
from nbagent.words import counted, series, t, told

KEYS = (
    "Enter: step · c tool|error|answer: go on to the next one · r: run to the end · q: stop · "
    "b, f: look back, forward · g N: look at move N · e TEXT: change what is in hand (JSON; of a "
    "result its text) · u: take that back · k N: fork from move N · ?: keys"
)
SHOWN_LINES = 24


class StepPrompt:
    """Asks for the next move by the front end's input line; other questions go to `otherwise`.

    Args:
        run: the run that rests.
        interrupts: a stop ends a prompt.
        read: shows a prompt and returns the line typed.
        otherwise: answers what is no pause.
    """

    def __init__(
        self, run: Run, interrupts: Interrupts, read: Callable[[str], str], otherwise: Person
    ) -> None:
        self._run = run
        self._interrupts = interrupts
        self._read = read
        self._otherwise = otherwise
        self._at = 0
        """The move that is looked at."""

    def decide(self, question: Decide, is_answered: Callable[[], bool]) -> Decision | None:
        """Show where the run rests and do what is typed, until that moves it on."""
        if question.kind != "move":
            return self._otherwise.decide(question, is_answered)
        if self._at != len(self._run.moves):
            self._at = len(self._run.moves)
            self._show()
        try:
            with self._interrupts.armed():
                typed = self._read(f"{self._asked} > ")
        except KeyboardInterrupt:
            self._run.stop()
            return None
        except EOFError:
            return self._end()
        try:
            return self._do(typed.strip())
        except UsageError as error:
            print(told(str(error)))  # noqa: T201 -- the cell's output
            return None

    @property
    def _asked(self) -> str:
        return t("move {n} of {n_moves}, ? for keys", n=self._at, n_moves=len(self._run.moves))

    def _end(self) -> Decision:
        self._run.moves.until = "end"
        return Decision("run")

    def _do(self, typed: str) -> Decision | None:
        """Do what was typed; a decision if the run moves on."""
        word, _, rest = typed.partition(" ")
        if word in {"", "s", "c"}:
            if word == "c" and rest not in {"tool", "error", "answer"}:
                raise UsageError("Go on to what? c tool, c error or c answer.")
            self._run.moves.until = rest if word == "c" else "move"  # type: ignore[assignment] # checked above
            return Decision("run")
        if word == "r":
            return self._end()
        if word == "q":
            self._run.stop()
        elif word in {"b", "f", "g"}:
            self._look(self._number(rest) if word == "g" else self._at + (1 if word == "f" else -1))
        elif word in {"e", "u"}:
            self._run.edit(rest if word == "e" else None)
            self._look(len(self._run.moves))
        elif word == "k":
            fork = self._run.fork(self._number(rest))
            words = t("{run} begins there. In a later cell:", run=fork.run_id)
            print(f"{words} _.forks[-1].step() or .wait()")  # noqa: T201 -- the cell's output
        else:
            print(t(KEYS))  # noqa: T201 -- the cell's output
        return None

    def _number(self, text: str) -> int:
        if not text.isdigit():
            raise UsageError(f"Which move? A number from 1 to {len(self._run.moves)}.")
        return int(text)

    def _look(self, n: int) -> None:
        self._at = min(max(n, 1), len(self._run.moves))
        self._show()

    def _show(self) -> None:
        print(shown(self._run, self._at), flush=True)  # noqa: T201 -- the cell's output


def shown(run: Run, n: int) -> str:
    """One move as text: the loop with an arrow and what was not taken, then what is in hand.

    Args:
        run: the run.
        n: number of the move.
    """
    move, moves = move_told(run, n), moves_told(run)
    back = n < len(moves["moves"])
    head = t("Looking back at move {n}. Nothing is sent and nothing runs.", n=n) if back else ""
    pause = moves["open"]
    head = head or (told(pause["why"]) if pause else t("Move {n}.", n=n))
    source = [_source_line(move, i, text) for i, text in enumerate(_lines(moves), start=1)]
    return "\n".join([head, "", *source, "", told(move["say"]), "", *_in_hand(move)])


def _lines(moves: dict[str, Any]) -> list[str]:
    return str(moves["loop"]["source"]).rstrip().splitlines()


def _source_line(move: dict[str, Any], i: int, text: str) -> str:
    sign = "▶" if i == move["line"] else "○" if i in move["ran"] else " "
    notes = [told(test["text"]) for test in move["tests"] if test["line"] == i]
    notes += [t("not taken")] if i in move["skipped"] else []
    return f"{sign} {i:>2} {text}" + (f"   # {'; '.join(notes)}" if notes else "")


def _in_hand(move: dict[str, Any]) -> list[str]:
    """What is in hand, in a few lines."""
    place = move["place"]
    if place == "request":
        request = move["request"]
        facts = [t("edited by you") if request["edited"] else ""]
        facts.append(counted(request["n_bytes"], "byte"))
        new = [m for m in move["history"]["messages"] if m["is_new"]]
        lines = [f"  {m['role']:<9} {m['title']}" for m in new]
        head = t("Request {n}: {facts}. New in it:", n=request["step"], facts=series(facts))
        return [head, *lines]
    if place == "reply":
        text = next(m["text"] for m in reversed(move["history"]["messages"]) if m["joins"])
        return _clipped(t("Reply"), text, edited=move["reply"]["edited"])
    tool = move["tool"]
    if place == "call":
        code = tool["code"] or str(tool["arguments"])
        title = t("{name} would run", name=tool["name"])
        return _clipped(title, code, edited=tool["edited"])
    content = tool["content"]
    if not isinstance(content, str):
        content = "\n".join(part.get("text", t("[a picture]")) for part in content)
    return _clipped(t("The model will see"), content, edited=tool["edited"])


def _clipped(title: str, text: str, *, edited: bool) -> list[str]:
    lines = text.splitlines()
    n_more = len(lines) - SHOWN_LINES
    more = [f"  … {counted(n_more, 'more line')}"] if n_more > 0 else []
    head = series([title, t("edited by you") if edited else ""])
    return [f"{head}:", *(f"  {line}" for line in lines[:SHOWN_LINES]), *more]
