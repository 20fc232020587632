"""Settings: one frozen object per run, resolved from the magic's line, config and environment.

Precedence: line > config (`%config Kimi`) > environment > JupyterLab's settings > default. A key is
held as a `Secret`, which shows itself nowhere. Keys and URLs never come from a notebook or a file
beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, NoReturn

from nbagent.errors import SettingsError

DEFAULT_MODEL = "kimi-k2.6"
DEFAULT_ENDPOINT = "moonshot"
MIN_REPLY_TOKENS = 16_000
"""Reasoning and answer share a reply's tokens; Moonshot advises at least this many."""

POSITIVE = (
    "max_steps",
    "max_usd",
    "first_delta_seconds",
    "between_deltas_seconds",
    "reply_minutes",
    "retry_attempts",
    "retry_max_seconds",
)

KEY_VARIABLES = ("MOONSHOT_API_KEY", "KIMI_API_KEY")
URL_VARIABLES = ("MOONSHOT_BASE_URL", "KIMI_BASE_URL")


class Secret:
    """A key. It has no text form but `reveal()`, and refuses to be copied or stored."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself; call this only where it is sent."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never stored or copied")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a person can set; each field is an option, a config trait and a CLI option.

    Units are in the names; `max_tokens` is the longest single reply, reasoning included.
    """

    model: str = DEFAULT_MODEL
    endpoint: str = DEFAULT_ENDPOINT
    """Preset name or base URL."""
    system: str = ""
    """Text that replaces the built-in system prompt."""
    max_steps: int = 50
    max_tool_calls: int | None = None
    max_total_tokens: int | None = None
    """Tokens of all prompts and replies together; `max_tokens` is about one reply."""
    max_usd: float = 1.00
    max_minutes: float | None = None
    conversation_max_steps: int | None = None
    """Like `max_steps`, of all runs of a conversation together; so are the next four."""
    conversation_max_tool_calls: int | None = None
    conversation_max_total_tokens: int | None = None
    conversation_max_usd: float | None = None
    conversation_max_minutes: float | None = None
    tell_usd: float = 0.10
    """A request whose input is estimated to cost as much is told of before it goes."""
    notice_repeats: bool = True
    """Ask whether to go on where calls repeat themselves; end replies that go in circles."""
    max_tokens: int = 32_768
    ask: Literal["always", "risky", "never"] = "risky"
    """When the person is asked before a call runs; `always` also asks before a result leaves."""
    plan: bool = False
    """Look and propose; what would change anything is denied."""
    tool_seconds: float | None = None
    """Time limit of one tool call, in seconds; None for none."""
    view: Literal["live", "text", "answer"] = "live"
    save: Literal["full", "answer", "none"] = "full"
    thinking: bool = True
    keep: Literal["all", "none"] = "all"
    """`all` sends the reasoning of earlier turns again (Preserved Thinking)."""
    compact_share: float = 0.8
    """How full the model's window may get before older messages are left out; 0 for never."""
    max_context_tokens: int | None = None
    """Use so much of the model's window at most; None for all of it."""
    first_delta_seconds: float = 120.0
    between_deltas_seconds: float = 60.0
    reply_minutes: float = 30.0
    retry_attempts: int = 10
    """How often a request is made in all; with the waits between, about two minutes."""
    retry_max_seconds: float = 60.0
    allowed_hosts: tuple[str, ...] = ()
    """If not empty, requests to any other foreign host are refused."""
    price: tuple[float, float, float] | None = None
    """Dollars per million tokens (input, cached, output); overrides the built-in table."""

    def __post_init__(self) -> None:
        """Refuse values that cannot work, in words."""
        if self.max_tokens < MIN_REPLY_TOKENS:
            raise SettingsError(
                f"max-tokens is {self.max_tokens}; reasoning and answer share it.",
                f"Use {MIN_REPLY_TOKENS} or more.",
            )
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            is_limit = name in POSITIVE or name.startswith(("max_", "conversation_max_"))
            if is_limit and value is not None and not value > 0:  # not of NaN either
                raise SettingsError(f"{name.replace('_', '-')} must be more than 0.")
        if not 0 <= self.compact_share <= 1:
            raise SettingsError(f"compact_share is {self.compact_share:g}; it is a share, 0 to 1.")


def resolve(
    line: Mapping[str, Any],
    config: Mapping[str, Any],
    environ: Mapping[str, str],
    lab: Mapping[str, Any] | None = None,
) -> Settings:
    """Join the sources of settings; a value of None counts as not given.

    Args:
        line: options of the magic's or command's line.
        config: traits that the user has set.
        environ: the process environment.
        lab: what is set in JupyterLab's settings.

    Raises:
        SettingsError: a value cannot work.
    """
    environment = {
        "model": environ.get("NBAGENT_MODEL") or None,
        "endpoint": environ.get("NBAGENT_ENDPOINT") or None,
    }
    values: dict[str, Any] = {}
    for source in (lab or {}, environment, config, line):
        known = {f.name for f in fields(Settings)}
        values |= {k: v for k, v in source.items() if v is not None and k in known}
    return Settings(**values)
