"""Every error that nbagent raises, each with its cause, what was kept and what to do next.

    NBAgentError
    ├── UsageError            what was typed cannot be understood; nothing was sent
    │   └── LeaseHeld         a run that another kernel goes on with
    ├── SettingsError         an option, variable or key is missing or wrong
    │   └── NoKeyError        neither key nor endpoint
    ├── HistoryError          a history that the endpoint would refuse
    ├── ReplayError           a loop that did not repeat its recorded moves
    ├── LoopError             a loop that does not keep to the protocol
    └── ModelError            a model call failed
        ├── ConnectionFailed  the network, by layer: dns, proxy, tls, refused, timeout, reset
        ├── AuthFailed        401, 403
        ├── ModelNotFound     404
        ├── QuotaExceeded     429, no money left; never retried
        ├── RateLimited       429, wait as the server says
        ├── Overloaded        429, 5xx: the server is busy; retried
        ├── ContextOverflow   400, more tokens than the window holds
        ├── ContentFiltered   400 or finish_reason
        ├── BadRequest        any other 400: our bug or an unsupported parameter
        ├── NotAnApi          a 200 that is not a chat completion
        ├── RecordEnds        a replay that asks for more than was recorded
        └── InvalidTurn       a reply that must not enter the history; asked again, bounded
            ├── OutOfTokens   finish_reason "length" before an answer or a whole call
            └── InCircles     it said the same over and over, so it was ended

A `ModelError` says whether the same request may be sent again (`retryable`) and when.
"""

from __future__ import annotations

from typing import ClassVar


class NBAgentError(Exception):
    """Base of all nbagent errors.

    Args:
        message: what happened, in one sentence.
        remedy: what to do next, in one sentence ('' if there is nothing to do).
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class UsageError(NBAgentError):
    """What was typed cannot be understood. Nothing was sent."""


class LeaseHeld(UsageError):
    """Another kernel goes on with this run; here it can only be read."""


class SettingsError(NBAgentError):
    """An option, an environment variable or a key is missing or wrong."""


class NoKeyError(SettingsError):
    """Neither a key nor an endpoint is known, and no scripted stand-in was asked for."""


class HistoryError(NBAgentError):
    """A history that the endpoint would refuse; the text names the first fault."""


class ReplayError(NBAgentError):
    """A loop yielded something else than its record; the text names the first difference."""


class LoopError(NBAgentError):
    """A loop yielded or returned something else than the protocol allows; the text says what."""


class ModelError(NBAgentError):
    """A model call failed.

    Args:
        message: what happened.
        remedy: what to do next.
        status: HTTP status, if there was one.
        retry_after_s: how long the server asks to wait, in seconds.
        request_id: the provider's id of the request, for a bug report.
        partial: text received before the failure; shown as discarded, never stored as history.
    """

    kind: ClassVar[str] = "model_error"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        remedy: str = "",
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        request_id: str = "",
        partial: str = "",
    ) -> None:
        super().__init__(message, remedy)
        self.status = status
        self.retry_after_s = retry_after_s
        self.request_id = request_id
        self.partial = partial


class ConnectionFailed(ModelError):
    """The network failed; `layer` says where: dns, proxy, tls, refused, timeout, reset, stall."""

    kind = "connection"
    retryable = True

    def __init__(
        self, message: str, remedy: str = "", *, layer: str = "", partial: str = ""
    ) -> None:
        super().__init__(message, remedy, partial=partial)
        self.layer = layer


class AuthFailed(ModelError):
    """The key was refused (401) or may not do this (403)."""

    kind = "auth"


class ModelNotFound(ModelError):
    """The endpoint does not have the model (404)."""

    kind = "not_found"


class QuotaExceeded(ModelError):
    """The account has no money left. Waiting does not help, so it is never retried."""

    kind = "quota"


class RateLimited(ModelError):
    """Too many requests; `retry_after_s` says when the next one may go."""

    kind = "rate_limit"
    retryable = True


class Overloaded(ModelError):
    """The server is busy or failed for a moment (429 engine_overloaded, 5xx)."""

    kind = "overloaded"
    retryable = True


class ContextOverflow(ModelError):
    """The request holds more tokens than the model's window."""

    kind = "overflow"


class ContentFiltered(ModelError):
    """The provider's filter refused the request or cut the reply."""

    kind = "content_filter"


class BadRequest(ModelError):
    """The endpoint refused the request as malformed."""

    kind = "bad_request"


class NotAnApi(ModelError):
    """The endpoint answered 200 with something that is no chat completion."""

    kind = "not_an_api"


class RecordEnds(ModelError):
    """A replay asks for more than was recorded. Nothing was sent."""

    kind = "record"


class InvalidTurn(ModelError):
    """A reply that must not enter the history: cut, malformed, or empty."""

    kind = "invalid_turn"
    retryable = True


class OutOfTokens(InvalidTurn):
    """The reply's token limit was used up before an answer or a whole tool call was written."""

    kind = "length"
    retryable = False


class InCircles(InvalidTurn):
    """The reply said the same over and over; it was ended before its tokens were used up."""

    kind = "in_circles"
