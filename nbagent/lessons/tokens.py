"""Token counts by a declared rule, and which part of a prompt was seen before.

The rule is simple and says so: K2.6's own tokenizer is not used, counts are close, not equal. A
token is up to six letters or digits, up to three other signs (each with one blank before it), or
a run of white space; a picture counts 1,024, and each message and each call four for its frame.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from typing import Any

from nbagent.lessons.body import Body

RULE = re.compile(r"\s?\w{1,6}|\s?[^\w\s]{1,3}|\s+")
IMAGE_TOKENS = 1_024
FRAME_TOKENS = 4
CACHE_MINIMUM_TOKENS = 256
"""A prefix shorter than this is not cached (kimi-api, prefix cache)."""

REMEMBERED = 10_000
"""How many message prefixes are remembered before the oldest are forgotten."""


def split(text: str) -> list[str]:
    """Cut a text into tokens; joined again they are the text."""
    return RULE.findall(text)


def count(text: str) -> int:
    """How many tokens a text has."""
    return sum(1 for _ in RULE.finditer(text))


def message_tokens(message: dict[str, Any], *, with_reasoning: bool = True) -> int:
    """Tokens of one message.

    Args:
        message: the message as it was sent.
        with_reasoning: whether its reasoning reaches the model (`thinking.keep`).
    """
    content = message.get("content") or ""
    parts = [{"text": content}] if isinstance(content, str) else content
    total = FRAME_TOKENS
    for part in parts:
        total += count(part["text"]) if "text" in part else IMAGE_TOKENS
    for call in message.get("tool_calls") or []:
        function = call["function"]
        total += FRAME_TOKENS + count(function["name"]) + count(function["arguments"])
    if with_reasoning:
        total += count(message.get("reasoning_content") or "")
    return total


class Prefixes:
    """Remembers the prefixes of earlier prompts, as hashes, and how many tokens they hold."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, int] = OrderedDict()

    def measure(self, body: Body) -> tuple[int, int]:
        """Count a prompt and remember its prefixes.

        A prefix is the tool list and the first k messages, byte for byte as they were sent.

        Args:
            body: the request.

        Returns:
            `(prompt_tokens, cached_tokens)`.
        """
        head = f"{body.keep_all}\0{body.value.get('model')}\0{body.tools_text}"
        state = hashlib.sha256(head.encode("utf-8", "surrogatepass"))
        total, cached = count(body.tools_text), 0
        last_user = max((i for i, m in enumerate(body.messages) if m["role"] == "user"), default=0)
        for i, (message, text) in enumerate(zip(body.messages, body.message_texts, strict=True)):
            in_turn = body.keep_all or i > last_user
            dropped = not in_turn and bool(message.get("reasoning_content"))
            state.update(bytes([dropped]) + text.encode("utf-8", "surrogatepass"))
            key = state.copy().digest()[:16]
            if key in self._seen:
                total = cached = self._seen[key]
                self._seen.move_to_end(key)
                continue
            total += message_tokens(message, with_reasoning=in_turn)
            self._seen[key] = total
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return total, cached if cached > CACHE_MINIMUM_TOKENS else 0
