"""A lesson that goes on: where its requests go, and what was seen of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from nbagent.lessons import control
from nbagent.lessons.course import exercises
from nbagent.lessons.course.exercise import Outline, seeded
from nbagent.lessons.course.requests import Request, from_ledger
from nbagent.lessons.process import Server
from nbagent.lessons.wire import MODEL
from nbagent.phrases import plural


class Place(Protocol):
    """Where a lesson's requests go: the lesson server, or the real endpoint."""

    base_url: str
    api_key: str
    model: str
    live: bool

    def requests(self) -> Sequence[Request]:
        """The chat requests since the lesson began, oldest first."""
        ...

    def cost(self) -> str:
        """What the lesson cost so far, in words."""
        ...


class Scripted:
    """The user's lesson server, from now on; what another kernel sends there is not seen.

    A lesson that was left early may have left the server in haste, or with faults in store: it
    begins as it was.

    Args:
        server: the server.
    """

    live = False
    model = MODEL

    def __init__(self, server: Server) -> None:
        self.server = server
        self.base_url = server.url
        self.api_key = server.key
        control.restore(server)
        seen = control.ledger(server)
        self._since = seen[-1]["n"] + 1 if seen else 0

    def requests(self) -> Sequence[Request]:
        """The chat requests since the lesson began, oldest first."""
        return from_ledger(control.ledger(self.server, self._since), self.server)

    def cost(self) -> str:
        """Scripted replies have no cost."""
        return f"{plural(len(self.requests()), 'request')}, scripted: no cost."


class Lesson:
    """A lesson that goes on; `lessons.start` makes it.

    Attributes:
        outline: the lesson's title, question, exercises and recap.
        student: whose data it is; '' for the same data for everybody.
        base_url: where a client's requests go.
        model: the model's name there.
    """

    def __init__(self, outline: Outline, place: Place, student: str = "") -> None:
        self.outline = outline
        self.student = student
        self.place = place
        self.base_url = place.base_url
        self.model = place.model

    @property
    def api_key(self) -> str:
        """The key for `base_url`. It opens that server only; a real key is never shown."""
        return self.place.api_key

    @property
    def live(self) -> bool:
        """Whether the real model answers."""
        return self.place.live

    @property
    def requests(self) -> Sequence[Request]:
        """The chat requests since the lesson began, oldest first, as the server received them."""
        return self.place.requests()

    def given(self, exercise: str) -> Any:
        """The data of an exercise; with `start(…, student=…)` it is that student's own.

        Args:
            exercise: the exercise's id.
        """
        found = exercises.exercise(exercise)
        return found.given(seeded(self.student, exercise)) if found.given else None

    def cost(self) -> str:
        """What this lesson cost so far, in words."""
        return self.place.cost()

    def __repr__(self) -> str:
        kind = "live" if self.live else "scripted"
        return f"<Lesson {self.outline.number}, {self.outline.title}: {kind}, model {self.model}>"
