"""A group of commands that answers a slip of the fingers."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import click


class Commands(click.Group):
    """A group that answers a near miss with "did you mean"."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first word names.

        Raises:
            click.UsageError: there is none.
        """
        word = args[0]
        if self.get_command(ctx, word) is not None or word.startswith("-"):
            return super().resolve_command(ctx, args)
        near = difflib.get_close_matches(word, self.commands, n=1)
        hint = f"Did you mean `{ctx.command_path} {near[0]}`?" if near else _listed(self.commands)
        raise click.UsageError(f"There is no command {word!r}. {hint}", ctx)


def _listed(commands: Iterable[str]) -> str:
    return f"The commands are {', '.join(commands)}."
