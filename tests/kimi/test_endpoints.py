"""Names and URLs to endpoints, and what a request to each kind of server says about thinking."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from nbagent.clock import SystemClock
from nbagent.errors import SettingsError
from nbagent.kimi.client import connect
from nbagent.kimi.endpoints import PRESETS, PRICES, Endpoint, resolve_endpoint
from nbagent.settings import Settings
from nbagent.tools import Tool, ToolResult


def resolved(name: str, **environ: str) -> Endpoint:
    return resolve_endpoint(Settings(endpoint=name), environ)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_found_by_name(name: str) -> None:
    assert resolved(name) is PRESETS[name]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("moonshoot", "moonshot"),
        ("Vllm", "vllm"),
        ("lessons", "lesson"),
        ("moonshot_cn", "moonshot-cn"),
    ],
)
def test_a_near_miss_is_named(typed: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=f"Did you mean '{meant}'"):
        resolved(typed)


def test_a_far_miss_lists_what_there_is() -> None:
    with pytest.raises(SettingsError, match="Known are moonshot, moonshot-cn, vllm") as caught:
        resolved("xyz")
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://localhost:8000/v1/", "http://localhost:8000/v1"),
        (" https://Kimi.Example/v1/chat/completions", "https://Kimi.Example/v1"),
        ("http://[::1]:9/v1", "http://[::1]:9/v1"),
    ],
)
def test_urls_get_one_form(url: str, base: str) -> None:
    assert resolved(url).base_url == base


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a/v1",
        "http://",
        "http:///v1",
        "http://a:x/v1",
        "http://a:99999/v1",
        "http://a b/v1",
        "http://a\n/v1",
        "https://me:hush@a/v1",
        "https://a/v1?key=hush",
        "https://a/v1#hush",
    ],
)
def test_what_is_no_base_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        resolved(url)
    assert "hush" not in str(caught.value)


def test_a_typed_url_of_a_preset_is_that_preset() -> None:
    typed = resolved("https://api.moonshot.cn/v1")
    assert typed == PRESETS["moonshot-cn"]


def test_an_unknown_server_is_assumed_to_be_little() -> None:
    unknown = resolved("https://kimi.example/v1")
    assert (unknown.operator, unknown.model, unknown.key_required) == ("", "", False)
    assert (unknown.dialect, unknown.host) == ("plain", "kimi.example")


@pytest.mark.parametrize("variable", ["MOONSHOT_BASE_URL", "KIMI_BASE_URL"])
def test_the_environment_moves_the_moonshot_preset_only(variable: str) -> None:
    moved = resolved("moonshot", **{variable: "https://gate.example/v1/"})
    assert moved.base_url == "https://gate.example/v1"
    assert (moved.dialect, moved.operator, moved.key_required) == ("moonshot", "", False)
    assert resolved("vllm", **{variable: "https://gate.example/v1"}) is PRESETS["vllm"]
    china = resolved("moonshot", **{variable: "https://api.moonshot.cn/v1"})
    assert china == PRESETS["moonshot-cn"]


@pytest.mark.parametrize(
    ("url", "stays"),
    [
        ("http://localhost:1/v1", True),
        ("http://127.0.0.9/v1", True),
        ("http://[::1]:1/v1", True),
        ("http://192.168.0.1/v1", False),
        ("https://localhost.example/v1", False),
    ],
)
def test_loopback_is_known(url: str, stays: bool) -> None:  # noqa: FBT001 -- a column of the table
    assert resolved(url).loopback is stays


def facts_and_head(name: str, **settings: Any) -> tuple[Any, dict[str, Any]]:
    endpoint = PRESETS.get(name) or resolved(name)
    if not endpoint.base_url:
        endpoint = endpoint.at("http://127.0.0.1:9/v1")
    model = connect(
        Settings(**settings), endpoint, None, SystemClock(), cache_key="run-7", model_given=True
    )
    return model.facts, json.loads(b"{" + model.head([]) + b"}")


PRESERVED = {"chat_template_kwargs": {"thinking": True, "preserve_thinking": True}}


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("moonshot", {}, {"thinking": {"type": "enabled", "keep": "all"}}),
        ("moonshot", {"keep": "none"}, {"thinking": {"type": "enabled"}}),
        ("moonshot", {"thinking": False}, {"thinking": {"type": "disabled"}}),
        ("moonshot", {"model": "kimi-k3"}, {}),
        ("lesson", {}, {"thinking": {"type": "enabled", "keep": "all"}}),
        ("vllm", {"model": "m"}, PRESERVED),
        ("sglang", {"model": "m"}, PRESERVED),
        ("vllm", {"model": "m", "thinking": False}, {"chat_template_kwargs": {"thinking": False}}),
        ("http://kimi.example/v1", {"model": "m"}, {}),
    ],
)
def test_each_server_is_told_to_think_in_its_own_words(
    name: str, settings: dict[str, Any], said: dict[str, Any]
) -> None:
    facts, head = facts_and_head(name, **settings)
    cached = {"prompt_cache_key": "run-7"} if name in {"moonshot", "lesson"} else {}
    assert head == {
        "model": facts.model,
        "stream": True,
        "stream_options": {"include_usage": True},
        **said,
        **cached,
    }
    asked_to = "thinking" in str(said) or facts.model == "kimi-k3"
    assert facts.thinking == (asked_to and settings.get("thinking", True))


def test_prices_are_known_at_moonshots_international_platform_only() -> None:
    assert facts_and_head("moonshot")[0].price == PRICES["kimi-k2.6"] == (0.95, 0.16, 4.00)
    for name in ("moonshot-cn", "lesson", "vllm", "https://kimi.example/v1"):
        assert facts_and_head(name)[0].price is None
    assert facts_and_head("vllm", price=(1.0, 1.0, 1.0))[0].price == (1.0, 1.0, 1.0)


def test_the_head_is_byte_stable_and_carries_the_tools() -> None:
    def call(_arguments: dict[str, Any], _context: object) -> ToolResult:
        return ToolResult(content="x")

    tool = Tool("look", "Look.", {"type": "object", "properties": {}}, call)
    model = connect(Settings(), PRESETS["moonshot"], None, SystemClock())
    assert model.head([tool]) == model.head([dataclasses.replace(tool)])
    assert json.loads(b"{" + model.head([tool]) + b"}")["tools"] == [tool.schema()]


@pytest.mark.parametrize(
    ("prompt_tokens", "longest"),
    [(0, 32_768), (227_328, 32_768), (227_329, 32_767), (250_000, 10_096), (262_144, 1024)],
)
def test_the_reply_fits_into_the_window(prompt_tokens: int, longest: int) -> None:
    model = connect(Settings(), PRESETS["moonshot"], None, SystemClock())
    tail = json.loads(b"{" + model.tail(prompt_tokens) + b"}")
    assert tail == {"max_completion_tokens": longest}


def test_only_this_package_knows_openai() -> None:
    """Control of the layer test: the word is where it may be."""
    package = Path(__file__).parents[2] / "nbagent"
    users = {
        p.parent.name for p in package.rglob("*.py") if 'import_module("openai")' in p.read_text()
    }
    assert users == {"kimi"}
