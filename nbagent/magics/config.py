"""`%config Kimi`: the settings that hold for a whole session or profile."""

from __future__ import annotations

from typing import Any

from traitlets import Bool, Enum, Float, Int, List, Tuple, Unicode, observe
from traitlets.config import Configurable

from nbagent.words import LANGUAGES, choose


class Kimi(Configurable):
    """Defaults of `%%kimi`; an option on the magic's own line wins. Never holds a key."""

    model = Unicode(None, allow_none=True, help="Model name.").tag(config=True)
    endpoint = Unicode(None, allow_none=True, help="Preset name or base URL.").tag(config=True)
    max_steps = Int(None, allow_none=True, help="Model calls in a run.").tag(config=True)
    max_tool_calls = Int(None, allow_none=True, help="Tool calls in a run.").tag(config=True)
    max_total_tokens = Int(None, allow_none=True, help="Tokens in a run.").tag(config=True)
    max_usd = Float(None, allow_none=True, help="Dollars in a run.").tag(config=True)
    max_minutes = Float(None, allow_none=True, help="Minutes in a run.").tag(config=True)
    conversation_max_steps = Int(
        None, allow_none=True, help="Model calls in a conversation, all its runs together."
    ).tag(config=True)
    conversation_max_tool_calls = Int(
        None, allow_none=True, help="Tool calls in a conversation."
    ).tag(config=True)
    conversation_max_total_tokens = Int(
        None, allow_none=True, help="Tokens in a conversation."
    ).tag(config=True)
    conversation_max_usd = Float(None, allow_none=True, help="Dollars in a conversation.").tag(
        config=True
    )
    conversation_max_minutes = Float(
        None, allow_none=True, help="Minutes of a conversation's runs."
    ).tag(config=True)
    tell_usd = Float(
        None, allow_none=True, help="Tell of a request before it goes if its input costs as much."
    ).tag(config=True)
    notice_repeats = Bool(
        None, allow_none=True, help="Ask where calls repeat, end replies that go in circles."
    ).tag(config=True)
    max_tokens = Int(None, allow_none=True, help="Longest single reply.").tag(config=True)
    ask = Enum(
        ("always", "risky", "never"), None, allow_none=True, help="When to ask before a call runs."
    ).tag(config=True)
    plan = Bool(None, allow_none=True, help="Look and propose; change nothing.").tag(config=True)
    tool_seconds = Float(None, allow_none=True, help="Time limit of a tool.").tag(config=True)
    view = Enum(("live", "text", "answer"), None, allow_none=True, help="How much to show.").tag(
        config=True
    )
    save = Enum(
        ("full", "answer", "none"), None, allow_none=True, help="How much stays in the file."
    ).tag(config=True)
    thinking = Bool(None, allow_none=True, help="Reasoning on or off.").tag(config=True)
    keep = Enum(
        ("all", "none"), None, allow_none=True, help="Send reasoning of earlier turns again."
    ).tag(config=True)
    compact_share = Float(
        None, allow_none=True, help="How full the window gets before compaction; 0: never."
    ).tag(config=True)
    max_context_tokens = Int(
        None, allow_none=True, help="How much of the model's window is used; 0: all."
    ).tag(config=True)
    first_delta_seconds = Float(
        None, allow_none=True, help="Longest wait for a reply's first token."
    ).tag(config=True)
    between_deltas_seconds = Float(
        None, allow_none=True, help="Longest silence within a reply."
    ).tag(config=True)
    reply_minutes = Float(None, allow_none=True, help="Longest reply.").tag(config=True)
    retry_attempts = Int(None, allow_none=True, help="Attempts at one request, in all.").tag(
        config=True
    )
    retry_max_seconds = Float(None, allow_none=True, help="Longest back-off between attempts.").tag(
        config=True
    )
    allowed_hosts = List(
        Unicode(), help="If not empty, requests go to these foreign hosts only."
    ).tag(config=True)
    price = Tuple(
        Float(),
        Float(),
        Float(),
        default_value=None,
        allow_none=True,
        help="Dollars per million tokens: input, cached input, output.",
    ).tag(config=True)

    on_rerun = Enum(
        ("run", "replay"),
        "run",
        help="What a cell does that has a saved run: ask anew, or run its recorded code again.",
    ).tag(config=True)

    language = Enum(
        LANGUAGES, "auto", help="What is said to you; auto: as the page does, or the system."
    ).tag(config=True)

    @observe("language")
    def _speak(self, change: Any) -> None:
        choose(change.new)

    def chosen(self) -> dict[str, Any]:
        """The settings of runs that somebody has set."""
        names = [n for n in self.trait_names(config=True) if n not in ("on_rerun", "language")]
        values = {name: getattr(self, name) for name in names}
        values["allowed_hosts"] = tuple(values["allowed_hosts"]) or None
        return values
