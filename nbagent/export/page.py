"""A run as one page: the static trace in a document that holds all it needs.

The page runs no script and fetches nothing, and its own policy forbids both. Text of the model
and of tools becomes markup only through `nbagent.trace.markup`, which escapes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from nbagent.events import Event, RunStarted
from nbagent.export.source import Source
from nbagent.meter import Meter
from nbagent.phrases import clean, one_line
from nbagent.trace.bundle import whole_html
from nbagent.trace.markup import QUIET, Html, join, prose, tag
from nbagent.view import RunView
from nbagent.words import language, t

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
STYLE = Html(
    "<style>:root{color-scheme:light dark}"
    "body{margin:0 auto;max-width:960px;padding:24px 20px 48px;"
    "font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;line-height:1.5}"
    "h1{font-size:20px;line-height:1.3;margin:0 0 4px}"
    "section+section{margin-top:40px;padding-top:24px;border-top:1px solid #80808066}</style>"
)


def to_page(runs: Sequence[Source]) -> str:
    """The runs, one below the other, as an HTML document."""
    titles = (one_line(clean(start.prompt), 80) for start in map(_start, runs) if start)
    title = next(titles, "") or t("A run")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", **{"http-equiv": "Content-Security-Policy", "content": POLICY}),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("meta", name_="referrer", content="no-referrer"),
        tag("title", title),
        STYLE,
    )
    body = tag("body", tag("main", join(*map(_section, runs), by="\n")))
    html = tag("html", head, body, lang=language())
    page = join(Html("<!DOCTYPE html>"), html, Html(""), by="\n")
    return page.encode(errors="replace").decode()


def _start(run: Source) -> RunStarted | None:
    return next((e for e in run.events if isinstance(e, RunStarted)), None)


def _section(run: Source) -> Html:
    started = _start(run)
    prompt = clean(started.prompt) if started else ""
    first = one_line(prompt, 120)
    rest = [prose(prompt)] if prompt.strip() != first else []
    head = [tag("h1", first or t("A run"), dir="auto"), *rest]
    head += [_quiet(started)] if started else []
    return tag("section", *head, Html("\n"), _trace(run.events))


def _quiet(started: RunStarted) -> Html:
    when = datetime.fromtimestamp(started.wall, UTC)
    words = [started.run_id, t("scripted") if started.scripted else started.model]
    words += [f"{when:%Y-%m-%d %H:%M} UTC"] if started.wall else []
    line = " \N{MIDDLE DOT} ".join(clean(word) for word in words if word)
    return tag("div", line, style=f"font-size:13px;margin:0 0 16px;{QUIET}")


def _trace(events: Sequence[Event]) -> Html:
    view, meter = RunView(), Meter()
    for event in events:
        view.apply(event)
        meter.apply(event)
    return whole_html(view, meter)
