"""What the Tab key completes in `%%kimi` cells and `%kimi` lines, in every front end.

Options and their values on the magic's line, `@names` with type and size anywhere in the prompt,
commands and their arguments behind `%kimi`. IPython asks by a matcher of its own; a page can ask
over the control channel too, which is answered while a cell is busy. So looking at a variable
reads its type and, of well-known kinds, its size: no repr, no property, no code of the user.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from nbagent.export import FORMATS
from nbagent.kernel.describe import guarded, is_well_known, type_and_size
from nbagent.kernel.files import near_files
from nbagent.kernel.lookup import own_variables
from nbagent.kernel.mailbox import Command
from nbagent.kernel.tables import is_frame
from nbagent.kimi.endpoints import PRESETS, PRICES
from nbagent.magics.firstline import magic_line
from nbagent.magics.line import COMMANDS, HELP
from nbagent.magics.options import OPTIONS
from nbagent.phrases import one_line, size
from nbagent.words import counted, t, told

if TYPE_CHECKING:
    from nbagent.magics.session import Session

NAME = "prompt"
"""Whom a page's command names that asks for completions."""
MAX_ITEMS = 200
_MAX_FILES = 50
_ABOUT = 80
_LINE = re.compile(r"[ \t]*%kimi[ \t]+")
_WORD = re.compile(r"""(?P<flag>--?[\w-]+=)?(?P<value>"[^"]*"|'[^']*'|\S*)""")
_REFERENCE = re.compile(r"""(?<![A-Za-z0-9_.+\\/@-])@(?:"[^"\n]*|'[^'\n]*|[\w./~:-]*)$""")
_LAST_WORD = re.compile(r"\S*$")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Item:
    """One completion.

    Attributes:
        text: what stands in the text afterwards.
        about: what it is or does, in a few words.
        kind: option, value, command, variable, error, cell or file.
    """

    text: str
    about: str = ""
    kind: str = "value"


@dataclass(frozen=True, slots=True)
class Completed:
    """The completions of a place; none of them in plain text.

    Attributes:
        start: where the word begins that they replace; it ends at the cursor.
        items: the best first.
    """

    start: int
    items: tuple[Item, ...] = ()


class Completing:
    """Completes what is typed for one kernel's `%%kimi`.

    Args:
        session: the kernel's.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._values: dict[str, Callable[[], Iterable[Item]]] = {
            "--endpoint": _presets,
            "-m": _models,
            "--model": _models,
            "--conversation": self._conversations,
            "--tools": self._functions,
            "--loop": lambda: self._functions(inspect.CO_GENERATOR),
        }
        self._arguments: dict[str, Callable[[], Iterable[Item]]] = {
            "use": _presets,
            "reset": self._conversations,
            "login": lambda: [Item("--save", "keep the key for later sessions", "option")],
            "export": lambda: [*(Item(form) for form in FORMATS), *self._runs()],
            **dict.fromkeys(("show", "stop", "resume"), self._runs),
        }

    # Who asks

    def matcher(self) -> Any:
        """IPython's matcher; where we know the cell, no other one is asked."""

        @context_matcher(identifier="nbagent")  # type: ignore[untyped-decorator] # IPython's
        def kimi_matcher(context: CompletionContext) -> dict[str, Any]:
            lines = context.full_text.split("\n")
            before = sum(len(line) + 1 for line in lines[: context.cursor_line])
            cursor = before + context.cursor_position
            completed = self.at(context.full_text, cursor)
            if completed is None:
                return {"completions": []}
            word = context.full_text[completed.start : cursor]
            found = [SimpleCompletion(i.text, type=i.about or i.kind) for i in completed.items]
            return {
                "completions": found or _NothingElse(),
                "matched_fragment": word,
                "ordered": True,
                "suppress": True,
            }

        return kimi_matcher

    def answer(self, action: str, command: Command) -> dict[str, Any]:
        """Answer a page, on whichever thread brings its command.

        Raises:
            LookupError: there is no such action.
        """
        if action != "complete":
            raise LookupError(f"there is no action {action!r}")
        code, cursor = str(command.get("code", "")), int(command.get("cursor", 0))
        completed = self.at(code, cursor) or Completed(cursor)
        items = [asdict(item) for item in completed.items]
        answer: dict[str, Any] = {"start": completed.start, "end": cursor, "items": items}
        return dict(self._session.redact.value(answer))

    # Where the cursor is

    def at(self, code: str, cursor: int) -> Completed | None:
        """Complete what ends at the cursor; None if it is in no text of ours.

        Args:
            code: the whole cell.
            cursor: index into it, in characters.
        """
        before = code[:cursor]
        magic = magic_line(code)
        if magic is None:
            line = before.rpartition("\n")[2]
            match = _LINE.match(line)
            return self._command(line[match.end() :], cursor) if match else None
        begin, end = magic
        if cursor <= begin:
            return None  # the magic's own name, or a comment above it
        if cursor <= end:
            return self._first_line(code[begin:cursor].lstrip(), before)
        return self._prompt(before, code[begin:cursor])

    def _first_line(self, typed: str, before: str) -> Completed:
        """On the magic's line: options first, then the prompt begins."""
        flag, rest = "", typed
        while rest.startswith("-") or flag:
            match = _WORD.match(rest)
            assert match is not None
            word, rest = match[0], rest[match.end() :]
            if not rest:
                return self._option(flag, word, len(before))
            rest = rest.lstrip()
            if word == "--":
                return self._prompt(before, typed)
            takes = not flag and not match["flag"] and _takes_value(word)
            flag = word if takes else ""
        if not rest:
            return _fitting("", _flags(), len(before))
        return self._prompt(before, typed)

    def _option(self, flag: str, word: str, cursor: int) -> Completed:
        """A flag, or the value of the flag before it or in the same word."""
        name, equals, value = word.partition("=")
        if not flag and not equals:
            return _fitting(word, _flags(), cursor)
        flag, value = (flag, word) if flag else (name, value)
        if flag == "--tools":
            value = value.rpartition(",")[2]
        offered = self._values.get(flag, lambda: _choices(flag))
        return _fitting(value, offered(), cursor)

    def _command(self, typed: str, cursor: int) -> Completed:
        word, space, rest = typed.partition(" ")
        if not space:
            return _fitting(word, _commands(), cursor)
        offered = self._arguments.get(word)
        last = _LAST_WORD.search(rest)
        assert last is not None
        return _fitting(last[0], offered() if offered else (), cursor)

    def _prompt(self, before: str, prompt: str) -> Completed:
        """In the prompt: what an `@` names; prose and code in fences are left alone."""
        match = _REFERENCE.search(before)
        if match is None or len(_FENCE.findall(prompt)) % 2:
            word = _LAST_WORD.search(before)
            assert word is not None
            return Completed(word.start())
        typed = match[0][1:]
        if typed.startswith("cell:"):
            return _fitting(match[0], self._cells(), len(before))
        if typed[:1] in ("'", '"'):
            return _fitting(match[0], _files(typed[1:], typed[0]), len(before))
        owner, dot, _ = typed.partition(".")
        if dot and owner in own_variables(self._session.shell):
            return _fitting(match[0], self._parts(owner), len(before))
        return _fitting(match[0], self._names(typed), len(before))

    # What there is

    def _names(self, typed: str) -> Iterator[Item]:
        there = own_variables(self._session.shell)
        modules = {n: v for n, v in there.items() if issubclass(type(v), ModuleType)}
        for name in reversed([*modules, *(n for n in there if n not in modules)]):
            yield Item(f"@{name}", type_and_size(there[name]), "variable")
        yield Item("@last", "the last error, with its traceback", "error")
        yield Item("@cell:", "a cell of this notebook, by its id", "cell")
        yield from _files(typed, "")

    def _parts(self, owner: str) -> Iterator[Item]:
        """Columns of a table, or what an object holds itself; no property is run."""
        value = own_variables(self._session.shell)[owner]
        is_table = is_well_known(value) and is_frame(value)
        columns = guarded(lambda: list(value.columns)) if is_table else None
        held = columns or guarded(lambda: list(object.__getattribute__(value, "__dict__"))) or []
        for name in held[:MAX_ITEMS]:
            if isinstance(name, str) and name.isidentifier() and not name.startswith("_"):
                yield Item(
                    f"@{owner}.{name}", t("column") if columns else t("attribute"), "variable"
                )

    def _cells(self) -> Iterator[Item]:
        for cell in reversed(self._session.notebook().cells):
            yield Item(f"@cell:{cell.id}", one_line(cell.source, _ABOUT), "cell")

    def _functions(self, flags: int = 0) -> Iterator[Item]:
        """The notebook's functions whose code has these flags."""
        for name, value in reversed(own_variables(self._session.shell).items()):
            if type(value) is FunctionType and value.__code__.co_flags & flags == flags:
                arguments = counted(value.__code__.co_argcount, "argument")
                doc = value.__doc__ or t("function of {arguments}", arguments=arguments)
                yield Item(name, one_line(doc.partition("\n")[0], _ABOUT))

    def _conversations(self) -> Iterator[Item]:
        for name, conversation in list(self._session.conversations.items()):
            yield Item(name, counted(len(conversation.line()), "turn"))

    def _runs(self) -> Iterator[Item]:
        for run in reversed(list(self._session.runs.values())):
            yield Item(run.run_id, one_line(run.started.prompt, _ABOUT))


class _NothingElse(tuple[()]):
    """No completions, and that is the answer: IPython asks others only where it counts none."""

    __slots__ = ()

    def __len__(self) -> int:
        return 1


def _fitting(word: str, offered: Iterable[Item], cursor: int) -> Completed:
    """Those of the items that begin with the word; `@a` finds `@"a file.csv"` too."""
    typed = word.casefold()
    texts = ((item, item.text.casefold()) for item in offered)
    fits = [
        i for i, text in texts if typed in (text[: len(typed)], text.replace('"', "")[: len(typed)])
    ]
    return Completed(cursor - len(word), tuple(fits[:MAX_ITEMS]))


def _flags() -> Iterator[Item]:
    for flags, keywords in OPTIONS:
        value = keywords.get("metavar") or "|".join(keywords.get("choices", ()))
        form = f"{value}: " if value else ""
        for flag in flags:
            yield Item(flag, f"{form}{told(keywords['help'])}", "option")


def _takes_value(flag: str) -> bool:
    return any("action" not in keywords for flags, keywords in OPTIONS if flag in flags)


def _choices(flag: str) -> Iterator[Item]:
    for flags, keywords in OPTIONS:
        for choice in keywords.get("choices", ()) if flag in flags else ():
            yield Item(choice, t("the default") if f"({choice})" in keywords["help"] else "")


def _presets() -> Iterator[Item]:
    for preset in PRESETS.values():
        yield Item(preset.name, preset.operator)


def _models() -> Iterator[Item]:
    for model in PRICES:
        yield Item(model)


def _commands() -> Iterator[Item]:
    about = {word: what for form, what in HELP.items() for word in re.findall(r"\w+", form)}
    for name in filter(None, COMMANDS):
        yield Item(name, told(about.get(name, "")), "command")


def _files(typed: str, quote: str) -> Iterator[Item]:
    """Files and folders beside what was typed; a name with a space is quoted."""
    folder = typed[: typed.rfind("/") + 1]
    names = [Path(name).name for name in near_files(f"{folder}x")]
    fits = [name for name in names if f"{folder}{name}".startswith(typed) and name[0] != "."]
    for name in fits[:_MAX_FILES]:
        path = f"{folder}{name}"
        plain = not quote and re.fullmatch(r"[\w./~-]+", path)
        mark = "" if plain else quote or '"'
        yield Item(f"@{mark}{path}{mark}", _about_file(Path(path).expanduser()), "file")


def _about_file(path: Path) -> str:
    try:
        size_of_it = size(path.stat().st_size)
        return t("folder") if path.is_dir() else t("file, {size}", size=size_of_it)
    except OSError:  # it has just gone
        return "file"
