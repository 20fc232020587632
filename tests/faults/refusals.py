"""Faults that come as an HTTP status, or as an error frame within a stream."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

from tests.faults.fault import Fault, always, answers, ends, refuses, sends, survives
from tests.faults.server import server_of
from tests.faults.turns import FAILED, Turn
from tests.kimi.wire_server import Connection, event

INVALID = "invalid_request_error"
LIMIT = "rate_limit_reached_error"
ACCOUNT = "Your account org-3f2a9<ak-f81b2c>"
MANY = f"{ACCOUNT} request reached organization max RPM: 3, please try again after 17 seconds"
CONCURRENT = f"{ACCOUNT} request reached organization max concurrency: 1, try again after 2 seconds"
TOKENS = f"{ACCOUNT} request reached TPM rate limit, current:500123, limit:500000"
DAY = f"{ACCOUNT} request reached TPD rate limit, current:1500001, limit:1500000"
QUOTA = "You exceeded your current token quota: <org-3f2a9> 0, please check your account balance"
SUSPENDED = f"{ACCOUNT} is suspended due to insufficient balance, please recharge"
OVERFLOW = "Invalid request: Your request exceeded model token limit: 262144 (requested: 269030)"
REASONING = (
    "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2"
)
PAGE = b"<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
FIVE = {"retry_attempts": 5}
OVERLOADED = "The engine is currently overloaded, please try again later"


def ended(  # noqa: PLR0917 -- a row of the table, read across
    name: str, status: int, type_: str, message: str, kind: str, words: str
) -> Fault:
    return Fault(name, refuses(status, type_, message), ends(kind, words, unknown=0))


def waited(name: str, do: Any, shortest_s: float, longest_s: float, words: str = "") -> Fault:
    """A rate limit, which is waited out and costs nothing."""
    then = survives("rate_limit", words, wait_s=(shortest_s, longest_s), unknown=0)
    return Fault(name, do, then)


def busy(name: str, do: Any, shortest_s: float = 0.25, longest_s: float = 0.5) -> Fault:
    return Fault(name, do, survives("overloaded", "busy", wait_s=(shortest_s, longest_s)))


def limited(message: str, **headers: str) -> Any:
    return refuses(429, LIMIT, message, **headers)


def dated(connection: Connection, turn: Turn) -> bool:
    at = formatdate(server_of(connection).wall() + 40, usegmt=True)
    return bool(limited("slow down", Retry_After=at)(connection, turn))


def frame(error: Any) -> Any:
    """Report an error within a stream that has begun."""
    return sends([*FAILED.up_to("answer"), event({"error": error})])


FAULTS = [
    *(
        Fault(
            f"redirect {status}",
            answers(status, b"", Location="http://127.0.0.1:9/v1"),
            ends("not_an_api", "sends requests on to 127.0.0.1:9", unknown=0),
        )
        for status in (301, 302, 307, 308)
    ),
    Fault(
        "redirect to no address",
        answers(302, b"", Location="http://[oops/v1"),
        ends("not_an_api", "Check the base URL", unknown=0),
    ),
    Fault(
        "redirect to a name of 50 kB",
        answers(307, b"", Location="http://" + "x" * 50_000),
        ends("not_an_api", "sends requests on to", unknown=0),
    ),
    Fault(
        "a request id of 50 kB",
        answers(400, {"error": {"message": "no"}}, Msh_Request_Id="r" * 50_000),
        ends("bad_request", "no", unknown=0),
    ),
    Fault(
        "a type of 50 kB",
        refuses(400, "t" * 50_000, "m" * 50_000),
        ends("bad_request", "mmm", unknown=0),
    ),
    Fault(
        "a type that is no text",
        answers(400, {"error": {"type": ["x"], "message": {"a": 1}}}),
        ends("bad_request", "refused", unknown=0),
    ),
    Fault(
        "an error that is a list",
        answers(400, {"error": [1, 2]}),
        ends("bad_request", "refused", unknown=0),
    ),
    ended("400 overflow", 400, INVALID, OVERFLOW, "overflow", "more than the model's window"),
    ended("400 too long", 400, INVALID, "Input token length too long", "overflow", "window"),
    ended("400 without reasoning", 400, INVALID, REASONING, "bad_request", "missing"),
    ended("400 parameter", 400, INVALID, "invalid temperature", "bad_request", "--dry-run"),
    Fault(
        "400 filtered",
        refuses(400, "content_filter", "considered high risk"),
        ends("content_filter", "other words"),
    ),
    Fault("400 without words", answers(400), ends("bad_request", "(400)", unknown=0)),
    ended("401 unknown key", 401, "invalid_authentication_error", "no", "auth", "refused this key"),
    ended("401 wrong key", 401, "incorrect_api_key_error", "no", "auth", "not sent anywhere else"),
    ended("402", 402, "", "pay", "quota", "no credit left"),
    ended("403", 403, "permission_denied_error", "not open", "auth", "not open"),
    ended("404 model", 404, "resource_not_found_error", "Not found", "not_found", "-m"),
    Fault(
        "404 page",
        answers(404, PAGE, "text/html"),
        ends("not_an_api", "Check the base URL", unknown=0),
    ),
    Fault("405", answers(405, b"", "text/plain"), ends("not_an_api", "base URL", unknown=0)),
    busy("408", refuses(408, "", "too slow")),
    busy("409", refuses(409, "", "conflict")),
    ended("413", 413, "", "body too large", "bad_request", "body too large"),
    ended("422", 422, "", "unprocessable", "bad_request", "unprocessable"),
    ended("451", 451, "", "unavailable", "bad_request", "unavailable"),
    waited("429 retry-after 3", limited("slow down", Retry_After="3"), 3.0, 3.0),
    waited(
        "429 retry-after date",
        dated,
        38.0,
        40.0,
    ),
    waited(
        "429 retry-after past",
        limited("slow down", Retry_After="Thu, 01 Jan 1970 00:00:01 GMT"),
        0.25,
        0.5,
    ),
    waited(
        "429 retry-after beyond the calendar",
        limited("slow down", Retry_After=f"Thu, 01 Jan {10**12} 00:00:00 GMT"),
        0.25,
        0.5,
    ),
    waited("429 retry-after 0", limited("slow down", Retry_After="0"), 0.25, 0.5),
    waited("429 retry-after -5", limited("slow down", Retry_After="-5"), 0.25, 0.5),
    waited("429 retry-after words", limited("slow down", Retry_After="soon"), 0.25, 0.5),
    waited("429 without a wait", limited("slow down"), 0.25, 0.5),
    Fault(
        "429 retry-after absurd",
        limited("slow down", Retry_After="86400"),
        ends("rate_limit", "asks to wait 24 h", unknown=0),
    ),
    Fault(
        "503 retry-after absurd",
        refuses(503, "server_error", "maintenance", Retry_After="86400"),
        ends("overloaded", "asks to wait 24 h"),
    ),
    waited("429 seconds in words", limited(CONCURRENT), 2.0, 2.0),
    waited("429 minute's requests", limited(MANY), 17.0, 17.0, "3 requests a minute"),
    waited("429 minute's tokens", limited(TOKENS), 0.25, 0.5),
    always(
        waited("429 day's tokens", limited(DAY), 0.25, 0.5),
        ends("rate_limit", "5 attempts", retries=4, unknown=0),
        settings=FIVE,
    ),
    always(
        waited("429 retry-after 0", limited("slow down", Retry_After="0"), 0.25, 0.5),
        ends("rate_limit", "5 attempts", retries=4, unknown=0),
        settings=FIVE,
    ),
    ended("429 quota", 429, "exceeded_current_quota_error", QUOTA, "quota", "no credit left"),
    ended("429 suspended", 429, LIMIT, SUSPENDED, "quota", "waiting does not help"),
    busy("429 overloaded", refuses(429, "engine_overloaded_error", OVERLOADED)),
    busy("499", refuses(499, "", "closed")),
    busy("500", refuses(500, "server_error", "invalid state transition")),
    always(
        busy("500", refuses(500, "server_error", "invalid state transition")),
        ends("overloaded", "5 attempts", retries=4),
        settings=FIVE,
    ),
    always(
        busy("503, two attempts set", refuses(503, "server_error", "x")),
        ends("overloaded", "2 attempts", retries=1),
        settings={"retry_attempts": 2},
    ),
    busy("500 unexpected output", refuses(500, "unexpected_output", "no")),
    busy("501", answers(501)),
    busy("502 page", answers(502, PAGE, "text/html")),
    busy("503", refuses(503, "server_error", "overloaded")),
    busy("503 retry-after 9", refuses(503, "server_error", "x", Retry_After="9"), 9.0, 10.0),
    busy("504", answers(504, b"upstream timed out", "text/plain")),
    busy("529", refuses(529, "overloaded_error", "overloaded")),
    busy("frame overloaded", frame({"message": OVERLOADED, "type": "engine_overloaded_error"})),
    busy("frame of a status", frame({"message": "bad gateway", "code": 502})),
    busy("frame of words", frame("something went wrong")),
    Fault(
        "frame rate limit",
        frame({"message": "slow down", "code": 429}),
        survives("rate_limit", unknown=1),
    ),
    Fault(
        "frame quota",
        frame({"message": QUOTA, "type": "exceeded_current_quota_error"}),
        ends("quota", "no credit left", unknown=1),
    ),
    Fault(
        "frame filtered",
        frame({"message": "high risk", "type": "content_filter"}),
        ends("content_filter", "other words"),
    ),
    Fault(
        "frame overflow",
        frame({"message": OVERFLOW, "type": INVALID}),
        ends("overflow", "window", unknown=1),
    ),
    busy(
        "an error as a whole 200",
        answers(200, {"error": {"message": OVERLOADED, "type": "engine_overloaded_error"}}),
    ),
]
