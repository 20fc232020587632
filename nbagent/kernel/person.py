"""Who answers a run's questions: someone at the keyboard, or a policy where nobody is."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from contextlib import AbstractContextManager

from nbagent.run.work import Decide, Decision


class Nobody:
    """Answers every question with no: the policy of a headless kernel."""

    def decide(self, question: Decide) -> Decision:
        """Refuse, and say why."""
        return Decision("deny", why=f"nobody is here to ask: {question.why}", by="policy")


class Keyboard:
    """Asks through the front end's input line.

    Each prompt carries a two-letter word of its own, so that a late answer to an old prompt, as
    a dialog left open can give, does not answer the next one.

    Args:
        armed: the window in which an interrupt may raise.
        read: shows a prompt and returns the line typed.
    """

    def __init__(
        self, armed: Callable[[], AbstractContextManager[object]], read: Callable[[str], str]
    ) -> None:
        self._armed = armed
        self._read = read

    def decide(self, question: Decide) -> Decision:
        """Ask until the answer is a yes with the word, or anything else without a y."""
        word = "".join(secrets.choice(string.ascii_lowercase) for _ in range(2))
        prompt = f"{question.why} {question.text} Type: y {word} (anything else: no) "
        try:
            with self._armed():
                typed = self._read(prompt).split()
        except KeyboardInterrupt:
            return Decision("deny", why="stopped")
        except EOFError:
            return Decision("deny", why="no answer")
        if typed[:1] == ["y"] and typed[1:] == [word]:
            return Decision("run")
        if typed[:1] == ["y"]:
            return self.decide(question)
        return Decision("deny", why=" ".join(typed[1:]))
