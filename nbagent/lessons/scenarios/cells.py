"""Free play with cells: a fix by rule, an outline of what a cell does, a cell that is written.

What no rule covers is said to be so: a guess would look like an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias

from nbagent.lessons.scenarios.mending import (
    Trouble,
    change_of,
    failing_line,
    mend,
    missing_key,
)
from nbagent.lessons.scenarios.outlining import outlined
from nbagent.lessons.scenarios.telling import quoted
from nbagent.lessons.story import (
    Call,
    Chat,
    Result,
    Scenario,
    Story,
    Turn,
    inspect,
    variables,
)

Lookup: TypeAlias = Generator[Turn, list[Result], tuple[str, ...]]

CELL = r"@cell:(?P<cell>[\w-]+)"
FIX = re.compile(
    rf"(?:\b(?:fix|repair|mend|correct)\b|修复|修正|改正).*?{CELL}", re.IGNORECASE | re.DOTALL
)
EXPLAIN = re.compile(
    rf"(?:\b(?:explain|what does)\b|解释|说明).*?{CELL}", re.IGNORECASE | re.DOTALL
)
WRITE = re.compile(
    r"^\W*(?:please )?(?:write|add|insert|make|create|put in) (?:me )?(?:a|one) (?:new )?"
    r"(?:code )?cell (?:below )?(?:that|which|to) "
    r"(?P<what>plots?|draws?|describes?|summari[sz]es?|shows?) @?(?P<name>[A-Za-z_]\w*)\W*$",
    re.IGNORECASE,
)
SCRIPTED = "This is a rule that people wrote, not Kimi's judgement: look before you accept it."
CANNOT = (
    "I am a scripted stand-in, and none of my rules covers this error, so I propose nothing. I can "
    "mend a misspelt name or column, a missing colon, quote or parenthesis, and a number in "
    "quotes. `%kimi login` connects the real model."
)
NO_ERROR = "Cell `{cell}` shows no error, so there is nothing that my rules could mend."
PLOT = """\
import matplotlib.pyplot as plt

{name}.plot(title="{name}")
plt.show()"""
DESCRIBE = "{name}.describe()"


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell as `read_notebook` tells of it."""

    source: str
    output: str

    @classmethod
    def of(cls, result: Result, cell_id: str) -> _Cell | None:
        """The cell in a result; None if it is not there or no code."""
        _, head, rest = result.text.partition(f"[{cell_id}")
        title, _, body = rest.partition("\n")
        if not head or not re.match(r"[\w-]*\] code\b", title):
            return None
        source, _, output = body.partition("\noutput:\n")
        return cls(source, output)


def _read(cell_id: str) -> Call:
    return Call("read_notebook", {"ids": [cell_id]})


def fix(chat: Chat) -> Story:
    """Propose the smallest change to a cell that failed, if a rule knows one."""
    cell_id = _named(FIX, chat)
    (result,) = yield Turn(
        "A cell that failed is to be mended. I read it as it is now, with its traceback.",
        calls=(_read(cell_id),),
    )
    cell = _Cell.of(result, cell_id)
    if cell is None:
        return Turn("The cell cannot be read.", f"I could not read the cell:\n\n{quoted(result)}")
    error = Result(cell.output).error
    if error is None:
        return Turn("No error is shown.", NO_ERROR.format(cell=cell_id))
    line = failing_line(cell.source, cell.output)
    trouble = Trouble(cell.source, *error, line)
    names = yield from _names(trouble, chat)
    mended = mend(Trouble(cell.source, *error, line, names))
    if mended is None:
        return Turn("No rule fits.", f"It ended with `{error[0]}: {error[1]}`. {CANNOT}")
    old, new = change_of(cell.source, mended.source)
    edit = Call("edit_cell", {"id": cell_id, "old": old, "new": new})
    (told,) = yield Turn(f"{mended.why} One small change mends that.", mended.why, (edit,))
    if not told.text.startswith(("Proposed", "Changed", "No page")):
        return Turn("It was not taken.", f"{mended.why}\n\n{quoted(told)}")
    return Turn("The change is with the user.", f"{mended.why} {SCRIPTED}")


def _names(trouble: Trouble, chat: Chat) -> Lookup:
    """The names among which the right one may be."""
    if trouble.kind == "NameError":
        calls = chat.offered(variables())
        pattern = r"(?m)^([^\W\d]\w*): "
    else:
        found = missing_key(trouble) if trouble.kind == "KeyError" else None
        calls = chat.offered(inspect(found[0])) if found else ()
        pattern = r"(?m)^\W*([^\W\d]\w*)"
    if not calls:
        return ()
    (listed,) = yield Turn("A name may be misspelt; I look which there are.", calls=calls)
    return tuple(re.findall(pattern, listed.text))


def explain(chat: Chat) -> Story:
    """Say what a cell does, statement by statement."""
    cell_id = _named(EXPLAIN, chat)
    (result,) = yield Turn("I read the cell as it is now.", calls=(_read(cell_id),))
    cell = _Cell.of(result, cell_id)
    if cell is None:
        return Turn("The cell cannot be read.", f"I could not read the cell:\n\n{quoted(result)}")
    lines = outlined(cell.source)
    error = Result(cell.output).error
    if not lines:
        said = "It is no Python that can be parsed, so there is nothing that I could outline."
    else:
        said = "\n".join(f"- {line}" for line in lines)
    ended = f"\n\nIt ended with **{error[0]}**: {error[1]}" if error else ""
    head = "Statement by statement, read from the syntax alone (a script, not Kimi):"
    return Turn("Its syntax says what each statement does.", f"{head}\n\n{said}{ended}")


def write(chat: Chat) -> Story:
    """Write a cell that plots or describes a variable."""
    wish = WRITE.match(chat.prompt)
    assert wish is not None  # the scenario has matched
    name, is_plot = wish["name"], wish["what"].lower().startswith(("plot", "draw"))
    source = (PLOT if is_plot else DESCRIBE).format(name=name)
    (told,) = yield Turn(
        f"A cell about `{name}` is wanted.", "", (Call("insert_cell", {"source": source}),)
    )
    what = "plots" if is_plot else "describes"
    return Turn(
        "The cell is written.",
        f"A cell that {what} `{name}`; it has not run. {SCRIPTED}\n\n{quoted(told)}",
    )


def _named(pattern: re.Pattern[str], chat: Chat) -> str:
    found = pattern.search(chat.prompt)
    return found["cell"] if found else ""


def _matches(pattern: re.Pattern[str]) -> Callable[[Chat], bool]:
    return lambda chat: bool(pattern.search(chat.prompt))


CELLS = (
    Scenario("fix_cell", _matches(FIX), fix, frozenset({"read_notebook", "edit_cell"})),
    Scenario("explain_cell", _matches(EXPLAIN), explain, frozenset({"read_notebook"})),
    Scenario("write_cell", _matches(WRITE), write, frozenset({"insert_cell"})),
)
