"""Joins settings to a live endpoint and a prompt to a run; shared by magics and scripts.

The one rule that matters here: a scripted stand-in answers only where it is asked for, or in an
interactive kernel that has neither key nor endpoint; it is never a fallback for one that fails.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from nbagent.clock import Clock
from nbagent.conversation import Opening, history_after, past_after
from nbagent.errors import NoKeyError, SettingsError
from nbagent.events import RunStarted, Sent
from nbagent.kimi.client import KimiModel, connect
from nbagent.kimi.endpoints import PRESETS, Endpoint, environment_url, resolve_endpoint
from nbagent.kimi.keys import KeyStore
from nbagent.lessons.process import ensure
from nbagent.messages import Content
from nbagent.run import Run
from nbagent.run.recipe import Recipe
from nbagent.run.window import window_tokens
from nbagent.settings import Secret, Settings

NO_KEY_INTERACTIVE = (
    "No Kimi key found, so this is a scripted stand-in, not Kimi. It can only describe, count and "
    "plot your variables. `%kimi login` connects the real model. Nothing left this machine."
)
NO_KEY_HEADLESS = "No key and no endpoint: nothing was sent and no answer was made."
NO_KEY_REMEDY = "Set MOONSHOT_API_KEY, or use `--endpoint lesson` if you want scripted answers."


@dataclass(frozen=True, slots=True)
class Address:
    """Where a run's requests will go.

    Attributes:
        endpoint: the server, with its address.
        secret: the key for it, if there is one.
        note: what the reader is told first ('' for nothing).
    """

    endpoint: Endpoint
    secret: Secret | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What the user chose on purpose, as far as it changes where requests go."""

    endpoint: bool = False
    model: bool = False


def address_of(
    settings: Settings,
    *,
    given: Given,
    interactive: bool,
    environ: Mapping[str, str],
    keys: KeyStore,
    clock: Clock,
) -> Address:
    """Find the endpoint and its key; starts the lesson server where that is what answers.

    Raises:
        NoKeyError: the endpoint needs a key and there is none; nothing was sent.
        SettingsError: the endpoint is unknown, or its host is not among the allowed ones.
    """
    endpoint = resolve_endpoint(settings, environ)
    if endpoint.scripted:
        return _lesson(clock)
    _check_host(endpoint, settings)
    secret = keys.find(endpoint, environ)
    if secret is not None or not endpoint.key_required:
        return Address(endpoint, secret)
    if interactive and not given.endpoint and not environment_url(environ):
        return _lesson(clock, NO_KEY_INTERACTIVE)
    if given.endpoint or environment_url(environ):
        raise NoKeyError(
            f"No key for {endpoint.host}: nothing was sent and no answer was made.",
            "Set MOONSHOT_API_KEY or use `%kimi login`.",
        )
    raise NoKeyError(NO_KEY_HEADLESS, NO_KEY_REMEDY)


def _lesson(clock: Clock, note: str = "") -> Address:
    server = ensure(clock)
    return Address(PRESETS["lesson"].at(server.url), Secret(server.key), note)


def _check_host(endpoint: Endpoint, settings: Settings) -> None:
    allowed = settings.allowed_hosts
    if allowed and not endpoint.loopback and endpoint.host not in allowed:
        raise SettingsError(
            f"{endpoint.host} is not among the allowed hosts ({', '.join(allowed)}).",
            "Nothing was sent. `%config Kimi.allowed_hosts` holds the list.",
        )


def foreign_host_note(endpoint: Endpoint) -> str:
    """What is said before the first request to a foreign host; '' for this machine."""
    if endpoint.loopback:
        return ""
    host = endpoint.host
    if endpoint.operator:
        host = f"{endpoint.host}, run by {endpoint.operator}"
    return (
        f"Requests go to {host}. Sent are your prompt, what you attach with @, "
        "the code that the agent writes and what its tools return; the count stands in the header."
    )


def open_model(
    address: Address, settings: Settings, *, given: Given, clock: Clock, cache_key: str
) -> KimiModel:
    """Connect to an endpoint; nothing is sent yet, except to ask an unknown one for its models."""
    return connect(
        settings,
        address.endpoint,
        address.secret,
        clock,
        cache_key=cache_key,
        model_given=given.model,
    )


def system_prompt(replacement: str = "") -> str:
    """The system prompt in force: the built-in file unless it is replaced."""
    return replacement or files("nbagent").joinpath("prompt.md").read_text("utf-8")


def new_run(
    recipe: Recipe,
    prompt: str,
    *,
    content: Content | None = None,
    sent: Sequence[Sent] = (),
    opening: Opening | None = None,
    conversation: str = "main",
    cell_id: str = "",
    notes: Iterable[str] = (),
    replays: str = "",
) -> Run:
    """Make a run, ready to be driven; nothing has been sent.

    Args:
        recipe: model, tools and policies.
        prompt: the sentence as typed.
        content: the same with attachments, if there are any.
        sent: the pieces of the content, with their bytes.
        opening: where in its conversation the run begins.
        conversation: that conversation's name.
        cell_id: the cell it was asked in.
        notes: what the reader is told first.
        replays: the saved run that it replays, if it does.
    """
    facts = recipe.model.facts
    system = system_prompt(recipe.settings.system)
    opening = opening or Opening()
    past = past_after(opening.parent, system)
    started = RunStarted(
        run_id=f"run-{secrets.token_hex(4)}",
        prompt=recipe.redact(prompt),
        model=facts.model,
        host=facts.host,
        operator=facts.operator,
        scripted=facts.scripted,
        conversation=conversation,
        cell_id=cell_id,
        tools=tuple(tool.name for tool in recipe.tools),
        system=system,
        wall=recipe.clock.wall(),
        window_tokens=window_tokens(recipe.settings, facts),
        price=facts.price,
        note=" ".join(note for note in notes if note),
        past=past.told(),
        replays=replays,
    )
    return Run(
        recipe,
        prompt=content or prompt,
        started=started,
        history=history_after(opening.parent, system, opening.start),
        sent=sent,
    )
