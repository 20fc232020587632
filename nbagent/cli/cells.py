"""`nbagent cells`: what an agent proposed for the cells of a notebook, put into its file."""

from __future__ import annotations

from pathlib import Path

import click

from nbagent.cli.group import Commands


@click.group(cls=Commands)
def cells() -> None:
    """Changes of cells that an agent proposed where no page was open."""


@cells.command()
@click.argument("notebook", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Write here instead of over NOTEBOOK.",
)
@click.option("--force", is_flag=True, help="Take the place of a file that is there.")
def apply(*, notebook: Path, out: Path | None, force: bool) -> None:
    """Put into NOTEBOOK, as papermill or nbconvert left it, what agents proposed for its cells.

    Each change is marked; JupyterLab shows it with Accept and Reject. A notebook that is open there
    is left alone.
    """
    from nbagent.cli.applying import apply_to_file  # noqa: PLC0415 -- loads Jupyter

    click.echo(apply_to_file(notebook, out or notebook, force=force))
