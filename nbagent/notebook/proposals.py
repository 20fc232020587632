"""Proposals that no page took: they lie beside the trace, and are put into the executed notebook.

A run that ends with proposals shows one more output: how many there are in words, and the
operations under a MIME type of their own. So a notebook carries what was proposed for it, and
whoever has the file in hand (nbclient at its end, `nbagent cells apply` later) can put it in. A
notebook that is open in a page belongs to that page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbagent.notebook.draft import Proposal
from nbagent.notebook.ops import Op, applied, find_cell
from nbagent.phrases import plural

CELLS_MIME = "application/vnd.nbagent.cells+json"
MOST_BYTES = 1_000_000
OFFERED = (
    "{n} of the notebook's cells proposed, as no page was there to show them. "
    "`nbagent cells apply NOTEBOOK` puts them into the saved file once it is closed."
)
PUT_IN = "{n} that the agent proposed {is_are} in the notebook, marked."
LEFT_OUT = " Left out, as the cells are not as they were: {n}."


def as_output(proposals: Sequence[Proposal]) -> dict[str, Any]:
    """The MIME bundle that carries proposals."""
    told = [proposal.told() for proposal in proposals]
    if len(json.dumps(told)) > MOST_BYTES:
        told = [each | {"ops": [_without_outputs(op) for op in each["ops"]]} for each in told]
    words = OFFERED.format(n=plural(len(told), "change"))
    return {CELLS_MIME: {"version": 1, "proposals": told}, "text/plain": words}


def _without_outputs(op: Op) -> Op:
    return op | {"outputs": []} if op["op"] == "outputs" else op


def put_in(notebook: Any) -> Any:
    """Put what a notebook carries as proposals into its cells, marked; in place.

    A proposal that does not fit any more is left out, and its output says so. What was put in
    once is not put in again.

    Args:
        notebook: an nbformat notebook, as executed.

    Returns:
        The same notebook.
    """
    for host, output in list(_carried(notebook)):
        n_in, n_out = 0, 0
        for proposal in _proposals(output["data"].pop(CELLS_MIME)):
            fits = _put_in(notebook, proposal, host)
            n_in, n_out = n_in + fits, n_out + (not fits)
        is_are = "is" if n_in == 1 else "are"
        words = PUT_IN.format(n=plural(n_in, "change"), is_are=is_are)
        output["data"]["text/plain"] = words + (LEFT_OUT.format(n=n_out) if n_out else "")
    return notebook


def carries(notebook: Any) -> int:
    """How many proposals a notebook carries."""
    return sum(len(_proposals(o["data"][CELLS_MIME])) for _, o in _carried(notebook))


def _carried(notebook: Any) -> Iterator[tuple[Any, Any]]:
    for cell in notebook["cells"]:
        for output in cell.get("outputs") or ():
            if CELLS_MIME in (output.get("data") or {}):
                yield cell, output


def _proposals(told: Any) -> list[Mapping[str, Any]]:
    found = told.get("proposals") if isinstance(told, Mapping) else None
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _put_in(notebook: Any, proposal: Mapping[str, Any], host: Any) -> bool:
    """Put one proposal in, if it still fits."""
    cells, deleted = notebook["cells"], list[dict[str, Any]]()
    told = proposal.get("ops")
    if not isinstance(told, list) or not all(isinstance(op, Mapping) for op in told):
        return False
    ops = [_fitted(dict(op), cells, host) for op in told]
    mark = {
        "run": str(proposal.get("run_id")),
        "call": str(proposal.get("tool_call_id")),
        "by": "nbagent",
    }
    mark |= {"who": str(proposal["who"])} if proposal.get("who") else {}
    new, answer = applied(cells, [op for op in ops if op], mark=mark, deleted=deleted)
    if not answer["ok"]:
        return False
    notebook["cells"] = [_as_node(cell, like=host) for cell in new]
    for each in deleted:
        notebook["metadata"][f"nbagent-deleted-{each['cell']['id']}"] = each
    return True


def _fitted(op: Op, cells: Sequence[Any], host: Any) -> Op | None:
    """An operation as it fits an executed notebook; None if there is nothing to be done.

    A cell that has run since has the output of that; a new cell whose place is not found comes
    below the cell that asked for it.
    """
    if op.get("op") == "outputs":
        at = find_cell(cells, str(op.get("id")))
        return None if at is None or cells[at].get("outputs") else op
    if op.get("op") == "insert" and op.get("after") not in (None, "end"):
        at = find_cell(cells, str(op["after"]))
        return op if at is not None else op | {"after": host.get("id")}
    return op


def _as_node(cell: Any, like: Any) -> Any:
    """A new cell in the class of its neighbours: nbformat reads attributes, not keys."""
    if isinstance(cell, type(like)):
        return cell
    from nbformat import from_dict  # noqa: PLC0415 -- slow; a plain dict needs it not

    return from_dict(cell)
