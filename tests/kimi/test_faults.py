"""Refusals and broken networks: each is typed, says what to do, and gives no secret away."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from itertools import pairwise

import pytest

from nbagent.errors import (
    AuthFailed,
    BadRequest,
    ConnectionFailed,
    ContentFiltered,
    ContextOverflow,
    InvalidTurn,
    ModelError,
    ModelNotFound,
    NotAnApi,
    Overloaded,
    QuotaExceeded,
    RateLimited,
)
from nbagent.kimi.endpoints import PRESETS, Endpoint
from nbagent.kimi.faults import Faults
from nbagent.kimi.network import connection_failed
from nbagent.settings import Secret
from tests.kimi.conftest import KEY, Client
from tests.kimi.wire_server import (
    SAYS,
    THINKS,
    TOOLS,
    Connection,
    WireServer,
    delta,
    event,
    refuses,
    says,
    streams,
)

RPM = (
    "Your account org-3f2a9<ak-f81b2c> request reached organization max RPM: 3, "
    "please try again after 17 seconds"
)
QUOTA = (
    "Your account org-3f2a9<ak-f81b2c> is suspended due to insufficient balance, please recharge"
)
WINDOW = "Invalid request: Your request exceeded model token limit: 262144 (requested: 269030)"

REFUSALS: dict[str, tuple[int, str, str, type[ModelError], float | None]] = {
    "key": (401, "invalid_authentication_error", "Invalid Authentication", AuthFailed, None),
    "key 2": (401, "incorrect_api_key_error", "Incorrect API key provided", AuthFailed, None),
    "not open": (403, "permission_denied_error", "The API is not open", AuthFailed, None),
    "model": (404, "resource_not_found_error", "Not found the model x", ModelNotFound, None),
    "overload": (429, "engine_overloaded_error", "The engine is overloaded", Overloaded, None),
    "quota": (429, "exceeded_current_quota_error", QUOTA, QuotaExceeded, None),
    "quota by its words": (429, "", QUOTA, QuotaExceeded, None),
    "rpm": (429, "rate_limit_reached_error", RPM, RateLimited, 17.0),
    "rpm alone": (429, "rate_limit_reached_error", "max RPM: 3", RateLimited, 20.0),
    "tpd": (
        429,
        "rate_limit_reached_error",
        "TPD rate limit,current:2, limit:1",
        RateLimited,
        None,
    ),
    "window": (400, "invalid_request_error", WINDOW, ContextOverflow, None),
    "window 2": (
        400,
        "invalid_request_error",
        "Input token length too long",
        ContextOverflow,
        None,
    ),
    "filter": (400, "content_filter", "considered high risk", ContentFiltered, None),
    "request": (400, "invalid_request_error", "invalid temperature", BadRequest, None),
    "too large": (413, "", "body too large", BadRequest, None),
    "server": (500, "server_error", "invalid state transition", Overloaded, None),
    "bad gateway": (502, "", "", Overloaded, None),
    "overloaded": (529, "", "try again in 2 m", Overloaded, 120.0),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_typed(client: Client, name: str) -> None:
    status, type_, message, kind, wait_s = REFUSALS[name]
    client.server.answers(refuses(status, type_, message, Msh_Request_Id="req-9"))
    error = client.failure()
    assert type(error) is kind
    assert (error.status, error.request_id, error.retry_after_s) == (status, "req-9", wait_s)
    assert error.remedy or error.retryable
    for leak in ("org-3f2a9", "ak-f81b2c", KEY):
        assert leak not in repr(vars(error)) + str(error)
    assert len(client.server.requests) == 1


def test_a_rate_limit_is_said_calmly(client: Client) -> None:
    client.server.answers(refuses(429, "rate_limit_reached_error", RPM))
    assert str(client.failure()) == (
        "Your account allows 3 requests a minute; the next one goes in 17 s. "
        "Nothing is wrong and nothing is lost."
    )


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        ("86400", 86400.0),
        ("soon", None),
        ("nan", None),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
    ],
)
def test_retry_after_is_read(header: str, wait_s: float | None) -> None:
    faults = Faults(PRESETS["moonshot"], "kimi-k2.6")
    error = faults.from_status(503, {"retry-after": header}, "", 10.0)
    assert error.retry_after_s == wait_s


def test_a_long_wait_is_said_in_hours() -> None:
    faults = Faults(PRESETS["moonshot"], "kimi-k2.6")
    assert faults.from_status(429, {"retry-after": "86400"}, "", 0.0).remedy == (
        "The server asks to wait 24 h."
    )


@pytest.mark.parametrize(
    ("preset", "there"),
    [
        ("moonshot", "China platform work at api.moonshot.cn: `%kimi use moonshot-cn`"),
        ("moonshot-cn", "international platform work at api.moonshot.ai: `%kimi use moonshot`"),
    ],
)
def test_a_refused_key_names_the_other_region(preset: str, there: str) -> None:
    error = Faults(PRESETS[preset], "kimi-k2.6", Secret(KEY)).from_status(401, {}, "{}", 0.0)
    assert str(error) == (
        f"Moonshot refused this key at {PRESETS[preset].host}. Keys from the {there}. "
        "The key was not sent anywhere else."
    )


def test_an_echoed_key_is_struck_out_whatever_it_looks_like() -> None:
    faults = Faults(PRESETS["vllm"], "m", Secret("opensesame"))
    error = faults.from_status(400, {}, '{"error": {"message": "odd: opensesame."}}', 0.0)
    assert 'It said: "odd: [key]."' in error.message


def test_a_missing_key_is_asked_for() -> None:
    error = Faults(PRESETS["vllm"], "m").from_status(401, {}, '{"detail": "no"}', 0.0)
    assert str(error).startswith("localhost:8000 wants a key, and none was given for it.")


def test_server_text_is_cut_and_carries_no_markup(client: Client) -> None:
    page = "<html><style>p {}</style><h1>Bad gateway</h1>" + "<p>so sorry</p>" * 500
    client.server.answers(says(502, page))
    error = client.failure()
    assert isinstance(error, Overloaded)
    assert "Bad gateway so sorry" in error.message
    assert "<" not in error.message
    assert len(error.message) < 700


def test_a_redirect_is_not_followed(client: Client) -> None:
    other = WireServer()
    client.server.answers(says(307, "", Location=f"http://127.0.0.1:{other.port}/v1"))
    error = client.failure()
    assert isinstance(error, NotAnApi)
    assert f"127.0.0.1:{other.port}" in error.message
    assert other.requests == []
    other.close()


def test_a_wrong_path_is_named(client: Client) -> None:
    client.server.answers(says(404, "<html>nothing here</html>"))
    error = client.failure()
    assert isinstance(error, NotAnApi)
    assert "/v1" in error.remedy


def test_an_error_frame_is_typed_and_keeps_what_came(client: Client) -> None:
    frame = {"message": "The engine is overloaded", "type": "engine_overloaded_error"}
    client.server.answers(streams([*THINKS, event({"error": frame})]))
    error = client.failure()
    assert isinstance(error, Overloaded)
    assert (error.partial, error.request_id) == ("The mean of 2 and 4 is 3.", "req-1")


@pytest.mark.parametrize(
    ("frame", "kind"),
    [({"code": 429, "message": "slow down"}, RateLimited), ("odd", Overloaded), ({}, InvalidTurn)],
)
def test_other_servers_frames(client: Client, frame: object, kind: type[ModelError]) -> None:
    client.server.answers(streams([*SAYS, event({"error": frame})]))
    assert isinstance(client.failure(), kind)


def in_mid_stream(end: Callable[[Connection], bool], *, n: int) -> Callable[[Connection], bool]:
    def answer(connection: Connection) -> bool:
        connection.chunked()
        for one in TOOLS[:n]:
            connection.chunk(one)
        return end(connection)

    return answer


@pytest.mark.parametrize("n", [0, 2, 6])
@pytest.mark.parametrize("end", [Connection.reset, lambda _: False], ids=["reset", "cut"])
def test_a_broken_connection_is_named(
    client: Client, end: Callable[[Connection], bool], n: int
) -> None:
    client.server.answers(in_mid_stream(end, n=n))
    error = client.failure()
    assert isinstance(error, ConnectionFailed)
    assert error.layer == "reset"
    assert error.retryable
    assert bool(error.partial) == (n > 0)


def test_a_refusal_that_breaks_off_is_named(client: Client) -> None:
    def breaks(connection: Connection) -> bool:
        connection.head(503, "application/json", Content_Length="100")
        connection.sock.sendall(b'{"error": ')
        return False

    client.server.answers(breaks)
    assert client.failure().layer == "reset"


def test_a_clean_end_without_a_finish_is_a_cut(client: Client) -> None:
    client.server.answers(in_mid_stream(Connection.end, n=6))
    error = client.failure()
    assert isinstance(error, InvalidTurn)
    assert error.partial.endswith('{"code": "df')


def test_refused(client_of: Callable[..., Client]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = client_of(url=f"http://127.0.0.1:{port}/v1").failure()
    assert (error.layer, str(port) in error.message) == ("refused", True)


def test_tls(client_of: Callable[..., Client], server: WireServer) -> None:
    error = client_of(url=server.url.replace("http:", "https:")).failure()
    assert error.layer == "tls"


def test_dns(client_of: Callable[..., Client]) -> None:
    error = client_of(url="http://nobody.invalid/v1").failure()
    assert (error.layer, "nobody.invalid" in error.message) == ("dns", True)


def test_proxy(client_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("HTTP_PROXY", f"http://user:word@127.0.0.1:{port}")
    error = client_of(url="http://kimi.invalid/v1").failure()
    assert error.layer == "proxy"
    assert f"127.0.0.1:{port}" in error.message
    assert "word" not in error.message


class ConnectTimeout(Exception):
    """Named as the HTTP libraries name theirs."""


def wrapped(*chain: BaseException) -> BaseException:
    for outer, inner in pairwise(chain):
        outer.__cause__ = inner
    return chain[0]


@pytest.mark.parametrize(
    ("error", "layer"),
    [
        (wrapped(ConnectTimeout(), TimeoutError()), "timeout"),
        (
            wrapped(OSError("all failed"), ExceptionGroup("x", [ConnectionRefusedError()])),
            "refused",
        ),
        (wrapped(Exception(), ssl.SSLCertVerificationError("self-signed")), "tls"),
        (wrapped(Exception(), OSError(), socket.gaierror(-2, "unknown")), "dns"),
        (Exception("peer closed"), "reset"),
    ],
)
def test_layers_are_read_from_the_whole_chain(error: BaseException, layer: str) -> None:
    endpoint = Endpoint(name="x", base_url="https://kimi.invalid/v1")
    named = connection_failed(error, endpoint)
    assert (named.layer, named.__cause__) == (layer, None)
    assert "kimi.invalid" in named.message


def test_a_circle_of_causes_ends() -> None:
    first, second = Exception("a"), Exception("b")
    first.__cause__, second.__context__ = second, first
    assert connection_failed(first, PRESETS["vllm"]).layer == "reset"


def test_a_delta_beside_an_error_is_no_success(client: Client) -> None:
    """Control: without the frame the same stream is a reply."""
    client.server.answers(streams([*SAYS, delta("stop")]))
    assert client.reply().message["content"] == "It is 3."
