"""One run of an agent: the state machine, its parts, and what it exchanges with its driver.

`run` holds the whole, `cursor` the loop at rest, `asking` the model calls, `window` what these
carry, `compaction` makes room there, `older` packs what has left, `calls` the tool calls, `work`
what a driver is asked to do, `recipe` what a run is made of.
"""

from nbagent.run.recipe import Recipe
from nbagent.run.run import Run

__all__ = ["Recipe", "Run"]
