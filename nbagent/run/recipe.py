"""The recipe of a run: endpoint, tools, loop and policies, joined once and never changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from nbagent.clock import Clock
from nbagent.loop import Loop, agent_loop
from nbagent.policy import Account, Gate, Standing, allow_all
from nbagent.ports import Model
from nbagent.redact import Redactor
from nbagent.settings import Settings
from nbagent.tools import Toolset


def unseen(names: Sequence[str]) -> Mapping[str, str]:
    """The names alone, where no kernel can be asked what they stand for."""
    return dict.fromkeys(names, "")


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
        account: what its conversation has used.
        redact: everything passes it on its way to screen, disk and model.
        made_of: what another kernel makes this recipe of again, as JSON values without secrets;
            empty where it cannot.
        alive: describes those of the named variables that are alive in the kernel, in a few words
            each and without their values.
        chance: gives a random number from 0 to 1, by which waits differ from kernel to kernel.
    """

    model: Model
    tools: Toolset
    settings: Settings
    clock: Clock
    loop: Loop = agent_loop
    gate: Gate = allow_all
    standing: Standing = field(default_factory=Standing)
    account: Account = field(default_factory=Account)
    redact: Redactor = field(default_factory=Redactor)
    made_of: Mapping[str, Any] = field(default_factory=dict)
    alive: Callable[[Sequence[str]], Mapping[str, str]] = unseen
    chance: Callable[[], float] = field(default_factory=lambda: Random().random)  # noqa: S311 -- spreads waits, guards nothing
