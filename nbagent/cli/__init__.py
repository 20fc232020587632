"""The `nbagent` command.

Exit codes: 0 done · 1 agent or notebook failed · 2 usage · 3 limit reached · 4 a needed approval
was denied · 5 no key, endpoint or network · 130 interrupted.

Read next: `runs`, the commands about runs on record; `lessons`, those about the course.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from nbagent import __version__
from nbagent.cli.cells import cells
from nbagent.cli.group import Commands
from nbagent.cli.lessons import lessons
from nbagent.cli.runs import runs
from nbagent.errors import (
    AuthFailed,
    ConnectionFailed,
    NBAgentError,
    NoKeyError,
    SettingsError,
    UsageError,
)
from nbagent.words import told

FAILED, USAGE, NO_ACCESS, INTERRUPTED = 1, 2, 5, 130


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nbagent")
def nbagent() -> None:
    """A Jupyter-native agent toolkit for Kimi K2.6.

    In a notebook: `%load_ext nbagent`, then `%%kimi` and a sentence.
    """


@nbagent.command()
@click.option(
    "-o",
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("nbagent-demo"),
    show_default=True,
    help="Directory for the executed notebook and its HTML.",
)
def demo(out: Path) -> None:
    """Run the quickstart notebook on real data, with scripted replies: no key, no network."""
    from nbagent.demo import run_demo  # noqa: PLC0415 -- loads Jupyter; other commands need not

    click.echo(run_demo(out, click.echo))


@nbagent.command()
@click.option("--endpoint", default="", metavar="NAME|URL", help="Look at this endpoint.")
@click.pass_context
def doctor(context: click.Context, endpoint: str) -> None:
    """Check versions, Jupyter, key, endpoint, proxy and storage. Sends nothing away."""
    from nbagent.doctor import report  # noqa: PLC0415 -- loads Jupyter; other commands need not

    found = report(endpoint)
    click.echo(found.text)
    context.exit(0 if found.ok else FAILED)


nbagent.add_command(lessons)
nbagent.add_command(runs)
nbagent.add_command(cells)


def exit_code(error: NBAgentError) -> int:
    """The exit code that stands for an error."""
    if isinstance(error, NoKeyError | ConnectionFailed | AuthFailed):
        return NO_ACCESS
    return USAGE if isinstance(error, UsageError | SettingsError) else FAILED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: words after `nbagent`; the process's own if None.

    Returns:
        The exit code.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return int(nbagent.main(words, "nbagent", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except NBAgentError as error:
        click.echo(told(str(error)), err=True)
        return exit_code(error)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
