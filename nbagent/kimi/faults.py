"""What a server's refusal means, as a typed error with cause and remedy.

The tables of statuses, types and texts are Moonshot's error reference; other servers use the
same shapes with fewer words. Server text is shown cut to 500 characters and without account, key
and organisation ids. Nothing here keeps the SDK's exceptions: they hold the request with its key.

Read next: `nbagent.policy`, which decides on retries.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from nbagent.errors import (
    AuthFailed,
    BadRequest,
    ContentFiltered,
    ContextOverflow,
    ModelError,
    ModelNotFound,
    NotAnApi,
    Overloaded,
    QuotaExceeded,
    RateLimited,
)
from nbagent.kimi.endpoints import PRESETS, Endpoint
from nbagent.kimi.pace import held_text, requests_per_minute
from nbagent.settings import Secret

MAX_SERVER_TEXT = 500
"""Characters of a server's own words that are shown."""

MAX_NAME = 200
"""Characters of an id or a host that a server names."""

REQUEST_ID_HEADERS = ("msh-request-id", "x-request-id", "request-id")
"""Where providers put the id that a bug report needs; the first is Moonshot's."""

_BY_TYPE: Mapping[str, type[ModelError]] = {
    "content_filter": ContentFiltered,
    "invalid_authentication_error": AuthFailed,
    "incorrect_api_key_error": AuthFailed,
    "permission_denied_error": AuthFailed,
    "resource_not_found_error": ModelNotFound,
    "engine_overloaded_error": Overloaded,
    "exceeded_current_quota_error": QuotaExceeded,
    "insufficient_quota": QuotaExceeded,
    "rate_limit_reached_error": RateLimited,
    "rate_limit_error": RateLimited,
    "server_error": Overloaded,
    "unexpected_output": Overloaded,
}
_BY_STATUS: Mapping[int, type[ModelError]] = {
    401: AuthFailed,
    402: QuotaExceeded,
    403: AuthFailed,
    404: ModelNotFound,
    408: Overloaded,
    409: Overloaded,
    429: RateLimited,
    499: Overloaded,
}
_WORDS: Mapping[type[ModelError], tuple[str, str]] = {
    ModelNotFound: (
        "{host} has no model {model!r} for this account{status}.",
        "Choose another with -m.",
    ),
    QuotaExceeded: (
        "The account at {host} has no credit left{status}.",
        "Top it up, then go on; waiting does not help.",
    ),
    RateLimited: ("The account's rate limit at {host} is reached{status}.", ""),
    Overloaded: ("{host} is busy or failed for a moment{status}.", ""),
    ContextOverflow: (
        "The request holds more than the model's window{status}.",
        "Begin a new conversation with --new, or attach less.",
    ),
    ContentFiltered: (
        "The provider's content filter refused the request{status}.",
        "Say it in other words, or leave out what the filter may object to.",
    ),
    BadRequest: (
        "{host} refused the request{status}.",
        "Look at the request with --dry-run; a setting may not suit this endpoint.",
    ),
}
_OVERFLOW = re.compile(
    r"(?i)exceeded model token limit|input token length too long|context.length|context window"
)
_NO_MONEY = re.compile(r"(?i)insufficient balance|current (?:token )?quota|account balance")
_WAIT = re.compile(r"(?i)(?:try again|retry) (?:after|in) (\d+(?:\.\d+)?) ?(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_IDS = re.compile(r"(?i)\b(?:org|ak|sk|key|proj|uid)-[\w*.-]{3,}|(?<=Bearer )\S+")
_TAGS = re.compile(r"(?is)<(style|script)\b.*?</\1>|<[!/a-z][^>]*>")


@dataclass(frozen=True, slots=True)
class Faults:
    """Names the faults of one endpoint, model and key; it sends nothing.

    Attributes:
        endpoint: where the request went.
        model: the model asked for.
        secret: the key sent, so that it can be struck out of texts; None if there was none.
    """

    endpoint: Endpoint
    model: str
    secret: Secret | None = None

    def from_status(
        self, status: int, headers: Mapping[str, str], body: str, wall_s: float
    ) -> ModelError:
        """The error for an HTTP status of 300 or more.

        Args:
            status: HTTP status.
            headers: response headers, found by names in lower case.
            body: the response as text.
            wall_s: seconds since the epoch, against which a date in `Retry-After` is read.
        """
        request_id = request_id_of(headers)
        is_json = body.lstrip().startswith(("{", "["))
        if status < HTTPStatus.BAD_REQUEST or (status in {404, 405} and not is_json):
            message, remedy = self._no_api(status, headers)
            return NotAnApi(message, remedy, status=status, request_id=request_id)
        type_, text = _error_of(body)
        wait_s = _retry_after_s(headers, wall_s)
        return self._typed(status, type_, text, wait_s, request_id)

    def from_frame(self, error: object, request_id: str) -> ModelError:
        """The error for an `error` object inside a 200 answer.

        Args:
            error: the object; OpenRouter gives it an HTTP status as `code`.
            request_id: the provider's id of the request.
        """
        fields = error if isinstance(error, dict) else {"message": error}
        code = fields.get("code")
        status = code if isinstance(code, int) else None
        type_, text = str(fields.get("type") or ""), str(fields.get("message") or "")
        return self._typed(status, type_, text, None, request_id)

    def _typed(
        self, status: int | None, type_: str, text: str, wait_s: float | None, request_id: str
    ) -> ModelError:
        cls = _class_of(status or HTTPStatus.INTERNAL_SERVER_ERROR, type_, text)
        number = f" ({status})" if status else ""
        rpm = requests_per_minute(text)
        if wait_s is None:
            wait_s = _wait_in(text)
        if wait_s is None and rpm:
            wait_s = 60 / rpm
        words = self._clean(text)
        if cls is AuthFailed:
            message, remedy = self._refused_key(status, number, words)
        else:
            message, remedy = _WORDS[cls]
            told = message.format(host=self.endpoint.host, model=self.model, status=number)
            message = told + _said(words)
            remedy = remedy or (_asks(wait_s) if wait_s else "")
        if cls is RateLimited and wait_s is not None:
            message, remedy = (held_text(rpm, wait_s), "") if rpm else (message, remedy)
        return cls(message, remedy, status=status, retry_after_s=wait_s, request_id=request_id)

    def _refused_key(self, status: int | None, number: str, words: str) -> tuple[str, str]:
        host = self.endpoint.host
        if self.secret is None:
            message = f"{host} wants a key, and none was given for it."
            return message + _said(words), "Give it one with `%kimi login`."
        region = {
            PRESETS["moonshot"].origin: ("China", PRESETS["moonshot-cn"]),
            PRESETS["moonshot-cn"].origin: ("international", PRESETS["moonshot"]),
        }.get(self.endpoint.origin)
        if region is None or status == HTTPStatus.FORBIDDEN:
            message = f"{host} refused this key{number}.{_said(words)}"
            return message, "Give another with `%kimi login`. It was not sent anywhere else."
        name, other = region
        return f"Moonshot refused this key at {host}.", (
            f"Keys from the {name} platform work at {other.host}: `%kimi use {other.name}`. "
            "The key was not sent anywhere else."
        )

    def _no_api(self, status: int, headers: Mapping[str, str]) -> tuple[str, str]:
        target = _host_of(headers.get("location", ""))
        if target:
            message = f"{self.endpoint.host} sends requests on to {target} ({status})."
            return message, "That was not followed; if it is the right place, give its base URL."
        message = f"There is no chat API at {self.endpoint.base_url} ({status})."
        return message, "Check the base URL; most servers want /v1 at its end."

    def _clean(self, text: str) -> str:
        """A server's words, fit to be shown: no ids, no markup, no more than 500 characters."""
        if self.secret is not None:
            text = text.replace(self.secret.reveal(), "[key]")
        text = " ".join(_TAGS.sub(" ", _IDS.sub("[id]", text)).split())
        return text if len(text) <= MAX_SERVER_TEXT else text[:MAX_SERVER_TEXT] + "…"


def request_id_of(headers: Mapping[str, str]) -> str:
    """The provider's id of a request, from its response headers ('' if it has none)."""
    found = next((headers[name] for name in REQUEST_ID_HEADERS if name in headers), "")
    return found[:MAX_NAME]


def _host_of(url: str) -> str:
    """The host that a server names, '' if it names none."""
    try:
        return urlsplit(url).netloc[:MAX_NAME]
    except ValueError:
        return ""


def _said(words: str) -> str:
    return f' It said: "{words}"' if words else ""


def _asks(wait_s: float) -> str:
    """The wait that a server asks for, in words."""
    unit = next(u for u in ("h", "m", "s") if wait_s >= _SECONDS[u] or u == "s")
    name = "min" if unit == "m" else unit
    return f"The server asks to wait {math.ceil(wait_s / _SECONDS[unit])} {name}."


def _class_of(status: int, type_: str, text: str) -> type[ModelError]:
    """The kind of error; the provider's own type counts more than the status."""
    cls = _BY_TYPE.get(type_) or _BY_STATUS.get(status)
    if cls in {RateLimited, None} and _NO_MONEY.search(text):
        return QuotaExceeded
    if cls is not None:
        return cls
    if _OVERFLOW.search(text):
        return ContextOverflow
    ours = type_ == "invalid_request_error" or status < HTTPStatus.INTERNAL_SERVER_ERROR
    return BadRequest if ours else Overloaded


def _error_of(body: str) -> tuple[str, str]:
    """`(type, message)` of an error body; the body itself where it is not JSON."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return "", body
    if isinstance(value, dict):
        value = value.get("error") or value
    if not isinstance(value, dict):
        return "", str(value)
    text = value.get("message") or value.get("detail") or ""
    return str(value.get("type") or ""), text if isinstance(text, str) else json.dumps(text)


def _retry_after_s(headers: Mapping[str, str], wall_s: float) -> float | None:
    """Seconds that a `Retry-After` header asks for, as a number or a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - wall_s, 0.0)
    except (ValueError, OverflowError):
        return None


def _wait_in(text: str) -> float | None:
    """Seconds that a message asks for: "please try again after 3 seconds"."""
    found = _WAIT.search(text)
    return float(found[1]) * _SECONDS[(found[2] or "s").lower()] if found else None
