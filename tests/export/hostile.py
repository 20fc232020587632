"""The hostile texts and events of the trace's tests, for what is exported."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "trace"))  # its modules find each other by name

from pages import ALLOWED_TAGS, Page  # isort: skip # the line above has shown the way
from payloads import PAYLOADS  # isort: skip
from test_hostile import EVENTS, everywhere, words  # isort: skip
from trace_story import Story, display_output, error_output, png, stream_output  # isort: skip

__all__ = ["ALLOWED_TAGS", "EVENTS", "PAYLOADS", "Page", "Story", "display_output"]
__all__ += ["error_output", "everywhere", "png", "stream_output", "words"]
