"""Who answers a run's questions: views, someone at the keyboard, or a policy where nobody is."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nbagent.clock import Clock
from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.pump import Person
from nbagent.policy.approval import told_words
from nbagent.run.work import Decide, Decision
from nbagent.words import paragraph, t, told

PROMPT_S = 10.0
"""How long a question waits for a view before it is put as a prompt."""
LOOK_S = 0.1
"""How often a prompt looks whether its question was answered by another way."""


class Nobody:
    """Answers every question with no: the policy of a headless kernel.

    Where a run rests between two moves nothing is asked of anybody: code makes the next move.
    """

    def decide(self, question: Decide, _is_answered: Callable[[], bool]) -> Decision | None:
        """Refuse, and say why."""
        if question.kind == "move":
            return None
        return Decision("deny", why=f"nobody is here to ask: {question.why}", by="policy")


class Views:
    """Leaves questions to the views, for as long as it takes; where there is none, to a prompt.

    Args:
        clock: the one clock.
        is_seen: whether a view has answered in this run.
        otherwise: who is asked where no view is.
    """

    def __init__(self, clock: Clock, is_seen: Callable[[], bool], otherwise: Person) -> None:
        self._clock = clock
        self._is_seen = is_seen
        self._otherwise = otherwise
        self._question: Decide | None = None
        self._since = 0.0

    def decide(self, question: Decide, is_answered: Callable[[], bool]) -> Decision | None:
        """Wait for a view, or ask."""
        if question is not self._question:
            self._question, self._since = question, self._clock.now()
        if self._is_seen() or self._clock.now() - self._since < PROMPT_S:
            return None
        return self._otherwise.decide(question, is_answered)


class Keyboard:
    """Asks through the front end's input line.

    Each prompt carries a two-letter word of its own, so that a late answer to an old prompt, as
    a dialog left open can give, does not answer the next one.

    Args:
        interrupts: a stop ends a prompt, and so does an answer that comes by another way.
        read: shows a prompt and returns the line typed.
    """

    def __init__(self, interrupts: Interrupts, read: Callable[[str], str]) -> None:
        self._interrupts = interrupts
        self._read = read

    def decide(self, question: Decide, is_answered: Callable[[], bool]) -> Decision | None:
        """Ask until the answer is a yes with the word, or anything else without a y."""
        word = "".join(secrets.choice(string.ascii_lowercase) for _ in range(2))
        done = question.kind == "outcome"
        how = t("Type: y {word} (anything else: no)", word=word)
        if done:
            how = t("Type: y {word}, d {word} if it was done (anything else: no)", word=word)
        prompt = f"{paragraph([told(question.text), _sentence(question), how])} "
        try:
            with self._ended_when(is_answered), self._interrupts.armed():
                typed = self._read(prompt).split()
        except KeyboardInterrupt:
            return None if is_answered() else Decision("deny", why="stopped")
        except EOFError:
            return Decision("deny", why="no answer")
        if typed[:1] == ["y"] and typed[1:] == [word]:
            return Decision("run")
        if done and typed == ["d", word]:
            return Decision("done")
        if typed[:1] == ["y"]:
            return self.decide(question, is_answered)
        return Decision("deny", why=" ".join(typed[1:]))

    @contextmanager
    def _ended_when(self, is_answered: Callable[[], bool]) -> Iterator[None]:
        """End the prompt, without a stop, once its question is answered by another way."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(LOOK_S):
                if is_answered():
                    self._interrupts.send_limit()
                    return

        watcher = threading.Thread(target=watch, name="nbagent-prompt", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
            self._interrupts.forget_limit()


def _sentence(question: Decide) -> str:
    """Why it is asked, as a sentence."""
    reasons = question.asked.reasons if question.asked else ()
    if question.kind not in {"outcome", "call"}:
        return told(question.why)
    if reasons:
        return t("It needs your OK because it {why}.", why=told_words(reasons))
    why = told(question.why)
    return t("{why}.", why=f"{why[:1].upper()}{why[1:]}")
