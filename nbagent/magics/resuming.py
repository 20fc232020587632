"""`%kimi resume`: a run goes on that was cut off, or that ended without an answer.

What another kernel left is made again of its record: the recipe by the names and settings that it
was made of, the loop by what it was sent. A tool that nobody saw end is asked about, never run
again by itself. A record that another kernel writes is left to it.

Read next: `nbagent.run.resume`, which finds where a run goes on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from nbagent.assembly import Given
from nbagent.conversation import Conversation, Opening, begun_from
from nbagent.errors import HistoryError, ReplayError, UsageError
from nbagent.journal import StoredRun
from nbagent.kernel.frontend import cell_id
from nbagent.kimi.endpoints import resolve_endpoint
from nbagent.messages import check_history
from nbagent.run import Recipe, Run
from nbagent.run.resume import messages_of
from nbagent.settings import Settings

if TYPE_CHECKING:
    from nbagent.magics.session import Session

OPENED = (
    "{run} had ended with an answer. Its conversation is open again: the next %%kimi goes on from "
    "it. Variables that it made are there only if this is the same kernel."
)
REPAIRED = (
    "{run} cannot go on as it was. {why}\nIts messages begin a conversation instead, and the next "
    "%%kimi goes on from them. {report}"
)


def resume(session: Session, beginning: str) -> str:
    """Let a run go on in this cell.

    Args:
        session: the kernel's.
        beginning: how its name begins; '' for the last one that has no answer.

    Returns:
        What to print.

    Raises:
        UsageError: there is no such run, or it cannot go on here; nothing was sent.
    """
    own = session.driving.find(beginning) if beginning else _last_unanswered(session)
    if own is not None:
        session.bind(own.resume(), None)
        return ""
    journal = session.driving.journal
    record = journal.load(journal.find(beginning) if beginning else _last_cut_off(session))
    if record.line.held_by:
        raise UsageError(
            f"Another kernel ({record.line.held_by}) goes on with {record.line.run_id}.",
            f"`%kimi show {record.line.run_id}` shows it here. Stop that kernel to take it up.",
        )
    if not record.made_of:
        return _repaired(session, record, "An older nbagent kept what happened and no more.")
    recipe, conversation = _made_again(session, record)
    kernel = session.driving.kernel
    is_fresh = record.line.kernel != kernel
    try:
        run = Run.taken_up(record, recipe, kernel=kernel, is_fresh=is_fresh)
        if record.finished:
            check_history(run.messages, thinking=recipe.model.facts.thinking)
    except (HistoryError, ReplayError) as error:
        return _repaired(session, record, str(error))
    if record.finished and record.finished.reason == "answer":
        _open(session, conversation, run)
        session.show(run.run_id, run.events)
        return OPENED.format(run=run.run_id)
    if record.finished:
        here = cell_id(session.shell)
        run = Run.going_on(record, recipe, is_fresh=is_fresh, cell_id=here)
    elif not session.interactive:
        run.moves.until = "end"  # nobody would move it on from where it rested
    _open(session, conversation, run)
    del record  # the run has it, and packs what is old of it
    session.driving.drive(run)
    session.bind(run, None)
    return ""


def _repaired(session: Session, record: StoredRun, why: str) -> str:
    """Begin a conversation with what a record holds that cannot go on as it is.

    Returns:
        Why, and every change of its messages, in words.
    """
    settings, _ = session.settings()
    start, report = begun_from(
        messages_of(record),
        session.redact,
        thinking=settings.thinking,
        reasoning_key=resolve_endpoint(settings, os.environ).reasoning_key,
    )
    name = record.line.conversation
    session.conversations[name] = Conversation(name, start=start)
    session.current = name
    return REPAIRED.format(run=record.line.run_id, why=why, report=report)


def _open(session: Session, conversation: Conversation, run: Run) -> None:
    """Make a conversation, with the run as its turn, the one that goes on."""
    session.conversations[conversation.name] = conversation
    session.current = conversation.name
    conversation.add(run, Opening(), run.started.cell_id)


def _last_unanswered(session: Session) -> Run | None:
    """The last run of this kernel, if it has ended without an answer."""
    run = session.driving.find(None)
    finished = run.finished if run else None
    return run if finished and finished.reason != "answer" else None


def _last_cut_off(session: Session) -> str:
    """The last run on record that was cut off; one of this notebook first.

    Raises:
        UsageError: there is none.
    """
    driving = session.driving
    cut_off = driving.journal.cut_off(driving.notebook)
    found = next((line.run_id for line in cut_off if line.run_id not in session.runs), None)
    if found is None:
        raise UsageError(
            "No run was cut off.", "`%kimi runs` lists them; `%kimi resume RUN` takes up any."
        )
    return found


def _made_again(session: Session, record: StoredRun) -> tuple[Recipe, Conversation]:
    """The recipe of a run of another kernel, and the conversation that goes on with it.

    Raises:
        UsageError: a function that it needs is not there.
    """
    made_of = record.made_of
    names = filter(None, [*made_of.get("tools", []), made_of.get("loop", "")])
    missing = [name for name in names if name not in session.shell.user_ns]
    if missing:
        raise UsageError(
            f"{record.line.run_id} uses {' and '.join(missing)}, which this kernel does not have.",
            "Run the cell that defines it, then `%kimi resume` again. Nothing was sent.",
        )
    name = record.line.conversation
    conversation = Conversation(name, key=str(made_of.get("conversation_key", "")))
    recipe, _ = session.recipe(
        conversation,
        _settings(made_of["settings"]),
        Given(**made_of.get("given", {})),
        made_of.get("tools", []),
        made_of.get("loop", ""),
    )
    return recipe, conversation


def _settings(values: Mapping[str, Any]) -> Settings:
    """Settings as they were; those that this version does not know are left out."""
    known = {field.name for field in fields(Settings)}
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in values.items()
        if key in known
    }
    return Settings(**given)
