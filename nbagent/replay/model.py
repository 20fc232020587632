"""The record in a model's place: it answers each request with the reply that was recorded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from nbagent.clock import Clock
from nbagent.errors import RecordEnds
from nbagent.messages import Request, Usage, json_bytes, reasoning_of
from nbagent.ports import Arrival, Failure, ModelFacts, Offered, Reply
from nbagent.run.recorded import Recorded

NOTHING_USED = Usage(prompt_tokens=0, completion_tokens=0)
"""What a replayed reply costs: no model wrote it."""


class RecordedModel:
    """Gives a run's replies once more, in order; a `Model` that sends nothing.

    Args:
        record: the saved run.
        clock: stamps the replies.
        images_in_tool_results: whether tool messages may carry pictures, at the endpoint that
            later turns go to.
    """

    def __init__(self, record: Recorded, clock: Clock, *, images_in_tool_results: bool) -> None:
        self._record = record
        self._clock = clock
        self._left = deque(step for step in record.steps if step.message is not None)
        called = [s.message for s in self._left if s.message and s.message.get("tool_calls")]
        self._facts = ModelFacts(
            model=record.started.model,
            host="",
            scripted=record.started.scripted,
            thinking=all(reasoning_of(message) for message in called),
            window_tokens=record.started.window_tokens,
            images_in_tool_results=images_in_tool_results,
            sends=False,
        )

    @property
    def facts(self) -> ModelFacts:
        """What is known of the model that was recorded."""
        return self._facts

    def head(self, tools: Sequence[Offered]) -> bytes:
        """The model's name; no request is sent, so there is nothing else to say."""
        del tools
        return b'"model":' + json_bytes(self._facts.model)

    def tail(self, prompt_tokens: int) -> bytes:
        """Nothing."""
        del prompt_tokens
        return b""

    def start(self, request: Request, sink: Callable[[Arrival], None]) -> Callable[[], None]:
        """Answer with the next recorded reply, at once, whatever the request is."""
        del request
        step = self._left.popleft() if self._left else None
        if step is None or step.message is None:
            error = RecordEnds(
                f"The record of {self._record.started.run_id} has no further reply.",
                "Ask without --replay to go on from here. Nothing was sent.",
            )
            sink(Failure(self._clock.now(), error))
        else:
            sink(Reply(self._clock.now(), step.message, step.finish_reason, NOTHING_USED))
        return lambda: None

    def close(self) -> None:
        """Nothing is open."""

    def again(self) -> RecordedModel:
        """A model for a fork: what is asked there is not in the record, so it has no replies."""
        images = self._facts.images_in_tool_results
        other = RecordedModel(self._record, self._clock, images_in_tool_results=images)
        other._left.clear()
        return other
