"""The control of the whole table: the naive loop over the SDK fails these faults, in silence."""

from __future__ import annotations

import openai
import pytest

from tests.faults import naive
from tests.faults.scene import KEY
from tests.faults.server import FaultServer
from tests.faults.table import TABLE
from tests.faults.turns import MIDDLE
from tests.kimi.conftest import Client, client, client_of, plain_environment, server
from tests.kimi.wire_server import WireServer, refuses

__all__ = ["client", "client_of", "plain_environment", "server"]

FAILS = {
    "clean end after reasoning": "the history is refused",
    "clean end after answer": "a failed attempt is in the history",
    "clean end after arguments": "the history is refused",
    "content-length too small": "a failed attempt is in the history",
    "comments only": "the history is refused",
    "comments after answer": "a failed attempt is in the history",
    "a page as 200": "the history is refused",
    "another API's answer": "the history is refused",
    "nothing as 200": "the history is refused",
    "[DONE] too early": "a failed attempt is in the history",
    "reasoning only": "the history is refused",
    "tokens of a call in the answer": "a failed attempt is in the history",
    "two calls of one id": "the history is refused",
    "a call without a name": "the history is refused",
    "arguments cut short": "the history is refused",
    "cut at the limit in arguments": "the history is refused",
    "filtered": "a failed attempt is in the history",
    "finished by an error": "a failed attempt is in the history",
    "fragments without an index": "the history is refused",
    "a whole reply instead of a stream": "the history is refused",
}


def failure_at(name: str) -> str:
    server = FaultServer([(MIDDLE, TABLE[name])])
    server.endless = False
    run = naive.play(server)
    found = naive.failure(run, server)
    server.close()
    return found


@pytest.mark.parametrize("name", FAILS)
def test_the_naive_loop_fails(name: str) -> None:
    assert failure_at(name) == FAILS[name]


@pytest.mark.parametrize("name", ["bytes one by one", "comments between", "no usage"])
def test_the_naive_loop_is_no_straw_man(name: str) -> None:
    """It goes through oddities that are none of a naive loop's faults."""
    assert failure_at(name) == ""


def test_the_naive_loop_passes_where_nothing_is_wrong() -> None:
    server = FaultServer()
    assert naive.failure(naive.play(server), server) == ""
    server.close()


def test_the_sdks_own_retry_is_off(client: Client) -> None:
    """The control is the SDK as it comes: three requests where one was asked for."""
    client.server.answers(refuses(503, "server_error", "busy", Retry_After_Ms="1"))
    assert client.failure().kind == "overloaded"
    assert len(client.server.requests) == 1
    plain = WireServer().answers(refuses(503, "server_error", "busy", Retry_After_Ms="1"))
    with openai.OpenAI(base_url=plain.url, api_key=KEY) as sdk, pytest.raises(openai.APIError):
        sdk.chat.completions.create(model="kimi-k2.6", messages=[])
    assert len(plain.requests) == 3
    plain.close()
