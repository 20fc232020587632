"""`%%kimi --replay`: a cell's saved run once more, by its record. Nothing is sent.

Read next: `nbagent.replay`, which makes a run of a record.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from nbagent.assembly import new_run
from nbagent.kernel.frontend import cell_id
from nbagent.kimi.endpoints import resolve_endpoint
from nbagent.messages import Content
from nbagent.replay import Replay, saved_run
from nbagent.replay.compare import in_words
from nbagent.replay.finding import day_of, no_record
from nbagent.run import Run
from nbagent.run.recorded import recorded
from nbagent.words import told

if TYPE_CHECKING:
    from nbagent.journal import RunLine, StoredRun
    from nbagent.magics.session import Session

NO_RECORD = "There is no saved run of this cell to replay, so it runs now."


def replay(session: Session, options: argparse.Namespace, prompt: str) -> Run | None:
    """Replay the saved run of this cell, if the line or `%config Kimi.on_rerun` wants it.

    Returns:
        The replay, run to its end; None if the cell is to be run instead.

    Raises:
        UsageError: `--replay` was given and there is no saved run; nothing was sent.
        NBAgentError: the conversation cannot go on now.
    """
    if not options.replay and session.config.on_rerun != "replay":
        return None
    session.redact.add_environment(os.environ)
    line = _saved(session, options, session.redact(prompt))
    if line is None and options.replay:
        raise no_record(session.driving.journal, session.redact(prompt), cell_id(session.shell))
    if line is None:
        print(told(NO_RECORD))  # noqa: T201 -- the cell's output
        return None
    return _replayed(session, options, session.driving.journal.load(line.run_id))


def _saved(session: Session, options: argparse.Namespace, prompt: str) -> RunLine | None:
    name = options.conversation or session.current
    known = session.conversations.get(name)
    head = known.head if known is not None and not options.new else None
    return saved_run(
        session.driving.journal,
        prompt,
        cell_id=cell_id(session.shell),
        notebook=session.driving.notebook,
        after=head.run.started.replays if head is not None else "",
    )


def _replayed(session: Session, options: argparse.Namespace, stored: StoredRun) -> Run:
    """Make a run of a record, drive it here to its end, and say what came out otherwise."""
    settings, _ = session.settings(options)
    record = recorded(stored.events)
    making = Replay(record)
    built_in = {tool.name for tool in session.toolset([], replays=True)}
    own = [name for name in record.started.tools if name not in built_in]
    here = (name for name in own if callable(session.shell.user_ns.get(name)))
    conversation, opening = session.opening(options)
    endpoint = resolve_endpoint(settings, os.environ)
    run = new_run(
        making.recipe(
            session.toolset(here, settings, replays=True),
            settings,
            session.clock,
            images_in_tool_results=endpoint.images_in_tool_results,
            loop=session.loop(options.loop),
            redact=session.redact,
            conversation_key=conversation.key,
        ),
        record.started.prompt,
        content=_asked(stored),
        opening=opening,
        conversation=conversation.name,
        cell_id=cell_id(session.shell),
        notes=[
            f"Replayed from {stored.line.run_id} of {day_of(stored.line)}: nothing was sent.",
            opening.note,
        ],
        replays=stored.line.run_id,
    )
    run.subscribe(making.follow(run.say))
    conversation.add(run, opening, run.started.cell_id)
    if options.step and session.interactive:
        run.moves.until = "move"
    session.driving.drive(run)
    session.bind(run, options.out)
    stood = [f"  step {c.step}, {c.name} was not run again: {why}." for c, why in making.stood]
    words = "\n".join([in_words(record, run.events), *stood])
    print(session.redact(told(words)))  # noqa: T201 -- the cell's output
    return run


def _asked(stored: StoredRun) -> Content | None:
    """The prompt as it went, with what was attached then; None if the record has only its text."""
    asked = next((m for m in reversed(stored.origin) if m["role"] == "user"), None)
    return asked.get("content") if asked else None
