"""What outlives a run in one kernel: conversations, runs, keys, executor, choices."""

from __future__ import annotations

import argparse
import difflib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from nbagent.assembly import Address, Given, address_of, foreign_host_note, new_run, open_model
from nbagent.clock import SystemClock
from nbagent.conversation import Conversation, Opening, begun_from
from nbagent.errors import UsageError
from nbagent.events import Event, StepStarted
from nbagent.kernel.attach import attach
from nbagent.kernel.describe import alive_in, inspect_variable_tool, list_variables_tool
from nbagent.kernel.frontend import cell_id, has_kernel
from nbagent.kernel.lookup import own_variables
from nbagent.kernel.read_output import read_output_tool
from nbagent.kernel.run_python import run_python_tool
from nbagent.kimi.endpoints import resolve_endpoint
from nbagent.kimi.keys import KeyStore
from nbagent.loop import Loop, agent_loop
from nbagent.magics.config import Kimi
from nbagent.magics.driving import Driving
from nbagent.magics.lab_defaults import ADDRESS, LabDefaults
from nbagent.magics.live_runs import NAME, LiveRuns
from nbagent.magics.workbook import Workbook
from nbagent.notebook import Notebook, this_notebook
from nbagent.notebook.pages import DESK
from nbagent.phrases import plural
from nbagent.policy import gate_of
from nbagent.redact import Redactor
from nbagent.repair import parsed
from nbagent.run import Run
from nbagent.run.recipe import Recipe
from nbagent.run.work import AskModel, Decide
from nbagent.settings import Settings, resolve
from nbagent.tools import Toolset
from nbagent.words import t, told

SCRIPTED = "Lesson server"
"""Who changes cells where replies are scripted."""
NOBODY_STEPS = "Nobody is here to step, so the run does not rest between its moves."


class Session:
    """One kernel's nbagent.

    Args:
        shell: the IPython shell.

    Attributes:
        conversations: by name; the unnamed one is `main`.
        current: name of the conversation that `%%kimi` goes on with.
        runs: every run of this kernel, by name, oldest first.
        chosen: what `%kimi use` has set for this session.
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.clock = SystemClock()
        self.config = Kimi(parent=shell)
        self.keys = KeyStore()
        self.redact = Redactor()
        self.conversations: dict[str, Conversation] = {}
        self.current = "main"
        self.chosen: dict[str, Any] = {}
        self.cell_ids: dict[int, str] = {}
        self.failed_cells: set[int] = set()
        self.driving = Driving(shell, self.clock, self.redact)
        self.runs = self.driving.runs
        self.driving.on_successor = self._follow
        self._lab = LabDefaults()
        self.driving.mailbox.put_up(ADDRESS, self._lab.answer)
        self.driving.mailbox.put_up(NAME, LiveRuns(self).answer)
        self.workbook = Workbook(shell, self.driving, self.clock, self.redact, self.notebook)
        self.driving.on_driven = lambda run: self.workbook.publish(run.run_id)
        self.driving.mailbox.put_up(DESK, self.workbook.pages.answer)
        self._told_hosts: set[str] = set()
        self.cell_events: tuple[tuple[str, Callable[[Any], None]], ...] = (
            ("pre_run_cell", self.note_cell),
            ("post_run_cell", self.note_result),
            ("pre_run_cell", self.driving.background.note_cell_begins),
            ("post_run_cell", self.driving.background.note_cell_ends),
        )

    # Settings

    def settings(self, options: argparse.Namespace | None = None) -> tuple[Settings, Given]:
        """The settings in force for a line, and what of them the user chose on purpose.

        Raises:
            SettingsError: a value cannot work.
        """
        line = {k: v for k, v in vars(options or argparse.Namespace()).items() if v is not None}
        config, lab = self.config.chosen() | self.chosen, self._lab.chosen()
        chosen = {k for source in (line, config, lab) for k, v in source.items() if v is not None}
        given = Given(
            endpoint="endpoint" in chosen or bool(os.environ.get("NBAGENT_ENDPOINT")),
            model="model" in chosen or bool(os.environ.get("NBAGENT_MODEL")),
        )
        return resolve(line, config, os.environ, lab), given

    @property
    def interactive(self) -> bool:
        """Whether somebody can answer a question now."""
        return self.driving.interactive

    # Tools and loops by name

    def toolset(
        self,
        names: Iterable[str],
        settings: Settings | None = None,
        *,
        conversation: str = "",
        who: str = "",
        replays: bool = False,
    ) -> Toolset:
        """The built-in tools and the user's own.

        Args:
            names: the user's.
            settings: those in force; the session's if None.
            conversation: the key of the conversation that goes on.
            who: whose changes of cells they make, in words; '' for Kimi's.
            replays: whether they are for a replay.

        Raises:
            UsageError: a name is no function of the notebook.
        """
        settings = settings or self.settings()[0]
        names_there = frozenset(own_variables(self.shell))
        live = run_python_tool(settings.tool_seconds, self.redact, self.shell.user_ns, names_there)
        if replays:
            cells = self.workbook.replayed_tools(live)
        else:
            cells = self.workbook.tools(live, conversation, who=who, plan=settings.plan)
        return Toolset(
            [
                live,
                list_variables_tool(self.shell),
                inspect_variable_tool(self.shell),
                read_output_tool(),
                *cells,
                *(self.named(name, "function") for name in names),
            ]
        )

    def loop(self, name: str) -> Loop:
        """The loop function of that name, or the built-in one."""
        return self.named(name, "loop function") if name else agent_loop

    def named(self, name: str, what: str) -> Any:
        """A notebook object by name.

        Raises:
            UsageError: there is none.
        """
        if name in self.shell.user_ns:
            return self.shell.user_ns[name]
        close = difflib.get_close_matches(name, list(self.shell.user_ns), n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise UsageError(f"There is no {what} called {name} here.{hint}", "Nothing was sent.")

    def notebook(self) -> Notebook:
        """The cells of this kernel's notebook, as far as they are known."""
        typed = {"In": self.shell.history_manager.input_hist_raw}
        return this_notebook(os.environ, self.shell.user_ns | typed, self.cell_ids)

    def note_cell(self, info: Any) -> None:
        """Note the id of a cell that begins to run (IPython's `pre_run_cell`)."""
        cell = getattr(info, "cell_id", None)
        if cell and info.store_history:
            self.cell_ids[len(self.shell.history_manager.input_hist_raw)] = cell

    def note_result(self, result: Any) -> None:
        """Note that a cell has failed (IPython's `post_run_cell`)."""
        if not result.success and result.execution_count:
            self.failed_cells.add(result.execution_count)

    # Runs

    def conversation(self, name: str | None, *, new: bool) -> Conversation:
        """The named conversation, or the current one; `new` begins it afresh."""
        self.current = name or self.current
        if new or self.current not in self.conversations:
            self.conversations[self.current] = Conversation(self.current)
        return self.conversations[self.current]

    def opening(self, options: argparse.Namespace) -> tuple[Conversation, Opening]:
        """The conversation that a line goes on with, and where its turn begins.

        Raises:
            UsageError: a run of it has not ended.
        """
        conversation = self.conversation(options.conversation, new=options.new)
        if conversation.head is not None and conversation.head.run.finished is None:
            raise UsageError(
                f"A run of conversation {conversation.name} still goes on.",
                "Wait for it with `_.wait()`, stop it with `%kimi stop`, or begin another with -n "
                "or --conversation NAME. Nothing was sent.",
            )
        return conversation, conversation.opening(cell_id(self.shell))

    def prepare(
        self, options: argparse.Namespace, prompt: str
    ) -> tuple[Run, Conversation, Opening]:
        """Make a run of a prompt, ready to be driven; nothing has been sent.

        Raises:
            NBAgentError: something about it cannot work, in words.
        """
        settings, given = self.settings(options)
        attachment = attach(prompt, self.shell, cell_source=self.workbook.cell_text)
        conversation, opening = self.opening(options)
        names = [name.strip() for name in (options.tools or "").split(",") if name.strip()]
        recipe, notes = self.recipe(conversation, settings, given, names, options.loop or "")
        run = new_run(
            recipe,
            prompt,
            content=attachment.content,
            sent=attachment.sent,
            opening=opening,
            conversation=conversation.name,
            cell_id=cell_id(self.shell),
            notes=[
                *notes,
                opening.note,
                self.driving.lost_note(),
                NOBODY_STEPS if options.step and not self.interactive else "",
            ],
        )
        return run, conversation, opening

    def recipe(
        self,
        conversation: Conversation,
        settings: Settings,
        given: Given,
        tools: Sequence[str],
        loop: str,
    ) -> tuple[Recipe, list[str]]:
        """What a run of a conversation is made of, and what its reader is told first.

        Args:
            conversation: the conversation.
            settings: the settings in force.
            given: what of them the user chose on purpose.
            tools: names of notebook functions to offer too.
            loop: name of the loop function, '' for the built-in one.

        Raises:
            NBAgentError: something about it cannot work, in words; nothing was sent.
        """
        address = address_of(
            settings,
            given=given,
            interactive=self.interactive,
            environ=os.environ,
            keys=self.keys,
            clock=self.clock,
        )
        if address.secret is not None:
            self.redact.add(address.secret.reveal())
        self.redact.add_environment(os.environ)
        model = open_model(
            address, settings, given=given, clock=self.clock, cache_key=conversation.key
        )
        recipe = Recipe(
            model=model,
            tools=self.toolset(
                tools,
                settings,
                conversation=conversation.key,
                who=SCRIPTED if model.facts.scripted else "",
            ),
            settings=settings,
            clock=self.clock,
            loop=self.loop(loop),
            gate=gate_of(settings),
            standing=conversation.standing,
            account=conversation.account,
            redact=self.redact,
            made_of={
                "settings": asdict(settings),
                "given": asdict(given),
                "tools": list(tools),
                "loop": loop,
                "conversation_key": conversation.key,
            },
            alive=partial(alive_in, self.shell),
        )
        return recipe, [address.note, self._first_time(address)]

    def _first_time(self, address: Address) -> str:
        """The note on a foreign host, before the first request to it."""
        host = address.endpoint.host
        note = "" if host in self._told_hosts else foreign_host_note(address.endpoint)
        self._told_hosts.add(host)
        return note

    def ask(self, options: argparse.Namespace, prompt: str) -> Run:
        """Run a prompt to its end in this cell; the run is `_` afterwards.

        Raises:
            NBAgentError: something about it cannot work, in words; nothing was sent.
        """
        run, conversation, opening = self.prepare(options, prompt)
        conversation.add(run, opening, run.started.cell_id)
        if conversation.compacts:
            conversation.compacts = False
            run.compact()
        if options.step and self.interactive:
            run.moves.until = "move"
        if options.bg and self.interactive and has_kernel(self.shell):
            self.driving.drive_in_background(run)
        else:
            self.driving.drive(run)
        self.bind(run, options.out)
        return run

    def _follow(self, run: Run, successor: Run) -> None:
        """A run goes on where another one has ended: it takes that one's turn."""
        for conversation in self.conversations.values():
            for turn in conversation.turns:
                if turn.run is run:
                    conversation.add(successor, Opening(turn.parent, turn), turn.cell_id)
                    return

    def bind(self, run: Run, name: str | None) -> None:
        """Make the run `_` and `Out[n]`, as if the cell had returned it; and `name`, if given."""
        self.shell.displayhook.update_user_ns(run)
        if name:
            self.shell.user_ns[name] = run

    def show(self, run_id: str, events: Iterable[Event]) -> None:
        """Show a finished run's trace in the present cell; its old steps can be asked for."""
        settings, _ = self.settings()
        self.driving.show(run_id, list(events), settings)

    def preview(self, run: Run) -> str:
        """What the first request of a run would carry and about cost, in words."""
        work = run.pending()
        run.stop()
        run.pending()
        if isinstance(work, Decide):
            return told(f"Nothing was sent. {work.why}")
        asked = next((e for e in run.events if isinstance(e, StepStarted)), None)
        if not isinstance(work, AskModel) or asked is None:
            return str(run)
        request, facts = work.request, run.recipe.model.facts
        cost = t("unknown") if asked.est_usd is None else f"${asked.est_usd:.4f}"
        body = json.dumps(request.json(), ensure_ascii=False, indent=1)
        head = told(
            f"Nothing was sent. The first request would go to {facts.host}: {request.n:,} "
            f"messages, {request.n_bytes:,} bytes, est. {asked.est_tokens:,} tokens in, est. cost "
            f"of its input {cost}."
        )
        return self.redact(f"{head}\n\n{body}")

    def begin_from(self, path: Path) -> str:
        """Begin the current conversation anew, from the messages in a file; what was changed.

        Raises:
            UsageError: the file holds no messages.
        """
        settings, _ = self.settings()
        self.redact.add_environment(os.environ)
        start, report = begun_from(
            parsed(path.read_text("utf-8", errors="replace")),
            self.redact,
            thinking=settings.thinking,
            reasoning_key=resolve_endpoint(settings, os.environ).reasoning_key,
        )
        self.conversations[self.current] = Conversation(self.current, start=start)
        n_messages = plural(len(start), "message")
        return f"Conversation {self.current} begins with {n_messages} of {path.name}.\n{report}"

    def use(self, settings: dict[str, Any]) -> None:
        """Set endpoint or model for the rest of the session, if that can work."""
        merged = self.config.chosen() | self.chosen | settings
        resolve_endpoint(resolve({}, merged, os.environ), os.environ)
        self.chosen |= settings
