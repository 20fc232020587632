"""The recipe of a run: endpoint, tools, loop and policies, joined once and never changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from nbagent.clock import Clock
from nbagent.loop import Loop, agent_loop
from nbagent.policy import Gate, Standing, allow_all
from nbagent.ports import Model
from nbagent.redact import Redactor
from nbagent.settings import Settings
from nbagent.tools import Toolset


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a run is made of, and a fork of it again.

    Attributes:
        model: the endpoint.
        tools: what the model may call.
        settings: limits and retries.
        clock: the one clock.
        loop: the agent loop, or a learner's.
        gate: asked before each call.
        standing: what the person has allowed for the rest of the conversation.
        redact: everything passes it on its way to screen, disk and model.
        chance: gives a random number from 0 to 1, by which waits differ from kernel to kernel.
    """

    model: Model
    tools: Toolset
    settings: Settings
    clock: Clock
    loop: Loop = agent_loop
    gate: Gate = allow_all
    standing: Standing = field(default_factory=Standing)
    redact: Redactor = field(default_factory=Redactor)
    chance: Callable[[], float] = field(default_factory=lambda: Random().random)  # noqa: S311 -- spreads waits, guards nothing
