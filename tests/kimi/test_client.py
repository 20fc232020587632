"""The model port over real sockets: what is sent, what arrives, and in which order."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbagent.clock import ManualClock, SystemClock
from nbagent.errors import ConnectionFailed, ModelError, SettingsError
from nbagent.kimi.client import connect
from nbagent.kimi.endpoints import PRESETS, resolve_endpoint
from nbagent.messages import Request, Transcript
from nbagent.ports import Arrival, Failure, Held, Piece, Reply
from nbagent.settings import Secret, Settings
from tests.kimi.conftest import KEY, WAIT_S, Client
from tests.kimi.wire_server import (
    ANSWER,
    THINKS,
    TOOLS,
    USAGE,
    Connection,
    WireServer,
    delta,
    refuses,
    says,
    streams,
)


def test_an_answer_arrives_in_order_and_whole(client: Client) -> None:
    client.server.answers(streams(ANSWER, request_id="req-42"))
    arrivals = client.ask().all()
    pieces = [a for a in arrivals if isinstance(a, Piece)]
    assert [(p.phase, p.text) for p in pieces] == [
        ("reasoning", "The mean of"),
        ("reasoning", " 2 and 4 is 3."),
        ("answer", "It is "),
        ("answer", "3."),
    ]
    assert [p.t for p in pieces] == sorted(p.t for p in pieces)
    reply = arrivals[-1]
    assert isinstance(reply, Reply)
    assert reply.message == {
        "role": "assistant",
        "content": "It is 3.",
        "reasoning_content": "The mean of 2 and 4 is 3.",
    }
    assert (reply.finish_reason, reply.model, reply.request_id) == ("stop", "kimi-k2.6", "req-42")
    assert reply.usage == {
        "prompt_tokens": 31,
        "completion_tokens": 22,
        "cached_tokens": 16,
        "reasoning_tokens": 12,
    }
    assert reply.t >= pieces[-1].t


def test_the_body_goes_out_as_the_records_have_it(client: Client) -> None:
    client.server.answers(streams(ANSWER))
    asked = client.ask("Wie groß ist der Mittelwert? \u2028 👍")
    asked.all()
    (received,) = client.server.requests
    assert received.body == asked.request.body()
    body = json.loads(received.body)
    assert body["thinking"] == {"type": "enabled", "keep": "all"}
    assert body["prompt_cache_key"] == "run-7"
    assert body["stream_options"] == {"include_usage": True}
    assert body["max_completion_tokens"] == 32_768
    assert not {"temperature", "top_p", "n", "tools"} & set(body)


def test_only_known_headers_leave(
    client_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-another-firm")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-another-firm")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-firm")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere.invalid")
    client = client_of()
    client.server.answers(streams(ANSWER))
    client.reply()
    headers = client.server.requests[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert "another-firm" not in str(headers)
    assert not [name for name in headers if name.startswith("x-")]


def test_one_connection_serves_many_steps(client: Client) -> None:
    client.server.answers(streams(TOOLS))
    assert [client.reply().finish_reason for _ in range(12)] == ["tool_calls"] * 12
    assert len(client.server.connections) == 1


def test_the_server_counts_connections(
    client_of: Callable[..., Client], server: WireServer
) -> None:
    server.answers(streams(ANSWER))
    for _ in range(2):
        client_of().reply()
    assert len(server.connections) == 2


def test_nothing_is_left_open(client_of: Callable[..., Client], server: WireServer) -> None:
    def live_round() -> None:
        client = client_of()
        server.answers(streams(ANSWER), stalls_in_reasoning)
        client.reply()
        client.ask().next()
        client.model.close()
        assert server.client_closed.wait(WAIT_S)
        server.client_closed.clear()
        for serving in server.threads[1:]:  # they close their sockets, which are not counted
            serving.join(WAIT_S)

    def held() -> tuple[int, int]:
        mine = [s for s in server.connections if s.fileno() >= 0]
        return len(list(Path("/proc/self/fd").iterdir())) - len(mine), len(
            [t for t in threading.enumerate() if t.name.startswith(("nbagent-io", "AnyIO"))]
        )

    live_round()
    before = held()
    for _ in range(3):
        live_round()
    assert all(now <= then for now, then in zip(held(), before, strict=True))


def test_several_requests_at_once_do_not_mix(client: Client) -> None:
    both = threading.Barrier(2)

    def answer(connection: Connection) -> bool:
        question = json.loads(client.server.requests[-1].body)["messages"][0]["content"]
        both.wait(WAIT_S)
        return streams([delta(content=question), delta("stop")])(connection)

    client.server.answers(answer)
    first = client.ask("one")
    assert client.server.arrived.wait(WAIT_S)
    second = client.ask("two")
    texts = []
    for asked in (first, second):
        reply = asked.all()[-1]
        assert isinstance(reply, Reply)
        texts.append(reply.message["content"])
    assert sorted(texts) == ["one", "two"]


def stalls_before_headers(connection: Connection) -> bool:
    return connection.hold()


def stalls_in_reasoning(connection: Connection) -> bool:
    connection.chunked()
    for one in THINKS:
        connection.chunk(one)
    return connection.hold()


@pytest.mark.parametrize("answer", [stalls_before_headers, stalls_in_reasoning])
def test_cancel_closes_the_socket_and_ends_arrivals(client: Client, answer: object) -> None:
    client.server.answers(answer)  # type: ignore[arg-type] # both are answers
    asked = client.ask()
    if answer is stalls_in_reasoning:
        assert isinstance(asked.next(), Piece)
    else:
        assert client.server.arrived.wait(WAIT_S)
    asked.cancel()
    seen = asked.queue.qsize()
    assert client.server.client_closed.wait(WAIT_S)
    asked.cancel()
    assert asked.queue.qsize() == seen
    assert client.server.answers(streams(ANSWER))
    assert client.reply().finish_reason == "stop"


def test_nothing_arrives_after_cancel_even_in_mid_delivery(client: Client) -> None:
    client.server.answers(streams([*THINKS, *[delta(content="x")] * 500, delta("stop")]))
    for _ in range(5):
        asked = client.ask()
        asked.next()
        asked.cancel()
        seen = asked.queue.qsize()
        client.ask().all()  # a later request on the same loop: the first one is over by then
        assert asked.queue.qsize() == seen


def test_close_ends_the_thread_and_cancels(client_of: Callable[..., Client]) -> None:
    client = client_of()
    client.server.answers(stalls_in_reasoning)
    client.ask().next()
    client.model.close()
    assert client.server.client_closed.wait(WAIT_S)
    assert not [
        t for t in threading.enumerate() if t.name == f"nbagent-io 127.0.0.1:{client.server.port}"
    ]
    client.model.close()


@pytest.mark.parametrize(
    ("limits", "answer"),
    [
        ({"first_delta_seconds": 0.3}, stalls_before_headers),
        ({"between_deltas_seconds": 0.3}, stalls_in_reasoning),
        ({"reply_minutes": 0.03}, stalls_in_reasoning),
    ],
)
def test_silence_is_ended(
    client_of: Callable[..., Client], limits: dict[str, float], answer: object
) -> None:
    client = client_of(**limits)
    client.server.answers(answer)  # type: ignore[arg-type] # both are answers
    error = client.failure()
    assert isinstance(error, ConnectionFailed)
    assert (error.layer, error.retryable) == ("stall", True)
    if answer is stalls_in_reasoning:
        assert error.partial == "The mean of 2 and 4 is 3."
        assert error.request_id == "req-1"


def test_keep_alive_comments_do_not_count_as_progress(client_of: Callable[..., Client]) -> None:
    def drips(connection: Connection) -> bool:
        connection.chunked()
        while True:
            connection.chunk(b": keep-alive\n\n")
            connection.chunk(delta(content=""))

    client = client_of(first_delta_seconds=0.3)
    client.server.answers(drips)
    assert client.failure().layer == "stall"
    assert client.server.client_closed.wait(WAIT_S)


@pytest.mark.parametrize(
    "tail", [[delta("stop", USAGE)], [delta("stop", USAGE), b"data: [DONE]\n\n"]]
)
def test_an_answer_whose_stream_stays_open_is_accepted(client: Client, tail: list[bytes]) -> None:
    def leaves_open(connection: Connection) -> bool:
        connection.chunked()
        for one in [*THINKS, delta(content="3"), *tail]:
            connection.chunk(one)
        return connection.hold()

    client.server.answers(leaves_open)
    assert client.reply().message["content"] == "3"


def test_a_break_after_the_finish_reason_does_not_count(client: Client) -> None:
    def breaks(connection: Connection) -> bool:
        connection.chunked()
        connection.chunk(delta(content="3"))
        connection.chunk(delta("stop"))
        return connection.reset()

    client.server.answers(breaks)
    assert client.reply().message["content"] == "3"


def test_a_learnt_pace_holds_the_next_request_and_can_be_cancelled(
    client_of: Callable[..., Client],
) -> None:
    clock = ManualClock()
    client = client_of(clock=clock)
    limit = "request reached organization max RPM: 1, please try again after 30 seconds"
    client.server.answers(refuses(429, "rate_limit_reached_error", limit), streams(ANSWER))
    assert client.failure().retry_after_s == 30
    asked = client.ask()
    held = asked.next()
    assert isinstance(held, Held)
    assert (held.t, held.until) == (0.0, 30.0)
    assert held.text == (
        "Your account allows 1 request a minute; the next one goes in 30 s. "
        "Nothing is wrong and nothing is lost."
    )
    asked.cancel()
    assert len(client.server.requests) == 1
    again = client.ask()
    held = again.next()
    assert isinstance(held, Held)
    assert held.until == 30.0
    clock.sleep(30)
    assert isinstance(again.all()[-1], Reply)


def test_the_environments_proxy_is_for_other_hosts_only(
    client_of: Callable[..., Client], server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = WireServer().answers(streams(ANSWER))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
    server.answers(streams(ANSWER))
    client_of().reply()
    assert proxy.requests == []
    client_of(url="http://kimi.invalid/v1").reply()
    assert proxy.requests[0].line.startswith("POST http://kimi.invalid/v1/chat/completions")
    proxy.close()


@pytest.mark.parametrize("also", ["", ", openai"])
def test_openai_is_imported_at_the_first_request_only(also: str) -> None:
    code = f"import sys, nbagent.kimi.client{also}; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == bool(also)


def test_a_fault_of_our_own_is_delivered_too(client: Client) -> None:
    revision = Transcript().sync([{"role": "user", "content": "hi"}], trusted=True)
    arrivals: queue.SimpleQueue[Arrival] = queue.SimpleQueue()
    unsendable: Any = "text where bytes belong"
    client.model.start(Request(unsendable, revision, 1, b""), arrivals.put)
    last = arrivals.get(timeout=WAIT_S)
    assert isinstance(last, Failure)
    assert "TypeError" in str(last.error)


def models(*names: str) -> dict[str, object]:
    return {
        "object": "list",
        "data": [{"id": n, "object": "model", "max_model_len": 8192} for n in names],
    }


def connected(server: WireServer, *, url: str = "", **settings: object):
    endpoint = resolve_endpoint(Settings(endpoint=url or server.url, **settings), {})  # type: ignore[arg-type] # settings by name
    return connect(Settings(**settings), endpoint, None, SystemClock())  # type: ignore[arg-type] # settings by name


def test_the_only_model_of_an_unknown_server_is_taken(server: WireServer) -> None:
    server.answers(says(200, models("moonshotai/Kimi-K2.6")))
    model = connected(server)
    assert (model.facts.model, model.facts.window_tokens) == ("moonshotai/Kimi-K2.6", 8192)
    assert server.requests[0].line == "GET /v1/models HTTP/1.1"
    assert "authorization" not in server.requests[0].headers
    assert json.loads(b"{" + model.tail(7000) + b"}") == {"max_completion_tokens": 1024}
    assert model.facts.price is None


def test_several_models_are_listed(server: WireServer) -> None:
    server.answers(says(200, models("a", "b")))
    with pytest.raises(SettingsError, match="lists: a, b"):
        connected(server)


def test_the_default_model_is_taken_from_among_several(server: WireServer) -> None:
    server.answers(says(200, models("a", "kimi-k2.6")))
    assert connected(server).facts.model == "kimi-k2.6"


def test_a_named_model_is_not_asked_about(server: WireServer) -> None:
    assert connected(server, model="mine").facts.model == "mine"
    assert server.requests == []


@pytest.mark.parametrize("body", ["<html>hello</html>", {"detail": "no"}, {"data": 3}])
def test_a_server_without_a_list_is_named(server: WireServer, body: object) -> None:
    server.answers(says(200, body))  # type: ignore[arg-type] # text or object
    with pytest.raises(ModelError, match="list of models"):
        connected(server)


def test_the_lesson_server_is_always_called_scripted(server: WireServer) -> None:
    endpoint = PRESETS["lesson"].at(server.url)
    model = connect(
        Settings(model="kimi-k2.6"), endpoint, Secret("t"), SystemClock(), model_given=True
    )
    assert (model.facts.model, model.facts.scripted, model.facts.price) == ("scripted", True, None)


def test_no_key_shows_anywhere(client: Client) -> None:
    client.server.answers(refuses(401, "invalid_authentication_error", f"Bad key {KEY}"))
    error = client.failure()
    shown = [
        repr(error),
        str(error),
        repr(vars(error)),
        repr(client.model),
        repr(vars(client.model)),
    ]
    assert not [text for text in shown if KEY in text]
    assert (error.__cause__, error.__context__, error.__traceback__) == (None, None, None)
