"""The real endpoint in a lesson: never by a key alone, paced, counted, and without showing a key.

The endpoint here is a lesson server on loopback that stands where the real one would.
"""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from nbagent.clock import ManualClock, SystemClock
from nbagent.errors import NoKeyError
from nbagent.kimi.endpoints import PRESETS, price_of
from nbagent.lessons import control
from nbagent.lessons.course.classroom import Classroom
from nbagent.lessons.course.live import MOST_REFUSALS, Limiter, Live, wanted
from nbagent.lessons.course.prices import AS_OF, CACHED_USD, INPUT_USD, OUTPUT_USD, cost_usd
from nbagent.lessons.process import Server
from nbagent.settings import Secret

SKY = [{"role": "user", "content": "Why is the sky blue?"}]


@pytest.fixture
def place(server: Server) -> Iterator[tuple[Live, ManualClock, list[str]]]:
    clock, told = ManualClock(), list[str]()
    live = Live(server.url, Secret(server.token), clock, told.append)
    yield live, clock, told
    live.close()


def client(live: Live, key: str = "") -> openai.OpenAI:
    return openai.OpenAI(base_url=live.base_url, api_key=key or live.api_key, max_retries=0)


def test_a_key_alone_spends_nothing() -> None:
    assert not wanted({"MOONSHOT_API_KEY": "sk-mine"})
    assert not wanted({"NBAGENT_LIVE": "0", "MOONSHOT_API_KEY": "sk-mine"})
    assert wanted({"NBAGENT_LIVE": "1"}), "the positive control"
    room = Classroom(None, SystemClock(), {"NBAGENT_LIVE": "1"})
    with pytest.raises(NoKeyError, match="nothing was sent"):
        room.start("01")


def test_the_host_and_the_cost_are_said_before(capsys: pytest.CaptureFixture[str]) -> None:
    room = Classroom(None, SystemClock(), {"NBAGENT_LIVE": "1", "KIMI_API_KEY": "sk-mine"})
    lesson = room.start("01")
    said = capsys.readouterr().out
    assert "api.moonshot.ai" in said
    assert "about $0.0" in said
    assert AS_OF in said
    assert "sk-mine" not in said + repr(lesson) + lesson.api_key
    assert isinstance(lesson.place, Live)
    lesson.place.close()


def test_a_reply_comes_back_as_it_is_and_is_counted(
    place: tuple[Live, ManualClock, list[str]],
) -> None:
    live, _, _ = place
    response = client(live).chat.completions.create(model="kimi-k2.6", messages=SKY)  # type: ignore[arg-type]
    assert "blue" in str(response.choices[0].message.content)
    (request,) = live.requests()
    assert request.body["messages"] == SKY
    assert (request.status, request.reply is not None) == (200, True)
    assert live.cost_usd() == cost_usd(request.usage or {})


def test_a_stream_is_passed_on_and_counted(place: tuple[Live, ManualClock, list[str]]) -> None:
    live, _, _ = place
    stream = client(live).chat.completions.create(model="kimi-k2.6", messages=SKY, stream=True)  # type: ignore[call-overload]
    assert len(list(stream)) > 10
    assert live.requests()[0].usage
    assert (live.cost_usd() or 0) > 0


def test_a_refusal_is_passed_on(place: tuple[Live, ManualClock, list[str]]) -> None:
    live, _, _ = place
    with pytest.raises(openai.BadRequestError, match="only 1 is allowed"):
        client(live).chat.completions.create(model="kimi-k2.6", messages=SKY, temperature=0.2)  # type: ignore[arg-type]
    assert "only 1 is allowed" in live.requests()[0].refusal


def test_a_wait_that_the_endpoint_names_is_waited_out(
    server: Server, place: tuple[Live, ManualClock, list[str]]
) -> None:
    live, clock, told = place
    control.order(server, {"kind": "rate_limit", "seconds": 7})
    response = client(live).chat.completions.create(model="kimi-k2.6", messages=SKY)  # type: ignore[arg-type]
    assert response.choices[0].finish_reason == "stop"
    assert clock.slept == [7.0]
    assert "7 s" in told[0]
    (request,) = live.requests()
    assert request.status == 200, "the refusal was no reply"


def test_an_endpoint_that_goes_on_refusing_is_passed_on(
    server: Server, place: tuple[Live, ManualClock, list[str]]
) -> None:
    live, _, _ = place
    control.order(server, *[{"kind": "rate_limit"}] * MOST_REFUSALS)
    with pytest.raises(openai.RateLimitError, match="max RPM: 3"):
        client(live).chat.completions.create(model="kimi-k2.6", messages=SKY)  # type: ignore[arg-type]
    assert "max RPM: 3" in live.requests()[0].refusal


def test_what_it_cost_is_told(
    place: tuple[Live, ManualClock, list[str]],
) -> None:
    live, _, _ = place
    assert live.cost() == "0 requests to the real model: $0.0000."
    client(live).chat.completions.create(model="kimi-k2.6", messages=SKY)  # type: ignore[arg-type]
    assert live.cost() == f"1 request to the real model: ${live.cost_usd():.4f}."


def test_a_stranger_on_this_machine_is_not_served(
    place: tuple[Live, ManualClock, list[str]],
) -> None:
    live, _, _ = place
    with pytest.raises(openai.AuthenticationError):
        client(live, "guess").chat.completions.create(model="kimi-k2.6", messages=SKY)  # type: ignore[arg-type]
    assert live.requests() == ()


def test_three_a_minute_and_the_fourth_waits() -> None:
    clock, told = ManualClock(), list[str]()
    limiter = Limiter(clock, told.append)
    for _ in range(3):
        limiter.wait()
    assert clock.slept == [], "the positive control: three go at once"
    clock.t += 15
    limiter.wait()
    assert clock.slept == [45]
    assert "45 s" in told[0]


def test_the_price_is_the_products_own() -> None:
    due = (INPUT_USD, CACHED_USD, OUTPUT_USD)
    assert price_of(PRESETS["moonshot"], "kimi-k2.6") == due
