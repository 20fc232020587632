"""A run's events folded into what is shown of it; pure, bounded, and the same for every view."""

from nbagent.view.outputs import goes_below
from nbagent.view.run_view import RunView

__all__ = ["RunView", "goes_below"]
