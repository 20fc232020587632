"""`nbagent lessons`: the course's notebooks, copied, reset and graded; and the lesson server.

What a command needs is loaded when it is called, so that the others need not wait for it.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from nbagent.cli.group import Commands
from nbagent.errors import NBAgentError

FOLDER = click.Path(file_okay=False, path_type=Path)
INTO = click.option(
    "-o", "--into", type=FOLDER, default=Path(), show_default="here", help="Folder for the copy."
)


@click.group(cls=Commands)
def lessons() -> None:
    """The course, and the lesson server: replies written by people, over the real wire format."""


@lessons.command("list")
def list_lessons() -> None:
    """List the lessons, and how far you came."""
    from nbagent.lessons.course.progress import CourseMap, Progress  # noqa: PLC0415 -- see above

    click.echo(repr(CourseMap(Progress().all())))


@lessons.command()
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@INTO
@click.option("--yes", is_flag=True, help="Do not ask; a file that is there is kept beside.")
def copy(*, numbers: tuple[str, ...], into: Path, yes: bool) -> None:
    """Copy lessons' notebooks to work on; all if no NUMBER is given.

    A file that is there is asked about, and kept under another name.
    """
    _copy(numbers, into, yes=yes)


@lessons.command()
@click.argument("numbers", nargs=-1, required=True, metavar="NUMBER...")
@INTO
def reset(*, numbers: tuple[str, ...], into: Path) -> None:
    """Begin lessons anew; what you have written is kept under another name."""
    _copy(numbers, into, yes=True)


def _copy(numbers: tuple[str, ...], into: Path, *, yes: bool) -> None:
    from nbagent.lessons.course import exercises, notebooks  # noqa: PLC0415 -- see above

    def may_replace(path: Path) -> bool:
        words = f"{path} is there. Keep it under another name, and put a new copy there?"
        return yes or click.confirm(words)

    wanted = numbers or exercises.numbers()
    for number in wanted:
        notebooks.source(number)  # one that is misspelt is told before anything is copied
    for number in wanted:
        copied = notebooks.copy(number, into, may_replace)
        if not copied.made:
            click.echo(f"Left as it is: {copied.path}")
        elif copied.kept:
            click.echo(f"New copy: {copied.path}  (what was there is now {copied.kept.name})")
        else:
            click.echo(f"New copy: {copied.path}")


@lessons.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "-o", "--out", type=FOLDER, default=Path(), show_default="here", help="For grades.csv, .json."
)
@click.option(
    "--limit", type=click.FloatRange(1), default=300.0, show_default=True, metavar="SECONDS",
    help="How long one notebook may take.",
)  # fmt: skip
def grade(*, folder: Path, out: Path, limit: float) -> None:
    """Execute the notebooks below FOLDER (STUDENT/NOTEBOOK) anew, and grade them.

    Nothing that they show or have stored is believed. Their code runs with your rights: run this
    where students' code may run.
    """
    from nbagent.clock import SystemClock  # noqa: PLC0415 -- see above
    from nbagent.lessons.course.grading import as_csv, as_json, grade  # noqa: PLC0415 -- see above

    if find_spec("nbclient") is None:
        raise NBAgentError("Grading needs nbclient.", 'Run `pip install "nbagent-kimi[lab]"`.')
    rows = grade(folder, SystemClock(), click.echo, limit)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in (("grades.csv", as_csv(rows)), ("grades.json", as_json(rows))):
        (out / name).write_text(text, encoding="utf-8")
        click.echo(f"Written: {out / name}")


@lessons.command()
@click.argument("number")
@click.argument("title")
@click.option("-o", "--into", type=FOLDER, help="A new folder; lesson-NUMBER if not given.")
@click.option("--graded", is_flag=True, help="Keep solution and checks in a teacher's folder.")
def new(*, number: str, title: str, into: Path | None, graded: bool) -> None:
    """Make the files of a new lesson: NUMBER (two digits) and TITLE."""
    from nbagent.lessons.course.exercises import FOLDER_VARIABLE  # noqa: PLC0415 -- see above
    from nbagent.lessons.course.scaffold import scaffold  # noqa: PLC0415 -- see above

    made = scaffold(number, title, into or Path(f"lesson-{number}"), graded=graded)
    for path in made:
        click.echo(f"Written: {path}")
    folder = made[0].parent.resolve()
    click.echo(f'Try it: {FOLDER_VARIABLE}="{folder}" jupyter lab "{made[0]}"')


@lessons.command()
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, show_default="any free one",
    help="Port to listen on.",
)  # fmt: skip
@click.option(
    "--pace", type=click.FloatRange(0, min_open=True), metavar="RATE",
    help="Tokens per second; inf for no pacing.",
)  # fmt: skip
@click.pass_context
def serve(context: click.Context, port: int, pace: float | None) -> None:
    """Serve scripted replies on this machine until Ctrl-C. This is not Kimi."""
    from nbagent.clock import SystemClock  # noqa: PLC0415 -- see above
    from nbagent.lessons.process import serve as serve_lessons  # noqa: PLC0415 -- see above

    options = ["--port", str(port), *([] if pace is None else ["--pace", str(pace)])]
    context.exit(serve_lessons(SystemClock(), options))
