"""`run_python`: the tool that runs code in the kernel, and what the model is told of it.

The person sees every output; the model gets text in the same order within a budget of bytes, and
the pictures. It is always told how the code ended, what it changed, and where the rest is.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from nbagent.bounded import clip, picture_part, size_of
from nbagent.events import Output, Reason
from nbagent.kernel.risk import KINDS, Risk, read_only, risks_of
from nbagent.kernel.spill import Spill
from nbagent.messages import Content, Part
from nbagent.phrases import clean, one_line, plural
from nbagent.ports import Execution
from nbagent.tools import Tool, ToolContext, ToolResult
from nbagent.view.outputs import RENDERED_BELOW, below_name

TEXT_BYTES = 16_000
"""Bytes of text that one call tells the model, notes not counted."""
TRACEBACK_BYTES = 4_000
PICTURES_BYTES = 900_000
"""Bytes of pictures that one call sends, as base64."""
MAX_PICTURES = 4

DESCRIPTION = """\
Run Python code in the user's live IPython kernel and get what it shows: printed text, the value \
of the last expression, tracebacks, and plots as pictures. Variables and imports persist between \
calls and are shared with the user's cells. Top-level await, %magics and !commands work. There is \
no one to answer input(). Long output is cut in its middle: print what you need."""

PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"code": {"type": "string", "description": "Python code, as for one cell."}},
    "required": ["code"],
    "additionalProperties": False,
}

_PICTURE_MIMES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_BARE_REPR = re.compile(r"<[\w.]+( object)?[^>]*>\s*\Z")


def run_python_tool(
    limit_s: float | None = None,
    redact: Callable[[str], str] = str,
    namespace: Mapping[str, Any] = MappingProxyType({}),
    before: Collection[str] = (),
) -> Tool:
    """Make the tool that runs code.

    Args:
        limit_s: time limit of one call, in seconds; None for none.
        redact: what is kept on disk of a long output passes it.
        namespace: the live names, to tell what code would do; none if it runs elsewhere.
        before: the names that are the user's, as they existed before the run.
    """

    def judge(arguments: dict[str, Any]) -> tuple[Reason, ...]:
        risks = risks_of(str(arguments.get("code", "")), namespace, before)
        return tuple(_reason(risk) for risk in risks)

    def only_looks(arguments: dict[str, Any]) -> str:
        return read_only(str(arguments.get("code", "")), namespace)

    def call(arguments: dict[str, Any], context: ToolContext) -> ToolResult:
        execution = context.executor.execute(arguments["code"], context.on_output, limit_s)
        return result_of(execution, limit_s, redact)

    return Tool(
        name="run_python",
        description=DESCRIPTION,
        parameters=PARAMETERS,
        call=call,
        effect="kernel",
        judge=judge,
        only_looks=only_looks,
    )


def _reason(risk: Risk) -> Reason:
    kind = KINDS[risk.kind]
    return Reason(
        kind=risk.kind,
        verb=kind.verb,
        doing=kind.doing,
        what=risk.what,
        line=risk.line,
        detail=risk.detail,
    )


def result_of(
    execution: Execution, limit_s: float | None = None, redact: Callable[[str], str] = str
) -> ToolResult:
    """Say to the model, and to the person, what an execution came to.

    Args:
        execution: what the executor brought back.
        limit_s: the time limit that it ran under, in seconds.
        redact: what is kept on disk of a long output passes it.
    """
    pictures = list(_pictures(execution.outputs))
    parts = [part for part in pictures if part is not None]
    whole = "\n".join(text.rstrip("\n") for text in _texts(execution.outputs, pictures) if text)
    body = clip(whole, TEXT_BYTES)
    cut_bytes = execution.cut_bytes + max(size_of(whole) - size_of(body), 0)
    spill = execution.spill or (_kept(whole, redact) if body != whole else "")
    text = "\n".join(filter(None, [body, *_footer(execution, limit_s, cut_bytes, spill, body)]))
    content: Content = [{"type": "text", "text": text}, *parts] if parts else text
    return ToolResult(
        content=content,
        display=execution.outputs,
        is_error=execution.error is not None or execution.interrupted or execution.timed_out,
        outcome=_outcome(execution, limit_s),
        changes=execution.changes,
        interrupted=execution.interrupted,
        cut_bytes=cut_bytes,
        spill=spill,
    )


def _kept(text: str, redact: Callable[[str], str]) -> str:
    """Keep a whole text on disk; its path."""
    spill = Spill(redact)
    spill.write(text)
    spill.close()
    return spill.path


def _footer(
    execution: Execution, limit_s: float | None, cut_bytes: int, spill: str, body: str
) -> Iterator[str]:
    """What the model is told besides the output."""
    if execution.timed_out:
        yield (
            f"[The time limit of {limit_s:g} s was reached and the code was interrupted. Names set "
            "before that are there. Do the work in smaller pieces, or on a sample first.]"
        )
    elif execution.interrupted:
        yield (
            "[Stopped by the user while it ran; names set before that are there. "
            "Do not retry unless they ask.]"
        )
    elif execution.error and not body:
        yield f"{execution.error[0]}: {execution.error[1]}"
    elif not body:
        yield "[No output. The code ran to its end without an error.]"
    if cut_bytes:
        where = f"; the whole output is in {spill}, and read_output reads it" if spill else ""
        yield f"[{cut_bytes:,} bytes of output were left out{where}.]"
    for note in execution.notes:
        yield f"[{note}]"
    if str(execution.changes):
        yield f"[Names (+ new, ~ changed, - removed): {execution.changes}]"
    if execution.changes.files:
        yield f"[Files written: {', '.join(execution.changes.files)}]"


def _texts(outputs: tuple[Output, ...], pictures: list[Part | None]) -> Iterator[str]:
    """The text form of each output, in order."""
    drawn = iter(pictures)
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            text = clean(output["text"])
            yield text if output["name"] == "stdout" else f"[stderr] {text}"
        elif kind == "error":
            yield _error_text(output)
        elif _picture_mime(output):
            sent = next(drawn) is not None
            yield "[picture, attached below]" if sent else "[picture, shown to the user only]"
        else:
            yield _data_text(output["data"])


def _error_text(output: Output) -> str:
    text = clean("\n".join(output["traceback"])).strip("-\n ")
    return clip(text or f"{output['ename']}: {output['evalue']}", TRACEBACK_BYTES)


def _data_text(data: dict[str, Any]) -> str:
    """A display without a picture: its plain text, else which kinds of data it has."""
    plain = clean(str(data.get("text/plain", "")))
    below = next((mime for mime in data if RENDERED_BELOW.match(mime)), None)
    if below:
        return f"[{below_name(below)}, shown to the user only]"
    if "image/svg+xml" in data:
        return "[SVG picture, shown to the user only]"
    if plain and not (_BARE_REPR.match(plain) and len(data) > 1):
        return plain
    for mime in ("text/markdown", "text/latex"):
        if mime in data:
            return clean(str(data[mime]))
    kinds = ", ".join(mime for mime in data if mime != "text/plain")
    return f"[{kinds}, shown to the user only]" if kinds else plain


def _picture_mime(output: Output) -> str | None:
    data = output.get("data", {})
    return next((mime for mime in _PICTURE_MIMES if isinstance(data.get(mime), str)), None)


def _pictures(outputs: tuple[Output, ...]) -> Iterator[Part | None]:
    """A message part of each picture, in order; None for one that is too large or one too many."""
    room, count = PICTURES_BYTES, 0
    for output in outputs:
        mime = _picture_mime(output)
        if mime is None:
            continue
        part = _part(output["data"][mime]) if count < MAX_PICTURES else None
        n_bytes = len(part["image_url"]["url"]) if part else 0
        if part is None or n_bytes > room:
            yield None
        else:
            room -= n_bytes
            count += 1
            yield part


def _part(encoded: str) -> Part | None:
    try:
        return picture_part(base64.b64decode(encoded))
    except (binascii.Error, ValueError):
        return None


def _outcome(execution: Execution, limit_s: float | None) -> str:
    """The outcome in a few words."""
    if execution.timed_out:
        return f"timed out after {limit_s:g} s"
    if execution.interrupted:
        return "stopped"
    if execution.error:
        return execution.error[0]
    n_pictures = sum(1 for output in execution.outputs if _is_picture(output))
    if n_pictures:
        return "figure" if n_pictures == 1 else f"{n_pictures} figures"
    return _shown(execution.outputs) or "no output"


def _is_picture(output: Output) -> bool:
    return _picture_mime(output) is not None or "image/svg+xml" in output.get("data", {})


def _shown(outputs: tuple[Output, ...]) -> str:
    """What the last display was, or how much was printed; '' if nothing."""
    for output in reversed(outputs):
        data = output.get("data")
        if not data:
            continue
        below = next((mime for mime in data if RENDERED_BELOW.match(mime)), None)
        if below:
            return below_name(below)
        plain = clean(str(data.get("text/plain", ""))).strip()
        if "<table" in str(data.get("text/html", "")):
            shape = re.search(r"\[(\d+) rows x (\d+) columns\]", plain)
            return f"table {shape[1]} × {shape[2]}" if shape else "table"
        if output["output_type"] == "execute_result" and plain and "\n" not in plain:
            return f"value {one_line(plain, 24)}"
    printed = "".join(o["text"] for o in outputs if o["output_type"] == "stream").strip("\n")
    lines = printed.count("\n") + 1 if printed else 0
    return plural(lines, "line") if lines else ("display" if outputs else "")
