"""Lesson 07: a folder is tidied, a list cleaned, a web page wanted; a refusal changes the story."""

from __future__ import annotations

import re
from collections.abc import Callable

from nbagent.lessons.scenarios.telling import no_answer, unexpected
from nbagent.lessons.story import Chat, Result, Scenario, Story, Turn, run

TIDY = re.compile(
    r"\s*tidy up the folder `?(?P<folder>\w+)`?\b.*\btemporary files\b.*", re.IGNORECASE | re.DOTALL
)
CLEAN = re.compile(
    r"\s*(remove|drop) (the )?missing values from @?`?(?P<name>\w+)`?\s*[.!]?\s*", re.IGNORECASE
)
FETCH = re.compile(
    r"\s*compare @?`?(?P<name>\w+)`? with the (weather )?service\b.*", re.IGNORECASE | re.DOTALL
)
RUN_PYTHON = frozenset({"run_python"})
REFUSED = re.compile(r"^Denied: (.*)", re.DOTALL)
TEMPORARY = ".tmp"

LOOK = """\
from pathlib import Path

for _path in sorted(Path("{folder}").iterdir()):
    print(_path.name, _path.stat().st_size)"""
DELETE = """\
for _path in sorted(Path("{folder}").glob("*.tmp")):
    _path.unlink()
    print("deleted", _path.name)"""
SERVICE = "http://weather.example/temperatures.json"


def refusal_in(result: Result) -> str:
    """Why a call was denied; '' if it was not."""
    found = REFUSED.search(result.text)
    return found[1].strip() if found else ""


def tidy(chat: Chat) -> Story:
    """Look, delete what is temporary; where that is refused, say what could go."""
    found = TIDY.fullmatch(chat.prompt)
    assert found is not None
    folder = found["folder"]
    (looked,) = yield Turn(
        f"I do not know what is in `{folder}`. I look first, and change nothing.",
        calls=(run(LOOK.format(folder=folder)),),
    )
    sizes = {m[1]: int(m[2]) for m in looked.lines(r"(\S+) (\d+)")}
    if looked.error or refusal_in(looked) or not sizes:
        return Turn("I have not seen the folder.", no_answer(f"what is in `{folder}`", looked))
    old = {name: size for name, size in sizes.items() if name.endswith(TEMPORARY)}
    if not old:
        return Turn("No name ends in .tmp.", f"`{folder}` has no temporary files. I left it as is.")
    (deleted,) = yield Turn(
        f"{len(old)} names end in {TEMPORARY}. They can go, as I was told.",
        f"I delete {len(old)} temporary files.",
        calls=(run(DELETE.format(folder=folder)),),
    )
    why = refusal_in(deleted)
    if why:
        rows = "\n".join(f"- `{name}`, {size} bytes" for name, size in old.items())
        return Turn(
            "The call was denied, so nothing was deleted. I do not try another way to the same "
            "end. I say what I would have done, and leave it to the person.",
            f"I was not allowed to delete, so `{folder}` is as it was. These could go:\n\n{rows}",
        )
    gone = [match[1] for match in deleted.lines(r"deleted (\S+)")]
    if deleted.error or not gone:
        return unexpected("a name that was deleted", deleted.text)
    kept = ", ".join(f"`{name}`" for name in sizes if name not in gone)
    return Turn(
        "The names that were deleted are printed. I report those, not the ones I meant.",
        f"Deleted: {', '.join(f'`{name}`' for name in gone)}. Kept: {kept}.",
    )


def clean(chat: Chat) -> Story:
    """Rebind a name of the user; where that is refused, make a new name."""
    found = CLEAN.fullmatch(chat.prompt)
    assert found is not None
    name = found["name"]
    code = "{target} = [_v for _v in {name} if _v is not None]\nprint(len({target}), 'values')"
    (cleaned,) = yield Turn(
        f"A list without its None values is one line. I bind it to `{name}` again.",
        calls=(run(code.format(target=name, name=name)),),
    )
    target = name
    if refusal_in(cleaned):
        target = f"{name}_clean"
        (cleaned,) = yield Turn(
            f"Denied: `{name}` is not to be changed. A new name does no harm to the old one.",
            f"Then I make `{target}`, and leave `{name}` alone.",
            calls=(run(code.format(target=target, name=name)),),
        )
    count = cleaned.line(r"(\d+) values")
    if cleaned.error or not count:
        return Turn("That did not work.", no_answer(f"`{name}` without missing values", cleaned))
    return Turn("The count is there.", f"`{target}` has **{count[1]} values**, none missing.")


def fetch(chat: Chat) -> Story:
    """Want a web page; where that is refused, stay with what is here."""
    found = FETCH.fullmatch(chat.prompt)
    assert found is not None
    name = found["name"]
    (fetched,) = yield Turn(
        "The service's figures are on the web. I fetch them.",
        calls=(
            run(
                f'import json\nfrom urllib.request import urlopen\n\nwith urlopen("{SERVICE}") as '
                "_page:\n    print(json.load(_page))"
            ),
        ),
    )
    why = refusal_in(fetched)
    if not why and fetched.error is None:
        return Turn("The figures came.", f"The service says: {fetched.text.strip()[:200]}")
    (local,) = yield Turn(
        "The web is out of reach. What is here can still be looked at, and I say what is missing.",
        "Without the service I can only look at what is here.",
        calls=(run(f"_known = [_v for _v in {name} if _v is not None]\nprint(max(_known))"),),
    )
    most = local.line(r"(-?\d+(?:\.\d+)?)")
    if most is None:
        return Turn("Nothing can be said.", no_answer(f"the largest of `{name}`", local))
    reason = f"the call was denied ({why})" if why else "the service did not answer"
    return Turn(
        "One number is known, the comparison is not. I say both.",
        f"I could not compare: {reason}. The largest value in `{name}` is **{most[1]}**.",
    )


def _matches(pattern: re.Pattern[str]) -> Callable[[Chat], bool]:
    return lambda chat: pattern.fullmatch(chat.prompt) is not None


ASK_FIRST = (
    Scenario("lesson 07, tidy", _matches(TIDY), tidy, RUN_PYTHON),
    Scenario("lesson 07, clean", _matches(CLEAN), clean, RUN_PYTHON),
    Scenario("lesson 07, fetch", _matches(FETCH), fetch, RUN_PYTHON),
)
