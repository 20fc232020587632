"""What a scenario is: a generator that yields turns and is sent the results of their calls.

    def count(chat: Chat) -> Story:
        (result,) = yield Turn("Counting needs one line.", calls=(run("print(len(df))"),))
        return Turn("That is the number.", f"There are {result.text} rows.")

The tools really run, in the user's kernel; the story reads what they returned, so a different
result makes a different story. The server keeps no state for it: at every request the story is
played again from the messages, so its position *is* the conversation. Hence a story must depend
on nothing but its `Chat` and the results it is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from nbagent.summary import summary_in

ERROR_LINE = re.compile(
    r"^([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning)): ?(.*)$", re.MULTILINE
)
STOPPED = re.compile(r"stopped by (?:the user|you)|do not retry", re.IGNORECASE)
ATTACHMENT = re.compile(r"\s*<attachment\b")
"""How a line begins that starts an attached description: nothing from there on was typed."""
CLIENTS_NOTE = "[The kernel was restarted:"
"""How a message begins that the client writes where a run goes on in another kernel."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call that a turn makes."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def arguments_text(self) -> str:
        """The arguments as the JSON text that goes on the wire."""
        return json.dumps(self.arguments, ensure_ascii=False)


def run(code: str) -> Call:
    """A call of `run_python`; the code's common indentation and outer blank lines are removed."""
    lines = code.strip("\n").rstrip().split("\n")
    margin = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return Call("run_python", {"code": "\n".join(line[margin:] for line in lines)})


def inspect(name: str) -> Call:
    """A call of `inspect_variable`."""
    return Call("inspect_variable", {"name": name})


def variables() -> Call:
    """A call of `list_variables`."""
    return Call("list_variables")


@dataclass(frozen=True, slots=True)
class Turn:
    """One reply: what is thought, then what is said, then what is called."""

    reasoning: str
    content: str = ""
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a call returned, as the model gets it.

    Attributes:
        text: the result.
        thought: what the model had thought and said when it made the call, as it came back. A
            history that was built anew may have lost it.
    """

    text: str
    thought: str = ""

    @property
    def error(self) -> tuple[str, str] | None:
        """`(type, message)` of the exception that the text ends in, or None."""
        found = ERROR_LINE.findall(self.text)
        return (found[-1][0], found[-1][1].strip()) if found else None

    @property
    def stopped(self) -> bool:
        """Whether the user ended the call."""
        return bool(STOPPED.search(self.text))

    def line(self, pattern: str) -> re.Match[str] | None:
        """The first line that fits `pattern` whole."""
        return next(iter(self.lines(pattern)), None)

    def lines(self, pattern: str) -> list[re.Match[str]]:
        """All lines that fit `pattern` whole."""
        return list(re.finditer(rf"^{pattern}[ \t]*$", self.text, re.MULTILINE))


Story: TypeAlias = Generator[Turn, list[Result], Turn]


@dataclass(frozen=True, slots=True)
class Chat:
    """What a story may know when it begins.

    Attributes:
        prompt: the user's own words, attached descriptions cut off.
        tools: names of the tools that the request offers.
        earlier: the user's words of the turns before, oldest first.
        summary: what stands for messages that the client has left out.
        schemas: what the request says of each tool: its `description` and `parameters`, by name.
    """

    prompt: str
    tools: frozenset[str] = frozenset()
    earlier: tuple[str, ...] = ()
    summary: str = ""
    schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def offered(self, *calls: Call) -> tuple[Call, ...]:
        """Those of the calls whose tool is offered."""
        return tuple(call for call in calls if call.name in self.tools)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story, the prompts it answers and the tools it cannot do without."""

    name: str
    matches: Callable[[Chat], bool]
    story: Callable[[Chat], Story]
    needs: frozenset[str] = frozenset()


Select: TypeAlias = Callable[[Chat], Scenario | None]
"""Finds the scenario for a prompt, or None if no scenario knows it."""


def next_turn(
    messages: Sequence[dict[str, Any]],
    tools: frozenset[str],
    select: Select,
    unknown: Callable[[Chat], Story],
    schemas: Mapping[str, Mapping[str, Any]] | None = None,
) -> Turn:
    """Find the story that a conversation is in, play it to its end so far, and return what follows.

    Args:
        messages: a valid history that ends in a user or a tool message.
        tools: names of the tools that the request offers.
        select: finds the scenario for a prompt.
        unknown: the story for a prompt that no scenario knows.
        schemas: what the request says of each tool, by name.
    """
    begin = _story_begin(messages, tools, select)
    chat = replace(_chat(messages, begin, tools), schemas=schemas or {})
    scenario = select(chat)
    if scenario and not scenario.needs <= tools:
        turn = without_tools(scenario.needs - tools)
    else:
        turn = _play((scenario.story if scenario else unknown)(chat), messages[begin + 1 :])
    said = [typed(m) for m in messages[begin + 1 :]]
    return _with_remarks(turn, [text for text in said if text])


def _play(story: Story, messages: Sequence[dict[str, Any]]) -> Turn:
    """Send a story the results of its calls; rounds that it did not ask for are passed over."""
    turn = next_or_last(story, None)
    for message, results in rounds(messages):
        if _same_calls(message, turn):
            turn = next_or_last(story, results)
    return turn


def next_or_last(story: Story, results: list[Result] | None) -> Turn:
    """Move a story on by one turn; its last turn is the one it returns."""
    try:
        return next(story) if results is None else story.send(results)
    except StopIteration as end:
        last: Turn = end.value
        return last


def rounds(
    messages: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], list[Result]]]:
    """Each assistant message with calls, and the results in the order of its calls."""
    for i, message in enumerate(messages):
        calls = message.get("tool_calls") or []
        answers = (
            {m["tool_call_id"]: m for m in messages[i + 1 : i + 1 + len(calls)]} if calls else {}
        )
        if calls:
            thought = f"{message.get('reasoning_content') or ''}\n{_text(message)}".strip()
            yield message, [Result(_text(answers[call["id"]]), thought) for call in calls]


def _same_calls(message: Mapping[str, Any], turn: Turn) -> bool:
    made = [
        (c["function"]["name"], json.loads(c["function"]["arguments"]))
        for c in message["tool_calls"]
    ]
    return made == [(call.name, call.arguments) for call in turn.calls]


def _story_begin(messages: Sequence[dict[str, Any]], tools: frozenset[str], select: Select) -> int:
    """Index of the user message that the story answers.

    A user message right after tool results steers the story that is on, unless the calls were
    stopped, or it is itself a request that a scenario knows.
    """
    for i in range(len(messages) - 1, -1, -1):
        if messages[i]["role"] != "user" or summary_in(messages[i]):
            continue
        if i == 0 or messages[i - 1]["role"] != "tool":
            return i
        if Result(_text(messages[i - 1])).stopped or select(_chat(messages, i, tools)):
            return i
    return 0


def _chat(messages: Sequence[dict[str, Any]], i: int, tools: frozenset[str]) -> Chat:
    earlier = tuple(text for m in messages[:i] if (text := typed(m)))
    summary = next((text for m in reversed(messages) if (text := summary_in(m))), "")
    return Chat(typed(messages[i]), tools, earlier, summary)


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content)


def typed(message: Mapping[str, Any]) -> str:
    """The user's own words: everything before the first line that begins an attachment.

    '' for a message that is not theirs: a summary, or the client's own note.
    """
    text = _text(message).strip()
    if message["role"] != "user" or summary_in(message) or text.startswith(CLIENTS_NOTE):
        return ""
    kept: list[str] = []
    for line in text.splitlines():
        if kept and ATTACHMENT.match(line):
            break
        kept.append(line)
    return "\n".join(kept).strip()


def without_tools(missing: frozenset[str]) -> Turn:
    """The turn of a story that cannot be told with the tools that the request offers."""
    names = " and ".join(f"`{name}`" for name in sorted(missing))
    return Turn(
        "The request offers no tool that could look at the variables, so no figure can be given.",
        f"I would need the tool {names} for this, and this request does not offer it. "
        "So I have looked at nothing and can give no figures.",
    )


def _with_remarks(turn: Turn, said: list[str]) -> Turn:
    """Say honestly, at the answer, that words typed while a story was on changed nothing."""
    if turn.calls or not said:
        return turn
    words = "; ".join(f"“{' '.join(text.split())[:200]}”" for text in said)
    remark = f"You also wrote {words}. My replies are scripted, so I could not take that up."
    return Turn(turn.reasoning, f"{turn.content}\n\n{remark}", turn.calls)
