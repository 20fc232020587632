"""The summary that a client asks for when its context fills: read from the messages, not thought.

What the story would have gone on with stands under its open questions, so that a long story can
take up there (`drills.long`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from nbagent.lessons.story import Turn, rounds, typed
from nbagent.summary import HEADINGS, summary_in

MOST_CALLS = 8
VARIABLE = re.compile(r"^- \w+(?:: .*)?$", re.MULTILINE)
REASONING = (
    "The client asks for a summary of what came before. I can only list what stands there; what I "
    "would have done next comes last."
)


def summarise(messages: Sequence[Mapping[str, Any]], then: Turn) -> Turn:
    """Summarise a conversation.

    Args:
        messages: the conversation; its last message asks for the summary.
        then: what the story would go on with.
    """
    asked = [text for m in messages[:-1] if not summary_in(m) and (text := typed(m))]
    found = rounds(messages[:-1])
    rows = [
        f"- `{' '.join(json.loads(call['function']['arguments']).get('code', '').split())[:80]}` "
        f"gave: {' '.join(result.text.split())[:80]}"
        for message, results in found
        for call, result in zip(message["tool_calls"], results, strict=True)
    ]
    bodies = (
        "Scripted: this summary was put together by rule, not by Kimi. The user asked:\n"
        + "\n".join(f"- {' '.join(text.split())[:500]}" for text in asked[-5:]),
        f"{len(rows)} calls were made. The last ones:\n" + "\n".join(rows[-MOST_CALLS:]),
        "\n".join(VARIABLE.findall(messages[-1]["content"])) or "None that a call has reported.",
        "A script does not keep track of files.",
        f"Next: {then.reasoning}",
    )
    parts = (f"## {heading}\n{body}" for heading, body in zip(HEADINGS, bodies, strict=True))
    return Turn(REASONING, "\n".join(parts))
