"""What a view may do with a run, by the name of the action.

Commands come by the mailbox, on whichever thread brings them: they set flags and read what is
there, and touch neither figures nor the user's variables.

Read next: `nbagent.trace.moves`, which tells of a run's moves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast, get_args

from nbagent.errors import UsageError
from nbagent.events import Decided, StepStarted
from nbagent.kernel.mailbox import Command
from nbagent.run import Run
from nbagent.run.moves import Until
from nbagent.run.work import Decision
from nbagent.trace.feed import Feed, steps_told
from nbagent.trace.moves import fork_told, move_told, moves_told
from nbagent.trace.widget import STEP_JS
from nbagent.words import page_speaks, texts


class Desk:
    """Carries out a view's commands on one run.

    Args:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._actions: dict[str, Callable[[Command], Any]] = {
            "snapshot": lambda _: self._snapshot(),
            "stop": lambda _: self._run.stop(),
            "compact": lambda _: self._run.compact(),
            "say": lambda command: self._run.say(str(command.get("text", ""))),
            "decide": self._decide,
            "request": self._request,
            "steps": lambda command: steps_told(self._run.events, command),
            "moves": lambda _: moves_told(self._run),
            "move": lambda command: move_told(self._run, int(command.get("n", 0))),
            "go": lambda command: self._run.go(_until(command), str(command.get("key", ""))),
            "pace": lambda command: self._run.go(_until(command)),
            "edit": lambda command: self._run.edit(command.get("value"), str(command.get("key"))),
            "fork": self._fork,
            "fork_facts": lambda command: fork_told(self._run, int(command.get("n", 0))),
            "step_module": lambda _: {"source": STEP_JS.read_text(encoding="utf-8")},
            "words": self._words,
        }

    def answer(self, action: str, command: Command) -> Any:
        """Carry out an action.

        Raises:
            LookupError: there is no such action, or it cannot be done now, in words.
        """
        act = self._actions.get(action)
        if act is None:
            raise LookupError(f"there is no action {action!r}")
        try:
            return act(command) or {}
        except UsageError as error:
            raise LookupError(str(error)) from error

    def _snapshot(self) -> dict[str, Any]:
        """The run so far, for a view of a run that no cell shows: it has to ask again."""
        feed = Feed(self._run.run_id)
        for event in list(self._run.events):
            feed.apply(event)
        return feed.snapshot(self._run.elapsed_s, "")

    def _words(self, command: Command) -> dict[str, Any]:
        """The texts for a view that has none with it, in the language of its page or ours."""
        page_speaks(str(command.get("language", "")))
        return {"words": dict(texts())}

    def _decide(self, command: Command) -> None:
        """Take a view's answer to the open question; the pump brings it to the run."""
        action, arguments = command.get("decision"), command.get("arguments")
        if action not in get_args(Decided):
            raise LookupError(f"there is no decision {action!r}")
        decision = Decision(
            cast("Decided", action),
            arguments=arguments if isinstance(arguments, dict) else None,
            why=str(command.get("why", "")),
            always=command.get("always") is True,
        )
        self._run.decide(decision, str(command.get("key")))

    def _request(self, command: Command) -> dict[str, Any]:
        step = int(command.get("step", 0))
        starts = [event for event in self._run.events if isinstance(event, StepStarted)]
        ended = zip(reversed(starts), reversed(self._run.requests), strict=False)
        requests = {event.step: request for event, request in ended}
        if step not in requests:
            raise LookupError(f"step {step} has sent no request")
        return {"url": self._run.recipe.model.facts.url, "body": requests[step].json()}

    def _fork(self, command: Command) -> dict[str, str]:
        n, fresh = int(command.get("n", 0)), command.get("fresh") is True
        return {"run_id": self._run.fork(n, edit=command.get("value"), fresh=fresh).run_id}


def _until(command: Command) -> Until:
    until = command.get("until", "move")
    if until not in get_args(Until):
        raise LookupError(f"a run does not rest at {until!r}")
    return cast("Until", until)
