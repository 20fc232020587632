"""A run as a notebook that needs no nbagent: what was asked, the code that ran, the answer.

Failed attempts are left out and listed; one is kept where later code uses a name that it had set
before it failed. Text of the person and the model is written anew as Markdown with everything
escaped, since notebooks render HTML within Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from nbagent.events import Output
from nbagent.export.names import needed, providing, uses
from nbagent.export.outputs import safe_outputs
from nbagent.export.source import Source
from nbagent.messages import Content, text_of
from nbagent.phrases import BADGE, clean, one_line
from nbagent.redact import MASK
from nbagent.run.recorded import UNKNOWN_OUTCOME, Recorded, RecordedCall, recorded
from nbagent.trace.answer import escape_markdown, to_markdown
from nbagent.trace.markdown import parse

Cell: TypeAlias = dict[str, Any]

EXPECTED_ERROR = "raises-exception"
"""The tag that lets a notebook go on after a cell's error."""
_IMAGE = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=\s]+)\Z")


def to_notebook(runs: Sequence[Source]) -> str:
    """The runs, one after the other, as the text of a notebook file."""
    import nbformat  # noqa: PLC0415 -- slow; only an export needs it

    told = [recorded(run.events) for run in runs]
    kept = _kept([call for run in told for call in run.calls])
    cells: list[Cell] = []
    codes: list[str] = []
    for run, source in zip(told, runs, strict=True):
        own = [call.code or "" for call in run.calls if id(call) in kept]
        missing = needed([*codes, *own])
        before = providing([code for code in source.before if code not in codes], missing)
        cells += _before(before)
        cells += _run_cells(run, source.content, kept)
        codes += [*before, *own]
    cells = [_head(told, codes), *cells, *_left_out(told, kept)]
    count = 0
    for n, cell in enumerate(cells, start=1):
        cell["id"] = f"cell-{n}"
        if cell["cell_type"] == "code":
            count += 1
            cell["execution_count"] = count
            cell["outputs"] = safe_outputs(cell["outputs"], count)
    notebook = {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    return str(nbformat.writes(nbformat.from_dict(notebook)))


_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def _kept(calls: Sequence[RecordedCall]) -> dict[int, RecordedCall]:
    """The calls that become cells, by identity: those that ran well, and failed ones they need."""
    kept: dict[int, RecordedCall] = {}
    after: list[str] = []
    for call in reversed(calls):
        changes = call.finished.changes if call.finished else None
        made = (*changes.added, *changes.changed) if changes else ()
        if call.code is None or not (call.succeeded or (call.ran and uses(after, made))):
            continue
        kept[id(call)] = call
        after.insert(0, call.code)
    return kept


def _before(codes: Sequence[str]) -> Iterator[Cell]:
    """Cells of the person that made what the run found there."""
    if codes:
        yield _markdown("Before this was asked, the notebook had run:")
    for code in codes:
        yield _code_cell(code, [])


def _head(runs: Sequence[Recorded], codes: Sequence[str]) -> Cell:
    """What this notebook is, and what it needs."""
    lines = [f"**{escape_markdown(BADGE)}**"] if any(r.started.scripted for r in runs) else []
    for run in runs:
        started = run.started
        words = [started.run_id, "scripted" if started.scripted else started.model]
        if started.wall:
            words.append(f"{datetime.fromtimestamp(started.wall, UTC):%Y-%m-%d %H:%M} UTC")
        lines.append(", ".join(escape_markdown(clean(word)) for word in words if word))
    lines.append(
        "Made by nbagent of a recorded run: the code that an agent ran, with its outputs as they "
        "were. It runs without nbagent."
    )
    names = needed(codes)
    if names:
        listed = ", ".join(f"`{name}`" for name in names)
        lines.append(f"These names were there before; make them first: {listed}.")
    if any(MASK in code for code in codes):
        lines.append(f"A secret in the code is masked as `{MASK}`; put it in before you run it.")
    return _markdown("\n\n".join(lines))


def _run_cells(run: Recorded, content: Content, kept: dict[int, RecordedCall]) -> Iterator[Cell]:
    yield _prompt(run, content)
    for step in run.steps:
        text = text_of(step.message).strip() if step.message else ""
        if text and step.calls:
            yield _markdown(_as_markdown(text))
        for call in step.calls:
            if id(call) in kept:
                yield _code(call)
        for said in step.steered:
            yield _markdown(f"**You wrote**\n\n{_quoted(said)}")
    yield from _answer(run)


def _answer(run: Recorded) -> Iterator[Cell]:
    badge = [f"**{escape_markdown(BADGE)}**"] if run.started.scripted else []
    end = run.finished
    if end is None:
        yield _markdown("The record ends here, before the run did.")
    elif end.answer.strip():
        yield _markdown("\n\n".join([*badge, _as_markdown(end.answer)]))
    elif end.text.strip():
        yield _markdown(escape_markdown(clean(end.text)))


def _prompt(run: Recorded, content: Content) -> Cell:
    """The prompt as it was typed; pictures that went along are attachments of the cell."""
    cell = _markdown(_quoted(run.started.prompt) or "(no prompt)")
    pictures: dict[str, Any] = {}
    for part in content if isinstance(content, list) else ():
        url = part["image_url"]["url"] if "image_url" in part else ""
        found = _IMAGE.match(url)
        if found:
            mime = found[1]
            name = f"picture-{len(pictures) + 1}.{mime.partition('/')[2]}"
            pictures[name] = {mime: "".join(found[2].split())}
    names = [piece.name for piece in run.sent if piece.kind in ("attachment", "image")]
    if names:
        listed = ", ".join(escape_markdown(clean(name)) for name in dict.fromkeys(names))
        cell["source"] += f"\n\nAttached: {listed}."
        n_images = sum(piece.kind == "image" for piece in run.sent)
        cell["source"] += " The pictures are not in the record." * (n_images > len(pictures))
    if pictures:
        shown = "\n\n".join(f"![{name}](attachment:{name})" for name in pictures)
        cell["source"] += f"\n\n{shown}"
        cell["attachments"] = pictures
    return cell


def _code(call: RecordedCall) -> Cell:
    cell = _code_cell(call.code or "", list(call.finished.display) if call.finished else [])
    if not call.succeeded:
        cell["metadata"] = {"tags": [EXPECTED_ERROR]}
        why = "# This attempt failed, after it had set what later cells use: its error is expected."
        cell["source"] = f"{why}\n{cell['source']}"
    return cell


def _code_cell(code: str, outputs: list[Output]) -> Cell:
    source = code.encode(errors="replace").decode().rstrip("\n")
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": outputs}


def _left_out(runs: Sequence[Recorded], kept: dict[int, RecordedCall]) -> Iterator[Cell]:
    """One cell that lists the calls which are not in this notebook, if there are any."""
    rows = [
        f"- {_where(run, call, several=len(runs) > 1)}: {escape_markdown(_what(call))}"
        for run in runs
        for call in run.calls
        if id(call) not in kept
    ]
    if rows:
        yield _markdown("\n".join(["**Left out of this notebook**", "", *rows]))


def _where(run: Recorded, call: RecordedCall, *, several: bool) -> str:
    name = f"{escape_markdown(clean(run.started.run_id))}, " if several else ""
    return f"{name}step {call.step}"


def _what(call: RecordedCall) -> str:
    """A call that is left out, and why, in words."""
    name, end = clean(one_line(call.name, 80)) or "a call", call.finished
    if end is not None and end.outcome == "denied":
        why = "was denied"
    elif end is not None and end.stopped:
        why = "was stopped"
    elif call.started is None:
        why = "did not run"
    elif end is None or end.outcome == UNKNOWN_OUTCOME:
        why = "ran, and nobody saw whether it finished"
    elif end.is_error:
        why = f"failed ({clean(one_line(end.outcome, 80))})" if end.outcome else "failed"
    else:
        why = "ran; it is a tool's call, not code"
    first = next((line for line in (call.code or "").splitlines() if line.strip()), "")
    return f"{name} {why}" + (f": {one_line(clean(first), 120)}" if first else "")


def _markdown(source: str) -> Cell:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _as_markdown(text: str) -> str:
    return to_markdown(parse(clean(text)))


def _quoted(text: str) -> str:
    """A person's text, as they typed it, as a quote."""
    lines = clean(text).strip().split("\n") if text.strip() else []
    return "\n".join(f"> {escape_markdown(line)}".rstrip() + "  " for line in lines)
