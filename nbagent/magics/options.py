"""The options of `%%kimi`, and how a line is told apart into options and prompt.

Options come first; the prompt begins at the first word that is none, and from there on the text
is taken as it was typed: apostrophes, braces and dollar signs mean nothing. Options are never
abbreviated; a near miss is answered with "did you mean".
"""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias

from IPython.core.magic_arguments import argument

from nbagent.errors import UsageError

OptionTable: TypeAlias = list[tuple[tuple[str, ...], dict[str, Any]]]

OPTIONS: OptionTable = [
    (("-m", "--model"), {"metavar": "NAME", "help": "model (default kimi-k2.6)"}),
    (
        ("--endpoint",),
        {
            "metavar": "NAME|URL",
            "help": "preset (moonshot, moonshot-cn, vllm, sglang, lesson) or base URL",
        },
    ),
    (("-n", "--new"), {"action": "store_true", "help": "start a new conversation"}),
    (
        ("--conversation",),
        {"metavar": "NAME", "help": "go on with (or start) a named conversation (default main)"},
    ),
    (("--tools",), {"metavar": "A,B", "help": "offer these notebook functions too"}),
    (
        ("--ask",),
        {"choices": ("always", "risky", "never"), "help": "when you are asked first (risky)"},
    ),
    (
        ("--plan",),
        {"action": "store_const", "const": True, "help": "look and propose; change nothing"},
    ),
    (
        ("--step",),
        {"action": "store_true", "help": "pause before every request, reply and tool"},
    ),
    (("--loop",), {"metavar": "NAME", "help": "run this loop function instead of the built-in"}),
    (
        ("--bg",),
        {"action": "store_true", "help": "return at once; the run goes on below this cell"},
    ),
    (("--max-steps",), {"type": int, "metavar": "N", "help": "stop after N model calls (50)"}),
    (("--max-tool-calls",), {"type": int, "metavar": "N", "help": "stop after N tool calls"}),
    (
        ("--max-total-tokens",),
        {"type": int, "metavar": "N", "help": "stop before prompts and replies take more than N"},
    ),
    (("--max-usd",), {"type": float, "metavar": "X", "help": "stop before spending more (1.00)"}),
    (("--max-minutes",), {"type": float, "metavar": "M", "help": "stop after M minutes"}),
    (
        ("--max-tokens",),
        {"type": int, "metavar": "N", "help": "longest single reply, reasoning included (32768)"},
    ),
    (("--out",), {"metavar": "NAME", "help": "bind the Run to NAME (it is _ anyway)"}),
    (
        ("--view",),
        {"choices": ("live", "text", "answer"), "help": "how much to show (live)"},
    ),
    (("-q",), {"action": "store_true", "help": "the same as --view answer"}),
    (
        ("--save",),
        {"choices": ("full", "answer", "none"), "help": "how much stays in the file (full)"},
    ),
    (
        ("--replay",),
        {
            "action": "store_const",
            "const": True,
            "help": "run the recorded code of this cell's saved run again; send nothing",
        },
    ),
    (("--system",), {"action": "store_true", "help": "show the system prompt; send nothing"}),
    (
        ("--dry-run",),
        {"action": "store_true", "help": "show request and estimate; send nothing"},
    ),
]
"""Flags and argparse keywords of every option, in the order in which help lists them."""


def with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a magic with IPython's own `argument` for every option."""
    for flags, keywords in reversed(OPTIONS):
        function = argument(*flags, **keywords)(function)  # type: ignore[no-untyped-call] # IPython's
    return function


class _Parser(argparse.ArgumentParser):
    """Raises a one-line `UsageError` instead of leaving the process."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in the user's words."""
        text = message.removeprefix("argument ")
        raise UsageError(f"{text[:1].upper()}{text[1:]}.", "Nothing was sent. See `%%kimi?`.")


def _parser() -> _Parser:
    parser = _Parser(prog="%%kimi", add_help=False, allow_abbrev=False)
    for flags, keywords in OPTIONS:
        parser.add_argument(*flags, **keywords)
    return parser


def parse_line(line: str) -> tuple[argparse.Namespace, str]:
    """Tell a first line apart into options and the beginning of the prompt.

    Returns:
        The options, None or False where not given, and the rest of the line as typed.

    Raises:
        UsageError: an option is unknown, or its value is missing or wrong.
    """
    takes_value = {flag: "action" not in keywords for flags, keywords in OPTIONS for flag in flags}
    words: list[str] = []
    rest = line.strip()
    while rest.startswith("-"):
        word, rest = _split_word(rest)
        if word == "--":
            break
        flag, equals, _value = word.partition("=")
        if flag not in takes_value:
            raise UsageError(
                f"There is no option {flag}.{_did_you_mean(flag, list(takes_value))}",
                "Nothing was sent. `%%kimi?` lists them; a prompt that begins with a dash goes "
                "after `--`.",
            )
        words.append(word)
        if takes_value[flag] and not equals:
            if not rest:
                raise UsageError(f"{flag} needs a value.", "Nothing was sent. See `%%kimi?`.")
            value, rest = _split_word(rest)
            words.append(value)
    return _parser().parse_args(words), rest


_WORD = re.compile(r"""(?P<flag>--?[\w-]+=)?(?P<value>"[^"]*"|'[^']*'|\S*)\s*""")


def _split_word(text: str) -> tuple[str, str]:
    """Cut off the first word; quotes around a value end with it and are taken off."""
    match = _WORD.match(text)
    assert match is not None
    value = match["value"]
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return f"{match['flag'] or ''}{value}", text[match.end() :]


def _did_you_mean(flag: str, known: list[str]) -> str:
    close = difflib.get_close_matches(flag, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else ""
