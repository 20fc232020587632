"""This notebook's cells, for the model: read, inserted, edited, deleted and run.

Cells belong to the page that shows the notebook; no file under it is written. `pages` asks that
page, `draft` takes its place where there is none, and what it took goes along with the run's
output (`proposals`). `tools` are what the model may call, `reading` is what the kernel knows
without a page.

Read next: `nbagent.notebook.tools`.
"""

from nbagent.notebook.proposals import put_in
from nbagent.notebook.reading import (
    MAX_OUTLINED,
    READ_BYTES,
    Cell,
    Notebook,
    cell_text,
    cells_from_file,
    cells_from_history,
    notebook_path,
    outline,
    this_notebook,
)

__all__ = [
    "MAX_OUTLINED",
    "READ_BYTES",
    "Cell",
    "Notebook",
    "cell_text",
    "cells_from_file",
    "cells_from_history",
    "notebook_path",
    "outline",
    "put_in",
    "this_notebook",
]
