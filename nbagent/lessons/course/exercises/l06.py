"""Lesson 06, tools in the live kernel: the exercises and the recap."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from IPython import get_ipython

from nbagent.events import Changes, Event, RunStarted, ToolFinished, ToolStarted
from nbagent.lessons.course.exercise import Case, Cases, Exercise, Ground, Outline, Question
from nbagent.lessons.course.exercises.l06_wrong import ASK_WRONG, CHANGED_WRONG
from nbagent.lessons.course.judging import attempt

TABLE, COLUMN, OLD = "per_m2", "eur_m2", "flats"
FORM = "Make NEW from OLD with COLUMN = A / B"


def _ask(run: Any, _: Ground) -> Cases:
    """Look at the kernel's own variables, and at what the run did to them."""
    finished = [event for event in getattr(run, "events", ()) if event.kind == "tool_finished"]
    yield Case(
        "a run has used tools",
        bool(finished),
        "no tool was called",
        f"The scripted model knows sentences of this form: {FORM}. Look at its answer.",
    )
    if not finished:
        return
    names = get_ipython().user_ns
    table = names.get(TABLE)
    made = [name for changes in _changes(finished) for name in (*changes.added, *changes.changed)]
    yield Case(
        f"the run has made `{TABLE}`",
        table is not None and TABLE in made,
        f"it has made or changed: {', '.join(dict.fromkeys(made)) or 'nothing'}",
        _made_hint(finished, made, there=table is not None),
    )
    if table is None or TABLE not in made:
        return
    columns = [str(name) for name in table]
    yield Case(
        f"it has a column `{COLUMN}`",
        COLUMN in columns,
        f"its columns are {', '.join(columns)}",
        f"The new column is to be called `{COLUMN}`.",
    )
    if COLUMN in columns:
        yield _values(list(table[COLUMN]), names[OLD])


def _changes(finished: Sequence[Any]) -> Iterator[Changes]:
    return (event.changes for event in finished if event.changes is not None)


def _made_hint(finished: Sequence[Any], made: Sequence[str], *, there: bool) -> str:
    if any(event.outcome == "denied" for event in finished) or OLD in made:
        return (
            f"`{OLD}` is yours, so a change of it is asked about first. Ask for a new table: "
            f"{TABLE} from {OLD}."
        )
    if there:
        return f"`{TABLE}` was there before this run. Delete it, and let the run make it."
    if "run_python" in {event.name for event in finished} and made:
        return f"It has made a table under another name. Ask for one that is called `{TABLE}`."
    return f"It has looked, and made nothing. Ask for a table, in this form: {FORM}."


def _values(got: Sequence[Any], old: Any) -> Case:
    columns = {str(name): [_number(value) for value in old[name]] for name in old}

    def ratio(a: str, b: str) -> list[float]:
        return [x / y for x, y in zip(columns[a], columns[b], strict=True)]

    due = ratio("price", "area")
    hint = f"It is to be price divided by area, for each row of `{OLD}`."
    if _equal(got, ratio("area", "price")):
        hint = "These are square metres for a euro. Turn the division round."
    elif _equal(got, ratio("price", "rooms")):
        hint = "This is the price of a room. Divide by the area."
    said = f"it begins {got[:3]}, due is {[round(value, 1) for value in due[:3]]}"
    return Case("its values are price over area", _equal(got, due), said, hint)


def _number(value: Any) -> float:
    try:
        return float(str(value).replace(",", ""))
    except ValueError:
        return math.nan


def _equal(got: Sequence[Any], due: Sequence[float]) -> bool:
    """Equal to one decimal, to which the run may have rounded."""
    if len(got) != len(due):
        return False
    return all(math.isclose(float(a), b, abs_tol=0.051) for a, b in zip(got, due, strict=True))


def _finished(n: int, changes: Changes | None, *, failed: bool = False) -> Event:
    name = "run_python" if changes else "inspect_variable"
    return ToolFinished(
        step=n, index=0, name=name, content="…", is_error=failed, changes=changes
    )  # fmt: skip


def _run(*finished: Event) -> Any:
    """A run as far as its events go: a beginning, and each call begun before it ends."""
    events: list[Event] = [RunStarted(run_id="run-0", prompt="?", model="scripted")]
    for n, event in enumerate(finished):
        events += [
            ToolStarted(step=n, index=0, call_id=f"c:{n}", name="run_python", arguments={}),
            event,
        ]
    return SimpleNamespace(events=tuple(events))


def _rehearsed(ground: Ground) -> Iterator[tuple[str, Any, dict[str, list[str]]]]:
    """Runs, each with its name and what it has changed."""
    a, b, c, d = ground.random.sample(["sums", "model", "clean", "daily", "ranks", "means"], 4)
    yield (
        "one call that makes a name, after one that only looks",
        _run(_finished(1, None), _finished(2, Changes(added=(a,)))),
        {"new": [a], "changed": []},
    )
    yield (
        "two calls that make a name each",
        _run(_finished(1, Changes(added=(c,))), _finished(2, Changes(added=(d,)))),
        {"new": [c, d], "changed": []},
    )
    yield (
        "a call that fails after it has made a name",
        _run(_finished(1, Changes(added=(a,)), failed=True), _finished(2, Changes(added=(b,)))),
        {"new": [a, b], "changed": []},
    )
    yield (
        "a name of yours that is changed twice",
        _run(_finished(1, Changes(changed=(c,))), _finished(2, Changes(added=(d,), changed=(c,)))),
        {"new": [d], "changed": [c]},
    )
    yield (
        "a name that the run itself made, and changed again",
        _run(_finished(1, Changes(added=(a,))), _finished(2, Changes(changed=(a, b)))),
        {"new": [a], "changed": [b]},
    )


def _changed(what_changed: Any, ground: Ground) -> Cases:
    for name, run, due in _rehearsed(ground):
        got, error = attempt(what_changed, run)
        if error is not None:
            said = f"{type(error).__name__}: {error}"
            yield Case(name, passed=False, difference=said, hint=_raised_hint(error))
        else:
            yield Case(name, got == due, f"it is {got!r}, due is {due!r}", _slip(got, run, due))


def _raised_hint(error: Exception) -> str:
    if "NoneType" in str(error):
        return "A tool that changes nothing has None for `changes`. Ask before you look into it."
    return "Events are of many kinds. Only those of the kind `tool_finished` have `changes`."


def _slip(got: Any, run: Any, due: Mapping[str, list[str]]) -> str:
    """What was overlooked, as far as one can tell."""
    if not isinstance(got, dict) or set(got) != set(due):
        return 'Return a dict with two lists: {"new": […], "changed": […]}.'
    if not all(isinstance(names, list) for names in got.values()):
        return "Both are lists of names, in the order in which they were made or changed."
    if any(len(set(names)) < len(names) for names in got.values()):
        return "A name is told once, however often it is changed."
    if set(got["changed"]) & set(due["new"]):
        return "What the run made itself is new, however often it changes it. It is not yours."
    return _missing(got, run, [name for key in due for name in due[key] if name not in got[key]])


def _missing(got: Mapping[str, list[str]], run: Any, names: Sequence[str]) -> str:
    failed = [e for e in run.events if e.kind == "tool_finished" and e.is_error and e.changes]
    if any(name in event.changes.added for event in failed for name in names):
        return "A call that fails may have made something before it failed, and that stays."
    if names and any(got.values()):
        return "All calls of the run count, not only one of them."
    return "`event.changes.added` and `event.changes.changed` hold names. Collect both."


ASK = Exercise(
    id="06a",
    title="ask for a column",
    answer="asked",
    starter="%%kimi --out asked\nWhat is in flats?\n",
    solution="%%kimi --out asked\nMake per_m2 from flats with eur_m2 = price / area\n",
    check=_ask,
    hints=(
        "Take the sentence of section 2, and change the four names in it.",
        "Make per_m2 from flats with eur_m2 = price / area",
    ),
    wrong=ASK_WRONG,
)

CHANGED = Exercise(
    id="06b",
    title="what a run has changed",
    answer="what_changed",
    starter="""\
def what_changed(run):
    new, changed = [], []
    for event in run.events:
        if event.kind == "tool_finished":
            ...  # event.changes is None, or has `added` and `changed`
    return {"new": new, "changed": changed}
""",
    solution="""\
def what_changed(run):
    new, changed = [], []
    for event in run.events:
        if event.kind == "tool_finished" and event.changes is not None:
            new += [name for name in event.changes.added if name not in new]
            for name in event.changes.changed:
                if name not in new and name not in changed:
                    changed.append(name)
    return {"new": new, "changed": changed}
""",
    check=_changed,
    hints=(
        (
            "Go through all calls that have ended. `added` joins `new`; `changed` joins "
            "`changed`, unless the run made that name itself."
        ),
        "if name not in new and name not in changed: changed.append(name)",
    ),
    wrong=CHANGED_WRONG,
)

LESSON = Outline(
    number="06",
    title="Tools in the live kernel",
    question="Can it see my DataFrame?",
    minutes=25,
    live_usd=0.23,
    exercises=(ASK, CHANGED),
    recap=(
        Question(
            "Where does the code of `run_python` run?",
            ("On the model's server", "In your kernel, among your variables", "In a copy of it"),
            1,
            "So what it makes is yours afterwards, and what it spoils is yours too.",
        ),
        Question(
            "A cell prints a megabyte. What does the model get?",
            (
                "All of it",
                "Its beginning and its end, and a note of how much was left out and where it is",
                "Nothing, as it is too long",
            ),
            1,
            "You see what was shown; the model sees a bounded text. Print what is needed.",
        ),
        Question(
            "A call ends with an error. What of it stays?",
            (
                "Nothing: it is rolled back",
                "Whatever it had done before the error",
                "Only what it printed",
            ),
            1,
            "A kernel takes nothing back by itself, so look at what a failed call has changed.",
        ),
    ),
)
