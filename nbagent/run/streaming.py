"""One reply as it streams: masked for the views, sampled for the figures, watched for circles."""

from __future__ import annotations

from nbagent.errors import InCircles
from nbagent.events import Delta, Sample
from nbagent.messages import Usage
from nbagent.meter.sampling import SampleLog
from nbagent.policy import CircleWatch
from nbagent.ports import Piece
from nbagent.run.recipe import Recipe

IN_CIRCLES = (
    "The reply said the same over and over, so it was ended.",
    "Where such text is wanted, `%config Kimi.notice_repeats = False` lets it come.",
)
PARTIAL_CHARS = 4_000
"""How much of a reply that went in circles is kept to be shown."""


class Streaming:
    """Takes the pieces of one attempt.

    Args:
        recipe: masks known secrets, and says whether circles are noticed.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._samples = SampleLog()
        # One masking stream a phase: a secret may be split across pieces.
        self._masks = {phase: recipe.redact.stream() for phase in ("reasoning", "answer")}
        self._watch = CircleWatch() if recipe.settings.notice_repeats else None

    def take(self, piece: Piece, t: float, *, step: int, attempt: int) -> Delta:
        """Take a piece that arrived `t` seconds after the run began; what views are told of it."""
        self._samples.add(t, piece.text, piece.phase)
        mask = self._masks.get(piece.phase)
        return Delta(
            step=step,
            attempt=attempt,
            phase=piece.phase,
            text=mask.feed(piece.text) if mask else piece.text,
            call_index=piece.call_index,
            name=piece.name,
        )

    def circles(self, piece: Piece) -> InCircles | None:
        """What has failed, if the reply goes in circles with this piece."""
        if self._watch is None or not self._watch.feed(piece.phase, piece.text):
            return None
        return InCircles(*IN_CIRCLES, partial=self._watch.end(PARTIAL_CHARS))

    def samples(self, usage: Usage | None) -> tuple[Sample, ...]:
        """When how many tokens came, for the figures."""
        return self._samples.samples(usage)
