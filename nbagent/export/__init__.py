"""Stored runs as files that need no nbagent: a notebook, a page, lines of JSON.

`written` makes a file's text of one run or of several; `save` puts it on disk, never over a file
that is there. `notebook` writes code that ran, `page` the trace, `jsonl` the events; `outputs`
makes outputs fit for a file that is opened elsewhere, `names` tells what code needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from nbagent.export.files import save
from nbagent.export.jsonl import read_jsonl, to_jsonl
from nbagent.export.notebook import to_notebook
from nbagent.export.page import to_page
from nbagent.export.source import Source

__all__ = ["FORMATS", "SUFFIXES", "Format", "Source", "read_jsonl", "save", "written"]

Format: TypeAlias = Literal["notebook", "html", "jsonl"]
FORMATS: tuple[Format, ...] = ("notebook", "html", "jsonl")
SUFFIXES: Mapping[Format, str] = {"notebook": ".ipynb", "html": ".html", "jsonl": ".jsonl"}
_WRITERS: Mapping[Format, Callable[[Sequence[Source]], str]] = {
    "notebook": to_notebook,
    "html": to_page,
    "jsonl": to_jsonl,
}


def written(form: Format, runs: Sequence[Source]) -> str:
    """The text of a file that holds these runs, in this order.

    Args:
        form: `notebook`, `html` or `jsonl`.
        runs: one run, or the runs of a conversation.
    """
    return _WRITERS[form](runs)
