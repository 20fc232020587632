"""The scenarios: small stories, each in a file of its own, tried in this order.

A scenario is chosen by the user's prompt. What no scenario knows gets an honest answer
(`unknown`): never a guess.
"""

from __future__ import annotations

from nbagent.lessons.scenarios.cells import CELLS
from nbagent.lessons.scenarios.drills import LONG, PARALLEL, REPAIR
from nbagent.lessons.scenarios.free_play import FREE_PLAY
from nbagent.lessons.scenarios.l01 import ONE_CALL
from nbagent.lessons.scenarios.l02 import TOOL
from nbagent.lessons.scenarios.l03 import LOOP
from nbagent.lessons.scenarios.l04 import THOUGHT
from nbagent.lessons.scenarios.l05 import STREAM
from nbagent.lessons.scenarios.l06 import KERNEL
from nbagent.lessons.scenarios.l07 import ASK_FIRST
from nbagent.lessons.scenarios.l08 import BROKEN
from nbagent.lessons.scenarios.l09 import LONG_RUNS
from nbagent.lessons.scenarios.l10 import OWN_TOOLS
from nbagent.lessons.scenarios.penguins import PENGUINS
from nbagent.lessons.story import Chat, Scenario

COURSE = (
    ONE_CALL,
    TOOL,
    LOOP,
    THOUGHT,
    STREAM,
    *KERNEL,
    *ASK_FIRST,
    BROKEN,
    *LONG_RUNS,
    *OWN_TOOLS,
)
"""The lessons' own, in their order."""
SCENARIOS = (REPAIR, PARALLEL, LONG, *COURSE, PENGUINS, *CELLS, FREE_PLAY)


def select(chat: Chat) -> Scenario | None:
    """The first scenario that answers this prompt, or None."""
    return next((scenario for scenario in SCENARIOS if scenario.matches(chat)), None)
