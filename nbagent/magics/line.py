"""`%kimi`: one short command a function, looked up in `COMMANDS`."""

from __future__ import annotations

import difflib
import getpass
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from nbagent.conversation import Conversation, leaves_history
from nbagent.errors import UsageError
from nbagent.kimi.endpoints import resolve_endpoint
from nbagent.kimi.keys import checked_key
from nbagent.magics import stored
from nbagent.magics.options import parse_line
from nbagent.magics.resuming import resume
from nbagent.messages import text_of
from nbagent.phrases import padded, share
from nbagent.words import counted, series, t, told

if TYPE_CHECKING:
    from nbagent.magics.session import Session
    from nbagent.run import Run

Command: TypeAlias = "Callable[[Session, str], str]"
"""Takes the session and the rest of the line, returns what to print."""


def run_command(session: Session, line: str) -> None:
    """Do what the line says and print the outcome.

    Raises:
        UsageError: there is no such command; the form to copy is part of the text.
    """
    word, _, rest = line.strip().partition(" ")
    command = COMMANDS.get(word)
    if command is None or (rest and " " in rest and word not in _TAKES_TEXT):
        raise UsageError(_not_a_command(word, line.strip()))
    text = command(session, rest.strip())
    if text:
        print(session.redact(text if word in _SAY_THEMSELVES else told(text)))  # noqa: T201 -- the cell's output


def _not_a_command(word: str, line: str) -> str:
    close = difflib.get_close_matches(word, list(COMMANDS), n=1)
    if close and " " not in line:
        return f"There is no command {word!r}. Did you mean `%kimi {close[0]}`?"
    return f"To ask for something, use two percent signs. Copy this:\n%%kimi\n{line}"


def _status(session: Session, _rest: str) -> str:
    settings, given = session.settings()
    endpoint = resolve_endpoint(settings, os.environ)
    secret = None if endpoint.scripted else session.keys.find(endpoint, os.environ)
    if endpoint.scripted:
        key = t("not needed (scripted replies, not Kimi)")
    elif secret is not None:
        key = t("found")
    elif endpoint.key_required and not given.endpoint:
        key = t("not found; scripted stand-in answers here")
    else:
        key = t("not found") if endpoint.key_required else t("none (not required)")
    conversation = session.conversations.get(session.current)
    turns = conversation.line() if conversation else []
    rows = {
        "endpoint": f"{endpoint.name} ({endpoint.base_url or t('on this machine')})",
        "model": endpoint.model if endpoint.scripted else settings.model,
        "key": key,
        "conversation": f"{session.current}, {counted(len(turns), 'turn')}",
    }
    if turns:
        rows |= _context(turns[-1].run, settings.compact_share)
    spent = [turn.run.metrics()["run"] for turn in turns]
    rows["tokens_out"] = f"{sum(f['completion_tokens'] or 0 for f in spent):,}"
    known = [f["cost_usd"] for f in spent if f["cost_usd"] is not None]
    least = "≥ " if any(f["unknown_attempts"] for f in spent) else ""
    rows["cost"] = f"{least}${sum(known):.3f}" if known else "—"
    rows["isolation"] = t("none: tools run in this kernel with your rights")
    return "\n".join(f"{padded(t(_ROWS[name]), 13)} {rows[name]}" for name in _ROWS if name in rows)


_ROWS = {
    "endpoint": "endpoint",
    "model": "model",
    "key": "key",
    "conversation": "conversation",
    "context": "context",
    "from_cache": "from cache",
    "tokens_out": "tokens out",
    "cost": "cost",
    "isolation": "isolation",
}
"""The lines of the status, each with its name."""


def _context(run: Run, compact_share: float) -> dict[str, str]:
    """How full the window is, and how much of what was sent the provider had in its cache."""
    rows: dict[str, str] = {}
    context, cached = run.context, run.metrics()["run"]["cached_share"]
    if context.share:
        used = t(
            "{n} of {n_window} tokens ({share})",
            n=f"{context.n_tokens:,}",
            n_window=f"{context.n_window:,}",
            share=share(context.share),
        )
        when = t("compacted at {share}", share=share(compact_share))
        rows["context"] = series([used, when if compact_share else t("never compacted")])
    if cached is not None:
        rows["from_cache"] = t("{share} of what the last run sent", share=share(cached))
    return rows


def _login(session: Session, rest: str) -> str:
    settings, _ = session.settings()
    endpoint = resolve_endpoint(settings, os.environ)
    if rest not in {"", "--save"}:
        raise UsageError(
            "`%kimi login` takes no key on its line: it would stay in the notebook.",
            "Run `%kimi login` alone and type the key; clear this cell if it holds a real one.",
        )
    if endpoint.scripted or not endpoint.host:
        raise UsageError("The lesson server needs no key.", "`%kimi use moonshot` goes back first.")
    secret = checked_key(getpass.getpass(f"{t('Key for {host} (hidden):', host=endpoint.host)} "))
    session.redact.add(secret.reveal())
    if rest == "--save":
        where = session.keys.save(endpoint.host, secret)
        return f"The key for {endpoint.host} is kept in {where}."
    session.keys.remember(endpoint.host, secret)
    return (
        f"The key for {endpoint.host} is kept until this kernel ends. `%kimi login --save` keeps "
        "it for longer."
    )


def _logout(session: Session, _rest: str) -> str:
    settings, _ = session.settings()
    host = resolve_endpoint(settings, os.environ).host
    if session.keys.forget(host):
        return f"The key for {host} is forgotten, here and where it was saved."
    return f"There was no key for {host}. A key in the environment stays until you unset it."


def _use(session: Session, rest: str) -> str:
    options, name = parse_line(rest)
    words = name.split()
    chosen = {"model": options.model} if options.model else {}
    if words:
        chosen["endpoint"] = words[0]
        trailing, _ = parse_line(" ".join(words[1:]))
        chosen |= {"model": trailing.model} if trailing.model else {}
    if not chosen:
        raise UsageError("`%kimi use` takes an endpoint's name or URL, and `-m MODEL`.")
    session.use(chosen)
    settings, _ = session.settings()
    endpoint = resolve_endpoint(settings, os.environ)
    if endpoint.scripted:
        return "Scripted replies from the lesson server from now on: not Kimi, no key, no network."
    return f"Requests go to {endpoint.base_url} from now on, model {settings.model}."


def _reset(session: Session, rest: str) -> str:
    name = rest or session.current
    session.conversations[name] = Conversation(name)
    return f"Conversation {name} begins anew. Variables and earlier runs are kept."


def _history(session: Session, _rest: str) -> str:
    conversation = session.conversations.get(session.current)
    turns = conversation.line() if conversation else []
    if not turns:
        return told(f"Nothing was asked in conversation {session.current} yet.")
    lines = []
    run = turns[-1].run
    projection = run.past.projection
    for i, message in enumerate(run.messages):
        calls = [call["function"]["name"] for call in message.get("tool_calls") or []]
        text = " ".join(text_of(message).split())[:100] or " ".join(f"{c}()" for c in calls)
        mark = "" if projection.carries(i) else f"{t('(summarised)')} "
        lines.append(f"{message['role']:<9} {mark}{text}")
    return "\n".join(lines)


def _compact(session: Session, _rest: str) -> str:
    conversation = session.conversations.get(session.current)
    if conversation is None or conversation.head is None:
        raise UsageError("There is nothing to compact.", "Ask something with %%kimi first.")
    if conversation.head.run.finished is None:
        conversation.head.run.compact()
    else:
        conversation.compacts = True
    return (
        f"Before its next request, older messages of conversation {conversation.name} become a "
        "summary, if they are worth one; your request and the last steps stay in full. "
        "`%kimi history` keeps everything."
    )


def _tools(session: Session, _rest: str) -> str:
    return "\n".join(
        f"{tool.name:<18} {tool.effect:<9} {tool.description.partition('. ')[0]}"
        for tool in session.toolset([])
    )


def _import(session: Session, rest: str) -> str:
    if not rest:
        raise UsageError(
            "`%kimi import` needs a file: a JSON list of messages, or an object with `messages`.",
            "Nothing was changed.",
        )
    return session.begin_from(Path(rest.strip("\"'")).expanduser()).rstrip()


GO_ON = "Go on where you stopped."


def _continue(session: Session, rest: str) -> str:
    conversation = session.conversations.get(session.current)
    if conversation is None or conversation.head is None:
        raise UsageError("There is nothing to go on with.", "Ask something with %%kimi first.")
    options, _ = parse_line(rest)
    run = conversation.head.run
    session.ask(options, GO_ON if leaves_history(run) else run.started.prompt)
    return ""


def _resume(session: Session, rest: str) -> str:
    return resume(session, rest)


def _undo(session: Session, rest: str) -> str:
    if rest == "cells":
        last = session.driving.find(None)
        if last is None:
            raise UsageError("There is no run to undo.", "Nothing was changed.")
        return session.workbook.revert(last.run_id)
    if rest:
        raise UsageError(
            f"`%kimi undo {rest}` is no command.", "`%kimi undo` or `%kimi undo cells`."
        )
    restored, changed = session.driving.undo()
    lines = [
        f"Put back as before the last run: {', '.join(restored)}."
        if restored
        else "The last run rebound no name that was there before."
    ]
    if changed:
        lines.append(
            f"Changed within, which cannot be taken back: {', '.join(changed)}. Load them anew."
        )
    return "\n".join([*lines, "Files and what was sent elsewhere stay as they are."])


def _asking(session: Session) -> Run:
    """The run that waits for a decision."""
    run = next((run for run in reversed(session.runs.values()) if run.question), None)
    if run is None:
        raise UsageError("No run waits for a decision.", "`%kimi runs` lists them.")
    return run


def _approve(session: Session, _rest: str) -> str:
    run = _asking(session)
    run.approve()
    return f"{run.run_id} goes on."


def _deny(session: Session, rest: str) -> str:
    run = _asking(session)
    run.deny(rest)
    return f"Denied. {run.run_id} goes on, and the agent is told."


def _unfinished(session: Session, name: str = "") -> Run:
    """A run that has not ended: the one named, or the last one."""
    going = [r for r in session.runs.values() if r.finished is None and r.run_id.startswith(name)]
    if not going:
        raise UsageError("No run is going on.", "`%kimi runs` lists them.")
    return going[-1]


def _stop(session: Session, rest: str) -> str:
    run = _unfinished(session, rest)
    run.stop()
    return f"{run.run_id} stops. What it made so far stays."


def _say(session: Session, rest: str) -> str:
    if not rest:
        raise UsageError("`%kimi say` needs the text.", "Nothing was said.")
    run = _unfinished(session)
    run.say(rest)
    return f"{run.run_id} reads it before its next request."


def _doctor(session: Session, _rest: str) -> str:
    from nbagent.doctor import report  # noqa: PLC0415 -- looks at many packages; only when asked

    settings, given = session.settings()
    return report(settings.endpoint if given.endpoint else "", keys=session.keys).text


def _help(_session: Session, _rest: str) -> str:
    return "\n".join(f"{padded(form, 28)}{t(what)}" for form, what in HELP.items())


HELP = {
    "%%kimi [options] prompt": "ask for something; %%kimi? lists the options",
    "%kimi": "where things stand: endpoint, key, conversation, tokens, cost",
    "%kimi login [--save]": "type a key, hidden; --save keeps it for later sessions",
    "%kimi logout": "forget it",
    "%kimi use NAME|URL [-m M]": "another endpoint or model for this session (lesson: scripted, "
    "no key)",
    "%kimi reset [NAME]": "begin the conversation anew",
    "%kimi history": "what was said in it",
    "%kimi compact": "summarise its older messages before the next request",
    "%kimi tools": "what the model may call",
    "%kimi runs [TEXT]": "the last runs, of this kernel and earlier ones",
    "%kimi show [RUN]": "show a run's trace again",
    "%kimi export [FORM] [PATH]": "write a run as a notebook that runs by itself, html or jsonl",
    "%kimi import FILE.json": "begin the conversation from messages that were made elsewhere",
    "%kimi continue": "go on where the last run stopped",
    "%kimi resume [RUN]": "take up a run that was cut off, or ended without an answer",
    "%kimi undo": "put back the names that the last run rebound",
    "%kimi undo cells": "take back what it did to cells of the notebook",
    "%kimi stop [RUN]": "stop a run that goes on behind this cell",
    "%kimi say TEXT": "tell it something; it reads that before its next request",
    "%kimi approve, deny [WHY]": "answer what it asks",
    "%kimi doctor": "check the installation",
    "%kimi help": "these lines",
}
"""Each form of a line, and what it does."""


COMMANDS: dict[str, Command] = {
    "": _status,
    "login": _login,
    "logout": _logout,
    "use": _use,
    "reset": _reset,
    "history": _history,
    "compact": _compact,
    "tools": _tools,
    "runs": stored.runs,
    "show": stored.show_run,
    "export": stored.export,
    "import": _import,
    "continue": _continue,
    "resume": _resume,
    "undo": _undo,
    "stop": _stop,
    "say": _say,
    "approve": _approve,
    "deny": _deny,
    "doctor": _doctor,
    "help": _help,
}
_TAKES_TEXT = {"use", "say", "deny", "import", "export"}
_SAY_THEMSELVES = {"", "history", "tools", "runs", "doctor", "help"}
"""Commands that show what people, models and tools have written, or tables: in their words."""
