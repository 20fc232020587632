"""Functions as tools: what is called, what the model gets, what the person sees."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

from nbagent.bounded import PICTURE_BYTES, PICTURE_PIXELS, clip, picture_part, size_of
from nbagent.errors import SettingsError
from nbagent.messages import json_bytes, text_of
from nbagent.tools import Tool, ToolContext, ToolResult, Toolset, as_tool, tool
from nbagent.tools.results import RESULT_BYTES
from nbagent.tools.tool import MAX_TOOLS
from tests.here import Here, a_call
from tests.mfjs_rules import violations

mpl.use("agg")


def run(function: object, arguments: Any = None, **options: Any) -> ToolResult:
    tools = Toolset([function])
    return call(tools, tools[0].name, arguments, **options)


def call(tools: Toolset, name: str, arguments: Any = None, **options: Any) -> ToolResult:
    text = arguments if isinstance(arguments, str) else json_bytes(arguments or {}).decode()
    context = ToolContext(Here(), lambda _output: None, **options)
    return tools.call(a_call(name, text), context)


def add(left: int, right: int = 1) -> int:
    """Add two numbers."""
    print("adding")
    return left + right


async def later(word: str) -> str:
    await asyncio.sleep(0)
    return word.upper()


def test_a_function_runs_and_what_it_prints_is_kept() -> None:
    result = run(add, {"left": 2, "right": 3})
    assert result.content == "adding\n5"
    assert [o["output_type"] for o in result.display] == ["stream", "display_data"]
    assert not result.is_error


def test_an_async_function_is_awaited() -> None:
    assert run(later, {"word": "hi"}).content == "HI"


def test_the_time_limit_reaches_the_executor() -> None:
    here = Here()
    Toolset([add]).call(a_call("add", '{"left": 1}'), ToolContext(here, print, limit_s=4.0))
    assert here.limit_s == 4.0


def test_a_marked_function_stays_a_function() -> None:
    @tool
    def bare(x: int) -> int:
        return x

    @tool(name="renamed", description="Say it.", effect="external")
    def dressed(x: int) -> int:
        return x

    assert (bare(1), dressed(2)) == (1, 2)
    made = as_tool(dressed)
    assert (made.name, made.description, made.effect) == ("renamed", "Say it.", "external")
    assert as_tool(bare).name == "bare"
    assert as_tool(made) is made
    assert violations(made.schema()["function"]["parameters"]) == []


def test_methods_and_callable_objects_are_tools() -> None:
    class Shop:
        price = 7

        @tool(effect="pure")
        def total(self, items: int) -> int:
            """Price of so many."""
            return self.price * items

    made = as_tool(Shop().total)
    assert (made.effect, list(made.parameters["properties"])) == ("pure", ["items"])
    assert run(Shop().total, {"items": 3}).content == "21"


def test_a_redefined_function_is_the_one_taken_next() -> None:
    space: dict[str, Any] = {}
    exec("def number() -> int: return 1", space)
    old = as_tool(space["number"])
    exec("def number() -> int: return 2", space)
    assert (run(old).content, run(space["number"]).content) == ("1", "2")


def test_a_function_may_ask_for_the_context() -> None:
    def peek(context: ToolContext, word: str = "x") -> ToolResult:
        assert isinstance(context.executor, Here)
        return ToolResult(content=f"seen {word}", outcome="seen")

    made = as_tool(peek)
    assert list(made.parameters["properties"]) == ["word"]
    assert run(peek).content == "seen x"


# --- values -----------------------------------------------------------------------------------


@dataclasses.dataclass
class Point:
    x: int


class Model(pydantic.BaseModel):
    y: float


VALUES: list[tuple[Any, str]] = [
    ("as it is", "as it is"),
    (None, "(no output)"),
    ("", "(no output)"),
    (3, "3"),
    (True, "true"),
    ({"a": [1, None]}, '{"a": [1, null]}'),
    ([1, "é"], '[1, "é"]'),
    (Point(1), '{"x": 1}'),
    (Model(y=2), '{"y": 2.0}'),
    ([Point(1)], '[{"x": 1}]'),
    ({"n": np.int64(3), "a": np.arange(3)}, '{"n": 3, "a": [0, 1, 2]}'),
    (pd.Series([1, 2]), "0    1\n1    2\n[2 rows]"),
    (b"\x00", repr(b"\x00")),
    (1j, "1j"),
]


@pytest.mark.parametrize(("value", "content"), VALUES, ids=lambda v: repr(v)[:30])
def test_return_values_become_content(value: Any, content: str) -> None:
    def give() -> Any:
        return value

    assert run(give).content == content


def test_a_tool_result_passes_with_what_was_printed_before_it() -> None:
    def give() -> ToolResult:
        print("note")
        return ToolResult(content="mine", outcome="done")

    result = run(give)
    assert (result.content, result.outcome) == ("mine", "done")
    assert result.display[0]["text"] == "note\n"


def test_a_table_is_bounded_for_the_model_and_a_table_for_the_person() -> None:
    table = pd.DataFrame(np.zeros((5_000, 60)))

    def give() -> Any:
        return table

    result = run(give)
    assert result.outcome == "5,000 × 60"
    assert size_of(text_of({"role": "tool", "content": result.content})) < RESULT_BYTES + 100
    assert "<table" in result.display[-1]["data"]["text/html"]


def png(width: int = 20, height: int = 10) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


class Drawn:
    def __init__(self, drawn: Any) -> None:
        self.drawn = drawn

    def _repr_png_(self) -> Any:
        return self.drawn


def figure() -> Figure:
    made = Figure(figsize=(20, 4))
    made.subplots().plot([1, 3, 2])
    return made


PICTURES = [
    png(),
    Image.open(io.BytesIO(png())),
    Drawn(png()),
    Drawn((png(), {"width": 5})),
    Drawn(base64.b64encode(png()).decode()),
    figure(),
    figure().subplots(),
    png(3_000, 1_000),
]


@pytest.mark.parametrize("value", PICTURES, ids=lambda v: type(v).__name__)
def test_pictures_become_image_parts(value: Any) -> None:
    def give() -> Any:
        return value

    result = run(give)
    assert result.outcome == "figure"
    (part,) = [part for part in result.content if part["type"] == "image_url"]
    head, _, data = part["image_url"]["url"].partition(",")
    assert head in ("data:image/png;base64", "data:image/jpeg;base64")
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert max(image.size) <= PICTURE_PIXELS
    assert len(base64.b64decode(data)) <= PICTURE_BYTES
    assert set(result.display[-1]["data"]) & {"image/png", "image/jpeg"}


def test_a_picture_the_model_cannot_see_is_no_picture() -> None:
    assert picture_part(b"BM not a bitmap we send") is None
    assert picture_part(b"RIFF....WAVE") is None
    assert run(lambda_named(Drawn(None))).content.startswith("<")


def lambda_named(value: Any) -> Callable[[], Any]:
    def give() -> Any:
        return value

    return give


# --- failures ---------------------------------------------------------------------------------


def boom(kind: str) -> None:
    """Raise something."""
    print("before")
    raise KeyError(kind)


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("no repr here")


def test_an_exception_becomes_a_result() -> None:
    result = run(boom, {"kind": "age"})
    assert result.is_error
    assert result.outcome == "KeyError"
    assert str(result.content).startswith("boom raised KeyError: 'age'")
    assert "before" in str(result.content)


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("add", '{"left": "two"}', r"add was not run.*`left`.*valid integer.*got \"two\""),
        ("add", '{"lefd": 2}', r"`left` is missing.*`lefd` does not exist; did you mean `left`"),
        ("add", "{", r"they are not JSON"),
        ("add", "[1]", r"must be a JSON object, not list"),
        ("add", "[" * 100_000, r"they are not JSON"),
        ("ad", '{"left": 2}', r"no tool called ad\. Did you mean add\? The tools are: add, hand"),
        ("hand", '{"code": 5}', r"hand was not run.*`code`: expected string; got 5"),
        ("hand", '{"code": "a"}', r"hand failed: ZeroDivisionError"),
    ],
)
def test_a_bad_call_is_answered_with_how_to_mend_it(name: str, arguments: str, said: str) -> None:
    schema = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
    by_hand = Tool("hand", "By hand.", schema, lambda _arguments, _context: 1 // 0)
    result = call(Toolset([add, by_hand]), name, arguments)
    assert result.is_error
    assert result.outcome
    assert size_of(str(result.content)) < 1_000
    assert re.search(said, str(result.content), re.DOTALL)


def test_raw_line_breaks_in_arguments_are_accepted() -> None:
    assert run(later, '{"word": "a\nb\tc"}').content == "A\nB\tC"


def test_no_arguments_at_all_are_no_mistake() -> None:
    assert run(lambda_named("x"), "").content == "x"


def test_a_hostile_value_is_contained() -> None:
    result = run(lambda_named(Hostile()))
    assert result.is_error
    assert "no repr here" in str(result.content)


def test_a_stop_is_not_swallowed() -> None:
    def stopped(context: ToolContext) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(stopped)


def test_names_are_unique_and_few_enough() -> None:
    with pytest.raises(SettingsError, match="called add"):
        Toolset([add, add])
    many = [Tool(f"tool_{i}", "", {}, as_tool(add).call) for i in range(129)]
    with pytest.raises(SettingsError, match="129"):
        Toolset(many)
    with pytest.raises(SettingsError, match="not a tool"):
        Toolset(["add"])


def test_arguments_are_read_for_showing() -> None:
    tools = Toolset([add])
    assert tools.arguments_of(a_call("add", '{"left": 1}')) == {"left": 1}
    assert tools.arguments_of(a_call("add", "{")) == {}
    assert tools.get("add") is tools[0]
    assert tools.get("sub") is None


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["add", "later", "nothing", ""]),
    st.text() | st.dictionaries(st.text(), st.integers()).map(json.dumps),
)
def test_a_call_never_raises(name: str, arguments: str) -> None:
    result = call(Toolset([add, later]), name, arguments)
    assert result.content


@settings(deadline=None)
@given(st.text(), st.integers(0, 60))
def test_clipped_text_is_bounded_and_says_so(text: str, n_bytes: int) -> None:
    short = clip(text, n_bytes)
    assert short == text or (size_of(short) <= n_bytes + 60 and "bytes left out" in short)
    assert (short == text) == (size_of(text) <= n_bytes)


def test_importing_tools_does_not_import_pydantic() -> None:
    code = "import sys, nbagent.tools, nbagent.redact; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert MAX_TOOLS == 128


def test_the_naive_way_fails_these_tests() -> None:
    with pytest.raises(ValueError, match="control character"):
        json.loads('{"word": "a\nb"}')
    with pytest.raises(TypeError):
        add(**json.loads('{"lefd": 2}'))
    assert "image_url" not in str(figure())
